"""A signed copy of what is published, served on an onion that has no other use: from memory, and nothing else
(docs/spec/alerts.md, "On an onion of its own").

A desk serves so what it publishes to whoever keeps copies, a mirror the copy that it keeps to readers. The tor has
guards of its own: who reads alerts learns nothing of the address where a desk's reports come in. It takes nothing from
anybody.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from aiohttp import web

from crypto.errors import CryptoError
from crypto.minisign import PublicKey
from forwarder.copies import current_version, read_copy
from forwarder.errors import ForwarderError
from onion_service import answers
from onion_service.control import Tor, launch
from onion_service.errors import OnionServiceError
from onion_service.serving import Answer, Limits, serve_on
from onion_service.torrc import OnionTor

PATH: Final = "/alerts/"
INDEX: Final = "index.html"
LOOK_SECONDS: Final = 30.0
AGAIN_SECONDS: Final = 60.0
# Whoever keeps copies comes about once an hour; readers come many at a time.
FOR_MIRRORS: Final = Limits(idle=60.0, request=600.0, linger=2.0, connections=16)
FOR_READERS: Final = replace(FOR_MIRRORS, connections=128)


class Shelf:
    """What `GET /alerts/<name>` answers."""

    def __init__(self, folder: Path, key: PublicKey, *, now: Callable[[], float]) -> None:
        """`folder` is one of `forwarder.copies`; `now` gives seconds since 1970."""
        self._folder: Final = folder
        self._key: Final = key
        self._now: Final = now
        # Until when, and what; in one piece, since it is taken in another thread than the one that answers.
        self._held: tuple[int, dict[str, Answer]] = (0, {})
        self._version = ""

    def refresh_if_newer(self) -> None:
        """Take what another program has put into the folder since it was last looked at."""
        if current_version(self._folder) != self._version:
            self.refresh()

    def refresh(self) -> None:
        """Take what is in the folder; what is expired or not signed by the key is not served."""
        self._version = current_version(self._folder)
        try:
            copy = read_copy(self._folder, key=self._key)
            copy.signed.check_current(now=int(self._now()), held=None)
        except (CryptoError, ForwarderError):
            self._held = (0, {})
            return
        files = {name: answers.published(name, wire) for name, wire in copy.everything().items()}
        self._held = (copy.signed.manifest.valid_until, files)

    async def handle(self, request: web.BaseRequest) -> Answer:
        """One request: a published file by its name, or nothing, as for each of them once the list's time is over."""
        path = request.raw_path
        if request.method != "GET" or not path.startswith(PATH):
            return answers.NOT_FOUND
        until, files = self._held
        if self._now() >= until:
            return answers.NOT_FOUND
        return files.get(path.removeprefix(PATH) or INDEX, answers.NOT_FOUND)


async def serving(
    shelf: Shelf,
    settings: OnionTor,
    *,
    limits: Limits,
    program: str = "tor",
    told: Callable[[str], None],
    failed: Callable[[str], None],
) -> None:
    """The shelf is on an onion of its own until this is cancelled, and what any program puts into its folder is on it
    within LOOK_SECONDS. `told` hears the address. When that tor does not start, or ends, `failed` hears it, nothing
    else ends, and it is tried again."""
    while True:
        try:
            async with _on_onion(shelf, settings, limits, program) as tor:
                told(await _address(tor))
                while True:
                    await asyncio.sleep(LOOK_SECONDS)
                    await asyncio.to_thread(tor.bootstrap)
                    await asyncio.to_thread(tor.keep_guards)
                    await asyncio.to_thread(shelf.refresh_if_newer)
        except (ForwarderError, OnionServiceError) as error:
            failed(str(error))
        # Whatever it is, what else runs goes on; its text may hold what is nobody's business.
        except Exception as error:  # noqa: BLE001
            failed(type(error).__name__)
        await asyncio.sleep(AGAIN_SECONDS)


async def _address(tor: Tor) -> str:
    return f"http://{await asyncio.to_thread(tor.onion_address)}{PATH}"


@asynccontextmanager
async def _on_onion(shelf: Shelf, settings: OnionTor, limits: Limits, program: str) -> AsyncIterator[Tor]:
    settings.target.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    async with serve_on(shelf.handle, settings.target.path, limits=limits, refusals=answers.REFUSALS):
        starting = asyncio.ensure_future(asyncio.to_thread(launch, settings, program=program))
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
