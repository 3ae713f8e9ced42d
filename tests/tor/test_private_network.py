"""The whole way over a real tor network: our server behind our onion, called by our dialler."""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web
from nacl.signing import SigningKey

from onion_service import dial, serving
from onion_service.address import OnionAddress
from onion_service.control import Tor, attach
from onion_service.dial import Dialler
from onion_service.errors import OnionUnreachable, TorUnreachable
from onion_service.torrc import SocksAddress, UnixSocket
from tests.tor.private_network import PrivateNetwork

pytestmark = [pytest.mark.tor, pytest.mark.slow]

SECONDS = 60.0
VOTES_SECONDS = 120.0  # six votes


@dataclass(frozen=True, slots=True)
class Road:
    """An onion that leads to `door`, and a tor to call it with."""

    door: Path
    onion: Tor
    address: OnionAddress
    caller: Tor
    socks: SocksAddress

    def walk(self, calls: Callable[[Dialler, str], Awaitable[list[dial.Answer]]]) -> list[dial.Answer]:
        """What `calls` brings back; behind the onion, a server answers with the hash of what it was sent."""

        async def body() -> list[dial.Answer]:
            async with serving.serve_on(hashing, self.door):
                return await calls(Dialler(socks=self.socks), f"http://{self.address}/cells")

        return asyncio.run(body())


async def hashing(request: web.BaseRequest) -> serving.Answer:
    digest = hashlib.sha256()
    while part := await request.content.readany():
        digest.update(part)
    return serving.Answer(202, "Accepted", body=digest.digest())


@pytest.fixture(scope="module")
def road(private_network: PrivateNetwork) -> Iterator[Road]:
    door = private_network.directory / "door"
    onion = private_network.launch_onion("onion", target=UnixSocket(door))
    dialling, socks = private_network.launch_dial("dial")
    yield Road(door, onion, onion.onion_address(), dialling, socks)
    private_network.end(onion)
    private_network.end(dialling)


def test_a_client_and_a_service_go_by_the_latest_votes(road: Road) -> None:
    """Else a client looks for a descriptor where the service has not put it, and the onion is lost for minutes."""
    seen: dict[Tor, set[str]] = {road.onion: set(), road.caller: set()}
    deadline = time.monotonic() + VOTES_SECONDS
    while min(map(len, seen.values())) < 3:
        assert time.monotonic() < deadline, seen
        time.sleep(1)
        for tor, votes in seen.items():
            votes.add(tor.ask("consensus/valid-after"))


def test_an_onion_of_ours_answers_a_call_of_ours(road: Road) -> None:
    cell = bytes(range(256)) * 128

    async def calls(dialler: Dialler, url: str) -> list[dial.Answer]:
        return [
            await dialler.get(url, limit=32, timeout=SECONDS),
            await dialler.post(url, cell, limit=32, timeout=SECONDS),
        ]

    began = time.monotonic()
    answers = road.walk(calls)
    print(f"two calls over six relays took {time.monotonic() - began:.1f} s")
    expected = [hashlib.sha256(sent).digest() for sent in (b"", cell)]
    assert answers == [dial.Answer(202, digest) for digest in expected]


def test_a_bundle_of_parcels_passes_whole(road: Road) -> None:
    bundle = bytes(16 * 1_048_576)

    async def calls(dialler: Dialler, url: str) -> list[dial.Answer]:
        return [await dialler.post(url, bundle, limit=32, timeout=SECONDS)]

    assert road.walk(calls) == [dial.Answer(202, hashlib.sha256(bundle).digest())]


def test_two_calls_use_circuits_of_their_own(road: Road) -> None:
    async def calls(dialler: Dialler, url: str) -> list[dial.Answer]:
        return [await dialler.get(url, limit=32, timeout=SECONDS) for _ in range(2)]

    before = _meetings(road)
    road.walk(calls)
    new = _meetings(road).items() - before.items()
    assert len(new) == 2
    assert len({login for _, login in new}) == 2


def test_the_onion_defends_itself_with_work_and_leads_nowhere_else(road: Road) -> None:
    text = road.onion.ask("config-text")
    for line in (
        "HiddenServicePoWDefensesEnabled 1",
        "HiddenServicePoWQueueRate 16",
        "HiddenServiceMaxStreams 16",
    ):
        assert line in text
    assert road.onion.ask("net/listeners/socks") == ""


def test_the_onion_s_health_is_known(road: Road) -> None:
    health = road.onion.health()
    assert health.alive
    assert health.circuits
    assert health.bootstrap.percent == 100
    assert health.published >= 1


def test_a_running_onion_can_be_attached_to(road: Road, private_network: PrivateNetwork) -> None:
    directory = private_network.directory / "onion"
    with attach(UnixSocket(directory / "control"), service_directory=directory / "service") as attached:
        assert attached.wait_published(seconds=5) == road.address
    assert road.onion.health().alive


def test_nothing_behind_the_onion_is_said(road: Road) -> None:
    with pytest.raises(OnionUnreachable):
        asyncio.run(Dialler(socks=road.socks).get(f"http://{road.address}/", limit=1, timeout=SECONDS))


def test_an_onion_nobody_serves_is_said(road: Road) -> None:
    nobody = OnionAddress.of_public_key(SigningKey.generate().verify_key.encode())
    with pytest.raises(OnionUnreachable):
        asyncio.run(Dialler(socks=road.socks).get(f"http://{nobody}/", limit=1, timeout=SECONDS))


def test_a_dead_socks_port_is_tor_s_absence(private_network: PrivateNetwork, road: Road) -> None:
    other, socks = private_network.launch_dial("short-lived")
    private_network.end(other)
    with pytest.raises(TorUnreachable, match="short-lived"):
        asyncio.run(Dialler(socks=socks).get(f"http://{road.address}/", limit=1, timeout=SECONDS))


def test_the_tors_of_ours_write_no_log_and_no_count(road: Road, private_network: PrivateNetwork) -> None:
    for name in ("onion", "dial"):
        files = [path for path in (private_network.directory / name).rglob("*") if path.is_file()]
        assert not [path for path in files if path.suffix == ".log"]


def _meetings(road: Road) -> dict[str, str]:
    """The dialling tor's rendezvous circuits with our onion: circuit id and the login that made it."""
    label = str(road.address).removesuffix(".onion")
    found = {}
    for line in road.caller.ask("circuit-status").splitlines():
        login = re.search(r'SOCKS_USERNAME="([0-9a-f]+)"', line)
        if "PURPOSE=HS_CLIENT_REND" in line and label in line and login is not None:
            found[line.split()[0]] = login[1]
    return found
