"""A directory is true because the root signed it, until it expires, and never goes back."""

import base64
import json
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto import directory as directories
from crypto.directory import (
    ANSWER_STEP,
    Card,
    Directory,
    Partner,
    Relay,
    TrustedDirectory,
    Words,
    read_answer,
    route_keys,
    sign,
    write_answer,
)
from crypto.errors import CryptoError, Expired, Forged, Malformed, RolledBack
from crypto.keys import RootKey, fingerprint_words
from crypto.layers import RoundKey, RoundNumber
from crypto.signing import SigningKey, Use
from tests.unit.crypto.strategies import KEYS, near

ROOT, OTHER_ROOT = RootKey(SigningKey(b"r" * 32)), RootKey(SigningKey(b"o" * 32))
RELAYS = [SigningKey(b"1" * 32), SigningKey(b"2" * 32)]
NOW = 1_785_600_000
PARTNER = Partner(
    about=Words(en="Looks for the disappeared.", es="Busca a los desaparecidos."),
    id="ana",
    key=base64.b64encode(KEYS[0].sealing_key.wire).decode(),
    name="Colectivo Ana",
)
ROUTE = [
    Relay(id=relay.verifying_key.wire.hex(), name="Relevo", onion=letter * 56 + ".onion")
    for relay, letter in zip(RELAYS, "ab", strict=True)
]
CARD = Card(ROUTE[0].onion, ROOT.signing.verifying_key)


def _directory(**fields: Any) -> Directory:  # noqa: ANN401 - any field
    return msgspec.structs.replace(Directory(expires=NOW + 1, partners=[PARTNER], route=ROUTE, version=7), **fields)


SIGNED = sign(_directory(), ROOT)
ANNOUNCED = [RoundKey(RoundNumber(7), key).announce(relay) for key, relay in zip(KEYS, RELAYS, strict=False)]
ANSWER = write_answer(SIGNED, ANNOUNCED)


def _read(signed: bytes, now: int = NOW) -> TrustedDirectory:
    return TrustedDirectory.read(signed, root=ROOT.signing.verifying_key, now=now)


def test_a_directory_is_read_as_it_was_signed() -> None:
    trusted = _read(SIGNED)
    assert trusted.directory == _directory()
    assert sign(trusted.directory, ROOT) == SIGNED
    assert trusted.directory.partner("ana").sealing_key == KEYS[0].sealing_key
    assert trusted.directory.partner("ana").words == fingerprint_words(KEYS[0].sealing_key.fingerprint)
    assert [relay.identity for relay in trusted.directory.route] == [relay.verifying_key for relay in RELAYS]
    with pytest.raises(KeyError):
        trusted.directory.partner("beto")


@settings(max_examples=80)
@given(st.binary(max_size=300) | near(SIGNED))
def test_any_bytes_are_the_directory_or_refused(signed: bytes) -> None:
    if signed != SIGNED:
        with pytest.raises((Malformed, Forged)):
            _read(signed)


@settings(max_examples=60)
@given(near(SIGNED.split(b"\n", 2)[2]))
def test_whatever_the_root_signs_is_a_directory_or_malformed(body: bytes) -> None:
    signature = ROOT.signing.sign(body, use=Use.DIRECTORY)
    with suppress(Malformed, Expired):
        trusted = _read(directories.FIRST_LINE + base64.b64encode(signature) + b"\n" + body)
        assert sign(trusted.directory, ROOT) == trusted.signed


def test_another_root_s_directory_is_forged() -> None:
    with pytest.raises(Forged):
        _read(sign(_directory(), OTHER_ROOT))


def test_a_directory_expires() -> None:
    assert _read(SIGNED, NOW).directory.version == 7
    with pytest.raises(Expired):
        _read(SIGNED, NOW + 1)


def test_a_directory_never_goes_back() -> None:
    held = _read(SIGNED)
    assert held.updated(SIGNED, now=NOW) == held
    newer = held.updated(sign(_directory(version=8), ROOT), now=NOW)
    assert newer.directory.version == 8
    with pytest.raises(RolledBack, match="older"):
        newer.updated(SIGNED, now=NOW)
    with pytest.raises(RolledBack, match="two different"):
        held.updated(sign(_directory(round_seconds=901), ROOT), now=NOW)
    with pytest.raises(Forged):
        held.updated(sign(_directory(version=9), OTHER_ROOT), now=NOW)


def test_what_would_be_refused_is_not_signed() -> None:
    refused: list[dict[str, Any]] = [
        {"v": 2},
        {"route": []},
        {"partners": []},
        {"version": 0},
        {"site": {"a": "0" * 64}},
    ]
    for fields in refused:
        with pytest.raises(ValueError, match=r"\w"):
            sign(_directory(**fields), ROOT)
    with pytest.raises(Malformed, match="longer than"):
        sign(_directory(site={f"/{number}": "0" * 64 for number in range(4_000)}), ROOT)


def test_a_partner_without_a_hybrid_key_cannot_be_made() -> None:
    for key in (base64.b64encode(bytes(32)).decode(), "not base64", ""):
        with pytest.raises(ValueError, match=r"\w"):
            msgspec.structs.replace(PARTNER, key=key)


def test_an_answer_is_read_as_it_was_written_and_has_one_length() -> None:
    assert read_answer(ANSWER) == (SIGNED, ANNOUNCED)
    assert len(ANSWER) == ANSWER_STEP
    for other in (ANSWER[:-1], ANSWER + b" " * ANSWER_STEP, ANSWER.rstrip(), b" " * ANSWER_STEP, b""):
        with pytest.raises(Malformed):
            read_answer(other)


def test_the_longest_directory_fits_an_answer() -> None:
    quotes = Words(en='"' * 400, es='"' * 400)
    places = [directories.Place(id=f"p{number}", name='"' * 110) for number in range(1_000)]
    signed = sign(_directory(partners=[msgspec.structs.replace(PARTNER, about=quotes)], places=places), ROOT)
    assert len(signed) > directories.DIRECTORY_MAX * 9 // 10
    answer = write_answer(signed, ANNOUNCED)
    assert len(answer) <= directories.answer_max()
    assert read_answer(answer) == (signed, ANNOUNCED)


@settings(max_examples=40)
@given(near(ANSWER))
def test_any_bytes_are_an_answer_or_malformed(answer: bytes) -> None:
    with suppress(Malformed):
        assert write_answer(*read_answer(answer)) == answer


@settings(max_examples=40)
@given(st.binary(max_size=300))
def test_any_text_filled_to_the_step_is_an_answer_or_malformed(text: bytes) -> None:
    with suppress(Malformed):
        signed, keys = read_answer(text.ljust(ANSWER_STEP))
        assert write_answer(signed, keys) == text.ljust(ANSWER_STEP)


def test_half_a_surrogate_in_an_answer_is_malformed() -> None:
    wire = json.dumps({"directory": "\ud800", "round_keys": []}, separators=(",", ":")).encode()
    with pytest.raises(Malformed):
        read_answer(wire.ljust(ANSWER_STEP))


def test_there_is_one_round_key_for_each_relay_of_the_route() -> None:
    found = route_keys(_directory(), ANNOUNCED)
    assert [announced.key for announced in found] == [KEYS[0].sealing_key, KEYS[1].sealing_key]
    wrong: list[list[bytes]] = [[], ANNOUNCED[:1], ANNOUNCED[::-1], [*ANNOUNCED, ANNOUNCED[0]], [b"", ANNOUNCED[1]]]
    for announcements in wrong:
        with pytest.raises(Malformed):
            route_keys(_directory(), announcements)
    with pytest.raises(Forged):
        route_keys(_directory(), [ANNOUNCED[0], ANNOUNCED[1][:-1] + bytes([ANNOUNCED[1][-1] ^ 1])])


def test_a_card_is_read_as_it_was_written() -> None:
    assert Card.parse(str(CARD)) == CARD
    assert Card.parse(f"  {CARD}\n") == CARD


@given(st.text(max_size=130) | near(str(CARD).encode()).map(lambda wire: wire.decode(errors="replace")))
def test_any_text_is_a_card_or_malformed(text: str) -> None:
    with suppress(Malformed):
        assert str(Card.parse(text)) == text.strip()


def test_every_refusal_is_an_error_of_ours() -> None:
    assert issubclass(Expired, CryptoError)
    assert issubclass(RolledBack, CryptoError)
