"""A partner's key lasts for a period: a new one is made, the old one opens what is still on its way, then it goes
(docs/spec/keys.md, promise T21).

What was sealed to a destroyed key opens no more, for anybody, wherever copies of it lie.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from crypto import keys
from crypto.keys import Cost, KeyKind
from forwarder.desk.config import OLDER_KEYS_MAX, Settings
from forwarder.desk.errors import DeskRuns, NotDestroyed, TooManyKeys
from forwarder.durable import write_durably
from onion_service.durable import sync_folder

# A relay keeps bundles for a week by default, and one day more is left for a cell that waits in one.
LATE: Final = timedelta(days=8)


@contextmanager
def keys_in_use(settings: Settings) -> Iterator[None]:
    """Nobody changes the desk's keys for as long as the block lasts. Who receives is in one: it would go on with the
    keys it has, and take for nobody's what is sealed to a new one."""
    with _held(settings.folder, fcntl.LOCK_SH):
        yield


@contextmanager
def keys_changing(settings: Settings) -> Iterator[None]:
    """Nobody receives with the desk's keys for as long as the block lasts. Raises DeskRuns when somebody does."""
    with _held(settings.folder, fcntl.LOCK_EX):
        yield


def new_period(settings: Settings, *, passphrase: str, today: date, cost: Cost | None = None) -> None:
    """From now on the desk's key is a new one, locked by `passphrase`; the one it had is an older one since `today`.

    The passphrase must be the desk's own; whoever calls has opened the desk with it. Raises DeskRuns, TooManyKeys or
    NotWritten; the key that was is in the folder still, whatever happens.
    """
    with _held(settings.folder, fcntl.LOCK_EX):
        current, older = settings.key_files[0], settings.older_keys_folder / f"{today.isoformat()}.key"
        if len(settings.key_files) > OLDER_KEYS_MAX or (older.exists() and older.read_bytes() != current.read_bytes()):
            raise TooManyKeys
        fresh = keys.lock(keys.generate(KeyKind.PARTNER), passphrase=passphrase, cost=cost)
        settings.older_keys_folder.mkdir(mode=0o700, exist_ok=True)
        # A copy first: whoever is stopped between the two has one key twice, and does it again.
        write_durably(older, [current.read_bytes()])
        write_durably(current, [fresh])


def end_periods(settings: Settings, *, today: date, at_once: bool = False) -> list[date]:
    """Destroy the older keys that nothing can be on its way to any more, or all `at_once`. Returns since when each was
    an older one; empty when it is too early. Raises DeskRuns or NotDestroyed."""
    ended = []
    with _held(settings.folder, fcntl.LOCK_EX):
        for path in sorted(settings.older_keys_folder.glob("*.key")):
            since = _since(path)
            if at_once or since + LATE <= today:
                _destroy(path)
                ended.append(since)
    return ended


def _since(path: Path) -> date:
    try:
        return date.fromisoformat(path.stem)
    except ValueError:
        raise NotDestroyed(path, "its name is not the day on which it was replaced") from None


def _destroy(path: Path) -> None:
    """Write zeros over the file where it lies, then remove it."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            os.write(descriptor, bytes(os.fstat(descriptor).st_size))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        path.unlink()
        sync_folder(path.parent)
    except OSError as error:
        raise NotDestroyed(path, error.strerror or "unknown reason") from error


@contextmanager
def _held(folder: Path, how: int) -> Iterator[None]:
    """The folder itself is locked, so nothing is written for it and nothing is left when a program is killed."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, how | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DeskRuns from None
        yield
    finally:
        os.close(descriptor)
