"""Real tor processes without a network: what goes wrong is said in time, and none outlives us."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from onion_service import memory
from onion_service.control import Bootstrap, attach, launch
from onion_service.errors import (
    OnionNotPublished,
    TorError,
    TorInUse,
    TorMissing,
    TorNotBootstrapped,
    TorStopped,
    TorTooOld,
    TorUnreachable,
    TorWithoutPow,
)
from onion_service.torrc import Authority, DialTor, LoopbackPort, OnionTor, PrivateNet, UnixSocket

pytestmark = [pytest.mark.tor, pytest.mark.slow]

# An authority that nobody plays: a tor bound to it has no network at all.
NOWHERE = PrivateNet((Authority("nobody", 1, 2, "A" * 40, "B" * 40),))


@pytest.fixture
def short_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory whose name has a space, a quote and an accent."""
    path = tmp_path_factory.mktemp('to r"ñ')
    path.chmod(0o700)
    return path


def dial_tor(at: Path) -> DialTor:
    return DialTor(at / "dial", UnixSocket(at / "dial" / "socks"), UnixSocket(at / "dial" / "c"), private_net=NOWHERE)


def onion_tor(at: Path) -> OnionTor:
    onion, control = at / "onion", UnixSocket(at / "onion" / "c")
    return OnionTor(onion, onion / "service", UnixSocket(at / "door"), control, private_net=NOWHERE)


def program(at: Path, version: str, pow_module: str) -> str:
    cases = f"--version) echo 'Tor version {version}.';; *) echo 'pow: {pow_module}';;"
    at.write_text(f"#!/bin/sh\ncase $1 in {cases} esac\n")
    at.chmod(0o700)
    return str(at)


def gone(pid: int, *, within: float) -> bool:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


def test_without_a_network_the_deadline_is_kept_and_the_step_is_told(short_path: Path) -> None:
    steps: list[Bootstrap] = []
    with launch(dial_tor(short_path)) as tor:
        began = time.monotonic()
        with pytest.raises(TorNotBootstrapped) as caught:
            tor.wait_bootstrapped(seconds=2, progress=steps.append)
        assert time.monotonic() - began < 3
        assert not tor.health().circuits
    assert caught.value.progress == steps[-1].percent < 100
    assert (caught.value.tag, caught.value.summary) == (steps[-1].tag, steps[-1].summary)
    assert "internet" in caught.value.hint


def test_an_onion_has_its_address_before_it_is_published(short_path: Path) -> None:
    with launch(onion_tor(short_path)) as tor:
        address = tor.onion_address()
        assert (short_path / "onion" / "service" / "hostname").read_text().strip() == str(address)
        with pytest.raises(OnionNotPublished, match=str(address)):
            tor.wait_published(seconds=0.5)
        assert tor.ask("net/listeners/socks") == ""
        assert "HiddenServicePoWDefensesEnabled 1" in tor.ask("config-text")
        assert "OnionTrafficOnly" not in tor.ask("config-text")


@pytest.mark.skipif(not memory.may_lock(), reason="this user may not lock memory")
def test_a_tor_that_may_locks_all_its_memory(short_path: Path) -> None:
    with launch(replace(onion_tor(short_path), lock_memory=True)) as tor:
        locked = re.search(r"^VmLck:\s+(\d+) kB", Path(f"/proc/{tor.pid}/status").read_text(), re.MULTILINE)
        assert locked is not None
        assert int(locked[1]) > 0


def test_the_dialling_tor_leads_to_nothing_but_onions(short_path: Path) -> None:
    settings = dial_tor(short_path)
    assert isinstance(settings.socks, UnixSocket)
    with launch(settings), socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(5)
        caller.connect(str(settings.socks.path))
        caller.sendall(b"\x05\x01\x02")
        assert caller.recv(2) == b"\x05\x02"
        caller.sendall(b"\x01\x01a\x01b")
        assert caller.recv(2) == b"\x01\x00"
        caller.sendall(b"\x05\x01\x00\x03\x0bexample.org\x00\x50")
        # RFC 1928: "connection not allowed by ruleset", at once, and not for want of a network.
        assert caller.recv(2) == b"\x05\x02"


def test_a_stopped_tor_is_gone_and_says_so(short_path: Path) -> None:
    tor = launch(dial_tor(short_path))
    assert tor.pid is not None
    assert tor.health().alive
    tor.stop()
    tor.stop()
    assert not psutil.pid_exists(tor.pid)
    assert not tor.health().alive
    with pytest.raises(TorStopped):
        tor.wait_bootstrapped(seconds=5)


def test_a_tor_that_dies_is_noticed_while_we_wait(short_path: Path) -> None:
    with launch(dial_tor(short_path)) as tor:
        assert tor.pid is not None
        threading.Timer(0.5, os.kill, (tor.pid, signal.SIGKILL)).start()
        with pytest.raises(TorStopped) as caught:
            tor.wait_bootstrapped(seconds=20)
    assert caught.value.code == -signal.SIGKILL


def test_everything_of_a_tor_of_ours_is_private(short_path: Path) -> None:
    settings = dial_tor(short_path)
    with launch(settings):
        assert settings.data_directory.stat().st_mode & 0o777 == 0o700
        for address in (settings.control, settings.socks):
            assert isinstance(address, UnixSocket)
            assert address.path.stat().st_mode & 0o077 == 0


def test_a_data_directory_in_use_is_said_and_nothing_of_it_is_touched(short_path: Path) -> None:
    with launch(dial_tor(short_path)) as tor:
        working = Path(tor.ask("config-file")).parent
        before = {path: path.lstat().st_ino for path in working.rglob("*")}
        again = replace(dial_tor(short_path), control=UnixSocket(short_path / "dial" / "other"))
        with pytest.raises(TorInUse, match="the data directory is in use") as caught:
            launch(again)
        assert {path: path.lstat().st_ino for path in working.rglob("*")} == before
    assert "stop the other program" in caught.value.hint


def test_a_tor_of_ours_works_in_memory_and_leaves_nothing_there(short_path: Path) -> None:
    with launch(onion_tor(short_path)) as tor:
        working = Path(tor.ask("config-file")).parent
        assert (working / "lock").exists()
        assert memory.place() in working.parents
        assert working.stat().st_mode & 0o777 == 0o700
        tor.onion_address()
        # The sockets are where they were asked for; the key of the onion is what a disk must keep.
        there = {path.name for path in (short_path / "onion").iterdir()}
        assert there == {"c", "service"}
    assert not working.exists()


def test_we_attach_to_a_running_tor_and_leave_it_running(short_path: Path) -> None:
    settings = onion_tor(short_path)
    with launch(settings) as tor:
        with attach(settings.control, service_directory=settings.service_directory) as attached:
            assert attached.pid is None
            assert attached.onion_address() == tor.onion_address()
            assert attached.health().alive
        assert not attached.health().alive
        assert tor.health().alive


def test_a_service_directory_is_needed_for_an_address(short_path: Path) -> None:
    with launch(dial_tor(short_path)) as tor, pytest.raises(TorError, match="no onion service"):
        tor.onion_address()


def test_nobody_at_the_control_socket_is_said(short_path: Path) -> None:
    for control in (UnixSocket(short_path / "none"), LoopbackPort(1)):
        with pytest.raises(TorUnreachable) as caught:
            attach(control)
        assert str(control) in str(caught.value)
        assert "start tor" in caught.value.hint


def test_a_tor_that_cannot_serve_us_is_not_started(short_path: Path) -> None:
    settings = dial_tor(short_path)
    with pytest.raises(TorMissing):
        launch(settings, program=str(short_path / "none"))
    with pytest.raises(TorTooOld):
        launch(settings, program=program(short_path / "old", "0.4.7.16", "yes"))
    with pytest.raises(TorWithoutPow):
        launch(settings, program=program(short_path / "weak", "0.4.9.11", "no"))
    assert not settings.data_directory.exists()


def test_no_tor_outlives_a_program_that_was_killed(short_path: Path) -> None:
    script = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from onion_service.control import launch\n"
        "from tests.tor.test_control import dial_tor\n"
        "tor = launch(dial_tor(Path(sys.argv[1])))\n"
        "print(tor.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(short_path)], stdout=subprocess.PIPE) as victim:
        assert victim.stdout is not None
        pid = int(victim.stdout.readline())
        assert psutil.pid_exists(pid)
        victim.kill()
        assert gone(pid, within=5)
    # What it left in memory is taken over, and goes with the next one.
    with launch(dial_tor(short_path)) as tor:
        working = Path(tor.ask("config-file")).parent
    assert not working.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_private_network_leaves_no_process(number: signal.Signals) -> None:
    # Sockets have short paths.
    tmp_path = Path(tempfile.mkdtemp(prefix="v-"))
    command = [sys.executable, "-m", "tests.tor.private_network"]
    where = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=where) as running:
        assert running.stdout is not None
        for line in running.stdout:
            if line.startswith("the authorities agree"):
                break
        tors = [child.pid for child in psutil.Process(running.pid).children(recursive=True)]
        assert len(tors) == 6
        running.send_signal(number)
        running.stdout.read()
    assert all(gone(pid, within=5) for pid in tors)
    # Nothing of ours runs after a SIGKILL, so only then the directory stays.
    assert len(list(tmp_path.iterdir())) == (number == signal.SIGKILL)
    shutil.rmtree(tmp_path)
