"""What a crash of a process would leave is read from /proc: here from a /proc of our own, changed line by line."""

import os
from pathlib import Path

import pytest

from relay import probes
from relay.examiner import live
from relay.examiner.findings import Report
from relay.examiner.live import Process, Role
from tests.unit.relay.examiner.test_proc_text import LIMITS, SMAPS

SWAPS = "Filename\tType\tSize\tUsed\tPriority\n"
SOME_SWAP = f"{SWAPS}/swap.img file 2097148 0 -2\n"
OPEN = "its memory may be dumped, and read by programs of its user"
CLEAN = SMAPS.replace("128 kB", "0 kB")


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clean process 7 of a user who is not root, and what is told of it is not theirs."""
    monkeypatch.setattr(live, "_PROC", tmp_path)
    (tmp_path / "sys" / "kernel").mkdir(parents=True)
    (tmp_path / "sys" / "kernel" / "core_pattern").write_text("core\n")
    (tmp_path / "swaps").write_text(SWAPS)
    folder = tmp_path / "7"
    (folder / "fd").mkdir(parents=True)
    (folder / "fdinfo").mkdir()
    owner = os.getuid() + 1_000
    for name, text in (
        ("smaps", CLEAN),
        ("limits", LIMITS),
        ("status", f"Name:\tpython3\nPPid:\t1\nUid:\t{owner}\t{owner}\t{owner}\t{owner}\n"),
        ("cgroup", "0::/nowhere\n"),
        ("environ", "LANG=C\0"),
    ):
        (folder / name).write_text(text)
    return tmp_path


def found(role: Role = Role.NODE) -> set[str]:
    report = Report()
    live.hygiene(report, Process(7, role))
    assert {one.row for one in report.findings} <= {"T12"}
    return {one.kind for one in report.findings}


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def dumpable(proc: Path) -> None:
    """What is told of the process belongs to its owner."""
    owner = os.getuid() + 1_000
    if os.geteuid():
        pytest.skip("only root may give a folder away")
    os.chown(proc / "7" / "environ", owner, owner)


def test_a_clean_process_is_clean(proc: Path) -> None:
    assert found() == set()


def test_swapped_memory_is_found(proc: Path) -> None:
    (proc / "7" / "smaps").write_text(SMAPS)
    assert found() == {"memory on the swap (KiB)"}


def test_memory_that_may_be_swapped_is_found(proc: Path) -> None:
    (proc / "swaps").write_text(SOME_SWAP)
    assert found() == {"memory may be swapped: there is swap, and it is not locked"}
    change(proc / "7" / "smaps", "mr mw me ac sd", "mr mw me lo ac sd")
    assert found() == set()


def test_a_dumpable_process_needs_the_limit(proc: Path) -> None:
    change(proc / "7" / "limits", "Max core file size        0  ", "Max core file size        unlimited  ")
    assert found() == set()
    dumpable(proc)
    assert found() == {OPEN, "core files are not forbidden"}


def test_a_process_that_may_be_dumped_is_found(proc: Path) -> None:
    dumpable(proc)
    assert found() == {OPEN}


def test_a_program_that_takes_every_core_is_found(proc: Path) -> None:
    dumpable(proc)
    (proc / "sys" / "kernel" / "core_pattern").write_text("|/usr/share/apport %p\n")
    assert found() == {OPEN, "the system gives cores to a program, whatever the limit"}
    (proc / "sys" / "kernel" / "core_pattern").write_text("|/lib/systemd/systemd-coredump %P %c\n")
    assert found() == {OPEN}


def test_a_limit_of_one_byte_is_for_programs_too(proc: Path) -> None:
    dumpable(proc)
    (proc / "sys" / "kernel" / "core_pattern").write_text("|/usr/share/apport %p\n")
    change(proc / "7" / "limits", "Max core file size        0  ", "Max core file size        1  ")
    assert found() == {OPEN}
    assert found(Role.TOR) == set()


def test_a_spool_that_would_be_dumped_is_found(proc: Path) -> None:
    change(proc / "7" / "smaps", " dd ", " ")
    assert found() == {"the spool would be in a core"}


def test_of_root_s_process_it_is_said_that_nobody_can_tell(proc: Path) -> None:
    (proc / "7" / "status").write_text("Uid:\t0\t0\t0\t0\n")
    report = Report()
    live.hygiene(report, Process(7, Role.NODE))
    assert [one.asked for one in report.unseen] == [False]


def test_a_group_that_may_not_swap_needs_no_locks(proc: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "_SYS", tmp_path / "sys")
    (group := tmp_path / "sys" / "fs" / "cgroup" / "system.slice" / "relay.service").mkdir(parents=True)
    (proc / "swaps").write_text(SOME_SWAP)
    (proc / "7" / "cgroup").write_text("0::/system.slice/relay.service\n")
    assert found() == {"memory may be swapped: there is swap, and it is not locked"}
    (group / "memory.swap.max").write_text("0\n")
    assert found() == set()
