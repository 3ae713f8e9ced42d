"""The pace of a page in numbers: its grid, its waits, the lists that are due, and how visits follow each other."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.layers import RoundNumber
from onion_service.pace import LONGEST, PACE_SECONDS, SHORTEST, TRIES, Grid, Lookout, Waits, gap, stay

START = 1_000_000.0


def test_ticks_keep_the_grid_whatever_answers_take() -> None:
    grid = Grid(start=START)
    assert grid.wait(START) == 0
    grid.begin(START)
    assert grid.wait(START + 13) == PACE_SECONDS - 13
    grid.begin(START + 75)
    assert grid.wait(START + 76) == 2 * PACE_SECONDS - 76


def test_ticks_that_were_slept_through_are_not_made_up_for() -> None:
    grid = Grid(start=START)
    grid.begin(START)
    assert grid.wait(START + 1_000) == 0
    grid.begin(START + 1_000)
    assert grid.wait(START + 1_000) == 1_020 - 1_000


def test_a_clock_that_was_set_back_begins_the_grid_anew() -> None:
    grid = Grid(start=START)
    grid.begin(START)
    assert grid.wait(START - 500) == 0
    grid.begin(START - 500)
    assert grid.wait(START - 500) == PACE_SECONDS


def test_waits_double_up_to_two_minutes_and_half_of_each_is_chance() -> None:
    waits = Waits(Random(1))
    found = [waits.next() for _ in range(40)]
    for attempt, wait in enumerate(found):
        whole = min(120.0, 2.0 * 2**attempt)
        assert whole / 2 <= wait <= whole
    assert len(set(found)) == 40


def test_lists_are_due_ten_seconds_after_their_edge_oldest_first() -> None:
    lookout = Lookout(first=RoundNumber(10), period=900)
    assert lookout.due(11 * 900 + 9.9) is None
    assert lookout.due(11 * 900 + 10) == 10
    lookout.seen()
    assert lookout.due(11 * 900 + 10) is None
    assert lookout.most == 4
    assert Lookout(first=RoundNumber(0), period=5).most == 15


def test_a_list_that_is_not_there_is_asked_for_five_times() -> None:
    lookout = Lookout(first=RoundNumber(10), period=900)
    assert [lookout.missing() for _ in range(TRIES)] == [False] * (TRIES - 1) + [True]
    assert lookout.due(1e9) == 11


@given(st.randoms(use_true_random=False))
def test_a_visit_ends_between_two_ticks(chance: Random) -> None:
    assert (SHORTEST - 1) * PACE_SECONDS <= stay(chance) <= LONGEST * PACE_SECONDS


def test_gaps_between_visits_forget_how_long_it_has_been() -> None:
    chance = Random(3)
    gaps = [gap(chance, mean=600) for _ in range(20_000)]
    assert sum(gaps) / len(gaps) == pytest.approx(600, rel=0.03)
    # Of those that lasted ten minutes, as many last ten more as last ten from the beginning.
    longer = [one for one in gaps if one > 600]
    assert len(longer) / len(gaps) == pytest.approx(sum(one > 1_200 for one in longer) / len(longer), abs=0.03)
