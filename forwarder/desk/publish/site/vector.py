"""The map for those who have script: shapes of SVG, in the page itself, so that nothing else is fetched.

Pure: no clock, no disk, no chance. What is drawn is what the PNG shows; the script of the map only makes it larger.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from forwarder.desk.publish.place import Ring
from forwarder.desk.publish.site.drawing import country_view
from forwarder.desk.publish.site.marks import Marked
from forwarder.desk.publish.site.view import View
from forwarder.places.gazetteer import Gazetteer

WIDTH: Final = 1_000.0
# Names are shown from these zooms on, the larger places first; the number is in the name of a class of the style sheet.
LEVELS: Final = {1_000_000: 0, 500_000: 1, 100_000: 2, 50_000: 3, 15_000: 4, 0: 4}


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
    """The name of each place, the smallest first, so that larger ones are drawn over them."""
    ordered = sorted(gazetteer.places, key=lambda place: (place.people, place.id))
    points = [view.point(place.longitude, place.latitude) for place in ordered]
    return tuple(
        Name(place.name, _number(x, 2), _number(y, 2), LEVELS[place.people])
        for place, (x, y) in zip(ordered, points, strict=True)
    )


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
