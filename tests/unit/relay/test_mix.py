"""Which cells leave is chance alone."""

from itertools import combinations
from math import comb
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay import mix

CELLS = st.lists(st.binary(min_size=1, max_size=4), unique=True, max_size=24)


@given(CELLS, st.integers(1, 24), st.integers())
def test_all_leave_when_there_is_room_and_as_many_as_fit_when_there_is_not(
    cells: list[bytes], room: int, seed: int
) -> None:
    chosen = mix.leaving(cells, room, Random(seed))
    assert len(chosen) == len(set(chosen)) == min(room, len(cells))
    assert set(chosen) <= set(cells)


@given(CELLS, st.integers(1, 24), st.integers(), st.randoms(use_true_random=False))
def test_the_choice_does_not_depend_on_the_order_of_arrival(
    cells: list[bytes], room: int, seed: int, rng: Random
) -> None:
    shuffled = rng.sample(cells, len(cells))
    assert mix.leaving(cells, room, Random(seed)) == mix.leaving(shuffled, room, Random(seed))


def test_a_cell_that_came_twice_has_the_odds_of_one() -> None:
    twice, once = [b"a", b"a", b"b", b"c"], [b"a", b"b", b"c"]
    assert all(mix.leaving(twice, 2, Random(seed)) == mix.leaving(once, 2, Random(seed)) for seed in range(50))


def test_every_choice_is_equally_likely_whatever_came_first_or_last() -> None:
    cells = [bytes([number]) for number in range(6)]
    subsets = {frozenset(chosen): 0 for chosen in combinations(cells, 3)}
    rng, trials = Random(5), 20_000
    for _ in range(trials):
        subsets[frozenset(mix.leaving(cells, 3, rng))] += 1
    expected = trials / comb(6, 3)
    statistic = sum((seen - expected) ** 2 / expected for seen in subsets.values())
    # Chi-square with 19 degrees of freedom at 1e-4.
    assert statistic <= 50.80


@given(st.integers(0, 8), st.integers(0, 12))
def test_a_bundle_is_filled_to_exactly_its_room_or_not_at_all(chosen: int, ready: int) -> None:
    cells = [bytes([1, number]) for number in range(chosen)]
    top_ups = [bytes([2, number]) for number in range(ready)]
    if ready < 8 - chosen:
        with pytest.raises(ValueError, match="exactly"):
            mix.fill(cells, 8, top_ups)
    else:
        assert mix.fill(cells, 8, top_ups) == cells + top_ups[: 8 - chosen]


def test_more_than_there_is_room_for_is_an_error() -> None:
    with pytest.raises(ValueError, match="exactly"):
        mix.fill([b"a", b"b"], 1, [b"c"])
