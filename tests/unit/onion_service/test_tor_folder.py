"""Tor works in memory; its guards, and nothing else of it, outlive it on the disk."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from onion_service import memory
from onion_service.errors import FolderNotUsable, StrangeState, TorInUse
from onion_service.tor_folder import TorFolder
from tests.unit.onion_service.test_tor_state import KEPT, STATE


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Path]:
    """A folder on the disk; what a test leaves in memory for it goes."""
    yield tmp_path / "tor"
    (tmp_path / "tor" / "state").unlink(missing_ok=True)
    TorFolder(tmp_path / "tor").close()


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def killed(folder: TorFolder) -> None:
    """End as a killed program does: nothing is kept, nothing removed."""
    assert folder._held is not None
    os.close(folder._held)
    folder._held = None


def test_tor_works_in_memory_and_a_first_start_leaves_nothing_on_the_disk(kept: Path) -> None:
    folder = TorFolder(kept)
    assert memory.place() in folder.path.parents
    assert (files(folder.path), files(kept)) == (set(), set())
    (folder.path / "state").write_bytes(b"Dormant 0\n")
    (folder.path / "cached-certs").write_bytes(b"x")
    folder.close()
    folder.close()
    assert (folder.path.exists(), files(kept)) == (False, set())


def test_guards_are_kept_and_come_back(kept: Path) -> None:
    folder = TorFolder(kept)
    (folder.path / "state").write_bytes(STATE)
    folder.keep()
    assert (kept / "state").read_bytes() == KEPT
    assert (kept / "state").stat().st_mode & 0o777 == 0o600
    folder.close()
    again = TorFolder(kept)
    assert (again.path / "state").read_bytes() == KEPT
    again.close()
    assert files(kept) == {"state"}


def test_the_same_guards_are_not_written_again(kept: Path) -> None:
    folder = TorFolder(kept)
    (folder.path / "state").write_bytes(STATE)
    folder.keep()
    before = (kept / "state").stat()
    (folder.path / "state").write_bytes(STATE.replace(b"pb_use_attempts=18", b"pb_use_attempts=58"))
    folder.keep()
    folder.close()
    TorFolder(kept).close()
    assert (kept / "state").stat() == before


def test_a_tor_that_has_no_guards_yet_takes_none_away(kept: Path) -> None:
    kept.mkdir()
    (kept / "state").write_bytes(KEPT)
    folder = TorFolder(kept)
    for state in (b"", b"Dormant 0\n"):
        (folder.path / "state").write_bytes(state)
        folder.keep()
    (folder.path / "state").unlink()
    folder.close()
    assert (kept / "state").read_bytes() == KEPT


def test_what_a_killed_program_left_in_memory_is_used_and_cleaned(kept: Path) -> None:
    folder = TorFolder(kept)
    (folder.path / "state").write_bytes(STATE)
    (folder.path / "lock").write_bytes(b"")
    (folder.path / "keys").mkdir()
    killed(folder)
    again = TorFolder(kept)
    assert (files(again.path), (again.path / "state").read_bytes()) == ({"state"}, KEPT)
    assert (kept / "state").read_bytes() == KEPT
    again.close()


def test_what_tor_wrote_to_the_disk_before_is_scrubbed_and_nothing_else_touched(kept: Path) -> None:
    (kept / "service").mkdir(parents=True)
    (kept / "keys").mkdir()
    (kept / "service" / "hs_ed25519_secret_key").write_bytes(b"secret")
    for name in ("cached-certs", "cached-microdescs.new", "lock", "torrc", "of-the-operator"):
        (kept / name).write_bytes(b"x")
    (kept / "state").write_bytes(STATE)
    TorFolder(kept).close()
    assert files(kept) == {"service", "service/hs_ed25519_secret_key", "of-the-operator", "state"}
    assert (kept / "state").read_bytes() == KEPT


def test_one_tor_at_a_time(kept: Path) -> None:
    folder = TorFolder(kept)
    (folder.path / "state").write_bytes(STATE)
    with pytest.raises(TorInUse):
        TorFolder(kept)
    assert (folder.path / "state").read_bytes() == STATE
    folder.close()
    TorFolder(kept).close()


def test_a_place_that_is_not_ours_alone_is_refused(kept: Path, tmp_path: Path) -> None:
    folder = TorFolder(kept)
    folder.close()
    folder.path.symlink_to(tmp_path)
    with pytest.raises(TorInUse):
        TorFolder(kept)
    folder.path.unlink()
    folder.path.mkdir(mode=0o755)
    with pytest.raises(TorInUse):
        TorFolder(kept)
    folder.path.rmdir()
    folder.path.write_bytes(b"")
    with pytest.raises(TorInUse):
        TorFolder(kept)
    folder.path.unlink()


def test_a_state_that_is_none_is_said_with_its_name_and_left_there(kept: Path) -> None:
    kept.mkdir()
    (kept / "state").write_bytes(b"\0")
    with pytest.raises(StrangeState, match="state") as caught:
        TorFolder(kept)
    assert "remove that file" in caught.value.hint
    assert (kept / "state").read_bytes() == b"\0"


def test_what_cannot_be_kept_is_said_and_does_not_stop_the_end(kept: Path) -> None:
    folder = TorFolder(kept)
    (folder.path / "state").write_bytes(b"\0")
    with pytest.raises(StrangeState):
        folder.keep()
    (folder.path / "state").write_bytes(STATE)
    (kept / "state").mkdir()
    with pytest.raises(FolderNotUsable, match="cannot keep tor's guards"):
        folder.keep()
    folder.close()
    assert not folder.path.exists()
    (kept / "state").rmdir()


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FolderNotUsable):
        TorFolder(tmp_path / "file" / "tor")
