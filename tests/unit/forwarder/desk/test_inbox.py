"""What a desk has received is encrypted at rest, stored once, and complete or said to be missing."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.bundle import Bundle
from crypto.cells import CellClass
from crypto.report import PART_MAX, Report
from forwarder.desk import database
from forwarder.desk.database import DATABASE_NAME, LOCK_NAME
from forwarder.desk.errors import AlreadyThere, Busy, NoSuchReport, NotOpened, NotStored, Unreadable
from forwarder.desk.inbox import Gap, Inbox, Receipt
from forwarder.desk.opening import Opened, open_bundle
from tests.unit.forwarder.desk.given import CHEAP, OURS, PASSPHRASE, attached, letters, parcels
from tests.unit.forwarder.given import bundle, number
from tests.unit.forwarder.test_bundles import files_of_at_most

LETTER, PARCEL = CellClass.LETTER, CellClass.PARCEL
MARKER = "SEÑAL-UNICA-EN-TODO-EL-DISCO"


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return Inbox.create(tmp_path, passphrase=PASSPHRASE, cost=CHEAP)


def took(inbox: Inbox, one: Bundle) -> Receipt:
    return inbox.take(one, open_bundle(one, [OURS]))


def test_a_report_is_stored_with_its_round_and_read_back(inbox: Inbox, tmp_path: Path) -> None:
    report = Report(text="Vi algo", where="junto al río")
    assert took(inbox, letters(7, report)) is Receipt.NEW
    inbox.close()
    with Inbox.open(tmp_path, passphrase=PASSPHRASE) as again:
        (entry,) = again.entries()
        assert (entry.number, entry.round_number, entry.report) == (1, 7, report)
        assert again.entry(1) == entry
        assert again.latest(LETTER) == 7
        assert again.latest(PARCEL) is None


@pytest.mark.parametrize("asked", [0, -1, 2, 2**63, 10**30])
def test_a_number_that_is_not_there_is_our_error(inbox: Inbox, asked: int) -> None:
    took(inbox, letters(7, Report(text="Vi algo")))
    with pytest.raises(NoSuchReport):
        inbox.entry(asked)


def test_a_wrong_passphrase_opens_nothing_and_changes_nothing(
    inbox: Inbox, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    took(inbox, letters(7, Report(text="Vi algo")))
    inbox.close()
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for passphrase in (PASSPHRASE + " ", "otra", ""):
        with pytest.raises(NotOpened, match="passphrase") as caught:
            Inbox.open(tmp_path, passphrase=passphrase)
        assert "unchanged" in caught.value.hint
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert capfd.readouterr() == ("", "")
    with Inbox.open(tmp_path, passphrase=PASSPHRASE) as again:
        assert len(list(again.entries())) == 1


def test_no_plaintext_and_no_key_is_at_rest_also_in_the_middle_of_a_write(inbox: Inbox, tmp_path: Path) -> None:
    attachment, parts = attached(MARKER.encode() * 1_000)
    report = Report(text=MARKER, where=MARKER, attachments=[attachment])
    took(inbox, parcels(3, *parts))
    with inbox.database.change() as database:
        database.execute("INSERT INTO parts VALUES ('x', ?)", (MARKER.encode() * 100_000,))
        journals = [path.name for path in tmp_path.iterdir()]
        middle = b"".join(path.read_bytes() for path in tmp_path.iterdir())
        database.execute("DELETE FROM parts WHERE name = 'x'")
    took(inbox, letters(4, report))
    after = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert DATABASE_NAME + "-journal" in journals
    for disk in (middle, after):
        assert MARKER.encode() not in disk
        assert report.nonce.encode() not in disk
        assert b"SQLite format" not in disk
        assert b"CREATE TABLE" not in disk
    assert inbox.attachment(attachment) == MARKER.encode() * 1_000


def test_files_are_for_their_owner_only(inbox: Inbox, tmp_path: Path) -> None:
    assert {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {
        DATABASE_NAME: 0o600,
        LOCK_NAME: 0o600,
    }


def test_the_same_bundle_again_changes_nothing_and_another_one_is_told_apart(inbox: Inbox) -> None:
    report = Report(text="Vi algo")
    first, other = letters(7, report), letters(7, Report(text="Vi otra cosa"))
    assert took(inbox, first) is Receipt.NEW
    assert inbox.standing(first) is took(inbox, first) is Receipt.HAD
    assert inbox.standing(other) is took(inbox, other) is Receipt.DIFFERENT
    assert [entry.report for entry in inbox.entries()] == [report]


def test_a_second_copy_of_a_report_is_dropped_by_its_nonce(inbox: Inbox) -> None:
    report = Report(text="Vi algo")
    for round_number in (7, 8, 9):
        assert took(inbox, letters(round_number, report, report)) is Receipt.NEW
    assert [(entry.round_number, entry.report) for entry in inbox.entries()] == [(7, report)]


def test_an_attachment_is_whole_when_all_its_parts_came_in_any_order(inbox: Inbox) -> None:
    data = b"a" * PART_MAX + b"b" * PART_MAX + b"c"
    attachment, parts = attached(data)
    took(inbox, parcels(3, parts[2]))
    assert inbox.orphans() == 1
    took(inbox, letters(4, Report(text="Vi algo", attachments=[attachment])))
    assert inbox.orphans() == 0
    assert inbox.missing(attachment) == 2
    assert inbox.attachment(attachment) is None
    took(inbox, parcels(7, parts[1], parts[0]))
    assert inbox.missing(attachment) == 0
    assert inbox.attachment(attachment) == data


def test_equal_parts_are_stored_once_and_joined_twice(inbox: Inbox) -> None:
    attachment, parts = attached(b"a" * (2 * PART_MAX))
    took(inbox, parcels(3, *parts))
    took(inbox, letters(4, Report(text="Vi algo", attachments=[attachment])))
    assert inbox.attachment(attachment) == b"a" * (2 * PART_MAX)


def test_gaps_are_named_and_closed_by_what_comes_late(inbox: Inbox) -> None:
    for round_number in (3, 4, 8, 1_000_000_000):
        inbox.take(bundle(round_number), Opened())
    for round_number in (3, 7, 15):
        inbox.take(bundle(round_number, cell_class=PARCEL), Opened())
    assert inbox.gaps(LETTER, step=1) == [
        Gap(LETTER, number(5), number(7)),
        Gap(LETTER, number(9), number(999_999_999)),
    ]
    assert inbox.gaps(PARCEL, step=4) == [Gap(PARCEL, number(11), number(11))]
    for round_number in (6, 5, 7):
        inbox.take(bundle(round_number), Opened())
    assert [gap.first for gap in inbox.gaps(LETTER, step=1)] == [9]


def test_altered_cells_are_counted(inbox: Inbox) -> None:
    inbox.take(bundle(1), Opened(forged=2, malformed=1))
    inbox.take(bundle(2), Opened(forged=1))
    assert (inbox.damage().forged, inbox.damage().malformed) == (3, 1)


def test_without_space_nothing_of_a_bundle_is_stored_and_it_can_be_taken_later(inbox: Inbox) -> None:
    attachment, parts = attached(b"x" * 500_000)
    report = Report(text="Vi algo", attachments=[attachment])
    took(inbox, letters(1, report))
    with files_of_at_most(200_000), pytest.raises(NotStored) as caught:
        took(inbox, parcels(3, *parts))
    assert "again by itself" in caught.value.hint
    assert inbox.latest(PARCEL) is None
    assert inbox.missing(attachment) == 1
    assert took(inbox, parcels(3, *parts)) is Receipt.NEW
    assert inbox.attachment(attachment) == b"x" * 500_000


def test_an_inbox_is_never_made_over_another(inbox: Inbox, tmp_path: Path) -> None:
    with pytest.raises(AlreadyThere):
        Inbox.create(tmp_path, passphrase="otra", cost=CHEAP)
    (tmp_path / DATABASE_NAME).unlink()
    with pytest.raises(AlreadyThere, match=LOCK_NAME):
        Inbox.create(tmp_path, passphrase="otra", cost=CHEAP)
    with pytest.raises(NotOpened, match="no inbox"):
        Inbox.open(tmp_path, passphrase=PASSPHRASE)
    (tmp_path / LOCK_NAME).unlink()
    with pytest.raises(NotOpened, match="cannot read"):
        Inbox.open(tmp_path, passphrase=PASSPHRASE)


def test_an_inbox_that_was_never_finished_is_not_opened(tmp_path: Path) -> None:
    Inbox.create(tmp_path, passphrase=PASSPHRASE, cost=CHEAP).close()
    (tmp_path / DATABASE_NAME).write_bytes(b"")
    with pytest.raises(NotOpened, match="never finished"):
        Inbox.open(tmp_path, passphrase=PASSPHRASE)


def test_an_inbox_that_another_program_uses_is_busy_and_not_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    with (
        Inbox.create(tmp_path, passphrase=PASSPHRASE, cost=CHEAP) as inbox,
        Inbox.open(tmp_path, passphrase=PASSPHRASE) as other,
    ):
        other.database._sqlcipher.execute("BEGIN EXCLUSIVE")
        with pytest.raises(Busy, match="another program"):
            _ = inbox.count
        with pytest.raises(Busy), inbox.database.change():
            pass
        with pytest.raises(Busy):
            Inbox.open(tmp_path, passphrase=PASSPHRASE)
        other.database._sqlcipher.execute("ROLLBACK")
        assert inbox.count == 0


def test_a_damaged_page_is_our_error(inbox: Inbox, tmp_path: Path) -> None:
    took(inbox, letters(7, *(Report(text="x" * 15_000) for _ in range(5))))
    inbox.close()
    database = tmp_path / DATABASE_NAME
    wire = bytearray(database.read_bytes())
    for at in range(len(wire) - 60_000, len(wire), 4_096):
        wire[at] ^= 1
    database.write_bytes(wire)
    with Inbox.open(tmp_path, passphrase=PASSPHRASE) as again, pytest.raises(Unreadable):
        list(again.entries())


@given(st.binary(max_size=120) | st.sampled_from([
    b'{"memory":8192,"operations":1,"salt":"AAAA","v":1}',
    b'{"memory":8192,"operations":1,"salt":"\xc3\xb1","v":1}',
    b'{"memory":9999999999999,"operations":1,"salt":"AAAAAAAAAAAAAAAAAAAAAA==","v":1}',
    b'{"memory":8192,"operations":99,"salt":"AAAAAAAAAAAAAAAAAAAAAA==","v":1}',
    b'{"memory":8192,"operations":1,"salt":"AAAAAAAAAAAAAAAAAAAAAA==","v":2}',
]))  # fmt: skip
def test_any_lock_is_refused_before_it_costs_anything(tmp_path_factory: pytest.TempPathFactory, lock: bytes) -> None:
    folder = tmp_path_factory.mktemp("lock")
    (folder / LOCK_NAME).write_bytes(lock)
    with pytest.raises(NotOpened):
        Inbox.open(folder, passphrase=PASSPHRASE)


def test_the_inbox_is_quiet_when_printed(inbox: Inbox) -> None:
    assert repr(inbox) == "Inbox(...)"
