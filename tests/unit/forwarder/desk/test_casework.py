"""What people do with a report stays: each change with its day and its maker, and nothing in their words can act."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from crypto.report import Report
from forwarder.desk.casework import (
    By,
    Casework,
    Deed,
    Kind,
    Line,
    Standing,
    Subject,
    colleague_name,
    note_text,
    tag_name,
)
from forwarder.desk.errors import BadWords, DeskError, MergedAway, NoSuchIncident, NoSuchReport, NoSuchStep, NotMerged
from forwarder.desk.inbox import Inbox
from forwarder.desk.incidents import Incidents
from forwarder.desk.opening import Opened
from forwarder.desk.searching import Filter, count, page
from forwarder.desk.triage import State
from tests.unit.forwarder.desk.given import CHEAP, PASSPHRASE, TODAY
from tests.unit.forwarder.given import bundle, number

ANA, NOBODY = By(TODAY, "Ana"), By(TODAY + timedelta(days=1))
ONE = Subject(Kind.REPORT, 1)
TEXT = "Vi una camioneta blanca sin placas frente al mercado de Jamaica"


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    made = Inbox.create(tmp_path, passphrase=PASSPHRASE, cost=CHEAP)
    made.take(bundle(7), Opened(tuple(Report(text=f"{TEXT} {n}", topic="robo", place="mx-1") for n in range(6))))
    return made


def incident(number: int) -> Subject:
    return Subject(Kind.INCIDENT, number)


def test_everything_done_is_kept_with_its_day_and_its_maker(inbox: Inbox, tmp_path: Path) -> None:
    casework = Casework(inbox.database)
    casework.mark(ONE, State.CHECKING, by=ANA)
    casework.mark(ONE, State.FALSE, by=ANA, note="una broma")
    casework.mark(ONE, State.CHECKING, by=NOBODY, note="no era broma\nllamó la vecina")
    casework.tag(ONE, "Urgente", by=ANA)
    casework.tag(ONE, "urgente", by=ANA)
    casework.assign(ONE, "  Beto   Pérez ", by=ANA)
    casework.untag(ONE, "urgente", by=NOBODY)
    casework.untag(ONE, "urgente", by=NOBODY)
    assert casework.standing(ONE) == Standing(State.CHECKING, "Beto Pérez", (), None)
    assert casework.colleagues() == ["Beto Pérez"]
    inbox.close()
    with Inbox.open(tmp_path, passphrase=PASSPHRASE) as again:
        tomorrow = NOBODY.day
        assert Casework(again.database).history(ONE) == [
            Line(TODAY, "Ana", Deed.MARKED, "checking"),
            Line(TODAY, "Ana", Deed.MARKED, "false"),
            Line(TODAY, "Ana", Deed.NOTED, "una broma"),
            Line(tomorrow, "", Deed.MARKED, "checking"),
            Line(tomorrow, "", Deed.NOTED, "no era broma\nllamó la vecina"),
            Line(TODAY, "Ana", Deed.TAGGED, "urgente"),
            Line(TODAY, "Ana", Deed.ASSIGNED, "Beto Pérez"),
            Line(tomorrow, "", Deed.UNTAGGED, "urgente"),
        ]


def test_history_knows_days_and_nothing_finer(inbox: Inbox) -> None:
    Casework(inbox.database).mark(ONE, State.CHECKING, by=ANA)
    assert inbox.database.rows("SELECT number, day FROM history") == [(1, "2033-01-14")]
    columns = {name for (name,) in inbox.database.rows("SELECT name FROM pragma_table_info('history')")}
    assert columns == {"number", "kind", "subject", "day", "colleague", "what", "detail"}


def test_a_step_that_is_refused_changes_nothing(inbox: Inbox) -> None:
    casework = Casework(inbox.database)
    with pytest.raises(NoSuchStep, match="new cannot become published"):
        casework.mark(ONE, State.PUBLISHED, by=ANA, note="ya")
    assert casework.standing(ONE).state is State.NEW
    assert casework.history(ONE) == []


@pytest.mark.parametrize("asked", [0, -1, 7, 2**63, 10**30])
def test_what_is_not_there_is_our_error(inbox: Inbox, asked: int) -> None:
    casework = Casework(inbox.database)
    with pytest.raises(NoSuchReport):
        casework.note(Subject(Kind.REPORT, asked), "x", by=ANA)
    with pytest.raises(NoSuchIncident):
        casework.mark(incident(asked), State.CHECKING, by=ANA)
    with pytest.raises(NoSuchReport):
        Incidents(inbox.database).merge([1, asked], by=ANA)
    assert Incidents(inbox.database).page() == []


@settings(deadline=None)
@given(st.text(max_size=60))
@example("V\u00b5")
@example("A\r\u00b5")
def test_any_name_tag_or_note_is_harmless_or_refused(typed: str) -> None:
    for kept in (colleague_name, tag_name, note_text):
        try:
            found = kept(typed)
        except BadWords:
            continue
        assert found.strip()
        assert all(one.isprintable() or (one == "\n" and kept is note_text) for one in found)
        assert kept(found) == found
        found.encode()


def test_words_that_are_too_long_are_refused_before_they_are_cleaned() -> None:
    for kept in (note_text, tag_name):
        with pytest.raises(BadWords):
            kept("x" * 10**7)
    with pytest.raises(BadWords):
        By(TODAY, "x" * 10**7)


def test_reports_become_an_incident_and_come_out_of_it_again(inbox: Inbox) -> None:
    incidents, casework = Incidents(inbox.database), Casework(inbox.database)
    assert incidents.merge([1, 2], by=ANA) == 1
    assert incidents.merge([2, 3], by=ANA) == 1
    found = incidents.incident(1)
    assert (found.state, found.reports, found.counting, found.partners) == (State.NEW, (1, 2, 3), (1, 2, 3), 1)
    casework.mark(Subject(Kind.REPORT, 2), State.FALSE, by=ANA, note="broma")
    assert (incidents.incident(1).reports, incidents.incident(1).counting) == ((1, 2, 3), (1, 3))
    incidents.split(3, by=ANA)
    assert incidents.incident(1).reports == (1, 2)
    assert casework.standing(Subject(Kind.REPORT, 3)).incident is None
    with pytest.raises(NotMerged, match="belongs to no incident"):
        incidents.split(3, by=ANA)
    assert [line.deed for line in casework.history(Subject(Kind.REPORT, 3))] == [Deed.MERGED, Deed.SPLIT]


def test_an_incident_of_false_reports_comes_from_nobody(inbox: Inbox) -> None:
    incidents, casework = Incidents(inbox.database), Casework(inbox.database)
    incidents.merge([1], by=ANA)
    casework.mark(ONE, State.FALSE, by=ANA, note="broma")
    assert incidents.incident(1).partners == 0


def test_incidents_become_one_and_the_other_says_where_it_went(inbox: Inbox) -> None:
    incidents, casework = Incidents(inbox.database), Casework(inbox.database)
    first, second = incidents.merge([1, 2], by=ANA), incidents.merge([3, 4], by=ANA)
    third = incidents.merge([5], by=ANA)
    incidents.also_with(second, "Red Sur", by=ANA)
    casework.tag(incident(second), "robo", by=ANA)
    assert incidents.merge([4, 5], by=ANA) == second
    assert incidents.merge([1, 3], by=ANA) == first
    found = incidents.incident(first)
    assert (found.reports, found.also, found.partners, found.tags) == ((1, 2, 3, 4, 5), ("Red Sur",), 2, ("robo",))
    assert [one.number for one in incidents.page()] == [first]
    for gone in (second, third):
        with pytest.raises(MergedAway, match=f"part of incident {first}"):
            casework.note(incident(gone), "x", by=ANA)
    assert len(casework.history(incident(second))) > 3


def test_what_was_noted_on_an_incident_is_read_and_found_after_it_became_a_part_of_another(inbox: Inbox) -> None:
    incidents, casework = Incidents(inbox.database), Casework(inbox.database)
    first, second, third = (incidents.merge([report], by=ANA) for report in (1, 2, 3))
    casework.note(incident(third), "llamó la fiscalía", by=NOBODY)
    casework.note(incident(second), "hay un testigo", by=ANA)
    before = len(casework.history(incident(first)))
    incidents.merge([2, 3], by=ANA)
    incidents.merge([1, 2], by=ANA)
    lines = casework.history(incident(first))
    assert Line(NOBODY.day, "", Deed.NOTED, "llamó la fiscalía", third) in lines
    assert Line(TODAY, "Ana", Deed.NOTED, "hay un testigo", second) in lines
    assert [line.of for line in lines].count(None) == before + 1
    for word in ("fiscalia", "testigo"):
        assert [one.number for one in page(inbox.database, Filter(words=word)).found] == [1, 2, 3]
        assert count(inbox.database, Filter(words=word)) == 3
    assert casework.history(ONE)[0].of is None


def test_a_note_that_is_sent_twice_is_one(inbox: Inbox) -> None:
    casework = Casework(inbox.database)
    for subject in (ONE, incident(Incidents(inbox.database).merge([1], by=ANA))):
        before = len(casework.history(subject))
        for text, by in (("una", ANA), ("una", ANA), ("otra", ANA), ("una", ANA), ("una", NOBODY)):
            casework.note(subject, text, by=by)
        said = [(line.detail, line.colleague) for line in casework.history(subject)[before:]]
        assert said == [("una", "Ana"), ("otra", "Ana"), ("una", "Ana"), ("una", "")]


@pytest.mark.parametrize("steps", [(State.CONFIRMED,), (State.FALSE,), (State.UNCONFIRMED,), ()])
def test_what_was_judged_of_reports_is_not_judged_of_their_incident(inbox: Inbox, steps: tuple[State, ...]) -> None:
    casework = Casework(inbox.database)
    for report in (1, 2):
        for state in (State.CHECKING, *steps):
            casework.mark(Subject(Kind.REPORT, report), state, by=ANA)
    made = incident(Incidents(inbox.database).merge([1, 2], by=ANA))
    assert casework.standing(made).state is State.CHECKING


def test_the_public_one_of_two_incidents_goes_on_and_two_public_ones_stay_two(inbox: Inbox) -> None:
    incidents, casework = Incidents(inbox.database), Casework(inbox.database)
    numbers = [incidents.merge([report], by=ANA) for report in (1, 2, 3)]
    for one in numbers[1:]:
        for state in (State.CHECKING, State.CONFIRMED, State.PUBLISHED):
            casework.mark(incident(one), state, by=ANA)
    with pytest.raises(NotMerged, match="both public"):
        incidents.merge([2, 3], by=ANA)
    assert [one.reports for one in incidents.page()] == [(1,), (2,), (3,)]
    assert incidents.merge([1, 2], by=ANA) == numbers[1]
    assert incidents.incident(numbers[1]).state is State.PUBLISHED


@pytest.mark.parametrize("reports", [[], [1, 1], list(range(1, 1_002))])
def test_odd_lists_are_refused(inbox: Inbox, reports: list[int]) -> None:
    with pytest.raises(NotMerged):
        Incidents(inbox.database).merge(reports, by=ANA)


def test_a_person_decides_and_is_not_asked_twice(inbox: Inbox) -> None:
    incidents = Incidents(inbox.database)

    def asked() -> list[tuple[int, ...]]:
        return [one.reports for one in incidents.proposals(round_seconds=900, since=number(0))]

    assert asked() == [(1, 2, 3, 4, 5, 6)]
    incidents.merge([1, 2, 3], by=ANA)
    assert asked() == [(1, 2, 3, 4, 5, 6)]
    incidents.keep_apart([1, 4, 5, 6], by=ANA)
    assert asked() == []
    incidents.merge([4, 5], by=ANA)
    assert asked() == []
    incidents.split(3, by=ANA)
    assert 3 not in {report for one in asked() for report in one if 1 in one}
    assert incidents.proposals(round_seconds=900, since=number(8)) == []


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_whatever_people_do_no_report_vanishes(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("desk")
    some = st.lists(st.integers(1, 5), min_size=1, max_size=3)
    with Inbox.create(folder, passphrase=PASSPHRASE, cost=CHEAP) as inbox:
        inbox.take(bundle(7), Opened(tuple(Report(text=f"{TEXT} {n}") for n in range(5))))
        incidents, casework = Incidents(inbox.database), Casework(inbox.database)
        lines = 0
        for _ in range(data.draw(st.integers(0, 12))):
            kind, one = data.draw(st.sampled_from(Kind)), data.draw(st.integers(1, 5))
            act = data.draw(st.sampled_from(["merge", "split", "apart", "mark"]))
            try:
                if act == "merge":
                    incidents.merge(data.draw(some), by=ANA)
                elif act == "split":
                    incidents.split(one, by=ANA)
                elif act == "apart":
                    incidents.keep_apart(data.draw(some), by=ANA)
                else:
                    casework.mark(Subject(kind, one), data.draw(st.sampled_from(State)), by=ANA, note="x")
            except DeskError:
                pass
            now = int(inbox.database.one("SELECT count(*) FROM history"))
            assert now >= lines
            lines = now
        assert [entry.number for entry in inbox.entries()] == [1, 2, 3, 4, 5]
        held = [report for one in incidents.page() for report in one.reports]
        alone = [n for n in range(1, 6) if casework.standing(Subject(Kind.REPORT, n)).incident is None]
        assert sorted(held + alone) == [1, 2, 3, 4, 5]
