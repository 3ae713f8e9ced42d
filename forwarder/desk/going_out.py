"""What a running desk does on its own account: it comes for the rounds that it missed (catching_up.py).

That it cannot is told and ends nothing: a desk that is called by its relay goes on receiving.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

from forwarder.desk.calling import calling
from forwarder.desk.catching_up import CatchingUp, News
from forwarder.desk.own_keys import pull_key
from forwarder.errors import ForwarderError
from onion_service.errors import OnionServiceError
from onion_service.socks import Login

if TYPE_CHECKING:
    from forwarder.desk.program import Desk

AGAIN_SECONDS: Final = 30.0


@asynccontextmanager
async def going_out(
    desk: Desk, *, told: Callable[[News], None], failed: Callable[[str], None]
) -> AsyncIterator[None]:
    """The desk comes for what it missed, and for each round that nobody brings, for as long as the block lasts. `told`
    hears how far it is, `failed` why it cannot."""
    # Noted also where nobody can come: from now on a round that is not here is missing.
    await asyncio.to_thread(desk.wanted, now=time.time())
    task = asyncio.create_task(_go_out(desk, told, failed), name="going out")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _go_out(desk: Desk, told: Callable[[News], None], failed: Callable[[str], None]) -> None:
    relay = desk.settings.relay
    if not relay.partners_onion:
        failed("this desk only waits to be called: [relay] has no partners_onion to come to")
        return
    with desk.alone:
        key = pull_key(desk.inbox.database)
    while True:
        try:
            async with calling(desk.settings, key=key) as dialler:
                await CatchingUp(
                    desk,
                    relay,
                    line=lambda: dialler.line(f"http://{relay.partners_onion}/", login=Login()),
                    now=time.time,
                    rest=asyncio.sleep,
                    told=told,
                ).run()
        except (ForwarderError, OnionServiceError) as error:
            failed(f"cannot come for what was missed: {error}")
        await asyncio.sleep(AGAIN_SECONDS)
