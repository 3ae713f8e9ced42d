"""Pure: the pace of an open page as numbers: when its ticks are, which lists are due, how long it waits
(docs/spec/pacing.md).

The browser's client has the same in onion_service/client/pacing.js and watching.js; a test compares what both ask for.
"""

import math
from random import Random
from typing import Final

from crypto.layers import RoundNumber

PACE_SECONDS: Final = 60.0
FIRST_WAIT: Final = 2.0
LONGEST_WAIT: Final = 120.0
# A relay sorts, signs and stores a bundle in less; the lists of a round are not asked for before.
SETTLE_SECONDS: Final = 10.0
TRIES: Final = 5
_MORE_LISTS: Final = 3
_MOST_DOUBLINGS: Final = 16
# A visit in which somebody might have written has so many ticks, and ends between two.
SHORTEST: Final = 2
LONGEST: Final = 20


class Grid:
    """The moments of the ticks: start + k x pace. One that is late goes at once; those slept through are left out."""

    __slots__ = ("_next", "_start")

    def __init__(self, *, start: float) -> None:
        self._start = start
        self._next = 0

    def wait(self, now: float) -> float:
        """Seconds until the next tick; zero when it is late."""
        seconds = self._start + self._next * PACE_SECONDS - now
        if seconds <= 2 * PACE_SECONDS:
            return max(0.0, seconds)
        # The clock was set back. The grid begins anew, or nothing would leave until it has caught up.
        self._start, self._next = now, 0
        return 0.0

    def begin(self, now: float) -> None:
        """A tick begins."""
        self._next = max(self._next, math.floor((now - self._start) / PACE_SECONDS)) + 1


class Waits:
    """Waits at the opening: they double and are never the same twice."""

    __slots__ = ("_attempt", "_chance")

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._attempt = 0

    def next(self) -> float:
        """Seconds to wait before the next attempt."""
        seconds = min(LONGEST_WAIT, FIRST_WAIT * 2**self._attempt) * (0.5 + self._chance.random() / 2)
        self._attempt = min(self._attempt + 1, _MOST_DOUBLINGS)
        return float(seconds)


class Lookout:
    """The rounds whose lists are still to be asked for, by the clock alone. `period`: seconds in a round."""

    __slots__ = ("_next", "_tries", "period")

    def __init__(self, *, first: RoundNumber, period: int) -> None:
        self._next: int = first
        self._tries = 0
        self.period = period

    @property
    def most(self) -> int:
        """How many rounds' lists to ask for at one tick, at most."""
        return _MORE_LISTS + math.ceil(PACE_SECONDS / self.period)

    def due(self, now: float) -> RoundNumber | None:
        """The round whose lists should be there, if one is left."""
        return RoundNumber(self._next) if (self._next + 1) * self.period + SETTLE_SECONDS <= now else None

    def seen(self) -> None:
        """The relay gave the lists of that round: on to the next."""
        self._next += 1
        self._tries = 0

    def missing(self) -> bool:
        """The relay has no lists of that round; whether it is not asked again."""
        self._tries += 1
        if self._tries < TRIES:
            return False
        self.seen()
        return True


def stay(chance: Random) -> float:
    """How long a visit lasts from its opening, in seconds."""
    ticks = chance.randint(SHORTEST, LONGEST)
    return PACE_SECONDS * (ticks - 1 + chance.random())


def gap(chance: Random, *, mean: float) -> float:
    """Seconds from the beginning of one visit to that of the next. Nothing of the last one says when the next comes."""
    return chance.expovariate(1 / mean)
