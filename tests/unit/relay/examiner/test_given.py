"""What the examiner is told is read strictly, and a running relay's spool is read as it stands."""

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given as hypothesis_given
from hypothesis import strategies as st

from crypto.cells import CellClass
from crypto.layers import RoundNumber
from relay import spool
from relay.examiner import given, spool_memory
from relay.examiner.given import Arrival, BadGiven, Given
from relay.examiner.spool_memory import NotASpool
from relay.spool import Geometry, Spool

GEOMETRY = Geometry(16, CellClass.LETTER.length_after(1), 4, CellClass.PARCEL.length_after(1))


def test_markers_are_texts_or_bytes(tmp_path: Path) -> None:
    file = tmp_path / "markers"
    file.write_text("# a comment\nlo que pasó\n\nhex:0011223344556677\nbase64:AAECAwQFBgc=\n")
    assert given.read_markers(file) == ("lo que pasó".encode(), bytes.fromhex("0011223344556677"), bytes(range(8)))


@pytest.mark.parametrize("text", ["", "# only\n", "short", "hex:001122334455667", "hex:zz", "base64:!!!!", "hex:0011"])
def test_other_markers_are_refused_without_being_repeated(tmp_path: Path, text: str) -> None:
    file = tmp_path / "markers"
    file.write_text(text)
    with pytest.raises(BadGiven) as refused:
        given.read_markers(file)
    assert len(text) < 5 or text not in str(refused.value)


def test_arrivals_are_moments_with_or_without_a_hash(tmp_path: Path) -> None:
    file, digest = tmp_path / "arrivals", hashlib.sha256(b"x").digest()
    file.write_text(f"1800000001.25 {digest.hex()}\n1800000000\n")
    assert given.read_arrivals(file) == (Arrival(1.8e9), Arrival(1_800_000_001.25, digest))


@hypothesis_given(st.text(max_size=60))
def test_any_arrivals_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.getbasetemp() / "arrivals"
    file.write_text(text)
    try:
        found = given.read_arrivals(file)
    except BadGiven:
        return
    assert list(found) == sorted(found, key=lambda arrival: arrival.moment)


def test_keys_are_cells_and_seeds(tmp_path: Path) -> None:
    cell, seeds = os.urandom(CellClass.LETTER.length_after(1)), (os.urandom(32), os.urandom(32))
    (tmp_path / "1.cell").write_bytes(cell)
    (tmp_path / "open-7.seed").write_bytes(seeds[0])
    (tmp_path / "past-6.seed").write_bytes(seeds[1])
    (tmp_path / "relay.toml").write_bytes(b"not looked at")
    assert given.read_keys(tmp_path) == Given(cells=(cell,), open_keys=seeds[:1], past_keys=seeds[1:])


@pytest.mark.parametrize(("name", "data"), [("x.cell", b"1"), ("open-1.seed", b"2"), ("relay.key", b"3")])
def test_other_keys_are_refused(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(BadGiven):
        given.read_keys(tmp_path)


def test_a_cell_carries_its_place_in_the_order_of_arrival() -> None:
    cells = [os.urandom(CellClass.LETTER.length_after(1)) for _ in range(3)]
    digests = [hashlib.sha256(cell).digest() for cell in cells]
    known = Given(cells=tuple(cells[:2]), arrivals=tuple(Arrival(float(at), digests[2 - at]) for at in range(3)))
    numbers = {one.pattern: one.number for one in known.wanted()}
    assert [numbers[cell] for cell in cells[:2]] == [2, 1]
    assert [numbers[digest] for digest in digests] == [2, 1, 0]


def test_the_spool_is_read_as_it_stands() -> None:
    fd = spool.create(GEOMETRY)
    try:
        kept = Spool(fd, GEOMETRY)
        kept.turn_to(RoundNumber(7))
        kept.turn_to(RoundNumber(8))
        cells = [os.urandom(GEOMETRY.letter_length) for _ in range(3)]
        for cell in cells:
            kept.put(CellClass.LETTER, cell, identity=cell[:64])
        kept.drop(CellClass.LETTER, [slot for slot in range(16) if kept.read(CellClass.LETTER, slot) == cells[0]])
        keys = {key.round_number: key.key.secret_seed() for key in kept.round_keys()}

        def look() -> spool_memory.SpoolMemory:
            return spool_memory.read(lambda at, length: os.pread(fd, length, at), GEOMETRY.total)

        found = look()
        assert {held.cell for held in found.cells} == set(cells[1:])
        assert found.keys == keys
        assert found.dirty == 0
        # A slot that was freed and not overwritten.
        at = next(held.offset for held in found.cells)
        states = spool.Layout(GEOMETRY).states[CellClass.LETTER]
        slot = (at - spool.Layout(GEOMETRY).slots[CellClass.LETTER]) // (GEOMETRY.letter_length + 16)
        os.pwrite(fd, b"\x00", states + slot)
        assert look().dirty == 1
        kept.close()
    finally:
        os.close(fd)


@hypothesis_given(st.binary(max_size=40), st.integers(0, 1 << 24))
def test_any_memory_is_a_spool_or_not(head: bytes, size: int) -> None:
    data = b"VLSPOOL1" + head
    with pytest.raises(NotASpool):
        spool_memory.read(lambda at, length: data[at : at + length], size)
