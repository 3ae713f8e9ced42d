"""Company: visits to a relay that ask for what an open page asks for, at the same moments, and bring cover alone
(docs/spec/company.md, docs/spec/pacing.md).

A visit is the unit: one page is opened, stays for some minutes and is closed. Nothing is kept of it, and there is no
way to give it a letter.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from random import Random
from typing import Final, Protocol

from crypto import directory as directories
from crypto.bundle import HashList
from crypto.cells import CellClass
from crypto.directory import Directory
from crypto.errors import Malformed
from crypto.layers import RoundNumber
from crypto.signing import VerifyingKey
from crypto.suite import SealingKey
from onion_service.errors import AnswerTooLong, TorUnreachable
from onion_service.pace import Grid, Lookout, Waits, gap, stay
from onion_service.refusals import CellRefused, DoorBroken
from onion_service.reporter import ANSWER_MAX, CALL_SECONDS, PASSING
from onion_service.site import PAGE_LEN
from onion_service.visitors import Browser, bringing, browser
from onion_service.watching import LISTS_MAX

# What a browser without a JIT needs before it asks for the directory, and for one seal (docs/spec/pacing.md).
_LOADING_SECONDS: Final = (0.05, 0.3)
_SEAL_SECONDS: Final = (0.03, 0.04)
_FIRST_WITHIN: Final = 60.0


class Answer(Protocol):
    """What came back."""

    @property
    def status(self) -> int: ...
    @property
    def body(self) -> bytes: ...


class Line(Protocol):
    """One connection to the relay, kept for as long as it lasts (`onion_service.dial.Line`). Raises DialError."""

    async def get(self, path: str, *, headers: Mapping[str, str], limit: int, timeout: float) -> Answer: ...  # noqa: ASYNC109
    async def post(
        self,
        path: str,
        body: bytes,
        *,
        headers: Mapping[str, str],
        limit: int,
        timeout: float,  # noqa: ASYNC109
    ) -> Answer: ...


class Trust(Protocol):
    """What a visitor believes of the relay (`onion_service.trust.Trust`)."""

    def take(self, answer: bytes, *, now: float) -> Directory: ...
    @property
    def directory(self) -> Directory: ...
    @property
    def first_key(self) -> SealingKey: ...
    @property
    def key_round(self) -> RoundNumber: ...
    def is_fresh(self, *, now: float) -> bool: ...
    def round_at(self, now: float) -> RoundNumber: ...
    def cover(self, cell_class: CellClass) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a visit needs from outside: the time (seconds since 1970), a way to wait, and chance."""

    now: Callable[[], float]
    rest: Callable[[float], Awaitable[None]]
    chance: Random


@dataclass(frozen=True, slots=True)
class Lines:
    """The two connections of one browser on circuits of its own: the page's, and that of its script."""

    page: Line
    script: Line


class _Left(Exception):
    """The tab was closed."""


class _Came(Enum):
    """What became of a request."""

    WELL = "answered"
    BUSY = "the relay has no place, or another key than it announces"
    NOTHING = "no answer"


class Visit:
    """One page from its opening to its end."""

    __slots__ = ("_around", "_ends", "_lines", "_lookout", "_onion", "_renewed_in", "_trust", "_who")

    def __init__(self, *, onion: str, trust: Trust, lines: Lines, around: Surroundings) -> None:
        self._onion = onion
        self._trust = trust
        self._lines = lines
        self._around = around
        self._who: Browser = browser(around.chance)
        self._ends = around.now() + CALL_SECONDS
        self._lookout: Lookout | None = None
        self._renewed_in: RoundNumber | None = None

    async def make(self) -> bool:
        """Open the page, stay, and leave; whether there was a page to stay on.

        Raises what ends a page too: Forged, Expired, RolledBack, Malformed, WrongRelay, ClockWrong, DoorBroken or
        CellRefused; TorUnreachable when there is no tor.
        """
        try:
            call = self._lines.page.get
            answer = await self._asked(lambda left: call("/", headers=self._who.page, limit=PAGE_LEN, timeout=left))
            if answer is None or answer.status != HTTPStatus.OK:
                return False
            await self._rest(self._around.chance.uniform(*_LOADING_SECONDS))
            self._ends = self._around.now() + stay(self._around.chance)
            await self._open()
            await self._keep_the_pace()
        except _Left:
            pass
        return self._lookout is not None

    async def _open(self) -> None:
        waits = Waits(self._around.chance)
        while await self._fetch_directory() is not _Came.WELL:
            await self._rest(waits.next())
        self._watch()

    async def _keep_the_pace(self) -> None:
        grid = Grid(start=self._around.now())
        while True:
            while (seconds := grid.wait(self._around.now())) > 0:
                await self._rest(seconds)
            grid.begin(self._around.now())
            await self._tick()

    async def _tick(self) -> None:
        if await self._renew() is not _Came.WELL and not self._trust.is_fresh(now=self._around.now()):
            return
        if await self._bring() is not _Came.NOTHING:
            await self._look()

    async def _renew(self) -> _Came:
        """At the first tick of a round, fetch its key."""
        number = self._trust.round_at(self._around.now())
        if self._trust.key_round >= number or self._renewed_in == number:
            return _Came.WELL
        came = await self._fetch_directory()
        if came is _Came.WELL:
            self._renewed_in = number
        return came

    async def _bring(self) -> _Came:
        """Bring one cover cell, as a page brings a letter."""
        for anew in (False, True):
            answer, key = await self._cover()
            if answer is None:
                return _Came.NOTHING
            if answer.status == HTTPStatus.ACCEPTED:
                return _Came.WELL
            if answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
                return _Came.BUSY
            if answer.status not in (HTTPStatus.GONE, HTTPStatus.BAD_REQUEST):
                raise DoorBroken(f"the relay answered {answer.status} to a cell")
            if (came := await self._fetch_directory()) is not _Came.WELL:
                return came
            same = self._trust.first_key == key
            if same and answer.status == HTTPStatus.BAD_REQUEST:
                raise CellRefused("the relay says that the cell is not one for it")
            if same or anew:
                break
        return _Came.BUSY

    async def _cover(self) -> tuple[Answer | None, SealingKey]:
        await self._rest(self._around.chance.uniform(*_SEAL_SECONDS))
        key, envelope = self._trust.first_key, self._trust.cover(CellClass.LETTER)
        headers = bringing(self._who.script, onion=self._onion, length=len(envelope))
        call = self._lines.script.post
        answer = await self._asked(
            lambda left: call("/cells", envelope, headers=headers, limit=ANSWER_MAX, timeout=left)
        )
        return answer, key

    async def _look(self) -> None:
        """Ask for the lists that are due."""
        lookout = self._watch()
        for _ in range(lookout.most):
            number = lookout.due(self._around.now())
            if number is None:
                return
            answer = await self._get(f"/rounds/{number}", limit=LISTS_MAX)
            if answer is None or answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
                return
            if answer.status == HTTPStatus.NOT_FOUND:
                if not lookout.missing():
                    return
            elif answer.status == HTTPStatus.OK:
                check_lists(answer.body, number=number, relay=self._trust.directory.route[0].identity)
                lookout.seen()
            else:
                raise DoorBroken(f"the relay answered {answer.status} when asked for round {number}")

    def _watch(self) -> Lookout:
        """The lookout; a new one where a newer directory has rounds of another length."""
        period = self._trust.directory.round_seconds
        if self._lookout is None or self._lookout.period != period:
            now = self._trust.round_at(self._around.now())
            self._lookout = Lookout(first=min(self._trust.key_round, now), period=period)
        return self._lookout

    async def _fetch_directory(self) -> _Came:
        answer = await self._get("/directory", limit=directories.answer_max())
        if answer is None:
            return _Came.NOTHING
        if answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
            return _Came.BUSY
        if answer.status != HTTPStatus.OK:
            raise DoorBroken(f"the relay answered {answer.status} when asked for its directory")
        self._trust.take(answer.body, now=self._around.now())
        return _Came.WELL

    async def _get(self, path: str, *, limit: int) -> Answer | None:
        call = self._lines.script.get
        return await self._asked(lambda left: call(path, headers=self._who.script, limit=limit, timeout=left))

    async def _asked(self, call: Callable[[float], Awaitable[Answer]]) -> Answer | None:
        """The answer to one request, or None when none came. Raises _Left when the tab is closed meanwhile."""
        left = self._ends - self._around.now()
        if left <= 0:
            raise _Left
        try:
            return await call(min(CALL_SECONDS, left))
        except PASSING:
            if self._around.now() >= self._ends:
                raise _Left from None
            return None
        except AnswerTooLong as error:
            raise DoorBroken(str(error)) from error

    async def _rest(self, seconds: float) -> None:
        left = self._ends - self._around.now()
        await self._around.rest(max(0.0, min(seconds, left)))
        if seconds >= left:
            raise _Left


def check_lists(wire: bytes, *, number: RoundNumber, relay: VerifyingKey) -> None:
    """Return when these are the hash lists of a round as the first relay of a route serves them. Raises Malformed or
    Forged."""
    before = 0
    while wire or not before:
        listed, wire = HashList.take(wire, relay=relay)
        header = listed.header
        if header.round_number != number or header.cell_class.value <= before:
            raise Malformed("a hash list of another round, or of a class that does not come next")
        if header.cell_length != header.cell_class.length_after(1):
            raise Malformed("a hash list of cells that have passed another number of relays")
        before = header.cell_class.value


class Doing(Enum):
    """What became of a visit."""

    BEGINS = "begins"
    OVER = "is over"
    NOBODY = "came to nothing: the relay did not answer"


async def keep_company(
    visit: Callable[[], Awaitable[bool]],
    around: Surroundings,
    *,
    every: float,
    seconds: float | None,
    told: Callable[[int, Doing], None],
) -> None:
    """Make visits at random moments, `every` so many seconds on average, and each in its own time, so that some are
    open together. After `seconds` none begins any more, and those that are open end by themselves.

    Raises what a visit raises, and then makes none; TorUnreachable only while none has come to anything.
    """
    ends = None if seconds is None else around.now() + seconds
    reached = False

    async def one(number: int) -> None:
        nonlocal reached
        told(number, Doing.BEGINS)
        try:
            stayed = await visit()
        except TorUnreachable:
            if not reached:
                raise
            stayed = False
        reached = reached or stayed
        told(number, Doing.OVER if stayed else Doing.NOBODY)

    wait, number = around.chance.uniform(0, min(every, _FIRST_WITHIN)), 0
    async with asyncio.TaskGroup() as visits:
        while ends is None or around.now() + wait < ends:
            await around.rest(wait)
            number += 1
            visits.create_task(one(number), name="visit")
            wait = gap(around.chance, mean=every)
