"""Pure: two formats in which Firefox packs what it keeps are unpacked whole, or `Damaged` is raised.

Sources: LZ4 block format (https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md) behind Mozilla's head of twelve
bytes; Snappy (https://github.com/google/snappy/blob/main/format_description.txt).
"""

from typing import Final

MOZLZ4_HEAD: Final = b"mozLz40\x00"
UNPACKED_MAX: Final = 64 * 2**20
_LZ4_SHORTEST_COPY: Final = 4
_LONG: Final = 15


class Damaged(Exception):
    """Not this format, or cut."""


def unpack_mozlz4(data: bytes) -> bytes:
    """What a file like `sessionstore.jsonlz4` says."""
    if not data.startswith(MOZLZ4_HEAD) or len(data) < len(MOZLZ4_HEAD) + 4:
        raise Damaged("no head of a packed file")
    length = int.from_bytes(data[8:12], "little")
    found = unpack_lz4(data[12:], length)
    if len(found) != length:
        raise Damaged("not as long as it says")
    return found


def unpack_lz4(data: bytes, length: int) -> bytes:
    """A block that unpacks to at most so many bytes."""
    if length > UNPACKED_MAX:
        raise Damaged("longer than anything here is")
    found = bytearray()
    reader = _Reader(data)
    while reader.left:
        token = reader.byte()
        found += reader.take(_long(reader, token >> 4))
        if not reader.left:
            break
        distance = reader.number(2)
        _copy(found, distance, _long(reader, token & _LONG) + _LZ4_SHORTEST_COPY, length)
    return bytes(found)


def unpack_snappy(data: bytes) -> bytes:
    """A raw Snappy block, which begins with its unpacked length."""
    reader = _Reader(data)
    length, shift = 0, 0
    while True:
        digit = reader.byte()
        length |= (digit & 0x7F) << shift
        shift += 7
        if digit < 0x80:
            break
        if shift > 28:
            raise Damaged("no length")
    if not 0 < length <= UNPACKED_MAX:
        raise Damaged("longer than anything here is, or nothing")
    found = bytearray()
    while reader.left:
        tag = reader.byte()
        kind, rest = tag & 3, tag >> 2
        if kind == 0:
            found += reader.take((rest if rest < 60 else reader.number(rest - 59)) + 1)
        elif kind == 1:
            _copy(found, (tag >> 5) << 8 | reader.byte(), (rest & 7) + 4, length)
        else:
            _copy(found, reader.number(2 if kind == 2 else 4), rest + 1, length)
    if len(found) != length:
        raise Damaged("not as long as it says")
    return bytes(found)


class _Reader:
    """Bytes taken from the front."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def take(self, count: int) -> bytes:
        if count > self.left:
            raise Damaged("cut")
        self._at += count
        return self._data[self._at - count : self._at]

    def byte(self) -> int:
        return self.take(1)[0]

    def number(self, count: int) -> int:
        return int.from_bytes(self.take(count), "little")


def _long(reader: _Reader, count: int) -> int:
    if count == _LONG:
        while (more := reader.byte()) == 255:
            count += more
        count += more
    return count


def _copy(found: bytearray, distance: int, count: int, length: int) -> None:
    """Repeat what stands `distance` back; it may reach into what it writes."""
    if not 0 < distance <= len(found) or len(found) + count > length:
        raise Damaged("a copy of nothing, or of too much")
    start = len(found) - distance
    for at in range(start, start + count):
        found.append(found[at])
