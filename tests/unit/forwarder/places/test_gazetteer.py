"""A gazetteer is right or refused; the one of Mexico is whole, coarse, and what its data gives."""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import directory as directories
from crypto.directory import DIRECTORY_MAX, PLACES_MAX
from crypto.layers import RoundKey, RoundNumber
from deploy import gazetteer as building
from forwarder.desk.publish.place import Place
from forwarder.errors import NotAGazetteer
from forwarder.places.gazetteer import GAZETTEER_MAX, PEOPLE, Gazetteer
from forwarder.places.shipped import read_gazetteer, shipped, shipped_file
from tests.rig import Rig

#: As INEGI numbers them (Marco Geoestadístico), with the names that people use.
INEGI: Final = (
    "Aguascalientes", "Baja California", "Baja California Sur", "Campeche", "Coahuila", "Colima", "Chiapas",
    "Chihuahua", "Ciudad de México", "Durango", "Guanajuato", "Guerrero", "Hidalgo", "Jalisco", "Estado de México",
    "Michoacán", "Morelos", "Nayarit", "Nuevo León", "Oaxaca", "Puebla", "Querétaro", "Quintana Roo",
    "San Luis Potosí", "Sinaloa", "Sonora", "Tabasco", "Tamaulipas", "Tlaxcala", "Veracruz", "Yucatán", "Zacatecas",
)  # fmt: skip
#: The capital of each state, in the same order, by the state's name.
CAPITALS: Final = (
    "Aguascalientes", "Mexicali", "La Paz", "Campeche", "Saltillo", "Colima", "Tuxtla", "Chihuahua", "Ciudad de México",
    "Durango", "Guanajuato", "Chilpancingo", "Pachuca", "Guadalajara", "Toluca", "Morelia", "Cuernavaca", "Tepic",
    "Monterrey", "Oaxaca", "Puebla", "Querétaro", "Chetumal", "San Luis Potosí", "Culiacán", "Hermosillo",
    "Villahermosa", "Ciudad Victoria", "Tlaxcala", "Xalapa", "Mérida", "Zacatecas",
)  # fmt: skip
SMALL: Final[dict[str, Any]] = {
    "v": 1,
    "name": {"es": "Prueba", "en": "Test"},
    "sources": [{"name": "nobody", "licence": "none"}],
    "regions": [{"id": "a", "name": "A", "outline": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}, {"id": "b", "name": "B"}],
    "places": [
        {"id": "x", "name": "Equis", "region": "a", "latitude": 1.25, "longitude": -3, "people": 15000},
        {"id": "y", "name": "Ye", "region": "b", "latitude": -80, "longitude": 180, "people": 0},
    ],
}
Change = Callable[[dict[str, Any]], object]


def wire(value: object) -> bytes:
    return json.dumps(value).encode()


def changed(change: Change) -> bytes:
    value = deepcopy(SMALL)
    change(value)
    return wire(value)


# --- any gazetteer -----------------------------------------------------------------------------------------------


def test_what_is_written_reads_back_as_the_same() -> None:
    small = Gazetteer.read(wire(SMALL))
    assert Gazetteer.read(small.write()) == small
    assert [(place.id, place.name) for place in small.directory_places()] == [("x", "Equis, A"), ("y", "Ye, B")]
    assert Place.listed(small.places[0]) == Place("x", 1.25, -3)


BROKEN: Final[dict[str, Change]] = {
    "another version": lambda v: v.update(v=2),
    "an unknown key": lambda v: v.update(more=1),
    "a missing key": lambda v: v.pop("sources"),
    "no source": lambda v: v.update(sources=[]),
    "a source without a licence": lambda v: v["sources"][0].update(licence=""),
    "no place": lambda v: v.update(places=[]),
    "too many places": lambda v: v.update(places=[{**v["places"][0], "id": f"p{n}"} for n in range(PLACES_MAX + 1)]),
    "two of one id": lambda v: v["places"][1].update(id="x"),
    "two of one name": lambda v: v["places"][1].update(name="Equis", region="a"),
    "two regions of one id": lambda v: v["regions"][1].update(id="a"),
    "no such region": lambda v: v["places"][0].update(region="c"),
    "an id with a capital": lambda v: v["places"][0].update(id="X"),
    "an id with an accent": lambda v: v["places"][0].update(id="léon"),
    "an id that is too long": lambda v: v["places"][0].update(id="x" * 65),
    "an empty name": lambda v: v["places"][0].update(name=""),
    "a comma in a name": lambda v: v["places"][0].update(name="León, Guanajuato"),
    "a line end in a name": lambda v: v["places"][0].update(name="León\n"),
    "a hidden character in a name": lambda v: v["places"][0].update(name="Le\u202eón"),
    "a street": lambda v: v["places"][0].update(latitude=19.432),
    "a latitude beyond 80": lambda v: v["places"][0].update(latitude=80.01),
    "a longitude beyond 180": lambda v: v["places"][0].update(longitude=-180.01),
    "a latitude as text": lambda v: v["places"][0].update(latitude="19.43"),
    "a latitude that is true": lambda v: v["places"][0].update(latitude=True),
    "an odd number of people": lambda v: v["places"][0].update(people=15001),
    "a ring that does not close": lambda v: v["regions"][0].update(outline=[[[0, 0], [1, 0], [1, 1], [0, 1]]]),
    "a ring of three points": lambda v: v["regions"][0].update(outline=[[[0, 0], [1, 0], [0, 0]]]),
    "a point of three numbers": lambda v: v["regions"][0].update(outline=[[[0, 0, 0]] * 4]),
    "a ring that is too fine": lambda v: v["regions"][0].update(outline=[[[0, 0], [1.001, 0], [1, 1], [0, 0]]]),
    "a ring across 180": lambda v: v["regions"][0].update(outline=[[[170, 0], [-170, 0], [-170, 1], [170, 0]]]),
    "too many points": lambda v: v["regions"][0].update(outline=[[[0, 0]] * 26_000] * 2),
}


@pytest.mark.parametrize("change", BROKEN.values(), ids=BROKEN.keys())
def test_a_gazetteer_that_breaks_a_rule_is_refused(change: Change) -> None:
    with pytest.raises(NotAGazetteer):
        Gazetteer.read(changed(change))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 100_000,
        wire(SMALL).replace(b'"v": 1', b'"v": 1, "v": 1'),
        wire(SMALL).replace(b"1.25", b"NaN"),
        wire(SMALL).replace(b"1.25", b"-Infinity"),
        wire(SMALL).replace(b"1.25", b"1e999"),
        wire(SMALL).replace(b"1.25", b"1" * 5_000),
        wire(SMALL).replace(b"Equis", b"\\ud800"),
        wire(SMALL) + b" " * GAZETTEER_MAX,
    ],
)
def test_what_is_no_json_of_ours_is_refused(data: bytes) -> None:
    assert Gazetteer.read(wire(SMALL)).v == 1
    with pytest.raises(NotAGazetteer):
        Gazetteer.read(data)


VALUES: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*SMALL, "id"]), inner, max_size=3),
    max_leaves=8,
)


@given(st.binary(max_size=200) | st.builds(lambda key, value: changed(lambda v: v.update({key: value})),
                                           st.sampled_from([*SMALL]), VALUES))  # fmt: skip
def test_any_bytes_are_a_gazetteer_or_refused(data: bytes) -> None:
    with suppress(NotAGazetteer):
        found = Gazetteer.read(data)
        assert Gazetteer.read(found.write()) == found


@given(st.integers(0, 600), st.binary(min_size=1, max_size=3))
def test_an_altered_gazetteer_is_a_gazetteer_or_refused(at: int, instead: bytes) -> None:
    whole = wire(SMALL)
    with suppress(NotAGazetteer):
        found = Gazetteer.read(whole[:at] + instead + whole[at + len(instead) :])
        assert Gazetteer.read(found.write()) == found


def test_a_mistake_is_named_with_its_place_and_its_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_bytes(changed(lambda v: v["places"][1].update(people="many")))
    with pytest.raises(NotAGazetteer, match=r"mine\.json: .*places\[[1.]+\]\.people"):
        read_gazetteer(file)
    with pytest.raises(NotAGazetteer, match="No such file"):
        read_gazetteer(tmp_path / "none.json")


# --- Mexico's ----------------------------------------------------------------------------------------------------


def test_mexico_has_its_32_states_in_the_order_of_inegi_each_with_its_capital() -> None:
    mexico = shipped()
    assert tuple(region.name for region in mexico.regions) == INEGI
    assert [state.inegi for state in building.TABLE] == list(range(1, 33))
    for region, capital in zip(mexico.regions, CAPITALS, strict=True):
        assert region.outline
        inside = [place for place in mexico.places if place.region == region.id]
        assert any(capital in place.name for place in inside), region.name


def test_every_place_of_mexico_lies_in_its_state_or_at_its_edge() -> None:
    mexico = shipped()
    outlines = {region.id: region.outline for region in mexico.regions}
    far = {place.id: distance(place.longitude, place.latitude, outlines[place.region]) for place in mexico.places}
    assert {place: degrees for place, degrees in far.items() if degrees > 0.1} == {}


def distance(x: float, y: float, outline: tuple[tuple[tuple[float, float], ...], ...]) -> float:
    """How far a point is from the inside of an outline, in degrees; 0 within it."""
    nearest = 360.0
    for ring in outline:
        within = False
        for (ax, ay), (bx, by) in pairwise(ring):
            if (ay > y) != (by > y) and x < ax + (y - ay) * (bx - ax) / (by - ay):
                within = not within
            along = (bx - ax) ** 2 + (by - ay) ** 2
            part = max(0.0, min(1.0, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / along)) if along else 0.0
            nearest = min(nearest, ((ax + part * (bx - ax) - x) ** 2 + (ay + part * (by - ay) - y) ** 2) ** 0.5)
        if within:
            return 0.0
    return nearest


def test_mexico_has_every_city_over_15_000_and_names_its_sources() -> None:
    mexico = shipped()
    assert 500 <= len(mexico.places) == len(building.read_cities()) <= PLACES_MAX
    assert {place.people for place in mexico.places} == set(PEOPLE) - {0}
    assert all(place.id.startswith("mx-") for place in mexico.places)
    large = {place.id for place in mexico.places if place.people == 1_000_000}
    assert {"mx-ciudad-de-mexico", "mx-monterrey", "mx-guadalajara", "mx-tijuana"} <= large
    assert [source.licence.split(",")[0] for source in mexico.sources] == ["CC BY 4.0", "public domain"]


def test_with_all_of_mexico_the_answer_of_a_directory_is_no_larger_than_without() -> None:
    rig = Rig(Path("unused"), places=tuple(shipped().directory_places()))
    signed = directories.sign(rig.directory(), rig.root)
    assert len(signed) < DIRECTORY_MAX / 2
    key = RoundKey.generate(RoundNumber(int(time.time()) // 900)).announce(rig.relay.signing)
    answer = directories.write_answer(signed, [key])
    assert len(answer) == directories.ANSWER_STEP
    assert directories.read_answer(answer) == (signed, [key])


def test_the_shipped_file_is_what_the_data_gives() -> None:
    assert building.gazetteer(building.read_cities(), building.read_states()).write() == shipped_file()


def row(number: int, name: str, *, population: int = 20_000, country: str = "MX", admin1: str = "19") -> dict[str, Any]:
    return {
        "geonameid": number, "name": name, "latitude": 25.123456, "longitude": -100.98765, "countrycode": country,
        "population": population, "admin1code": admin1,
    }  # fmt: skip


def test_of_new_data_what_is_known_keeps_its_id_and_name_and_names_that_are_several_have_the_state_s() -> None:
    table = {
        "1": row(1, "San José", admin1="26"),
        "2": row(2, "San Jose"),
        "3": row(3, "Mexico City", admin1="09", population=12_000_000),
        "4": row(4, "Too small", population=14_999),
        "5": row(5, "Elsewhere", country="US"),
        "6": row(6, "Álamo y Ñandú"),
    }
    found = building.mexican(table, [])
    assert [city.id for city in found] == [
        "mx-san-jose-sonora",
        "mx-san-jose-nuevo-leon",
        "mx-ciudad-de-mexico",
        "mx-alamo-y-nandu",
    ]
    assert [building.City.parse(str(city)) for city in found] == found
    renamed = {"2": row(2, "Renamed"), "6": row(6, "Álamo"), "7": row(7, "San José", admin1="26")}
    again = building.mexican(renamed, found)
    assert [(city.id, city.name) for city in again] == [
        ("mx-san-jose-nuevo-leon", "San Jose"),
        ("mx-alamo-y-nandu", "Álamo y Ñandú"),
        ("mx-san-jose", "San José"),
    ]
