"""A word to another desk leaves only when a person wants it, says no more than was shown, and at a moment of chance."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from crypto.letter import open_content
from crypto.word import Word
from forwarder.desk import telling
from forwarder.desk.casework import Casework, Deed, Kind, Subject
from forwarder.desk.errors import NobodyToTell, NothingToTell, SingleReport
from forwarder.desk.incidents import Incidents
from forwarder.desk.own_keys import signing_key
from forwarder.desk.program import Desk
from forwarder.desk.triage import State
from tests.privacy.mutants import caught
from tests.unit.forwarder.desk.given import THEIRS
from tests.unit.forwarder.desk.speakers import (
    BUCKET,
    BY,
    NOW,
    OESTE,
    a_desk,
    another_incident,
    directory,
    trust,
)
from tests.unit.forwarder.given import ROUND_SECONDS


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path) as made:
        yield made


def tell(desk: Desk, to: str = "red-sur", *, single: bool = False, incident: int = 1) -> telling.Telling:
    what = telling.draft(desk.inbox.database, incident, round_seconds=ROUND_SECONDS)
    held = desk.directory.current(now=NOW)
    telling.tell(
        desk.inbox.database, incident, to, telling=what, single=single, own="red-norte", by=BY,
        key=signing_key(desk.inbox.database),
        directory=None if held is None else held.directory, due=telling.moment(NOW, chance=Random(1)),
    )  # fmt: skip
    return what


def test_what_leaves_is_topic_place_six_hours_and_whether_there_are_several(desk: Desk) -> None:
    assert tell(desk) == telling.Telling("desaparicion", "mx-monterrey", BUCKET, several=True)
    assert telling.due(desk.inbox.database, now=NOW + 1_799, round_seconds=ROUND_SECONDS) == []
    (one,) = telling.due(desk.inbox.database, now=NOW + 6 * 3_600, round_seconds=ROUND_SECONDS)
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
    assert telling.due(desk.inbox.database, now=NOW + 10**6, round_seconds=ROUND_SECONDS) == []
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
    assert telling.due(desk.inbox.database, now=later + 59, round_seconds=ROUND_SECONDS) == []
    assert len(telling.due(desk.inbox.database, now=later + 1_800, round_seconds=ROUND_SECONDS)) == 1


def what_has_changed_does_not_leave(desk: Desk, forgotten: list[int]) -> None:
    """The proof: two words said that several reports count; by now it is one."""
    assert tell(desk).several
    tell(desk, "red-oeste")
    Casework(desk.inbox.database).mark(Subject(Kind.REPORT, 2), State.FALSE, by=BY, note="una broma")
    later = NOW + 10**6
    assert telling.due(desk.inbox.database, now=later, round_seconds=ROUND_SECONDS, forgotten=forgotten.append) == []


def test_a_desk_that_says_what_is_not_so_any_more_is_caught(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "_still_so", lambda *_, **__: True)
    caught("also", "says what has changed since a person saw it", what_has_changed_does_not_leave, desk, [])


def test_what_has_changed_since_a_person_saw_it_does_not_leave(desk: Desk) -> None:
    forgotten: list[int] = []
    later = NOW + 10**6
    what_has_changed_does_not_leave(desk, forgotten)
    assert forgotten == [1, 1]
    # A person may look again, and say what is so now.
    assert not tell(desk, single=True).several
    (one,) = telling.due(desk.inbox.database, now=later, round_seconds=ROUND_SECONDS, forgotten=forgotten.append)
    assert not one.telling.several
    assert forgotten == [1, 1]


def test_one_report_alone_is_told_only_by_who_was_asked_again(desk: Desk) -> None:
    Casework(desk.inbox.database).mark(Subject(Kind.REPORT, 2), State.FALSE, by=BY, note="una broma")
    with pytest.raises(SingleReport):
        tell(desk)
    assert telling.due(desk.inbox.database, now=NOW + 10**6, round_seconds=ROUND_SECONDS) == []
    assert not tell(desk, single=True).several


@pytest.mark.parametrize("state", [State.UNCONFIRMED, State.FALSE])
def test_only_what_is_checked_or_confirmed_is_told(desk: Desk, state: State) -> None:
    tell(desk)
    Casework(desk.inbox.database).mark(Subject(Kind.INCIDENT, 1), state, by=BY)
    # And what waited for its moment does not leave any more, whatever anybody thinks of it later.
    assert telling.due(desk.inbox.database, now=NOW + 10**6, round_seconds=ROUND_SECONDS) == []
    Casework(desk.inbox.database).mark(Subject(Kind.INCIDENT, 1), State.CHECKING, by=BY, note="otra vez")
    assert telling.due(desk.inbox.database, now=NOW + 10**6, round_seconds=ROUND_SECONDS) == []
    tell(desk)
    Casework(desk.inbox.database).mark(Subject(Kind.INCIDENT, 1), state, by=BY)
    with pytest.raises(NothingToTell, match=state.value):
        telling.draft(desk.inbox.database, 1, round_seconds=ROUND_SECONDS)


def test_an_incident_whose_reports_name_no_place_is_not_told(desk: Desk) -> None:
    first = another_incident(desk)
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
        (one,) = telling.due(desk.inbox.database, now=NOW + 10**6, round_seconds=ROUND_SECONDS)
        with pytest.raises(NobodyToTell, match="signing"):
            telling.sealed_word(one, directory=directory(OESTE), own="red-norte", key=signing_key(desk.inbox.database))
