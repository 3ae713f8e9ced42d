"""Lengths are the sums of the spec; padding and armour give back what they were given."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto import cells, report
from crypto.cells import CellClass, armour, cell_hash, class_and_depth, dearmour, pad, unpad
from crypto.errors import Malformed
from tests.unit.crypto.strategies import near

ENVELOPE = bytes(range(256)) * 128
ARMOURED = armour(ENVELOPE)


def test_the_totals_are_those_of_the_spec() -> None:
    assert [CellClass.LETTER.length_after(depth) for depth in range(3)] == [32_768, 31_615, 30_478]
    assert [CellClass.PARCEL.length_after(depth) for depth in range(3)] == [1_048_576, 1_047_423, 1_046_286]
    assert (cells.SLOT_LEN, cells.LETTER_HEAD_LEN, cells.LAYER_OVERHEAD) == (1_168, 4_704, 1_137)
    assert (report.REPORT_MAX, report.PART_MAX) == (25_753, 1_041_561)


def test_a_length_says_class_and_depth() -> None:
    for cell_class in CellClass:
        for depth in range(3):
            assert class_and_depth(cell_class.length_after(depth)) == (cell_class, depth)


@given(st.integers(0, 2_000_000))
def test_any_length_is_a_cell_s_or_malformed(length: int) -> None:
    with suppress(Malformed):
        cell_class, depth = class_and_depth(length)
        assert cell_class.length_after(depth) == length


@pytest.mark.parametrize("relays", [-1, 3])
def test_a_route_has_at_most_two_relays(relays: int) -> None:
    with pytest.raises(ValueError, match="at most 2"):
        CellClass.LETTER.length_after(relays)


@given(st.binary(max_size=300), st.integers(0, 50))
def test_what_is_padded_is_given_back(content: bytes, more: int) -> None:
    length = cells.LENGTH_PREFIX_LEN + len(content) + more
    padded = pad(content, length)
    assert len(padded) == length
    assert unpad(padded) == content


def test_what_is_too_long_is_not_padded() -> None:
    with pytest.raises(Malformed, match="13 of 12 bytes"):
        pad(b"thirteen byte", 16)


@given(st.binary(max_size=64) | near(pad(b"lo que vi", 32)))
def test_any_bytes_are_padding_or_malformed(padded: bytes) -> None:
    with suppress(Malformed):
        assert pad(unpad(padded), len(padded)) == padded


def test_armour_gives_back_the_envelope() -> None:
    assert dearmour(ARMOURED) == ENVELOPE
    assert max(map(len, ARMOURED.splitlines())) == 64
    assert dearmour("  " + ARMOURED.replace("\n", " \r\n\t") + "\n") == ENVELOPE


def test_only_a_whole_envelope_is_armoured() -> None:
    for length in (0, 100, CellClass.LETTER.length_after(1)):
        with pytest.raises(Malformed):
            armour(bytes(length))


def test_the_largest_cell_fits_its_armour_with_spaces() -> None:
    parcel = bytes(CellClass.PARCEL.wire_length)
    assert dearmour(armour(parcel).replace("\n", "\r\n")) == parcel


@settings(max_examples=30)
@given(st.text(max_size=200) | near(ARMOURED.encode()).map(lambda wire: wire.decode(errors="replace")))
def test_any_text_is_an_armoured_envelope_or_malformed(text: str) -> None:
    with suppress(Malformed):
        assert class_and_depth(len(dearmour(text))) == (CellClass.LETTER, 0)


@given(st.text(max_size=20))
def test_half_a_surrogate_in_pasted_text_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        dearmour("-----BEGIN VELADORA CELL-----\ud800" + text + "-----END VELADORA CELL-----")


def test_a_cell_is_known_by_its_sha256() -> None:
    assert cell_hash(b"").hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
