"""Rounds are slices of UTC without gap or overlap."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.layers import RoundNumber
from relay.rounds import Rounds

PERIODS = st.integers(5, 86_400)
MOMENTS = st.floats(0, 4e9) | st.integers(0, 4_000_000_000)


@given(PERIODS, MOMENTS)
def test_every_moment_is_in_the_round_that_begins_at_the_edge_of_the_one_before(period: int, now: float) -> None:
    rounds = Rounds(period, 4)
    number = rounds.at(now)
    assert rounds.edge(RoundNumber(number - 1)) <= now < rounds.edge(number)
    assert rounds.edge(number) - rounds.edge(RoundNumber(number - 1)) == period


@given(PERIODS, st.integers(0, 10**6))
def test_the_edge_belongs_to_the_round_that_begins_there(period: int, number: int) -> None:
    rounds = Rounds(period, 4)
    assert rounds.at(rounds.edge(RoundNumber(number))) == number + 1


@given(st.integers(1, 96), st.integers(0, 10**6))
def test_parcels_leave_once_in_every_so_many_rounds(every: int, start: int) -> None:
    rounds = Rounds(900, every)
    leaving = [rounds.parcels_leave(RoundNumber(number)) for number in range(start, start + every)]
    assert sum(leaving) == 1


@pytest.mark.parametrize(("number", "leave"), [(0, False), (2, False), (3, True), (4, False), (7, True)])
def test_parcels_leave_at_the_last_round_of_four(number: int, leave: bool) -> None:
    assert Rounds(900, 4).parcels_leave(RoundNumber(number)) is leave
