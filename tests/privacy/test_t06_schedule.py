"""T6: a bundle is pushed at its fixed moment after an edge and at no other, also by a relay that was just killed.

The real node in a process of its own, and a partner's endpoint behind a SOCKS port. The node is killed when the
endpoint has a bundle and the relay has not noted it yet, so it has something to push as soon as it starts.
"""

import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Final

import pytest
from aiohttp import web

from onion_service.address import OnionAddress
from tests.loopback_relay import way
from tests.privacy import mutant_node
from tests.privacy.mutants import caught
from tests.rig import Rig, Running

KILLS: Final = 2
AFTER_EDGE: Final = 2
ENDPOINT: Final = str(OnionAddress.of_public_key(bytes(range(32))))
_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 0.01
# Clocks of two processes, and a beat that falls a little early.
_NEAR: Final = 0.1


class Endpoint:
    """A partner's, which remembers when a bundle began to come."""

    def __init__(self) -> None:
        self.came: list[tuple[float, str]] = []

    async def take(self, request: web.Request) -> web.Response:
        """Take anything."""
        self.came.append((time.time(), request.headers["webhook-id"]))
        await request.read()
        return web.Response(status=204)

    def wait(self, running: Running, *, since: int, name: str = "letters-") -> str:
        """The name of a bundle whose name begins so, once one has come after the first `since`."""
        deadline = time.monotonic() + _SECONDS
        while not (found := [one for _, one in self.came[since:] if one.startswith(name)]):
            assert time.monotonic() < deadline, "nothing was pushed"
            running.keeper.look()
            time.sleep(_LOOK_SECONDS)
        return found[0]


def bundles_come_at_their_moment_only(folder: Path, *, program: str = "relay.node") -> None:
    """The proof."""
    rig, endpoint, app = Rig(folder), Endpoint(), web.Application(client_max_size=2**24)
    settings = rig.write(
        more_settings=f'[[partner]]\nid = "partner-0"\nendpoint = "http://{ENDPOINT}/"\n'
        f"[delivery]\nafter_edge = {AFTER_EDGE}\n"
    )
    app.router.add_post("/", endpoint.take)
    with (
        tempfile.TemporaryDirectory() as short,
        way([ENDPOINT], Path(short) / "endpoint", Path(short) / "socks", app=app) as road,
        rig.running(settings, program=program, socks=str(road.socks)) as running,
    ):
        for _ in range(KILLS):
            had = endpoint.wait(running, since=len(endpoint.came))
            count = len(endpoint.came)
            running.kill()
            # What it had not noted comes again, or the kill showed nothing.
            endpoint.wait(running, since=count, name=had)
    pushed = [(divmod(moment, rig.round_seconds), name) for moment, name in endpoint.came]
    assert min(since for (_, since), _ in pushed) >= AFTER_EDGE - _NEAR
    assert max(Counter((number, name) for (number, _), name in pushed).values()) == 1


@pytest.mark.slow
def test_bundles_come_at_their_moment_only(tmp_path: Path) -> None:
    bundles_come_at_their_moment_only(tmp_path)


@pytest.mark.slow
def test_a_node_that_pushes_as_soon_as_it_starts_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = mutant_node.push_as_soon_as_it_starts.__name__
    monkeypatch.setenv(mutant_node.VARIABLE, name)
    program = mutant_node.__name__
    caught("T6", name.replace("_", " "), bundles_come_at_their_moment_only, tmp_path, program=program)
