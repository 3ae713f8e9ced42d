"""The gate freezes at as many missing loops as chance does not explain, and only the operator opens it again."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.gate import FALSE_ALARM, NEXT, ORDINARY_LOSS, Order, Phase, Seen, Tally, at_least, threshold
from tests.architecture_rules import ROOT

PER_ROUND = 48
COMPANY = ROOT / "docs/spec/company.md"


def test_ten_of_forty_eight_are_too_many() -> None:
    assert threshold(PER_ROUND) == 10
    assert at_least(10, PER_ROUND, loss=ORDINARY_LOSS) == pytest.approx(1e-4, rel=0.15)


def test_who_drops_half_of_what_ordinary_loss_leaves_passes_twice_in_a_million() -> None:
    passes = 1 - at_least(10, PER_ROUND, loss=1 - 0.5 * (1 - ORDINARY_LOSS))
    assert passes == pytest.approx(2e-6, rel=0.25)


@pytest.mark.slow
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


def test_the_figures_of_the_specification_are_these() -> None:
    rows = re.findall(r"^\| (\d+) \| (\d+) \| (\S+) \| (\S+) \|$", COMPANY.read_text(), re.M)
    assert len(rows) == 3
    for sent, missing, frozen_for_nothing, passes in rows:
        wanted, least = int(sent), threshold(int(sent))
        assert least == int(missing)
        assert f"{at_least(least, wanted, loss=ORDINARY_LOSS):.1e}".replace("e-0", "e-") == frozen_for_nothing
        half = 1 - at_least(least, wanted, loss=1 - 0.5 * (1 - ORDINARY_LOSS))
        assert f"{half:.1e}".replace("e-0", "e-") == passes


def test_the_table_of_the_specification_is_this_one() -> None:
    seen = (Seen.CAME_BACK, Seen.MISSING, Seen.UNTOLD, Seen.RELEASED)
    rows = re.findall(r"^\| (waiting|open|frozen)[^|]*\|(.*)\|$", COMPANY.read_text(), re.M)
    assert [name for name, _ in rows] == [phase.name.lower() for phase in Phase]
    for name, cells in rows:
        for what, cell in zip(seen, cells.replace("*", "").split("|"), strict=True):
            phase, order = NEXT[Phase[name.upper()], what]
            words = cell.strip()
            assert words.partition(";")[0] == ("nothing" if order is Order.IGNORE else phase.name.lower())
            assert ("leave" in words) == (order is Order.SEND)
            assert ("held" in words) == (order in (Order.HOLD, Order.FREEZE))
