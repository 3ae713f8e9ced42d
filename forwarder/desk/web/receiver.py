"""Receiving beside the pages: from unlocking to locking, in a task of its own that tells how far it is.

That it fails leaves the pages as they are: what came before can be read without a network.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import Final

from forwarder.desk import program
from forwarder.desk.catching_up import Event, News
from forwarder.desk.endpoint import Refusal
from forwarder.desk.listener import Failure, Listener
from forwarder.desk.program import Desk
from forwarder.desk.tending import Told
from onion_service.control import Bootstrap

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
    """How many of the bundles that were missed have come, of how many; whether it goes on, and what went wrong last."""

    done: int
    of: int
    goes_on: bool
    cause: Refusal | Exception | None = None


class Receiver:
    """Receives for an unlocked desk until it is stopped."""

    __slots__ = ("_desk", "_stop", "_task", "coming", "refused", "standing", "troubles")

    def __init__(self, desk: Desk) -> None:
        self._desk: Final = desk
        self._stop: Final = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.standing = Standing(Phase.NO_RELAY)
        self.coming: Coming | None = None
        # Why the last delivery was refused, and what does not work now; the errors are of our own making or not shown.
        self.refused: Refusal | None = None
        self.troubles: dict[Enum, Exception | None] = {}

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
        listener = Listener(
            reachable=self._reachable,
            coming=self._came,
            refused=self._refused,
            failed=self._failed,
            tended=self._tended,
        )
        try:
            await program.receive(self._desk, self._stop, progress=self._started, listener=listener)
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing is received any more
            self.standing = Standing(Phase.FAILED, error=error)

    def _started(self, step: Bootstrap) -> None:
        if self.standing.phase is Phase.STARTING:
            self.standing = Standing(Phase.STARTING, percent=step.percent)

    def _came(self, news: News) -> None:
        before = None if self.coming is None or news.event in (Event.BEGUN, Event.DONE) else self.coming.cause
        goes_on = news.event not in (Event.DONE, Event.PARTLY, Event.STOPPED)
        self.coming = Coming(news.done - news.left_out, news.of, goes_on=goes_on, cause=news.cause or before)

    def _refused(self, why: Refusal | None) -> None:
        self.refused = why

    def _failed(self, failure: Failure) -> None:
        self.troubles.pop(failure.what, None)
        if failure.error is not None:
            self.troubles[failure.what] = failure.error

    def _tended(self, told: Told) -> None:
        match told:
            case Told.NOT_RELEASED | Told.NOT_SERVED | Told.NOT_SAID:
                self.troubles[told] = None
            case Told.LOOKED:
                self.troubles.pop(Told.NOT_RELEASED, None)
            case Told.SERVED:
                self.troubles.pop(Told.NOT_SERVED, None)
            case Told.SAID:
                self.troubles.pop(Told.NOT_SAID, None)

    def _reachable(self, address: str) -> None:
        self.standing = Standing(Phase.RECEIVING, percent=100, address=address)
