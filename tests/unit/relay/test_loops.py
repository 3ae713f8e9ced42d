"""Loops leave when chance wills, one like the other, and their relay knows at the edge which came back."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.cells import CellClass, class_and_depth
from crypto.layers import Kind, RoundKey, RoundNumber, peel
from onion_service.errors import OnionUnreachable
from relay.gate import Seen, Tally
from relay.loops import Loops, moments, settling
from relay.rounds import Rounds

ROUNDS = Rounds(900, 4)
FIRST = RoundNumber(1_000)
PER_ROUND = 12


class Over(Exception):
    """The test has seen enough."""


@dataclass
class Line:
    """A virtual clock, a way to the door, and what passed. `fate` says what becomes of a loop: None, and it comes."""

    fate: Callable[[int], Exception | None] = lambda _number: None
    time: float = FIRST * 900.0 - settling(ROUNDS)
    ends: float = (FIRST + 1) * 900.0
    sent: list[tuple[float, bytes]] = field(default_factory=list)
    key: RoundKey = field(default_factory=lambda: RoundKey.generate(FIRST))
    loops: Loops = field(init=False)

    def __post_init__(self) -> None:
        self.loops = Loops(
            per_round=PER_ROUND,
            rounds=ROUNDS,
            url="http://onion/cells",
            post=self.post,
            key=lambda: self.key,
            now=lambda: self.time,
            until=self.until,
            chance=Random(1),
        )

    async def until(self, moment: float) -> None:
        # The calls that were begun go first, as they would while somebody waits.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        if moment > self.ends:
            raise Over
        self.time = max(self.time, moment)

    def post(self, url: str, body: bytes, *, limit: int, timeout: float) -> Awaitable[object]:
        return self._post(body)

    async def _post(self, body: bytes) -> None:
        self.sent.append((self.time, body))
        if (failure := self.fate(len(self.sent))) is not None:
            raise failure
        self.loops.came(peel(body, self.key).inner)

    def run(self) -> Tally:
        """What the loops of the first round showed at its edge."""
        with pytest.raises(ExceptionGroup) as ended:
            asyncio.run(self.loops.run())
        assert ended.value.subgroup(Over) is not None
        return self.loops.tally(FIRST)


def test_all_loops_of_a_round_leave_in_its_time_and_come_back() -> None:
    line = Line()
    assert line.run() == Tally(wanted=PER_ROUND, sent=PER_ROUND, back=PER_ROUND)
    times = [at for at, _ in line.sent][:PER_ROUND]
    assert times == sorted(times)
    assert FIRST * 900 - 60 <= times[0] < times[-1] <= (FIRST + 1) * 900 - 60


def test_a_loop_is_cover_to_whoever_peels_it_and_no_two_are_alike() -> None:
    line = Line()
    line.run()
    bodies = [body for _, body in line.sent]
    assert {class_and_depth(len(body)) for body in bodies} == {(CellClass.LETTER, 0)}
    assert {peel(body, line.key).kind for body in bodies} == {Kind.COVER}
    assert len({peel(body, line.key).inner[:16] for body in bodies}) == len(bodies)


def test_what_does_not_come_back_is_missing_whatever_its_sender_was_told() -> None:
    line = Line(fate=lambda number: OnionUnreachable("held back") if number % 2 else None)
    tally = line.run()
    assert tally == Tally(wanted=PER_ROUND, sent=PER_ROUND, back=PER_ROUND // 2)
    assert tally.seen() is Seen.MISSING


def test_other_cover_is_nobody_s_loop() -> None:
    line = Line(fate=lambda _: OnionUnreachable("held back"))

    async def run() -> None:
        with pytest.raises(ExceptionGroup):
            await line.loops.run()

    asyncio.run(run())
    line.loops.came(bytes(CellClass.LETTER.length_after(1)))
    line.loops.came(b"")
    assert line.loops.tally(FIRST).back == 0


def test_a_relay_that_starts_in_the_middle_of_a_round_shows_nothing_of_it() -> None:
    line = Line(time=FIRST * 900.0 + 300)
    tally = line.run()
    assert 0 < tally.sent < PER_ROUND
    assert tally.back == tally.sent
    assert tally.seen() is Seen.UNTOLD


def test_loops_are_forgotten_at_the_edge() -> None:
    line = Line()
    assert line.run().sent == PER_ROUND
    assert line.loops.tally(FIRST) == Tally(wanted=PER_ROUND, sent=0, back=0)
    assert set(line.loops._under_way) <= {FIRST + 1}


def test_a_round_that_nobody_ran_shows_nothing() -> None:
    assert Line().loops.tally(FIRST).seen() is Seen.UNTOLD


@given(st.integers(min_value=5, max_value=86_400), st.integers(0, 10**6), st.randoms(use_true_random=False))
def test_moments_lie_in_the_time_of_their_round_and_of_no_other(period: int, number: int, chance: Random) -> None:
    rounds = Rounds(period, 4)
    found = moments(RoundNumber(number), rounds, count=48, chance=chance)
    ends = rounds.edge(RoundNumber(number)) - settling(rounds)
    assert len(found) == 48
    assert all(ends - period <= moment <= ends for moment in found)
    assert 0 < settling(rounds) <= min(60, 0.2 * period)


def test_moments_are_even_over_the_round() -> None:
    chance = Random(2)
    parts = [0] * 10
    for _ in range(1_000):
        for moment in moments(FIRST, ROUNDS, count=48, chance=chance):
            parts[min(9, int((moment - FIRST * 900 + 60) / 90))] += 1
    # Chi-square with 9 degrees at 1e-4.
    assert sum((part - 4_800) ** 2 / 4_800 for part in parts) < 33.72
