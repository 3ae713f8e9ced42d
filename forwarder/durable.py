"""Durable writes whose failures say what the operator must do; the write itself is `onion_service.durable`."""

import errno
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from forwarder.errors import NoSpace, NotWritten
from onion_service.durable import UNFINISHED, replace, sync_folder

_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def write_durably(path: Path, parts: Sequence[bytes]) -> None:
    """`path` holds exactly `parts`, one after the other, on the disk itself, readable by its owner only.

    Raises NoSpace or NotWritten; then `path` is as it was and nothing is left beside it.
    """
    try:
        replace(path, parts)
    except OSError as error:
        failure = NoSpace if error.errno in _NO_ROOM else NotWritten
        raise failure(path, error.strerror or "unknown reason") from error


def read_unnoticed(path: Path, *, at_most: int) -> bytes:
    """What `path` holds, up to `at_most` bytes, read so that its time of access stays as it was.

    Only a file's owner may ask for that (open(2)); whoever else reads leaves the moment in it, unless the disk is mounted
    `noatime` (docs/operate.md).
    """
    flags = os.O_RDONLY | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags | os.O_NOATIME)
    except PermissionError:
        descriptor = os.open(path, flags)
    with open(descriptor, "rb", buffering=0) as file:  # noqa: PTH123 - it is a descriptor
        parts, left = [], at_most
        while left > 0 and (part := file.read(left)):
            parts.append(part)
            left -= len(part)
        return b"".join(parts)


def remove_unfinished(folder: Path) -> None:
    """Remove what a crash in the middle of a write left in `folder`."""
    for path in folder.glob(f"{UNFINISHED}*"):
        path.unlink(missing_ok=True)


def remove_durably(folder: Path, names: Sequence[str]) -> None:
    """Remove these files of `folder`; those that are gone already are no error."""
    for name in names:
        (folder / name).unlink(missing_ok=True)
    if names:
        sync_folder(folder)
