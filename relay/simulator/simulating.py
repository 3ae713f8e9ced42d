"""A relay's days, simulated: in every round one more writer reports, and is looked for (docs/simulate.md).

Chance comes in as an argument: the same question and the same chance give the same figures. There is no clock.
"""

import math
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from crypto.directory import BundleSizes
from relay.config import LoopSettings, SpoolSettings
from relay.simulator import anonymity, bandwidth, mixing, traffic
from relay.simulator.anonymity import HIGH, LOW, MEDIAN, View, quantile
from relay.simulator.bandwidth import Bandwidth, Counted
from relay.simulator.errors import TooMuch
from relay.simulator.mixing import Passage
from relay.simulator.traffic import DAY, Brought, Progress, Traffic

ROUNDS_MAX: Final = 1_000_000
VISITS_MAX: Final = 20_000_000
# The writer who is looked for; the others are numbered from 0.
_SOUGHT: Final = -1
_MINUTE: Final = 60


@dataclass(frozen=True, slots=True)
class Shape:
    """The relay: seconds of a round, sizes of bundles, places for letters in memory, loops a round, partners."""

    period: int = 900
    sizes: BundleSizes = field(default_factory=BundleSizes)
    places: int = SpoolSettings().letters
    loops: int = LoopSettings().per_round
    partners: int = 1


@dataclass(frozen=True, slots=True)
class Question:
    """What is simulated."""

    traffic: Traffic = field(default_factory=Traffic)
    shape: Shape = field(default_factory=Shape)
    days: int = 30

    @property
    def rounds(self) -> int:
        """How many whole rounds there are in these days."""
        return self.days * DAY // self.shape.period

    def check(self) -> None:
        """Raises TooMuch when it cannot be answered."""
        if not 2 <= self.rounds <= ROUNDS_MAX:
            raise TooMuch(f"{self.rounds} rounds: simulate at least 2 and at most {ROUNDS_MAX}")
        visits = self.traffic.visits_in(self.days)
        if visits > VISITS_MAX:
            raise TooMuch(f"some {visits:.0f} visits: simulate at most {VISITS_MAX}")
        coming, leaving = self.traffic.reports_in(self.days), self.rounds * self.shape.sizes.letters
        if coming >= leaving:
            raise TooMuch(
                f"{coming:.0f} reports come in these days and at most {leaving} leave: each would wait longer than the "
                "one before; take larger bundles or shorter rounds"
            )


@dataclass(frozen=True, slots=True)
class Hidden:
    """Min-entropy in bits against one view, one figure for every report that was looked for."""

    bits: tuple[float, ...]

    @property
    def low(self) -> float:
        """At the 0.1th percentile round."""
        return quantile(self.bits, LOW) or 0.0

    @property
    def median(self) -> float:
        """In half of the rounds it is no more."""
        return quantile(self.bits, MEDIAN) or 0.0

    @property
    def alone(self) -> float:
        """In which share of the rounds the writer is certain."""
        return sum(value <= 0.0 for value in self.bits) / len(self.bits)


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found. `hours`: the hour of the day of each report that was looked for, in the order of the bits."""

    question: Question
    hidden: Mapping[View, Hidden]
    hours: tuple[int, ...]
    passed: Passage
    bandwidth: Bandwidth

    @property
    def latencies(self) -> list[float]:
        """Minutes from when each report was to leave its page to the edge at which it left, in no order."""
        period = self.question.shape.period
        return [((one.left_in + 1) * period - one.wrote) / _MINUTE for one in self.passed.letters]

    @property
    def latency_median(self) -> float | None:
        """In minutes; None where no report came."""
        return quantile(self.latencies, MEDIAN)

    @property
    def latency_high(self) -> float | None:
        """At the 99.9th percentile, in minutes; None where no report came."""
        return quantile(self.latencies, HIGH)

    @property
    def overfull(self) -> float:
        """In which share of the rounds more letters were there than leave."""
        return sum(edge.held > self.passed.room for edge in self.passed.edges) / len(self.passed.edges)

    @property
    def carried_over(self) -> float:
        """Which share of the letters that left had waited for another bundle."""
        return 1 - mixing.ages(self.passed.letters)[0]

    @property
    def most_held(self) -> int:
        """The most letters there were at one edge."""
        return max(edge.held for edge in self.passed.edges)


def simulate(question: Question, *, chance: Random, progress: Progress = lambda _name, _done, _of: None) -> Answer:
    """The answer. Raises TooMuch."""
    question.check()
    streams = [Random(chance.getrandbits(64)) for _ in range(4)]  # noqa: S311 - nothing here is secret
    days = _Days(question, streams[0], streams[1], progress)
    passed = mixing.passage(days.came, room=question.shape.sizes.letters, chance=streams[2])
    bits, hours = _look(question, days, passed, streams[3], progress)
    shape = question.shape
    cost = bandwidth.bandwidth(
        shape.sizes,
        period=shape.period,
        partners=shape.partners,
        loops=shape.loops,
        days=question.days,
        counted=days.counted,
    )
    hidden = {view: Hidden(tuple(found)) for view, found in bits.items()}
    return Answer(question, hidden, tuple(hours), passed, cost)


class _Days:
    """Who was there in each round. `senders`: those of whom a cell arrived that may have been a letter, each once;
    `writers`: those whose letter arrived; `came`: when these letters were to leave."""

    def __init__(self, question: Question, chance: Random, losses: Random, progress: Progress) -> None:
        count, period = question.rounds, question.shape.period
        self.senders: list[set[int]] = [set() for _ in range(count)]
        self.writers: list[set[int]] = [set() for _ in range(count)]
        self.came: list[list[float]] = [[] for _ in range(count)]
        sums: Counter[str] = Counter()
        for visit in traffic.visits(question.traffic, days=question.days, chance=chance, progress=progress):
            brought = traffic.bring(visit, period=period, loss=question.traffic.loss, chance=losses)
            sums.update(visits=1, cells=brought.sent, turns=brought.turns)
            self._take(brought, period)
        self.counted = Counted(visits=sums["visits"], cells=sums["cells"], turns=sums["turns"])

    def _take(self, brought: Brought, period: int) -> None:
        for number in brought.rounds:
            if 0 <= number < len(self.senders):
                self.senders[number].add(brought.sender)
        if brought.arrived is None or brought.wrote is None:
            return
        number = math.floor(brought.arrived / period)
        if 0 <= number < len(self.came):
            self.writers[number].add(brought.sender)
            self.came[number].append(brought.wrote)


def _look(
    question: Question, days: _Days, passed: Passage, chance: Random, progress: Progress
) -> tuple[dict[View, list[float]], list[int]]:
    """Let one more report come in every round, one at a time, and look for its writer as each view would."""
    bits: dict[View, list[float]] = {view: [] for view in View}
    hours: list[int] = []
    period, count = question.shape.period, question.rounds
    habits = _habits(passed, period)
    for number in range(count):
        if number % 1_000 == 0:
            progress("looking for the writer", number, count)
        arrived = (number + chance.random()) * period
        left_in = mixing.departure(passed, number, chance)
        visit = traffic.writing(_SOUGHT, arrived, chance)
        sought = traffic.bring(visit, period=period, loss=0.0, chance=chance)
        if left_in is None:
            continue
        known = mixing.origins(passed, came_in=number, left_in=left_in)
        usual = habits.get(_hour(left_in * period), {0: 1.0})
        guessed = {left_in - age: share for age, share in usual.items() if age <= left_in}
        connected = _there(days.senders, sought.rounds)
        wrote = _there(days.writers, {number})
        bits[View.WATCHER].append(anonymity.bits(anonymity.guess(known, connected)))
        bits[View.PARTNER].append(anonymity.bits(anonymity.guess(guessed, connected)))
        bits[View.KNOWING].append(anonymity.bits(anonymity.guess(known, wrote)))
        hours.append(_hour(arrived))
    return bits, hours


def _habits(passed: Passage, period: int) -> dict[int, Mapping[int, float]]:
    """For each hour of the day, how many rounds letters that leave then have waited, in shares."""
    left: dict[int, list[mixing.Left]] = {}
    for letter in passed.letters:
        left.setdefault(_hour(letter.left_in * period), []).append(letter)
    return {hour: mixing.ages(letters) for hour, letters in left.items()}


def _hour(second: float) -> int:
    return int(second % DAY) // 3_600


def _there(others: Sequence[Collection[int]], rounds: Collection[int]) -> Callable[[int], Collection[int]]:
    """Who was there in a round: the others, and in `rounds` the writer who is looked for."""

    def those(at: int) -> Collection[int]:
        return {*others[at], _SOUGHT} if at in rounds else others[at]

    return those
