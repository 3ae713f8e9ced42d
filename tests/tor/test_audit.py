"""`veladora audit` with a tor of its own visits a relay over a real tor network, on other circuits each time."""

import hashlib
import time
from functools import partial
from pathlib import Path

import pytest

from onion_service.torrc import DialTor, UnixSocket
from tests.cli.typed import run
from tests.loopback_relay import World, road
from tests.tor.private_network import PrivateNetwork

pytestmark = [pytest.mark.tor, pytest.mark.slow]

VISITS = 12


def test_visits_over_many_circuits_get_the_same(
    private_network: PrivateNetwork, tmp_path: Path, memory_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = private_network.directory / "audit"
    folder.mkdir()
    onion = private_network.launch_onion("audit-onion", target=UnixSocket(folder / "door"))
    world = World(now=time.time, onion=str(onion.onion_address()), round_seconds=20)
    world.publish({"/": hashlib.sha256(world.page).hexdigest()})
    monkeypatch.setattr("onion_service.torrc.DialTor", partial(DialTor, private_net=private_network.net))
    monkeypatch.chdir(tmp_path)
    with road(world, folder):
        done = run("audit", str(world.card), "--times", str(VISITS), "--pace", "0")
    # The tor of the onion works in a folder of its own there; that of `audit` is gone.
    left = list(memory_folder.iterdir())
    private_network.end(onion)
    assert done.code == 0, done.err
    assert f"pages       {VISITS}, each as the root key signed it" in done.out
    assert f"directories {VISITS} in " in done.out
    assert "unanswered  none" in done.out
    assert list(tmp_path.iterdir()) == []
    assert len(left) == 1
    assert list(memory_folder.iterdir()) == []
