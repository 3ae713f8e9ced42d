"""N8: nothing leaves a desk that a person did not see, and a correction reaches every feed, after a crash too.

300 random histories of incidents, from a seeded generator: reports come, are found false, are split off; people publish
what they have previewed, let things wait, correct and take back. At every step what is public is exactly what a
person saw, allowed by the rule at that moment; what may no longer be out is shown. Then the release is cut off.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest

from crypto import canonical
from crypto.keys import RootKey
from crypto.minisign import PublicKey
from crypto.signing import SigningKey
from forwarder.copies import read_copy
from forwarder.desk import deciding, publications
from forwarder.desk.channels import queue as queues
from forwarder.desk.channels.accounts import Channels
from forwarder.desk.channels.queue import Queue
from forwarder.desk.errors import DeskError
from forwarder.desk.inbox import Inbox
from forwarder.desk.publications import Publications
from forwarder.desk.publish import drafts, publishing, release, safety
from forwarder.desk.publish.alert import Alert, Words
from forwarder.desk.publish.alert import State as AlertState
from forwarder.desk.publish.drafts import Draft
from forwarder.desk.publish.release import current_alerts
from forwarder.desk.publish.safety import Policy
from forwarder.desk.publish.stored import Wording, read_alert
from forwarder.desk.triage import State
from forwarder.errors import NoCopy
from onion_service.posting import Service
from tests.privacy.mutants import caught
from tests.unit.forwarder.desk.given import PASSPHRASE
from tests.unit.forwarder.desk.publish.newsroom import ANA, BETTER, FIRST, HOURS, KEY, NOW, WORDS, Newsroom
from tests.unit.forwarder.given import ROUND_SECONDS

pytestmark = pytest.mark.slow

HISTORIES: Final = 300
STEPS: Final = 14
PUBLIC: Final = PublicKey.of(KEY.signing)
ROOT: Final = RootKey(SigningKey(bytes(range(9, 41))))
CARD: Final = f"{'a' * 56}.onion#{ROOT.public.hex()}"
EARLY: Final = (FIRST + 2 * HOURS) * ROUND_SECONDS
CALMER: Final = {"es": Words("Retén, sin nombres", "Ya no dice quién."), "en": Words("Roadblock", "No names.")}


@dataclass
class History:
    """One incident, and what people saw of it."""

    desk: Newsroom
    rng: Random
    incident: int
    now: int
    said: int = 0
    awaited: Alert | None = None

    def step(self) -> None:
        self.now += self.rng.choice((0, 1, 5, 13)) * 3_600
        act = self.rng.choice((self.grow, self.doubt, self.judge, self.publish, self.publish, self.wait, self.correct))
        with suppress(DeskError):
            act()

    def grow(self) -> None:
        more = self.desk.report(
            self.rng.choice(("mx-centro", "mx-cerca", "mx-ecatepec", "")), round_number=self.round()
        )
        self.desk.incidents.merge([more, *self.desk.incidents.incident(self.incident).reports[:1]], by=ANA)

    def doubt(self) -> None:
        report = self.rng.choice(self.desk.incidents.incident(self.incident).counting or (1,))
        if self.rng.random() < 0.5:
            self.desk.mark_report(report, State.FALSE)
        else:
            self.desk.incidents.split(report, by=ANA)

    def judge(self) -> None:
        for state in (State.CHECKING, self.rng.choice((State.CONFIRMED, State.UNCONFIRMED, State.FALSE))):
            with suppress(DeskError):
                self.desk.mark(self.incident, state)

    def publish(self) -> None:
        self.say_yes(self.desk.publications.draft(self.incident, Wording(WORDS), now=self.now))

    def wait(self) -> None:
        draft = self.desk.publications.draft(self.incident, Wording(WORDS), now=self.now)
        if isinstance(draft, Draft):
            self.desk.publications.wait(draft, by=ANA, now=self.now)
            self.awaited = draft.alert

    def correct(self) -> None:
        if self.rng.random() < 0.3:
            self.say_yes(self.desk.publications.withdrawal(self.incident, BETTER, now=self.now))
        else:
            self.say_yes(self.desk.publications.correction(self.incident, Wording(BETTER), now=self.now))

    def say_yes(self, draft: object) -> None:
        """A person looks, then something may happen, then they say yes."""
        if isinstance(draft, Draft):
            if self.rng.random() < 0.4:
                with suppress(DeskError):
                    self.rng.choice((self.grow, self.doubt, self.judge, self.meanwhile))()
            self.leaves(draft)

    def meanwhile(self) -> None:
        """A colleague is faster."""
        draft = self.desk.publications.correction(self.incident, Wording(CALMER), now=self.now)
        if isinstance(draft, Draft):
            self.leaves(draft)

    def leaves(self, draft: Draft) -> None:
        """Who says yes saw this draft last, and nothing else leaves."""
        self.desk.publications.publish(draft, by=ANA, now=self.now, note="porque sí")
        self.said += 1
        newest = read_alert(self.desk.inbox.database.one("SELECT wire FROM alerts ORDER BY number DESC"))
        assert _told(newest) == _told(draft.alert), "nobody saw this"

    def round(self) -> int:
        return self.now // ROUND_SECONDS - self.rng.randrange(1, 60 * HOURS)


def proof_only_what_was_seen_and_may_leaves(folder: Path) -> None:
    """The proof."""
    desk, rng, left = Newsroom(folder), Random("histories"), 0
    for number in range(HISTORIES):
        begin = NOW + number * 7 * 86_400
        desk.policy = Policy(k=rng.choice((2, 3)), wait_hours=rng.choice((0, 12)))
        incident = desk.incidents.merge(
            [desk.report(round_number=begin // ROUND_SECONDS - rng.randrange(1, 40)) for _ in range(rng.randint(1, 4))],
            by=ANA,
        )
        desk.mark(incident, State.CHECKING, rng.choice((State.CONFIRMED, State.UNCONFIRMED)))
        history = History(desk, rng, incident, begin)
        for _ in range(STEPS):
            before, said = desk.lines("alerts"), history.said
            history.step()
            assert desk.lines("alerts") - before == history.said - said, "nobody said yes"
            _check(history, desk.lines("alerts") - before)
            before = desk.lines("alerts")
            desk.publications.leave_due(now=history.now)
            _check_what_waited(history, desk.lines("alerts") - before)
            _check(history, desk.lines("alerts") - before)
        left += desk.lines("alerts")
    assert left > HISTORIES
    versions = desk.lines("alerts")
    print(f"N8: {HISTORIES} histories, {versions} versions left, each as a person had seen it")
    desk.inbox.close()


def _told(alert: Alert) -> tuple[object, ...]:
    """What an alert tells the world, but for the hour of its issue; made here, and not by the code under test."""
    where_and_when = (alert.cell.index, alert.when, alert.confidence)
    return (alert.id, alert.version, alert.state.value, alert.topic, *where_and_when, dict(alert.words))


def _check_what_waited(history: History, made: int) -> None:
    """What left by itself is what a person let wait, issued when it was to leave."""
    assert made <= 1
    if made:
        left = read_alert(history.desk.inbox.database.one("SELECT wire FROM alerts ORDER BY number DESC"))
        assert history.awaited is not None
        assert _told(left)[1:] == _told(history.awaited)[1:], "nobody let this wait"
        assert history.awaited.issued[0] <= left.issued[0] <= history.now
        assert left.issued[0] % safety.BUCKET_SECONDS == 0, "tells when the desk was opened"


def _check(history: History, made: int) -> None:
    """What is new is allowed now, and what may not be out is not passed over."""
    desk = history.desk
    if made:
        (wire, confirmed_by, incident) = desk.inbox.database.row(
            "SELECT wire, confirmed_by, incident FROM alerts ORDER BY number DESC"
        )
        alert = read_alert(wire)
        if alert.state is not AlertState.WITHDRAWN:
            counting = desk.incidents.incident(incident).counting
            assert confirmed_by or len(counting) >= desk.policy.k
            assert alert.cell.resolution <= desk.policy.resolution
    for one in desk.publications.published(now=history.now, incident=history.incident):
        if one.incident == history.incident and one.out and one.need is None:
            counting = desk.incidents.incident(one.incident).counting
            assert counting, "an alert that nothing holds up is passed over"
            assert one.confirmed_by or len(counting) >= desk.policy.k, "an alert below k is passed over"


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder in memory: thousands of changes, each on the disk itself, would wait for it."""
    with TemporaryDirectory(dir="/dev/shm", prefix="veladora-n8-") as folder:
        yield Path(folder)


def test_only_what_was_seen_and_may_leaves(memory: Path) -> None:
    proof_only_what_was_seen_and_may_leaves(memory)


def _not_judged_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Publications, "_again", lambda _, draft, __: replace(draft, leaves_at=0))


def _not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Draft, "digest", property(lambda _: "the same for all"))


def _any_version(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = canonical.encode

    def encode(said: object) -> bytes:
        if isinstance(said, dict):
            said = {key: value for key, value in said.items() if key != "version"}
        return honest(said)

    monkeypatch.setattr(canonical, "encode", encode)


def _issued_when_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Publications._publish

    def publish(self: Publications, draft: Draft, *, issued: int | None = None, **given: Any) -> object:  # noqa: ANN401
        return honest(self, draft, **given)

    monkeypatch.setattr(Publications, "_publish", publish)


def _needs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publications, "need", lambda *_, **__: None)


def _k_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = safety.safe_to_publish

    def lenient(facts: safety.Facts, policy: Policy, **given: object) -> object:
        return honest(facts, policy if len(facts.reports) > 2 else replace(policy, k=2), **given)  # type: ignore[arg-type]

    monkeypatch.setattr(drafts, "safe_to_publish", lenient)


@pytest.mark.parametrize(
    ("mutant", "plant"),
    [
        ("do not judge again when a person says yes", _not_judged_again),
        ("do not compare with what a person saw", _not_compared),
        ("say over what a colleague said in between", _any_version),
        ("issue what waited when the desk is opened", _issued_when_opened),
        ("pass over alerts that may not be out", _needs_nothing),
        ("two reports are enough", _k_is_one),
    ],
)
def test_a_desk_that_lets_out_more_is_caught(
    mutant: str, plant: Callable[[pytest.MonkeyPatch], None], memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    caught("N8", mutant, proof_only_what_was_seen_and_may_leaves, memory)


# --- channels ----------------------------------------------------------------------------------------------------


def proof_every_channel_that_said_it_takes_it_back(folder: Path) -> None:
    """The proof: whatever a channel said, or may have said, is followed by the correction and the withdrawal."""
    desk = Newsroom(folder)
    channels, queue = Channels(desk.inbox.database), Queue(desk.inbox.database)
    for name in ("dicho", "dudoso", "callado"):
        channels.add(name, "jsons://example.org/", service=Service("JSON", 250, 0), language="es")
        channels.turn(name, on=True)
    incident = desk.incident()
    desk.publish(incident)
    for post in queue.hand_out(now=NOW):
        if post.channel == 1:
            queue.sent(post.number)
        elif post.channel == 2:
            queue.failed(post.number, now=NOW)
        else:
            queue.give_back([post.number])
    desk.correct(incident)
    assert [(post.channel, post.alert.state.value) for post in queue.due(now=NOW)] == [
        (1, "corrected"),
        (2, "corrected"),
        (3, "corrected"),
    ]
    desk.withdraw(incident)
    assert [(post.channel, post.alert.state.value) for post in queue.due(now=NOW)] == [
        (1, "withdrawn"),
        (2, "withdrawn"),
    ]
    # Taken back while it is on its way: whether it is said after that, or the program ends in the middle.
    for ends in (False, True):
        other = desk.incident()
        desk.publish(other)
        on_its_way = [post for post in queue.hand_out(now=NOW) if post.incident == other]
        desk.withdraw(other)
        for post in on_its_way if not ends else ():
            queue.sent(post.number)
        due = [(post.channel, post.alert.state.value) for post in queue.due(now=NOW) if post.incident == other]
        assert due == [(1, "withdrawn"), (2, "withdrawn"), (3, "withdrawn")], "a rumour stays with no withdrawal"
    desk.inbox.close()


def test_every_channel_that_said_it_takes_it_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "honest").mkdir()
    proof_every_channel_that_said_it_takes_it_back(tmp_path / "honest")
    (tmp_path / "mutant").mkdir()
    honest = queues.enqueue

    def forgetful(opened: object, *, alert_row: int, alert: Alert) -> None:
        if alert.state is not AlertState.WITHDRAWN:
            honest(opened, alert_row=alert_row, alert=alert)

    proof = proof_every_channel_that_said_it_takes_it_back
    with monkeypatch.context() as planted:
        planted.setattr(deciding, "enqueue", forgetful)
        caught("N8", "do not say withdrawals in channels", proof, tmp_path / "mutant")
    (tmp_path / "late").mkdir()
    monkeypatch.setattr(Queue, "hand_out", Queue.due)
    said, tried = "state = 'sent', tries = tries + 1", "tries = tries + 1"
    monkeypatch.setattr(Queue, "sent", lambda queue, number: queue._settle(number, said))
    monkeypatch.setattr(Queue, "failed", lambda queue, number, **_: queue._settle(number, tried))
    caught("N8", "count a try when it is over", proof, tmp_path / "late")


# --- after a crash -----------------------------------------------------------------------------------------------


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Newsroom]:
    made = Newsroom(tmp_path)
    with made.inbox.database.change() as opened:
        opened.execute("INSERT INTO publisher (one, key) VALUES (1, ?)", (str(PUBLIC),))
    yield made
    made.inbox.close()


def proof_the_next_release_has_it(desk: Newsroom, *, at: str) -> None:
    """The proof: the desk is killed at a moment between deciding and showing, and then releases once more."""
    incident = desk.incident()
    desk.publish(incident)
    release.release(desk.settings, desk.inbox.database, key=KEY, now=NOW)
    desk.inbox.close()
    child = os.fork()
    if child == 0:
        _withdraw_and_die(desk.folder, incident, at)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    desk.inbox = Inbox.open(desk.folder, passphrase=PASSPHRASE)
    release.release(desk.settings, desk.inbox.database, key=KEY, now=NOW + 60)
    (alert,) = current_alerts(desk.inbox.database)
    shown = read_copy(desk.settings.alerts_folder, key=PUBLIC).files
    assert alert.state.value == "withdrawn"
    for name in ("alerts.geojson", "alerts.csv", "alerts.es.atom", "alerts.en.atom", f"cap/{alert.id}.xml"):
        assert b"No era cierto" in shown[name] or b"Not true" in shown[name], name
        assert b"Hombres armados" not in shown[name]
        assert b"Armed men" not in shown[name]


def _withdraw_and_die(folder: Path, incident: int, at: str) -> None:
    """Ends this process for good before, in the middle of or after writing the folder."""
    try:
        desk = Newsroom.__new__(Newsroom)
        desk.folder, desk.policy, desk.reports = folder, Policy(), 0
        desk.inbox = Inbox.open(folder, passphrase=PASSPHRASE)
        desk.withdraw(incident)
        if at != "before":
            honest = publishing.publish_all

            def dies(*given: object, **more: object) -> object:
                if at == "after":
                    honest(*given, **more)  # type: ignore[arg-type]
                os._exit(9)

            setattr(release, "publish_all", dies)  # noqa: B010
            release.release(desk.settings, desk.inbox.database, key=KEY, now=NOW + 30)
        os._exit(9)
    finally:
        os._exit(1)


@pytest.mark.parametrize("at", ["before", "during", "after"])
def test_killed_between_deciding_and_showing_the_next_release_has_it(desk: Newsroom, at: str) -> None:
    proof_the_next_release_has_it(desk, at=at)


def test_a_release_that_believes_its_folder_is_caught(desk: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = release._digest
    monkeypatch.setattr(release, "_digest", lambda _, *who: honest([], *who))
    caught("N8", "do not look whether something was decided", proof_the_next_release_has_it, desk, at="before")


def test_before_the_first_release_there_is_nothing(desk: Newsroom) -> None:
    with pytest.raises(NoCopy):
        read_copy(desk.settings.alerts_folder, key=PUBLIC)
