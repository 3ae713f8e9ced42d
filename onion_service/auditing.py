"""An auditor visits a relay as others do, over circuits of their own, and compares what each visitor got (T15).

What it may conclude is in `onion_service/evidence.py`; who it seems to be in `onion_service/visitors.py`. Nothing is
written to a disk here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from random import Random
from typing import Final, Protocol

from crypto import directory as directories
from crypto.errors import CryptoError, Expired
from onion_service.errors import AnswerTooLong, TorUnreachable
from onion_service.evidence import (
    DIRECTORY,
    PAGE,
    Audit,
    Digest,
    Kind,
    Listed,
    Missing,
    Page,
    Strange,
    Visit,
    busy_or_strange,
    judge,
    page_of,
)
from onion_service.refusals import ClockWrong, HeldDirectoryBroken, ReporterError
from onion_service.reporter import CALL_SECONDS, PASSING
from onion_service.site import PAGE_LEN
from onion_service.socks import Login
from onion_service.trust import Trust
from onion_service.visitors import Visitor, visitor

# The last whole answers of each path are kept in memory, to be shown when they differ.
SAMPLES_MAX: Final = 16


class Answer(Protocol):
    """What came back: a status, a body, and all that came beside it."""

    @property
    def status(self) -> int: ...
    @property
    def body(self) -> bytes: ...
    @property
    def head(self) -> bytes: ...


class Dialler(Protocol):
    """One call to an onion address; calls with one login may share circuits, others do not. Raises DialError."""

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str],
        login: Login,
        limit: int,
        timeout: float,  # noqa: ASYNC109
    ) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an auditor needs from outside: a dialler, the time (seconds since 1970), a way to wait, and chance. `told`
    hears how many visits of how many were made."""

    dialler: Dialler
    now: Callable[[], float]
    rest: Callable[[float], Awaitable[None]]
    chance: Random
    told: Callable[[int, int], None]


class Auditor:
    """Everything that was seen of one relay so far; the audit grows with each visit."""

    __slots__ = ("_around", "_pace", "_samples", "_trust", "_visits")

    def __init__(self, trust: Trust, around: Surroundings, *, pace: float) -> None:
        """`pace`: pause up to so many seconds between two visits."""
        self._trust = trust
        self._around = around
        self._pace = pace
        self._visits: list[Visit] = []
        self._samples: dict[str, dict[Digest, bytes]] = {PAGE: {}, DIRECTORY: {}}

    async def visit(self, times: int) -> None:
        """Visit so many times, each time as somebody else.

        An answer that does not come is counted. Raises what a person must mend first: TorUnreachable while nothing
        came yet, ClockWrong or Expired while no directory was believed yet, NotAnOnion when the card leads nowhere.
        """
        for done in range(times):
            if done:
                await self._around.rest(self._around.chance.uniform(0, self._pace))
            self._around.told(done, times)
            self._visits.append(await self._one())
        self._around.told(times, times)

    def audit(self) -> Audit:
        """What all visits so far show."""
        return judge(self._visits)

    def sample(self, digest: Digest) -> bytes | None:
        """A whole answer as it was on the wire; None when too many others have come since."""
        return next((kept[digest] for kept in self._samples.values() if digest in kept), None)

    async def _one(self) -> Visit:
        who, login = visitor(self._around.chance), Login()
        page = await self._page(who, login)
        return Visit(page, await self._directory(who, login if who.one_circuit else Login()))

    async def _page(self, who: Visitor, login: Login) -> Page | Strange | Missing:
        answer = await self._get(PAGE, who.page, login, PAGE_LEN)
        if isinstance(answer, Strange | Missing):
            return answer
        return page_of(answer.status, answer.head, answer.body)

    async def _directory(self, who: Visitor, login: Login) -> Listed | Strange | Missing:
        answer = await self._get(DIRECTORY, who.directory, login, directories.answer_max())
        if isinstance(answer, Strange | Missing):
            return answer
        if answer.status != HTTPStatus.OK:
            return busy_or_strange(answer.status, answer.head, answer.body)
        digest = Digest.of(answer.head, answer.body)
        try:
            found = self._trust.take(answer.body, now=self._around.now())
            announcements = directories.read_answer(answer.body)[1]
        except HeldDirectoryBroken:
            raise
        except (CryptoError, ReporterError) as error:
            if isinstance(error, Expired | ClockWrong) and not any(
                isinstance(visit.directory, Listed) for visit in self._visits
            ):
                raise
            return Strange(Kind.NOT_BELIEVED, str(error), digest)
        return Listed(
            digest,
            round_number=self._trust.key_round,
            version=found.version,
            keys=sha256(b"".join(announcements)).hexdigest(),
            site=found.site.get(PAGE),
        )

    async def _get(self, path: str, headers: Mapping[str, str], login: Login, limit: int) -> Answer | Strange | Missing:
        """The answer, kept as a sample."""
        url = f"http://{self._trust.card.onion}{path}"
        try:
            answer = await self._around.dialler.get(
                url, headers=headers, login=login, limit=limit, timeout=CALL_SECONDS
            )
        except PASSING:
            return Missing.UNREACHABLE
        except TorUnreachable:
            if all(isinstance(got, Missing) for visit in self._visits for got in (visit.page, visit.directory)):
                raise
            return Missing.UNREACHABLE
        except AnswerTooLong as error:
            return Strange(Kind.NOT_THE_DOOR, str(error))
        self._keep(path, answer)
        return answer

    def _keep(self, path: str, answer: Answer) -> None:
        kept, digest = self._samples[path], Digest.of(answer.head, answer.body)
        kept.pop(digest, None)
        kept[digest] = answer.head + answer.body
        if len(kept) > SAMPLES_MAX:
            del kept[next(iter(kept))]
