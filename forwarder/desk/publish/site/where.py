"""Which places of the gazetteer an alert is about, found from its published cell and from nothing else.

Pure: no clock, no disk, no chance. Two alerts of one cell are about the same places, so the name of a place on the site
says no more than the cell does.
"""

from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import Final

from forwarder.desk.publish.place import COARSEST, FINEST, Cell, Place
from forwarder.places.gazetteer import Gazetteer, Listed

# Farther from a place than this, a cell is not said to be near it.
NEAR_KILOMETRES: Final = 50.0


@dataclass(frozen=True, slots=True)
class Where:
    """The places of a cell: those that lie in it, the largest first; else the one that is near, if any."""

    within: tuple[Listed, ...]
    near: Listed | None

    @property
    def places(self) -> tuple[Listed, ...]:
        """All of them."""
        return self.within or ((self.near,) if self.near else ())


class Finder:
    """Finds the places of cells in one gazetteer."""

    __slots__ = ("_cells", "_places", "of")

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._places: Final = sorted(gazetteer.places, key=lambda place: (-place.people, place.name, place.id))
        self._cells: Final[dict[str, list[Listed]]] = defaultdict(list)
        for place in self._places:
            for resolution in range(COARSEST, FINEST + 1):
                self._cells[Cell.around(Place.listed(place), resolution=resolution).index].append(place)
        self.of: Final = cache(self._of)

    def _of(self, cell: Cell) -> Where:
        """The places of a cell."""
        if within := self._cells.get(cell.index):
            return Where(tuple(within), None)
        distances = ((cell.kilometres_to(place), place) for place in self._places)
        far, nearest = min(distances, key=lambda found: (found[0], found[1].id))
        return Where((), nearest if far <= NEAR_KILOMETRES else None)
