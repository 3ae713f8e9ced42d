"""The journal of an ext4 file system: which blocks it still holds copies of, and when it was written to.

A copy of an inode in the journal keeps times that the inode itself has lost since. The reader accepts, or raises
NotExt4 (layout: Documentation/filesystems/ext4/journal.rst of the Linux kernel; numbers are big-endian).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from relay.examiner.ext4 import Ext4, Inode, NotExt4

_MAGIC: Final = 0xC03B3998
_DESCRIPTOR, _COMMIT, _REVOKE = 1, 2, 5
_SUPERBLOCKS: Final = (3, 4)
_HEADER_LEN: Final = 12
_INCOMPAT_64BIT: Final = 0x2
_INCOMPAT_CSUM_V2: Final = 0x8
_INCOMPAT_CSUM_V3: Final = 0x10
_INCOMPAT_FAST_COMMIT: Final = 0x20
_TAG_ESCAPED, _TAG_SAME_UUID, _TAG_LAST = 1, 2, 8
_UUID_LEN: Final = 16
_COMMIT_TIME_AT: Final = 0x30
# Where a commit block has its time.
COMMIT_TIME_FIELD: Final = (_COMMIT_TIME_AT, 12)
_BLOCKS_MAX: Final = 1 << 24


@dataclass(slots=True)
class Log:
    """What a journal holds: copies (block of the file system, block of the disk where the copy lies) of all
    transactions, old ones too; the times of its commits; what a mount would write back."""

    copies: list[tuple[int, int]] = field(default_factory=list)
    commits: list[tuple[int, float]] = field(default_factory=list)
    replay: dict[int, int] = field(default_factory=dict)
    fast_commits: bool = False


def read(disk: Ext4) -> Log | None:
    """The journal of `disk`; None when it has none. Raises NotExt4 when it has one that is not readable."""
    if not disk.journal_inode:
        return None
    return _Reader(disk).log()


def inode_copies(disk: Ext4, log: Log) -> Iterator[tuple[int, Inode]]:
    """Every inode of which the journal holds a copy, with the block of the disk where the copy lies."""
    for block, copy in log.copies:
        if (place := disk.table_place(block)) is not None:
            for inode in disk.inodes_in(disk.block(copy), *place):
                yield copy, inode


class _Reader:
    def __init__(self, disk: Ext4) -> None:
        self._disk = disk
        places: list[int] = []
        for first, start, count in disk.file_blocks(disk.inode(disk.journal_inode)):
            if first != len(places) or len(places) + count > _BLOCKS_MAX:
                raise NotExt4("its journal has holes, or is too long")
            places += range(start, start + count)
        if not places:
            raise NotExt4("its journal is empty")
        self._places = places
        head = disk.block(places[0])
        if _u32(head, 0) != _MAGIC or _u32(head, 4) not in _SUPERBLOCKS or _u32(head, 0xC) != disk.block_size:
            raise NotExt4("its journal has no readable head")
        self._features = _u32(head, 0x28) if _u32(head, 4) == 4 else 0
        fast = _u32(head, 0x54) or 256 if self._features & _INCOMPAT_FAST_COMMIT else 0
        self._first, self._end = _u32(head, 0x14), min(_u32(head, 0x10), len(places)) - fast
        self._sequence, self._start = _u32(head, 0x18), _u32(head, 0x1C)
        if not 0 < self._first < self._end:
            raise NotExt4("its journal has impossible bounds")

    def log(self) -> Log:
        found = Log(fast_commits=bool(self._features & _INCOMPAT_FAST_COMMIT))
        for at in range(self._first, self._end):
            block = self._block(at)
            if _u32(block, 0) != _MAGIC:
                continue
            if _u32(block, 4) == _DESCRIPTOR:
                found.copies += [(number, self._places[copy]) for number, copy in self._copies(at, block)]
            elif _u32(block, 4) == _COMMIT:
                found.commits.append((self._places[at], _commit_time(block)))
        if self._start:
            found.replay = self._replay()
        return found

    def _replay(self) -> dict[int, int]:
        """The last committed copy of each block, as recovery would write it back."""
        at, sequence, committed, seen = self._start, self._sequence, dict[int, int](), 0
        waiting: dict[int, int] = {}
        revoked: set[int] = set()
        while self._first <= at < self._end and seen < self._end:
            seen += 1
            block = self._block(at)
            if _u32(block, 0) != _MAGIC or _u32(block, 8) != sequence:
                break
            kind, at = _u32(block, 4), self._next(at)
            if kind == _DESCRIPTOR:
                copies = list(self._copies(self._before(at), block))
                waiting.update({number: self._places[copy] for number, copy in copies})
                for _ in copies:
                    at = self._next(at)
            elif kind == _REVOKE:
                revoked |= set(self._revoked(block))
            elif kind == _COMMIT:
                committed = {number: copy for number, copy in committed.items() if number not in revoked}
                committed.update(waiting)
                waiting, revoked, sequence = {}, set(), sequence + 1
            else:
                break
        return committed

    def _copies(self, at: int, descriptor: bytes) -> Iterator[tuple[int, int]]:
        """(block of the file system, place in the journal) for each tag of a descriptor, while copies follow it."""
        place = at
        for number, escaped in self._tags(descriptor):
            place = self._next(place)
            if place == at or (not escaped and _u32(self._block(place), 0) == _MAGIC):
                return
            yield number, place

    def _tags(self, block: bytes) -> Iterator[tuple[int, bool]]:
        v3, wide = self._features & _INCOMPAT_CSUM_V3, self._features & _INCOMPAT_64BIT
        length = 16 if v3 else 8 + (4 if wide else 0) + (2 if self._features & _INCOMPAT_CSUM_V2 else 0)
        tail = 4 if self._features & (_INCOMPAT_CSUM_V2 | _INCOMPAT_CSUM_V3) else 0
        at = _HEADER_LEN
        while at + length <= len(block) - tail:
            flags = _u32(block, at + 4) if v3 else int.from_bytes(block[at + 6 : at + 8], "big")
            number = _u32(block, at) | (_u32(block, at + 8) << 32 if wide else 0)
            yield number, bool(flags & _TAG_ESCAPED)
            if flags & _TAG_LAST:
                return
            at += length + (0 if flags & _TAG_SAME_UUID else _UUID_LEN)

    def _revoked(self, block: bytes) -> Iterator[int]:
        length = 8 if self._features & _INCOMPAT_64BIT else 4
        end = min(_u32(block, 12), len(block))
        for at in range(16, end - length + 1, length):
            yield int.from_bytes(block[at : at + length], "big")

    def _block(self, at: int) -> bytes:
        return self._disk.block(self._places[at])

    def _next(self, at: int) -> int:
        return self._first if at + 1 >= self._end else at + 1

    def _before(self, at: int) -> int:
        return self._end - 1 if at == self._first else at - 1


def _commit_time(block: bytes) -> float:
    seconds = int.from_bytes(block[_COMMIT_TIME_AT : _COMMIT_TIME_AT + 8], "big")
    return float(min(seconds, 1 << 40)) + _u32(block, _COMMIT_TIME_AT + 8) / 1e9


def _u32(block: bytes, at: int) -> int:
    return int.from_bytes(block[at : at + 4], "big")
