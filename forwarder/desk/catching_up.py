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
# After so many answers in a row that are of no use, what is left of that class waits until the next round.
USELESS: Final = 8
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
    def note_not_kept(self, cell_class: CellClass, round_number: RoundNumber) -> bool: ...


class Event(Enum):
    """Everything that is said about catching up; the value is the sentence."""

    BEGUN = "coming for what was missed"
    GOING_ON = "still coming for what was missed"
    DONE = "has come for all that was missed"
    PARTLY = "has come for what could be had; the rest is asked for again in the next round"
    BROKEN = "the line to the relay broke; trying again"
    REFUSED = "the relay gave something else than the bundle that was asked for"
    BUSY = "the relay is busy, or something failed there; it is asked again later"
    STOPPED = "stopped coming for what was missed; it is tried again in the next round"


@dataclass(frozen=True, slots=True)
class News:
    """How far it is: `done` of `of` bundles asked for, `left_out` of these without having them. `why`: what went wrong,
    when something did, and `cause` its kind."""

    event: Event
    done: int
    of: int
    why: str = ""
    cause: Refusal | Exception | None = None
    left_out: int = 0


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
        self._left: deque[deque[Wanted]] = deque()
        self._from_the_end = False
        self._useless = 0
        # What was of no use the last time waits behind everything else.
        self._behind: set[Wanted] = set()
        self._left_out = 0
        self._given_up = 0

    async def run(self) -> None:
        """Catch up at once, and in the middle of each round from then on; until cancelled. A desk that is called in
        time lacks nothing there, and asks for nothing. Raises TorUnreachable when our own tor has gone."""
        while True:
            await self.once()
            period = self._relay.round_seconds
            middle = (settled(self._now(), relay=self._relay) + 2.5) * period
            # In short steps: what sleeps does not notice that a laptop was closed meanwhile. And a clock that was set
            # back would have us wait for hours.
            while 0 < (left := middle - self._now()) <= 2 * period:
                await self._rest(min(left, STEP_SECONDS))

    async def once(self) -> int:
        """Ask for every bundle that is wanted now, each until it is here or refused. Returns how many were asked for.

        The list is made once, at the beginning; what comes meanwhile by another road is stored once.
        """
        try:
            wanted = await asyncio.to_thread(self._store.wanted, now=self._now())
            self._queue(wanted)
            if self._left:
                self._tell(Event.BEGUN)
                await self._all()
                if self._given_up:
                    self._tell(Event.STOPPED, "the relay's answers are of no use")
                else:
                    self._tell(Event.PARTLY if self._left_out else Event.DONE)
        except DeskError as error:
            self._tell(Event.STOPPED, f"{Refusal.NOT_STORED.value}: {error}", error)
        return self._of

    def _queue(self, wanted: Sequence[Wanted]) -> None:
        """What is asked for: one class after the other, then what was of no use the last time."""
        self._behind &= set(wanted)
        first = [one for one in wanted if one not in self._behind]
        groups = [deque(one for one in first if one[0] is cell_class) for cell_class in CellClass]
        groups.append(deque(one for one in wanted if one in self._behind))
        self._left = deque(group for group in groups if group)
        self._of, self._left_out, self._given_up = len(wanted), 0, 0
        self._from_the_end, self._useless = False, 0

    def _next(self) -> Wanted:
        return self._left[0][-1 if self._from_the_end else 0]

    @property
    def _done(self) -> int:
        return self._of - self._given_up - sum(map(len, self._left))

    async def _all(self) -> None:
        breaks: Counter[Wanted] = Counter()
        failures = 0
        while self._left:
            before = self._done
            try:
                async with self._line() as line:
                    while self._left:
                        self._had_its_turn(of_use=await self._pull(line, *self._next()))
                        self._progress()
            except TorUnreachable:
                raise
            except DialError as error:
                failures = 1 if self._done > before else failures + 1
                if failures == 1:
                    self._tell(Event.BROKEN, str(error), error)
                if self._left and isinstance(error, TimedOut | NotHttp):
                    breaks[self._next()] += 1
                    if breaks[self._next()] >= BREAKS:
                        self._put_behind()
                        self._had_its_turn(of_use=False)
                await self._rest(WAITS[min(failures, len(WAITS)) - 1])

    def _had_its_turn(self, *, of_use: bool) -> None:
        """The one that was next is no more. After an answer of no use the other end of its class has its turn, so that
        what is bad at one end does not hold up what is good at the other; after too many in a row, the next class."""
        group = self._left[0]
        if self._from_the_end:
            group.pop()
        else:
            group.popleft()
        self._useless = 0 if of_use else self._useless + 1
        self._from_the_end ^= not of_use
        if not group or self._useless >= USELESS:
            self._given_up += len(self._left.popleft())
            self._from_the_end, self._useless = False, 0

    def _put_behind(self) -> None:
        self._behind.add(self._next())
        self._left_out += 1

    async def _pull(self, line: Line, cell_class: CellClass, round_number: RoundNumber) -> bool:
        """Ask for one bundle and store it; whether the answer was of use. Raises DialError or DeskError."""
        most = longest(cell_class, cells=self._relay.cells(cell_class))
        seconds = TIMEOUT_SECONDS + most / SLOWEST_BYTES_PER_SECOND
        try:
            answer = await line.get(path_of(cell_class, round_number), headers={}, limit=most, timeout=seconds)
        except AnswerTooLong:
            return self._refuse(Refusal.TOO_LONG)
        match answer.status:
            case HTTPStatus.OK:
                return await self._take(answer.body, cell_class, round_number)
            case HTTPStatus.NOT_FOUND:
                told = await asyncio.to_thread(self._store.note_not_kept, cell_class, round_number)
                self._left_out += not told
                return True
            case HTTPStatus.SERVICE_UNAVAILABLE:
                self._put_behind()
                self._tell(Event.BUSY)
                return False
            case _:
                return self._refuse(Refusal.NOT_A_BUNDLE)

    async def _take(self, wire: bytes, cell_class: CellClass, round_number: RoundNumber) -> bool:
        key, cells = self._relay.verifying_key, self._relay.cells(cell_class)
        try:
            bundle = await asyncio.to_thread(
                bundle_of, wire, relay=key, cell_class=cell_class, round_number=round_number, cells=cells
            )
        except TooLong:
            return self._refuse(Refusal.TOO_LONG)
        except CryptoError:
            return self._refuse(Refusal.NOT_A_BUNDLE)
        if await asyncio.to_thread(self._store.take, bundle) is Receipt.DIFFERENT:
            return self._refuse(Refusal.DIFFERENT)
        return True

    def _refuse(self, why: Refusal) -> bool:
        self._put_behind()
        self._tell(Event.REFUSED, why.value, why)
        return False

    def _progress(self) -> None:
        # About twenty lines for a long absence, none for a short one.
        if self._done % max(10, self._of // 20) == 0:
            self._tell(Event.GOING_ON)

    def _tell(self, event: Event, why: str = "", cause: Refusal | Exception | None = None) -> None:
        self._told(News(event, self._done, self._of, why, cause, self._left_out))
