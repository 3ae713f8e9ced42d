"""N3: opening what strangers send harms nobody. What is opened is shut in: no network, no file, no home, and limits.

The attempts are planted inside the real child, in each way that this system offers.
"""

import inspect
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import psutil
import pytest

from forwarder.desk.errors import NotOpenedSafely
from forwarder.desk.findings import Outcome, Reason
from forwarder.desk.sandbox import LIMITS, Sandbox, Way
from tests.architecture_rules import ROOT
from tests.other_user import ENVIRONMENT, NOBODY, interpreter, unprivileged
from tests.privacy import opening_attempts
from tests.privacy.mutants import caught

pytestmark = pytest.mark.slow  # a child for each attempt

GIBIBYTE: Final = 1 << 30
# The walls and what is inside of them, without the walls or the filter that the mutants take away.
LAYERS: Final = ("only_files", "only_calls", "_become_a_stranger", "_limit")


# The desk of a user who is not root opens something; the numbers of other processes are that of the desk's own.
AS_A_USER: Final = """
import json, os, sys
from forwarder.desk.sandbox import Sandbox, Way
way, start, attempts = json.load(sys.stdin)
own = [one if " " in one else f"{one} {os.getpid()}" for one in attempts]
found = Sandbox(Way[way], seconds=20.0, start=start).attachment("\\n".join(own).encode(), media="text/plain")
print(found.data.decode())
"""


class WithoutWalls(Sandbox):
    """A mutant: bubblewrap with everything shared."""

    def _walls(self, *given: object) -> list[str]:
        return []


class WithNetwork(Sandbox):
    """A mutant: bubblewrap with the machine's network."""

    def _walls(self, *given: object) -> list[str]:
        return [word for word in super()._walls(*given) if word != "--unshare-net"]  # type: ignore[arg-type]


def start(*without: str) -> str:
    """The child's program, taken over, without these layers."""
    source = inspect.getsource(opening_attempts)
    return f"import sys; sys.path[:0] = sys.argv[2:]; WITHOUT = {without!r}\n{source}"


def taken_over(way: Way, *without: str, kind: type[Sandbox] = Sandbox, seconds: float = 20.0) -> Sandbox:
    return kind(way, seconds=seconds, start=start(*without))


def got_through(sandbox: Sandbox, attempts: list[str]) -> list[str]:
    """The attempts that were not refused."""
    found = sandbox.attachment("\n".join(attempts).encode(), media="text/plain")
    assert found.findings.outcome is Outcome.CLEANED, found.findings.reason
    said = found.data.decode().split("\n")
    assert {*said} <= {"done", "refused"}
    return [one for one, word in zip(attempts, said, strict=True) if word == "done"]


@pytest.fixture(params=list(Way), ids=lambda way: way.name.lower())
def way(request: pytest.FixtureRequest) -> Way:
    found: Way = request.param
    return found


@pytest.fixture
def listener() -> Iterator[int]:
    """A port of this machine that answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def attempts(tmp_path: Path, listener: int) -> list[str]:
    (tmp_path / "secret").write_text("x")
    return [
        f"connect {listener}",
        *(f"make_socket {family}" for family in ("AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK", "AF_PACKET")),
        *(f"read {path}" for path in ("/etc/passwd", "/etc/hostname", tmp_path / "secret", ROOT / "pyproject.toml")),
        *(
            f"look_into {path}"
            for path in ("/home", Path.home(), tmp_path, ROOT / "tests", "/proc/self/fd", "/sys/class/net")
        ),
        *(f"write {path}" for path in (tmp_path / "left", "/usr/left", ROOT / "forwarder" / "left", "/dev/shm/left")),
        f"end {os.getpid()}",
        f"trace {os.getpid()}",
        f"read /proc/{os.getpid()}/environ",
        "become_root",
        "new_user_namespace",
        f"allocate {2 * GIBIBYTE}",
        f"fill {GIBIBYTE}",
        "dump_core",
        "environment",
    ]


def proof_nothing_gets_out(sandbox: Sandbox, attempts: list[str]) -> None:
    assert got_through(sandbox, attempts) == []


def proof_no_way_to_the_network(sandbox: Sandbox, listener: int) -> None:
    assert got_through(sandbox, [f"connect {listener}"]) == []


def proof_no_crowd(sandbox: Sandbox) -> None:
    assert got_through(sandbox, ["fork 60"]) == []


def proof_ends_in_time(sandbox: Sandbox, attempt: str, *, seconds: float) -> None:
    began = time.monotonic()
    found = sandbox.attachment(attempt.encode(), media="text/plain")
    took = time.monotonic() - began
    assert (found.findings.outcome, found.data) == (Outcome.NOT_CLEANED, b"")
    assert found.findings.reason is Reason.LIMIT
    assert took < seconds


def within(seconds: float, holds: Callable[[], bool]) -> bool:
    """Whether it holds before so many seconds are over."""
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.02)
    return holds()


def has_begun(pid: int) -> bool:
    """Whether a taken-over child is at its attempt; one that may not be looked at is shut in already."""
    try:
        return bool(psutil.Process(pid).cwd() != "/")
    except psutil.AccessDenied:
        return True


def all_that_run() -> list[tuple[object, ...]]:
    """Number, parent, state, folder and words of every process."""
    asked = ("pid", "ppid", "status", "cwd", "cmdline")
    return [
        (*(one.info[name] for name in asked[:-1]), " ".join(word[:30] for word in one.info["cmdline"] or ()))
        for one in psutil.process_iter(asked)
    ]


def left_behind() -> list[int]:
    """Processes of ours whose program is a taken-over child."""
    return [
        process.info["pid"]
        for process in psutil.process_iter(["pid", "cmdline"])
        if any("def taken_over" in word for word in process.info["cmdline"] or ())
    ]


def test_n3_a_program_that_was_taken_over_gets_nothing_out(way: Way, attempts: list[str], tmp_path: Path) -> None:
    proof_nothing_gets_out(taken_over(way), attempts)
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]
    print(f"N3: {len(attempts)} attempts refused ({way.name.lower()})")


def test_n3_every_attempt_gets_through_where_there_are_no_walls(listener: int, tmp_path: Path) -> None:
    free = taken_over(Way.BUBBLEWRAP, *LAYERS, kind=WithoutWalls)
    tried = [f"connect {listener}", "read /etc/passwd", f"write {tmp_path / 'left'}", f"allocate {2 * GIBIBYTE}"]
    tried += ["make_socket AF_UNIX", f"look_into {ROOT / 'tests'}", f"end {os.getpid()}"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tempfile.tempdir", str(tmp_path))
        assert got_through(free, tried) == tried
    caught("N3", "no walls and no layers", proof_nothing_gets_out, free, tried)


def test_n3_the_network_is_shut_off_twice(listener: int) -> None:
    for found in (Way.BUBBLEWRAP, Way.NAMESPACES):
        proof_no_way_to_the_network(taken_over(found, "only_calls"), listener)
    proof_no_way_to_the_network(taken_over(Way.BUBBLEWRAP, kind=WithNetwork), listener)
    proof_no_way_to_the_network(taken_over(Way.FILTERS), listener)
    both = taken_over(Way.BUBBLEWRAP, "only_calls", kind=WithNetwork)
    caught("N3", "a sandbox with the machine's network", proof_no_way_to_the_network, both, listener)


def test_n3_files_are_shut_off_by_walls_and_by_landlock(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    tried = [f"read {tmp_path / 'secret'}", f"write {tmp_path / 'left'}", f"read {ROOT / 'pyproject.toml'}"]
    proof_nothing_gets_out(taken_over(Way.BUBBLEWRAP, "only_files"), tried)
    proof_nothing_gets_out(taken_over(Way.NAMESPACES), tried)
    tried.remove(f"write {tmp_path / 'left'}")
    mutant = taken_over(Way.NAMESPACES, "only_files", "_become_a_stranger")
    caught("N3", "the kernel's way without Landlock", proof_nothing_gets_out, mutant, tried)


def tried_by_a_user(way: Way, *without: str, folder: Path) -> list[str]:
    """What got through of all that changes a file of the desk's own user, or another process of theirs."""
    treasure = folder / "desk" / "inbox.db"
    treasure.parent.mkdir(mode=0o700)
    treasure.write_bytes(b"reports")
    treasure.chmod(0o600)
    python, nobody = interpreter()
    if nobody:
        for path in (folder, treasure.parent, treasure):
            os.chown(path, NOBODY, NOBODY)
    words = ("truncate", "empty", "write", "chmod", "chown", "utime", "setxattr", "read")
    attempts = [*(f"{word} {treasure}" for word in words), "limit", "signal_owner"]
    given = json.dumps([way.name, start(*without), attempts])
    done = subprocess.run(
        [python, "-c", AS_A_USER], input=given, capture_output=True, text=True, env=ENVIRONMENT, timeout=60, **nobody
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout.split()
    assert [*said] == [one for one in said if one in ("done", "refused")]
    assert len(said) == len(attempts)
    intact = treasure.read_bytes() == b"reports" and treasure.stat().st_mode & 0o777 == 0o600
    got = [one.split()[0] for one, word in zip(attempts, said, strict=True) if word == "done"]
    return [*got, *([] if intact else ["changed"])]


@pytest.fixture
def of_a_user() -> Iterator[Path]:
    """A folder that a user who is not root can have files in."""
    folder = Path(tempfile.mkdtemp(prefix="n3-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def proof_a_users_files_stay(way: Way, *without: str, folder: Path) -> None:
    assert tried_by_a_user(way, *without, folder=folder) == []


def test_n3_the_files_of_the_desks_own_user_stay_as_they_are(way: Way, of_a_user: Path) -> None:
    assert unprivileged()
    proof_a_users_files_stay(way, folder=of_a_user)
    if way is Way.FILTERS:
        (of_a_user / "mutant").mkdir()
        caught("N3", "Landlock alone", proof_a_users_files_stay, way, "only_calls", folder=of_a_user / "mutant")


def test_n3_mounts_that_can_only_be_read_keep_files_without_landlock_and_filter(of_a_user: Path) -> None:
    without = ("only_files", "only_calls")
    held = tried_by_a_user(Way.NAMESPACES, *without, folder=of_a_user)
    assert held == ["read"], "without Landlock it can be read, and nothing is changed"
    (of_a_user / "mutant").mkdir()
    free = tried_by_a_user(Way.FILTERS, *without, folder=of_a_user / "mutant")
    assert {"truncate", "empty", "write", "chmod", "chown", "utime", "read", "changed"} <= set(free)


def proof_ends_with_the_desk(way: Way, *without: str) -> None:
    given = json.dumps([way.name, start(*without), ["sleep 20"]])
    with subprocess.Popen([sys.executable, "-c", AS_A_USER], stdin=subprocess.PIPE, text=True) as desk:
        try:
            assert desk.stdin is not None
            desk.stdin.write(given)
            desk.stdin.close()
            begun = within(20, lambda: any(map(has_begun, left_behind())))
            assert begun, f"it has not begun; the desk: {desk.poll()}; there are: {all_that_run()}"
        finally:
            desk.kill()
    assert within(5, lambda: not left_behind())


def test_n3_what_opens_things_ends_when_the_desk_is_killed(way: Way) -> None:
    proof_ends_with_the_desk(way)
    if way is Way.FILTERS:
        caught("N3", "a child that outlives the desk", proof_ends_with_the_desk, way, "end_with_parent")
        for left in left_behind():
            os.kill(left, signal.SIGKILL)


@pytest.mark.parametrize("way", [Way.BUBBLEWRAP, Way.NAMESPACES], indirect=True)
def test_n3_a_crowd_of_processes_is_refused_and_none_is_left(way: Way) -> None:
    proof_no_crowd(taken_over(way))
    caught(
        "N3", "no limit on processes", proof_no_crowd, replace(taken_over(way), limits=replace(LIMITS, processes=900))
    )
    assert within(5, lambda: not left_behind())


def test_n3_what_never_ends_is_ended(way: Way) -> None:
    proof_ends_in_time(taken_over(way, seconds=1.5), "sleep 60", seconds=4.0)
    short = replace(taken_over(way), limits=replace(LIMITS, cpu_seconds=1))
    proof_ends_in_time(short, "spin", seconds=8.0)
    if way is Way.BUBBLEWRAP:
        caught("N3", "no limit on time", proof_ends_in_time, taken_over(way, seconds=5.0), "sleep 60", seconds=4.0)
    assert left_behind() == []


@pytest.mark.parametrize("attempt", ["flood", "lie"])
def test_n3_an_answer_that_lies_is_dropped(way: Way, attempt: str) -> None:
    proof_ends_in_time(taken_over(way), attempt, seconds=10.0)


def test_n3_a_child_that_does_not_say_it_is_shut_in_is_told_nothing() -> None:
    silent = Sandbox(Way.BUBBLEWRAP, start="import sys; sys.stdin.buffer.read()", seconds=2.0)
    with pytest.raises(NotOpenedSafely):
        silent.texts(["secret"])
    for layer in ("only_files", "only_calls"):
        honest = start().replace(
            "setattr(confinement, layer, nothing)", "setattr(confinement, layer, lambda *a, **k: False)"
        )
        weak = Sandbox(Way.FILTERS, start=honest.replace("WITHOUT = ()", f"WITHOUT = ({layer!r},)"))
        with pytest.raises(NotOpenedSafely, match="a layer does not hold"):
            weak.texts(["secret"])
