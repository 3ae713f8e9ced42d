"""When something was read, or somebody called, leaves no time of access."""

import fcntl
import os
import socket
import struct
from pathlib import Path

import pytest

from onion_service import unnoticed
from onion_service.unnoticed import keep_no_times_of_access, read_unnoticed

LONG_AGO = 1_000_000_000


def called(folder: Path) -> float:
    """A socket in the folder, called once; returns its time of access, which was long ago before."""
    path = folder / "s"
    with socket.socket(socket.AF_UNIX) as door, socket.socket(socket.AF_UNIX) as caller:
        door.bind(str(path))
        door.listen()
        os.utime(path, (LONG_AGO, LONG_AGO))
        caller.connect(str(path))
        return path.stat().st_atime


def quieted(folder: Path) -> Path:
    """A folder that keeps no times of access; skips where the disk cannot do that."""
    folder.mkdir(exist_ok=True)
    keep_no_times_of_access([folder, folder / "not there"])
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        (flags,) = struct.unpack("i", fcntl.ioctl(descriptor, unnoticed._GET_FLAGS, bytes(4)))
    except OSError:
        flags = 0
    finally:
        os.close(descriptor)
    if not flags & 0x80:
        pytest.skip("this disk has no such flag")
    return folder


def test_a_call_at_a_socket_leaves_its_moment_unless_the_folder_keeps_none(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    if called(plain) == LONG_AGO:
        pytest.skip("this disk notes no times of access")
    assert called(quieted(tmp_path / "quiet")) == LONG_AGO


def test_what_is_made_later_in_such_a_folder_keeps_none_either(tmp_path: Path) -> None:
    below = quieted(tmp_path) / "below"
    below.mkdir()
    assert called(below) == LONG_AGO
    file = below / "file"
    file.write_bytes(b"abc")
    os.utime(file, (LONG_AGO, LONG_AGO))
    assert file.read_bytes() == b"abc"
    assert file.stat().st_atime == LONG_AGO


def test_what_is_read_unnoticed_is_the_file_as_far_as_asked(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(bytes(range(100)))
    os.utime(file, (LONG_AGO, LONG_AGO))
    assert read_unnoticed(file, at_most=1_000) == bytes(range(100))
    assert read_unnoticed(file, at_most=10) == bytes(range(10))
    assert read_unnoticed(file, at_most=0) == b""
    assert file.stat().st_atime == LONG_AGO
    with pytest.raises(FileNotFoundError):
        read_unnoticed(tmp_path / "none", at_most=1)


def test_who_is_not_the_owner_reads_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, opened = tmp_path / "file", os.open
    file.write_bytes(b"abc")

    def not_ours(path: Path, flags: int) -> int:
        if flags & os.O_NOATIME:
            raise PermissionError(1, "not the owner")
        return opened(path, flags)

    monkeypatch.setattr(os, "open", not_ours)
    assert read_unnoticed(file, at_most=3) == b"abc"
