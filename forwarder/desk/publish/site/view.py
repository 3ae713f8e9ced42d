"""A view: a part of the earth on a flat picture, as an equirectangular map that is true at its middle.

Pure: no clock, no disk, no chance.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import cos, radians
from typing import Final, Self

from forwarder.desk.publish.place import Ring

# So that a town is never shown without what lies around it.
SPAN_MIN: Final = 0.6


@dataclass(frozen=True, slots=True)
class View:
    """What is shown: the edges in degrees, and how wide and high that is drawn, in pixels or other units."""

    west: float
    south: float
    east: float
    north: float
    width: float
    height: float

    @classmethod
    def around(cls, rings: Iterable[Ring], *, width: float, height: float = 0.0, margin: float = 0.04) -> Self:
        """All of the rings, with a margin (a part of the larger side). Without a height, as high as it takes."""
        points = [point for ring in rings for point in ring]
        west, east = min(x for x, _ in points), max(x for x, _ in points)
        south, north = min(y for _, y in points), max(y for _, y in points)
        flat = _flatness(south, north)
        side = max((east - west) * flat, north - south, SPAN_MIN)
        wide, high = (east - west) * flat + 2 * margin * side, north - south + 2 * margin * side
        if height:
            scale = max(wide / width, high / height, SPAN_MIN / min(width, height))
        else:
            scale = wide / width
            height = float(round(high / scale))
        wide, high = width * scale / flat, height * scale
        middle_x, middle_y = (west + east) / 2, (south + north) / 2
        return cls(middle_x - wide / 2, middle_y - high / 2, middle_x + wide / 2, middle_y + high / 2, width, height)

    @property
    def degrees(self) -> float:
        """How many degrees of latitude a unit is."""
        return (self.north - self.south) / self.height

    def point(self, longitude: float, latitude: float) -> tuple[float, float]:
        """Where a point of the earth is drawn, from the upper left corner."""
        return (
            (longitude - self.west) / (self.east - self.west) * self.width,
            (self.north - latitude) / (self.north - self.south) * self.height,
        )

    def ring(self, ring: Ring) -> list[tuple[float, float]]:
        """Where a ring is drawn."""
        return [self.point(longitude, latitude) for longitude, latitude in ring]

    def shows(self, longitude: float, latitude: float) -> bool:
        """Whether a point is in the picture."""
        return self.west <= longitude <= self.east and self.south <= latitude <= self.north


def _flatness(south: float, north: float) -> float:
    return cos(radians((south + north) / 2))
