"""What another desk says counts for nothing until it holds, stands beside an incident and a person accepts it."""

import base64
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from random import Random
from typing import Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.bundle import Bundle
from crypto.cells import CellClass
from crypto.directory import Card, Directory, Partner, Relay, TrustedDirectory, sign
from crypto.directory import Words as Texts
from crypto.errors import Forged
from crypto.keys import RootKey
from crypto.letter import WORD_KIND, open_content, seal, seal_word, top_up
from crypto.report import Report
from crypto.signing import SigningKey
from crypto.suite import OpeningKey
from crypto.word import BUCKET_SECONDS, Word, say
from forwarder.desk import telling, words
from forwarder.desk.casework import By, Casework, Deed, Kind, Subject
from forwarder.desk.config import Config, PartnerSettings, Settings
from forwarder.desk.errors import NobodyToTell, NotHeard, NothingToTell, SingleReport
from forwarder.desk.inbox import Inbox
from forwarder.desk.incidents import Incidents
from forwarder.desk.own_keys import signing_key
from forwarder.desk.program import Desk
from forwarder.desk.triage import State
from forwarder.desk.words import PENDING_MAX, SenderUnknown
from tests.privacy.mutants import caught
from tests.unit.forwarder.desk.given import CHEAP, OLDER, OURS, PASSPHRASE, RELAY_SETTINGS, THEIRS, letters
from tests.unit.forwarder.given import RELAY, ROUND_SECONDS, number

ROOT: Final = RootKey(SigningKey(b"r" * 32))
SUR, OESTE = SigningKey(b"s" * 32), SigningKey(b"o" * 32)
ONION: Final = "a" * 56 + ".onion"
# So far off that no clock of a machine that runs this has come past it.
NOW: Final = 4_000_000_000
# The last round of a bucket of six hours, and its bucket.
ROUND: Final = 2_000_015
BUCKET: Final = ROUND * ROUND_SECONDS // BUCKET_SECONDS
BY: Final = By(date(2027, 1, 15), "Ana")


def partner(partner_id: str, name: str, key: OpeningKey, signing: SigningKey | None) -> Partner:
    return Partner(
        about=Texts(en="", es=""),
        id=partner_id,
        key=base64.b64encode(key.sealing_key.wire).decode(),
        name=name,
        signing=msgspec.UNSET if signing is None else signing.verifying_key.wire.hex(),
    )


def directory(own: SigningKey, **fields: object) -> Directory:
    return Directory(
        expires=NOW + 1_000,
        partners=[
            partner("red-norte", "Red Norte", OURS, own),
            partner("red-sur", "Red Sur", THEIRS, SUR),
            partner("red-oeste", "Red Oeste", OpeningKey(bytes(range(9, 41))), None),
        ],
        route=[Relay(id=RELAY.verifying_key.wire.hex(), name="Relevo", onion=ONION)],
        version=7,
    )


def a_desk(folder: Path, *, listed: bool = True) -> Desk:
    """A desk with two reports in incident 1 and, where `listed`, a directory that names it and two others."""
    folder.mkdir(parents=True, exist_ok=True)
    relay = msgspec.structs.replace(RELAY_SETTINGS, card=f"{ONION}#{ROOT.public.hex()}")
    found = Settings(Config(partner=PartnerSettings(id="red-norte", name="Red Norte"), relay=relay), folder)
    desk = Desk(found, (OURS, OLDER), Inbox.create(folder, passphrase=PASSPHRASE, cost=CHEAP))
    mine = [Report(text=f"Vi algo {one}", topic="desaparicion", place="mx-monterrey") for one in range(2)]
    desk.take(letters(ROUND, *mine))
    Incidents(desk.inbox.database).merge([1, 2], by=BY)
    Casework(desk.inbox.database).mark(Subject(Kind.INCIDENT, 1), State.CHECKING, by=BY)
    if listed:
        trust(desk)
    return desk


def trust(desk: Desk) -> None:
    signed = sign(directory(signing_key(desk.inbox.database)), ROOT)
    desk.directory.keep(TrustedDirectory.read(signed, root=ROOT.signing.verifying_key, now=NOW))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path) as made:
        yield made


def a_word(
    *, key: SigningKey = SUR, sender: str = "red-sur", place: str = "mx-monterrey", topic: str = "desaparicion",
    bucket: int = BUCKET, several: bool = True, reader: OpeningKey = OURS,
) -> Word:  # fmt: skip
    return say(
        bucket=bucket, place=place, topic=topic, several=several, sender=sender, key=key,
        recipient=reader.sealing_key.fingerprint,
    )  # fmt: skip


def hear(desk: Desk, *said: Word, at: int = ROUND + 1, to: OpeningKey = OURS) -> None:
    cells = [seal_word(one, to=to.sealing_key, relays=1) for one in said]
    desk.take(letters(at, others=[*cells, top_up(CellClass.LETTER, relays=1)]))


def test_a_word_stands_beside_the_incident_and_counts_when_a_person_accepts_it(desk: Desk) -> None:
    hear(desk, a_word())
    (said,) = desk.words(now=NOW).beside(1)
    assert (said.sender, said.name, said.several, said.incident) == ("red-sur", "Red Sur", True, None)
    assert Incidents(desk.inbox.database).incident(1).partners == 1
    desk.words(now=NOW).accept(1, said.number, by=BY)
    found = Incidents(desk.inbox.database).incident(1)
    assert (found.partners, found.also) == (2, ("Red Sur",))
    line = Casework(desk.inbox.database).history(Subject(Kind.INCIDENT, 1))[-1]
    assert (line.deed, line.detail, line.colleague) == (Deed.ALSO, "Red Sur, by its word", "Ana")
    (after,) = desk.words(now=NOW).beside(1)
    assert after.incident == 1
    assert desk.words(now=NOW).accept(1, said.number, by=BY) == after
    assert Incidents(desk.inbox.database).incident(1).partners == 2


def test_the_same_organisation_counts_once_however_it_came_to_be_known(desk: Desk) -> None:
    kept = Incidents(desk.inbox.database)
    kept.also_with(1, "RED  SUR", by=BY)
    hear(desk, a_word())
    desk.words(now=NOW).accept(1, 1, by=BY)
    for typed in ("red-sur", "Red Súr"):
        kept.also_with(1, typed, by=BY)
    assert kept.incident(1).partners == 2
    kept.merge(_another_incident(desk), by=BY)
    kept.also_with(2, "red sur", by=BY)
    assert kept.incident(kept.merge([1, 3], by=BY)).partners == 2


def _another_incident(desk: Desk) -> list[int]:
    desk.take(letters(ROUND + 3, Report(text="Otra cosa"), Report(text="Y otra")))
    return [3, 4]


@pytest.mark.parametrize("shift", [-1, 0, 1])
def test_it_stands_beside_the_same_six_hours_and_those_next_to_them(desk: Desk, shift: int) -> None:
    hear(desk, a_word(bucket=BUCKET + shift))
    assert len(desk.words(now=NOW).beside(1)) == 1


@pytest.mark.parametrize(
    "other",
    [a_word(bucket=BUCKET - 2), a_word(bucket=BUCKET + 2), a_word(place="mx-saltillo"), a_word(topic="extorsion")],
)
def test_it_stands_beside_nothing_else_and_cannot_be_accepted_there(desk: Desk, other: Word) -> None:
    hear(desk, other)
    found = desk.words(now=NOW)
    assert len(found.heard()) == 1
    assert found.beside(1) == []
    with pytest.raises(NotHeard):
        found.accept(1, 1, by=BY)
    assert Incidents(desk.inbox.database).incident(1).partners == 1


def test_a_word_is_accepted_for_one_incident_only(desk: Desk) -> None:
    desk.take(letters(ROUND + 3, Report(text="Otra vez", topic="desaparicion", place="mx-monterrey")))
    kept = Incidents(desk.inbox.database)
    kept.merge([3], by=BY)
    hear(desk, a_word())
    desk.words(now=NOW).accept(1, 1, by=BY)
    with pytest.raises(NotHeard):
        desk.words(now=NOW).accept(2, 1, by=BY)
    assert kept.incident(2).partners == 1


def test_a_second_copy_and_a_second_telling_are_one(desk: Desk) -> None:
    first = a_word()
    hear(desk, first, first)
    hear(desk, first, a_word(), at=ROUND + 2)
    assert len(desk.words(now=NOW).heard()) == 1
    desk.words(now=NOW).accept(1, 1, by=BY)
    hear(desk, a_word(), at=ROUND + 3)
    assert [one.incident for one in desk.words(now=NOW).heard()] == [1]


FORGED: Final = {
    "not signed": msgspec.structs.replace(a_word(), signature=base64.b64encode(bytes(64)).decode()),
    "signed by another": a_word(key=OESTE),
    "said to another desk": a_word(reader=THEIRS),
    "in our own name": a_word(sender="red-norte", key=SUR),
    "changed": msgspec.structs.replace(a_word(several=False), several=True),
}


@pytest.mark.parametrize("kind", FORGED)
def test_what_does_not_hold_is_dropped_and_counted_as_altered(desk: Desk, kind: str) -> None:
    hear(desk, FORGED[kind])
    assert desk.words(now=NOW).heard() == []
    assert desk.inbox.damage().forged == 1
    assert desk.inbox.database.one("SELECT count(*) FROM words_in") == 0


def test_a_word_to_a_key_of_an_earlier_period_holds(desk: Desk) -> None:
    hear(desk, a_word(reader=OLDER), to=OLDER)
    assert len(desk.words(now=NOW).heard()) == 1


def test_who_is_not_in_the_directory_yet_is_kept_and_counts_for_nothing(tmp_path: Path) -> None:
    with a_desk(tmp_path, listed=False) as desk:
        hear(desk, a_word(), a_word(sender="red-oeste", key=OESTE), FORGED["not signed"])
        assert desk.words(now=NOW).heard() == []
        with pytest.raises(NotHeard):
            desk.words(now=NOW).accept(1, 1, by=BY)
        trust(desk)
        assert [one.sender for one in desk.words(now=NOW).heard()] == ["red-sur"]
        # When the directory has expired nobody's word can be told from another's.
        assert desk.words(now=NOW + 1_000).heard() == []


def test_whoever_floods_the_desk_with_words_that_nobody_knows_keeps_out_none_that_holds(desk: Desk) -> None:
    strangers = [a_word(sender=f"nadie-{one}", key=OESTE) for one in range(PENDING_MAX + 20)]
    for start in range(0, len(strangers), 55):
        hear(desk, *strangers[start : start + 55], at=ROUND + 1 + start)
    assert desk.inbox.database.one("SELECT count(*) FROM words_in") == PENDING_MAX
    hear(desk, a_word(), at=ROUND + 500)
    assert [one.sender for one in desk.words(now=NOW).heard()] == ["red-sur"]


def test_a_word_is_no_report_and_reports_beside_it_come_through(desk: Desk) -> None:
    cell = seal_word(a_word(), to=OURS.sealing_key, relays=1)
    broken = seal(WORD_KIND + b"{}", to=[OURS.sealing_key], cell_class=CellClass.LETTER, relays=1)
    desk.take(letters(ROUND + 1, Report(text="Un reporte"), others=[cell, broken]))
    assert [entry.report.text for entry in desk.inbox.entries()][-1] == "Un reporte"
    assert len(desk.words(now=NOW).heard()) == 1
    assert desk.inbox.damage().malformed == 1


def counts_only_what_holds(folder: Path) -> None:
    """The proof: of words that do not hold for us none can make one organisation look like two."""
    for kind, forged in FORGED.items():
        with a_desk(folder / kind) as desk:
            hear(desk, forged)
            found = desk.words(now=NOW)
            assert found.beside(1) == []
            with pytest.raises(NotHeard):
                found.accept(1, 1, by=BY)
            assert Incidents(desk.inbox.database).incident(1).partners == 1


def test_only_what_holds_counts(tmp_path: Path) -> None:
    counts_only_what_holds(tmp_path)


def _believe_everybody(word: Word, _recipient: bytes, *, directory: Directory | None, own: str) -> str:
    return word.sender


def _for_anybody(word: Word, recipient: bytes, *, directory: Directory | None, own: str) -> str:
    if directory is None or word.sender == own or word.sender not in {one.id for one in directory.partners}:
        raise SenderUnknown("nobody")
    for reader in (recipient, THEIRS.sealing_key.fingerprint):
        try:
            word.verify(key=directory.partner(word.sender).verifying_key or SUR.verifying_key, recipient=reader)
        except Forged:
            continue
        return word.sender
    raise Forged("for nobody")


@pytest.mark.parametrize(
    ("mutant", "planted"),
    [("an unsigned word counts", _believe_everybody), ("a word to another partner is accepted", _for_anybody)],
)
def test_a_desk_that_believes_too_much_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mutant: str, planted: Callable[..., str]
) -> None:
    monkeypatch.setattr(words, "verify", planted)
    caught("also", mutant, counts_only_what_holds, tmp_path)


def tell(desk: Desk, to: str = "red-sur", *, single: bool = False, incident: int = 1) -> telling.Telling:
    what = telling.draft(desk.inbox.database, incident, round_seconds=ROUND_SECONDS)
    held = desk.directory.current(now=NOW)
    telling.tell(
        desk.inbox.database, incident, to, telling=what, single=single, own="red-norte", by=BY,
        directory=None if held is None else held.directory, due=telling.moment(NOW, chance=Random(1)),
    )  # fmt: skip
    return what


def test_what_leaves_is_topic_place_six_hours_and_whether_there_are_several(desk: Desk) -> None:
    assert tell(desk) == telling.Telling("desaparicion", "mx-monterrey", BUCKET, several=True)
    assert telling.due(desk.inbox.database, now=NOW + 1_799) == []
    (one,) = telling.due(desk.inbox.database, now=NOW + 6 * 3_600)
    held = desk.directory.current(now=NOW)
    assert held is not None
    own = signing_key(desk.inbox.database)
    cell = telling.sealed_word(one, directory=held.directory, own="red-norte", key=own)
    content = open_content(cell, [THEIRS])
    word = Word.decode(content[1:])
    word.verify(key=own.verifying_key, recipient=THEIRS.sealing_key.fingerprint)
    assert (word.sender, word.topic, word.place, word.bucket, word.several) == (
        "red-norte", "desaparicion", "mx-monterrey", BUCKET, True,
    )  # fmt: skip
    telling.note_sent(desk.inbox.database, one.number)
    assert telling.due(desk.inbox.database, now=NOW + 10**6) == []
    line = Casework(desk.inbox.database).history(Subject(Kind.INCIDENT, 1))[-1]
    assert (line.deed, line.detail) == (Deed.TOLD, "red-sur")


def test_the_moment_is_one_of_chance() -> None:
    moments = [telling.moment(NOW, chance=Random(seed)) - NOW for seed in range(400)]
    assert min(moments) >= 1_800
    assert max(moments) <= 6 * 3_600
    assert max(moments) - min(moments) > 5 * 3_600
    late = [telling.moment(NOW, chance=Random(seed), late=True) - NOW for seed in range(400)]
    assert (min(late) >= 60, max(late) <= 1_800) == (True, True)


def test_what_should_have_left_while_the_desk_was_off_does_not_leave_when_it_is_unlocked(desk: Desk) -> None:
    tell(desk)
    later = NOW + 86_400
    telling.put_off(desk.inbox.database, now=later, chance=Random(2))
    assert telling.due(desk.inbox.database, now=later + 59) == []
    assert len(telling.due(desk.inbox.database, now=later + 1_800)) == 1


def test_one_report_alone_is_told_only_by_who_was_asked_again(desk: Desk) -> None:
    Casework(desk.inbox.database).mark(Subject(Kind.REPORT, 2), State.FALSE, by=BY, note="una broma")
    with pytest.raises(SingleReport):
        tell(desk)
    assert telling.due(desk.inbox.database, now=NOW + 10**6) == []
    assert not tell(desk, single=True).several


@pytest.mark.parametrize("state", [State.UNCONFIRMED, State.FALSE])
def test_only_what_is_checked_or_confirmed_is_told(desk: Desk, state: State) -> None:
    tell(desk)
    Casework(desk.inbox.database).mark(Subject(Kind.INCIDENT, 1), state, by=BY)
    # And what waited for its moment does not leave any more.
    assert telling.due(desk.inbox.database, now=NOW + 10**6) == []
    with pytest.raises(NothingToTell, match=state.value):
        telling.draft(desk.inbox.database, 1, round_seconds=ROUND_SECONDS)


def test_an_incident_whose_reports_name_no_place_is_not_told(desk: Desk) -> None:
    first = _another_incident(desk)
    found = Incidents(desk.inbox.database).merge(first, by=BY)
    Casework(desk.inbox.database).mark(Subject(Kind.INCIDENT, found), State.CHECKING, by=BY)
    with pytest.raises(NothingToTell, match="topic and a place"):
        telling.draft(desk.inbox.database, found, round_seconds=ROUND_SECONDS)


@pytest.mark.parametrize("to", ["red-norte", "nadie", ""])
def test_nobody_is_told_whom_the_directory_does_not_list(desk: Desk, to: str) -> None:
    with pytest.raises(NobodyToTell, match="red-sur, red-oeste"):
        tell(desk, to)


def test_a_partner_is_told_once_of_an_incident(desk: Desk) -> None:
    tell(desk)
    with pytest.raises(NothingToTell, match="already"):
        tell(desk)
    tell(desk, "red-oeste")


def test_without_a_directory_or_our_key_in_it_nothing_leaves(tmp_path: Path) -> None:
    with a_desk(tmp_path, listed=False) as desk:
        with pytest.raises(NobodyToTell, match="no directory"):
            tell(desk)
        trust(desk)
        tell(desk)
        (one,) = telling.due(desk.inbox.database, now=NOW + 10**6)
        with pytest.raises(NobodyToTell, match="signing"):
            telling.sealed_word(one, directory=directory(OESTE), own="red-norte", key=signing_key(desk.inbox.database))


def test_an_older_directory_does_not_take_the_place_of_the_one_held(desk: Desk) -> None:
    assert Card.parse(desk.settings.relay.card).root == ROOT.signing.verifying_key
    held = desk.directory.load()
    assert held is not None
    assert held.directory.version == 7
    assert desk.directory.current(now=NOW + 1_000) is None


@settings(max_examples=40)
@given(payload=st.binary(max_size=200))
def test_whatever_is_sealed_as_a_word_stops_nothing(tmp_path_factory: pytest.TempPathFactory, payload: bytes) -> None:
    with Inbox.create(tmp_path_factory.mktemp("inbox"), passphrase=PASSPHRASE, cost=CHEAP) as inbox:
        relay = msgspec.structs.replace(RELAY_SETTINGS, card=f"{ONION}#{ROOT.public.hex()}")
        settings = Settings(Config(partner=PartnerSettings(id="red-norte", name="x"), relay=relay), Path("/nowhere"))
        desk = Desk(settings, (OURS,), inbox)
        cell = seal(WORD_KIND + payload, to=[OURS.sealing_key], cell_class=CellClass.LETTER, relays=1)
        bundle = Bundle.sign([cell], cell_class=CellClass.LETTER, round_number=number(1), relay=RELAY)
        desk.take(bundle)
        assert desk.words(now=NOW).heard() == []
