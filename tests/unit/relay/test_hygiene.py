"""A process that has settled leaves no core, opens to nobody, has no place for temporary files, locks what it may."""

import json
import os
import resource
import subprocess
from typing import Any

import pytest

from relay import hygiene
from relay.hygiene import HygieneError, Pin
from tests.other_user import ENVIRONMENT, interpreter, unprivileged

pytestmark = pytest.mark.slow  # each settles in a process of its own

SETTLED = """
import ctypes, json, os, resource, tempfile
from pathlib import Path
from relay import hygiene
from relay.hygiene import Pin
own = Path("/proc/self")
before = int((own / "oom_score_adj").read_text())
said = {"locked": hygiene.settle(expendable=True)}
said["core"] = resource.getrlimit(resource.RLIMIT_CORE)
said["dumpable"] = ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)
said["more expendable"] = int((own / "oom_score_adj").read_text()) - before
said["umask"] = os.umask(0o077)
said["memlock"] = resource.getrlimit(resource.RLIMIT_MEMLOCK)
for make in (tempfile.mkdtemp, tempfile.mkstemp, tempfile.TemporaryFile, tempfile.SpooledTemporaryFile(1).rollover):
    try:
        make()
    except NotADirectoryError:
        said.setdefault("refused", []).append(1)
try:
    said["environ"] = open("/proc/self/environ").read() is None
except PermissionError:
    pass
def locked(length):
    fd = os.memfd_create("x")
    os.truncate(fd, length)
    pin = Pin(fd)
    held, status = pin.holds, (own / "status").read_text()
    pin.release()
    pin.release()
    return held, int(status.split("VmLck:")[1].split()[0])
said["pins"] = [locked(1 << 16), locked(1 << 24)]
buffer = bytearray(1 << 16)
said["lock"] = [hygiene.lock(memoryview(buffer)), hygiene.lock(memoryview(bytearray(1 << 24)))]
print(json.dumps(said))
"""


def settled(*command: str) -> dict[str, Any]:
    """What a process says of itself after it has settled, as nobody where that is possible."""
    python, user = interpreter()
    done = subprocess.run(
        [*command, python, "-c", SETTLED], env=ENVIRONMENT, capture_output=True, text=True, check=True, **user
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_settled_process_is_closed_and_has_no_place_for_files() -> None:
    said = settled()
    assert said["core"] in ([1, 1], [0, 0])
    assert said["dumpable"] == 0
    assert said["umask"] == 0o077
    assert said["refused"] == [1, 1, 1, 1]
    assert said["more expendable"] == hygiene.EXPENDABLE


@pytest.mark.skipif(not unprivileged(), reason="root locks whatever it likes, and nobody can start a Python here")
def test_with_a_limit_it_locks_what_fits_and_says_so() -> None:
    said = settled("prlimit", "--memlock=1048576:1048576")
    assert said["locked"] is False
    assert said["memlock"] == [1 << 20, 1 << 20]
    (small, small_kib), (large, _) = said["pins"]
    assert (small, large) == (True, False)
    assert small_kib == 64
    assert said["lock"] == [True, False]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs the right to lock without a limit")
def test_who_may_lock_everything_does() -> None:
    fd = os.memfd_create("x")
    os.truncate(fd, 1 << 24)
    pin = Pin(fd)
    os.close(fd)
    assert pin.holds
    pin.release()
    assert not pin.holds


def test_a_system_that_refuses_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hygiene, "_PR_SET_DUMPABLE", 1 << 20)
    with pytest.raises(HygieneError, match="prctl"):
        hygiene._close_memory()


def test_what_cannot_be_mapped_is_not_held() -> None:
    reading, writing = os.pipe()
    assert not Pin(reading).holds
    os.close(reading)
    os.close(writing)


def test_these_tests_did_not_settle_themselves() -> None:
    assert resource.getrlimit(resource.RLIMIT_CORE)[1] != 1
