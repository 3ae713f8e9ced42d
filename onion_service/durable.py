"""The one durable write: after a crash at any moment there is the old file or the new one, whole.

Lack of space shows before anything is replaced. Errors are the system's own (OSError); nothing is left beside the file.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

UNFINISHED: Final = ".unfinished-"


def write_new(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Make a file that was not there. Raises FileExistsError, and changes nothing, when something is."""
    draft = _draft(path, [data], mode)
    try:
        # A link fails when the name is taken; a rename would overwrite it.
        os.link(draft, path)
    finally:
        draft.unlink()
    sync_folder(path.parent)


def replace(path: Path, parts: Sequence[bytes], *, mode: int = 0o600) -> None:
    """Put `parts`, one after the other, in the place of whatever file was there."""
    draft = _draft(path, parts, mode)
    try:
        draft.replace(path)
    except BaseException:
        draft.unlink()
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """What was made, renamed or removed in `folder` is on the disk when this returns."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _draft(path: Path, parts: Sequence[bytes], mode: int) -> Path:
    draft = path.with_name(UNFINISHED + path.name)
    draft.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(draft, flags, mode)
    try:
        _fill(descriptor, parts)
    except BaseException:
        draft.unlink()
        raise
    finally:
        os.close(descriptor)
    return draft


def _fill(descriptor: int, parts: Sequence[bytes]) -> None:
    if length := sum(len(part) for part in parts):
        os.posix_fallocate(descriptor, 0, length)
    for part in parts:
        rest = memoryview(part)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    os.fsync(descriptor)
