"""The gazetteer: which places a report or an alert can be about, and where they lie, coarsely (docs/spec/places.md).

Pure: no clock, no disk, no chance. Whoever holds one has unique ids, a known region for every place, and no coordinate
finer than a hundredth of a degree; a file that says anything else is refused, with the place of the mistake.
"""

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final, Self

import msgspec

from crypto.directory import PLACES_MAX, Place, Words
from forwarder.errors import NotAGazetteer

VERSION: Final = 1
GAZETTEER_MAX: Final = 1_048_576
REGIONS_MAX: Final = 256
POINTS_MAX: Final = 50_000
RINGS_MAX: Final = 200
RING_MIN: Final = 4
SOURCES_MAX: Final = 8
NAME_MAX: Final = 100
TEXT_MAX: Final = 300
# About a kilometre: a place is a town, never a street.
DIGITS: Final = 2
# Nearer to a pole a cell of the map has no simple outline (forwarder/desk/publish/place.py).
LATITUDE_MAX: Final = 80.0
# How many people live there at least; where it is not known, 0.
PEOPLE: Final = (0, 15_000, 50_000, 100_000, 500_000, 1_000_000)

_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")

Point = tuple[float, float]
Ring = tuple[Point, ...]


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a part of the data comes from, and under which licence; both are named wherever it is published."""

    licence: str
    name: str

    def __post_init__(self) -> None:
        if not all(_is_line(text, TEXT_MAX) for text in (self.licence, self.name)):
            raise ValueError(f"a source has a name and a licence, each on one line of at most {TEXT_MAX} characters")


class Region(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A state or province. `outline`: closed rings of (longitude, latitude), or none."""

    id: str
    name: str
    outline: tuple[Ring, ...] = ()

    def __post_init__(self) -> None:
        if not (_SLUG.fullmatch(self.id) and _is_name(self.name)):
            raise ValueError("a region has an id of small letters, digits and hyphens, and a name without a comma")
        if len(self.outline) > RINGS_MAX:
            raise ValueError(f"an outline has at most {RINGS_MAX} rings")
        for ring in self.outline:
            if len(ring) < RING_MIN or ring[0] != ring[-1]:
                raise ValueError(f"a ring has {RING_MIN} points or more, and ends where it begins")
            if not all(_is_coarse(longitude, latitude) for longitude, latitude in ring):
                raise ValueError(_COARSE)
            if any(abs(one[0] - other[0]) > 180 for one, other in pairwise(ring)):
                raise ValueError("a ring does not cross the antimeridian: cut it in two there")


class Listed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A place as the gazetteer lists it: a town, by the point that stands for it, in degrees."""

    id: str
    latitude: float
    longitude: float
    name: str
    people: int
    region: str

    def __post_init__(self) -> None:
        if not (_SLUG.fullmatch(self.id) and _is_name(self.name)):
            raise ValueError("a place has an id of small letters, digits and hyphens, and a name without a comma")
        if not _is_coarse(self.longitude, self.latitude):
            raise ValueError(_COARSE)
        if self.people not in PEOPLE:
            raise ValueError(f"people is one of {', '.join(map(str, PEOPLE))}: how many live there at least")


class Gazetteer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A country's regions and places. `name`: what the whole is called, in Spanish and English."""

    name: Words
    places: tuple[Listed, ...]
    regions: tuple[Region, ...]
    sources: tuple[Source, ...]
    v: int

    def __post_init__(self) -> None:
        if self.v != VERSION:
            raise ValueError("a version of the format that we do not know")
        if not all(_is_line(text, NAME_MAX) for text in (self.name.es, self.name.en)):
            raise ValueError(f"the name of the whole is a line of at most {NAME_MAX} characters in each language")
        if not (1 <= len(self.regions) <= REGIONS_MAX and 1 <= len(self.places) <= PLACES_MAX):
            raise ValueError(f"a gazetteer has up to {REGIONS_MAX} regions and {PLACES_MAX} places, and one at least")
        if not 1 <= len(self.sources) <= SOURCES_MAX:
            raise ValueError(f"a gazetteer names 1 to {SOURCES_MAX} sources")
        if sum(len(ring) for region in self.regions for ring in region.outline) > POINTS_MAX:
            raise ValueError(f"all outlines together have at most {POINTS_MAX} points")
        for named in (self.regions, self.places):
            if len({entry.id for entry in named}) != len(named):
                raise ValueError("two entries have one id")
        if unknown := {place.region for place in self.places} - {region.id for region in self.regions}:
            raise ValueError(f"a place lies in {min(unknown)}, which is not among the regions")
        if len({(place.region, place.name) for place in self.places}) != len(self.places):
            raise ValueError("two places of one region have one name: nobody could tell them apart")

    @classmethod
    def read(cls, data: bytes) -> Self:
        """The gazetteer in a file's bytes. Raises NotAGazetteer with the place of the mistake; mend the file."""
        if len(data) > GAZETTEER_MAX:
            raise NotAGazetteer(f"longer than {GAZETTEER_MAX} bytes")
        try:
            plain = json.loads(data.decode("utf-8"), object_pairs_hook=_object, parse_constant=_no_number)
            return msgspec.convert(plain, type=cls)
        except (ValueError, OverflowError, RecursionError, msgspec.MsgspecError) as error:
            raise NotAGazetteer(_in_words(str(error))) from error

    def write(self) -> bytes:
        """The file that reads back as this: one region and one place on a line, so that changes can be looked at."""
        head = {"v": self.v, "name": self.name, "sources": self.sources}
        lines = [f" {_json(key)}: {_json(value)}" for key, value in head.items()]
        for key, entries in (("regions", self.regions), ("places", self.places)):
            inner = ",\n".join(f"  {_json(entry)}" for entry in entries)
            lines.append(f" {_json(key)}: [\n{inner}\n ]")
        return ("{\n" + ",\n".join(lines) + "\n}\n").encode()

    def full_names(self) -> dict[str, str]:
        """What a person reads of each place, by its id: its name, and after a comma what it lies in."""
        regions = {region.id: region.name for region in self.regions}
        return {place.id: f"{place.name}, {regions[place.region]}" for place in self.places}

    def directory_places(self) -> list[Place]:
        """The places as a directory names them, the largest first: so they are offered to who types."""
        names = self.full_names()
        ordered = sorted(self.places, key=lambda place: (-place.people, place.name, place.id))
        return [Place(id=place.id, name=names[place.id]) for place in ordered]


_COARSE: Final = (
    f"coordinates are degrees with at most {DIGITS} digits behind the point, latitudes up to {LATITUDE_MAX:g}, "
    "longitudes up to 180"
)


def _is_coarse(longitude: float, latitude: float) -> bool:
    within = abs(latitude) <= LATITUDE_MAX and abs(longitude) <= 180.0
    return within and all(round(value, DIGITS) == value for value in (longitude, latitude))


def _is_line(text: str, limit: int) -> bool:
    return 0 < len(text) <= limit and text.isprintable() and text == " ".join(text.split())


def _is_name(text: str) -> bool:
    # A comma stands between a place and its region where people read them.
    return _is_line(text, NAME_MAX) and "," not in text


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is not a number")


def _json(value: object) -> str:
    return json.dumps(msgspec.to_builtins(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _in_words(problem: str) -> str:
    """msgspec writes places as `$.places[0].id`; whoever wrote the file knows them as `places[0].id`."""
    plain = re.sub(r"`\$\.?([^`]*)`", lambda match: f"`{match[1] or 'the file'}`", problem)
    return "".join(_shown(plain))[:TEXT_MAX]


def _shown(text: str) -> Iterator[str]:
    return (one if one.isprintable() else "?" for one in text)
