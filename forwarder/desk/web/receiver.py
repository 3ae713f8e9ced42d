"""Receiving beside the pages: from unlocking to locking, in a task of its own that tells how far it is.

That it fails leaves the pages as they are: what came before can be read without a network.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import Final

from crypto.errors import CryptoError
from forwarder.desk import program
from forwarder.desk.catching_up import Event, News
from forwarder.desk.program import Desk
from forwarder.errors import ForwarderError
from onion_service.control import Bootstrap
from onion_service.errors import OnionServiceError

# tor ends within seconds; a delivery that is being stored is waited for.
STOP_SECONDS: Final = 60.0


class Phase(Enum):
    """How far receiving is."""

    NO_RELAY = "no relay"
    STARTING = "starting"
    RECEIVING = "receiving"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where receiving stands. `percent`: of tor's start; `error`: why it failed."""

    phase: Phase
    percent: int = 0
    address: str = ""
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class Coming:
    """How many of the bundles that were missed have been asked for, of how many; and whether it goes on."""

    done: int
    of: int
    goes_on: bool


class Receiver:
    """Receives for an unlocked desk until it is stopped."""

    __slots__ = ("_desk", "_stop", "_task", "coming", "standing")

    def __init__(self, desk: Desk) -> None:
        self._desk: Final = desk
        self._stop: Final = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.standing = Standing(Phase.NO_RELAY)
        self.coming: Coming | None = None

    def start(self) -> None:
        """Begin, when there is a relay to receive from; what goes wrong is told in `standing`."""
        if self._desk.settings.config.relay is None:
            return
        self.standing = Standing(Phase.STARTING)
        self._task = asyncio.create_task(self._receive(), name="receiver")

    async def stop(self) -> None:
        """Receiving has ended when this returns: tor is stopped and the endpoint is closed."""
        self._stop.set()
        if self._task is None:
            return
        done, _ = await asyncio.wait([self._task], timeout=STOP_SECONDS)
        if not done:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _receive(self) -> None:
        try:
            await program.receive(
                self._desk, self._stop, progress=self._started, reachable=self._reachable, coming=self._came
            )
        except (ForwarderError, OnionServiceError, CryptoError, OSError) as error:
            self.standing = Standing(Phase.FAILED, error=error)

    def _started(self, step: Bootstrap) -> None:
        if self.standing.phase is Phase.STARTING:
            self.standing = Standing(Phase.STARTING, percent=step.percent)

    def _came(self, news: News) -> None:
        self.coming = Coming(news.done, news.of, goes_on=news.event not in (Event.DONE, Event.STOPPED))

    def _reachable(self, address: str) -> None:
        self.standing = Standing(Phase.RECEIVING, percent=100, address=address)
