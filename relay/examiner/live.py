"""A running relay, seen from outside through /proc: what its processes hold, and what a crash of them would leave.

Nothing is stopped and nothing is changed; what a process does meanwhile may be missed or seen twice.
"""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from relay import probes
from relay.examiner import proc_text, spool_memory
from relay.examiner.findings import Report
from relay.examiner.proc_text import DELETED, Mapping
from relay.examiner.sources import Nature, Source, reader
from relay.examiner.spool_memory import SpoolMemory

_PROC: Final = Path("/proc")
SPOOL: Final = "/memfd:veladora-spool"
_STANDARD: Final = (0, 1, 2)
_PAGE: Final = 4_096
_FLAGS: Final = re.compile(r"flags:\s+([0-7]+)")
# It asks for the limit itself, and keeps nothing when that is zero (systemd-coredump(8)).
_NOT_EVEN_TO_PROGRAMS: Final = "1"
_HEEDS_THE_LIMIT: Final = "systemd-coredump"


class Role(Enum):
    """What a process of a relay does."""

    NODE = "node"
    SUPERVISOR = "supervisor"
    TOR = "tor"


@dataclass(frozen=True, slots=True)
class Process:
    """One process of a relay."""

    pid: int
    role: Role

    @property
    def name(self) -> str:
        """How it is told."""
        return f"{self.role.value} {self.pid}"

    @property
    def folder(self) -> Path:
        """Its folder in /proc."""
        return _PROC / str(self.pid)


def family(pid: int) -> list[Process]:
    """A process and all that descend from it. Raises OSError when there is no such process."""
    parents: dict[int, int] = {}
    for folder in _PROC.iterdir():
        if folder.name.isdigit():
            try:
                said = proc_text.status((folder / "status").read_text())
            except OSError:
                continue
            parents[int(folder.name)] = int(said.get("PPid", "0"))
    if pid not in parents:
        raise ProcessLookupError(3, "no such process", str(pid))
    found, waiting = [], [pid]
    while waiting:
        one = waiting.pop()
        found.append(Process(one, _role(one)))
        waiting += sorted(child for child, parent in parents.items() if parent == one)
    return found


def hygiene(report: Report, process: Process) -> None:
    """Core files, swap, secrets in the environment and open files of one process. Raises OSError or StrangeProc."""
    folder = process.folder
    mapped = proc_text.mappings((folder / "smaps").read_text())
    report.looked("T12", "T1")
    _cores(report, process, mapped)
    _swap(report, process, mapped)
    if count := proc_text.secret_names((folder / "environ").read_bytes()):
        report.found("T12", "variable of the environment that is named like a secret", process.name, count)
    for one in mapped:
        deleted = one.name.endswith(DELETED) and "w" in one.rights and "s" in one.rights
        if deleted and one.name != SPOOL + DELETED and not one.name.startswith("/dev/zero"):
            report.found("T1", "writable mapping of a deleted file", f"{process.name} at {one.start:#x}")
    _open_files(report, process)


def spool_of(process: Process) -> tuple[SpoolMemory, Source] | None:
    """The spool that a process holds; None when it holds none. Raises OSError or NotASpool."""
    for entry in sorted((process.folder / "fd").iterdir()):
        try:
            if str(entry.readlink()) != SPOOL + DELETED:
                continue
            descriptor = os.open(entry, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        try:
            size = os.fstat(descriptor).st_size
            data = reader(descriptor)(0, size)
        finally:
            os.close(descriptor)
        name = f"spool of {process.name}"
        read = _slices(data)
        return spool_memory.read(read, size), Source(name, size, read, Nature.SPOOL, group=name)
    return None


def memory(process: Process, descriptor: int) -> Iterator[Source]:
    """Everything that a process can write to in its memory, but for the spool; `descriptor`: its /proc/PID/mem."""
    for one in proc_text.mappings((process.folder / "smaps").read_text()):
        if one.rights.startswith("rw") and not one.name.startswith(("[v", SPOOL, "/dev/dri")):
            group = f"memory of {process.name}"
            read = _peeking(descriptor, one)
            yield Source(group, one.end - one.start, read, Nature.MEMORY, base=one.start, group=group)


def _role(pid: int) -> Role:
    folder = _PROC / str(pid)
    try:
        if (folder / "comm").read_text().strip() == "tor":
            return Role.TOR
        # The supervisor maps the spool too, to keep it off the swap, but cannot write there.
        writes = any(SPOOL in line and " rw-s " in line for line in (folder / "maps").read_text().splitlines())
        return Role.NODE if writes else Role.SUPERVISOR
    except OSError:
        return Role.SUPERVISOR


def _cores(report: Report, process: Process, mapped: list[Mapping]) -> None:
    closed = _is_closed(process)
    # tor cannot be closed so: it would have to do that itself.
    if closed is False and process.role is not Role.TOR:
        report.found("T12", "its memory may be dumped, and read by programs of its user", process.name)
    if closed is None:
        because = "whether a process of root may be dumped cannot be seen from outside"
        report.could_not(["T12"], because, asked=False)
    if closed is not True:
        limit = proc_text.core_limit((process.folder / "limits").read_text())
        if limit not in ("0", _NOT_EVEN_TO_PROGRAMS):
            report.found("T12", "core files are not forbidden", process.name)
        pattern = (_PROC / "sys/kernel/core_pattern").read_text()
        if pattern.startswith("|") and limit != _NOT_EVEN_TO_PROGRAMS and _HEEDS_THE_LIMIT not in pattern:
            report.found("T12", "the system gives cores to a program, whatever the limit", process.name)
    for one in mapped:
        if one.name == SPOOL + DELETED and "dd" not in one.flags:
            report.found("T12", "the spool would be in a core", f"{process.name} at {one.start:#x}")


def _is_closed(process: Process) -> bool | None:
    """Whether the process is not dumpable: its files in /proc belong to root then (proc(5)). None for root's own."""
    owner = int(proc_text.status((process.folder / "status").read_text()).get("Uid", "0").split()[1])
    return None if owner == 0 else (process.folder / "environ").stat().st_uid != owner


def _swap(report: Report, process: Process, mapped: list[Mapping]) -> None:
    swapped = sum(one.swapped for one in mapped)
    if swapped:
        report.found("T12", "memory on the swap (KiB)", process.name, swapped)
    group = (process.folder / "cgroup").read_text()
    if not proc_text.swap_devices((_PROC / "swaps").read_text()) or probes.swap_is_forbidden(group):
        return
    if any(one.may_swap for one in mapped):
        report.found("T12", "memory may be swapped: there is swap, and it is not locked", process.name)


def _open_files(report: Report, process: Process) -> None:
    for entry in (process.folder / "fd").iterdir():
        try:
            target = str(entry.readlink())
            flags = _FLAGS.search((process.folder / "fdinfo" / entry.name).read_text())
        except OSError:
            continue  # closed since we read the list
        where = f"{process.name}, descriptor {entry.name}"
        if target.startswith("/memfd:"):
            if target != SPOOL + DELETED:
                report.found("T1", "file in memory that is not the spool", where)
        # Its standard streams were chosen by whoever started it; what it writes there is the journal (T8).
        elif not target.startswith("/") or int(entry.name) in _STANDARD or process.role is Role.TOR:
            continue
        elif target.endswith(DELETED):
            report.found("T1", "deleted file that is still open", where)
        elif flags and int(flags[1], 8) & os.O_ACCMODE != os.O_RDONLY and not target.startswith("/dev/"):
            report.found("T1", "file open for writing", where)


def _slices(data: bytes) -> Callable[[int, int], bytes]:
    return lambda offset, length: data[offset : offset + length]


def _peeking(descriptor: int, one: Mapping) -> Callable[[int, int], bytes]:
    def read(offset: int, length: int) -> bytes:
        at, end, parts = one.start + offset, min(one.end, one.start + offset + length), []
        while at < end:
            try:
                part = os.pread(descriptor, end - at, at)
            except OSError:
                part = b""
            # Given back to the system since we read the map, or never there: zeros, to the next page.
            part = part or bytes(min(end, (at // _PAGE + 1) * _PAGE) - at)
            parts.append(part)
            at += len(part)
        return b"".join(parts)

    return read
