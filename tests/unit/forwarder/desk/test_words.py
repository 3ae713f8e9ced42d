"""What another desk says counts for nothing until it holds, stands beside an incident and a person accepts it."""

import base64
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.bundle import Bundle
from crypto.cells import CellClass
from crypto.directory import Card, Directory, TrustedDirectory, sign
from crypto.errors import Forged
from crypto.keys import RootKey
from crypto.letter import WORD_KIND, seal, seal_word
from crypto.report import Report
from crypto.signing import SigningKey
from crypto.word import BUCKET_SECONDS, Word
from forwarder.desk import words
from forwarder.desk.casework import Casework, Deed, Kind, Subject
from forwarder.desk.config import Config, PartnerSettings, Settings
from forwarder.desk.errors import NotHeard, Unreadable
from forwarder.desk.inbox import Inbox
from forwarder.desk.incidents import Incidents
from forwarder.desk.own_keys import signing_key
from forwarder.desk.program import Desk
from forwarder.desk.words import PENDING_MAX, UNACCEPTED_MAX, SenderUnknown
from tests.privacy.mutants import caught
from tests.unit.forwarder.desk.given import CHEAP, OLDER, OURS, PASSPHRASE, RELAY_SETTINGS, THEIRS, letters
from tests.unit.forwarder.desk.speakers import (
    BUCKET,
    BY,
    NOW,
    OESTE,
    ONION,
    ROOT,
    ROUND,
    SUR,
    a_desk,
    a_word,
    another_incident,
    directory,
    hear,
    trust,
)
from tests.unit.forwarder.given import RELAY, number

OTHER_ROOT: Final = RootKey(SigningKey(b"q" * 32))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path) as made:
        yield made


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
    kept.merge(another_incident(desk), by=BY)
    kept.also_with(2, "red sur", by=BY)
    assert kept.incident(kept.merge([1, 3], by=BY)).partners == 2


@pytest.mark.parametrize("shift", [-1, 0, 1])
def test_it_stands_beside_the_same_six_hours_and_those_next_to_them(desk: Desk, shift: int) -> None:
    hear(desk, a_word(bucket=BUCKET + shift))
    assert len(desk.words(now=NOW).beside(1)) == 1


@pytest.mark.parametrize(
    "other",
    [a_word(bucket=BUCKET - 2), a_word(bucket=BUCKET + 2), a_word(place="mx-saltillo"), a_word(topic="extorsion")],
)
def test_it_stands_beside_nothing_else_and_cannot_be_accepted_there(desk: Desk, other: Word) -> None:
    hear(desk, other, at=ROUND + 60)
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


def flood(desk: Desk, said: list[Word]) -> None:
    for start in range(0, len(said), 55):
        hear(desk, *said[start : start + 55], at=ROUND + 1 + start)


def test_whoever_floods_the_desk_with_words_that_nobody_knows_keeps_out_none_that_holds(desk: Desk) -> None:
    flood(desk, [a_word(sender=f"nadie-{one}", key=OESTE) for one in range(PENDING_MAX + 20)])
    assert desk.inbox.database.one("SELECT count(*) FROM words_in") == PENDING_MAX
    hear(desk, a_word(), at=ROUND + 500)
    assert [one.sender for one in desk.words(now=NOW).heard()] == ["red-sur"]


def test_whoever_flooded_the_desk_keeps_out_nobody_who_is_listed_later(tmp_path: Path) -> None:
    with a_desk(tmp_path, listed=False) as desk:
        # Forged in the name of one who is listed later, and of others who never are.
        flood(desk, [a_word(key=OESTE) for _ in range(PENDING_MAX)])
        flood_of_others = [a_word(sender=f"nadie-{one}", key=OESTE) for one in range(9)]
        hear(desk, a_word(), *flood_of_others, at=ROUND + 500)
        assert desk.words(now=NOW).heard() == []
        trust(desk)
        assert [one.sender for one in desk.words(now=NOW).heard()] == ["red-sur"]
        pending = "SELECT pending, count(*) FROM words_in GROUP BY pending"
        assert desk.inbox.database.rows(pending) == [(0, 1), (1, 9)]


def test_a_listed_organisation_that_floods_the_desk_pushes_out_its_own_words_only(desk: Desk) -> None:
    hear(desk, a_word(), at=ROUND + 300)
    desk.words(now=NOW).accept(1, 1, by=BY)
    oeste = directory(signing_key(desk.inbox.database))
    partners = [
        msgspec.structs.replace(one, signing=OESTE.verifying_key.wire.hex()) if one.id == "red-oeste" else one
        for one in oeste.partners
    ]
    signed = sign(msgspec.structs.replace(oeste, partners=partners, version=8), ROOT)
    desk.directory.keep(TrustedDirectory.read(signed, root=ROOT.signing.verifying_key, now=NOW))
    hear(desk, a_word(place="mx-saltillo"), at=ROUND + 301)
    flood(desk, [a_word(sender="red-oeste", key=OESTE, bucket=BUCKET - one) for one in range(UNACCEPTED_MAX + 20)])
    heard = desk.words(now=NOW).heard()
    assert [one.incident for one in heard if one.sender == "red-sur"] == [1, None]
    buckets = {one.bucket for one in heard if one.sender == "red-oeste"}
    assert len(buckets) == UNACCEPTED_MAX
    # Those of the last bundle are the newest.
    assert {BUCKET - one for one in range(110, UNACCEPTED_MAX + 20)} <= buckets


def test_a_word_of_hours_that_are_still_to_be_is_dropped_and_counted_as_altered(desk: Desk) -> None:
    hear(desk, a_word(bucket=BUCKET + 2), a_word(bucket=2**53 // BUCKET_SECONDS))
    assert desk.words(now=NOW).heard() == []
    assert desk.inbox.damage().forged == 2


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


def test_an_older_directory_does_not_take_the_place_of_the_one_held(desk: Desk) -> None:
    assert Card.parse(desk.settings.relay.card).root == ROOT.signing.verifying_key
    held = desk.directory.load()
    assert held is not None
    assert held.directory.version == 7
    assert desk.directory.current(now=NOW + 1_000) is None


def moved(desk: Desk) -> Desk:
    """The desk under a card with another root key."""
    relay = msgspec.structs.replace(desk.settings.relay, card=f"{ONION}#{OTHER_ROOT.public.hex()}")
    settings = replace(desk.settings, config=msgspec.structs.replace(desk.settings.config, relay=relay))
    return desk.under(settings)


def test_after_a_change_of_the_root_key_incidents_open_and_reports_come(desk: Desk) -> None:
    hear(desk, a_word())
    there = moved(desk)
    assert there.directory.load() is None, "an older root says nothing any more"
    assert there.words(now=NOW).beside(1) == [], "nobody vouches for who said it"
    before = there.inbox.count
    heard = seal_word(a_word(several=False), to=OURS.sealing_key, relays=1)
    there.take(letters(ROUND + 9, Report(text="Otra cosa"), others=[heard]))
    assert there.inbox.count == before + 1
    signed = sign(directory(signing_key(there.inbox.database)), OTHER_ROOT)
    there.directory.keep(TrustedDirectory.read(signed, root=OTHER_ROOT.signing.verifying_key, now=NOW))
    assert len(there.words(now=NOW).beside(1)) == 2, "what was said meanwhile was kept"


def test_a_directory_that_cannot_be_read_turns_no_report_away(desk: Desk) -> None:
    with desk.inbox.database.change() as opened:
        opened.execute("UPDATE directory SET signed = ?", (b"no directory",))
    with pytest.raises(Unreadable):
        desk.directory.load()
    before = desk.inbox.count
    heard = seal_word(a_word(), to=OURS.sealing_key, relays=1)
    desk.take(letters(ROUND + 9, Report(text="Otra cosa"), others=[heard]))
    assert desk.inbox.count == before + 1


@pytest.mark.slow
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
