"""N8: what leaves by itself tells six hours and no less, and no page has a name that nobody saw.

Moments are those of 2 000 random incidents, and of a desk that is open or opened late; names are what the relay's
directory calls a topic, before and after somebody published.
"""

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest

from crypto.directory import Directory, Partner, Relay, Topic
from crypto.directory import Words as Spoken
from crypto.directory import sign as sign_directory
from crypto.keys import RootKey
from crypto.layers import RoundNumber
from crypto.minisign import PublicKey
from crypto.signing import SigningKey
from forwarder.copies import read_copy
from forwarder.desk import publications
from forwarder.desk.database import Database
from forwarder.desk.publications import Publications, Rules
from forwarder.desk.publish import drafts, release, safety
from forwarder.desk.publish.drafts import Draft, Judged
from forwarder.desk.publish.safety import Policy, Refusal
from forwarder.desk.publish.stored import Wording
from forwarder.desk.publish.topics import topic_name
from forwarder.desk.triage import State
from tests.privacy.mutants import caught
from tests.unit.forwarder.desk.given import OURS
from tests.unit.forwarder.desk.publish.newsroom import ANA, BETTER, FIRST, HOURS, KEY, NOW, PLACES, WORDS, Newsroom
from tests.unit.forwarder.given import ROUND_SECONDS

pytestmark = pytest.mark.slow

PUBLIC: Final = PublicKey.of(KEY.signing)
ROOT: Final = RootKey(SigningKey(bytes(range(9, 41))))
CARD: Final = f"{'a' * 56}.onion#{ROOT.public.hex()}"
EARLY: Final = (FIRST + 2 * HOURS) * ROUND_SECONDS


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder in memory: thousands of changes, each on the disk itself, would wait for it."""
    with TemporaryDirectory(dir="/dev/shm", prefix="veladora-n8-") as folder:
        yield Path(folder)


def _issued_when_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Publications._publish

    def publish(self: Publications, draft: Draft, *, issued: int | None = None, **given: Any) -> object:  # noqa: ANN401
        return honest(self, draft, **given)

    monkeypatch.setattr(Publications, "_publish", publish)


# --- the moment --------------------------------------------------------------------------------------------------


def proof_the_moment_tells_six_hours_and_no_less() -> None:
    """The proof: with reports moved inside their buckets it leaves by itself at the same moment, not before it may."""
    rng, per_bucket = Random("moments"), safety.BUCKET_SECONDS // ROUND_SECONDS
    place = PLACES["mx-centro"]
    for _ in range(2_000):
        policy = Policy(k=rng.choice((2, 3)), wait_hours=rng.choice((1, 5, 6, 12, 13, 24)))
        buckets = sorted(rng.randrange(90_000, 90_004) for _ in range(rng.randint(policy.k, 5)))
        moments = set()
        for _ in range(3):
            rounds = [RoundNumber(bucket * per_bucket + rng.randrange(per_bucket)) for bucket in buckets]
            facts = safety.Facts(tuple(safety.Seen(one, place) for one in rounds), place)
            now = RoundNumber(max(rounds) + 1)
            found = drafts.judged(facts, policy, round_seconds=ROUND_SECONDS, now=now)
            if isinstance(found, Judged) and found.leaves_at:
                moments.add(found.leaves_at)
                then = RoundNumber(found.leaves_at // ROUND_SECONDS)
                allowed = safety.safe_to_publish(facts, policy, round_seconds=ROUND_SECONDS, now=then)
                assert isinstance(allowed, safety.Leave), "before it may"
        assert len(moments) <= 1, "the moment tells more than a bucket"
        assert not {moment % safety.BUCKET_SECONDS for moment in moments} - {0}
    print("N8: 2000 incidents, reports moved inside their six hours: the moment of leaving stayed the same")


def test_the_moment_tells_six_hours_and_no_less(monkeypatch: pytest.MonkeyPatch) -> None:
    proof_the_moment_tells_six_hours_and_no_less()
    monkeypatch.setattr(drafts, "_edge", lambda allowed, **_: allowed)
    caught("N8", "leave as soon as the wait is over", proof_the_moment_tells_six_hours_and_no_less)


def proof_a_desk_lets_it_leave_at_that_moment(folder: Path) -> None:
    """The proof: reports moved inside their buckets, one of them found false while it waits, a desk that is always open
    and one that is opened late: the alert is of one moment, and an open desk lets it leave then."""
    desk, rng, per_bucket = Newsroom(folder), Random("desks"), safety.BUCKET_SECONDS // ROUND_SECONDS
    told = 0
    for number in range(10):
        desk.policy = Policy(k=3, wait_hours=rng.choice((18, 19, 24)))
        # Without the third there are three still, and then the fourth makes it enough.
        first = 90_000 + 20 * number
        buckets = (first, first, first + rng.randint(0, 1), first + rng.randint(0, 1))
        moments = set()
        for always_open in (True, True, False):
            rounds = [bucket * per_bucket + rng.randrange(per_bucket) for bucket in sorted(buckets)]
            reports = [desk.report(round_number=one) for one in sorted(rounds)]
            incident = desk.incidents.merge(reports, by=ANA)
            desk.mark(incident, State.CHECKING, State.UNCONFIRMED)
            now = (first + 2) * safety.BUCKET_SECONDS
            desk.publications.wait(desk.draft(incident, now=now), by=ANA, now=now)
            if number % 2:
                desk.mark_report(reports[2], State.FALSE)
            now += 0 if always_open else 26 * 3_600
            while not (left := desk.publications.leave_due(now=now)):
                now += 1_800
            assert not always_open or left[0].alert.issued[0] == now, "it does not leave at the beginning of six hours"
            moments.add(left[0].alert.issued[0])
        told += 1
        assert len(moments) == 1, "the moment tells more than a bucket"
        assert not {moment % safety.BUCKET_SECONDS for moment in moments} - {0}
    print(f"N8: {told} incidents at a desk, always open or opened late: the alert was of the same moment")
    desk.inbox.close()


def test_a_desk_lets_it_leave_at_that_moment(memory: Path) -> None:
    proof_a_desk_lets_it_leave_at_that_moment(memory)


def _leaves_when_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = drafts.judged

    def judged(*given: Any, **more: Any) -> object:  # noqa: ANN401
        found = honest(*given, **more)
        return replace(found, by_itself=0) if isinstance(found, Judged) else found

    monkeypatch.setattr(publications, "judged", judged)


@pytest.mark.parametrize(
    ("mutant", "plant"),
    [
        ("issue what waited when the desk looks", _issued_when_opened),
        ("leave at the next look after the wait", _leaves_when_it_may),
    ],
)
def test_a_desk_that_tells_another_moment_is_caught(
    mutant: str, plant: Callable[[pytest.MonkeyPatch], None], memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    caught("N8", mutant, proof_a_desk_lets_it_leave_at_that_moment, memory)


# --- names of topics ---------------------------------------------------------------------------------------------


def _directory(desk: Newsroom, name: str) -> None:
    """The relay's directory comes, and calls the topic so."""
    key = base64.b64encode(OURS.sealing_key.wire).decode()
    named = Directory(
        expires=2,
        partners=[Partner(about=Spoken(en="", es=""), id="red-norte", key=key, name="Red Norte")],
        route=[Relay(id="0" * 64, name="r", onion="a" * 56 + ".onion")],
        version=1,
        topics=[Topic(id="reten", name=Spoken(es=f"{name} es", en=f"{name} en"))],
    )
    with desk.inbox.database.change() as opened:
        opened.execute("INSERT OR REPLACE INTO directory VALUES (1, ?)", (sign_directory(named, ROOT),))


def proof_no_page_has_a_name_that_nobody_saw(folder: Path) -> None:
    """The proof: the directory calls a topic otherwise after somebody published, and the list is signed anew."""
    desk = Newsroom(folder)
    desk_says = Publications(desk.inbox.database, Rules(desk.policy, ("es", "en"), ROUND_SECONDS, PLACES, card=CARD))
    with desk.inbox.database.change() as opened:
        opened.execute("INSERT INTO publisher (one, key) VALUES (1, ?)", (str(PUBLIC),))

    def says_yes(draft: Draft | Refusal) -> str:
        assert isinstance(draft, Draft)
        desk_says.publish(draft, by=ANA, now=NOW, note="porque sí")
        return "\n".join(draft.preview("es").leaves)

    def shown(now: int) -> bytes:
        release.release(desk.settings, desk.inbox.database, key=KEY, now=now)
        return b"".join(read_copy(desk.settings.alerts_folder, key=PUBLIC).files.values())

    incident = desk.incident()
    _directory(desk, "Carretera")
    seen = says_yes(desk_says.draft(incident, Wording(WORDS), now=NOW))
    assert "Carretera es" in seen
    assert "Carretera en" in seen
    assert b"Carretera es" in shown(NOW)
    _directory(desk, "Llame al brujo")
    assert b"Llame al brujo" not in shown(NOW + 10 * 86_400), "a name that nobody saw"
    assert "Llame al brujo" in says_yes(desk_says.correction(incident, Wording(BETTER), now=NOW))
    assert b"Llame al brujo en" in shown(NOW + 10 * 86_400)
    # What waits does not leave under another name.
    other = desk.incident()
    waits = desk_says.draft(other, Wording(WORDS), now=EARLY)
    assert isinstance(waits, Draft)
    desk_says.wait(waits, by=ANA, now=EARLY)
    _directory(desk, "Otra vez")
    assert desk_says.leave_due(now=NOW) == []
    desk.inbox.close()


def test_no_page_has_a_name_that_nobody_saw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("honest", "mutant"):
        (tmp_path / name).mkdir()
    proof_no_page_has_a_name_that_nobody_saw(tmp_path / "honest")

    def latest(database: Database) -> Mapping[str, Mapping[str, str]]:
        return {"reten": topic_name(database, "reten", card=CARD)}

    monkeypatch.setattr(release, "seen_names", latest)
    caught(
        "N8", "take names from the directory as it is", proof_no_page_has_a_name_that_nobody_saw, tmp_path / "mutant"
    )
