"""A clean running relay passes every row that can be looked at; what is planted in a running program is found."""

import hashlib
import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from crypto.cells import CellClass
from relay.examiner.examining import Question, examine
from relay.examiner.findings import Outcome, exit_code
from relay.examiner.given import Arrival, Given
from relay.examiner.live import Role, family
from tests.rig import Rig
from tests.unit.relay.examiner.given_relay import failing, kinds, row, send

pytestmark = pytest.mark.slow

ROUND = 20
NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root may look into a node (T12)")


@NEEDS_ROOT
def test_a_clean_running_relay_passes(tmp_path: Path) -> None:
    with Rig(tmp_path / "relay", round_seconds=ROUND).running() as running:
        assert running.keeper.pid is not None
        while not 1 < time.time() % ROUND < ROUND - 10:
            time.sleep(0.1)
        began = time.time()
        sent = send(running, 60)
        given = Given(markers=(b"what somebody wrote",), arrivals=tuple(arrival for arrival, _ in sent))
        rows = examine(
            Question(
                paths=(str(tmp_path),),
                pids=(running.keeper.pid,),
                given=given,
                span=(began, time.time()),
                round_seconds=ROUND,
                round_now=running.announced()[0].round_number,
            )
        )
    assert failing(rows) == set(), [found for one in rows for found in one.findings]
    assert {one.id for one in rows if one.outcome is Outcome.PASS} >= {"T1", "T2", "T3", "T4", "T8", "T12"}
    assert exit_code(rows) == 0
    assert row(rows, "T3").figures["cells in the spool"] == 60


@NEEDS_ROOT
def test_a_cell_of_the_open_round_that_lies_on_the_disk_is_found(tmp_path: Path) -> None:
    """The examiner needs nothing but the running relay to know what must not lie there."""
    with Rig(tmp_path / "relay", round_seconds=ROUND).running() as running:
        assert running.keeper.pid is not None
        while not 1 < time.time() % ROUND < ROUND - 10:
            time.sleep(0.1)
        _, cell = send(running, 1)[0]
        (tmp_path / "relay" / "x").write_bytes(cell)
        rows = examine(Question(paths=(str(tmp_path),), pids=(running.keeper.pid,), round_seconds=ROUND))
        assert failing(rows) == {"T1"}
        assert kinds(rows) == {"cell of an open round"}
        later = examine(Question(pids=(running.keeper.pid,), round_now=running.announced()[0].round_number + 2))
        assert failing(later) == {"T4"}


def test_an_envelope_of_a_past_round_in_memory_is_found_and_one_of_this_round_is_not() -> None:
    text = "import random; kept = random.Random(7).randbytes(32768)"
    envelope = random.Random(7).randbytes(32_768)
    with program(text) as pid:
        assert looked_at(pid, Given(past_envelopes=(envelope,))) == {("T4", "envelope of a past round")}
        assert looked_at(pid, Given(envelopes=(envelope,))) == set()


def test_envelopes_in_the_order_of_arrival_are_found() -> None:
    text = "import random; r = random.Random(7); kept = [r.randbytes(32768) for _ in range(20)]"
    chance = random.Random(7)
    envelopes = tuple(chance.randbytes(32_768) for _ in range(20))
    arrivals = tuple(
        Arrival(1_000.0 + at, envelope_hash=hashlib.sha256(one).digest()) for at, one in enumerate(envelopes)
    )
    with program(text) as pid:
        found = looked_at(pid, Given(envelopes=envelopes, arrivals=arrivals))
    assert found == {("T3", "addresses in the order of arrival")}


@contextmanager
def program(text: str, *, environment: dict[str, str] | None = None, core: bool = False) -> Iterator[int]:
    """A program that says when it is ready, then waits to be ended."""

    limit = "" if core else "import resource; resource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n"
    command = [sys.executable, "-c", f"{limit}{text}\nprint('ready', flush=True)\nimport sys; sys.stdin.read()"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    plain = {"PATH": os.environ["PATH"], **(environment or {})}
    with subprocess.Popen(command, env=plain, **pipes) as process:  # type: ignore[call-overload]
        try:
            assert process.stdout.readline() == b"ready\n"
            yield process.pid
        finally:
            process.kill()


def looked_at(pid: int, given: Given | None = None) -> set[tuple[str, str]]:
    rows = examine(Question(pids=(pid,), given=given or Given()))
    return {(found.row, found.kind) for one in rows for found in one.findings}


def test_a_plain_program_is_clean() -> None:
    with program("") as pid:
        assert looked_at(pid) == set()


def test_core_files_that_are_not_forbidden_are_found() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    if hard == 0:
        pytest.skip("no program may leave a core here")
    text = "import resource; resource.setrlimit(resource.RLIMIT_CORE, (4096, 4096))"
    with program(text, core=True) as pid:
        assert looked_at(pid) == {("T12", "core files are not forbidden")}
    assert soft <= hard or hard == resource.RLIM_INFINITY


@pytest.mark.parametrize("name", ["PASSPHRASE", "RELAY_SECRET", "api_token"])
def test_a_secret_in_the_environment_is_found(name: str) -> None:
    with program("", environment={name: "uno dos tres"}) as pid:
        assert looked_at(pid) == {("T12", "variable of the environment that is named like a secret")}
    with program("", environment={name: "/run/credentials", "LANG": "C"}) as pid:
        assert looked_at(pid) == set()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("import tempfile; kept = tempfile.TemporaryFile()", "deleted file that is still open"),
        ("kept = open({path!r}, 'w')", "file open for writing"),
        ("import os; kept = os.memfd_create('queue')", "file in memory that is not the spool"),
        (
            "import mmap, tempfile; f = tempfile.TemporaryFile(); f.truncate(4096); kept = mmap.mmap(f.fileno(), 0)",
            "writable mapping of a deleted file",
        ),
    ],
)
def test_a_file_that_should_not_be_open_is_found(tmp_path: Path, text: str, kind: str) -> None:
    with program(text.format(path=str(tmp_path / "queue"))) as pid:
        assert ("T1", kind) in looked_at(pid)


def test_a_marker_and_a_past_key_in_memory_are_found() -> None:
    marker, seed = os.urandom(24), os.urandom(32)
    text = f"kept = [bytes.fromhex(part) for part in ({marker[:12].hex()!r}, {seed[:16].hex()!r})]\n"
    # Put together there, so that they do not stand whole in its own arguments.
    text += f"kept = [kept[0] + bytes.fromhex({marker[12:].hex()!r}), kept[1] + bytes.fromhex({seed[16:].hex()!r})]"
    with program(text) as pid:
        found = looked_at(pid, Given(markers=(marker,), past_keys=(seed,)))
    assert {("T1", "marker"), ("T4", "key of a past round")} <= found


def test_cells_in_a_list_lie_in_the_order_of_arrival(tmp_path: Path) -> None:
    """The leak that was measured: a list of bodies has them in order, one after the other."""
    import hashlib

    cells = [os.urandom(CellClass.LETTER.length_after(1)) for _ in range(40)]
    for number, cell in enumerate(cells):
        (tmp_path / f"{number:03}").write_bytes(cell)
    text = f"import pathlib; kept = [path.read_bytes() for path in sorted(pathlib.Path({str(tmp_path)!r}).iterdir())]"
    arrivals = tuple(Arrival(1e9 + place, hashlib.sha256(cell).digest()) for place, cell in enumerate(cells))
    given = Given(cells=tuple(cells), arrivals=arrivals)
    with program(text) as pid:
        rows = examine(Question(pids=(pid,), given=given))
    assert failing(rows) == {"T3"}


def test_times_of_arrival_in_memory_are_found() -> None:
    arrivals = tuple(Arrival(1_700_000_000 + 7.123 * place) for place in range(1, 21))
    text = "import struct; kept = b''.join(struct.pack('<d', 1700000000 + 7.123 * place) for place in range(1, 21))"
    with program(text) as pid:
        rows = examine(Question(pids=(pid,), given=Given(arrivals=arrivals)))
    assert failing(rows) == {"T2"}
    assert kinds(rows) == {"a time of arrival as floating-point seconds, little-endian"}


def test_a_child_is_examined_with_its_parent() -> None:
    text = "import subprocess, sys; kept = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])"
    with program(text) as pid:
        found = family(pid)
        assert found[0].pid == pid
        assert len(found) == 2
        os.kill(found[1].pid, 9)


@NEEDS_ROOT
def test_who_only_keeps_the_spool_off_the_swap_is_no_node(tmp_path: Path) -> None:
    with Rig(tmp_path / "relay").running() as running:
        assert running.keeper.pid is not None
        assert [one.role for one in family(running.keeper.pid)] == [Role.NODE]
        held = [line for line in Path("/proc/self/maps").read_text().splitlines() if "veladora-spool" in line]
        assert len(held) == 1
        assert family(os.getpid())[0].role is Role.SUPERVISOR


def test_a_process_that_is_not_there_is_said() -> None:
    rows = examine(Question(pids=(2**22 + 1,)))
    assert exit_code(rows) == 3
    assert {one.outcome for one in rows} == {Outcome.COULD_NOT_LOOK}
