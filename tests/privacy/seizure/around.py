"""What a relay with Tor needs around it: a private Tor network, a partner who takes bundles, reporters with a Tor."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from aiohttp import web

from onion_service import serving
from onion_service.torrc import UnixSocket
from tests.privacy.seizure.running import Tor
from tests.privacy.seizure.staging import Surroundings
from tests.tor.private_network import PrivateNetwork

_TAKEN: Final = serving.Answer(204, "No Content")


@contextmanager
def private_tor(say: Callable[[str], None]) -> Iterator[Tor]:
    """All of it, for as long as the block lasts."""
    with PrivateNetwork(progress=say) as network:
        door = network.directory / "partner"
        with _taking_everything(door):
            partner = network.launch_onion("partner-tor", target=UnixSocket(door))
            _, socks = network.launch_dial("reporters-tor")
            endpoint = f"http://{partner.onion_address()}/"
            yield Tor(Surroundings(network.net, endpoint), socks)


@contextmanager
def _taking_everything(door: Path) -> Iterator[None]:
    """A partner's endpoint that takes whatever it is sent; what a partner does with it is another matter."""
    loop = asyncio.new_event_loop()
    ready, over = threading.Event(), asyncio.Event()

    async def take(request: web.BaseRequest) -> serving.Answer:
        while await request.content.readany():
            pass
        return _TAKEN

    async def serve() -> None:
        async with serving.serve_on(take, door):
            ready.set()
            await over.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), name="partner")
    thread.start()
    try:
        ready.wait()
        yield
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()
