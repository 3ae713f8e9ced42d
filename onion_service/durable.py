"""The one durable write of what is kept on a person's machine: after a crash there is the old file or the new one."""

import os
import secrets
from pathlib import Path


def write_new(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Make a file that was not there. Raises FileExistsError, and changes nothing, when something is."""
    draft = _draft(path, data, mode)
    try:
        # A link fails when the name is taken; a rename would overwrite it.
        os.link(draft, path)
    finally:
        draft.unlink()
    _sync_folder(path.parent)


def replace(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Put `data` in the place of whatever file was there."""
    draft = _draft(path, data, mode)
    try:
        draft.replace(path)
    except BaseException:
        draft.unlink()
        raise
    _sync_folder(path.parent)


def _draft(path: Path, data: bytes, mode: int) -> Path:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        draft.unlink()
        raise
    return draft


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
