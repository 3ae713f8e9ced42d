"""The inbox: everything a desk has received, encrypted at rest under the desk's passphrase.

SQLCipher with a raw key, stretched from the passphrase by Argon2id (RFC 9106, through PyNaCl). A bundle is taken whole
or not at all, and taking it again changes nothing.
"""

import base64
import binascii
import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import msgspec
from nacl import pwhash
from sqlcipher3 import dbapi2 as sqlcipher

from crypto import canonical
from crypto.bundle import Bundle, Header
from crypto.cells import CellClass
from crypto.errors import Malformed
from crypto.keys import MEMORY_MAX, OPERATIONS_MAX, SALT_LEN, Cost
from crypto.layers import RoundNumber
from crypto.report import Attachment, Report, join, part_name
from crypto.signing import SIGNATURE_LEN
from forwarder.desk.errors import AlreadyThere, NoSuchReport, NotOpened, NotStored, Unreadable
from forwarder.desk.opening import Opened
from forwarder.durable import write_durably

DATABASE_NAME: Final = "inbox.db"
LOCK_NAME: Final = "inbox.lock"
KEY_LEN: Final = 32
LOCK_MAX: Final = 1_024
BUSY_SECONDS: Final = 30.0

_SCHEMA: Final = """
CREATE TABLE reports (number INTEGER PRIMARY KEY, nonce TEXT UNIQUE NOT NULL, round INTEGER NOT NULL,
                      wire BLOB NOT NULL) STRICT;
CREATE TABLE parts (name TEXT PRIMARY KEY, data BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE bundles (class INTEGER NOT NULL, round INTEGER NOT NULL, digest BLOB NOT NULL, forged INTEGER NOT NULL,
                      malformed INTEGER NOT NULL, PRIMARY KEY (class, round)) STRICT, WITHOUT ROWID;
PRAGMA user_version = 1;
"""


class Receipt(Enum):
    """What became of a bundle."""

    NEW = "new"
    HAD = "had"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Entry:
    """A report in the inbox. Its number is for this desk's people only; its time is the round and no finer."""

    number: int
    round_number: RoundNumber
    report: Report


@dataclass(frozen=True, slots=True)
class Gap:
    """Rounds of which no bundle came although a later one did: from `first` to `last`."""

    cell_class: CellClass
    first: RoundNumber
    last: RoundNumber


@dataclass(frozen=True, slots=True)
class Damage:
    """Cells that were sealed to this desk and were altered, or were not in our format."""

    forged: int
    malformed: int


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


class Inbox:
    """An open inbox. One thread at a time; leave the block, or `close`, to lock it."""

    __slots__ = ("_database",)

    def __init__(self, database: Any) -> None:  # noqa: ANN401 - sqlcipher3 has no types
        self._database = database

    @classmethod
    def create(cls, folder: Path, *, passphrase: str, cost: Cost | None = None) -> "Inbox":
        """A new, empty inbox in `folder`. Raises AlreadyThere, or NotWritten when the disk does not take it."""
        cost = cost or Cost()
        database = folder / DATABASE_NAME
        for path in (database, folder / LOCK_NAME):
            if path.exists():
                raise AlreadyThere(path)
        salt = base64.b64encode(secrets.token_bytes(SALT_LEN)).decode()
        lock = _Lock(memory=cost.memory, operations=cost.operations, salt=salt)
        write_durably(folder / LOCK_NAME, [canonical.encode(lock)])
        write_durably(database, [b""])
        opened = _connect(database, lock.stretch(passphrase))
        _settle(opened)
        opened.executescript(f"BEGIN;{_SCHEMA}COMMIT;")
        return cls(opened)

    @classmethod
    def open(cls, folder: Path, *, passphrase: str) -> "Inbox":
        """The inbox in `folder`. Raises NotOpened on a wrong passphrase or a damaged file; nothing is changed."""
        lock = _read_lock(folder / LOCK_NAME)
        database = _connect(folder / DATABASE_NAME, lock.stretch(passphrase))
        try:
            (version,) = database.execute("PRAGMA user_version").fetchone()
            if version != 1:
                raise NotOpened("the inbox was never finished, or is of a version that we do not know")
            _settle(database)
        except sqlcipher.DatabaseError as error:
            database.close()
            raise NotOpened("the passphrase does not open the inbox, or the file is damaged") from error
        except NotOpened:
            database.close()
            raise
        return cls(database)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return "Inbox(...)"

    def close(self) -> None:
        """Forget the key."""
        self._database.close()

    def standing(self, bundle: Bundle) -> Receipt:
        """Whether this bundle is new here, is here already, or another one of its class and round is."""
        header = bundle.header
        digest = self._one("SELECT digest FROM bundles WHERE class = ? AND round = ?", *_key(header))
        if digest is None:
            return Receipt.NEW
        return Receipt.HAD if digest == _digest(bundle) else Receipt.DIFFERENT

    def take(self, bundle: Bundle, opened: Opened) -> Receipt:
        """Store what was opened of a bundle, on the disk when this returns; a second copy changes nothing.

        Raises NotStored, and then everything is as before.
        """
        with self._change() as database:
            receipt = self.standing(bundle)
            if receipt is not Receipt.NEW:
                return receipt
            database.execute(
                "INSERT INTO bundles VALUES (?, ?, ?, ?, ?)",
                (*_key(bundle.header), _digest(bundle), opened.forged, opened.malformed),
            )
            database.executemany(
                "INSERT OR IGNORE INTO reports (nonce, round, wire) VALUES (?, ?, ?)",
                [(report.nonce, bundle.header.round_number, report.encode()) for report in opened.reports],
            )
            database.executemany(
                "INSERT OR IGNORE INTO parts VALUES (?, ?)", [(part_name(data), data) for data in opened.parts]
            )
        return receipt

    def entries(self) -> Iterator[Entry]:
        """Every report, in the order of its number."""
        for (number,) in self._rows("SELECT number FROM reports ORDER BY number"):
            yield self.entry(number)

    def entry(self, number: int) -> Entry:
        """The report of that number. Raises NoSuchReport."""
        found = None
        if 0 < number < 2**63:
            found = self._row("SELECT round, wire FROM reports WHERE number = ?", number)
        if found is None:
            raise NoSuchReport(number)
        return Entry(number, RoundNumber(found[0]), Report.decode(found[1]))

    def missing(self, attachment: Attachment) -> int:
        """How many different parts of an attachment have not come yet."""
        have = (self._one("SELECT 1 FROM parts WHERE name = ?", name) for name in set(attachment.parts))
        return sum(found is None for found in have)

    def attachment(self, attachment: Attachment) -> bytes | None:
        """The attachment's bytes; None while a part is missing. Raises Forged when the parts are not as reported."""
        parts: dict[str, bytes] = {}
        for name in attachment.parts:
            data = self._one("SELECT data FROM parts WHERE name = ?", name)
            if data is None:
                return None
            parts[name] = data
        return join(attachment, parts)

    def orphans(self) -> int:
        """How many parts are here of which no report tells."""
        named = {
            name for entry in self.entries() for attachment in entry.report.attachments for name in attachment.parts
        }
        return sum(name not in named for (name,) in self._rows("SELECT name FROM parts"))

    def latest(self, cell_class: CellClass) -> RoundNumber | None:
        """The newest round of which a bundle of this class is here."""
        found = self._one("SELECT max(round) FROM bundles WHERE class = ?", cell_class.value)
        return None if found is None else RoundNumber(found)

    def gaps(self, cell_class: CellClass, *, step: int) -> list[Gap]:
        """Where bundles are missing between those that came; one of this class leaves every `step` rounds."""
        rounds = "SELECT round, lag(round) OVER (ORDER BY round) FROM bundles WHERE class = ?"
        return [
            Gap(cell_class, RoundNumber(before + step), RoundNumber(after - step))
            for after, before in self._rows(rounds, cell_class.value)
            if before is not None and after - before > step
        ]

    def damage(self) -> Damage:
        """How many cells sealed to this desk did not hold."""
        return Damage(*self._row("SELECT ifnull(sum(forged), 0), ifnull(sum(malformed), 0) FROM bundles"))

    @contextmanager
    def _change(self) -> Iterator[Any]:
        try:
            self._database.execute("BEGIN IMMEDIATE")
            yield self._database
            self._database.execute("COMMIT")
        except BaseException as error:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            if isinstance(error, sqlcipher.Error):
                raise NotStored(f"the inbox could not be written: {error}") from error
            raise

    def _one(self, statement: str, *values: object) -> Any:  # noqa: ANN401
        row = self._row(statement, *values)
        return None if row is None else row[0]

    def _row(self, statement: str, *values: object) -> Any:  # noqa: ANN401
        rows = self._rows(statement, *values)
        return rows[0] if rows else None

    def _rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        try:
            return list(self._database.execute(statement, values))
        except sqlcipher.DatabaseError as error:
            raise Unreadable(f"the inbox cannot be read: {error}") from error


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


def _settle(database: Any) -> None:  # noqa: ANN401
    database.execute("PRAGMA journal_mode = DELETE")
    database.execute("PRAGMA synchronous = EXTRA")
    database.execute("PRAGMA secure_delete = ON")


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


def _key(header: Header) -> tuple[int, int]:
    return header.cell_class.value, header.round_number


def _digest(bundle: Bundle) -> bytes:
    """SHA-256 of the public hash list, its signature left out: a bundle is the set of its cells."""
    return hashlib.sha256(bundle.hash_list.wire[:-SIGNATURE_LEN]).digest()
