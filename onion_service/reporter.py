"""A sealed report reaches the door, each cell on a circuit of its own, or its writer hears exactly what did not.

A cell whose answer was lost is sent again as it is: the relay takes the second copy for the first. A cell whose round
key has rotated is wrapped anew around the same letter, so the report stays one report (docs/spec/door.md).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from random import Random
from typing import Final, Protocol

from crypto import directory as directories
from crypto.cells import CellClass
from crypto.directory import Directory
from crypto.errors import CryptoError
from crypto.layers import RoundNumber
from onion_service.errors import NotHttp, OnionServiceError, OnionUnreachable, TimedOut
from onion_service.refusals import CellRefused, DoorBroken, NotAllSent, OutOfPatience
from onion_service.trust import Trust
from onion_service.writing import Sealed

# Long enough that a parcel does not follow its letter on the same second, short enough to wait for. On a relay with
# hardly any traffic nothing shorter than rounds hides that two cells came one after the other; cover does that.
PACE_SECONDS: Final = 2.0
PATIENCE_SECONDS: Final = 1_800.0
FIRST_WAIT: Final = 2.0
LONGEST_WAIT: Final = 120.0
ANSWER_MAX: Final = 65_536
CALL_SECONDS: Final = 180.0
# A parcel of a mebibyte over a bad line.
CELL_SECONDS: Final = 600.0
# The call may work if it is made again; whatever else a dialler raises will not.
PASSING: Final = (OnionUnreachable, TimedOut, NotHttp)


class Answer(Protocol):
    """What came back."""

    @property
    def status(self) -> int: ...
    @property
    def body(self) -> bytes: ...


class Dialler(Protocol):
    """One call to an onion address, on a circuit of its own. Raises DialError."""

    async def get(self, url: str, *, limit: int, timeout: float) -> Answer: ...  # noqa: ASYNC109
    async def post(self, url: str, body: bytes, *, limit: int, timeout: float) -> Answer: ...  # noqa: ASYNC109


class Doing(Enum):
    """What a sender is at."""

    FETCHING = "fetching the directory"
    SENDING = "sending"
    RESTING = "pausing between cells"
    RETRYING = "waiting to try again"
    WATCHING = "waiting for the round"


@dataclass(frozen=True, slots=True)
class News:
    """Where a sender is: `done` of `of` cells, and a few words for people."""

    doing: Doing
    done: int = 0
    of: int = 0
    words: str = ""


Told = Callable[[News], None]
Rest = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a sender needs from outside: a dialler, the time (seconds since 1970), a way to wait, and chance."""

    dialler: Dialler
    now: Callable[[], float]
    rest: Rest
    chance: Random
    told: Told


@dataclass(frozen=True, slots=True)
class Sent:
    """Cells that were answered 202, and the rounds of the reporter's clock between the first and the last."""

    cells: tuple[Sealed, ...]
    first_round: RoundNumber
    last_round: RoundNumber


class Patience:
    """How long to wait in all, in waits that double and are never the same twice."""

    __slots__ = ("_around", "_attempt", "_left")

    def __init__(self, around: Surroundings, seconds: float) -> None:
        self._around = around
        self._left = seconds
        self._attempt = 0

    async def wait(self, because: str) -> None:
        """Wait before the next attempt. Raises OutOfPatience when there is to be none."""
        seconds = min(LONGEST_WAIT, FIRST_WAIT * 2**self._attempt) * self._around.chance.uniform(0.5, 1.5)
        self._attempt = min(self._attempt + 1, 16)
        self._left -= seconds
        if self._left < 0:
            raise OutOfPatience(because)
        self._around.told(News(Doing.RETRYING, words=f"{because}; again in {seconds:.0f} s"))
        await self._around.rest(seconds)


class Sender:
    """One reporter and one relay: fetches and trusts its directory, and brings it cells."""

    def __init__(self, trust: Trust, around: Surroundings, *, patience: float = PATIENCE_SECONDS) -> None:
        """`patience`: seconds to wait, in all, for one call to succeed."""
        self._trust = trust
        self._around = around
        self._patience = patience

    async def directory(self) -> Directory:
        """The relay's directory, fetched anew and trusted.

        Raises Forged, Expired, RolledBack or Malformed (do not send), WrongRelay, ClockWrong, DoorBroken,
        OutOfPatience or DialError.
        """
        patience = Patience(self._around, self._patience)
        while True:
            self._around.told(News(Doing.FETCHING))
            try:
                answer = await self._around.dialler.get(
                    self._url("/directory"), limit=directories.answer_max(), timeout=CALL_SECONDS
                )
            except PASSING as error:
                await patience.wait(str(error))
                continue
            if answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
                await patience.wait("the relay is busy")
                continue
            if answer.status != HTTPStatus.OK:
                raise DoorBroken(f"the relay answered {answer.status} when asked for its directory")
            return self._trust.take(answer.body, now=self._around.now())

    async def send(self, cells: Sequence[Sealed], *, pace: float = PACE_SECONDS) -> Sent:
        """Send every cell, with a pause of up to `pace` seconds between two.

        The letter leaves first, because the words matter most if the line dies; parcels leave in random order, so
        that their order does not tell which part of which file each is. Raises NotAllSent, whose `unsent` may be
        given to this method again.
        """
        waiting, sent, first = self._in_order(cells), 0, None
        try:
            # Writing may have taken so long that the round key has rotated.
            if not self._trust.is_fresh(now=self._around.now()):
                await self.directory()
            first = min(self._round(), self._trust.key_round)
            for sealed in waiting:
                if sent:
                    self._around.told(News(Doing.RESTING, sent, len(waiting)))
                    await self._around.rest(self._around.chance.uniform(0, pace))
                self._around.told(News(Doing.SENDING, sent, len(waiting)))
                await self._deliver(sealed)
                sent += 1
        except (CryptoError, OnionServiceError) as error:
            raise NotAllSent(sent=sent, unsent=waiting[sent:], first_round=first, because=error) from error
        self._around.told(News(Doing.SENDING, sent, len(waiting)))
        return Sent(waiting, first_round=first, last_round=max(first, self._round()))

    def _in_order(self, cells: Sequence[Sealed]) -> tuple[Sealed, ...]:
        letters = [sealed for sealed in cells if sealed.cell_class is CellClass.LETTER]
        parcels = [sealed for sealed in cells if sealed.cell_class is CellClass.PARCEL]
        self._around.chance.shuffle(parcels)
        return (*letters, *parcels)

    async def _deliver(self, sealed: Sealed) -> None:
        patience = Patience(self._around, self._patience)
        envelope, used, wrapped_anew = self._trust.wrap(sealed), self._trust.first_key, False
        while True:
            try:
                answer = await self._around.dialler.post(
                    self._url("/cells"), envelope, limit=ANSWER_MAX, timeout=CELL_SECONDS
                )
            except PASSING as error:
                # The cell may have arrived and only its answer been lost; the same bytes again are taken once.
                await patience.wait(str(error))
                continue
            match answer.status:
                case HTTPStatus.ACCEPTED:
                    return
                case HTTPStatus.SERVICE_UNAVAILABLE:
                    await patience.wait("the relay is full")
                case HTTPStatus.GONE | HTTPStatus.BAD_REQUEST:
                    # A relay that lost its memory knows nothing of the key we used and says 400, so both ask for the
                    # directory; only a key that it still announces makes a 400 final.
                    await self.directory()
                    same = self._trust.first_key == used
                    if same and answer.status == HTTPStatus.BAD_REQUEST:
                        raise CellRefused("the relay says that the cell is not one for it")
                    if same or wrapped_anew:
                        await patience.wait("the relay does not take the round key that it announces")
                    wrapped_anew = True
                    envelope, used = self._trust.wrap(sealed), self._trust.first_key
                case other:
                    raise DoorBroken(f"the relay answered {other} to a cell")

    def _url(self, path: str) -> str:
        return f"http://{self._trust.card.onion}{path}"

    def _round(self) -> RoundNumber:
        return self._trust.round_at(self._around.now())
