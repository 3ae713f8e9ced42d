"""A relay that partners come to, behind a SOCKS port on this machine, and a desk that comes to it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec
from aiohttp import web

from crypto.cells import CellClass
from crypto.report import Report
from forwarder import pulling
from forwarder.bundles import BundleStore
from forwarder.desk.catching_up import CatchingUp, News
from forwarder.desk.config import Config, RelaySettings, Settings
from forwarder.desk.inbox import Inbox
from forwarder.desk.program import Desk
from forwarder.pulling import partners_door, path_of
from onion_service.dial import Dialler
from onion_service.serving import Answer, Handler, serve_on
from onion_service.socks import Login
from tests.loopback_relay import way
from tests.unit.forwarder.desk.given import (
    CHEAP,
    OURS,
    PARTNER,
    PASSPHRASE,
    RELAY_SETTINGS,
    attached,
    letters,
    parcels,
)
from tests.unit.forwarder.given import ROUND_SECONDS, number

LETTER, PARCEL = CellClass.LETTER, CellClass.PARCEL
HOST: Final = "2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion"
PARTNERS: RelaySettings = msgspec.structs.replace(RELAY_SETTINGS, partners_onion=HOST, keep_rounds=100)
LAST: Final = 23


class Clock:
    """Time that passes only when somebody waits."""

    def __init__(self) -> None:
        self.now = (LAST + 1) * ROUND_SECONDS + 60.0
        self.waits: list[float] = []

    async def rest(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


class Broken(Answer):
    """A line that breaks in the middle of an answer."""

    def __init__(self) -> None:
        super().__init__(200, "OK", body=bytes(100_000))

    async def prepare(self, request: web.BaseRequest) -> None:
        assert request.transport is not None
        request.transport.write(self._kept[0] + bytes(1_000))
        await asyncio.sleep(0.01)
        request.transport.abort()
        raise ConnectionResetError


@dataclass
class Relay:
    """A relay that keeps rounds up to LAST, and the requests that came to its partners' onion, as they were. `passed`:
    the newest round whose bundles may go, by its own clock."""

    store: BundleStore
    requests: list[bytes] = field(default_factory=list)
    instead: Callable[[str], Answer | None] = lambda _path: None
    passed: int = LAST + 1

    def door(self) -> Handler:
        honest = partners_door(self.store, may_go=lambda one: one <= self.passed)

        async def handle(request: web.BaseRequest) -> Answer:
            head = b"".join(b"%s: %s\r\n" % pair for pair in request.raw_headers)
            self.requests.append(f"{request.method} {request.raw_path} HTTP/1.1\r\n".encode() + head)
            return self.instead(request.raw_path) or await honest(request)

        return handle

    @property
    def paths(self) -> list[str]:
        return [one.split(b" ")[1].decode() for one in self.requests]


def a_desk(folder: Path) -> Desk:
    """An unlocked desk with the keys of the tests and an inbox of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = Settings(Config(partner=PARTNER, relay=PARTNERS), folder)
    return Desk(settings, (OURS,), Inbox.create(folder, passphrase=PASSPHRASE, cost=CHEAP))


def relay_for(folder: Path, *, reports: bool = True) -> Relay:
    """Rounds 1 to LAST: a report in every fifth, with an attachment whose part leaves with the parcels of round 7."""
    store = BundleStore(folder / "bundles", keep_rounds=100)
    whole, parts = attached(b"%PDF-" * 1_000)
    lacking, _ = attached(b"never sent")
    for one in range(1, LAST + 1):
        mine = [Report(text=f"Ronda {one}", attachments=[whole, lacking])] if reports and one % 5 == 0 else []
        store.write(letters(one, *mine))
        if one % 4 == 3:
            store.write(parcels(one, *(parts if reports and one == 7 else [])))
    return Relay(store)


@asynccontextmanager
async def served(relay: Relay, folder: Path) -> AsyncIterator[Dialler]:
    """A dialler that finds this relay's partners' onion."""
    folder.mkdir(exist_ok=True)
    door, socks = folder / "door", folder / "socks"
    with way([HOST], door, socks) as road:
        async with serve_on(relay.door(), door, limits=pulling.limits(4), refusals=pulling.REFUSALS):
            yield Dialler(socks=road.socks, connect_seconds=5.0)


def caught_up(
    desk: Desk,
    relay: Relay,
    folder: Path,
    *,
    clock: Clock | None = None,
    times: int = 1,
    kind: type[CatchingUp] = CatchingUp,
) -> list[News]:
    """What is told while the desk catches up."""
    news: list[News] = []
    time = clock or Clock()

    async def body() -> None:
        async with served(relay, folder) as dialler, asyncio.timeout(60):
            catching = kind(
                desk,
                desk.settings.relay,
                line=lambda: dialler.line(f"http://{HOST}/", login=Login()),
                now=lambda: time.now,
                rest=time.rest,
                told=news.append,
            )
            for _ in range(times):
                await catching.once()

    asyncio.run(body())
    return news


def expected() -> list[str]:
    """Every path a desk that began with round 1 and has nothing asks for."""
    rounds = [(LETTER, one) for one in range(1, LAST + 1)] + [(PARCEL, one) for one in range(3, LAST + 1, 4)]
    return [path_of(kind, number(one)) for kind, one in rounds]


def begin(desk: Desk) -> None:
    """The desk has run in round 1 and was closed since."""
    desk.wanted(now=1 * ROUND_SECONDS + 60.0)


def nothing_is_missing(desk: Desk) -> bool:
    return not any(one.to_come or one.lost or one.not_kept for one in desk.rounds(now=Clock().now))


def missing(desk: Desk) -> list[tuple[int, int]]:
    return [(s.first, s.last) for one in desk.rounds(now=Clock().now) for s in (*one.to_come, *one.not_kept, *one.lost)]
