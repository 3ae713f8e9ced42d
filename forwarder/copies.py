"""A verified copy of what is published, in a folder that any web server can serve (docs/spec/alerts.md, "Copies").

A reader of `current` sees one version, whole: the old one or the new one, after a crash too. Nothing gets there, and
nothing is read from there, that the publisher's key does not vouch for.
"""

import errno
import fcntl
import os
import shutil
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crypto.errors import CryptoError, Forged
from crypto.manifest import (
    FILE_MAX,
    FILES_MAX,
    MANIFEST_MAX,
    MANIFEST_NAME,
    SIGNATURE_NAME,
    Signed,
    is_name,
)
from crypto.minisign import SIGNATURE_FILE_MAX, PublicKey
from forwarder.errors import BadCopy, NoCopy, NotWritten
from onion_service.durable import UNFINISHED, replace, sync_folder

CURRENT: Final = "current"
VERSIONS: Final = "versions"
# Everybody may read what is published.
_FILE_MODE: Final = 0o644
_FOLDER_MODE: Final = 0o755
_DEPTH_MAX: Final = 4
_HOUR_SECONDS: Final = 3_600


@dataclass(frozen=True, slots=True)
class Copy:
    """A signed manifest and exactly its files, by name."""

    signed: Signed
    files: Mapping[str, bytes]

    def __post_init__(self) -> None:
        self.signed.check_files(self.files)

    def everything(self) -> dict[str, bytes]:
        """All files by name, those of the manifest too."""
        return {**self.files, MANIFEST_NAME: self.signed.wire, SIGNATURE_NAME: self.signed.signature}


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """No other program that asks for this writes in `folder` for as long as the block lasts; whoever comes meanwhile
    waits. The folder is made if need be. Raises NotWritten."""
    try:
        folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise NotWritten(folder, error.strerror or "unknown reason") from error
    try:
        # The folder itself, so nothing is left when a program is killed.
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def write_copy(folder: Path, copy: Copy) -> None:
    """`folder/current` is this copy when it returns. Raises NotWritten; then it is what it was."""
    try:
        _write(folder, copy)
    except OSError as error:
        raise NotWritten(folder, error.strerror or "unknown reason") from error


def current_version(folder: Path) -> str:
    """The name of what `folder/current` leads to; empty where there is nothing."""
    current = folder / CURRENT
    return current.readlink().name if current.is_symlink() else ""


def read_copy(folder: Path, *, key: PublicKey) -> Copy:
    """The copy in `folder/current`, however old.

    Raises NoCopy when there is none; BadCopy when `key` did not sign it so, when a file is altered, missing or one too
    many, or when it cannot be read.
    """
    with _speaking_of(folder):
        # A new version may take its place while we read: the one before is kept, so we go on with that.
        place = (folder / CURRENT).resolve(strict=True)
        signed = _signed(place, key)
        listed = {file.name for file in signed.manifest.files}
        names = set(_names(place)) - {MANIFEST_NAME, SIGNATURE_NAME}
        if odd := sorted(listed ^ names):
            raise Forged(
                f"{odd[0] if is_name(odd[0]) else 'a file'} is {'missing' if odd[0] in listed else 'too many'}"
            )
        return Copy(signed, {name: _read(place / name, FILE_MAX) for name in sorted(listed)})


def read_signed(folder: Path, *, key: PublicKey) -> Signed:
    """The manifest of the copy in `folder/current` alone; else as `read_copy`."""
    with _speaking_of(folder):
        return _signed((folder / CURRENT).resolve(strict=True), key)


@contextmanager
def _speaking_of(folder: Path) -> Iterator[None]:
    """What goes wrong in reading is NoCopy or BadCopy of this folder."""
    try:
        yield
    except FileNotFoundError as error:
        raise NoCopy(folder) from error
    except CryptoError as error:
        raise BadCopy(folder, str(error)) from error
    except (OSError, RuntimeError) as error:
        # RuntimeError: links that lead in a circle, in Python before 3.13.
        raise BadCopy(folder, getattr(error, "strerror", None) or "unreadable") from error


def _signed(place: Path, key: PublicKey) -> Signed:
    signature = _read(place / SIGNATURE_NAME, SIGNATURE_FILE_MAX)
    return Signed.open(_read(place / MANIFEST_NAME, MANIFEST_MAX), signature, key=key)


def _write(folder: Path, copy: Copy) -> None:
    versions = folder / VERSIONS
    versions.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    name = str(copy.signed.manifest.version)
    draft, place = versions / f"{UNFINISHED}{name}", versions / name
    current = folder / CURRENT
    before = current_version(folder)
    if before == name:
        raise FileExistsError(errno.EEXIST, "this version is there already, and the number of a version rises")
    # What is there under that number is left from a write that was cut off before it was shown.
    shutil.rmtree(place, ignore_errors=True)
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=_FOLDER_MODE)
    for file, data in copy.everything().items():
        path = draft / file
        path.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        replace(path, [data], mode=_FILE_MODE)
    moment = _moment(current)
    _date(draft, moment)
    draft.replace(place)
    sync_folder(versions)
    link = folder / f"{UNFINISHED}{CURRENT}"
    link.unlink(missing_ok=True)
    link.symlink_to(Path(VERSIONS) / name)
    link.replace(current)
    sync_folder(folder)
    _forget(versions, keep={name, before})
    for changed in (current, versions, folder):
        # The copy is shown already. A folder of somebody else, who lets us write there, keeps its own date.
        with suppress(OSError):
            os.utime(changed, (moment, moment), follow_symlinks=False)


def _moment(current: Path) -> int:
    """What files are dated: the full hour, since a web server shows it to everybody, and at least a second after those
    before, since readers ask by it whether there is something newer."""
    hour = int(time.time()) // _HOUR_SECONDS * _HOUR_SECONDS
    try:
        return max(hour, int((current / MANIFEST_NAME).stat().st_mtime) + 1)
    except OSError:
        return hour


def _date(place: Path, moment: int) -> None:
    for path in (*place.rglob("*"), place):
        os.utime(path, (moment, moment))


def _forget(versions: Path, *, keep: set[str]) -> None:
    for old in versions.iterdir():
        if old.name not in keep:
            shutil.rmtree(old, ignore_errors=True)


def _names(place: Path) -> Iterator[str]:
    """Every file under `place`, by its path from there; no more than there can be."""
    found = 0
    for at, folders, files in os.walk(place):
        inner = Path(at).relative_to(place)
        found += len(folders) + len(files)
        if found > FILES_MAX * _DEPTH_MAX + 2 or len(inner.parts) > _DEPTH_MAX:
            raise Forged("more is there than is in the list")
        yield from ((inner / one).as_posix() for one in (*files, *(f for f in folders if (Path(at) / f).is_symlink())))


def _read(path: Path, limit: int) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise Forged(f"{path.name} is not a file")
        data = file.read(limit + 1)
    if len(data) > limit:
        raise Forged(f"{path.name} is longer than any published file")
    return data
