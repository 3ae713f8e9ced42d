"""A relay peels its own layer and learns whether the cell passes; a signature makes a round key known."""

import pickle
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto import letter
from crypto.cells import ROUND_TAG_LEN, CellClass
from crypto.errors import CryptoError, Forged, Malformed, NotForUs
from crypto.layers import (
    ANNOUNCEMENT_LEN,
    ROUND_MAX,
    AnnouncedKey,
    Kind,
    RoundKey,
    RoundNumber,
    cover,
    peel,
    round_tag,
    top_up_layer,
    wrap,
)
from crypto.signing import SigningKey, Use
from crypto.suite import OpeningKey
from tests.unit.crypto.strategies import KEYS, near

FIRST, SECOND = (RoundKey(RoundNumber(7), key) for key in KEYS[:2])
RELAY, OTHER = SigningKey(b"1" * 32), SigningKey(b"2" * 32)
ROUTES = {1: [FIRST], 2: [FIRST, SECOND]}
LETTERS = {relays: letter.top_up(CellClass.LETTER, relays=relays) for relays in ROUTES}
ENVELOPE = wrap(LETTERS[1], route=[FIRST.key.sealing_key])
ANNOUNCEMENT = FIRST.announce(RELAY)


@pytest.mark.parametrize("relays", [1, 2])
def test_a_letter_comes_out_of_its_route_as_it_went_in(relays: int) -> None:
    cell = wrap(LETTERS[relays], route=[key.key.sealing_key for key in ROUTES[relays]])
    for depth, key in enumerate(ROUTES[relays]):
        assert len(cell) == CellClass.LETTER.length_after(depth)
        peeled = peel(cell, key)
        assert peeled.kind is Kind.PASS
        cell = peeled.inner
    assert cell == LETTERS[relays]


@pytest.mark.parametrize("relays", [1, 2])
@pytest.mark.parametrize("cell_class", list(CellClass))
def test_only_the_last_relay_sees_that_a_cell_is_cover(cell_class: CellClass, relays: int) -> None:
    cell, kinds = cover(cell_class, route=[key.key.sealing_key for key in ROUTES[relays]]), []
    assert len(cell) == cell_class.wire_length
    for key in ROUTES[relays]:
        peeled = peel(cell, key)
        kinds.append(peeled.kind)
        cell = peeled.inner
    assert kinds == [Kind.PASS] * (relays - 1) + [Kind.COVER]


@pytest.mark.parametrize("cell_class", list(CellClass))
def test_the_top_up_between_relays_is_one_layer_that_nobody_opens(cell_class: CellClass) -> None:
    cell = top_up_layer(cell_class)
    assert len(cell) == cell_class.length_after(1)
    assert cell != top_up_layer(cell_class)
    with pytest.raises(NotForUs):
        peel(cell, SECOND)


def test_the_tag_says_which_round_key_opens() -> None:
    assert ENVELOPE[:ROUND_TAG_LEN] == FIRST.tag == round_tag(FIRST.key.sealing_key)
    assert FIRST.tag != SECOND.tag
    with pytest.raises(NotForUs, match="tag"):
        peel(SECOND.tag + ENVELOPE[ROUND_TAG_LEN:], FIRST)


def test_another_relay_s_key_peels_nothing() -> None:
    with pytest.raises(NotForUs):
        peel(ENVELOPE, SECOND)


def test_a_letter_is_wrapped_for_as_many_relays_as_its_length_says() -> None:
    keys = [key.sealing_key for key in KEYS[:3]]
    for relays in (0, 2, 3):
        with pytest.raises(Malformed):
            wrap(LETTERS[1], route=keys[:relays])
    with pytest.raises(Malformed):
        wrap(ENVELOPE, route=[])


@settings(max_examples=60)
@given(near(ENVELOPE))
def test_no_bit_of_an_envelope_can_be_altered(cell: bytes) -> None:
    if cell != ENVELOPE:
        with pytest.raises((NotForUs, Malformed)):
            peel(cell, FIRST)


@given(st.binary(max_size=300))
def test_any_bytes_are_an_envelope_or_an_error_of_ours(cell: bytes) -> None:
    with pytest.raises(CryptoError):
        peel(cell, FIRST)


@settings(max_examples=30)
@given(st.integers(0, 255))
def test_any_kind_is_one_of_two_or_malformed(kind: int) -> None:
    layer = FIRST.key.sealing_key.seal(bytes([kind]) + LETTERS[1], purpose=b"layer \x01\x00")
    with suppress(Malformed):
        assert peel(FIRST.tag + layer, FIRST).kind.value == bytes([kind])


def test_an_announcement_gives_the_key_that_opens() -> None:
    announced = AnnouncedKey.parse(ANNOUNCEMENT, relay=RELAY.verifying_key)
    assert len(ANNOUNCEMENT) == ANNOUNCEMENT_LEN == 1_320
    assert (announced.relay, announced.round_number) == (RELAY.verifying_key, 7)
    assert peel(wrap(LETTERS[1], route=[announced.key]), FIRST).inner == LETTERS[1]


@settings(max_examples=60)
@given(st.binary(max_size=200) | near(ANNOUNCEMENT))
def test_any_bytes_are_the_announcement_or_refused(wire: bytes) -> None:
    if wire != ANNOUNCEMENT:
        with pytest.raises((Malformed, Forged)):
            AnnouncedKey.parse(wire, relay=RELAY.verifying_key)


def test_what_a_relay_signs_is_still_parsed_with_care() -> None:
    for number, public in ((ROUND_MAX + 1, FIRST.key.sealing_key.wire), (7, b"\xff" * 1_216), (7, bytes(1_216))):
        body = RELAY.verifying_key.wire + number.to_bytes(8, "big") + public
        with pytest.raises(Malformed):
            AnnouncedKey.parse(body + RELAY.sign(body, use=Use.ROUND_KEY), relay=RELAY.verifying_key)


def test_another_relay_s_announcement_is_refused() -> None:
    with pytest.raises(Malformed, match="another relay"):
        AnnouncedKey.parse(ANNOUNCEMENT, relay=OTHER.verifying_key)


def test_every_round_has_a_fresh_key() -> None:
    assert RoundKey.generate(RoundNumber(1)).tag != RoundKey.generate(RoundNumber(1)).tag


def test_a_round_key_is_quiet_and_stays_where_it_is() -> None:
    key = RoundKey(RoundNumber(7), OpeningKey(b"s" * 32))
    assert "OpeningKey(...)" in repr(key)
    assert (b"s" * 32).hex() not in repr(key)
    assert repr(b"s" * 32) not in repr(key)
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(key)
