"""The inbox: everything a desk has received, encrypted at rest under the desk's passphrase.

A bundle is taken whole or not at all, and taking it again changes nothing. What people do with the reports is in
casework.py, how they are found again in searching.py.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from crypto.bundle import Bundle, Header
from crypto.cells import CellClass
from crypto.keys import Cost
from crypto.layers import RoundNumber
from crypto.report import Attachment, Report, join, part_name
from crypto.signing import SIGNATURE_LEN
from forwarder.desk import schema, words
from forwarder.desk.database import Database
from forwarder.desk.errors import NoSuchReport
from forwarder.desk.opening import Opened


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


class Inbox:
    """An open inbox. One thread at a time; leave the block, or `close`, to lock it."""

    __slots__ = ("database",)

    def __init__(self, database: Database) -> None:
        self.database: Final = database

    @classmethod
    def create(cls, folder: Path, *, passphrase: str, cost: Cost | None = None) -> "Inbox":
        """A new, empty inbox in `folder`. Raises AlreadyThere, or NotWritten when the disk does not take it."""
        database = Database.create(folder, passphrase=passphrase, cost=cost)
        schema.lay_out(database)
        return cls(database)

    @classmethod
    def open(cls, folder: Path, *, passphrase: str) -> "Inbox":
        """The inbox in `folder`; one of an older version is brought up to this one first, whole or not at all.

        Raises NotOpened on a wrong passphrase or a damaged file, NotStored when there is no room to bring it up;
        nothing is changed.
        """
        database = Database.open(folder, passphrase=passphrase, check=schema.known)
        try:
            schema.bring_up(database)
        except BaseException:
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
        self.database.close()

    def standing(self, bundle: Bundle) -> Receipt:
        """Whether this bundle is new here, is here already, or another one of its class and round is."""
        header = bundle.header
        digest = self.database.one("SELECT digest FROM bundles WHERE class = ? AND round = ?", *_key(header))
        if digest is None:
            return Receipt.NEW
        return Receipt.HAD if digest == _digest(bundle) else Receipt.DIFFERENT

    def take(self, bundle: Bundle, opened: Opened) -> Receipt:
        """Store what was opened of a bundle, on the disk when this returns; a second copy changes nothing.

        Raises NotStored, and then everything is as before.
        """
        with self.database.change() as database:
            receipt = self.standing(bundle)
            if receipt is not Receipt.NEW:
                return receipt
            database.execute(
                "INSERT INTO bundles VALUES (?, ?, ?, ?, ?)",
                (*_key(bundle.header), _digest(bundle), opened.forged, opened.malformed),
            )
            for report in opened.reports:
                schema.store(database, report, round_number=bundle.header.round_number, wire=report.encode())
            database.executemany(
                "INSERT OR IGNORE INTO parts VALUES (?, ?)", [(part_name(data), data) for data in opened.parts]
            )
            words.store(database, opened.words, round_number=bundle.header.round_number)
        return receipt

    @property
    def count(self) -> int:
        """How many reports have come."""
        return int(self.database.one("SELECT count(*) FROM received"))

    def entries(self) -> Iterator[Entry]:
        """Every report, in the order of its number."""
        for (number,) in self.database.rows("SELECT number FROM received ORDER BY number"):
            yield self.entry(number)

    def entry(self, number: int) -> Entry:
        """The report of that number. Raises NoSuchReport."""
        found = None
        if 0 < number < 2**63:
            found = self.database.row("SELECT round, wire FROM received WHERE number = ?", number)
        if found is None:
            raise NoSuchReport(number)
        return Entry(number, RoundNumber(found[0]), Report.decode(found[1]))

    def missing(self, attachment: Attachment) -> int:
        """How many different parts of an attachment have not come yet."""
        have = (self.database.one("SELECT 1 FROM parts WHERE name = ?", name) for name in set(attachment.parts))
        return sum(found is None for found in have)

    def attachment(self, attachment: Attachment) -> bytes | None:
        """The attachment's bytes; None while a part is missing. Raises Forged when the parts are not as reported."""
        parts: dict[str, bytes] = {}
        for name in attachment.parts:
            data = self.database.one("SELECT data FROM parts WHERE name = ?", name)
            if data is None:
                return None
            parts[name] = data
        return join(attachment, parts)

    def orphans(self) -> int:
        """How many parts are here of which no report tells."""
        return int(self.database.one("SELECT count(*) FROM parts WHERE name NOT IN (SELECT part FROM wanted)"))

    def latest(self, cell_class: CellClass) -> RoundNumber | None:
        """The newest round of which a bundle of this class is here."""
        found = self.database.one("SELECT max(round) FROM bundles WHERE class = ?", cell_class.value)
        return None if found is None else RoundNumber(found)

    def rounds_back(self, count: int) -> RoundNumber:
        """The round that many rounds before the newest report; 0 when there is none."""
        newest = self.database.one("SELECT max(round) FROM received")
        return RoundNumber(max(0, (newest or 0) - count))

    @property
    def empty(self) -> bool:
        """Whether no report has come yet."""
        return self.database.one("SELECT 1 FROM received LIMIT 1") is None

    def gaps(self, cell_class: CellClass, *, step: int) -> list[Gap]:
        """Where bundles are missing between those that came; one of this class leaves every `step` rounds."""
        rounds = "SELECT round, lag(round) OVER (ORDER BY round) FROM bundles WHERE class = ?"
        return [
            Gap(cell_class, RoundNumber(before + step), RoundNumber(after - step))
            for after, before in self.database.rows(rounds, cell_class.value)
            if before is not None and after - before > step
        ]

    def damage(self) -> Damage:
        """How many cells sealed to this desk did not hold."""
        return Damage(*self.database.row("SELECT ifnull(sum(forged), 0), ifnull(sum(malformed), 0) FROM bundles"))


def _key(header: Header) -> tuple[int, int]:
    return header.cell_class.value, header.round_number


def _digest(bundle: Bundle) -> bytes:
    """SHA-256 of the public hash list, its signature left out: a bundle is the set of its cells."""
    return hashlib.sha256(bundle.hash_list.wire[:-SIGNATURE_LEN]).digest()
