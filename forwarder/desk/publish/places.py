"""The gazetteer as publishing needs it: where each place lies, and what it is called.

A file is a JSON object whose `places` is a list of objects with `id`, `name`, `latitude` and `longitude`; what else
it says is for others. It is the same file that the relay's operator takes the directory's places from.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt
from pathlib import Path
from typing import Final

import msgspec

from forwarder.desk.publish.errors import BadPlaces, NotAnAlert
from forwarder.desk.publish.place import Cell, Place

FILE_MAX: Final = 4_194_304
PLACES_MAX: Final = 10_000
NAME_MAX: Final = 400


class _Listed(msgspec.Struct, frozen=True):
    id: str
    name: str
    latitude: float
    longitude: float


class _File(msgspec.Struct, frozen=True):
    places: list[_Listed]


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """Places by their id, and their names."""

    places: Mapping[str, Place]
    names: Mapping[str, str]

    def nearest(self, cell: Cell) -> str:
        """The id of the place nearest to the middle of a cell, the first in the alphabet of several; empty when there
        is none. It comes from what is public: the cell and the gazetteer, and not from what reports said."""
        latitude, longitude = cell.middle
        return min(
            self.places,
            key=lambda one: (_apart(latitude, longitude, self.places[one]), one),
            default="",
        )


NOWHERE: Final = Gazetteer({}, {})


def read_places(path: Path) -> Gazetteer:
    """The gazetteer in a file; an empty one when there is no file. Raises BadPlaces."""
    try:
        with path.open("rb") as file:
            wire = file.read(FILE_MAX + 1)
    except FileNotFoundError:
        return NOWHERE
    except OSError as error:
        raise BadPlaces(path, f"cannot be read: {error.strerror}") from error
    return parse_places(wire, path=path)


def parse_places(wire: bytes, *, path: Path) -> Gazetteer:
    """The gazetteer that `wire` spells; `path` is for the message. Raises BadPlaces."""
    if len(wire) > FILE_MAX:
        raise BadPlaces(path, f"longer than {FILE_MAX} bytes")
    try:
        listed = msgspec.json.decode(wire, type=_File, strict=True).places
        places = {one.id: Place(one.id, one.latitude, one.longitude) for one in listed}
    except (msgspec.MsgspecError, UnicodeError, RecursionError, NotAnAlert) as error:
        raise BadPlaces(path, str(error)) from error
    if len(listed) > PLACES_MAX or len(places) < len(listed):
        raise BadPlaces(path, f"more than {PLACES_MAX} places, or two with one id")
    if not all(0 < len(one.name) <= NAME_MAX and one.name.isprintable() for one in listed):
        raise BadPlaces(path, f"the name of a place is one line of 1 to {NAME_MAX} characters")
    return Gazetteer(places, {one.id: one.name for one in listed})


def _apart(latitude: float, longitude: float, place: Place) -> float:
    """An angle that grows with the distance (haversine)."""
    north, east = radians(place.latitude - latitude), radians(place.longitude - longitude)
    half = sin(north / 2) ** 2 + cos(radians(latitude)) * cos(radians(place.latitude)) * sin(east / 2) ** 2
    return asin(sqrt(min(1.0, half)))
