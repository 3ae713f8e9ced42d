"""What a desk publishes, served on an onion of its own to whoever keeps copies: signed files from memory, and no more.

It is another onion than the one that takes bundles, with a tor and guards of its own: who reads alerts learns nothing
of the address where reports come in. It takes nothing from anybody.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

from aiohttp import web

from crypto.errors import CryptoError
from crypto.minisign import PublicKey
from forwarder.copies import read_copy
from forwarder.desk.config import Settings
from forwarder.errors import ForwarderError
from onion_service import answers
from onion_service.control import Tor, launch
from onion_service.errors import OnionServiceError
from onion_service.serving import Answer, Limits, serve_on

PATH: Final = "/alerts/"
INDEX: Final = "index.html"
LOOK_SECONDS: Final = 30.0
AGAIN_SECONDS: Final = 60.0
LIMITS: Final = Limits(idle=60.0, request=600.0, linger=2.0, connections=16)


class Shelf:
    """What `GET /alerts/<name>` answers."""

    def __init__(self, settings: Settings, key: PublicKey) -> None:
        self._settings: Final = settings
        self._key: Final = key
        self._answers: dict[str, Answer] = {}

    def refresh(self, *, now: int) -> None:
        """Take what is in the folder; what is expired or not ours is not served. `now` in seconds since 1970."""
        try:
            copy = read_copy(self._settings.alerts_folder, key=self._key)
            copy.signed.check_current(now=now, held=None)
        except (CryptoError, ForwarderError):
            self._answers = {}
            return
        self._answers = {name: answers.published(name, wire) for name, wire in copy.everything().items()}

    async def handle(self, request: web.BaseRequest) -> Answer:
        """One request: a published file by its name, or nothing."""
        path = request.raw_path
        if request.method != "GET" or not path.startswith(PATH):
            return answers.NOT_FOUND
        return self._answers.get(path.removeprefix(PATH) or INDEX, answers.NOT_FOUND)


async def serving(
    settings: Settings, shelf: Shelf, *, told: Callable[[str], None], failed: Callable[[str], None]
) -> None:
    """The shelf is on the desk's second onion until this is cancelled. `told` hears the address. When that tor does not
    start, or ends, `failed` hears it, nothing else ends, and it is tried again."""
    while True:
        try:
            async with _on_onion(settings, shelf) as tor:
                told(await _address(tor))
                while True:
                    await asyncio.sleep(LOOK_SECONDS)
                    await asyncio.to_thread(tor.bootstrap)
                    await asyncio.to_thread(tor.keep_guards)
        except (ForwarderError, OnionServiceError) as error:
            failed(str(error))
        # Whatever it is, reports go on coming in; its text may hold what is nobody's business.
        except Exception as error:  # noqa: BLE001
            failed(type(error).__name__)
        await asyncio.sleep(AGAIN_SECONDS)


@asynccontextmanager
async def served(settings: Settings, shelf: Shelf) -> AsyncIterator[str]:
    """The shelf is on the desk's second onion for as long as the block lasts; yields its address. Raises an
    OnionServiceError when tor cannot be used."""
    async with _on_onion(settings, shelf) as tor:
        yield await _address(tor)


async def _address(tor: Tor) -> str:
    return f"http://{await asyncio.to_thread(tor.onion_address)}{PATH}"


@asynccontextmanager
async def _on_onion(settings: Settings, shelf: Shelf) -> AsyncIterator[Tor]:
    tor_settings = settings.alerts_tor()
    tor_settings.target.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    async with serve_on(shelf.handle, tor_settings.target.path, limits=LIMITS, refusals=answers.REFUSALS):
        starting = asyncio.ensure_future(asyncio.to_thread(launch, tor_settings, program=settings.config.tor.program))
        try:
            tor = await asyncio.shield(starting)
        except asyncio.CancelledError:
            # We are stopped while it starts, so it is stopped too.
            with suppress(OnionServiceError):
                await asyncio.to_thread((await starting).stop)
            raise
        try:
            yield tor
        finally:
            await asyncio.to_thread(tor.stop)
