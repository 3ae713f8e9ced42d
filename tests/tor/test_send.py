"""`veladora send` with a tor of its own brings a report through a real tor network, and leaves nothing behind."""

import time
from functools import partial
from pathlib import Path

import pytest

from onion_service.torrc import DialTor, UnixSocket
from tests.cli.typed import run
from tests.loopback_relay import World, road
from tests.tor.private_network import PrivateNetwork

pytestmark = [pytest.mark.tor, pytest.mark.slow]

TEXT = "Vi que se llevaron a dos personas."


def test_a_report_and_its_attachment_leave_through_a_tor_of_our_own(
    private_network: PrivateNetwork, tmp_path: Path, memory_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = private_network.directory / "send"
    folder.mkdir()
    onion = private_network.launch_onion("send-onion", target=UnixSocket(folder / "door"))
    world = World(now=time.time, onion=str(onion.onion_address()), round_seconds=20)
    monkeypatch.setattr("onion_service.torrc.DialTor", partial(DialTor, private_net=private_network.net))
    notes = folder / "notas.txt"
    notes.write_text("placas ABC-123")
    monkeypatch.chdir(tmp_path)
    with road(world, folder):
        done = run("send", str(world.card), "-", "--to", "norte", "--attach", notes, "--wait", text=TEXT)
    # The tor of the onion works in a folder of its own there; that of `send` is gone.
    left = list(memory_folder.iterdir())
    private_network.end(onion)
    assert done.code == 0, done.err
    assert [report.text for report in world.reports(world.norte)] == [TEXT]
    assert b"placas ABC-123" in world.opened(world.norte)
    assert done.out.splitlines()[1].startswith("left in round ")
    assert list(tmp_path.iterdir()) == []
    assert len(left) == 1
    assert list(memory_folder.iterdir()) == []
