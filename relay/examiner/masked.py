"""Parts of an image that are looked at by themselves, as what they are, and not once more as bytes.

Pure: places go in; reads come out with zeros there and nowhere else.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, order=True)
class _Part:
    """Bytes from `start` on to `stop`: all of them, or `fields` (offset, length) of each record of `step` bytes."""

    start: int
    stop: int
    step: int
    fields: tuple[tuple[int, int], ...]


class Masked:
    """What is left out; the parts do not overlap."""

    def __init__(self) -> None:
        self._parts: Final[list[_Part]] = []

    def add(self, start: int, length: int) -> None:
        """Leave out these bytes."""
        self._parts.append(_Part(start, start + length, length, ((0, length),)))

    def add_fields(self, start: int, length: int, *, step: int, fields: Sequence[tuple[int, int]]) -> None:
        """Leave out these fields of each record of `step` bytes."""
        self._parts.append(_Part(start, start + length, step, tuple(fields)))

    def reading(self, read: Callable[[int, int], bytes]) -> Callable[[int, int], bytes]:
        """`read`, with zeros where something is left out."""
        parts = sorted(self._parts)
        starts = [part.start for part in parts]

        def masked(offset: int, length: int) -> bytes:
            data = bytearray(read(offset, length))
            end = offset + len(data)
            for part in parts[max(0, bisect_right(starts, offset) - 1) : bisect_right(starts, end)]:
                _blank(data, offset, end, part)
            return bytes(data)

        return masked


def _blank(data: bytearray, offset: int, end: int, part: _Part) -> None:
    first = part.start + max(0, offset - part.start) // part.step * part.step if part.step else part.stop
    for record in range(first, min(end, part.stop), max(1, part.step)):
        for at, length in part.fields:
            low, high = max(record + at, offset), min(record + at + length, end, part.stop)
            if low < high:
                data[low - offset : high - offset] = bytes(high - low)
