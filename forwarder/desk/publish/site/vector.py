"""The map for those who have script: shapes of SVG, in the page itself, so that nothing else is fetched.

Pure: no clock, no disk, no chance. What is drawn is what the PNG shows; the script of the map only makes it larger.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from forwarder.desk.folding import fold
from forwarder.desk.publish.place import Ring
from forwarder.desk.publish.site.drawing import country_view
from forwarder.desk.publish.site.marks import Marked
from forwarder.desk.publish.site.view import View
from forwarder.places.gazetteer import Gazetteer, Listed

Box = tuple[float, float, float, float]

WIDTH: Final = 1_000.0
# From these zooms on a name is shown, if its place has so many people and no name of a larger one is in its way; at the
# last one every name is. onion_service/client/map/main.js has the same zooms.
ZOOMS: Final = (0.9, 2.5, 6.0, 14.0, 28.0)
PEOPLE_AT: Final = (1_000_000, 500_000, 100_000, 15_000, 0)
# How large a name is, in units of the map when nothing is made larger.
_LETTER_WIDTH: Final = 7.5
_LETTER_HEIGHT: Final = 16.0


@dataclass(frozen=True, slots=True)
class Name:
    """The name of a place where it stands; `level`: from which zoom on it is shown."""

    text: str
    x: str
    y: str
    level: int


@dataclass(frozen=True, slots=True)
class Spot:
    """A cell: its outline and its middle as path data, its mark, what it is called, and the page it leads to."""

    outline: str
    middle: str
    mark: str
    title: str
    href: str


@dataclass(frozen=True, slots=True)
class Vector:
    """All of the map. `box`: width and height."""

    box: str
    land: tuple[str, ...]
    names: tuple[Name, ...]
    spots: tuple[Spot, ...]


def view_of(gazetteer: Gazetteer) -> View:
    """What the vector map shows before it is made larger."""
    return country_view(gazetteer, width=WIDTH)


def land(gazetteer: Gazetteer, view: View) -> tuple[str, ...]:
    """The outline of each region."""
    return tuple(
        "".join(_closed(view, ring, digits=2) for ring in region.outline)
        for region in gazetteer.regions
        if region.outline
    )


def names(gazetteer: Gazetteer, view: View) -> tuple[Name, ...]:
    """The name of each place, those that are shown first in front."""
    points = {place.id: view.point(place.longitude, place.latitude) for place in gazetteer.places}
    waiting = sorted(gazetteer.places, key=lambda place: (-place.people, fold(place.name), place.id))
    shown: list[Listed] = []
    found = []
    for level, (zoom, people) in enumerate(zip(ZOOMS, PEOPLE_AT, strict=True)):
        taken = [_box(points[place.id], place.name, zoom) for place in shown]
        later = []
        for place in waiting:
            box = _box(points[place.id], place.name, zoom)
            if level < len(ZOOMS) - 1 and (place.people < people or any(_overlap(box, other) for other in taken)):
                later.append(place)
                continue
            taken.append(box)
            shown.append(place)
            x, y = points[place.id]
            found.append(Name(place.name, _number(x, 2), _number(y, 2), level))
        waiting = later
    return tuple(found)


def _box(point: tuple[float, float], name: str, zoom: float) -> Box:
    x, y = point
    return x, y - _LETTER_HEIGHT / zoom / 2, x + (len(name) + 2) * _LETTER_WIDTH / zoom, y + _LETTER_HEIGHT / zoom / 2


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def spots(cells: Sequence[Marked], view: View, *, titles: Sequence[str], hrefs: Sequence[str]) -> tuple[Spot, ...]:
    """Every cell whose middle is in the view."""
    found = []
    for one, title, href in zip(cells, titles, hrefs, strict=True):
        latitude, longitude = one.cell.middle
        if view.shows(longitude, latitude):
            outline = "".join(_closed(view, ring, digits=3) for ring in one.cell.rings())
            x, y = view.point(longitude, latitude)
            middle = f"M{_number(x, 3)} {_number(y, 3)}h0"
            found.append(Spot(outline, middle, one.mark.value, title, href))
    return tuple(found)


def _closed(view: View, ring: Ring, *, digits: int) -> str:
    points = " ".join(f"{_number(x, digits)},{_number(y, digits)}" for x, y in view.ring(ring)[:-1])
    return f"M{points}z"


def _number(value: float, digits: int) -> str:
    return f"{value:.{digits}f}".rstrip("0").rstrip(".")
