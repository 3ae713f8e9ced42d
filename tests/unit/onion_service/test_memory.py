"""A folder in memory is known by its mount, and without one there is an error."""

import os
import resource
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onion_service import memory
from onion_service.errors import NoMemoryFolder

# proc(5), as on a server.
MOUNTS = """\
22 28 0:20 / /sys rw,relatime shared:7 - sysfs sysfs rw
25 28 0:23 / /run rw,nosuid,nodev shared:5 - tmpfs tmpfs rw,size=100k,mode=755
28 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
29 25 254:2 / /run/disk rw shared:9 - ext4 /dev/vdb1 rw
30 28 0:26 / /srv/a\\040b rw shared:3 - tmpfs tmpfs rw
31 28 254:3 / /srv/a\\040b rw shared:4 - ext4 /dev/vdc1 rw
32 28 0:27 / /srv/c\\040d rw - ramfs ramfs rw
"""


@pytest.mark.parametrize("path", ["/run", "/run/veladora-relay", "/run/user/1000/a", "/srv/c d/x"])
def test_what_is_mounted_in_memory_is_known(path: str) -> None:
    assert memory.in_memory(Path(path), MOUNTS)


@pytest.mark.parametrize(
    "path", ["/", "/var/lib", "/running", "/run/disk", "/run/disk/a", "/srv/a b", "/srv/c", "/sys"]
)
def test_what_lies_on_a_disk_is_known(path: str) -> None:
    assert not memory.in_memory(Path(path), MOUNTS)


@given(st.text(max_size=200))
def test_any_mounts_can_be_read(text: str) -> None:
    assert not memory.in_memory(Path("/var"), text.replace("tmpfs", "").replace("ramfs", ""))


def test_a_folder_on_a_disk_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = memory.SHARED / f"veladora-test-{os.getpid()}"
    mine.mkdir(mode=0o700)
    try:
        monkeypatch.setenv("RUNTIME_DIRECTORY", str(mine))
        assert memory.place() == mine
        monkeypatch.setattr(memory, "_MOUNTS", tmp_path / "mounts")
        (tmp_path / "mounts").write_text("28 1 254:1 / / rw - ext4 /dev/vda1 rw\n")
        with pytest.raises(NoMemoryFolder) as caught:
            memory.place()
        assert "tmpfs" in caught.value.hint
        (tmp_path / "mounts").unlink()
        with pytest.raises(NoMemoryFolder):
            memory.place()
    finally:
        mine.rmdir()


@pytest.mark.parametrize("named", ["relative", "/nonexistent", "", f"/dev/shm/{'x' * 80}"])
def test_the_folder_that_all_share_is_the_last_resort(named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setenv("RUNTIME_DIRECTORY", named)
    assert memory.place() == Path(os.path.realpath(memory.SHARED))


def test_memory_may_be_locked_without_a_limit_or_with_the_right_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = tmp_path / "status"
    monkeypatch.setattr(memory, "_STATUS", status)
    limit = 8 << 20

    def limits(_which: int) -> tuple[int, int]:
        return (limit, limit)

    monkeypatch.setattr(resource, "getrlimit", limits)
    assert not memory.may_lock()
    for effective, may in (("000001ffffffffff", True), ("0000000000004000", True), ("000001ffffffbfff", False)):
        status.write_text(f"Name:\tpython\nCapPrm:\t000001ffffffffff\nCapEff:\t{effective}\n")
        assert memory.may_lock() is may
    status.write_text("")
    assert not memory.may_lock()
    limit = resource.RLIM_INFINITY
    assert memory.may_lock()


@given(st.text(max_size=100))
def test_any_status_can_be_read(text: str) -> None:
    assert not memory.has_ipc_lock(f"CapEff:\t{text}\n") or len(text) >= 16
