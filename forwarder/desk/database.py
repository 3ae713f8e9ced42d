"""An encrypted database that a passphrase opens, changed whole or not at all.

SQLCipher with a raw key, stretched from the passphrase by Argon2id (RFC 9106, through PyNaCl). Of a change that was
broken off, by whatever, nothing is left.
"""

import base64
import binascii
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
from nacl import pwhash
from sqlcipher3 import dbapi2 as sqlcipher

from crypto import canonical
from crypto.errors import Malformed
from crypto.keys import MEMORY_MAX, OPERATIONS_MAX, SALT_LEN, Cost
from forwarder.desk.errors import AlreadyThere, Busy, DeskError, NotOpened, NotStored, Unreadable
from forwarder.durable import write_durably

DATABASE_NAME: Final = "inbox.db"
LOCK_NAME: Final = "inbox.lock"
KEY_LEN: Final = 32
LOCK_MAX: Final = 1_024
BUSY_SECONDS: Final = 30.0
# sqlite3.h: BUSY and LOCKED; CORRUPT and NOTADB, which a wrong key looks like.
OCCUPIED: Final = (5, 6)
NOT_OURS: Final = (11, 26)
CACHE_KIB: Final = 65_536


class _Lock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the passphrase becomes the key."""

    memory: int
    operations: int
    salt: str
    v: int = 1

    def __post_init__(self) -> None:
        if self.v != 1 or not pwhash.argon2id.MEMLIMIT_MIN <= self.memory <= MEMORY_MAX:
            raise ValueError("a version or memory cost that we do not accept")
        if not pwhash.argon2id.OPSLIMIT_MIN <= self.operations <= OPERATIONS_MAX:
            raise ValueError("an operations cost that we do not accept")

    def stretch(self, passphrase: str) -> bytes:
        """The key that opens the database."""
        return pwhash.argon2id.kdf(
            KEY_LEN, passphrase.encode(), base64.b64decode(self.salt), opslimit=self.operations, memlimit=self.memory
        )


class Database:
    """An open database. One thread at a time."""

    __slots__ = ("_sqlcipher",)

    def __init__(self, opened: Any) -> None:  # noqa: ANN401 - sqlcipher3 has no types
        self._sqlcipher = opened

    @classmethod
    def create(cls, folder: Path, *, passphrase: str, cost: Cost | None) -> "Database":
        """A new, empty database in `folder`. Raises AlreadyThere, or NotWritten when the disk does not take it."""
        cost = cost or Cost()
        path = folder / DATABASE_NAME
        for there in (path, folder / LOCK_NAME):
            if there.exists():
                raise AlreadyThere(there)
        salt = base64.b64encode(secrets.token_bytes(SALT_LEN)).decode()
        lock = _Lock(memory=cost.memory, operations=cost.operations, salt=salt)
        write_durably(folder / LOCK_NAME, [canonical.encode(lock)])
        write_durably(path, [b""])
        opened = _connect(path, lock.stretch(passphrase))
        _settle(opened)
        return cls(opened)

    @classmethod
    def open(cls, folder: Path, *, passphrase: str, check: Callable[[int], None]) -> "Database":
        """The database in `folder`, if `check` does not raise on its version.

        Raises NotOpened on a wrong passphrase or a damaged file, Busy, or Unreadable when the disk fails; nothing is
        changed.
        """
        lock = _read_lock(folder / LOCK_NAME)
        opened = _connect(folder / DATABASE_NAME, lock.stretch(passphrase))
        try:
            (version,) = opened.execute("PRAGMA user_version").fetchone()
            check(version)
            _settle(opened)
        except sqlcipher.DatabaseError as error:
            opened.close()
            if _code(error) in NOT_OURS:
                raise NotOpened("the passphrase does not open the inbox, or the file is damaged") from error
            raise _not_read(error) from error
        except NotOpened:
            opened.close()
            raise
        return cls(opened)

    def __repr__(self) -> str:
        return "Database(...)"

    def close(self) -> None:
        """Forget the key."""
        self._sqlcipher.close()

    @property
    def version(self) -> int:
        """Which layout the tables have."""
        return int(self.one("PRAGMA user_version"))

    @contextmanager
    def change(self) -> Iterator[Any]:
        """Everything done in the block is kept, on the disk when it ends, or nothing is. Raises NotStored or Busy."""
        try:
            self._sqlcipher.execute("BEGIN IMMEDIATE")
            yield self._sqlcipher
            self._sqlcipher.execute("COMMIT")
        except BaseException as error:
            if self._sqlcipher.in_transaction:
                self._sqlcipher.execute("ROLLBACK")
            if isinstance(error, sqlcipher.Error) and _code(error) in OCCUPIED:
                raise _not_read(error) from error
            if isinstance(error, sqlcipher.Error):
                raise NotStored(f"the inbox could not be written: {error}") from error
            raise

    def one(self, statement: str, *values: object) -> Any:  # noqa: ANN401
        """The first value of the first row; None when there is no row."""
        row = self.row(statement, *values)
        return None if row is None else row[0]

    def row(self, statement: str, *values: object) -> Any:  # noqa: ANN401
        """The first row; None when there is none."""
        rows = self.rows(statement, *values)
        return rows[0] if rows else None

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Every row. Raises Unreadable when a page of the file does not hold, or Busy."""
        try:
            return list(self._sqlcipher.execute(statement, values))
        except sqlcipher.DatabaseError as error:
            raise _not_read(error) from error


def _connect(path: Path, key: bytes) -> Any:  # noqa: ANN401
    if not path.is_file():
        raise NotOpened(f"there is no inbox at {path}")
    database = sqlcipher.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=BUSY_SECONDS,
    )
    # A failed login is our message to give; SQLCipher would write its own to stderr.
    database.execute("PRAGMA cipher_log_level = NONE")
    database.execute("PRAGMA cipher_memory_security = ON")
    database.execute(f"""PRAGMA key = "x'{key.hex()}'\"""")
    # Temporary tables and indices would be plain files; the rollback journal is encrypted like the database.
    database.execute("PRAGMA temp_store = MEMORY")
    return database


def _code(error: Exception) -> int:
    """SQLite's own number for what went wrong, without its details; 0 when there is none."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _not_read(error: Exception) -> DeskError:
    if _code(error) in OCCUPIED:
        return Busy("another program is using the inbox")
    return Unreadable(f"the inbox cannot be read: {error}")


def _settle(database: Any) -> None:  # noqa: ANN401
    database.execute("PRAGMA journal_mode = DELETE")
    database.execute("PRAGMA synchronous = EXTRA")
    database.execute("PRAGMA secure_delete = ON")
    # Every page that is not at hand is deciphered anew: room for the indices of a large inbox.
    database.execute(f"PRAGMA cache_size = -{CACHE_KIB}")


def _read_lock(path: Path) -> _Lock:
    try:
        with path.open("rb") as file:
            lock = canonical.decode(file.read(LOCK_MAX + 1), _Lock, limit=LOCK_MAX)
        if len(base64.b64decode(lock.salt.encode(), validate=True)) != SALT_LEN:
            raise Malformed(f"a salt is {SALT_LEN} bytes long")
    except OSError as error:
        raise NotOpened(f"cannot read {path}: {error.strerror}") from error
    except (Malformed, binascii.Error, UnicodeEncodeError) as error:
        raise NotOpened(f"{path} is damaged: {error}") from error
    return lock
