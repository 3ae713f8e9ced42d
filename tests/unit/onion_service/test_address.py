"""Every address is a real onion address or refused."""

from __future__ import annotations

import base64
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onion_service.address import HOST_LEN, LABEL_LEN, OnionAddress
from onion_service.errors import NotAnOnion

# The Tor Project's own, from https://onion.torproject.org.
TORPROJECT = "2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion"


def test_an_address_has_the_length_in_the_spec() -> None:
    assert (LABEL_LEN, HOST_LEN) == (56, 62)


def test_a_known_address_is_taken_and_made_from_its_key() -> None:
    address = OnionAddress(TORPROJECT)
    assert str(address) == TORPROJECT
    key = base64.b32decode(TORPROJECT[:56].upper())[:32]
    assert OnionAddress.of_public_key(key) == address


@pytest.mark.parametrize("position", [0, 17, 51, 52, 55])
def test_one_wrong_letter_is_noticed(position: int) -> None:
    wrong = "b" if TORPROJECT[position] == "a" else "a"
    with pytest.raises(NotAnOnion):
        OnionAddress(TORPROJECT[:position] + wrong + TORPROJECT[position + 1 :])


@pytest.mark.parametrize(
    "host",
    [
        "",
        "example.org",
        "localhost",
        "expyuzz4wqqyqhjn.onion",
        TORPROJECT.upper(),
        TORPROJECT + ".",
        "www." + TORPROJECT,
        TORPROJECT[:-6] + ".onio\u0144",
        "1" + TORPROJECT[1:],
    ],
)
def test_anything_else_is_refused(host: str) -> None:
    with pytest.raises(NotAnOnion):
        OnionAddress(host)


def test_a_key_of_another_length_has_no_address() -> None:
    with pytest.raises(NotAnOnion):
        OnionAddress.of_public_key(bytes(31))


@given(st.binary(min_size=32, max_size=32))
def test_every_key_has_an_address_that_is_taken(key: bytes) -> None:
    assert OnionAddress(OnionAddress.of_public_key(key).host).host.endswith(".onion")


@given(st.text(max_size=80) | st.text("abc234567", min_size=56, max_size=56).map(lambda label: label + ".onion"))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    with suppress(NotAnOnion):
        assert OnionAddress(text).host == text
