"""A desk that was off comes for the rounds it missed, at once when it is unlocked (docs/spec/pull.md).

What it asks for follows from the clock and from which bundles are here, never from what was in one: every request has
the same size, and there is none for what an inbox lacks. Nothing is believed of the answers but what is signed.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import Final, Protocol

from crypto.bundle import Bundle
from crypto.cells import CellClass
from crypto.errors import CryptoError
from crypto.layers import RoundNumber
from forwarder.bundles import longest
from forwarder.delivery import SLOWEST_BYTES_PER_SECOND, TIMEOUT_SECONDS
from forwarder.desk.config import RelaySettings
from forwarder.desk.endpoint import Refusal
from forwarder.desk.errors import DeskError
from forwarder.desk.inbox import Receipt
from forwarder.desk.rounds import settled
from forwarder.desk.verifying import TooLong, bundle_of
from forwarder.pulling import path_of
from onion_service.errors import AnswerTooLong, DialError, NotHttp, TimedOut, TorUnreachable

# After so many failures in a row, so many seconds pass before the next try; the last figure holds from there on.
WAITS: Final = (1.0, 5.0, 15.0, 60.0)
# A round at which the line breaks so often is left for the next time, so that one answer cannot hold up the others.
BREAKS: Final = 3
# After so many answers in a row that are of no use, the relay is left alone until the next round.
REFUSED: Final = 8
STEP_SECONDS: Final = 15.0

Wanted = tuple[CellClass, RoundNumber]


class Answer(Protocol):
    """What came back."""

    @property
    def status(self) -> int: ...
    @property
    def body(self) -> bytes: ...


class Line(Protocol):
    """One connection to the partners' onion, on a circuit of its own: `onion_service.dial.Line`. Raises DialError."""

    async def get(self, path: str, *, headers: Mapping[str, str], limit: int, timeout: float) -> Answer: ...  # noqa: ASYNC109


class Store(Protocol):
    """What a desk knows of its rounds: `forwarder.desk.program.Desk`. Blocks; raises DeskError."""

    def wanted(self, *, now: float) -> Sequence[Wanted]: ...
    def take(self, bundle: Bundle) -> Receipt: ...
    def note_not_kept(self, cell_class: CellClass, round_number: RoundNumber) -> None: ...


class Event(Enum):
    """Everything that is said about catching up; the value is the sentence."""

    BEGUN = "coming for what was missed"
    GOING_ON = "still coming for what was missed"
    DONE = "has come for all that was missed"
    BROKEN = "the line to the relay broke; trying again"
    REFUSED = "the relay gave something else than the bundle that was asked for"
    STOPPED = "stopped coming for what was missed; it is tried again in the next round"


@dataclass(frozen=True, slots=True)
class News:
    """How far it is: `done` of `of` bundles asked for. `why`: what went wrong, when something did."""

    event: Event
    done: int
    of: int
    why: str = ""


class _Stop(Exception):
    """It makes no sense to go on now."""


class CatchingUp:
    """Brings a desk up to date, now and at every round. `line` opens a line on a fresh circuit."""

    def __init__(
        self,
        store: Store,
        relay: RelaySettings,
        *,
        line: Callable[[], AbstractAsyncContextManager[Line]],
        now: Callable[[], float],
        rest: Callable[[float], Awaitable[None]],
        told: Callable[[News], None],
    ) -> None:
        self._store: Final = store
        self._relay: Final = relay
        self._line: Final = line
        self._now: Final = now
        self._rest: Final = rest
        self._told: Final = told
        self._of = 0
        self._left: deque[Wanted] = deque()
        self._refused = 0

    async def run(self) -> None:
        """Catch up at once, and in the middle of each round from then on; until cancelled. A desk that is called in
        time lacks nothing there, and asks for nothing. Raises TorUnreachable when our own tor has gone."""
        while True:
            await self.once()
            middle = (settled(self._now(), relay=self._relay) + 2.5) * self._relay.round_seconds
            # In short steps: what sleeps does not notice that a laptop was closed meanwhile.
            while (left := middle - self._now()) > 0:
                await self._rest(min(left, STEP_SECONDS))

    async def once(self) -> int:
        """Ask for every bundle that is wanted now, each until it is here or refused. Returns how many were asked for.

        The list is made once, at the beginning; what comes meanwhile by another road is stored once.
        """
        try:
            self._left = deque(await asyncio.to_thread(self._store.wanted, now=self._now()))
            self._of, self._refused = len(self._left), 0
            if self._left:
                self._tell(Event.BEGUN)
                await self._all()
                self._tell(Event.DONE)
        except _Stop as stop:
            self._tell(Event.STOPPED, str(stop))
        except DeskError as error:
            self._tell(Event.STOPPED, f"{Refusal.NOT_STORED.value}: {error}")
        return self._of

    async def _all(self) -> None:
        breaks: Counter[Wanted] = Counter()
        failures = 0
        while self._left:
            before = len(self._left)
            try:
                async with self._line() as line:
                    while self._left:
                        await self._pull(line, *self._left[0])
                        self._left.popleft()
                        self._progress()
            except TorUnreachable:
                raise
            except DialError as error:
                failures = 1 if len(self._left) < before else failures + 1
                if failures == 1:
                    self._tell(Event.BROKEN, str(error))
                if self._left and isinstance(error, TimedOut | NotHttp):
                    breaks[self._left[0]] += 1
                    if breaks[self._left[0]] >= BREAKS:
                        self._left.popleft()
                await self._rest(WAITS[min(failures, len(WAITS)) - 1])

    async def _pull(self, line: Line, cell_class: CellClass, round_number: RoundNumber) -> None:
        """Ask for one bundle and store it. Raises DialError, DeskError or _Stop."""
        most = longest(cell_class, cells=self._relay.cells(cell_class))
        seconds = TIMEOUT_SECONDS + most / SLOWEST_BYTES_PER_SECOND
        try:
            answer = await line.get(path_of(cell_class, round_number), headers={}, limit=most, timeout=seconds)
        except AnswerTooLong:
            self._refuse(Refusal.TOO_LONG)
            return
        match answer.status:
            case HTTPStatus.OK:
                await self._take(answer.body, cell_class, round_number)
            case HTTPStatus.NOT_FOUND:
                await asyncio.to_thread(self._store.note_not_kept, cell_class, round_number)
            case _:
                self._refuse(Refusal.NOT_A_BUNDLE)

    async def _take(self, wire: bytes, cell_class: CellClass, round_number: RoundNumber) -> None:
        key, cells = self._relay.verifying_key, self._relay.cells(cell_class)
        try:
            bundle = await asyncio.to_thread(
                bundle_of, wire, relay=key, cell_class=cell_class, round_number=round_number, cells=cells
            )
        except TooLong:
            self._refuse(Refusal.TOO_LONG)
        except CryptoError:
            self._refuse(Refusal.NOT_A_BUNDLE)
        else:
            if await asyncio.to_thread(self._store.take, bundle) is Receipt.DIFFERENT:
                self._refuse(Refusal.DIFFERENT)
            else:
                self._refused = 0

    def _refuse(self, why: Refusal) -> None:
        self._refused += 1
        self._tell(Event.REFUSED, why.value)
        if self._refused >= REFUSED:
            raise _Stop("the relay's answers are of no use")

    def _progress(self) -> None:
        done = self._of - len(self._left)
        # About twenty lines for a long absence, none for a short one.
        if done % max(10, self._of // 20) == 0:
            self._tell(Event.GOING_ON)

    def _tell(self, event: Event, why: str = "") -> None:
        self._told(News(event, self._of - len(self._left), self._of, why))
