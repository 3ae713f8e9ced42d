"""What a file system says about its files beside what is in them: names, sizes, inode numbers and times of every kind.

A folder is walked without following links and, where the system lets us, without touching a time of access.
"""

import ctypes
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from pathlib import PurePosixPath
from typing import Final

from relay.examiner.sources import Opener

_AT_FDCWD: Final = -100
_AT_SYMLINK_NOFOLLOW: Final = 0x100
_STATX_BASIC_AND_BTIME: Final = 0xFFF
_STATX_BTIME: Final = 0x800
_STATX_LEN: Final = 256
# struct statx (linux/stat.h): the mask, and where its four times begin.
_STATX_TIMES: Final = {"time of access": 0x40, "time of birth": 0x50, "time of change": 0x60, "time of writing": 0x70}
_DEEPEST: Final = 64


class FileKind(Enum):
    """What a name stands for."""

    FILE = "file"
    FOLDER = "folder"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in a tree. `path` begins below the root that was examined; `times` are seconds since 1970."""

    path: PurePosixPath
    kind: FileKind
    size: int
    inode: int
    times: dict[str, float]
    blocks: int = 0


@dataclass(slots=True)
class Tree:
    """All entries of a root, and what of it could not be read."""

    entries: list[Entry] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    without_birth: bool = False


def walk(root: str, opener: Opener) -> Tree:
    """Every entry below `root`, times read before anything is opened. Raises OSError when root itself is closed."""
    tree = Tree()
    for entry in _walk(root, PurePosixPath(), opener, tree, 0):
        tree.entries.append(entry)
    return tree


def _walk(root: str, path: PurePosixPath, opener: Opener, tree: Tree, depth: int) -> Iterator[Entry]:
    yield _entry(os.path.join(root, path), path, tree)  # noqa: PTH118 - a name may be anything
    if depth > _DEEPEST:
        tree.closed.append(str(path))
        return
    folders = []
    try:
        with opener.opened(os.path.join(root, path), folder=True) as descriptor:  # noqa: PTH118
            names = sorted(os.listdir(descriptor))  # noqa: PTH208 - only a descriptor leaves the time of access alone
    except OSError:
        if not path.parts:
            raise
        tree.closed.append(str(path))
        return
    for name in names:
        below = path / name
        full = os.path.join(root, below)  # noqa: PTH118
        try:
            if stat.S_ISDIR(os.lstat(full).st_mode):
                folders.append(below)
            else:
                yield _entry(full, below, tree)
        except OSError:
            tree.closed.append(str(below))
    for folder in folders:
        yield from _walk(root, folder, opener, tree, depth + 1)


def _entry(full: str, path: PurePosixPath, tree: Tree) -> Entry:
    known = os.lstat(full)
    kind = FileKind.FOLDER if stat.S_ISDIR(known.st_mode) else FileKind.OTHER
    if stat.S_ISREG(known.st_mode):
        kind = FileKind.FILE
    times = _statx(os.fsencode(full))
    if times is None or "time of birth" not in times:
        tree.without_birth = True
    if times is None:
        times = {"time of access": known.st_atime, "time of change": known.st_ctime, "time of writing": known.st_mtime}
    return Entry(path, kind, known.st_size, known.st_ino, times, known.st_blocks)


def _statx(path: bytes) -> dict[str, float] | None:
    """All times of an inode, that of its birth too; None where the system has no such call."""
    call: Callable[..., int] | None = getattr(ctypes.CDLL(None, use_errno=True), "statx", None)
    if call is None:
        return None
    found = ctypes.create_string_buffer(_STATX_LEN)
    if call(_AT_FDCWD, path, _AT_SYMLINK_NOFOLLOW, _STATX_BASIC_AND_BTIME, found) != 0:
        return None
    raw = found.raw
    times = {name: _moment(raw[at : at + 12]) for name, at in _STATX_TIMES.items()}
    if not int.from_bytes(raw[:4], "little") & _STATX_BTIME:
        del times["time of birth"]
    return times


def _moment(raw: bytes) -> float:
    return int.from_bytes(raw[:8], "little", signed=True) + int.from_bytes(raw[8:12], "little") / 1e9
