"""While a desk is open: what has waited leaves, what is published stays signed, and channels say what is due.

Trouble in one of these stops neither the others nor the taking of reports. What is told of it comes from a closed list
and says nothing about a report.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from forwarder.desk.channels.outlet import through_tor
from forwarder.desk.channels.sending import Outcome, Sending, speak
from forwarder.desk.config import Settings
from forwarder.desk.database import Database
from forwarder.desk.publications import Publications, Rules
from forwarder.desk.publish.places import read_places
from forwarder.errors import ForwarderError
from onion_service.errors import OnionServiceError

if TYPE_CHECKING:
    from forwarder.desk.program import Desk

ResultT = TypeVar("ResultT")
# Whole hours are what is told of a publication, so nobody gains by more.
EVERY_SECONDS: Final = 300.0


class Told(Enum):
    """What can be said of it."""

    LEFT = "what had waited long enough is published"
    STOPPED = "something that waited does not leave by itself; `veladora desk published` says why"
    RELEASED = "the published alerts were signed anew"
    LOOKED = "what is published is as it should be"
    NOT_RELEASED = "the published alerts could not be signed anew"
    SERVED = "serving alerts"
    NOT_SERVED = "the published alerts are not served; it is tried again"
    SAID = "channels have said what was due"
    NOT_SAID = "a channel could not say what was due; `veladora desk channel posts` shows it"


Tell = Callable[[Told, str], None]


def tend(desk: "Desk", *, now: int) -> list[Told]:
    """Let leave what may, and sign what must be signed; `now` in seconds since 1970. A desk that was opened without its
    alerts key, or that has never published, does nothing."""
    if not desk.signs:
        return []
    with desk.alone:
        return _tend(desk, now=now)


def _tend(desk: "Desk", *, now: int) -> list[Told]:
    database, told = desk.inbox.database, []
    publications = Publications(database, Rules.of(desk.settings, read_places(desk.settings.places_file).places))
    try:
        stopped = sum(bool(one.stopped) for one in publications.waiting(now=now)) - _stopped(database)
        if publications.leave_due(now=now):
            told.append(Told.LEFT)
        if stopped:
            told.append(Told.STOPPED)
    finally:
        # Trouble with what waits keeps no withdrawal back, and lets no list lapse.
        if desk.alerts() and desk.release(now=now).new:
            told.append(Told.RELEASED)
    return told


async def tending(desk: "Desk", *, tell: Tell, after: Callable[[], None]) -> None:
    """Goes on until it is cancelled. `after` is called after each look."""
    while True:
        with _surviving(Told.NOT_RELEASED, tell):
            for one in await asyncio.to_thread(tend, desk, now=int(time.time())):
                tell(one, "")
            tell(Told.LOOKED, "")
        with _surviving(Told.NOT_RELEASED, tell):
            await asyncio.to_thread(after)
        with _surviving(Told.NOT_SAID, tell):
            await _channels(desk, tell=tell)
        await asyncio.sleep(EVERY_SECONDS)


@contextmanager
def _surviving(trouble: Told, tell: Tell) -> Iterator[None]:
    """What goes wrong in the block is told, and the next look comes all the same: alerts that nobody signs lapse."""
    try:
        yield
    except (ForwarderError, OnionServiceError) as error:
        tell(trouble, str(error))
    # The text of any other error may hold what came, or what opens an account.
    except Exception as error:  # noqa: BLE001
        tell(trouble, type(error).__name__)


async def _channels(desk: "Desk", *, tell: Tell) -> None:
    """Say what is due. The inbox is free while services are spoken to, which may take minutes."""
    sending = sending_of(desk.settings, desk.inbox.database)
    work = await asyncio.to_thread(_alone, desk, partial(sending.due, now=int(time.time())))
    if not work:
        return

    outcomes: list[Outcome] = []

    def speaking() -> None:
        with through_tor(desk.settings) as outlet:
            outcomes.extend(speak(work, outlet))

    def settle() -> None:
        with desk.alone:
            sending.settle(outcomes, now=int(time.time()))

    try:
        await _aside(speaking)
    except Exception:
        # tor did not start, so nothing was said; or it did not end, and then every outcome is here.
        await asyncio.to_thread(settle)
        raise
    await asyncio.to_thread(settle)
    if any(one.trouble for one in outcomes):
        tell(Told.NOT_SAID, "")
    if any(not one.trouble for one in outcomes):
        tell(Told.SAID, "")


def _alone(desk: "Desk", work: Callable[[], ResultT]) -> ResultT:
    with desk.alone:
        return work()


def sending_of(settings: Settings, database: Database) -> Sending:
    """What readies and settles a desk's posts. Raises BadPlaces."""
    return Sending(database, address=settings.config.publish.address, gazetteer=read_places(settings.places_file))


def _stopped(database: Database) -> int:
    return int(database.one("SELECT count(*) FROM waiting WHERE stopped <> ''"))


async def _aside(call: Callable[[], ResultT]) -> ResultT:
    """The result of `call` in a thread that the end of the program does not wait for; the processes it has started end
    with the program."""
    loop = asyncio.get_running_loop()
    found: asyncio.Future[ResultT] = loop.create_future()

    def settle(result: ResultT | None, error: BaseException | None) -> None:
        if found.cancelled():
            return
        if error is not None:
            found.set_exception(error)
        else:
            found.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result, error = None, None
        try:
            result = call()
        except BaseException as raised:  # noqa: BLE001 - handed over to who waits
            error = raised
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=run, daemon=True, name="channels").start()
    return await found
