"""T12: a crash leaves nothing: no core file, no temporary file, nothing on the swap, no word of what was sent.

The real node under its keeper, in a folder that cores are written to, with cells in; it is ended by signals that leave
cores, and by memory running out. That there would have been a core, a file, a word is proved by mutants that leave one.
"""

import os
import re
import resource
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from crypto import letter
from crypto.cells import CellClass
from crypto.directory import BundleSizes
from crypto.layers import wrap
from relay import supervisor
from relay.examiner import live, proc_text
from relay.journal import Event
from tests.architecture_rules import ROOT
from tests.privacy import crash_mutants, mutant_node
from tests.privacy.mutants import caught
from tests.rig import Rig, Running

pytestmark = pytest.mark.slow

SIGNALS: Final = (signal.SIGSEGV, signal.SIGABRT, signal.SIGQUIT)
CELLS: Final = 3
_PIECE: Final = 64
_LITTLE: Final = 1 << 20
_LOADS: Final = 8
_PATTERN: Final = Path("/proc/sys/kernel/core_pattern")
# Where programs leave files, and cores go on some systems.
_ANYBODYS: Final = tuple(map(Path, ("/tmp", "/var/tmp", "/dev/shm", "/var/crash", "/var/lib/systemd/coredump")))
# Where the kernel limits the memory of groups, by its two versions: the limit, and what says whether it ended somebody.
_GROUPS: Final = (
    (Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes", "memory.oom_control"),
    (Path("/sys/fs/cgroup"), "memory.max", "memory.events"),
)
CORES_COME: Final = (
    not _PATTERN.read_text().startswith(("|", "/"))
    and resource.getrlimit(resource.RLIMIT_CORE)[1] == resource.RLIM_INFINITY
)

Crash = Callable[["Reporter", int], None]


class Reporter:
    """Who sends cells, and remembers which were answered 202 and what all of them looked like."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.accepted: set[bytes] = set()
        self.pieces: set[bytes] = set()

    def send(self, cell_class: CellClass) -> int | None:
        """One cell; the status, or None when the connection breaks."""
        with suppress(OSError):
            cell = letter.top_up(cell_class, relays=1)
            envelope = wrap(cell, route=self.running.route())
            self.pieces |= {envelope[at : at + _PIECE] for at in (0, 5_000)}
            status = self.running.post(envelope)
            if status == 202:
                self.accepted.add(cell)
            return status
        return None


# --- how it crashes ----------------------------------------------------------------------------------------------


def by_signal(number: signal.Signals, _reporter: Reporter, pid: int) -> None:
    """Ended by a signal that leaves a core where nothing is done about it."""
    os.kill(pid, number)


def by_refused_memory(reporter: Reporter, pid: int) -> None:
    """It gets no more memory from the system while large cells come in; what survives that is killed."""
    status = proc_text.status(Path(f"/proc/{pid}/status").read_text())
    size = int(status["VmSize"].removesuffix("kB")) * 1_024
    resource.prlimit(pid, resource.RLIMIT_AS, (size, resource.prlimit(pid, resource.RLIMIT_AS)[1]))
    statuses = {reporter.send(CellClass.PARCEL) for _ in range(_LOADS)}
    assert statuses != {202}, "it did not run out of memory"
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def by_the_kernel_out_of_memory(reporter: Reporter, pid: int) -> None:
    """Ended by the kernel, because its group has no memory left while large cells come in."""
    with small_group(pid) as told:
        for _ in range(10 * _LOADS):
            reporter.send(CellClass.PARCEL)
            if re.search(r"^oom_kill [1-9]", told.read_text(), re.MULTILINE):
                return
    raise TimeoutError("the kernel does not end it")


@contextmanager
def small_group(pid: int) -> Iterator[Path]:
    """The process in a group that may have hardly more memory than it has; yields where the kernel tells of ends."""
    top, limit, told = next(group for group in _GROUPS if (group[0] / "cgroup.procs").exists())
    folder = top / f"veladora-{pid}"
    try:
        folder.mkdir()
        (folder / limit).write_text(str(_LITTLE))
        (folder / "cgroup.procs").write_text(str(pid))
    except OSError as error:
        pytest.skip(f"no group of processes can be given less memory here: {error.strerror}")
    try:
        yield folder / told
    finally:
        while (folder / "cgroup.procs").read_text():
            time.sleep(0.01)
        folder.rmdir()


# --- what it leaves ----------------------------------------------------------------------------------------------


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The working directory of all that is started. Cores may be as large as they like, as far as we are asked."""
    (folder := tmp_path / "here").mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    # A node whose lines are counted leaves a file with the counts.
    for name in [name for name in os.environ if name.startswith("COVERAGE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(supervisor, "_BACKOFF_SECONDS", (0.0,))
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    yield folder
    resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))


def anybodys() -> set[Path]:
    """The files in the folders in which anybody may leave some, and where cores go, if not here."""
    pattern = _PATTERN.read_text()
    folders = {*_ANYBODYS, *([Path(pattern).parent] if pattern.startswith("/") else [])}
    return {path for folder in folders if folder.is_dir() for path in folder.iterdir() if path.is_file()}


def holds(path: Path, pieces: set[bytes]) -> bool:
    """Whether a file has something of what was sent; somebody else's that goes meanwhile has not."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return False
    return any(piece in content for piece in pieces)


def is_of_the_list(line: str) -> bool:
    """Whether a line is one that the journal may have; a detail here is the name of a kind of error."""
    said = line.removeprefix("veladora: ")
    return any(
        re.fullmatch(
            re.escape(event.value).replace(r"\{round\}", r"\d+").replace(r"\{detail\}", r"[A-Za-z_]{1,40}"), said
        )
        for event in Event
    )


def swapped_or_may_be(pid: int) -> list[str]:
    """The kernel's word: how much of it is on the swap, and what that can be written to may come there."""
    folder = Path(f"/proc/{pid}")
    amount = proc_text.status((folder / "status").read_text())["VmSwap"]
    # Only root is allowed to lock all of its memory everywhere.
    mapped = [] if os.geteuid() else proc_text.mappings((folder / "smaps").read_text())
    return [*([amount] if amount != "0 kB" else []), *(one.name or "anonymous" for one in mapped if one.may_swap)]


def a_crash_leaves_nothing(
    rig: Rig, here: Path, capfd: pytest.CaptureFixture[str], *, crashes: Sequence[Crash], program: str = "relay.node"
) -> None:
    """The proof."""
    capfd.readouterr()
    before, may_swap = anybodys(), list[str]()
    with rig.running(program=program) as running:
        reporter = Reporter(running)
        for crash in crashes:
            for _ in range(CELLS):
                reporter.send(CellClass.LETTER)
            pid = running.keeper.pid
            assert pid is not None
            may_swap += swapped_or_may_be(pid)
            crash(reporter, pid)
            while running.keeper.pid == pid:
                running.keeper.look()
            running.wait_open()
        _let_all_leave(reporter)
    assert sorted(here.iterdir()) == []
    assert [path for path in anybodys() - before if holds(path, reporter.pieces)] == []
    said = capfd.readouterr()
    assert said.out == ""
    lines = (said.err + (rig.folder / "journal").read_text()).splitlines()
    assert [line for line in lines if not is_of_the_list(line)] == []
    assert may_swap == []
    assert len(reporter.pieces) >= 2 * CELLS


def _let_all_leave(reporter: Reporter) -> None:
    """What was answered 202 before a crash is in a bundle after it."""
    rig, running = reporter.running.rig, reporter.running
    number = running.announced()[0].round_number
    for later in range(4):
        running.wait_round(number + later)
        if reporter.accepted <= {cell for cells in rig.cells().values() for cell in cells}:
            return
    raise AssertionError("a cell that was accepted before a crash is in no bundle")


def _rig(folder: Path) -> Rig:
    return Rig(folder, sizes=BundleSizes(letters=32, parcels=32, parcel_every=1), parcels=32)


def test_signals_and_refused_memory_leave_nothing(
    tmp_path: Path, here: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    crashes: list[Crash] = [*(partial(by_signal, number) for number in SIGNALS), by_refused_memory]
    a_crash_leaves_nothing(_rig(tmp_path / "relay"), here, capfd, crashes=crashes)


def test_the_kernel_s_end_for_want_of_memory_leaves_nothing(
    tmp_path: Path, here: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    a_crash_leaves_nothing(_rig(tmp_path / "relay"), here, capfd, crashes=[by_the_kernel_out_of_memory])


@pytest.mark.skipif(not CORES_COME, reason="this system writes no core into the working directory, or not as large")
def test_either_of_limit_and_lock_is_enough_and_without_both_there_is_a_core(
    tmp_path: Path, here: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    crashes = [partial(by_signal, signal.SIGSEGV)]
    limits, open_to = crash_mutants.allow_cores.__name__, crash_mutants.stay_open_to_pictures.__name__
    for plants in (limits, open_to):
        monkeypatch.setenv(mutant_node.VARIABLE, plants)
        rig = _rig(tmp_path / plants[:5])
        a_crash_leaves_nothing(rig, here, capfd, crashes=crashes, program=mutant_node.PROGRAM)
    monkeypatch.setenv(mutant_node.VARIABLE, f"{limits},{open_to}")
    _caught("allow cores and pictures", tmp_path, here, capfd)
    assert list(here.glob("core*"))


@pytest.mark.skipif(not CORES_COME, reason="this system writes no core into the working directory, or not as large")
def test_a_node_without_limits_leaves_a_core_with_its_memory(
    tmp_path: Path, here: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(mutant_node.VARIABLE, crash_mutants.remove_the_limits.__name__)
    _caught("remove the limits", tmp_path, here, capfd)
    assert [core.stat().st_size > 16 * _LITTLE for core in here.glob("core*")] == [True]


@pytest.mark.parametrize(
    ("mutant", "plants"),
    [
        pytest.param(crash_mutants.lock_little, (), marks=pytest.mark.skipif(os.geteuid() != 0, reason="needs root")),
        (crash_mutants.use_a_temporary_folder, (crash_mutants.keep_the_body_in_a_file,)),
        (crash_mutants.let_errors_speak, (crash_mutants.fail_with_what_was_sent,)),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_a_node_that_would_leave_something_is_caught(
    mutant: Callable[[], None],
    plants: tuple[Callable[[], None], ...],
    tmp_path: Path,
    here: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = [one.__name__ for one in (mutant, *plants)]
    monkeypatch.setenv(mutant_node.VARIABLE, ",".join(names))
    _caught(mutant.__name__.replace("_", " "), tmp_path, here, capfd)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_where_not_all_may_be_locked_the_spool_is_and_the_journal_says_so(
    tmp_path: Path, here: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(mutant_node.VARIABLE, crash_mutants.lock_little.__name__)
    with _rig(tmp_path / "relay").running(program=mutant_node.PROGRAM) as running:
        for pid in (running.keeper.pid, os.getpid()):
            mapped = proc_text.mappings(Path(f"/proc/{pid}/smaps").read_text())
            spools = [one for one in mapped if one.name == live.SPOOL + proc_text.DELETED]
            assert [{"lo", "dd"} <= one.flags for one in spools] == [True]
    assert f"veladora: {Event.SWAP.value}\n" in capfd.readouterr().err


def test_what_errors_say_and_what_is_spooled_is_lost(
    tmp_path: Path, here: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same plants that leave something in a mutant leave nothing here."""
    for plant in (crash_mutants.fail_with_what_was_sent, crash_mutants.keep_the_body_in_a_file):
        monkeypatch.setenv(mutant_node.VARIABLE, plant.__name__)
        rig = _rig(tmp_path / plant.__name__[:5])
        a_crash_leaves_nothing(
            rig, here, capfd, crashes=[partial(by_signal, signal.SIGSEGV)], program=mutant_node.PROGRAM
        )


def _caught(name: str, folder: Path, here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    crashes = [partial(by_signal, signal.SIGSEGV)]
    rig = _rig(folder / "relay")
    caught("T12", name, a_crash_leaves_nothing, rig, here, capfd, crashes=crashes, program=mutant_node.PROGRAM)
