"""The gate freezes at as many missing loops as chance does not explain, and only the operator opens it again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.gate import FALSE_ALARM, NEXT, ORDINARY_LOSS, Order, Phase, Seen, Tally, at_least, threshold

PER_ROUND = 48


def test_ten_of_forty_eight_are_too_many() -> None:
    assert threshold(PER_ROUND) == 10
    assert at_least(10, PER_ROUND, loss=ORDINARY_LOSS) == pytest.approx(1e-4, rel=0.15)


def test_who_drops_half_of_what_ordinary_loss_leaves_passes_twice_in_a_million() -> None:
    passes = 1 - at_least(10, PER_ROUND, loss=1 - 0.5 * (1 - ORDINARY_LOSS))
    assert passes == pytest.approx(2e-6, rel=0.25)


@given(st.integers(min_value=4, max_value=480))
def test_the_threshold_is_the_least_that_chance_does_not_explain(sent: int) -> None:
    least = threshold(sent)
    assert at_least(least, sent, loss=ORDINARY_LOSS) < FALSE_ALARM <= at_least(least - 1, sent, loss=ORDINARY_LOSS)


@pytest.mark.parametrize("sent", [0, 1, 2])
def test_too_few_loops_have_no_threshold(sent: int) -> None:
    with pytest.raises(ValueError, match="too few loops"):
        threshold(sent)


@pytest.mark.parametrize(
    ("sent", "back", "seen"),
    [
        (48, 48, Seen.CAME_BACK),
        (48, 39, Seen.CAME_BACK),
        (48, 38, Seen.MISSING),
        (48, 0, Seen.MISSING),
        (47, 47, Seen.UNTOLD),
        (0, 0, Seen.UNTOLD),
    ],
)
def test_what_loops_show(sent: int, back: int, seen: Seen) -> None:
    assert Tally(wanted=PER_ROUND, sent=sent, back=back).seen() is seen


def test_every_pair_has_its_place_in_the_table() -> None:
    assert set(NEXT) == {(phase, seen) for phase in Phase for seen in Seen}


@given(st.lists(st.sampled_from(list(Seen))))
def test_cells_leave_only_after_a_round_whose_loops_came_back(history: list[Seen]) -> None:
    phase = Phase.WAITING
    for seen in history:
        before = phase
        phase, order = NEXT[phase, seen]
        if order is Order.SEND:
            assert seen is Seen.CAME_BACK
        if before is Phase.FROZEN and seen is not Seen.RELEASED:
            assert (phase, order) == (Phase.FROZEN, Order.HOLD)
        assert (order in (Order.RESUME, Order.IGNORE)) == (seen is Seen.RELEASED)


def test_a_relay_that_runs_well_freezes_at_once() -> None:
    assert NEXT[Phase.OPEN, Seen.MISSING] == (Phase.FROZEN, Order.FREEZE)


def test_memory_that_was_never_written_lets_nothing_leave() -> None:
    assert Phase(0) is Phase.WAITING
