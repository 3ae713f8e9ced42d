"""The gazetteer as publishing needs it: where each place lies, and what it is called (docs/spec/places.md).

It is the file that the desk's settings name, or the one that comes with Veladora where there is none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from forwarder.desk.publish.errors import BadPlaces
from forwarder.desk.publish.place import Cell, Place
from forwarder.errors import NotAGazetteer
from forwarder.places.gazetteer import Gazetteer as Listing
from forwarder.places.shipped import read_gazetteer, shipped


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """Places by their id, their names with their regions, and the whole list, if there is one."""

    places: Mapping[str, Place]
    names: Mapping[str, str]
    listing: Listing | None = None

    @classmethod
    def of(cls, listing: Listing) -> "Gazetteer":
        """The places of a list."""
        return cls({one.id: Place.listed(one) for one in listing.places}, listing.full_names(), listing)

    def nearest(self, cell: Cell) -> str:
        """The id of the place nearest to the middle of a cell, the first in the alphabet of several; empty when there
        is none. It comes from what is public: the cell and the gazetteer, and not from what reports said."""
        return min(self.places, key=lambda one: (cell.kilometres_to(self.places[one]), one), default="")


NOWHERE: Final = Gazetteer({}, {})


def read_places(path: Path) -> Gazetteer:
    """The gazetteer in a file; the one that comes with Veladora when there is no file. Raises BadPlaces."""
    if not path.exists():
        return Gazetteer.of(shipped())
    try:
        return Gazetteer.of(read_gazetteer(path))
    except NotAGazetteer as error:
        raise BadPlaces(path, str(error).removeprefix(f"{path}: ")) from error
