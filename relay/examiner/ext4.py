"""An ext4 file system read from its image: names, inodes with all their times, contents; nothing is mounted.

What the journal still holds is laid over it, as a mount would do. Every field is checked before it is used: the reader
accepts, or raises NotExt4 (layout: Documentation/filesystems/ext4 of the Linux kernel).
"""

import stat
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from relay.examiner.entries import Entry, FileKind

_SUPER_AT: Final = 1_024
_SUPER_LEN: Final = 1_024
_MAGIC: Final = 0xEF53
_INCOMPAT_JOURNAL_DEVICE: Final = 0x8
_INCOMPAT_META_BG: Final = 0x10
_INCOMPAT_64BIT: Final = 0x80
_INCOMPAT_INLINE_DATA: Final = 0x8000
_INODE_UNINIT: Final = 1
_EXTENTS_FLAG: Final = 0x80000
_EXTENT_MAGIC: Final = 0xF30A
_EXTENT_UNWRITTEN: Final = 32_768
_DEPTH_MAX: Final = 5
_EXTENTS_MAX: Final = 1 << 20
_ROOT: Final = 2
_INODES_MAX: Final = 1 << 28
_FILE_MAX: Final = 1 << 30
_FOLDER_MAX: Final = 1 << 26
_NAMES_MAX: Final = 1 << 20
_ENTRY_LEN: Final = 8
# Where the times of an inode stand: access, change, writing, deletion; and what follows in large inodes.
TIME_FIELDS: Final = ((0x8, 16), (0x84, 20))
_KINDS: Final = (stat.S_IFIFO, stat.S_IFCHR, stat.S_IFDIR, stat.S_IFBLK, stat.S_IFREG, stat.S_IFLNK, stat.S_IFSOCK)


class NotExt4(Exception):
    """Not an ext4 file system, or one of a make that is not read here; the text says which. Look at it otherwise."""


@dataclass(frozen=True, slots=True)
class Inode:
    """An inode, in its table or as a copy; `times` as an Entry's."""

    number: int
    mode: int
    size: int
    links: int
    flags: int
    block: bytes
    times: dict[str, float]

    @property
    def kind(self) -> FileKind:
        """What it is of."""
        if stat.S_ISREG(self.mode):
            return FileKind.FILE
        return FileKind.FOLDER if stat.S_ISDIR(self.mode) else FileKind.OTHER


class Ext4:
    """One file system; `read(offset, length)` gives bytes of its image."""

    def __init__(self, read: Callable[[int, int], bytes], size: int) -> None:
        """Raises NotExt4."""
        self._read: Final = read
        raw = read(_SUPER_AT, _SUPER_LEN)
        if len(raw) < _SUPER_LEN or _u16(raw, 0x38) != _MAGIC:
            raise NotExt4("it is not an ext4 file system (a whole disk? give its partition)")
        incompatible = _u32(raw, 0x60)
        if incompatible & (_INCOMPAT_JOURNAL_DEVICE | _INCOMPAT_META_BG | _INCOMPAT_INLINE_DATA):
            raise NotExt4("it is ext4 with a feature that is not read here (journal device, meta_bg or inline_data)")
        if (shift := _u32(raw, 0x18)) > 6:
            raise NotExt4("its superblock gives impossible sizes")
        self.block_size: Final = 1_024 << shift
        self.first_block: Final = _u32(raw, 0x14)
        self.blocks: Final = _u32(raw, 0x4) | (_u32(raw, 0x150) << 32 if incompatible & _INCOMPAT_64BIT else 0)
        self.inodes_per_group: Final = _u32(raw, 0x28)
        self.inode_size: Final = _u16(raw, 0x58) if _u32(raw, 0x4C) else 128
        self.journal_inode: Final = _u32(raw, 0xE0)
        self._blocks_per_group: Final = _u32(raw, 0x20)
        self._descriptor_len: Final = _u16(raw, 0xFE) if incompatible & _INCOMPAT_64BIT else 32
        self._overlay: dict[int, int] = {}
        self._check(_u32(raw, 0), size)
        self.groups: Final = -(-(self.blocks - self.first_block) // self._blocks_per_group)
        self._tables: Final = list(self._read_tables())

    def block(self, number: int) -> bytes:
        """A block, as a mount would see it."""
        number = self._overlay.get(number, number)
        data = self._read(number * self.block_size, self.block_size) if 0 <= number < self.blocks else b""
        return data.ljust(self.block_size, b"\x00")

    def lay_over(self, overlay: dict[int, int]) -> None:
        """Read these blocks from elsewhere: block number to block number, from the journal."""
        self._overlay = dict(overlay)

    def inodes(self) -> Iterator[Inode]:
        """Every inode that was ever used, deleted ones too."""
        for group, (table, used) in enumerate(self._tables):
            if not used:
                continue
            for index in range(self._table_blocks):
                yield from self.inodes_in(self.block(table + index), group, index)

    def inodes_in(self, block: bytes, group: int, index: int) -> Iterator[Inode]:
        """The inodes in one block of an inode table; `index`: which block of the table of `group` it is."""
        if not block.strip(b"\x00"):
            return
        each = self.block_size // self.inode_size
        for place in range(each):
            number = group * self.inodes_per_group + index * each + place + 1
            raw = block[place * self.inode_size : (place + 1) * self.inode_size]
            if index * each + place < self.inodes_per_group and (found := _inode(raw, number)) is not None:
                yield found

    def table_place(self, block: int) -> tuple[int, int] | None:
        """Which group's inode table a block belongs to, and which block of it; None when it is none."""
        for group, (table, _) in enumerate(self._tables):
            if table <= block < table + self._table_blocks:
                return group, block - table
        return None

    def tables(self) -> Iterator[tuple[int, int]]:
        """(first block, how many) of each inode table in use."""
        yield from ((table, self._table_blocks) for table, used in self._tables if used)

    def inode(self, number: int) -> Inode:
        """One inode. Raises NotExt4 when there is none of that number."""
        group, place = divmod(number - 1, self.inodes_per_group)
        if not 0 <= group < len(self._tables):
            raise NotExt4("it names an inode that it does not have")
        each = self.block_size // self.inode_size
        block = self.block(self._tables[group][0] + place // each)
        found = _inode(block[place % each * self.inode_size :][: self.inode_size], number)
        if found is None:
            raise NotExt4("it names an inode that is empty")
        return found

    def file_blocks(self, inode: Inode) -> Iterator[tuple[int, int, int]]:
        """(first block in the file, first block on the disk, how many) of each extent. Raises NotExt4."""
        if not inode.flags & _EXTENTS_FLAG:
            raise NotExt4("a file of it is kept in a way that is not read here (no extents)")
        yield from self._extents(inode.block, _DEPTH_MAX)

    def content(self, inode: Inode, *, at_most: int = _FILE_MAX) -> bytes:
        """What a file holds, no more than `at_most` bytes. Raises NotExt4."""
        length = min(inode.size, at_most)
        parts = bytearray(length)
        for first, start, count in self.file_blocks(inode):
            for number in range(count):
                begin = (first + number) * self.block_size
                if begin >= length:
                    break
                data = self.block(start + number)[: length - begin]
                parts[begin : begin + len(data)] = data
        return bytes(parts)

    def tree(self) -> Iterator[tuple[Entry, Inode]]:
        """Every name that can be reached from the root. Raises NotExt4."""
        waiting, seen = [(PurePosixPath(), _ROOT)], set[int]()
        while waiting:
            path, number = waiting.pop()
            inode = self.inode(number)
            yield Entry(path, inode.kind, inode.size, number, inode.times), inode
            if inode.kind is not FileKind.FOLDER or number in seen:
                continue
            seen.add(number)
            if len(seen) + len(waiting) > _NAMES_MAX:
                raise NotExt4("it has more names than are read here")
            data = self.content(inode, at_most=_FOLDER_MAX)
            waiting += [(path / name, below) for name, below in self.names_in(data)]

    def names_in(self, data: bytes, *, removed: bool = False) -> Iterator[tuple[str, int]]:
        """(name, inode) of each entry in blocks of a folder, or in copies of them; `removed`: also of entries that were
        removed and not written over yet."""
        for start in range(0, len(data), self.block_size):
            at, end = start, min(start + self.block_size, len(data))
            while at + _ENTRY_LEN <= end:
                length = _u16(data, at + 4)
                if (found := _entry(data, at, min(end, at + length))) is None:
                    break
                if all(found):
                    yield found
                if removed:
                    # What is removed becomes room behind the entry before it, and stays there as it was.
                    used = -(-(_ENTRY_LEN + data[at + 6]) // 4) * 4
                    for stale in range(at + used, at + length - _ENTRY_LEN, 4):
                        if (older := _entry(data, stale, at + length)) is not None and all(older):
                            yield older
                at += length

    def _extents(self, node: bytes, depth_max: int) -> Iterator[tuple[int, int, int]]:
        if len(node) < 12 or _u16(node, 0) != _EXTENT_MAGIC:
            raise NotExt4("a file of it has no readable list of blocks")
        count, depth = _u16(node, 2), _u16(node, 6)
        if depth > depth_max or 12 + 12 * count > len(node):
            raise NotExt4("a file of it has an impossible list of blocks")
        for at in range(12, 12 + 12 * count, 12):
            if depth:
                below = _u32(node, at + 4) | _u16(node, at + 8) << 32
                yield from self._extents(self.block(below), depth - 1)
                continue
            first, length = _u32(node, at), _u16(node, at + 4)
            start = _u32(node, at + 8) | _u16(node, at + 6) << 32
            if length > _EXTENT_UNWRITTEN:
                continue
            if start + length > self.blocks:
                raise NotExt4("a file of it lies outside of it")
            yield first, start, length

    @property
    def _table_blocks(self) -> int:
        return -(-self.inodes_per_group * self.inode_size // self.block_size)

    def _read_tables(self) -> Iterator[tuple[int, bool]]:
        at, length = (self.first_block + 1) * self.block_size, self._descriptor_len
        raw = self._read(at, self.groups * length)
        for group in range(len(raw) // length):
            one = raw[group * length : (group + 1) * length]
            table = _u32(one, 0x8) | (_u32(one, 0x28) << 32 if length >= 64 else 0)
            if table >= self.blocks:
                raise NotExt4("its group descriptors give impossible places")
            yield table, not _u16(one, 0x12) & _INODE_UNINIT

    def _check(self, inodes: int, size: int) -> None:
        sound = (
            128 <= self.inode_size <= self.block_size
            and self.inode_size & (self.inode_size - 1) == 0
            and 0 < self.inodes_per_group <= 8 * self.block_size
            and 0 < self._blocks_per_group <= 8 * self.block_size
            and 0 < inodes <= _INODES_MAX
            and self.first_block <= 1
            and self.first_block < self.blocks
            and self.blocks * self.block_size <= size
            and 32 <= self._descriptor_len <= 1_024
        )
        if not sound:
            raise NotExt4("its superblock gives impossible sizes, or the image is cut off")


def _entry(data: bytes, at: int, end: int) -> tuple[str, int] | None:
    """The entry of a folder at a place: its name, empty where it has none to go by, and its inode, 0 where it is free.
    None where no entry stands."""
    number, length, name_length = _u32(data, at), _u16(data, at + 4), data[at + 6]
    if length < _ENTRY_LEN or length % 4 or at + length > end or name_length + _ENTRY_LEN > length:
        return None
    name = data[at + _ENTRY_LEN : at + _ENTRY_LEN + name_length].decode(errors="surrogateescape")
    return ("" if name in (".", "..") or "/" in name or "\x00" in name else name), number


def _inode(raw: bytes, number: int) -> Inode | None:
    """An inode of 128 bytes or more; None when it was never used."""
    mode = _u16(raw, 0)
    if stat.S_IFMT(mode) not in _KINDS:
        return None
    extra = min(_u16(raw, 0x80), len(raw) - 128) if len(raw) > 130 else 0
    times = {
        "time of access": _time(raw, 0x8, 0x8C, extra),
        "time of change": _time(raw, 0xC, 0x84, extra),
        "time of writing": _time(raw, 0x10, 0x88, extra),
    }
    if extra >= 0x98 - 0x80:
        times["time of birth"] = _time(raw, 0x90, 0x94, extra)
    links = _u16(raw, 0x1A)
    if not links and _u32(raw, 0x14):
        times["time of deletion"] = float(_u32(raw, 0x14))
    size = _u32(raw, 0x4) | (_u32(raw, 0x6C) << 32 if stat.S_ISREG(mode) or stat.S_ISDIR(mode) else 0)
    return Inode(number, mode, size, links, _u32(raw, 0x20), raw[0x28:0x64], times)


def _time(raw: bytes, at: int, extra_at: int, extra: int) -> float:
    seconds = int.from_bytes(raw[at : at + 4], "little", signed=True)
    if extra_at + 4 > 128 + extra:
        return float(seconds)
    more = _u32(raw, extra_at)
    return seconds + ((more & 3) << 32) + (more >> 2) / 1e9


def _u16(raw: bytes, at: int) -> int:
    return int(struct.unpack_from("<H", raw, at)[0])


def _u32(raw: bytes, at: int) -> int:
    return int(struct.unpack_from("<I", raw, at)[0])
