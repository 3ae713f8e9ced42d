"""Bytes to be examined, wherever they lie, read in pieces and never changed.

A file is opened without touching its time of access where the system lets us; where not, that is said.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Final

CHUNK: Final = 1 << 20
OVERLAP: Final = 64 << 10
_SWAP_MAGIC: Final = b"SWAPSPACE2"
_SWAP_AT: Final = (4_086, 8_182, 16_374, 65_526)
_ELF: Final = b"\x7fELF"
_ET_CORE: Final = 4


class Nature(Enum):
    """What some bytes are; it decides which promise a finding in them breaks."""

    PLAIN = "plain"
    IMAGE = "image"
    JOURNAL = "journal"
    TOR = "tor"
    PUBLIC = "public documents of tor's network"
    FIGURES = "figures"
    SWAP = "swap"
    CORE = "core"
    MEMORY = "memory"
    SPOOL = "spool"


# A promise that is about one kind of bytes answers for all that is found in them.
_OWN_ROW: Final = {Nature.SWAP: "T12", Nature.CORE: "T12"}
_TIMES_ROW: Final = {Nature.JOURNAL: "T8", Nature.TOR: "T9", Nature.FIGURES: "T10"}


def row_of(nature: Nature, row: str) -> str:
    """The promise that a finding of `row` breaks in bytes of this nature."""
    if nature in _OWN_ROW:
        return _OWN_ROW[nature]
    return _TIMES_ROW.get(nature, row) if row == "T2" else row


@dataclass(frozen=True, slots=True)
class Source:
    """Bytes with a name. `read(offset, length)` gives fewer bytes at the end, and zeros where nothing can be read.

    `base`: the address of the first byte. `group`: the sources whose addresses can be compared.
    """

    name: str
    size: int
    read: Callable[[int, int], bytes]
    nature: Nature = Nature.PLAIN
    base: int = 0
    group: str = ""

    def chunks(self) -> Iterator[tuple[int, int, bytes]]:
        """(offset, bytes that belong to this chunk, data): each with some of what follows, for what lies across."""
        for offset in range(0, self.size, CHUNK):
            length = min(CHUNK, self.size - offset)
            if data := self.read(offset, length + OVERLAP):
                yield offset, min(length, len(data)), data

    def place(self, offset: int) -> str:
        """How a place in these bytes is told."""
        return f"{self.name} at {self.base + offset:#x}"


def nature_of(head: bytes) -> Nature:
    """What the first bytes of a file or device say it is."""
    if any(head[at : at + len(_SWAP_MAGIC)] == _SWAP_MAGIC for at in _SWAP_AT):
        return Nature.SWAP
    return Nature.CORE if is_core(head) else Nature.PLAIN


def is_core(head: bytes) -> bool:
    """Whether an ELF header of a core file stands there."""
    if head[:4] != _ELF or len(head) < 18 or head[5] not in (1, 2):
        return False
    return int.from_bytes(head[16:18], "little" if head[5] == 1 else "big") == _ET_CORE


def held(name: str, data: bytes, nature: Nature) -> Source:
    """Bytes that were read already, as a source."""
    return Source(name, len(data), lambda offset, length: data[offset : offset + length], nature)


@dataclass(slots=True)
class Opener:
    """Opens for reading only, and remembers whether a time of access may have changed by it."""

    touched: bool = False

    @contextmanager
    def opened(self, path: str, *, folder: bool = False) -> Iterator[int]:
        """A descriptor that closes at the end. Raises OSError."""
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | (os.O_DIRECTORY if folder else 0)
        try:
            descriptor = os.open(path, flags | os.O_NOATIME)
        except PermissionError:
            # Only the owner, or root, may ask for that (open(2)).
            descriptor = os.open(path, flags)
            self.touched = True
        try:
            yield descriptor
        finally:
            os.close(descriptor)


def reader(descriptor: int) -> Callable[[int, int], bytes]:
    """Reads of a file or device."""

    def read(offset: int, length: int) -> bytes:
        parts = []
        while length > 0 and (part := os.pread(descriptor, length, offset)):
            parts.append(part)
            offset += len(part)
            length -= len(part)
        return b"".join(parts)

    return read
