"""How an alert is marked on a map: a shape, a colour and words for each, so that no meaning hangs on colour alone.

Pure: no clock, no disk, no chance.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from forwarder.desk.publish.alert import Alert, State, newest_first
from forwarder.desk.publish.place import Cell
from forwarder.desk.publish.safety import Confidence


class Mark(Enum):
    """What stands in a cell; the value is its name in style sheets. The later one is drawn over the earlier."""

    WITHDRAWN = "withdrawn"
    OLD = "old"
    UNCONFIRMED = "unconfirmed"
    BY_ONE = "one"
    BY_SEVERAL = "several"


@dataclass(frozen=True, slots=True)
class Look:
    """A square or a circle, full or hollow, in a colour (three bytes); `sign` is the character that looks like it.
    `small`: half as large."""

    square: bool
    full: bool
    colour: tuple[int, int, int]
    sign: str
    small: bool = False


# Each colour has a contrast of 4.5 to 1 or more to the land (247, 243, 233) and to white.
LOOKS: Final = {
    Mark.WITHDRAWN: Look(square=True, full=False, colour=(90, 90, 90), sign="□"),
    Mark.OLD: Look(square=True, full=True, colour=(84, 76, 64), sign="▪", small=True),
    Mark.UNCONFIRMED: Look(square=False, full=False, colour=(154, 72, 0), sign="○"),
    Mark.BY_ONE: Look(square=False, full=True, colour=(0, 84, 160), sign="●"),
    Mark.BY_SEVERAL: Look(square=True, full=True, colour=(140, 0, 60), sign="■"),
}
SURE: Final = {
    Mark.BY_SEVERAL: Confidence.CONFIRMED_BY_SEVERAL,
    Mark.BY_ONE: Confidence.CONFIRMED_BY_ONE,
    Mark.UNCONFIRMED: Confidence.UNCONFIRMED,
}
_MARKS: Final = {confidence: mark for mark, confidence in SURE.items()}
_ORDER: Final = tuple(Mark)


@dataclass(frozen=True, slots=True)
class Marked:
    """A cell with its alerts, the newest first, and the mark of the surest one."""

    cell: Cell
    mark: Mark
    alerts: tuple[Alert, ...]


def is_old(alert: Alert, *, now: int) -> bool:
    """Whether nobody should take for granted any more that it holds. `now`: seconds since 1970."""
    return alert.state is not State.WITHDRAWN and now >= alert.current_until


def mark_of(alert: Alert, *, now: int) -> Mark:
    """The mark of one alert at `now`, in seconds since 1970."""
    if alert.confidence is None:
        return Mark.WITHDRAWN
    return Mark.OLD if is_old(alert, now=now) else _MARKS[alert.confidence]


def marked(alerts: Iterable[Alert], *, now: int) -> list[Marked]:
    """Every cell that has alerts at `now`, in the order of drawing: large cells first, and the surest ones last."""
    cells: dict[Cell, list[Alert]] = defaultdict(list)
    for alert in alerts:
        cells[alert.cell].append(alert)
    found = [Marked(cell, _surest(inside, now), tuple(newest_first(inside))) for cell, inside in cells.items()]
    return sorted(found, key=lambda one: (one.cell.resolution, _ORDER.index(one.mark), one.cell.index))


def _surest(alerts: list[Alert], now: int) -> Mark:
    return max((mark_of(alert, now=now) for alert in alerts), key=_ORDER.index)
