"""How an alert is marked on a map: a shape, a colour and words for each, so that no meaning hangs on colour alone.

Pure: no clock, no disk, no chance.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from forwarder.desk.publish.alert import Alert, State
from forwarder.desk.publish.place import Cell
from forwarder.desk.publish.safety import Confidence


class Mark(Enum):
    """What stands in a cell; the value is its name in style sheets. The later one is drawn over the earlier."""

    WITHDRAWN = "withdrawn"
    UNCONFIRMED = "unconfirmed"
    BY_ONE = "one"
    BY_SEVERAL = "several"


@dataclass(frozen=True, slots=True)
class Look:
    """A square or a circle, full or hollow, in a colour (three bytes); `sign` is the character that looks like it."""

    square: bool
    full: bool
    colour: tuple[int, int, int]
    sign: str


# Each colour has a contrast of 4.5 to 1 or more to the land (247, 243, 233) and to white.
LOOKS: Final = {
    Mark.WITHDRAWN: Look(square=True, full=False, colour=(90, 90, 90), sign="□"),
    Mark.UNCONFIRMED: Look(square=False, full=False, colour=(154, 72, 0), sign="○"),
    Mark.BY_ONE: Look(square=False, full=True, colour=(0, 84, 160), sign="●"),
    Mark.BY_SEVERAL: Look(square=True, full=True, colour=(140, 0, 60), sign="■"),
}
_CONFIDENCE: Final = {
    Confidence.UNCONFIRMED: Mark.UNCONFIRMED,
    Confidence.CONFIRMED_BY_ONE: Mark.BY_ONE,
    Confidence.CONFIRMED_BY_SEVERAL: Mark.BY_SEVERAL,
}
_ORDER: Final = tuple(Mark)


@dataclass(frozen=True, slots=True)
class Marked:
    """A cell with its alerts, the newest first, and the mark of the surest one."""

    cell: Cell
    mark: Mark
    alerts: tuple[Alert, ...]


def mark_of(alert: Alert) -> Mark:
    """The mark of one alert."""
    return Mark.WITHDRAWN if alert.state is State.WITHDRAWN else _CONFIDENCE[alert.confidence]


def newest_first(alerts: Iterable[Alert]) -> list[Alert]:
    """By their last version; alerts of one hour by their ids."""
    return sorted(alerts, key=lambda alert: (-alert.issued[-1], alert.id))


def marked(alerts: Iterable[Alert]) -> list[Marked]:
    """Every cell that has alerts, in the order of drawing: large cells first, and the surest ones last."""
    cells: dict[Cell, list[Alert]] = defaultdict(list)
    for alert in alerts:
        cells[alert.cell].append(alert)
    found = [Marked(cell, _surest(inside), tuple(newest_first(inside))) for cell, inside in cells.items()]
    return sorted(found, key=lambda one: (one.cell.resolution, _ORDER.index(one.mark), one.cell.index))


def _surest(alerts: list[Alert]) -> Mark:
    return max(map(mark_of, alerts), key=_ORDER.index)
