"""Visits come, stay and bring cells as docs/spec/pacing.md and company.md say. Bands at 1e-4: 3.89 standard errors."""

import math
from random import Random
from typing import Any

import pytest

from onion_service.pace import LONGEST, PACE_SECONDS, SHORTEST
from relay.simulator.errors import NotTraffic
from relay.simulator.traffic import BURST_SECONDS, DAY, Burst, Traffic, Visit, bring, visits, writing

NAN = float("nan")
QUIET = Traffic(reports=0, pages=0, cover=0)


def made(traffic: Traffic, days: int = 10, seed: int = 1) -> list[Visit]:
    return list(visits(traffic, days=days, chance=Random(seed), progress=lambda *_: None))


def test_as_many_visits_come_as_are_said() -> None:
    traffic = Traffic(reports=100, pages=200, cover=3, evening=False, bursts=(Burst(50, 0),), replay=(5.0, 6.0))
    found = made(traffic)
    expected = traffic.visits_in(10)
    assert expected == 10 * (100 + 50 + 200 + 3 * 144) + 2
    # Those open at the start began before it, so the time in which visits begin is up to 40 minutes longer.
    assert abs(len(found) - expected) < 3.89 * math.sqrt(expected) + 40 / 1_440 * (100 + 200 + 3 * 144)
    assert sum(visit.letter is not None for visit in found) > 1_400
    assert made(traffic) == found
    assert made(traffic, seed=2) != found


def test_the_visits_of_one_cover_program_are_one_sender_s_and_every_page_is_somebody_else_s() -> None:
    found = made(Traffic(reports=10, pages=20, cover=2))
    covering = [visit for visit in found if visit.sender < 2]
    others = [visit.sender for visit in found if visit.sender >= 2]
    assert {visit.sender for visit in covering} == {0, 1}
    assert len(covering) > 2_000
    assert all(visit.letter is None for visit in covering)
    assert len(others) == len(set(others)) > 250


def test_visits_have_the_lengths_of_a_page_s() -> None:
    assert {visit.ticks for visit in made(Traffic(pages=300, cover=2))} == set(range(SHORTEST, LONGEST + 1))


def test_reports_come_mostly_in_the_evening_unless_told_otherwise() -> None:
    for evening, share in ((True, 0.5 + 0.8 / math.pi), (False, 0.5)):
        found = made(Traffic(reports=500, pages=0, cover=0, evening=evening))
        hours = [(one.opened + (one.letter or 0) * PACE_SECONDS) % DAY / 3_600 for one in found]
        # The twelve hours about the peak at 20:00.
        near = sum(hour >= 14 or hour < 2 for hour in hours)
        assert abs(near - share * len(hours)) < 3.89 * math.sqrt(len(hours) * share * (1 - share))


def test_a_burst_comes_every_day_in_its_half_hour() -> None:
    found = made(Traffic(reports=0, pages=0, cover=0, bursts=(Burst(40, 72_000),)), days=3)
    moments = sorted(one.opened + (one.letter or 0) * PACE_SECONDS for one in found)
    assert len(moments) == 120
    assert {int(moment // DAY) for moment in moments} == {0, 1, 2}
    assert all(0 <= moment % DAY - 72_000 <= BURST_SECONDS for moment in moments)


def test_replayed_moments_are_when_letters_leave() -> None:
    found = made(Traffic(reports=0, pages=0, cover=0, replay=(10.0, 90_000.0)), days=2)
    assert [bring(one, period=900, loss=0, chance=Random(1)).arrived for one in found] == [10.0, 90_000.0]


def test_a_visit_is_in_the_rounds_of_its_ticks_but_not_for_the_one_that_opens_it() -> None:
    visit = Visit(7, opened=890.0, ticks=3, letter=2)
    brought = bring(visit, period=900, loss=0, chance=Random(1))
    assert brought.rounds == {1}
    assert (brought.sent, brought.turns) == (3, 1)
    assert (brought.wrote, brought.arrived) == (1_010.0, 1_010.0)
    assert bring(Visit(7, 850.0, 2), period=900, loss=0, chance=Random(1)).rounds == {1}
    assert bring(Visit(7, 0.0, 20), period=900, loss=0, chance=Random(1)).rounds == {0, 1}


def test_a_letter_that_is_lost_goes_with_the_next_tick_and_the_page_waits_for_it() -> None:
    chance, loss, tries = Random(3), 0.4, 20_000
    waits = []
    for _ in range(tries):
        brought = bring(Visit(1, 0.0, 2, letter=1), period=900, loss=loss, chance=chance)
        assert brought.arrived is not None
        waits.append(round((brought.arrived - 60) / 60))
        assert brought.sent == 2 + waits[-1]
    # Geometric: the mean is loss / (1 - loss), the variance loss / (1 - loss)^2.
    mean = loss / (1 - loss)
    assert abs(sum(waits) / tries - mean) < 3.89 * math.sqrt(loss) / (1 - loss) / math.sqrt(tries)


def test_who_loses_every_cell_of_a_round_is_no_company_in_it() -> None:
    chance, loss, tries = Random(4), 0.3, 20_000
    gone = sum(not bring(Visit(1, 0.0, 3), period=900, loss=loss, chance=chance).rounds for _ in range(tries))
    # Two cells that may have been a letter, both lost.
    assert abs(gone - loss**2 * tries) < 3.89 * math.sqrt(tries * loss**2 * (1 - loss**2))


def test_a_writer_s_letter_leaves_at_any_tick_but_the_first() -> None:
    found = [writing(1, 5_000.0, Random(seed)) for seed in range(500)]
    assert all(one.letter and 1 <= one.letter < one.ticks for one in found)
    assert all(one.opened + (one.letter or 0) * PACE_SECONDS == 5_000.0 for one in found)
    assert made(QUIET) == []


@pytest.mark.parametrize("wrong", [{"reports": -1}, {"pages": NAN}, {"reports": math.inf}, {"loss": 1}, {"loss": NAN},
                                   {"every": 0}, {"cover": -1}])  # fmt: skip
def test_what_is_no_traffic_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(NotTraffic):
        Traffic(**wrong)
