"""Where something happened, as the public may know it: a cell of the H3 grid, never a point (docs/spec/alerts.md).

Pure: no clock, no disk, no chance. Coarser cells are the parents of the finest one, so what two versions of an
alert say together is no more than what the finer one says alone.
"""

from dataclasses import dataclass
from typing import Final, Self

import h3

from forwarder.desk.publish.errors import NotAnAlert
from forwarder.places.gazetteer import LATITUDE_MAX, Listed

FINEST: Final = 8
COARSEST: Final = 3
# A tenth of a metre, which says nothing about anybody: these are corners of cells.
_DIGITS: Final = 6

Ring = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A place of the gazetteer: its id, and the point that stands for it, in degrees. It does not leave the desk."""

    id: str
    latitude: float
    longitude: float

    def __post_init__(self) -> None:
        if not (abs(self.latitude) <= LATITUDE_MAX and abs(self.longitude) <= 180.0):
            raise NotAnAlert(f"a place lies between {LATITUDE_MAX:g}° south and north, and has a longitude up to 180°")

    @classmethod
    def listed(cls, place: Listed) -> Self:
        """A place as the gazetteer has it."""
        return cls(place.id, place.latitude, place.longitude)


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of the H3 grid, by its index in hexadecimal. Raises NotAnAlert on anything else, or a finer one."""

    index: str

    def __post_init__(self) -> None:
        if len(self.index) != 15 or self.index != self.index.lower() or not h3.is_valid_cell(self.index):
            raise NotAnAlert("not a cell of the H3 grid")
        if not COARSEST <= self.resolution <= FINEST:
            raise NotAnAlert(f"a published cell has a resolution from {COARSEST} to {FINEST}")

    @classmethod
    def around(cls, place: Place, *, resolution: int) -> Self:
        """The cell of this resolution that a place belongs to."""
        return cls(h3.cell_to_parent(h3.latlng_to_cell(place.latitude, place.longitude, FINEST), resolution))

    @property
    def resolution(self) -> int:
        """From 3 (some 12 000 km²) to 8 (some 0.7 km²)."""
        return int(h3.get_resolution(self.index))

    def parent(self, resolution: int) -> "Cell":
        """The cell of this resolution that it lies in; itself where it is as large, or larger, already."""
        return self if resolution >= self.resolution else Cell(h3.cell_to_parent(self.index, resolution))

    def is_within(self, other: "Cell") -> bool:
        """Whether `other` is this cell or one of its parents."""
        return self.resolution >= other.resolution and self.parent(other.resolution) == other

    @property
    def square_kilometres(self) -> float:
        """Its area."""
        return float(h3.cell_area(self.index, unit="km^2"))

    @property
    def middle(self) -> tuple[float, float]:
        """Latitude and longitude of its centre."""
        latitude, longitude = h3.cell_to_latlng(self.index)
        return round(latitude, _DIGITS), round(longitude, _DIGITS)

    def kilometres_to(self, place: "Place | Listed") -> float:
        """How far a place is from its centre."""
        return float(h3.great_circle_distance(self.middle, (place.latitude, place.longitude), unit="km"))

    def rings(self) -> tuple[Ring, ...]:
        """Its outline as closed rings of (longitude, latitude), counter-clockwise (RFC 7946, 3.1.6); two of them where
        it lies across the antimeridian (3.1.9)."""
        corners = [(longitude, latitude) for latitude, longitude in h3.cell_to_boundary(self.index)]
        if _turn(_eastward(corners)) < 0:
            corners.reverse()
        if max(x for x, _ in corners) - min(x for x, _ in corners) <= 180.0:
            return (_closed(corners),)
        east = _eastward(corners)
        west_part, east_part = _half(east, keep=-1), _half(east, keep=1)
        return tuple(_closed(part) for part in (west_part, [(x - 360.0, y) for x, y in east_part]) if _turn(part) > 0)


def _eastward(corners: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The same corners without a jump: those west of the antimeridian first, the others beyond 180°."""
    if max(x for x, _ in corners) - min(x for x, _ in corners) <= 180.0:
        return corners
    return [(x + 360.0 if x < 0 else x, y) for x, y in corners]


def _half(corners: list[tuple[float, float]], *, keep: int) -> list[tuple[float, float]]:
    """The part of a convex outline on one side of 180° (keep: -1 or 1)."""
    part: list[tuple[float, float]] = []
    for (x, y), (next_x, next_y) in zip(corners, [*corners[1:], corners[0]], strict=True):
        if (x - 180.0) * keep >= 0:
            part.append((x, y))
        if (x - 180.0) * (next_x - 180.0) < 0:
            part.append((180.0, y + (next_y - y) * (180.0 - x) / (next_x - x)))
    return part


def _turn(corners: list[tuple[float, float]]) -> float:
    """Twice the signed area; above zero when the corners go counter-clockwise."""
    pairs = zip(corners, [*corners[1:], *corners[:1]], strict=True)
    return sum(x * next_y - next_x * y for (x, y), (next_x, next_y) in pairs)


def _closed(corners: list[tuple[float, float]]) -> Ring:
    rounded = [(round(x, _DIGITS), round(y, _DIGITS)) for x, y in corners]
    return (*rounded, rounded[0])
