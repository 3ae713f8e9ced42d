"""What leaves a desk was decided by a person who saw it, is kept before it leaves, and is never rewritten."""

import os
from pathlib import Path

import pytest

from forwarder.desk.casework import Deed, Kind, Subject
from forwarder.desk.errors import MergedAway, NoSuchStep, NotStored, ReasonMissing
from forwarder.desk.inbox import Inbox
from forwarder.desk.publications import Publications, Rules
from forwarder.desk.publish.alert import State as AlertState
from forwarder.desk.publish.alert import Words
from forwarder.desk.publish.drafts import Act, Draft
from forwarder.desk.publish.errors import (
    AlreadyPublic,
    ChangedMeanwhile,
    DoesNotWait,
    MayNotLeave,
    MissingLanguage,
    NoPlace,
    NotAnAlert,
    NotConfirmed,
    NotPublic,
    StillWaits,
)
from forwarder.desk.publish.place import Cell
from forwarder.desk.publish.safety import Confidence, Policy, Reason, Refusal
from forwarder.desk.publish.stored import Wording
from forwarder.desk.triage import State
from tests.unit.forwarder.desk.given import PASSPHRASE
from tests.unit.forwarder.desk.publish.newsroom import (
    ANA,
    BETTER,
    FIRST,
    HOURS,
    NOW,
    PLACES,
    SORRY,
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


# --- what may leave ----------------------------------------------------------------------------------------------


def test_an_incident_becomes_an_alert_with_what_its_reports_mostly_say(desk: Newsroom) -> None:
    numbers = [desk.report("mx-centro"), desk.report("mx-cerca"), desk.report("mx-centro", topic="reten")]
    number = desk.incidents.merge(numbers, by=ANA)
    desk.mark(number, State.CHECKING, State.UNCONFIRMED)
    draft = desk.draft(number)
    alert = draft.alert
    assert (alert.topic, alert.state, alert.version) == ("reten", AlertState.PUBLISHED, 1)
    assert alert.cell == Cell.around(PLACES["mx-centro"], resolution=7)
    assert (alert.when, alert.confidence) == (FIRST * ROUND_SECONDS // 21_600 * 21_600, Confidence.UNCONFIRMED)
    assert alert.issued == (NOW // 3_600 * 3_600,)
    assert (draft.act, draft.leaves_at, draft.confirmed_by) == (Act.PUBLISH, 0, 0)
    published = desk.publications.publish(draft, by=ANA, now=NOW)
    assert published.alert == alert
    assert desk.state(number) is State.PUBLISHED
    last = desk.casework.history(Subject(Kind.INCIDENT, number))[-1]
    assert (last.deed, last.detail, last.colleague) == (Deed.ISSUED, f"{alert.id} 1", "Ana")


def test_a_preview_says_in_both_languages_what_leaves_and_no_more_leaves(desk: Newsroom) -> None:
    draft = desk.draft(desk.incident())
    for language, needle in (("es", "zona: la celda"), ("en", "area: the cell")):
        shown = draft.preview(language)
        assert any(line.startswith(needle) for line in shown.leaves)
        assert any("Hombres armados" in line for line in shown.leaves)
        everything = " ".join((*shown.leaves, *shown.why, *shown.stays))
        assert "Vi un retén" not in everything
        assert "mx-centro" not in everything


@pytest.mark.parametrize("state", [State.NEW, State.CHECKING])
def test_what_nobody_has_looked_into_does_not_leave(desk: Newsroom, state: State) -> None:
    number = desk.incidents.merge([desk.report() for _ in range(3)], by=ANA)
    desk.mark(number, *([] if state is State.NEW else [state]))
    with pytest.raises(NoSuchStep):
        desk.publications.draft(number, Wording(WORDS), now=NOW)


def test_each_refusal_of_the_rule_is_one_of_the_desk(desk: Newsroom) -> None:
    assert refusal(desk, desk.incident(2)) is Reason.TOO_FEW
    false = desk.incident()
    desk.mark(false, State.CHECKING, State.FALSE)
    assert refusal(desk, false) is Reason.FALSE
    apart = desk.incidents.merge([desk.report(one) for one in ("mx-centro", "mx-tijuana", "mx-ecatepec")], by=ANA)
    desk.mark(apart, State.CHECKING, State.UNCONFIRMED)
    assert refusal(desk, apart) is Reason.TOO_FAR_APART
    future = desk.incident(ago=-100 * HOURS)
    assert refusal(desk, future) is Reason.IN_THE_FUTURE
    gone = desk.incident()
    for number in desk.incidents.incident(gone).reports:
        desk.mark_report(number, State.FALSE)
    assert refusal(desk, gone) is Reason.NO_REPORTS


def test_a_report_that_was_found_false_does_not_count(desk: Newsroom) -> None:
    number = desk.incident()
    desk.mark_report(desk.incidents.incident(number).reports[0], State.FALSE)
    assert refusal(desk, number) is Reason.TOO_FEW


def test_the_place_is_one_of_the_gazetteer(desk: Newsroom) -> None:
    nowhere = desk.incident(place="")
    with pytest.raises(NoPlace, match="none of its reports"):
        desk.publications.draft(nowhere, Wording(WORDS), now=NOW)
    with pytest.raises(NoPlace, match="no place"):
        desk.publications.draft(nowhere, Wording(WORDS, place="mx-otra"), now=NOW)
    desk.mark(nowhere, State.CHECKING, State.CONFIRMED)
    named = desk.draft(nowhere, wording=Wording(WORDS, place="mx-tijuana", topic="otra"))
    assert named.alert.cell == Cell.around(PLACES["mx-tijuana"], resolution=7)
    assert named.alert.topic == "otra"


def test_who_confirmed_it_is_within_what_the_desk_knows(desk: Newsroom) -> None:
    number = desk.incident(1, state=State.CONFIRMED)
    assert desk.draft(number).alert.confidence is Confidence.CONFIRMED_BY_ONE
    for asked in (0, 2, -1):
        with pytest.raises(NotConfirmed):
            desk.publications.draft(number, Wording(WORDS, confirmed_by=asked), now=NOW)
    desk.incidents.also_with(number, "Red Sur", by=ANA)
    both = desk.draft(number, wording=Wording(WORDS, confirmed_by=2))
    assert both.alert.confidence is Confidence.CONFIRMED_BY_SEVERAL
    unsure = desk.incident(1, state=State.UNCONFIRMED)
    with pytest.raises(NotConfirmed):
        desk.publications.draft(unsure, Wording(WORDS, confirmed_by=1), now=NOW)
    desk.incidents.also_with(unsure, "Red Sur", by=ANA)
    assert desk.draft(unsure, wording=Wording(WORDS, confirmed_by=1)).confirmed_by == 1


def test_the_words_are_in_the_desk_s_languages_and_clean(desk: Newsroom) -> None:
    number = desk.incident()
    for words in ({"es": WORDS["es"]}, {**WORDS, "fr": WORDS["en"]}, {}):
        with pytest.raises(MissingLanguage):
            desk.publications.draft(number, Wording(words), now=NOW)
    marked = {**WORDS, "en": Words("Road   block", "Arm\u0435d men  \n")}
    assert desk.draft(number, wording=Wording(marked)).alert.words["en"] == Words("Road block", "Armed men")
    with pytest.raises(NotAnAlert):
        desk.publications.draft(number, Wording(WORDS, hurry="x" * 401), now=EARLY)


# --- saying yes --------------------------------------------------------------------------------------------------


def test_it_is_judged_once_more_and_nothing_else_than_what_was_seen_leaves(desk: Newsroom) -> None:
    number = desk.incident()
    draft = desk.draft(number)
    moved = desk.incident()
    seen = desk.draft(moved)
    desk.mark(moved, State.CHECKING, State.CONFIRMED)
    with pytest.raises(ChangedMeanwhile):
        desk.publications.publish(seen, by=ANA, now=NOW)
    short = desk.incident()
    seen = desk.draft(short)
    desk.incidents.split(desk.incidents.incident(short).reports[0], by=ANA)
    with pytest.raises(MayNotLeave, match="fewer reports"):
        desk.publications.publish(seen, by=ANA, now=NOW)
    with pytest.raises(ChangedMeanwhile):
        desk.publications.publish(draft, by=ANA, now=NOW, seen="0" * 64)
    assert desk.lines("alerts") == 0
    assert desk.publications.publish(draft, by=ANA, now=NOW, seen=draft.digest).alert.id == draft.alert.id


def test_two_people_cannot_publish_it_twice(desk: Newsroom) -> None:
    number = desk.incident()
    one, other = desk.draft(number), desk.draft(number)
    desk.publications.publish(one, by=ANA, now=NOW)
    with pytest.raises(AlreadyPublic):
        desk.publications.publish(other, by=ANA, now=NOW)
    with pytest.raises(AlreadyPublic):
        desk.publications.draft(number, Wording(WORDS), now=NOW)


def test_a_correction_does_not_say_over_what_a_colleague_corrected_meanwhile(desk: Newsroom) -> None:
    number = desk.incident()
    desk.publish(number)
    mine = desk.publications.correction(number, Wording(BETTER), now=NOW)
    assert isinstance(mine, Draft)
    theirs = {**WORDS, "es": Words("Retén", "Sin el detalle que delata.")}
    desk.correct(number, wording=Wording(theirs))
    with pytest.raises(ChangedMeanwhile):
        desk.publications.publish(mine, by=ANA, now=NOW, note="fe de erratas")
    # Nor of another alert of the same incident, whose version has the same number.
    desk.withdraw(number)
    desk.mark(number, State.CHECKING, State.UNCONFIRMED)
    desk.publish(number)
    with pytest.raises(ChangedMeanwhile):
        desk.publications.publish(mine, by=ANA, now=NOW, note="fe de erratas")
    assert desk.publications.published(now=NOW)[-1].alert.words == WORDS


def test_what_was_public_is_never_lost_or_rewritten(desk: Newsroom) -> None:
    number = desk.incident()
    desk.publish(number)
    for statement in ("DELETE FROM alerts", "UPDATE alerts SET wire = x'00'"):
        with pytest.raises(NotStored), desk.inbox.database.change() as opened:
            opened.execute(statement)
    assert len(desk.publications.versions(number)) == 1


def test_a_version_that_could_not_be_kept_changes_nothing(desk: Newsroom) -> None:
    number = desk.incident()
    draft = desk.draft(number)
    with desk.inbox.database.change() as opened:
        opened.execute("CREATE TRIGGER full BEFORE INSERT ON history BEGIN SELECT raise(ABORT, 'no space'); END")
    with pytest.raises(NotStored):
        desk.publications.publish(draft, by=ANA, now=NOW)
    assert desk.lines("alerts") == 0
    assert desk.state(number) is State.UNCONFIRMED


# --- corrections and withdrawals ---------------------------------------------------------------------------------


def test_a_correction_and_a_withdrawal_are_versions_of_the_same_alert(desk: Newsroom) -> None:
    number = desk.incident()
    first = desk.publish(number)
    second = desk.correct(number, now=NOW + 60)
    third = desk.withdraw(number, now=NOW + 7_200)
    assert {first.alert.id} == {second.alert.id, third.alert.id}
    assert [one.alert.state.value for one in (first, second, third)] == ["published", "corrected", "withdrawn"]
    assert third.alert.issued == (NOW // 3_600 * 3_600, NOW // 3_600 * 3_600 + 1, (NOW + 7_200) // 3_600 * 3_600)
    assert third.alert.words == SORRY
    assert desk.state(number) is State.WITHDRAWN
    assert [alert.version for alert, _ in desk.publications.versions(number)] == [1, 2, 3]
    (now,) = desk.publications.published(now=NOW)
    assert (now.alert, now.out, now.need) == (third.alert, False, None)
    with pytest.raises(NotPublic):
        desk.publications.correction(number, Wording(WORDS), now=NOW)


def test_a_correction_needs_a_reason_and_taking_back_too(desk: Newsroom) -> None:
    number = desk.incident()
    desk.publish(number)
    found = desk.publications.correction(number, Wording(BETTER), now=NOW)
    assert isinstance(found, Draft)
    for draft in (found, desk.publications.withdrawal(number, SORRY, now=NOW)):
        with pytest.raises(ReasonMissing):
            desk.publications.publish(draft, by=ANA, now=NOW, note="  ")
    assert desk.lines("alerts") == 1


def test_what_is_not_public_cannot_be_corrected_or_taken_back(desk: Newsroom) -> None:
    number = desk.incident()
    with pytest.raises(NotPublic):
        desk.publications.correction(number, Wording(WORDS), now=NOW)
    with pytest.raises(NotPublic):
        desk.publications.withdrawal(number, SORRY, now=NOW)


def test_words_are_corrected_at_once_in_the_area_that_is_public(desk: Newsroom) -> None:
    number = desk.incident(2, state=State.CONFIRMED)
    before = desk.publish(number, now=EARLY, wording=Wording(WORDS, hurry="van para allá"))
    assert desk.publications.versions(number)[0][1] == "van para allá"
    after = desk.correct(number, now=EARLY + 60)
    assert (after.alert.cell, after.alert.when) == (before.alert.cell, before.alert.when)
    assert after.alert.words == BETTER
    assert after.alert.confidence is Confidence.CONFIRMED_BY_ONE


def test_a_correction_that_tells_a_new_area_waits_like_anything_else(desk: Newsroom) -> None:
    number = desk.incident(2, state=State.CONFIRMED)
    desk.publish(number, now=EARLY, wording=Wording(WORDS, hurry="van para allá"))
    found = desk.publications.correction(number, Wording(BETTER, place="mx-tijuana"), now=EARLY)
    assert isinstance(found, Draft)
    assert found.leaves_at > EARLY
    with pytest.raises(StillWaits):
        desk.publications.publish(found, by=ANA, now=EARLY, note="otro lugar")
    with pytest.raises(DoesNotWait):
        desk.publications.wait(found, by=ANA, now=EARLY)


def test_a_correction_stays_where_a_person_put_it(desk: Newsroom) -> None:
    number = desk.incident(3, state=State.CONFIRMED)
    desk.publish(number, wording=Wording(WORDS, place="mx-ecatepec"))
    assert desk.correct(number).alert.cell == Cell.around(PLACES["mx-ecatepec"], resolution=7)
    assert desk.need(number) == ""


def test_what_was_taken_back_can_be_published_anew_under_another_id(desk: Newsroom) -> None:
    number = desk.incident(state=State.CONFIRMED)
    first = desk.publish(number)
    desk.withdraw(number)
    desk.mark(number, State.CHECKING, State.CONFIRMED)
    again = desk.publish(number)
    assert again.alert.id != first.alert.id
    assert again.alert.version == 1
    assert [one.out for one in desk.publications.published(now=NOW)] == [False, True]


def test_an_alert_can_be_taken_back_whatever_became_of_its_incident(desk: Newsroom) -> None:
    number = desk.incident()
    desk.publish(number)
    desk.mark(number, State.WITHDRAWN, State.CHECKING)
    assert desk.need(number) == "withdraw: marked"
    other = desk.incident()
    desk.incidents.merge([*desk.incidents.incident(number).reports, *desk.incidents.incident(other).reports], by=ANA)
    into = min(number, other)
    for gone in {number, other} - {into}:
        with pytest.raises(MergedAway):
            desk.incidents.incident(gone)
    desk.withdraw(into)
    assert not desk.publications.published(now=NOW)[0].out


# --- after a crash -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", ["alerts", "incidents", "posts"])
def test_killed_while_it_is_kept_it_is_kept_whole_or_not_at_all(desk: Newsroom, at: str) -> None:
    number = desk.incident()
    with desk.inbox.database.change() as opened:
        opened.execute(
            "INSERT INTO channels (name, kind, service, secret, language, title_max, body_max, active)"
            " VALUES ('x', 'apprise', 'x', 'x', 'es', 0, 0, 1)"
        )
    desk.inbox.close()
    child = os.fork()
    if child == 0:
        _publish_and_die(desk.folder, number, at)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    with Inbox.open(desk.folder, passphrase=PASSPHRASE) as again:
        desk.inbox = again
        assert [desk.lines(table) for table in ("alerts", "posts")] == [0, 0]
        assert desk.state(number) is State.UNCONFIRMED
        desk.publish(number)
        assert [desk.lines(table) for table in ("alerts", "posts")] == [1, 1]


def _publish_and_die(folder: Path, incident: int, at: str) -> None:
    """Ends this process for good when that table is written."""
    try:
        with Inbox.open(folder, passphrase=PASSPHRASE) as inbox:
            inbox.database._sqlcipher.create_function("die", 0, lambda: os._exit(9))
            kind = "UPDATE" if at == "incidents" else "INSERT"
            with inbox.database.change() as opened:
                opened.execute(f"CREATE TEMP TRIGGER dies AFTER {kind} ON main.{at} BEGIN SELECT die(); END")
            rules = Rules(Policy(), ("es", "en"), ROUND_SECONDS, PLACES)
            publications = Publications(inbox.database, rules)
            draft = publications.draft(incident, Wording(WORDS), now=NOW)
            assert isinstance(draft, Draft)
            publications.publish(draft, by=ANA, now=NOW)
    finally:
        os._exit(1)
