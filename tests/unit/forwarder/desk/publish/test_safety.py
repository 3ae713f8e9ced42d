"""What may leave of an incident, each reason why nothing may, and what a person can and cannot override."""

import pytest

from crypto.layers import RoundNumber
from forwarder.desk.publish.errors import NotAnAlert
from forwarder.desk.publish.place import Cell, Place
from forwarder.desk.publish.safety import (
    BUCKET_SECONDS,
    Confidence,
    Facts,
    Policy,
    Reason,
    Refusal,
    Seen,
)
from tests.unit.forwarder.desk.publish.given import CENTRE, FAR, HOURS, NEARBY, NOW, ROUND, decided, facts, leave, seen


def why(incident: Facts, policy: Policy | None = None, *, override: str = "") -> Reason:
    found = decided(incident, policy, override=override)
    assert isinstance(found, Refusal)
    return found.reason


def test_k_reports_of_one_place_leave_as_the_finest_cell_and_its_six_hours() -> None:
    found = leave()
    assert found.cell == Cell.around(CENTRE, resolution=7)
    assert found.confidence is Confidence.UNCONFIRMED
    came = (NOW - 100) * ROUND
    assert found.when <= came < found.when + BUCKET_SECONDS
    assert found.when % BUCKET_SECONDS == 0


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("override", ["", "people are in danger"])
def test_fewer_than_k_unconfirmed_reports_never_leave(count: int, override: str) -> None:
    assert why(facts(count), override=override) is Reason.TOO_FEW
    assert why(facts(count, partners=2), override=override) is Reason.TOO_FEW


def test_the_cell_grows_until_k_reports_are_in_it() -> None:
    spread = Facts(seen(CENTRE, CENTRE, NEARBY), CENTRE)
    found = leave(spread)
    assert found.cell.resolution < 7
    assert found.in_cell == 3
    finer = Cell.around(CENTRE, resolution=found.cell.resolution + 1)
    assert Cell.around(NEARBY, resolution=finer.resolution) != finer


def test_reports_that_are_too_far_apart_or_have_no_place_do_not_make_an_alert() -> None:
    assert why(Facts(seen(CENTRE, CENTRE, FAR), CENTRE)) is Reason.TOO_FAR_APART
    assert why(Facts(seen(CENTRE, CENTRE, None), CENTRE)) is Reason.TOO_FAR_APART


@pytest.mark.parametrize(
    ("partners", "confirmed_by", "confidence"),
    [(1, 1, Confidence.CONFIRMED_BY_ONE), (2, 1, Confidence.CONFIRMED_BY_ONE), (3, 2, Confidence.CONFIRMED_BY_SEVERAL)],
)
def test_a_confirmed_report_leaves_alone_and_no_finer_than_the_cell(
    partners: int, confirmed_by: int, confidence: Confidence
) -> None:
    found = leave(facts(1, partners=partners, confirmed_by=confirmed_by))
    assert (found.confidence, found.cell.resolution) == (confidence, 7)


@pytest.mark.parametrize("confirmed_by", [0, 1])
def test_what_comes_from_one_source_waits_its_hours_and_not_one_round_less(confirmed_by: int) -> None:
    policy = Policy(wait_hours=12)
    early = facts(confirmed_by=confirmed_by, ago=12 * HOURS)
    assert decided(early, policy) == Refusal(Reason.TOO_SOON, 1)
    assert leave(facts(confirmed_by=confirmed_by, ago=12 * HOURS + 1), policy).single_source
    assert leave(early, policy, override="  ya se sabe ").override == "ya se sabe"
    assert why(early, policy, override="  ") is Reason.TOO_SOON


def test_what_several_partners_have_does_not_wait() -> None:
    found = leave(facts(partners=2, ago=1), override="not needed")
    assert not found.single_source
    assert found.override == ""


def test_the_wait_begins_with_the_report_that_made_it_enough_and_later_ones_do_not_put_it_off() -> None:
    enough = Facts((*seen(CENTRE, CENTRE, ago=90), *seen(CENTRE, ago=13), *seen(CENTRE, ago=1)), CENTRE)
    assert decided(enough, Policy(wait_hours=3)).__class__ is not Refusal
    assert decided(enough, Policy(wait_hours=4)) == Refusal(Reason.TOO_SOON, 1)


def test_no_reports_false_ones_and_those_of_an_open_round_do_not_leave() -> None:
    assert why(Facts((), CENTRE, confirmed_by=1)) is Reason.NO_REPORTS
    assert why(Facts(seen(CENTRE, CENTRE, CENTRE), CENTRE, confirmed_by=1, false=True)) is Reason.FALSE
    assert why(facts(partners=2, ago=0)) is Reason.IN_THE_FUTURE


def test_a_report_of_a_round_that_has_not_ended_does_not_count_and_hinders_nothing() -> None:
    early = Facts((*seen(CENTRE, CENTRE, CENTRE), *seen(CENTRE, ago=-10_000)), CENTRE)
    assert leave(early) == leave()
    assert why(Facts((*seen(CENTRE, CENTRE), *seen(CENTRE, ago=0)), CENTRE)) is Reason.IN_THE_FUTURE
    apart = Facts((*seen(CENTRE, CENTRE, FAR), *seen(CENTRE, ago=0)), CENTRE)
    assert why(apart) is Reason.IN_THE_FUTURE
    assert why(Facts((*seen(CENTRE, CENTRE, CENTRE, ago=1), *seen(CENTRE, ago=0)), CENTRE)) is Reason.TOO_SOON


def test_a_gazetteer_id_changes_nothing_that_leaves() -> None:
    renamed = Place("otra", CENTRE.latitude, CENTRE.longitude)
    assert leave(Facts(seen(renamed, renamed, renamed), renamed)) == leave()


@pytest.mark.parametrize(
    "bad",
    [
        lambda: Policy(resolution=9),
        lambda: Policy(resolution=2),
        lambda: Policy(resolution=5, coarsest=6),
        lambda: Policy(k=1),
        lambda: Policy(wait_hours=-1),
        lambda: Facts((), CENTRE, partners=0),
        lambda: Facts((), CENTRE, partners=1, confirmed_by=2),
        lambda: Place("polo", 89.0, 0.0),
        lambda: Place("nada", float("nan"), 0.0),
        lambda: Place("nada", 0.0, 181.0),
        lambda: decided(facts(), override="x" * 401),
        lambda: Facts((Seen(RoundNumber(1), None),) * 100_001, CENTRE),
    ],
)
def test_what_is_no_policy_no_place_or_no_incident_is_refused(bad: object) -> None:
    assert callable(bad)
    with pytest.raises(NotAnAlert):
        bad()
