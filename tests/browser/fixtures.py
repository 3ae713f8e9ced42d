"""A relay that a browser can open: behind a gate, at a real onion of the private Tor network or, quicker, without one.

A test file imports the fixtures that it asks for, but for `browser_onion`, which is one for all and found by its name.
Both kinds of relay give the same `Reachable`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from onion_service.torrc import UnixSocket
from tests.browser.gate import Gate, gate_before
from tests.browser.proxy import Proxy, proxying
from tests.rig import ONION, Rig, Running
from tests.tor.private_network import PrivateNetwork

_NOWHERE: Final = Path("/nonexistent/door")


@dataclass(frozen=True, slots=True)
class Onion:
    """A published onion service that ends at a gate, and a client's tor that can reach it."""

    address: str
    gate: Gate
    socks: UnixSocket


@dataclass(frozen=True, slots=True)
class Reachable:
    """A node that runs, the gate before its door, and the proxy through which a browser reaches it."""

    running: Running
    gate: Gate
    proxy: Proxy

    @property
    def rig(self) -> Rig:
        """The relay's keys, its partners' keys and its folder."""
        return self.running.rig

    @property
    def url(self) -> str:
        """The page."""
        return f"http://{self.rig.onion}/"


@contextmanager
def relay_behind(onion: Onion, rig: Rig, folder: Path, *, program: str = "relay.node") -> Iterator[Reachable]:
    """A relay of its own behind an onion that is published already; `rig` must have the onion's address."""
    with rig.running(program=program) as running, proxying(folder, tor=onion.socks) as proxy:
        onion.gate.let_through()
        onion.gate.forget()
        onion.gate.lead_to(running.socket)
        yield Reachable(running, onion.gate, proxy)


@contextmanager
def relay_nearby(rig: Rig, folder: Path, *, program: str = "relay.node") -> Iterator[Reachable]:
    """A relay that a browser reaches under its onion address, but with no tor between the proxy and the gate."""
    at = folder / "gate"
    with (
        rig.running(program=program) as running,
        gate_before(running.socket, at=at) as gate,
        proxying(folder) as proxy,
    ):
        proxy.lead(rig.onion, at)
        yield Reachable(running, gate, proxy)


@pytest.fixture(scope="session")
def browser_onion(private_network: PrivateNetwork) -> Iterator[Onion]:
    """One onion and one client's tor for all tests; each test puts a relay of its own behind it."""
    at = private_network.directory / "gate"
    with gate_before(_NOWHERE, at=at) as gate:
        tor = private_network.launch_onion("browser-onion", target=UnixSocket(at))
        client, socks = private_network.launch_dial("browser")
        assert isinstance(socks, UnixSocket)
        try:
            yield Onion(str(tor.onion_address()), gate, socks)
        finally:
            private_network.end(client)
            private_network.end(tor)


@pytest.fixture
def onion_relay(browser_onion: Onion, tmp_path: Path) -> Iterator[Reachable]:
    """A fresh relay at a real onion."""
    rig = Rig(tmp_path / "relay", onion=browser_onion.address)
    with relay_behind(browser_onion, rig, tmp_path) as relay:
        yield relay


@pytest.fixture
def near_relay(tmp_path: Path) -> Iterator[Reachable]:
    """A fresh relay, reached without tor."""
    with relay_nearby(Rig(tmp_path / "relay", onion=ONION), tmp_path) as relay:
        yield relay
