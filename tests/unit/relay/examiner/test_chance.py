"""Bands are what they say: chance leaves them no more often than alpha, and order and excess do."""

import itertools
import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.examiner.chance import ALPHA, most_hits, tau, tau_band


def more_than(limit: int, expected: float) -> float:
    """P(X > limit), from the beginning of the sum."""
    return 1 - sum(math.exp(-expected) * expected**k / math.factorial(k) for k in range(limit + 1))


@pytest.mark.parametrize("expected", [0.001, 0.02, 0.5, 1, 3.4, 10, 54, 100])
def test_the_most_hits_are_left_by_chance_no_more_than_alpha(expected: float) -> None:
    limit = most_hits(expected)
    assert more_than(limit, expected) <= ALPHA
    assert limit == 0 or more_than(limit - 1, expected) > ALPHA


def test_without_chance_every_hit_is_too_many() -> None:
    assert most_hits(0) == most_hits(1e-5) == 0
    assert most_hits(1e-5, alpha=1e-6) == 1


def test_many_hits_have_a_band_of_about_four_deviations() -> None:
    assert 1_000_000 + 3_700 < most_hits(1_000_000) < 1_000_000 + 3_800
    with pytest.raises(ValueError, match="not negative"):
        most_hits(-1)


def test_tau_is_one_for_an_order_and_minus_one_for_its_reverse() -> None:
    assert tau(range(50)) == 1
    assert tau(range(50, 0, -1)) == -1
    assert tau([7.0] * 9) == 0
    assert tau([3.0]) == 0


@given(st.lists(st.integers(0, 6), min_size=2, max_size=12))
def test_tau_counts_pairs(values: list[int]) -> None:
    pairs = [(b > a) - (b < a) for a, b in itertools.combinations(values, 2)]
    assert tau(values) == pytest.approx(sum(pairs) / len(pairs))


def test_the_band_for_two_hundred_is_the_one_of_the_promise() -> None:
    band = tau_band(200)
    assert band is not None
    assert round(band, 3) == 0.185


def test_of_fewer_than_eight_even_a_perfect_order_may_be_chance() -> None:
    assert [tau_band(n) for n in range(8)] == [None] * 8
    band = tau_band(8)
    assert band is not None
    assert band < 1


def test_the_exact_band_is_the_share_of_all_orders() -> None:
    band = tau_band(8)
    assert band is not None
    outside = sum(abs(tau(order)) > band for order in itertools.permutations(range(8)))
    assert 0 < outside <= ALPHA * math.factorial(8)


def test_shuffled_orders_stay_within_the_band() -> None:
    rng, outside = Random(5), 0
    for _ in range(2_000):
        band = tau_band(30, alpha=0.01)
        assert band is not None
        outside += abs(tau(rng.sample(range(30), 30))) > band
    assert outside < 45
