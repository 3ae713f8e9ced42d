"""What waits leaves by itself exactly as it was seen, or not at all; what may no longer be out is never passed over."""

from pathlib import Path

import pytest

from forwarder.desk.casework import Kind, Subject
from forwarder.desk.publications import CHANGED, Publications, Rules
from forwarder.desk.publish.drafts import Act
from forwarder.desk.publish.errors import (
    DoesNotWait,
    StillWaits,
)
from forwarder.desk.publish.safety import Policy, Reason, Refusal
from forwarder.desk.publish.stored import Wording
from forwarder.desk.triage import State
from tests.unit.forwarder.desk.publish.newsroom import (
    ANA,
    FIRST,
    HOURS,
    NOW,
    WORDS,
    Newsroom,
)
from tests.unit.forwarder.given import ROUND_SECONDS

EARLY = (FIRST + 2 * HOURS) * ROUND_SECONDS


@pytest.fixture
def desk(tmp_path: Path) -> Newsroom:
    return Newsroom(tmp_path)


def refusal(desk: Newsroom, incident: int, *, now: int = NOW, wording: Wording | None = None) -> Reason:
    found = desk.publications.draft(incident, wording or Wording(WORDS), now=now)
    assert isinstance(found, Refusal)
    return found.reason


# --- waiting -----------------------------------------------------------------------------------------------------


def test_what_comes_from_one_source_waits_and_leaves_by_itself(desk: Newsroom) -> None:
    number = desk.incident()
    draft = desk.draft(number, now=EARLY)
    # Twelve hours after the end of the six in which the third report came.
    assert draft.leaves_at == -(-(FIRST + 1) * ROUND_SECONDS // 21_600) * 21_600 + 12 * 3_600
    assert any("espera hasta" in line for line in draft.preview("es").why)
    with pytest.raises(StillWaits):
        desk.publications.publish(draft, by=ANA, now=EARLY)
    desk.publications.wait(draft, by=ANA, now=EARLY)
    (waiting,) = desk.publications.waiting(now=EARLY)
    assert (waiting.incident, waiting.leaves_at, waiting.stopped) == (number, draft.leaves_at, "")
    assert desk.publications.leave_due(now=draft.leaves_at - 1) == []
    (left,) = desk.publications.leave_due(now=draft.leaves_at)
    assert left.alert.words == WORDS
    assert desk.publications.waiting(now=draft.leaves_at) == []
    assert desk.publications.leave_due(now=draft.leaves_at) == []
    assert desk.casework.history(Subject(Kind.INCIDENT, number))[-1].colleague == "Ana"


def test_a_person_may_publish_when_the_wait_is_over_and_by_itself_it_leaves_at_the_next_six_hours(
    desk: Newsroom,
) -> None:
    one, other = desk.incident(), desk.incident()
    for number in (one, other):
        desk.publications.wait(desk.draft(number, now=EARLY), by=ANA, now=EARLY)
    over = (FIRST + 1 + 12 * HOURS) * ROUND_SECONDS
    assert over < desk.publications.waiting(now=over)[0].leaves_at
    assert desk.publications.leave_due(now=over) == []
    desk.publish(one, now=over)
    (waits,) = desk.publications.waiting(now=over)
    assert (waits.incident, waits.stopped) == (other, "")
    assert desk.publications.leave_due(now=waits.leaves_at - 1) == []
    assert [left.incident for left in desk.publications.leave_due(now=waits.leaves_at)] == [other]


def test_what_changed_while_it_waited_does_not_leave_by_itself(desk: Newsroom) -> None:
    confirmed, short, false = (desk.incident() for _ in range(3))
    for number in (confirmed, short, false):
        desk.publications.wait(desk.draft(number, now=EARLY), by=ANA, now=EARLY)
    desk.mark(confirmed, State.CHECKING, State.CONFIRMED)
    desk.incidents.split(desk.incidents.incident(short).reports[0], by=ANA)
    desk.mark(false, State.CHECKING, State.FALSE)
    assert desk.publications.leave_due(now=NOW) == []
    stopped = {one.incident: one.stopped for one in desk.publications.waiting(now=NOW)}
    assert stopped[confirmed] == CHANGED
    assert "fewer reports" in stopped[short]
    assert "false" in stopped[false]
    # Nor when it becomes again what it was: a person must look.
    desk.mark(false, State.CHECKING, State.UNCONFIRMED)
    assert desk.publications.leave_due(now=NOW) == []
    desk.publications.unwait(false, by=ANA)
    assert {one.incident for one in desk.publications.waiting(now=NOW)} == {confirmed, short}


def test_a_later_report_does_not_put_the_wait_off_and_does_not_shorten_it(desk: Newsroom) -> None:
    number = desk.incident()
    draft = desk.draft(number, now=EARLY)
    desk.publications.wait(draft, by=ANA, now=EARLY)
    more = desk.report(round_number=FIRST + 3 * HOURS)
    desk.incidents.merge([more, *desk.incidents.incident(number).reports], by=ANA)
    (waiting,) = desk.publications.waiting(now=EARLY + 6 * HOURS * ROUND_SECONDS)
    assert waiting.leaves_at == draft.leaves_at


def test_a_desk_that_is_opened_late_does_not_tell_when(desk: Newsroom) -> None:
    number = desk.incident()
    draft = desk.draft(number, now=EARLY)
    desk.publications.wait(draft, by=ANA, now=EARLY)
    (left,) = desk.publications.leave_due(now=draft.leaves_at + 50 * 3_600 + 77)
    assert left.alert.issued == (draft.leaves_at,)


def test_a_wait_that_grew_ends_at_the_beginning_of_six_hours_too(desk: Newsroom) -> None:
    # The third was found false while it waited, so the fourth made it enough.
    reports = [desk.report() for _ in range(3)] + [desk.report(round_number=FIRST + 7 * HOURS)]
    number = desk.incidents.merge(reports, by=ANA)
    desk.mark(number, State.CHECKING, State.UNCONFIRMED)
    now = (FIRST + 8 * HOURS) * ROUND_SECONDS
    seen = desk.draft(number, now=now)
    desk.publications.wait(seen, by=ANA, now=now)
    desk.mark_report(reports[2], State.FALSE)
    may = (FIRST + 7 * HOURS + 1 + 12 * HOURS) * ROUND_SECONDS
    assert desk.draft(number, now=may).leaves_at == 0
    assert desk.publications.leave_due(now=may) == []
    (waiting,) = desk.publications.waiting(now=may)
    assert waiting.leaves_at > may > seen.leaves_at
    assert waiting.leaves_at % 21_600 == 0
    assert len(desk.publications.leave_due(now=waiting.leaves_at)) == 1


def test_it_is_published_at_once_for_a_reason_and_waits_no_more(desk: Newsroom) -> None:
    number = desk.incident()
    desk.publications.wait(desk.draft(number, now=EARLY), by=ANA, now=EARLY)
    desk.publish(number, now=EARLY, wording=Wording(WORDS, hurry="van para allá"))
    assert desk.publications.waiting(now=EARLY) == []
    assert desk.publications.leave_due(now=NOW) == []
    assert desk.lines("alerts") == 1


def test_what_may_leave_now_has_nothing_to_wait_for(desk: Newsroom) -> None:
    with pytest.raises(DoesNotWait):
        desk.publications.wait(desk.draft(desk.incident()), by=ANA, now=NOW)


# --- what must be done about what is out -------------------------------------------------------------------------


def test_an_alert_that_may_not_be_out_any_more_is_shown(desk: Newsroom) -> None:
    split, false, finer, confidence = (desk.incident() for _ in range(4))
    for number in (split, false, finer, confidence):
        desk.publish(number)
        assert desk.need(number) == ""
    desk.incidents.split(desk.incidents.incident(split).reports[0], by=ANA)
    assert desk.need(split) == "withdraw: may not leave"
    for report in desk.incidents.incident(false).reports:
        desk.mark_report(report, State.FALSE)
    assert desk.need(false) == "withdraw: gone"
    desk.policy = Policy(resolution=6)
    assert desk.need(finer) == "correct: place"
    desk.correct(finer)
    assert desk.need(finer) == ""


def test_a_slow_clock_or_a_round_that_is_not_yet_takes_back_nothing_that_is_true(desk: Newsroom) -> None:
    number = desk.incident()
    desk.publish(number)
    lied = desk.report(round_number=FIRST + 10_000 * HOURS)
    desk.incidents.merge([lied, *desk.incidents.incident(number).reports], by=ANA)
    assert desk.need(number) == ""
    desk.correct(number)
    # By a clock that is years behind none of its reports has come yet.
    assert desk.need(number, now=NOW - 100_000_000) == ""
    # What is false is taken back whatever the clock says.
    desk.mark(number, State.WITHDRAWN, State.CHECKING)
    assert desk.need(number, now=NOW - 100_000_000) == "withdraw: marked"


def test_a_time_that_is_no_longer_right_is_shown(desk: Newsroom) -> None:
    number = desk.incident(ago=24 * HOURS)
    later = [desk.report() for _ in range(3)]
    early = desk.incidents.incident(number).reports
    desk.incidents.merge([*early, *later], by=ANA)
    desk.publish(number)
    for report in early:
        desk.mark_report(report, State.FALSE)
    assert desk.need(number) == "correct: time"


def test_the_needs_are_said_in_both_languages(desk: Newsroom) -> None:
    number = desk.incident()
    desk.publish(number)
    desk.incidents.split(desk.incidents.incident(number).reports[0], by=ANA)
    (one,) = desk.publications.published(now=NOW)
    assert one.need is not None
    assert one.need.in_words("es").endswith("retire la alerta")
    assert one.need.in_words("en").endswith("withdraw the alert")


def test_an_alert_whose_places_left_the_gazetteer_is_still_judged(desk: Newsroom) -> None:
    number = desk.incident(3, state=State.CONFIRMED)
    desk.publish(number, wording=Wording(WORDS, place="mx-ecatepec"))
    split = desk.incident()
    desk.publish(split)
    rules = Rules(desk.policy, ("es", "en"), ROUND_SECONDS, {})
    without = Publications(desk.inbox.database, rules)
    assert [one.need for one in without.published(now=NOW, incident=number)] == [None]
    for report in desk.incidents.incident(split).reports[:2]:
        desk.mark_report(report, State.FALSE)
    (one,) = without.published(now=NOW, incident=split)
    assert one.need is not None
    assert one.need.act is Act.WITHDRAW
