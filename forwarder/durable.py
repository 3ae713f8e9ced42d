"""Durable writes whose failures say what the operator must do; the write itself is `onion_service.durable`."""

import errno
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
