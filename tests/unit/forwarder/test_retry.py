"""Which rounds go to a partner, and when a silent one is asked again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.layers import RoundNumber
from forwarder.retry import WAITS, Patience, due
from tests.unit.forwarder.given import number

PATIENT = Patience()
numbers = st.integers(0, 60).map(RoundNumber)


@pytest.mark.parametrize(
    ("kept", "acknowledged", "closed", "expected"),
    [
        ([5, 6, 7], 6, 7, [7]),
        ([5, 6, 7], 7, 7, []),
        ([7, 5, 6, 6], 4, 7, [5, 6, 7]),
        ([5, 6, 7], None, 7, [5, 6, 7]),
        ([0], None, 0, [0]),
        ([5, 9], 2, 9, [5, 9]),  # 3, 4 are no longer kept: skipped
        ([5, 6, 7], 4, 6, [5, 6]),  # 7 is written but may not go yet
        ([5, 6, 7], 900, 7, [5, 6, 7]),  # our clock was set back
        ([], None, 7, []),
    ],
)
def test_the_rounds_that_are_due(kept: list[int], acknowledged: int | None, closed: int, expected: list[int]) -> None:
    held = [number(one) for one in kept]
    have = None if acknowledged is None else number(acknowledged)
    assert due(kept=held, acknowledged=have, closed=number(closed), patience=PATIENT) == expected


def test_a_silent_partner_is_asked_after_1_1_2_4_8_8_rounds() -> None:
    asked, patience = [], PATIENT
    for closed in range(40):
        if due(kept=[number(0)], acknowledged=None, closed=number(closed), patience=patience):
            asked.append(closed)
            patience = patience.after_failure(number(closed))
    assert asked == [0, 1, 2, 4, 8, 16, 24, 32]


def test_a_clock_set_back_does_not_silence_us() -> None:
    patience = PATIENT.after_failure(number(1_000_000))
    assert due(kept=[number(5)], acknowledged=None, closed=number(5), patience=patience) == [5]


@given(kept=st.lists(numbers), acknowledged=st.none() | numbers, closed=numbers, failures=st.integers(0, 12))
def test_only_kept_closed_unacknowledged_rounds_in_ascending_order(
    kept: list[RoundNumber], acknowledged: RoundNumber | None, closed: RoundNumber, failures: int
) -> None:
    patience = PATIENT
    for _ in range(failures):
        patience = patience.after_failure(closed)
    rounds = due(kept=kept, acknowledged=acknowledged, closed=closed, patience=PATIENT)
    assert rounds == sorted(set(rounds))
    assert set(rounds) <= {one for one in kept if one <= closed}
    if acknowledged is not None and acknowledged <= closed:
        assert set(rounds) == {one for one in kept if acknowledged < one <= closed}
    later = RoundNumber(closed + WAITS[-1])
    assert due(kept=[later], acknowledged=None, closed=later, patience=patience) == [later]
