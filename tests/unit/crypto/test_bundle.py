"""A bundle is a function of its set of cells; what is altered is refused; the hash list stands on its own."""

import hashlib
from contextlib import suppress
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.bundle import HEADER_LEN, MAX_CELLS, Bundle, HashList, Header
from crypto.cells import CellClass, cell_hash
from crypto.errors import Forged, Malformed
from crypto.layers import ROUND_MAX, RoundNumber
from crypto.signing import SIGNATURE_LEN, SigningKey, Use
from tests.unit.crypto.strategies import near

RELAY, OTHER = SigningKey(b"1" * 32), SigningKey(b"2" * 32)
ID = RELAY.verifying_key
NUMBER = RoundNumber(1_984_000)
CELLS = [bytes([number]) * CellClass.LETTER.length_after(1) for number in (3, 1, 2)]


def _sign(cells: list[bytes], cell_class: CellClass = CellClass.LETTER) -> Bundle:
    return Bundle.sign(cells, cell_class=cell_class, round_number=NUMBER, relay=RELAY)


BUNDLE = _sign(CELLS)
LIST = BUNDLE.hash_list


def test_a_bundle_does_not_depend_on_arrival_order() -> None:
    assert {_sign(list(order)).wire for order in permutations(CELLS)} == {BUNDLE.wire}
    assert list(BUNDLE.cells) == sorted(CELLS)


def test_a_cell_that_came_twice_leaves_once() -> None:
    assert _sign([*CELLS, CELLS[0]]).wire == BUNDLE.wire


@pytest.mark.parametrize(("cell_class", "depth"), [(cell_class, depth) for cell_class in CellClass for depth in (1, 2)])
def test_a_bundle_is_read_as_it_was_signed(cell_class: CellClass, depth: int) -> None:
    cells = [bytes([number]) * cell_class.length_after(depth) for number in range(2)]
    bundle = _sign(cells, cell_class)
    assert Bundle.parse(bundle.wire, relay=ID) == bundle
    assert len(bundle.wire) == HEADER_LEN + 2 * cell_class.length_after(depth) + SIGNATURE_LEN


def test_the_header_has_the_length_of_the_spec() -> None:
    assert HEADER_LEN == 51
    assert Header.parse(BUNDLE.header.wire) == BUNDLE.header


@pytest.mark.parametrize(
    "cells",
    [
        [],
        [CELLS[0], CELLS[1][:-1]],
        [CELLS[0][:-1]],
        [bytes(CellClass.LETTER.wire_length)],
        [bytes(CellClass.PARCEL.length_after(1))],
    ],
    ids=["none", "two lengths", "no cell", "envelope", "other class"],
)
def test_what_is_no_set_of_cells_is_not_signed(cells: list[bytes]) -> None:
    with pytest.raises(Malformed):
        _sign(cells)


def test_more_cells_than_a_bundle_holds_are_not_signed() -> None:
    with pytest.raises(Malformed, match="1 to 1024"):
        Header(CellClass.LETTER, ID, NUMBER, MAX_CELLS + 1, CellClass.LETTER.length_after(1))


@settings(max_examples=60)
@given(st.binary(max_size=200) | near(BUNDLE.wire))
def test_any_bytes_are_the_bundle_or_refused(wire: bytes) -> None:
    if wire != BUNDLE.wire:
        with pytest.raises((Malformed, Forged)):
            Bundle.parse(wire, relay=ID)


@settings(max_examples=60)
@given(st.binary(max_size=HEADER_LEN + 1) | near(BUNDLE.header.wire))
def test_any_bytes_are_a_header_or_malformed(wire: bytes) -> None:
    with suppress(Malformed):
        assert Header.parse(wire).wire == wire


@settings(max_examples=60)
@given(st.binary(max_size=300) | near(LIST.wire))
def test_any_bytes_begin_with_the_hash_list_or_are_refused(wire: bytes) -> None:
    with suppress(Malformed, Forged):
        found, rest = HashList.take(wire, relay=ID)
        assert (found, found.wire + rest) == (LIST, wire)


def test_the_largest_header_is_refused_before_its_cells_are_cut() -> None:
    head = Header(CellClass.PARCEL, ID, NUMBER, MAX_CELLS, CellClass.PARCEL.length_after(1)).wire
    for wire in (head, head + bytes(64)):
        with pytest.raises(Malformed, match="not the length"):
            Bundle.parse(wire, relay=ID)
        with pytest.raises(Malformed, match="cut off"):
            HashList.take(wire, relay=ID)


def test_a_relay_that_signs_another_order_is_refused() -> None:
    ordered = sorted(CELLS, reverse=True)
    digest = hashlib.sha256(b"".join(cell_hash(cell) for cell in ordered)).digest()
    signature = RELAY.sign(BUNDLE.header.wire + digest, use=Use.BUNDLE)
    with pytest.raises(Malformed, match="ascending"):
        Bundle.parse(Bundle(BUNDLE.header, tuple(ordered), signature).wire, relay=ID)


def test_another_relay_s_bundle_is_refused() -> None:
    with pytest.raises(Malformed, match="another relay"):
        Bundle.parse(BUNDLE.wire, relay=OTHER.verifying_key)
    with pytest.raises(Malformed, match="another relay"):
        HashList.take(LIST.wire, relay=OTHER.verifying_key)


def test_the_hash_list_stands_on_its_own_and_holds_every_cell() -> None:
    found, rest = HashList.take(LIST.wire + b"what follows", relay=ID)
    assert rest == b"what follows"
    assert found.hashes == tuple(cell_hash(cell) for cell in sorted(CELLS))
    assert found.signature == BUNDLE.signature
    assert len(found.wire) == HEADER_LEN + 3 * 32 + SIGNATURE_LEN


def test_a_round_number_that_no_clock_will_reach_is_malformed() -> None:
    for number in (-1, ROUND_MAX + 1):
        with pytest.raises(Malformed, match="no clock"):
            Header(CellClass.LETTER, ID, RoundNumber(number), 1, CellClass.LETTER.length_after(1))
