"""A tor of ours works in memory; of what it writes only its guards reach a disk, and only when they changed (T9).

The folder in memory is named after the one on the disk, so what a killed program left there is found again. Files of
tor's that an older version left on the disk are removed.
"""

import fcntl
import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from onion_service import durable, memory
from onion_service.errors import FolderNotUsable, StrangeState, TorError, TorInUse
from onion_service.tor_state import STATE_MAX, guards_only

STATE: Final = "state"
# What tor writes into its DataDirectory when that is on a disk (tor(1), FILES).
_LEFT_BY_TOR: Final = (
    "cached-certs",
    "cached-consensus",
    "cached-descriptors",
    "cached-descriptors.new",
    "cached-extrainfo",
    "cached-extrainfo.new",
    "cached-microdesc-consensus",
    "cached-microdescs",
    "cached-microdescs.new",
    "control_auth_cookie",
    "lock",
    "state.tmp",
    "torrc",
    "unverified-consensus",
    "unverified-microdesc-consensus",
)
_FOLDERS_LEFT_BY_TOR: Final = ("keys", "diff-cache")


class TorFolder:
    """One tor's DataDirectory, at `path` in memory, and the folder on the disk in which its guards are kept."""

    __slots__ = ("_held", "_kept", "path")

    def __init__(self, kept: Path) -> None:
        """Take it. `kept`: the folder on the disk, made if it is not there.

        Raises NoMemoryFolder, TorInUse, FolderNotUsable or StrangeState; the operator must act.
        """
        self._kept: Final = kept
        with self._usable():
            kept.mkdir(mode=0o700, parents=True, exist_ok=True)
            kept.chmod(0o700)
        name = hashlib.sha256(bytes(kept.resolve())).hexdigest()[:16]
        self.path: Final = memory.place() / f"veladora-tor-{name}"
        self._held: int | None = _taken(self.path)
        try:
            with self._usable():
                self._prepare()
        except BaseException:
            self._let_go()
            raise

    def keep(self) -> None:
        """What tor's guards are now is on the disk. Raises StrangeState or FolderNotUsable; the disk is as it was."""
        with self._usable():
            # A tor that has chosen none yet does not take away those that were kept.
            if guards := _guards(self.path / STATE):
                self._write(guards)

    def close(self) -> None:
        """Keep the guards and forget everything else. The tor has ended. Safe to call twice."""
        if self._held is None:
            return
        # Guards that cannot be kept now are those of the last time they were; what is in memory goes in any case.
        with suppress(TorError):
            self.keep()
        shutil.rmtree(self.path, ignore_errors=True)
        self._let_go()

    def _prepare(self) -> None:
        # What is still in memory is newer than what was kept: the program was killed before it could keep it.
        guards = _guards(self.path / STATE) or _guards(self._kept / STATE)
        _empty(self.path)
        if guards:
            (self.path / STATE).write_bytes(guards)
            self._write(guards)
        else:
            (self._kept / STATE).unlink(missing_ok=True)
        for name in _LEFT_BY_TOR:
            (self._kept / name).unlink(missing_ok=True)
        for name in _FOLDERS_LEFT_BY_TOR:
            shutil.rmtree(self._kept / name, ignore_errors=True)

    def _write(self, guards: bytes) -> None:
        # A file that is not written again does not say when tor was last here.
        if guards != _whole(self._kept / STATE):
            durable.replace(self._kept / STATE, [guards])

    @contextmanager
    def _usable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise FolderNotUsable(self._kept, error.strerror or "unknown reason") from error

    def _let_go(self) -> None:
        if self._held is not None:
            os.close(self._held)
        self._held = None


def _taken(path: Path) -> int:
    """A descriptor that holds the folder for us alone, as long as it is open. Raises TorInUse."""
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise TorInUse(path) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        ours, there = os.fstat(descriptor), path.lstat()
    except OSError as error:
        os.close(descriptor)
        raise TorInUse(path) from error
    # Others may write into the folder that all share: what lies at our name must be ours, and still lie there.
    private = ours.st_uid == os.geteuid() and stat.S_IMODE(ours.st_mode) == 0o700
    if not private or (ours.st_dev, ours.st_ino) != (there.st_dev, there.st_ino):
        os.close(descriptor)
        raise TorInUse(path)
    return descriptor


def _guards(path: Path) -> bytes:
    """The guards in a file, none when it is not there. Raises StrangeState with its name."""
    try:
        return guards_only(_whole(path))
    except StrangeState as error:
        raise StrangeState(f"{path}: {error}") from error


def _whole(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(STATE_MAX + 1)
    except FileNotFoundError:
        return b""


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
