"""The one durable write: after a crash at any moment there is the old file or the new one, whole.

Lack of space shows before anything is replaced.
"""

import errno
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from forwarder.errors import NoSpace, NotWritten

_UNFINISHED: Final = ".unfinished-"
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def write_durably(path: Path, parts: Sequence[bytes]) -> None:
    """`path` holds exactly `parts`, one after the other, on the disk itself, readable by its owner only.

    Raises NoSpace or NotWritten; then `path` is as it was and nothing is left beside it.
    """
    unfinished = path.with_name(_UNFINISHED + path.name)
    try:
        unfinished.unlink(missing_ok=True)
        _fill(unfinished, parts)
        unfinished.replace(path)
        _sync_folder(path.parent)
    except BaseException as error:
        unfinished.unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        failure = NoSpace if error.errno in _NO_ROOM else NotWritten
        raise failure(path, error.strerror or "unknown reason") from error


def remove_unfinished(folder: Path) -> None:
    """Remove what a crash in the middle of a write left in `folder`."""
    for path in folder.glob(f"{_UNFINISHED}*"):
        path.unlink(missing_ok=True)


def remove_durably(folder: Path, names: Sequence[str]) -> None:
    """Remove these files of `folder`; those that are gone already are no error."""
    for name in names:
        (folder / name).unlink(missing_ok=True)
    if names:
        _sync_folder(folder)


def _fill(path: Path, parts: Sequence[bytes]) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    try:
        length = sum(len(part) for part in parts)
        if length:
            os.posix_fallocate(descriptor, 0, length)
        for part in parts:
            rest = memoryview(part)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
