"""The supervisor keeps the memory, starts the node again, and takes the node with it when it goes."""

import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from crypto import letter
from crypto.cells import CellClass, cell_hash
from crypto.layers import wrap
from onion_service.client_auth import ClientKey
from onion_service.control import Tor, launch
from onion_service.errors import StrangeState, TorError
from relay import supervisor
from relay.journal import Event, Journal
from relay.start import StartError
from relay.supervisor import NodeKeeper, onion_tor
from tests.rig import NOBODY, Rig

pytestmark = pytest.mark.slow  # nodes start and end

AUTHORITY = """
[tor]
program = "{program}"
[[tor.authority]]
nickname = "one"
or_port = 5001
dir_port = 5002
v3_identity = "{v3}"
fingerprint = "{fingerprint}"
"""


def _wait(reached: Callable[[], object], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_killed_node_is_started_again_and_finds_its_cells_and_keys(tmp_path: Path) -> None:
    rig = Rig(tmp_path / "relay")
    cell = letter.top_up(CellClass.LETTER, relays=1)
    with rig.running() as running:
        announced = running.announced()[0]
        envelope = wrap(cell, route=[announced.key])
        assert running.post(envelope) == 202
        running.kill()
        running.wait_open()
        assert running.post(envelope) == 202
        assert cell_hash(cell) in running.wait_round(announced.round_number)
    journal = (rig.folder / "journal").read_text()
    assert journal == f"veladora: {Event.NODE_DIED.value}\n"


def test_stopping_ends_the_node_and_removes_its_door(tmp_path: Path) -> None:
    with Rig(tmp_path / "relay").running() as running:
        pid = running.keeper.pid
        assert pid is not None
    assert not _runs(pid)
    assert running.keeper.pid is None
    assert not running.socket.exists()


def test_when_the_supervisor_is_killed_the_node_ends(tmp_path: Path) -> None:
    rig = Rig(tmp_path / "relay")
    settings = rig.write()
    command = [sys.executable, "-m", "tests.unit.relay.keeper_program"]
    parent = subprocess.Popen(
        [*command, str(settings.path), str(settings.identity_file)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    with parent:
        assert parent.stdout is not None
        node = int(parent.stdout.readline())
        _wait((settings.state / "run" / "door.sock").exists)
        assert _runs(node)
        parent.kill()
    _wait(lambda: not _runs(node))


def test_a_node_that_cannot_start_is_no_loop(tmp_path: Path) -> None:
    rig = Rig(tmp_path / "relay")
    with rig.running() as running:
        (rig.folder / "directory.signed").unlink()
        pid = running.keeper.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(StartError, match="its last line says why"):
            _wait(running.keeper.look)
        assert running.keeper.pid is None
        running.keeper.look()


def test_a_keeper_does_not_begin_without_a_directory(tmp_path: Path) -> None:
    rig = Rig(tmp_path / "relay")
    settings = rig.write()
    settings.directory_file.unlink()
    with pytest.raises(StartError, match="veladora directory sign"):
        NodeKeeper(settings, rig.relay.signing, socks=NOBODY, journal=Journal())


def test_a_node_that_dies_at_once_is_given_more_and_more_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    rig = Rig(tmp_path / "relay")
    slept: list[float] = []
    monkeypatch.setattr(
        supervisor, "time", SimpleNamespace(sleep=slept.append, monotonic=time.monotonic, time=time.time)
    )
    journal = io.StringIO()
    settings = rig.write()
    with NodeKeeper(
        settings, rig.relay.signing, socks=NOBODY, journal=Journal(journal), program="tests.nobody"
    ) as keeper:
        keeper.start()
        while len(slept) < 9:
            keeper.look()
            os.sched_yield()
    assert slept == [0.0, 0.2, 0.5, 1.0, 2.0, 5.0, 5.0, 5.0, 5.0]
    assert journal.getvalue().count("\n") == 9
    assert "No module named" in capfd.readouterr().err


def test_a_missing_tor_ends_the_start_with_a_remedy_and_leaves_nothing_running(tmp_path: Path) -> None:
    rig = Rig(tmp_path / "relay")
    settings = rig.write(more_settings='[tor]\nprogram = "/nonexistent/tor"\n')
    journal = io.StringIO()
    with pytest.raises(TorError, match="/nonexistent/tor"):
        supervisor.supervise(
            settings,
            rig.relay.signing,
            journal=Journal(journal),
            stop=threading.Event(),
            progress=lambda *_: None,
            published=lambda *_: None,
        )
    assert journal.getvalue() == f"veladora: {Event.TOR_STARTING.value.format(detail='the tor that dials')}\n"
    assert oct(settings.state.stat().st_mode & 0o777) == "0o700"


def test_the_tor_that_holds_the_onion_leads_to_the_door_and_to_the_network_that_was_set(tmp_path: Path) -> None:
    rig = Rig(tmp_path / "relay")
    assert onion_tor(rig.write()).private_net is None
    settings = rig.write(more_settings=AUTHORITY.format(program="tor", v3="A" * 40, fingerprint="B" * 40))
    wanted = onion_tor(settings)
    assert str(wanted.target).endswith("state/run/door.sock")
    assert wanted.private_net is not None
    assert [authority.nickname for authority in wanted.private_net.authorities] == ["one"]


def test_the_partners_onion_is_there_when_somebody_has_a_key_for_it_and_for_them_alone(tmp_path: Path) -> None:
    rig = Rig(tmp_path / "relay")
    assert onion_tor(rig.write()).closed is None
    key = ClientKey(bytes(range(32))).public
    settings = rig.write(more_settings=f'[[partner]]\nid = "sur"\npull_key = "{key}"\n')
    closed = onion_tor(settings).closed
    assert closed is not None
    assert closed.clients == (("sur", key),)
    assert (closed.target.path, closed.service_directory) == (settings.partners_socket, settings.partners_onion)
    with launch(replace(onion_tor(settings), offline=True)):
        listed = settings.partners_onion / "authorized_clients" / "sur.auth"
        assert listed.read_text() == f"descriptor:x25519:{key}\n"


def test_guards_are_kept_at_an_edge_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[float] = []
    looks: list[float] = []

    class Keeper(supervisor.TorKeeper):
        def keep_guards(self) -> None:
            kept.append(time.time())

        def look(self) -> None:
            looks.append(time.time())

    def no_tor() -> Tor:
        raise AssertionError("nothing is opened here")

    # Looks come more often than edges, and must not keep anything.
    monkeypatch.setattr(supervisor, "_TOR_LOOK_SECONDS", 0.4)
    stop = threading.Event()
    watching = threading.Thread(
        target=supervisor._watch_tors, args=([Keeper("a tor", no_tor, journal=Journal(io.StringIO()))], stop, 4)
    )
    watching.start()
    time.sleep(8.5)
    stop.set()
    watching.join()
    assert {int(moment // 4) for moment in kept} >= {int(kept[0] // 4), int(kept[0] // 4) + 1}
    assert all(moment % 4 < 1.2 for moment in kept)
    assert any(moment % 4 > 1.5 for moment in looks)


def test_guards_that_cannot_be_kept_are_an_event_and_not_an_end() -> None:
    said = io.StringIO()

    class Broken:
        def keep_guards(self) -> None:
            raise StrangeState("not plain text")

    def no_tor() -> Tor:
        raise AssertionError("nothing is opened here")

    keeper = supervisor.TorKeeper("a tor", no_tor, journal=Journal(said))
    keeper.keep_guards()
    assert said.getvalue() == ""
    keeper.tor = cast("Tor", Broken())
    keeper.keep_guards()
    assert said.getvalue() == "veladora: unexpected: StrangeState\n"
