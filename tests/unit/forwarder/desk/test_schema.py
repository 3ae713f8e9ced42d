"""An inbox of an older version becomes one of this version with everything in it, or stays as it was.

The files in `inbox-v1/` and `inbox-v2/` were written by the programs that made inboxes of versions 1 and 2.
"""

import os
import shutil
from pathlib import Path
from typing import Final

import pytest

from crypto.cells import CellClass
from crypto.report import Report, When
from forwarder.desk import own_keys, schema
from forwarder.desk.casework import Casework, Deed, Kind, Subject
from forwarder.desk.database import DATABASE_NAME, Database
from forwarder.desk.errors import NotOpened, NotStored
from forwarder.desk.inbox import Damage, Gap, Inbox
from forwarder.desk.incidents import Incidents
from forwarder.desk.own_keys import pull_key, signing_key
from forwarder.desk.triage import State
from tests.unit.forwarder.desk.given import CHEAP, PASSPHRASE
from tests.unit.forwarder.given import number
from tests.unit.forwarder.test_bundles import files_of_at_most

OF_VERSION_1: Final = Path(__file__).parent / "inbox-v1"
OF_VERSION_2: Final = Path(__file__).parent / "inbox-v2"
OF_VERSION_2_TAGGED = Path(__file__).parent / "inbox-v2-tagged"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(OF_VERSION_1, tmp_path / "desk"))


def version_of(folder: Path) -> int:
    database = Database.open(folder, passphrase=PASSPHRASE, check=lambda _: None)
    try:
        return database.version
    finally:
        database.close()


def everything_is_there(folder: Path) -> None:
    with Inbox.open(folder, passphrase=PASSPHRASE) as inbox:
        assert inbox.database.version == schema.VERSION
        entries = list(inbox.entries())
        assert [(entry.number, entry.round_number) for entry in entries] == [
            (1, 2_000_000),
            (2, 2_000_001),
            (3, 2_000_001),
            (4, 2_000_004),
            (5, 2_000_004),
            (6, 2_000_004),
            (7, 2_000_004),
        ]
        assert {entry.report.nonce[:2] for entry in entries} == {"AQ", "Ag", "Aw", "BA", "BQ", "Bg", "Bw"}
        first = next(entry.report for entry in entries if entry.report.topic)
        assert (first.place, first.when, first.where) == ("mx-monterrey", When.NOW, "junto al río")
        assert inbox.attachment(first.attachments[0]) == b"%PDF-1.7 nota"
        lacking = next(entry.report for entry in entries if entry.report.lang == "en")
        assert [inbox.missing(one) for one in lacking.attachments] == [1, 0]
        assert inbox.orphans() == 1
        assert inbox.damage() == Damage(2, 1)
        assert inbox.gaps(CellClass.LETTER, step=1) == [Gap(CellClass.LETTER, number(2_000_002), number(2_000_003))]


def test_nothing_is_lost_and_what_lists_need_is_filled_in(folder: Path) -> None:
    assert version_of(folder) == 1
    everything_is_there(folder)
    everything_is_there(folder)
    with Inbox.open(folder, passphrase=PASSPHRASE) as inbox:
        assert inbox.database.rows(
            "SELECT number, topic, place, happened, attachments, state, opening FROM received WHERE number = 1"
        ) == [(1, "desaparicion", "mx-monterrey", "now", 1, "new", "Vi una camioneta blanca junto al camión")]
        assert inbox.database.rows("SELECT rowid FROM words WHERE words MATCH '\"camion\"'") == [(1,)]


def test_what_people_did_in_version_2_is_there(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(OF_VERSION_2, tmp_path / "desk"))
    assert version_of(folder) == 2
    for _ in range(2):
        with Inbox.open(folder, passphrase=PASSPHRASE) as inbox:
            assert inbox.database.version == schema.VERSION
            assert [entry.report.text for entry in inbox.entries()] == ["Vi un retén", "Otro retén", "Un camión"]
            incident = Incidents(inbox.database).incident(1)
            assert (incident.reports, incident.also, incident.state) == ((1, 2), ("Red Sur",), State.CONFIRMED)
            history = Casework(inbox.database).history(Subject(Kind.REPORT, 3))
            assert [(line.deed, line.detail, line.colleague) for line in history] == [(Deed.NOTED, "llamó Inés", "Ana")]
            assert inbox.database.rows("SELECT * FROM alerts") == []


@pytest.mark.parametrize("older", [OF_VERSION_1, OF_VERSION_2])
def test_an_inbox_brought_up_is_laid_out_as_a_new_one(older: Path, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    folder = Path(shutil.copytree(older, tmp_path / "old"))
    tables = "SELECT type, name, sql FROM sqlite_master ORDER BY type, name"
    with (
        Inbox.open(folder, passphrase=PASSPHRASE) as old,
        Inbox.create(tmp_path / "new", passphrase=PASSPHRASE, cost=CHEAP) as new,
    ):
        laid_out, of_new = (
            [(kind, name, " ".join((sql or "").split())) for kind, name, sql in inbox.database.rows(tables)]
            for inbox in (old, new)
        )
        assert laid_out == of_new


def test_without_room_it_stays_as_it_was_and_comes_up_later(folder: Path) -> None:
    size = (folder / DATABASE_NAME).stat().st_size
    with files_of_at_most(size + 4_096), pytest.raises(NotStored):
        Inbox.open(folder, passphrase=PASSPHRASE)
    assert version_of(folder) == 1
    everything_is_there(folder)


def test_what_people_did_in_version_2_is_kept_and_the_desk_gets_keys_of_its_own(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(OF_VERSION_2_TAGGED, tmp_path / "desk"))
    assert version_of(folder) == 2
    keys = set()
    for _ in range(2):
        with Inbox.open(folder, passphrase=PASSPHRASE) as inbox:
            assert inbox.database.version == schema.VERSION
            found = Incidents(inbox.database).incident(1)
            assert (found.reports, found.also, found.state, found.tags) == (
                (1, 2), ("Red Sur",), State.CONFIRMED, ("norte",),
            )  # fmt: skip
            history = Casework(inbox.database).history(Subject(Kind.INCIDENT, 1))
            assert [line.deed for line in history][-2:] == [Deed.TAGGED, Deed.NOTED]
            assert [entry.report.text for entry in inbox.entries()] == ["Vi una camioneta", "Yo también", "Otra cosa"]
            assert inbox.latest(CellClass.LETTER) == 2_000_002
            keys.add((pull_key(inbox.database).public, signing_key(inbox.database).verifying_key.wire))
    assert len(keys) == 1
    with Inbox.open(Path(shutil.copytree(OF_VERSION_2, tmp_path / "other")), passphrase=PASSPHRASE) as other:
        assert pull_key(other.database).public not in {public for public, _ in keys}


def test_a_step_that_fails_leaves_an_inbox_of_version_2_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(OF_VERSION_2, tmp_path / "desk"))

    def broken(_opened: object) -> None:
        raise OSError("the power went")

    with monkeypatch.context() as patched:
        patched.setattr(own_keys, "make", broken)
        with pytest.raises(OSError, match="the power went"):
            Inbox.open(folder, passphrase=PASSPHRASE)
    assert version_of(folder) == 2
    with Inbox.open(folder, passphrase=PASSPHRASE) as inbox:
        assert inbox.database.version == schema.VERSION


@pytest.mark.parametrize("at", [1, 4, 7])
def test_killed_in_the_middle_it_begins_again(folder: Path, at: int) -> None:
    child = os.fork()
    if child == 0:
        _bring_up_and_die(folder, at)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert version_of(folder) == 1
    everything_is_there(folder)


def _bring_up_and_die(folder: Path, at: int) -> None:
    """Ends this process for good while the report of that number is being stored."""
    honest = schema.store

    def store(opened: object, report: Report, *, round_number: int, wire: bytes, number: int | None = None) -> None:
        honest(opened, report, round_number=round_number, wire=wire, number=number)
        if number == at:
            os._exit(9)

    try:
        schema.store = store
        Inbox.open(folder, passphrase=PASSPHRASE)
    finally:
        os._exit(1)


def test_a_program_of_version_1_that_still_runs_is_stopped_before_it_loses_a_report(folder: Path) -> None:
    def take(inbox: Inbox) -> None:
        with inbox.database.change() as opened:
            opened.execute("INSERT INTO bundles VALUES (1, 2000009, x'00', 0, 0)")
            opened.execute("INSERT OR IGNORE INTO reports (nonce, round, wire) VALUES ('x', 1, x'00')")

    with Inbox.open(folder, passphrase=PASSPHRASE) as inbox:
        with pytest.raises(NotStored, match="no such table"):
            take(inbox)
        assert inbox.latest(CellClass.LETTER) == 2_000_005


@pytest.mark.parametrize("version", [0, schema.VERSION + 1, -1])
def test_a_version_that_we_do_not_know_is_not_opened(folder: Path, version: int) -> None:
    with pytest.raises(NotOpened, match="version"):
        schema.known(version)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM received",
        "DELETE FROM history",
        "DELETE FROM incidents",
        "UPDATE received SET wire = x'00'",
        "UPDATE received SET number = number + 100",
        "UPDATE history SET colleague = 'nobody'",
    ],
)
def test_the_tables_refuse_to_lose_anything(folder: Path, statement: str) -> None:
    with Inbox.open(folder, passphrase=PASSPHRASE) as inbox:
        with inbox.database.change() as opened:
            opened.execute("INSERT INTO history VALUES (1, 'report', 1, '2027-01-15', '', 'note', 'x')")
            opened.execute("INSERT INTO incidents (number) VALUES (1)")
        with pytest.raises(NotStored), inbox.database.change() as opened:
            opened.execute(statement)
    everything_is_there(folder)
