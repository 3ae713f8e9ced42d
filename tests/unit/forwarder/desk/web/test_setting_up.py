"""What a new desk is asked is checked by the rules of desk.toml; each fault is at its field, nothing typed is lost."""

import random
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from crypto.words import WORDS
from forwarder.desk.config import PartnerSettings, RelaySettings
from forwarder.desk.web.forms import Form
from forwarder.desk.web.setting_up import (
    PLAIN_WORDS,
    RELAY_FIELDS,
    check_onion,
    check_partner,
    check_pasted,
    check_relay,
    id_from,
    offered_passphrase,
)
from onion_service.address import OnionAddress
from tests.unit.forwarder.desk.given import CARD, RELAY_SETTINGS

GOOD = {
    "name": "Red Norte",
    "id": "",
    "passphrase": "seis palabras al azar aqui",
    "again": "seis palabras al azar aqui",
}
LINES = {name: str(getattr(RELAY_SETTINGS, name)) for name in RELAY_FIELDS}
BLOCK = "\n".join(f"{name} = {value}" if value.isdecimal() else f'{name} = "{value}"' for name, value in LINES.items())

ONION = str(OnionAddress.of_public_key(bytes(range(32))))


def form(**fields: str) -> Form:
    return Form.parse(urlencode(fields).encode())


def test_the_words_that_are_offered_are_typed_alike_on_every_keyboard_and_are_many() -> None:
    offered = offered_passphrase(random.Random(7).choice)
    assert len(offered.split()) == 6
    assert offered.isascii()
    assert set(offered.split()) <= set(PLAIN_WORDS) < set(WORDS)
    # Ten bits and a half each: more than sixty in six words.
    assert len(PLAIN_WORDS) ** 6 > 2**62


def test_a_name_and_a_passphrase_typed_twice_make_a_partner() -> None:
    checked = check_partner(form(**GOOD))
    assert checked.faults == {}
    assert checked.partner == PartnerSettings(id="red-norte", name="Red Norte")


@pytest.mark.parametrize(
    ("changed", "at"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 401}, "name"),
        ({"name": "Red\u202eNorte"}, "name"),
        ({"name": "…"}, "id"),
        ({"id": "Red Norte"}, "id"),
        ({"id": "-norte"}, "id"),
        ({"passphrase": "corta", "again": "corta"}, "passphrase"),
        ({"passphrase": "a" * 16, "again": "a" * 16}, "passphrase"),
        ({"passphrase": "ababababab abab abab", "again": "ababababab abab abab"}, "passphrase"),
        ({"passphrase": "seis palabras\u200b al azar aqui"}, "passphrase"),
        ({"passphrase": "seis palabras " * 80}, "passphrase"),
        ({"again": "otra"}, "again"),
    ],
)
def test_a_fault_is_said_at_its_field_and_what_was_typed_stays(changed: dict[str, str], at: str) -> None:
    fields = {**GOOD, **changed}
    checked = check_partner(form(**fields))
    assert set(checked.faults) == {at}
    assert checked.partner is None
    assert checked.typed["name"] == fields["name"]
    assert "passphrase" not in checked.typed


@given(st.text(max_size=80))
def test_an_id_made_of_any_name_is_one_or_empty(name: str) -> None:
    found = id_from(name)
    assert not found or PartnerSettings(id=found, name="x").id == found


def test_the_operators_lines_are_read_from_their_fields() -> None:
    checked = check_relay(form(**LINES))
    assert (checked.faults, checked.relay) == ({}, RELAY_SETTINGS)


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("identity", "f" * 63),
        ("identity", "F" * 64),
        ("card", "a" * 56 + ".onion"),
        ("card", CARD.upper()),
        ("round_seconds", "4"),
        ("round_seconds", "900.0"),
        ("letters", "0"),
        ("letters", "muchas"),
        ("parcels", "1025"),
        ("parcel_every", ""),
        ("keep_rounds", "3"),
        ("partners_onion", "http://x.onion"),
    ],
)
def test_each_wrong_line_is_a_fault_at_its_own_field(name: str, typed: str) -> None:
    checked = check_relay(form(**{**LINES, name: typed}))
    assert set(checked.faults) == {name}
    assert checked.relay is None
    assert checked.typed == {**LINES, name: typed}


@given(st.fixed_dictionaries({name: st.text(max_size=70) for name in RELAY_FIELDS}))
def test_any_lines_are_what_desk_toml_accepts_or_have_faults(lines: dict[str, str]) -> None:
    checked = check_relay(form(**lines))
    assert (checked.relay is None) == bool(checked.faults)
    assert checked.relay is None or isinstance(checked.relay, RelaySettings)


@pytest.mark.parametrize(
    "pasted",
    [
        BLOCK,
        f"[relay]\n{BLOCK}\n",
        "\n".join(f"# {line}" for line in f"[relay]\n{BLOCK}".splitlines()),
        "\n".join(f"> {line}" for line in BLOCK.splitlines()),
        BLOCK.replace('"\n', '"   # a comment of the operator\n'),
        f"Hola, Ana:\n\nAquí van. ¡Suerte!\n\n[relay]\n{BLOCK}\n\nSaludos\n-- \nEl operador = Beto",
        BLOCK.replace('"', "”").replace("= ”", "= “"),
        BLOCK.replace("card = ", "card =\n"),
        "\n".join(f"> {line}" for line in BLOCK.replace("card = ", "card =\n").splitlines()),
        f"{BLOCK}\n\nEl lunes, Beto escribió:\n" + "\n".join(f"> {line}" for line in BLOCK.splitlines()),
    ],
)
def test_lines_are_pasted_as_they_came_in_a_message(pasted: str) -> None:
    checked = check_pasted(form(pasted=pasted))
    assert checked.faults == {}
    assert {name: checked.typed[name] for name in RELAY_FIELDS} == LINES


@pytest.mark.parametrize(
    ("pasted", "said"),
    [
        ("Hola, Ana:\nmañana se las mando.", "no están las líneas"),
        (BLOCK.replace("parcels =", "parcel ="), "no son de las que se piden"),
        (f"{BLOCK}\n> letters = 9", "no dicen lo mismo"),
    ],
)
def test_lines_that_are_missing_misspelt_or_two_are_said(pasted: str, said: str) -> None:
    checked = check_pasted(form(pasted=pasted))
    assert said in checked.faults["pasted"]
    assert checked.typed["pasted"] == pasted


@pytest.mark.parametrize(
    "pasted", [ONION, f'partners_onion = "{ONION}"', f'Ya está:\n{BLOCK}\npartners_onion = "{ONION}"']
)
def test_where_to_come_for_what_was_missed_may_be_told_later(pasted: str) -> None:
    checked = check_onion(form(partners_onion=pasted.replace('partners_onion = ""', "")), RELAY_SETTINGS)
    assert checked.faults == {}
    assert checked.relay == structs.replace(RELAY_SETTINGS, partners_onion=ONION)


@pytest.mark.parametrize("pasted", ["", "x.onion", f"http://{ONION}/", BLOCK, "a" * 5_000])
def test_what_is_no_such_line_is_a_fault_and_stays(pasted: str) -> None:
    checked = check_onion(form(partners_onion=pasted), RELAY_SETTINGS)
    assert set(checked.faults) == {"partners_onion"}
    assert (checked.relay, checked.typed["partners_onion"]) == (None, pasted)


@given(st.text(max_size=300))
def test_whatever_is_pasted_fills_fields_or_is_a_fault_and_stays(pasted: str) -> None:
    checked = check_pasted(form(pasted=pasted, identity="typed before"))
    if checked.faults:
        assert set(checked.faults) == {"pasted"}
        assert checked.typed["identity"] == "typed before"
    assert all(isinstance(value, str) for value in checked.typed.values())
