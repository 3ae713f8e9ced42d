"""Real HTTP endpoints on loopback, and the way to them, for tests of delivery."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web

from crypto.bundle import Bundle
from forwarder.delivery import Event
from forwarder.webhook import verify
from onion_service.errors import AnswerTooLong, OnionUnreachable, TimedOut
from tests.unit.forwarder.given import RELAY


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as the dialler gives it."""

    status: int
    body: bytes


class Loopback:
    """Posts to loopback the way the dialler posts to an onion."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session
        self.bodies: list[int] = []

    async def post(
        self,
        url: str,
        body: bytes,
        *,
        headers: Mapping[str, str],
        limit: int,
        timeout: float,  # noqa: ASYNC109
    ) -> Answer:
        """As `forwarder.delivery.Post`."""
        self.bodies.append(id(body))
        try:
            sent = io.BytesIO(body)
            async with asyncio.timeout(timeout), self.session.post(url, data=sent, headers=headers) as response:
                answer = await response.content.read(limit + 1)
                if len(answer) > limit:
                    raise AnswerTooLong(url)
                return Answer(response.status, answer)
        except TimeoutError as error:
            raise TimedOut(url) from error
        except aiohttp.ClientError as error:
            raise OnionUnreachable(url) from error


@asynccontextmanager
async def loopback(**options: object) -> AsyncIterator[Loopback]:
    """A way to loopback, closed at the end."""
    async with aiohttp.ClientSession(**options) as session:  # type: ignore[arg-type]
        yield Loopback(session)


@dataclass
class Desk:
    """An endpoint that checks and remembers what it is sent, and answers `status` after `slow` seconds."""

    status: int = 204
    slow: float = 0.0
    port: int = 0
    names: list[str] = field(default_factory=list)
    wires: list[bytes] = field(default_factory=list)
    at: dict[str, float] = field(default_factory=dict)
    _runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Where it is, once it has been up."""
        return f"http://127.0.0.1:{self.port}/"

    async def up(self) -> None:
        """Listen, always on the same port."""
        app = web.Application(client_max_size=2**26)
        app.router.add_post("/", self._receive)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = int(site.name.rpartition(":")[2])

    async def down(self) -> None:
        """Listen no more."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        verify(request.headers, body, relay=RELAY.verifying_key)
        Bundle.parse(body, relay=RELAY.verifying_key)
        name = request.headers["webhook-id"]
        self.names.append(name)
        self.wires.append(body)
        self.at[name] = asyncio.get_running_loop().time()
        await asyncio.sleep(self.slow)
        return web.Response(status=self.status)


@asynccontextmanager
async def desks(*wanted: Desk) -> AsyncIterator[None]:
    """These endpoints are up; all are down at the end."""
    for desk in wanted:
        await desk.up()
    try:
        yield
    finally:
        for desk in wanted:
            await desk.down()


async def until(holds: Callable[[], bool], *, seconds: float = 20.0) -> None:
    """Return once it holds; raises TimeoutError when it takes too long."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - what is waited for is files and lists, which ring no bell
            await asyncio.sleep(0.002)


class Journal:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.lines: list[tuple[Event, str, int]] = []

    def __call__(self, event: Event, *, partner: str, round_number: int) -> None:
        self.lines.append((event, partner, round_number))

    async def has(self, event: Event, partner: str, round_number: int, *, times: int = 1) -> None:
        """Return once this has been told so many times."""
        await until(lambda: self.lines.count((event, partner, round_number)) >= times)
