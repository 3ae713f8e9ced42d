"""T12: a crash of the supervisor or of a tor leaves no core either, and all of it works for a user who is not root.

The whole relay, as `veladora run` starts it: supervisor, node and two tors, which reach no network. Root's tests start
it as nobody; then the kernel shows who may look into a process by whom its files in /proc belong to.
"""

import os
import resource
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from relay.examiner import live, proc_text
from relay.examiner.findings import Report
from relay.examiner.live import Process, Role
from tests.other_user import ENVIRONMENT, NOBODY, interpreter
from tests.privacy.mutants import caught
from tests.privacy.test_t12_a_crash_leaves_nothing import CORES_COME
from tests.rig import Rig, ask

pytestmark = [pytest.mark.slow, pytest.mark.tor]

HONEST: Final = "from relay.cli import main; main()"
# Planted: the supervisor keeps the limits and the openness that it was started with.
OPEN: Final = f"from relay import hygiene; hygiene.settle = lambda **_: True; {HONEST}"
# A private network whose authorities are not there: tor starts, and reaches nobody.
NOWHERE: Final = "[tor]\n" + "".join(
    f'[[tor.authority]]\nnickname = "a{n}"\nor_port = {n}\ndir_port = {n + 1}\n'
    f'v3_identity = "{"A" * 39}{n}"\nfingerprint = "{"B" * 39}{n}"\n'
    for n in (1, 3, 5)
)
# Nobody may lock so much on every machine; that of a node which may is proved beside (test_t12_a_crash_leaves_nothing).
ALLOWED: Final = {"PATH", "PYTHONPATH", "TMPDIR", "TEMP", "TMP", "LC_CTYPE"} | {
    "MALLOC_ARENA_MAX",
    "MALLOC_MMAP_THRESHOLD_",
    "MALLOC_TRIM_THRESHOLD_",
    "MALLOC_PERTURB_",
}
MAY_BE_SWAPPED: Final = "memory may be swapped: there is swap, and it is not locked"
SECRET: Final = "VELADORA_TEST_WORDS"


@pytest.fixture
def here() -> Iterator[Path]:
    """A folder that nobody can reach and write to; the working directory of the relay."""
    folder = Path(tempfile.mkdtemp(prefix="veladora-tests-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@contextmanager
def relay(here: Path, program: str) -> Iterator[tuple[Path, int]]:
    """The relay's door, and the process id of its supervisor."""
    rig = Rig(here / "relay", letters=64)
    settings = rig.write(more_settings=NOWHERE)
    (cwd := here / "cwd").mkdir()
    python, user = interpreter()
    for path in here.rglob("*") if user else ():
        os.chown(path, NOBODY, NOBODY)
    limits = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (limits[1], limits[1]))
    with (here / "said").open("wb") as said:
        process = subprocess.Popen(
            [python, "-c", program, "run", str(rig.folder)],
            cwd=cwd,
            env={**ENVIRONMENT, SECRET: "plain words"},
            stdin=subprocess.DEVNULL,
            stderr=said,
            **user,
        )
    resource.setrlimit(resource.RLIMIT_CORE, limits)
    try:
        yield settings.door_socket, process.pid
    finally:
        process.terminate()
        process.wait(60)


def roles(supervisor: int) -> dict[Role, list[Process]]:
    """The relay's processes by what they do."""
    found: dict[Role, list[Process]] = {role: [] for role in Role}
    for process in live.family(supervisor):
        found[process.role].append(process)
    return found


def a_crash_of_the_relay_leaves_nothing(here: Path, *, program: str) -> None:
    """The proof."""
    with relay(here, program) as (door, supervisor):
        wait_until(lambda: is_open(door) and len(roles(supervisor)[Role.TOR]) == 2, here)
        first = roles(supervisor)
        family = [process for processes in first.values() for process in processes]
        facts = {process: open_to(process) for process in family}
        told = set[str]()
        for process in () if os.geteuid() else (*first[Role.NODE], *first[Role.TOR]):
            told |= names((process.folder / "environ").read_bytes())
        os.kill(first[Role.NODE][0].pid, signal.SIGSEGV)
        wait_until(lambda: roles(supervisor)[Role.NODE] not in ([], first[Role.NODE]) and is_open(door), here)
        os.kill(first[Role.TOR][0].pid, signal.SIGSEGV)
        family = live.family(supervisor)
        os.kill(supervisor, signal.SIGSEGV)
        wait_until(lambda: not any(runs(process) for process in family), here)
    assert list((here / "cwd").iterdir()) == []
    assert {process.name: fact for process, fact in facts.items() if fact} == {}
    assert told <= ALLOWED
    said = (here / "said").read_text()
    assert "Traceback" not in said
    assert "Segmentation" not in said
    assert said.count("veladora: the node is up") == 2, said


def names(environment: bytes) -> set[str]:
    """The names of the variables of an environment."""
    return {one.partition(b"=")[0].decode() for one in environment.split(b"\0") if one}


def open_to(process: Process) -> list[str]:
    """What the examiner has against a process; the crash of a tor too would leave nothing, though it is not closed."""
    report = Report()
    live.hygiene(report, process)
    swapped = proc_text.status((process.folder / "status").read_text())["VmSwap"]
    found = [one.kind for one in report.findings if one.row == "T12" and one.kind != MAY_BE_SWAPPED]
    return found + ([] if swapped == "0 kB" else ["swap"])


def is_open(door: Path) -> bool:
    """Whether reporters would be answered."""
    try:
        return ask(door, "GET", "/directory").status == 200
    except OSError:
        return False


def runs(process: Process) -> bool:
    """Whether it has not ended."""
    try:
        return (process.folder / "stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until(reached: Callable[[], object], here: Path, seconds: float = 60.0) -> None:
    """Return when it is so."""
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, (here / "said").read_text()
        time.sleep(0.05)


def test_a_crash_of_supervisor_node_or_tor_leaves_nothing(here: Path) -> None:
    a_crash_of_the_relay_leaves_nothing(here, program=HONEST)


def test_a_supervisor_that_stays_open_is_caught(here: Path) -> None:
    caught("T12", "remove the supervisor's limits", a_crash_of_the_relay_leaves_nothing, here, program=OPEN)
    assert bool(list((here / "cwd").glob("core*"))) is CORES_COME
