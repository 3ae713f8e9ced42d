"""Who has a page open when, and in which rounds a cell of theirs reaches the relay (docs/simulate.md, "Traffic").

Pure: chance comes in as an argument, and every moment is in seconds from the start of the simulated time.

Visits are those of docs/spec/pacing.md and docs/spec/company.md, drawn by the same functions as the real ones.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from onion_service.pace import LONGEST, PACE_SECONDS, SHORTEST, gap, stay
from relay.gate import ORDINARY_LOSS
from relay.simulator.errors import NotTraffic

DAY: Final = 86_400
BURST_SECONDS: Final = 1_800
EVERY: Final = 600.0
# Reports come in the evening: nine times as many an hour at the peak as twelve hours later.
PEAK: Final = 20 * 3_600
SWING: Final = 0.8
# No visit without a report is open for longer; those that are open at the start began before it.
_BEFORE: Final = LONGEST * PACE_SECONDS

Progress = Callable[[str, float, float], None]


@dataclass(frozen=True, slots=True)
class Burst:
    """So many more reports every day, at moments of chance in the half hour from `second` (of the day) on."""

    count: int
    second: int


@dataclass(frozen=True, slots=True)
class Traffic:
    """What comes to the relay. `loss`: the odds that a cell does not arrive, each by itself.

    `reports`, `pages`: reports a day, and visits a day in which nobody reports; `evening`: both mostly in the evening.
    `cover`: programs that send cover, each beginning a visit every `every` seconds on average, day and night.
    `replay`: moments at which reports leave besides.
    """

    reports: float = 20.0
    pages: float = 60.0
    cover: int = 5
    every: float = EVERY
    evening: bool = True
    bursts: tuple[Burst, ...] = ()
    replay: tuple[float, ...] = ()
    loss: float = ORDINARY_LOSS

    def __post_init__(self) -> None:
        # Said so that what is no number at all (NaN) fails too.
        numbers = 0 <= self.reports < math.inf and 0 <= self.pages < math.inf and self.cover >= 0
        if not (numbers and 0 <= self.loss < 1 and self.every > 0):
            raise NotTraffic("reports and visits are numbers from 0 on, and of the cells some arrive")

    def reports_in(self, days: int) -> float:
        """How many reports come in so many days, on average."""
        return days * (self.reports + sum(burst.count for burst in self.bursts)) + len(self.replay)

    def visits_in(self, days: int) -> float:
        """How many visits there are in so many days, on average."""
        return self.reports_in(days) + days * (self.pages + self.cover * DAY / self.every)


@dataclass(frozen=True, slots=True)
class Visit:
    """One page. `opened`: its first tick; `letter`: the tick at which a report is to leave, if there is one.

    `sender`: whose it is. All visits of one cover program are one sender's; every other visit is somebody else's.
    """

    sender: int
    opened: float
    ticks: int
    letter: int | None = None


@dataclass(frozen=True, slots=True)
class Brought:
    """What came of a visit. `rounds`: those in which a cell of it arrived that may have been a letter.

    `sent`: how many cells it sent; `turns`: at how many of its ticks there was a new round. `wrote`: when its letter
    was to leave, and `arrived`: when it did arrive; both None without a report.
    """

    sender: int
    rounds: frozenset[int]
    sent: int
    turns: int
    wrote: float | None = None
    arrived: float | None = None


def visits(traffic: Traffic, *, days: int, chance: Random, progress: Progress) -> Iterator[Visit]:
    """All visits that are open at some moment of so many days, in no order."""
    ends = days * DAY
    streams = [Random(chance.getrandbits(64)) for _ in range(3)]  # noqa: S311 - nothing here is secret
    for number in range(traffic.cover):
        progress("visits of cover", number, traffic.cover)
        yield from _cover(number, traffic.every, ends=ends, chance=streams[0])
    progress("pages", 0, 1)
    sender = traffic.cover
    for wrote in _written(traffic, ends=ends, days=days, chance=streams[1]):
        yield writing(sender, wrote, streams[1])
        sender += 1
    for opened in _moments(traffic.pages, traffic.evening, ends=ends, chance=streams[2]):
        yield Visit(sender, opened, _ticks(streams[2]))
        sender += 1


def writing(sender: int, wrote: float, chance: Random) -> Visit:
    """The visit of somebody whose letter is to leave at `wrote`: at any of its ticks but the first."""
    ticks = _ticks(chance)
    letter = chance.randrange(SHORTEST - 1, ticks)
    return Visit(sender, wrote - letter * PACE_SECONDS, ticks, letter)


def bring(visit: Visit, *, period: int, loss: float, chance: Random) -> Brought:
    """What of a visit arrives, in rounds of `period` seconds. A letter that is lost goes again with the next tick, and
    the page stays open for it.

    What a page sends as it opens is no letter, since nobody has written one yet: it makes no company.
    """
    rounds: set[int] = set()
    touched: set[int] = set()
    tick, due, arrived = 0, visit.letter, None
    while tick < visit.ticks or due is not None:
        moment = visit.opened + tick * PACE_SECONDS
        number = math.floor(moment / period)
        touched.add(number)
        if loss <= 0 or chance.random() >= loss:
            if tick:
                rounds.add(number)
            if due is not None and tick >= due:
                due, arrived = None, moment
        tick += 1
    wrote = None if visit.letter is None else visit.opened + visit.letter * PACE_SECONDS
    return Brought(visit.sender, frozenset(rounds), tick, len(touched) - 1, wrote, arrived)


def _ticks(chance: Random) -> int:
    return math.floor(stay(chance) / PACE_SECONDS) + 1


def _cover(sender: int, every: float, *, ends: float, chance: Random) -> Iterator[Visit]:
    begins = gap(chance, mean=every) - _BEFORE
    while begins < ends:
        yield Visit(sender, begins, _ticks(chance))
        begins += gap(chance, mean=every)


def _written(traffic: Traffic, *, ends: float, days: int, chance: Random) -> Iterator[float]:
    yield from _moments(traffic.reports, traffic.evening, ends=ends + _BEFORE, chance=chance)
    for day in range(days):
        for burst in traffic.bursts:
            start = day * DAY + burst.second
            yield from (start + chance.uniform(0, BURST_SECONDS) for _ in range(burst.count))
    yield from traffic.replay


def _moments(a_day: float, evening: bool, *, ends: float, chance: Random) -> Iterator[float]:
    """A Poisson process of `a_day` moments a day, from before the start on; thinned from its highest rate."""
    if a_day <= 0:
        return
    highest = 1 + SWING if evening else 1.0
    moment = -_BEFORE
    while (moment := moment + chance.expovariate(highest * a_day / DAY)) < ends:
        if not evening or chance.random() * highest < 1 + SWING * math.cos(math.tau * (moment - PEAK) / DAY):
            yield moment
