"""T12: a crash of the supervisor or of a tor leaves no core either, and all of it works for a user who is not root.

The whole relay, as `veladora run` starts it: supervisor, node and two tors, which reach no network. Where these tests run
as root they start it as nobody, if nobody may read this tree and a Python; then the kernel shows who may look into a process by whom its files in /proc belong to.
"""

import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from relay import config
from relay.examiner import live, proc_text
from relay.examiner.live import Process, Role
from tests.architecture_rules import ROOT
from tests.privacy.mutants import caught
from tests.privacy.test_t12_a_crash_leaves_nothing import CORES_COME
from tests.rig import Rig, ask

pytestmark = [pytest.mark.slow, pytest.mark.tor]

NOBODY: Final = 65_534
HONEST: Final = "from relay.cli import main; main()"
# Planted: the supervisor keeps the limits and the openness that it was started with.
OPEN: Final = f"from relay import hygiene; hygiene.settle = lambda **_: True; {HONEST}"
# A private network whose authorities are not there: tor starts, and reaches nobody.
NOWHERE: Final = "[tor]\n" + "".join(
    f'[[tor.authority]]\nnickname = "a{n}"\nor_port = {n}\ndir_port = {n + 1}\n'
    f'v3_identity = "{"A" * 39}{n}"\nfingerprint = "{"B" * 39}{n}"\n'
    for n in (1, 3, 5)
)
ENVIRONMENT: Final = {
    "PATH": os.environ["PATH"],
    "PYTHONPATH": os.pathsep.join([str(ROOT), *(path for path in sys.path if path.endswith("site-packages"))]),
}
SECRET: Final = "VELADORA_TEST_PASSPHRASE"


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
            **user,  # type: ignore[call-overload]
        )
    resource.setrlimit(resource.RLIMIT_CORE, limits)
    try:
        yield settings.door_socket, process.pid
    finally:
        process.terminate()
        process.wait(60)


@cache
def interpreter() -> tuple[str, dict[str, object]]:
    """A Python that nobody can start, with our packages, and how; ours as we are when there is none or we are not root."""
    nobody: dict[str, object] = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    for python in (sys.executable, "/usr/bin/python3") if os.geteuid() == 0 else ():
        with suppress(OSError):
            command = [python, "-c", "import relay.node"]
            if subprocess.run(command, env=ENVIRONMENT, capture_output=True, **nobody).returncode == 0:  # type: ignore[call-overload]
                return python, nobody
    return sys.executable, {}


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
        assert SECRET not in (first[Role.NODE][0].folder / "environ").read_text() if os.geteuid() == 0 else True
        os.kill(first[Role.NODE][0].pid, signal.SIGSEGV)
        wait_until(lambda: roles(supervisor)[Role.NODE] not in ([], first[Role.NODE]) and is_open(door), here)
        os.kill(first[Role.TOR][0].pid, signal.SIGSEGV)
        family = live.family(supervisor)
        os.kill(supervisor, signal.SIGSEGV)
        wait_until(lambda: not any(runs(process) for process in family), here)
    assert list((here / "cwd").iterdir()) == []
    assert {process.name: fact for process, fact in facts.items() if fact} == {}
    said = (here / "said").read_text()
    assert "Traceback" not in said
    assert "Segmentation" not in said
    assert said.count("veladora: the node is up") == 2, said


def open_to(process: Process) -> list[str]:
    """What of a process is open to a crash."""
    folder = process.folder
    found = [] if proc_text.core_limit((folder / "limits").read_text()) in ("0", "1") else ["a core of any size"]
    # tor would have to close itself, and does not (docs/limits.md).
    closed = process.role is Role.TOR or is_closed(process)
    found += [] if closed else ["other programs of its user may look into it"]
    swapped = proc_text.status((folder / "status").read_text())["VmSwap"]
    return found + ([] if swapped == "0 kB" else ["swap"])


def is_closed(process: Process) -> bool:
    """The kernel's word, as far as its owner is not root, whose processes all look closed."""
    return (process.folder / "environ").stat().st_uid == 0


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
