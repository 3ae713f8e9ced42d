"""Which moments would tell something: those inside the window that are not a round's edge.

Pure: all numbers are seconds since 1970, UTC.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

TOLERANCE: Final = 0.05
# The kernel dates inodes by a clock that moves on with its ticks, at most 100 a second, so up to so much late.
TICK: Final = 0.01
_ISO: Final = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?)?(Z|[+-]\d{2}:\d{2})?")
_SECONDS: Final = re.compile(r"\d{1,11}(\.\d{1,9})?")
_BACK: Final = re.compile(r"-(\d{1,6})([smhd])")
_UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_LATEST: Final = 2.0**33


class NotAMoment(ValueError):
    """The text does not say a moment or a window; whoever typed it must write it again."""


@dataclass(frozen=True, slots=True)
class Window:
    """The time in which reports came. `period`: seconds of a round. `slack`: how long after an edge its work may take.

    `arrivals`: the secret times of arrival, for tests; a time within `tolerance` of one of them recovers it.
    """

    start: float
    end: float
    period: int
    slack: float
    arrivals: tuple[float, ...] = ()
    tolerance: float = TOLERANCE

    def __post_init__(self) -> None:
        if not 0 < self.start < self.end < _LATEST:
            raise NotAMoment("a window begins before it ends, and both lie between 1970 and 2242")
        if self.period < 1 or not 0 <= self.slack < self.period:
            raise NotAMoment("a round has at least a second, and the work after an edge less than a round")
        if list(self.arrivals) != sorted(self.arrivals):
            raise ValueError("arrivals stand in their order")

    def tells(self, earliest: float, latest: float | None = None) -> bool:
        """Whether a time known to lie between two moments is inside the window and at no edge."""
        latest = earliest if latest is None else latest
        if latest < self.start or earliest > self.end:
            return False
        edge = (latest + TICK) // self.period * self.period
        return not any(edge - TICK <= moment <= edge + self.slack for moment in (latest, earliest))

    def recovers(self, earliest: float, latest: float | None = None) -> bool:
        """Whether a time between two moments gives an arrival away."""
        latest = earliest if latest is None else latest
        at = bisect_left(self.arrivals, earliest - self.tolerance)
        return at < len(self.arrivals) and self.arrivals[at] <= latest + self.tolerance

    @property
    def telling(self) -> float:
        """Seconds of the window that are at no edge."""
        return max(0.0, (self.end - self.start) * (1 - self.slack / self.period))

    @property
    def recovering(self) -> float:
        """Seconds around arrivals, those around two of them counted once."""
        total, covered = 0.0, float("-inf")
        for arrival in self.arrivals:
            low, high = max(covered, arrival - self.tolerance), arrival + self.tolerance
            total += max(0.0, high - low)
            covered = max(covered, high)
        return total


def parse_moment(text: str, *, now: float) -> float:
    """`2026-11-22T20:15Z` (UTC when no zone is said), seconds since 1970, `now`, or `-90m`. Raises NotAMoment."""
    text = text.strip()
    if text == "now":
        return now
    if back := _BACK.fullmatch(text):
        return now - int(back[1]) * _UNITS[back[2]]
    if _SECONDS.fullmatch(text):
        return float(text)
    if _ISO.fullmatch(text):
        try:
            parsed = datetime.fromisoformat(text)
        except ValueError as error:
            raise NotAMoment(f"no such moment: {text}") from error
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
    raise NotAMoment(f"not a moment: {text}; write 2026-11-22T20:15Z, seconds since 1970, now or -90m")


def parse_span(text: str, *, now: float) -> tuple[float, float]:
    """`FROM..TO` as two moments. Raises NotAMoment."""
    first, dots, last = text.partition("..")
    if not dots:
        raise NotAMoment(f"not a window: {text}; write FROM..TO")
    start, end = parse_moment(first, now=now), parse_moment(last, now=now)
    if start >= end:
        raise NotAMoment(f"the window {text} ends before it begins")
    return start, end


def default_slack(period: int) -> float:
    """How long the work after an edge may take: a fiftieth of the round, within two seconds and fifteen: two beats
    pass before a round is closed."""
    return min(15.0, max(2.0, period / 50), period / 2)


def span_of(arrivals: Sequence[float]) -> tuple[float, float]:
    """A window that holds these arrivals, with a second before and after."""
    return min(arrivals) - 1, max(arrivals) + 1
