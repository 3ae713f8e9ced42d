"""Company is counted in senders, and the figures are those of theory. Bands are at 1e-4: 3.89 standard errors.

Rounds are independent where nobody's visit reaches into both: a page stays for 20 ticks at most, so every third round
of 900 seconds is.
"""

import math
from collections.abc import Callable, Collection
from dataclasses import replace
from random import Random

import pytest

from relay.gate import ORDINARY_LOSS
from relay.simulator import anonymity, simulating
from relay.simulator.anonymity import View, bits, guess, quantile
from relay.simulator.errors import TooMuch
from relay.simulator.simulating import Answer, Question, Shape, _Days, simulate
from relay.simulator.traffic import Brought, Burst, Traffic
from tests.privacy.mutants import caught

NOBODY = Traffic(reports=0, pages=0, cover=0, evening=False, loss=0)


def simulated(traffic: Traffic, *, days: int = 30, seed: int = 1, letters: int = 64, period: int = 900) -> Answer:
    shape = Shape(period=period)
    shape = replace(shape, sizes=type(shape.sizes)(letters=letters))
    return simulate(Question(traffic, shape, days), chance=Random(seed))


def near(count: int, of: int, share: float) -> bool:
    return abs(count - of * share) <= 3.89 * math.sqrt(of * share * (1 - share))


# --- one sender counts once --------------------------------------------------------------------------------------


def proof_one_cover_sender_is_one() -> None:
    """One program with some ten visits open at a time, a hundred cells a round: with the writer they are two."""
    found = simulated(replace(NOBODY, cover=1, every=60), days=3).hidden[View.WATCHER]
    assert set(found.bits) == {1.0}


def proof_own_cells_are_no_company() -> None:
    """Whoever writes when nobody else is there is certain, against everybody, however many cells their page sends."""
    for hidden in simulated(NOBODY, days=2).hidden.values():
        assert (hidden.low, hidden.median, hidden.alone) == (0.0, 0.0, 1.0)


def _count_visits(self: _Days, brought: Brought, period: int) -> None:
    _TAKE(self, replace(brought, sender=hash((brought.sender, brought.rounds, brought.sent))), period)


def _count_cells(self: _Days, brought: Brought, period: int) -> None:
    for cell in range(brought.sent):
        _TAKE(self, replace(brought, sender=1_000 * brought.sender + cell), period)


def _with_markers(count: int) -> Callable[..., Callable[[int], Collection[int]]]:
    """The writer's own cells, or the relay's loops, as that many more senders."""

    def there(others: list[set[int]], rounds: Collection[int]) -> Callable[[int], Collection[int]]:
        return lambda at: {*_THERE(others, rounds)(at), *range(-1 - count, -1)}

    return there


_TAKE = _Days._take
_THERE = simulating._there


def test_one_cover_sender_is_one_however_much_it_sends(monkeypatch: pytest.MonkeyPatch) -> None:
    proof_one_cover_sender_is_one()
    for mutant, taken in (("count cells", _count_cells), ("count visits", _count_visits)):
        monkeypatch.setattr(_Days, "_take", taken)
        caught("company", mutant, proof_one_cover_sender_is_one)


def test_a_writer_s_own_cells_and_the_relay_s_loops_are_no_company(monkeypatch: pytest.MonkeyPatch) -> None:
    proof_own_cells_are_no_company()
    for mutant, count in (("count the writer's own cells", 14), ("count loops", 48)):
        monkeypatch.setattr(simulating, "_there", _with_markers(count))
        caught("company", mutant, proof_own_cells_are_no_company)


# --- what theory says --------------------------------------------------------------------------------------------


def test_without_company_is_who_theory_says_among_pages() -> None:
    """A page that stays for K ticks may have sent a letter in a round of P seconds when it opened in the P + 60 (K - 2)
    before the round's last possible tick; K is 11 on average, so with V visits a day λ = V (900 + 540) / 86 400."""
    found = simulated(replace(NOBODY, pages=60), days=120).hidden[View.WATCHER].bits[::3]
    assert near(sum(value == 0 for value in found), len(found), math.exp(-1))
    # Exactly one other: λ e^-λ.
    assert near(sum(value == 1 for value in found), len(found), math.exp(-1))


def test_a_cover_sender_is_there_as_often_as_theory_says() -> None:
    """Visits begin every 600 seconds on average, so of 1 440 / 600 in which it can be seen none begins with e^-2.4."""
    found = simulated(replace(NOBODY, cover=1), days=60).hidden[View.WATCHER].bits[::3]
    assert near(sum(value == 0 for value in found), len(found), math.exp(-2.4))


def test_against_who_knows_the_writers_only_writers_count() -> None:
    """Reports of different people at Poisson moments: none besides in a round with e^-λ, whatever pages there are."""
    found = simulated(replace(NOBODY, reports=96, pages=500, cover=3), days=30)
    knowing = found.hidden[View.KNOWING].bits
    assert near(sum(value == 0 for value in knowing), len(knowing), math.exp(-1))
    assert found.hidden[View.WATCHER].low > 1


def test_who_has_room_leaves_at_the_next_edge_so_the_wait_is_even_in_a_round() -> None:
    found = simulated(replace(NOBODY, reports=200), days=30)
    minutes = found.latencies
    assert len(minutes) > 5_000
    assert all(0 < wait <= 15 for wait in minutes)
    assert abs(sum(minutes) / len(minutes) - 7.5) < 3.89 * 15 / math.sqrt(12 * len(minutes))
    assert (found.overfull, found.carried_over, found.passed.waiting) == (0, 0, 0)


# --- exact, in a small case --------------------------------------------------------------------------------------


def test_the_likeliest_sender_over_two_rounds_is_the_one_who_was_in_both() -> None:
    there = {0: {1, 2, 3}, 1: {3, 4}}
    # 1/3 of the odds on round 0: 3 has 1/9 of them, and half of the 2/3 on round 1.
    assert guess({0: 1 / 3, 1: 2 / 3}, there.__getitem__) == pytest.approx(1 / 9 + 1 / 3)
    assert guess({1: 1.0}, there.__getitem__) == 0.5
    # Nobody can have sent in a round in which nobody was there.
    assert guess({0: 0.5, 2: 0.5}, {**there, 2: set()}.__getitem__) == pytest.approx(1 / 3)
    assert guess({2: 1.0}, {2: set[int]()}.__getitem__) == 1.0


def test_bits_are_the_logarithm_of_one_of_so_many() -> None:
    assert [bits(1 / many) for many in (1, 2, 8)] == [0.0, 1.0, 3.0]
    assert math.copysign(1, bits(1.0)) == 1


def test_a_percentile_is_one_of_the_values() -> None:
    values = [*range(1, 3_001)]
    assert [quantile(values, share) for share in (anonymity.LOW, 0.5, anonymity.HIGH)] == [3, 1_500, 2_997]
    assert quantile([7.0], anonymity.LOW) == 7.0
    assert quantile([], 0.5) is None


def test_with_carry_over_a_letter_may_be_of_another_round() -> None:
    """Twelve people in the first half hour of the day, one letter a bundle: the sought one is hidden among those who
    wait with it. Every hour of the day without them is as if they had never been."""
    crowd = replace(NOBODY, bursts=(Burst(12, 0),))
    found = simulated(crowd, days=2, letters=1)
    assert found.carried_over > 0.5
    assert found.most_held >= 4
    late = [value for value, hour in zip(found.hidden[View.WATCHER].bits, found.hours, strict=True) if 12 < hour < 23]
    early = [value for value, hour in zip(found.hidden[View.WATCHER].bits, found.hours, strict=True) if hour == 1]
    assert set(late) == {0.0}
    assert min(early) > 1
    assert found.latency_high is not None
    assert found.latency_high > 100


# --- questions ---------------------------------------------------------------------------------------------------


def test_the_same_question_and_chance_give_the_same_answer() -> None:
    question = Question(days=3)
    assert simulate(question, chance=Random(5)) == simulate(question, chance=Random(5))
    assert simulate(question, chance=Random(5)) != simulate(question, chance=Random(6))
    assert question.traffic.loss == ORDINARY_LOSS


@pytest.mark.slow
def test_more_cover_and_longer_rounds_are_more_company() -> None:
    lows = [simulated(Traffic(cover=cover)).hidden[View.WATCHER].low for cover in (0, 5, 20)]
    assert lows == sorted(set(lows))
    lows = [simulated(Traffic(), period=period).hidden[View.WATCHER].low for period in (300, 900, 1_800)]
    assert lows == sorted(set(lows))


@pytest.mark.parametrize(
    "question",
    [
        Question(Traffic(reports=7_000)),
        Question(Traffic(cover=10_000), days=365),
        Question(shape=Shape(period=5), days=3_650),
        Question(shape=Shape(period=86_400), days=1),
    ],
)
def test_what_cannot_be_simulated_is_said_before_it_begins(question: Question) -> None:
    with pytest.raises(TooMuch):
        simulate(question, chance=Random(1))


def test_how_far_it_is_is_told() -> None:
    told: list[tuple[str, float, float]] = []
    simulate(Question(days=11), chance=Random(1), progress=lambda *step: told.append(step))
    assert ("visits of cover", 4, 5) in told
    assert ("looking for the writer", 1_000, 1_056) in told
