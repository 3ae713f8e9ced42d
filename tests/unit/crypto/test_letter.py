"""Who a letter is for opens it; everybody else learns its class and depth, and nobody is shown another text."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto import letter
from crypto.cells import LETTER_HEAD_LEN, SLOT_LEN, SLOTS, CellClass
from crypto.errors import CryptoError, Forged, Malformed, NotForUs
from crypto.letter import open_content, open_letter, parse_content, seal, seal_part, seal_report, top_up
from crypto.report import PART_MAX, Report
from crypto.suite import OpeningKey
from tests.unit.crypto.strategies import KEYS, near

REPORT = Report(text="Vi la camioneta otra vez.")
ANA, BETO = KEYS[:2]
CELL = seal_report(REPORT, to=[ANA.sealing_key, BETO.sealing_key], relays=1)
LENGTHS = [(cell_class, relays) for cell_class in CellClass for relays in (1, 2)]


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_every_partner_opens_the_same_report_and_nobody_else_does(count: int) -> None:
    cell = seal_report(REPORT, to=[key.sealing_key for key in KEYS[:count]], relays=1)
    assert [open_letter(cell, [key]) for key in KEYS[:count]] == [REPORT] * count
    for key in KEYS[count:]:
        with pytest.raises(NotForUs):
            open_letter(cell, [key])


def test_letters_of_one_class_and_depth_are_of_one_length_whatever_they_hold() -> None:
    for relays in (1, 2):
        lengths = {
            len(seal_report(Report(text="a" * size), to=[key.sealing_key for key in KEYS[:count]], relays=relays))
            for size in (1, 20_000)
            for count in (1, 4)
        }
        assert lengths | {len(top_up(CellClass.LETTER, relays=relays))} == {CellClass.LETTER.length_after(relays)}


@pytest.mark.parametrize(("cell_class", "relays"), LENGTHS)
def test_a_top_up_is_for_nobody(cell_class: CellClass, relays: int) -> None:
    cell = top_up(cell_class, relays=relays)
    assert len(cell) == cell_class.length_after(relays)
    with pytest.raises(NotForUs):
        open_letter(cell, KEYS)


def test_a_part_is_opened_as_it_was() -> None:
    data = b"\xff" * PART_MAX
    assert open_letter(seal_part(data, to=[ANA.sealing_key], relays=2), [ANA]) == data


@pytest.mark.parametrize("data", [b"", bytes(PART_MAX + 1)])
def test_a_part_that_fits_no_parcel_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        seal_part(data, to=[ANA.sealing_key], relays=1)


def test_a_partner_with_two_keys_opens_with_either() -> None:
    assert open_letter(CELL, [KEYS[4], BETO]) == REPORT


def test_a_letter_is_for_at_most_four_different_partners() -> None:
    for to in ([key.sealing_key for key in KEYS], [ANA.sealing_key] * 2):
        with pytest.raises(ValueError, match="at most 4 different"):
            seal_report(REPORT, to=to, relays=1)


def test_a_letter_that_has_passed_no_relay_is_not_sealed_to_anybody() -> None:
    with pytest.raises(Malformed):
        open_letter(bytes(CellClass.LETTER.wire_length), [ANA])


def test_the_slots_of_partners_stand_in_random_places() -> None:
    places = {_place(seal_report(REPORT, to=[ANA.sealing_key], relays=1), ANA) for _ in range(60)}
    # The odds that one of four places is missing after 60 letters are 4 · (3/4)^60 < 2e-7.
    assert places == set(range(SLOTS))


def test_a_sender_cannot_show_two_partners_two_texts() -> None:
    """Two slots with two content keys: whom the commitment is not to finds the letter forged."""
    other = seal_report(Report(text="otra cosa"), to=[BETO.sealing_key], relays=1)
    mixed = bytearray(CELL)
    at, place = _place(other, BETO) * SLOT_LEN, _place(CELL, BETO) * SLOT_LEN
    mixed[place : place + SLOT_LEN] = other[at : at + SLOT_LEN]
    with pytest.raises(Forged, match="commits"):
        open_letter(bytes(mixed), [BETO])
    with pytest.raises(Forged, match="altered"):
        open_letter(bytes(mixed), [ANA])


def test_commitment_and_body_of_another_letter_do_not_fit() -> None:
    other = seal_report(REPORT, to=[ANA.sealing_key], relays=1)
    for graft in (CELL[: 4 * SLOT_LEN] + other[4 * SLOT_LEN :], CELL[:LETTER_HEAD_LEN] + other[LETTER_HEAD_LEN:]):
        with pytest.raises(Forged):
            open_letter(graft, [ANA])


@settings(max_examples=60)
@given(near(CELL))
def test_an_altered_letter_shows_no_other_text(cell: bytes) -> None:
    if cell == CELL:
        return
    with pytest.raises((Malformed, Forged, NotForUs)):
        open_letter(cell, [ANA])


@settings(max_examples=40)
@given(st.binary(max_size=200) | near(b"\x01" + REPORT.encode()) | near(b"\x02data"))
def test_any_sealed_content_is_ours_or_malformed(content: bytes) -> None:
    cell = seal(content, to=[ANA.sealing_key], cell_class=CellClass.LETTER, relays=1)
    assert open_content(cell, [ANA]) == content
    try:
        opened = open_letter(cell, [ANA])
    except Malformed:
        return
    assert (b"\x01" + opened.encode() if isinstance(opened, Report) else b"\x02" + opened) == content


@given(st.binary(max_size=100))
def test_any_content_is_parsed_or_malformed(content: bytes) -> None:
    with suppress(Malformed):
        parse_content(content)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_letter_or_an_error_of_ours(cell: bytes) -> None:
    with pytest.raises(CryptoError):
        open_letter(cell, [ANA])


def test_no_keys_open_nothing() -> None:
    with pytest.raises(NotForUs):
        open_letter(CELL, [])


def _place(cell: bytes, key: OpeningKey) -> int:
    for place in range(SLOTS):
        with suppress(NotForUs):
            key.open(cell[place * SLOT_LEN :][:SLOT_LEN], purpose=letter._SLOT_PURPOSE)
            return place
    raise AssertionError("no slot opens")
