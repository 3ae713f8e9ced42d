"""Every way to write a moment is read, at every offset; what is not one is not."""

import struct
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.examiner.chance import most_hits
from relay.examiner.moments import Window
from relay.examiner.times import DECIMAL, SHAPES, TEXT, Clock

AT = 1_795_001_000.5
WINDOW = Window(1_795_000_000, 1_795_003_600, 900, 15, (AT,))
CLOCK = Clock(WINDOW)
DAY = datetime.fromtimestamp(AT, UTC)

NUMBERS = {
    "32-bit seconds, big-endian": b"\xff" + struct.pack(">I", int(AT)),
    "32-bit seconds, little-endian": struct.pack("<I", int(AT)) + b"\xff",
    "64-bit seconds, big-endian": struct.pack(">Q", int(AT)),
    "64-bit seconds, little-endian": struct.pack("<Q", int(AT)),
    "48-bit milliseconds, big-endian": b"\xff" + int(AT * 1e3).to_bytes(6, "big"),
    "48-bit milliseconds, little-endian": int(AT * 1e3).to_bytes(6, "little") + b"\xff",
    "64-bit milliseconds, big-endian": struct.pack(">Q", int(AT * 1e3)),
    "64-bit milliseconds, little-endian": struct.pack("<Q", int(AT * 1e3)),
    "64-bit microseconds, big-endian": struct.pack(">Q", int(AT * 1e6)),
    "64-bit microseconds, little-endian": struct.pack("<Q", int(AT * 1e6)),
    "64-bit nanoseconds, big-endian": struct.pack(">Q", int(AT * 1e9)),
    "64-bit nanoseconds, little-endian": struct.pack("<Q", int(AT * 1e9)),
    "floating-point seconds, big-endian": struct.pack(">d", AT),
    "floating-point seconds, little-endian": struct.pack("<d", AT),
    "floating-point milliseconds, big-endian": struct.pack(">d", AT * 1e3),
    "floating-point milliseconds, little-endian": struct.pack("<d", AT * 1e3),
    "floating-point days, big-endian": struct.pack(">d", AT / 86_400 + 2_440_587.5),
    "floating-point days, little-endian": struct.pack("<d", AT / 86_400 + 2_440_587.5),
}
TEXTS = [
    DAY.isoformat(),
    f"{DAY:%Y-%m-%d %H:%M:%S}",
    f"{DAY:%Y-%m-%dT%H:%M}Z",
    f"{DAY:%Y%m%dT%H%M%S}",
    f"{DAY:%Y%m%d%H%M%S}",
    f"{DAY:%Y/%m/%d %H:%M:%S}",
    f"{DAY:%Y-%m-%d_%H:%M:%S}",
    f"{DAY:%a, %d %b %Y %H:%M:%S} GMT",
    f"{DAY:%a, %d %b %Y %H:%M:%S} +0000",
    f"[{DAY:%d/%b/%Y:%H:%M:%S} +0000]",
    f"{DAY:%b %d %H:%M:%S} host",
    f"{DAY:%a %b %d %H:%M:%S %Y}",
    f"{DAY.astimezone(timezone(timedelta(hours=-6))):%Y-%m-%dT%H:%M:%S}-06:00",
    f"{DAY.astimezone(timezone(timedelta(hours=13))):%d %b %Y %H:%M:%S} +1300",
]


def kinds(data: bytes) -> set[str]:
    return {hit.kind for hit in CLOCK.hits(data)}


@pytest.mark.parametrize("kind", NUMBERS)
@pytest.mark.parametrize("before", range(8))
def test_a_number_is_read_at_every_offset(kind: str, before: int) -> None:
    data = b"\xfe" * before + NUMBERS[kind] + b"\xfe" * 5
    hits = [hit for hit in CLOCK.hits(data) if hit.kind == kind]
    assert len(hits) == 1
    assert WINDOW.recovers(hits[0].earliest, hits[0].latest)
    assert before <= hits[0].offset < before + len(NUMBERS[kind])


def test_every_shape_has_its_example() -> None:
    shapes = {shape.kind for shape in SHAPES} | {shape.padded for shape in SHAPES if shape.padded}
    assert shapes == set(NUMBERS)
    assert set(CLOCK.chance) == shapes | {DECIMAL, TEXT} == set(CLOCK.chance_of_arrival)


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_read(text: str) -> None:
    hits = [hit for hit in CLOCK.hits(b"x " + text.encode() + b" y") if hit.kind == TEXT]
    assert len(hits) == 1
    assert WINDOW.recovers(hits[0].earliest, hits[0].latest)


@pytest.mark.parametrize("text", ["1795001000", "1795001000.5", "1795001000500", "1795001000500000", f"{AT:.6f}"])
def test_decimals_are_read(text: str) -> None:
    assert kinds(f"({text})".encode()) == {DECIMAL}


@pytest.mark.parametrize(
    "text",
    ["17950010001", "91795001000", "1795009999", "179500100", "2026-11-31T10:00", "2026-11-18", "Nov 99 10:00:00"],
)
def test_what_is_no_moment_of_the_window_is_not_read(text: str) -> None:
    assert kinds(f"({text})".encode()) == set()


def test_a_moment_at_an_edge_tells_nothing() -> None:
    edge = 1_795_001_400
    assert edge % 900 == 0
    assert kinds(struct.pack(">Q", edge)) == set()
    assert kinds(struct.pack(">d", edge + 7.5)) == set()
    assert kinds(struct.pack(">d", edge + 17.5)) == {"floating-point seconds, big-endian"}


def test_words_are_no_numbers() -> None:
    """'j' and a letter above it stand for seconds of that hour in text after text."""
    middle = struct.pack(">I", 0x6A7A6F6F)
    clock = Clock(Window(0x6A7A0000, 0x6A7AFFFF, 900, 15))
    assert not list(clock.hits(b"j" + middle + b" and"))
    assert [hit.kind for hit in clock.hits(b"\x00" + middle + b"\x07")] == ["32-bit seconds, big-endian"]


def test_bytes_of_chance_give_as_many_hits_as_chance(chance_bytes: bytes) -> None:
    expected = sum(CLOCK.chance.values()) * len(chance_bytes)
    hits = len(list(CLOCK.hits(chance_bytes)))
    assert hits <= most_hits(expected)
    assert hits >= expected / 4


@pytest.fixture(scope="module")
def chance_bytes() -> bytes:
    from random import Random

    return Random(11).randbytes(1 << 23)


@given(st.binary(max_size=300))
def test_any_bytes_can_be_looked_at(data: bytes) -> None:
    for hit in CLOCK.hits(data):
        assert 0 <= hit.offset < len(data)
        assert WINDOW.tells(hit.earliest, hit.latest)


@given(st.lists(st.sampled_from([*TEXTS, "1795", "2026-11-", "Nov ", "T", ":", "+99:99", "99", "é"]), max_size=8))
def test_any_broken_text_can_be_looked_at(parts: list[str]) -> None:
    assert all(hit.kind in (TEXT, DECIMAL) for hit in CLOCK.hits("".join(parts).encode()))


@given(st.floats(1e6, 8e9), st.floats(1, 1e8))
def test_any_window_can_be_planned(start: float, length: float) -> None:
    clock = Clock(Window(start, start + length, 900, 15))
    assert all(0 <= chance <= 1 for chance in clock.chance.values())
