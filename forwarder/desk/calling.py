"""The desk's one way out: a tor that dials, apart from the one that holds its endpoint (docs/adr/0001-two-tors.md).

It leads to onion services only. The key that opens the partners' onion to us is in that tor's memory and
nowhere else, and no longer than we need it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from forwarder.desk.config import SETTINGS_NAME, Settings
from forwarder.desk.errors import BadSettings
from onion_service.address import OnionAddress
from onion_service.client_auth import ClientKey
from onion_service.control import Tor, attach, launch
from onion_service.dial import Dialler
from onion_service.errors import OnionServiceError

BOOTSTRAP_SECONDS: Final = 300.0
LOOK_SECONDS: Final = 30.0


@asynccontextmanager
async def calling(settings: Settings, *, key: ClientKey) -> AsyncIterator[Dialler]:
    """A dialler through that tor, once it is in the network, for as long as the block lasts.

    `key`: what lets us in at the partners' onion, where there is one. Raises BadSettings when the settings name no tor
    that dials, or an OnionServiceError when it cannot be used.
    """
    socks = settings.socks
    if socks is None:
        raise BadSettings(settings.folder / SETTINGS_NAME, "[tor] has no socks, so the desk cannot call anybody")
    tor = await _launched(settings)
    try:
        await asyncio.to_thread(tor.wait_bootstrapped, seconds=BOOTSTRAP_SECONDS)
        if onion := settings.relay.partners_onion:
            await asyncio.to_thread(tor.let_in_by, OnionAddress(onion), key)
        looking = asyncio.create_task(_keep_guards(tor), name="guards of the tor that dials")
        try:
            yield Dialler(socks=socks)
        finally:
            looking.cancel()
    finally:
        await asyncio.to_thread(_leave, tor, settings)


async def _launched(settings: Settings) -> Tor:
    """The tor; when we are stopped while it starts, it is stopped too."""
    starting = asyncio.ensure_future(asyncio.to_thread(_tor, settings))
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        with suppress(OnionServiceError):
            await asyncio.to_thread((await starting).stop)
        raise


def _leave(tor: Tor, settings: Settings) -> None:
    """Tor is stopped; one that is not ours goes on without our key."""
    try:
        if settings.config.tor.mode == "attach" and settings.relay.partners_onion:
            with suppress(OnionServiceError):
                tor.forget_key(OnionAddress(settings.relay.partners_onion))
    finally:
        tor.stop()


async def _keep_guards(tor: Tor) -> None:
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        await asyncio.to_thread(tor.keep_guards)


def _tor(settings: Settings) -> Tor:
    if settings.config.tor.mode == "attach":
        return attach(settings.control)
    return launch(settings.dial_tor(), program=settings.config.tor.program)
