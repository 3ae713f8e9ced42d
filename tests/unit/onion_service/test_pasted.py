"""A pasted cell comes out of a browser's form as it was sealed; everything else is malformed."""

import secrets
from contextlib import suppress
from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crypto.cells import CellClass, armour
from crypto.errors import Malformed
from onion_service import pasted
from tests.unit.onion_service.raw import form

CELLS: Final = {one: secrets.token_bytes(one.wire_length) for one in CellClass}
LETTER: Final = CELLS[CellClass.LETTER]
TEXT: Final = armour(LETTER)
LINES: Final = TEXT.splitlines()


@pytest.mark.parametrize("cell_class", list(CellClass))
def test_a_pasted_cell_comes_out_whole(cell_class: CellClass) -> None:
    body = form(armour(CELLS[cell_class]))
    assert pasted.cell_class(len(body)) is cell_class
    assert pasted.envelope(body) == CELLS[cell_class]


@pytest.mark.parametrize(
    "text",
    [
        "\n\n  " + TEXT + "\n\n\t ",
        "\u00a0\u3000" + TEXT + "\u2003",
        "\n\n".join(LINES),
        "".join(f"    {line} \n" for line in LINES),
        "".join(LINES),
    ],
    ids=["around", "wide spaces", "blank lines", "indented", "no line ends"],
)
def test_white_space_does_not_matter_and_fits(text: str) -> None:
    body = form(text)
    assert pasted.cell_class(len(body)) is CellClass.LETTER
    assert pasted.envelope(body) == LETTER


def test_the_lengths_are_those_of_the_specification() -> None:
    spans = {one: (lengths.start, lengths.stop - 1) for one, lengths in pasted.LENGTHS.items()}
    assert spans == {CellClass.LETTER: (43_755, 53_317), CellClass.PARCEL: (1_398_167, 1_450_055)}
    for one, (least, most) in spans.items():
        assert [pasted.cell_class(length) for length in (least - 1, least, most, most + 1)] == [None, one, one, None]
    assert pasted.cell_class(0) is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"cell=\r\n",
        b"cell=" + LETTER + b"\r\n",
        b"cell=Vi la camioneta otra vez.\r\n",
        TEXT.encode(),
        form(TEXT.rstrip())[:-2],
        form(TEXT).replace(b"cell=", b"text="),
        form(TEXT).replace(b"cell=", b"Cell="),
        form(TEXT).replace(b"cell=", b"cell = "),
        b"lang=es\r\n" + form(TEXT),
        form(TEXT) + b"lang=es\r\n",
        form(TEXT) * 2,
        form("Vi algo.\n" + TEXT),
        form(TEXT + "Vi algo."),
        form("\n".join([*LINES[:9], "Vi algo.", *LINES[9:]])),
        form("\n".join(LINES[1:])),
        form("\n".join(LINES[:-1])),
        form("\n".join([*LINES[:9], *LINES[10:]])),
        form("> " + TEXT.replace("\n", "\n> ")),
        form("\ufeff" + TEXT),
        form(TEXT).replace(b"+", b"%2B").replace(b"\r\n", b"%0D%0A"),
        form(TEXT)[:-4] + b"\xff\r\n",
        form(armour(LETTER).replace("CELL", "cell")),
    ],
)
def test_anything_else_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        pasted.envelope(body)


PIECES: Final = st.sampled_from(
    [b"cell=", b"\r\n", LINES[0].encode(), LINES[-1].encode(), LINES[1].encode(), b"=", b" ", b"\xc2\xa0", b"&", b"\n"]
)


@given(st.binary(max_size=2_000) | st.lists(PIECES | st.binary(max_size=9), max_size=12).map(b"".join))
def test_no_bytes_but_a_cell_s_are_a_cell(body: bytes) -> None:
    with pytest.raises(Malformed):
        pasted.envelope(body)


@given(st.integers(0, len(form(TEXT)) - 1), st.integers(1, 255))
@example(4, 1)
def test_a_changed_byte_is_refused_or_makes_another_whole_cell(place: int, change: int) -> None:
    body = bytearray(form(TEXT))
    body[place] ^= change
    with suppress(Malformed):
        assert len(pasted.envelope(bytes(body))) == CellClass.LETTER.wire_length
