"""Whatever is looked for is found in every form, at every place, once; and nothing else is."""

import base64
import gzip
import os
import zlib
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.examiner import forms, unpack
from relay.examiner.forms import TooShort, cell, marker
from relay.examiner.needles import Needles

WHAT = "así fue, él lo dijo".encode()
CELL = Random(3).randbytes(31_615)


@pytest.mark.parametrize("number", [1, 30])
@pytest.mark.parametrize("before", range(9))
def test_a_marker_is_found_in_every_form(number: int, before: int) -> None:
    """Few patterns are looked for one by one, many by their words: both find the same."""
    others = [Random(place).randbytes(20) for place in range(number - 1)]
    needles = Needles(one for what in (WHAT, *others) for one in marker(what, number=0))
    written = {
        "marker": WHAT,
        "marker in base64": base64.b64encode(os.urandom(before % 3) + WHAT + b"!!"),
        "marker in hexadecimal": WHAT.hex().encode(),
        "marker in UTF-16": WHAT.decode().encode("utf-16-le"),
    }
    for kind, form in written.items():
        places = list(needles.places(b"." * before + form + b"." * 7))
        assert [place.wanted.kind for place in places] == [kind]
        if kind != "marker in base64":
            assert places[0].start == before
    upper = list(needles.places(b"." * before + WHAT.hex().upper().encode()))
    assert [place.wanted.kind for place in upper] == ["marker in hexadecimal"]


def test_base64_for_addresses_is_found() -> None:
    what = b"\xfb\xff\xfe" * 6
    needles = Needles(marker(what, number=0))
    for shift in range(3):
        form = base64.urlsafe_b64encode(bytes(shift) + what + b"..")
        assert b"-" in form or b"_" in form
        assert [place.wanted.kind for place in needles.places(form)] == ["marker in base64"]


@pytest.mark.parametrize("start", [0, 1, 255, 10_000, 31_615 - 300])
def test_a_run_of_a_cell_is_found_once(start: int) -> None:
    needles = Needles(cell(CELL, number=4))
    places = list(needles.places(b"xyz" + CELL[start : start + 300] + b"end"))
    assert [(place.wanted.number, place.start) for place in places] == [(4, 3 - start)]


def test_a_whole_cell_is_one_place() -> None:
    assert len(list(Needles(cell(CELL, number=0)).places(b"?" + CELL))) == 1


def test_bytes_of_chance_hold_nothing() -> None:
    needles = Needles(one for place in range(40) for one in cell(Random(place).randbytes(31_615), number=place))
    assert list(needles.places(Random(99).randbytes(1 << 20))) == []
    assert needles.rows == {"T1"}
    assert not Needles([])


def test_an_altered_marker_is_not_found() -> None:
    needles = Needles(marker(WHAT, number=0))
    assert list(needles.places(WHAT[:-1] + b"?")) == []


def test_what_is_too_short_is_refused() -> None:
    with pytest.raises(TooShort):
        list(marker(b"1234567", number=0))
    with pytest.raises(TooShort):
        list(cell(b"1" * 47, number=0))


@given(st.binary(min_size=8, max_size=60), st.binary(max_size=40), st.binary(max_size=40))
def test_any_marker_is_found_in_any_surroundings(what: bytes, before: bytes, after: bytes) -> None:
    needles = Needles(marker(what, number=0))
    assert any(
        place.wanted.kind == "marker" and place.start == len(before) for place in needles.places(before + what + after)
    )
    found = needles.places(base64.b64encode(before + what + after))
    assert any(place.wanted.kind == "marker in base64" for place in found)


@given(st.binary(max_size=200))
def test_base64_of_any_bytes_is_unpacked(what: bytes) -> None:
    text = base64.b64encode(what)
    runs = [run for _, run in unpack.decoded(b"<" + text + b">")]
    assert len(what) < 6 or what in runs
    assert len(what) < 4 or any(what in run for _, run in unpack.decoded(b" " + what.hex().encode() + b" "))


@given(st.binary(max_size=300))
def test_any_bytes_can_be_unpacked(data: bytes) -> None:
    for start, run in unpack.decoded(data):
        assert 0 <= start < len(data)
        assert len(run) <= len(data)
    for start in unpack.stream_starts(data):
        found, cut = unpack.inflated(lambda at, length: data[at : at + length], start)
        assert len(found) <= unpack.INFLATED_MAX
        assert not cut


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress, lambda what: zlib.compress(what, 9)])
def test_a_stream_is_unpacked_where_its_header_stands(pack: "type") -> None:
    data = b"before" + pack(WHAT * 500) + b"after"
    assert 6 in list(unpack.stream_starts(data))
    assert unpack.inflated(lambda at, length: data[at : at + length], 6) == (WHAT * 500, False)


def test_a_bomb_is_cut_and_that_is_said() -> None:
    data = gzip.compress(bytes(3 * unpack.INFLATED_MAX))
    found, cut = unpack.inflated(lambda at, length: data[at : at + length], 0)
    assert len(found) == unpack.INFLATED_MAX
    assert cut


def test_a_broken_stream_gives_what_is_whole() -> None:
    data = zlib.compress(Random(1).randbytes(5_000))[:3_000]
    found, _ = unpack.inflated(lambda at, length: data[at : at + length], 0)
    assert Random(1).randbytes(5_000).startswith(found)
    assert len(found) > 2_000
    assert forms.SHORTEST == 8
