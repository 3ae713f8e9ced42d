"""An ext4 image is read whole: inodes, their copies in the journal, deleted ones, free space; else that is said."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.examiner import jbd2
from relay.examiner.examining import Question, examine
from relay.examiner.ext4 import Ext4, NotExt4
from relay.examiner.findings import Outcome, Row, exit_code
from relay.examiner.given import Given
from tests.unit.relay.examiner.given_relay import failing, kinds, row

pytestmark = pytest.mark.slow

BLOCK = 4_096


def made(path: Path, folder: Path | None = None, *, options: tuple[str, ...] = ()) -> Path:
    """A small ext4 image, filled with a folder; nothing needs to be mounted for that."""
    path.write_bytes(b"")
    os.truncate(path, 16 << 20)
    fill = ["-d", str(folder)] if folder else []
    subprocess.run(["mkfs.ext4", "-q", "-b", str(BLOCK), *options, *fill, str(path)], check=True, capture_output=True)
    return path


@contextmanager
def mounted(image: Path, at: Path) -> Iterator[Path]:
    """The image as a disk; skips where that is not allowed."""
    at.mkdir(exist_ok=True)
    if os.geteuid() or subprocess.run(["mount", "-o", "loop", image, at], capture_output=True).returncode:
        pytest.skip("only root may mount")
    try:
        yield at
    finally:
        subprocess.run(["umount", at], check=True)


def opened(image: Path) -> Ext4:
    data = image.read_bytes()
    return Ext4(lambda at, length: data[at : at + length], len(data))


def looked_at(image: Path, began: float, ended: float, **other: object) -> list[Row]:
    question = Question(paths=(str(image),), span=(began, ended), round_seconds=900, slack=0, **other)  # type: ignore[arg-type]
    return examine(question)


def away_from_an_edge() -> None:
    while time.time() % 900 > 890:
        time.sleep(0.5)


def test_names_contents_and_times_are_those_of_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "in" / "deep").mkdir(parents=True)
    (folder / "in" / "deep" / "größe").write_bytes(os.urandom(300_000))
    (folder / "empty").write_bytes(b"")
    os.utime(folder / "empty", ns=(1_700_000_001_250_000_000, 1_700_000_002_500_000_000))
    disk = opened(made(tmp_path / "image", folder))
    tree = {str(entry.path): (entry, inode) for entry, inode in disk.tree()}
    assert set(tree) == {".", "lost+found", "in", "in/deep", "in/deep/größe", "empty"}
    assert disk.content(tree["in/deep/größe"][1]) == (folder / "in" / "deep" / "größe").read_bytes()
    assert tree["empty"][0].times["time of writing"] == pytest.approx(1_700_000_002, abs=1)
    assert tree["in"][0].inode != tree["empty"][0].inode


def test_a_clean_image_passes_and_a_touched_file_fails(tmp_path: Path) -> None:
    away_from_an_edge()
    image = made(tmp_path / "image")
    time.sleep(1.1)
    began = time.time()
    clean = looked_at(image, began, began + 60)
    assert failing(clean) == set()
    assert exit_code(clean) == 0
    with mounted(image, tmp_path / "disk") as disk:
        (disk / "x").write_bytes(b"")
    rows = looked_at(image, began, time.time() + 1)
    assert failing(rows) == {"T2"}
    assert {"time of writing", "time of change", "time of birth", "time of access"} <= kinds(rows)


def test_the_journal_keeps_times_that_the_inode_has_lost(tmp_path: Path) -> None:
    """The leak that was measured: a write for each arrival, then `utime`; copies in the journal have every time."""
    away_from_an_edge()
    image = made(tmp_path / "image")
    with mounted(image, tmp_path / "disk") as disk:
        file = (disk / "slots").open("wb")
        os.sync()
        time.sleep(0.5)
        began = time.time()
        for _ in range(5):
            file.write(b"x")
            file.flush()
            os.fsync(file.fileno())
            time.sleep(0.1)
        ended = time.time()
        time.sleep(1.1)
        os.utime(disk / "slots", (1_000_000_000, 1_000_000_000))
        file.close()
    disk_now = opened(image)
    slots = next(inode for entry, inode in disk_now.tree() if entry.path.name == "slots")
    assert not any(began <= moment <= ended for moment in slots.times.values())
    rows = looked_at(image, began, ended)
    assert failing(rows) == {"T2"}
    where = [found.where for found in row(rows, "T2").findings]
    assert any(f"copy of inode {slots.number} in the journal" in place for place in where)


def test_a_power_cut_leaves_a_journal_that_is_read_as_a_mount_would(tmp_path: Path) -> None:
    image, cut = made(tmp_path / "image"), tmp_path / "cut"
    with mounted(image, tmp_path / "disk") as disk:
        os.sync()
        with (disk / "x").open("wb") as file:
            file.write(b"there")
            file.flush()
            os.fsync(file.fileno())
        cut.write_bytes(image.read_bytes())
    before = opened(cut)
    log = jbd2.read(before)
    assert log is not None
    assert log.replay
    assert "x" not in {entry.path.name for entry, _ in before.tree()}
    before.lay_over(log.replay)
    found = {entry.path.name: inode for entry, inode in before.tree()}
    assert before.content(found["x"]) == b"there"


@pytest.mark.parametrize(("folder", "told"), [("state/tor-dial", False), ("state", True)])
def test_a_removed_file_is_whose_folder_it_was_in(folder: str, told: bool, tmp_path: Path) -> None:
    away_from_an_edge()
    image = made(tmp_path / "image")
    with mounted(image, tmp_path / "disk") as disk:
        for name in ("state/bundles", "state/tor-dial"):
            (disk / name).mkdir(parents=True)
        path = disk / folder / "x"
        path.write_bytes(b"x")
        number = path.stat().st_ino
        os.sync()
        time.sleep(1.1)
        began = time.time()
        path.write_bytes(b"xx")
        os.sync()
        path.unlink()
        # This one is there for so short a time that the journal has no copy of the folder with its name.
        path.with_name("y").write_bytes(b"y")
        fleeting = path.with_name("y").stat().st_ino
        path.with_name("y").unlink()
    where = [found.where for found in row(looked_at(image, began, time.time() + 1), "T2").findings]
    found = {one for one in (number, fleeting) for place in where if f"inode {one} " in place}
    assert bool(found) is told


def test_what_was_deleted_is_found_in_free_space(tmp_path: Path) -> None:
    marker = os.urandom(20)
    image = made(tmp_path / "image")
    with mounted(image, tmp_path / "disk") as disk:
        (disk / "x").write_bytes(b"-" * 9_999 + marker)
        (disk / "y").write_bytes(b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x04\x00" + bytes(999))
        os.sync()
        (disk / "y").unlink()
        (disk / "x").unlink()
    disk_now = opened(image)
    assert any("time of deletion" in inode.times for inode in disk_now.inodes())
    rows = examine(Question(paths=(str(image),), given=Given(markers=(marker,))))
    assert failing(rows) == {"T1", "T12"}
    assert kinds(rows) == {"marker", "header of a core file"}


def test_a_core_a_journal_and_tor_s_state_in_an_image_fail_their_rows(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "tor").mkdir(parents=True)
    (folder / "tor" / "state").write_bytes(b"# Tor state file last\nTotalBuildTimes 31\n")
    (folder / "journal").write_bytes(b"veladora: stopped\nveladora: accepted\n")
    (folder / "figures.json").write_bytes(b"{}")
    (folder / "memory").write_bytes(b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x04\x00" + bytes(999))
    rows = examine(Question(paths=(str(made(tmp_path / "image", folder)),)))
    assert failing(rows) == {"T8", "T9", "T10", "T12"}
    assert kinds(rows) >= {"line that is no event", "count of circuits", "core file"}


@pytest.mark.parametrize("content", [os.urandom(1 << 20), bytes(1 << 20)])
def test_what_is_not_ext4_is_looked_through_as_bytes_and_that_is_said(tmp_path: Path, content: bytes) -> None:
    marker = os.urandom(16)
    path = tmp_path / "image"
    path.write_bytes(content)
    question = Question(paths=(str(path),), given=Given(markers=(marker,)))
    rows = examine(question)
    assert exit_code(rows) == 3
    assert row(rows, "T8").outcome is Outcome.COULD_NOT_LOOK
    assert "not an ext4" in row(rows, "T2").unseen[-1].because
    path.write_bytes(content[:-512] + marker.ljust(512))
    assert failing(examine(question)) == {"T1"}


def test_an_ext4_without_a_journal_or_with_other_features_is_told(tmp_path: Path) -> None:
    plain = opened(made(tmp_path / "plain", options=("-O", "^has_journal")))
    assert jbd2.read(plain) is None
    with pytest.raises(NotExt4, match="feature"):
        opened(made(tmp_path / "inline", options=("-O", "inline_data")))


@cache
def _bytes(folder: Path) -> bytes:
    (folder / "in").mkdir()
    (folder / "in" / "x").write_bytes(b"x" * 9_000)
    return made(folder / "image", folder / "in").read_bytes()


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_damage_is_read_or_not_ext4(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Fields of the superblock, the groups, inodes and the journal, each set to anything."""
    whole = _bytes(_folder(tmp_path_factory))
    clean = Ext4(lambda at, length: whole[at : at + length], len(whole))
    journal = next(clean.file_blocks(clean.inode(clean.journal_inode)))[1] * BLOCK
    table = clean._tables[0][0] * BLOCK
    areas = [(1_024, 1_024), (BLOCK, 64), (table, 12 * 256), (journal, 1_024)]
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 6))):
        start, length = data.draw(st.sampled_from(areas))
        at = start + data.draw(st.integers(0, length - 4))
        damaged[at : at + 4] = data.draw(st.binary(min_size=1, max_size=4)).ljust(4, b"\xff")
    try:
        disk = Ext4(lambda at, length: bytes(damaged[at : at + length]), len(damaged))
        log = jbd2.read(disk)
        if log is not None:
            disk.lay_over(log.replay)
            copies = list(jbd2.inode_copies(disk, log))
            assert len(copies) < 1 << 20
        for _, inode in disk.tree():
            assert len(disk.content(inode, at_most=1 << 16)) <= 1 << 16
    except NotExt4:
        return


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 3), st.sampled_from([1, 2, 3, 5, 9]), st.binary(max_size=80)), max_size=8))
def test_any_journal_is_read_or_not_ext4(
    tmp_path_factory: pytest.TempPathFactory, blocks: list[tuple[int, int, bytes]]
) -> None:
    """Blocks that begin as the journal's do, with anything behind."""
    damaged = bytearray(_bytes(_folder(tmp_path_factory)))
    clean = Ext4(lambda at, length: bytes(damaged[at : at + length]), len(damaged))
    journal = next(clean.file_blocks(clean.inode(clean.journal_inode)))[1] * BLOCK
    damaged[journal + 0x18 : journal + 0x20] = (1).to_bytes(4, "big") * 2
    for place, (sequence, kind, rest) in enumerate(blocks, start=1):
        head = 0xC03B3998.to_bytes(4, "big") + kind.to_bytes(4, "big") + sequence.to_bytes(4, "big")
        at = journal + place * BLOCK
        damaged[at : at + 12 + len(rest)] = head + rest
    disk = Ext4(lambda at, length: bytes(damaged[at : at + length]), len(damaged))
    log = jbd2.read(disk)
    assert log is not None
    disk.lay_over(log.replay)
    assert list(jbd2.inode_copies(disk, log)) is not None


_FOLDERS: list[Path] = []


def _folder(factory: pytest.TempPathFactory) -> Path:
    if not _FOLDERS:
        _FOLDERS.append(factory.mktemp("fuzz"))
    return _FOLDERS[0]


def test_times_of_tor_s_files_in_an_image_are_judged_as_tor_s(tmp_path: Path) -> None:
    """Many files of tor's, made at moments of its own: neither their inodes nor those as bytes fail T2."""
    away_from_an_edge()
    image = made(tmp_path / "image")
    with mounted(image, tmp_path / "disk") as disk:
        (disk / "state" / "bundles").mkdir(parents=True)
        (disk / "state" / "tor-onion").mkdir()
        os.sync()
        time.sleep(1.1)
        began = time.time()
        for number in range(20):
            (disk / "state" / "tor-onion" / f"cached-{number:x}").write_bytes(b"public")
            time.sleep(0.02)
        ended = time.time()
        os.utime(disk / "state" / "tor-onion", (began - 50, began - 50))
        time.sleep(1.1)
    rows = looked_at(image, began, ended)
    assert {found.kind for found in row(rows, "T2").findings} <= {"commit of the file system at no edge"}
    assert row(rows, "T2").figures["moments found"] == 0
