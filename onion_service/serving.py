"""Serves on a unix socket and says nothing of its own: no log, no clock, no server name, no guessed type.

What leaves is the bytes of an `Answer`, or a complete response freed of the `Date` and `Server` headers.
Whoever stays silent, sends slowly or reads slowly is cut off, and when all places are taken the one who has
been useless longest makes room, so that idle connections never keep a real one out.
"""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from aiohttp import hdrs, web

from onion_service.errors import PortTaken, SocketTaken
from onion_service.torrc import UnixSocket

LINE_MAX: Final = 4_096
FIELD_MAX: Final = 8_190
HEADERS_MAX: Final = 64
BACKLOG: Final = 512
STOP_SECONDS: Final = 5.0
LOOPBACK: Final = "127.0.0.1"


class Answer(web.StreamResponse):
    """One whole HTTP answer as constant bytes; the same object answers everybody.

    aiohttp builds headers anew for each response; this one is written as it is, which also makes it the
    quickest. A HEAD request gets the head alone.
    """

    def __init__(
        self,
        status: int,
        reason: str,
        *,
        body: bytes = b"",
        content_type: str | None = None,
        headers: Mapping[str, str] | None = None,
        length: int | None = None,
    ) -> None:
        """`length`: of a body that does not stand in `body` (onion_service/long_answer.py)."""
        super().__init__(status=status, reason=reason)
        head = f"HTTP/1.1 {status} {reason}\r\nContent-Length: {len(body) if length is None else length}\r\n"
        if content_type is not None:
            head += f"Content-Type: {content_type}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        self.content = body
        self._kept = (f"{head}\r\n".encode("ascii"), body)
        self._last = (f"{head}Connection: close\r\n\r\n".encode("ascii"), body)

    async def prepare(self, request: web.BaseRequest) -> None:
        """Write the answer; called by aiohttp, once for each request."""
        transport = request.transport
        if transport is None:
            raise ConnectionResetError
        head, body = self._chosen(request)
        transport.write(head if request.method == hdrs.METH_HEAD else head + body)
        if request.protocol.writing_paused:
            await request.writer.drain()

    def _chosen(self, request: web.BaseRequest) -> tuple[bytes, bytes]:
        """Head and body, for a connection that goes on or one that ends."""
        if request.keep_alive and self.keep_alive:
            return self._kept
        request.protocol.close()
        return self._last

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing is left to write."""

    @property
    def keep_alive(self) -> bool:
        """False for an answer that always ends the connection; else the request decides, in `prepare`."""
        return super().keep_alive is not False


Handler = Callable[[web.BaseRequest], Awaitable[Answer]]


def closing(answer: Answer) -> Answer:
    """The same answer, after which the connection is closed."""
    answer.force_close()
    return answer


@dataclass(frozen=True, slots=True)
class Refusals:
    """What is answered when no handler did: constants, whatever the request was."""

    malformed: Answer = field(default_factory=lambda: closing(Answer(400, "Bad Request")))
    missing: Answer = field(default_factory=lambda: Answer(404, "Not Found"))
    fault: Answer = field(default_factory=lambda: closing(Answer(503, "Service Unavailable")))


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how many. `idle`: seconds without a request begun; `request`: seconds for one whole
    request, head, body and answer; `linger`: seconds to read away a body nobody wanted, so that its sender
    hears the answer.
    """

    # An open page sends a cell every 60 s over one connection; a limit near that would close it under a cell.
    idle: float = 90.0
    request: float = 180.0
    linger: float = 2.0
    connections: int = 512


@asynccontextmanager
async def serve_on(
    app: web.Application | Handler,
    path: Path,
    *,
    limits: Limits | None = None,
    refusals: Refusals | None = None,
    on_fault: Callable[[type[BaseException]], None] | None = None,
    mode: int = 0o600,
) -> AsyncIterator[None]:
    """Serve `app` on the unix socket at `path` for as long as the block lasts.

    `app` is an application, or one handler for all requests. A stale socket is replaced; anything else at
    `path` raises SocketTaken (the operator must act). `on_fault` hears the class of an error no handler
    caught, and nothing of the request. `mode` is the socket's: 0o660 lets a tor of the same group connect.
    """
    chosen = limits or Limits()
    listening = _listen(path, mode)
    identity = path.stat()
    try:
        async with _accepting(app, _House(chosen, refusals or Refusals(), on_fault or _not_heard), listening):
            yield
    finally:
        listening.close()
        _remove(path, identity)


@asynccontextmanager
async def serve_on_loopback(
    app: web.Application | Handler,
    *,
    port: int = 0,
    limits: Limits | None = None,
    refusals: Refusals | None = None,
    on_fault: Callable[[type[BaseException]], None] | None = None,
) -> AsyncIterator[int]:
    """Serve `app` on 127.0.0.1 and nowhere else for as long as the block lasts; yields the port, which is any that is
    free when `port` is 0. Every user of the machine can connect. Raises PortTaken."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        try:
            listening.bind((LOOPBACK, port))
        except (OSError, OverflowError) as error:
            raise PortTaken(port) from error
        listening.setblocking(False)
        house = _House(limits or Limits(), refusals or Refusals(), on_fault or _not_heard)
        async with _accepting(app, house, listening):
            yield listening.getsockname()[1]
    finally:
        listening.close()


@asynccontextmanager
async def _accepting(app: web.Application | Handler, house: _House, listening: socket.socket) -> AsyncIterator[None]:
    """Connections to a bound socket are served, and cut off when the block ends."""
    runner = _runner(app)
    await runner.setup()
    server = runner.server
    if server is None:
        raise RuntimeError("aiohttp made no server")
    loop = asyncio.get_running_loop()

    def connected() -> Connection:
        return Connection(server, house, loop)

    if listening.family is socket.AF_UNIX:
        accepting: asyncio.Server = await loop.create_unix_server(connected, sock=listening, backlog=BACKLOG)
    else:
        accepting = await loop.create_server(connected, sock=listening, backlog=BACKLOG)
    sweeper = asyncio.create_task(house.sweep(), name="sweeper")
    try:
        yield
    finally:
        accepting.close()
        sweeper.cancel()
        with suppress(asyncio.CancelledError):
            await sweeper
        await runner.cleanup()
        house.clear()


class Connection(web.RequestHandler):
    """One connection: aiohttp's parser and loop, with constant answers and no log."""

    __slots__ = ("age", "answered", "house", "seen")

    def __init__(self, server: web.Server, house: _House, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            server,
            loop=loop,
            keepalive_timeout=house.limits.idle,
            tcp_keepalive=False,
            access_log=None,  # type: ignore[arg-type]
            max_line_size=LINE_MAX,
            max_field_size=FIELD_MAX,
            max_headers=HEADERS_MAX,
            lingering_time=house.limits.linger,
            # A body is what was sent: one cell, never the bomb inside a gzip stream.
            auto_decompress=False,
        )
        self.house = house
        self.answered = 0
        self.seen = 0
        self.age = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.house.enter(self)

    def connection_lost(self, exc: BaseException | None) -> None:
        self.house.leave(self)
        super().connection_lost(exc)

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        if not isinstance(resp, Answer):
            resp = self._fit_to_leave(request, resp)
        done = await super().finish_response(request, resp, start_time)
        self.answered += 1
        self.house.was_useful(self)
        return done

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002
    ) -> web.StreamResponse:
        if status < 500:
            return self.house.refusals.malformed
        self._tell(exc if exc is not None else TimeoutError())
        if request.writer.output_size > 0:
            raise ConnectionResetError
        return self.house.refusals.fault

    def log_exception(self, *args: object, **kw: object) -> None:  # noqa: ARG002
        """Not written anywhere: a traceback can hold what was sent. Only the class of the error is told."""
        error = kw.get("exc_info")
        self._tell(error if isinstance(error, BaseException) else RuntimeError())

    def _tell(self, error: BaseException) -> None:
        """A client that went away is no fault of ours, and a line for each would count clients."""
        if not isinstance(error, ConnectionError):
            self.house.on_fault(type(error))

    def log_debug(self, *args: object, **kw: object) -> None:
        """Not written anywhere."""

    def _fit_to_leave(self, request: web.BaseRequest, response: web.StreamResponse) -> web.StreamResponse:
        """aiohttp's own refusals become ours; only an application's responses lose headers on the way."""
        if isinstance(response, web.HTTPException):
            refusals = self.house.refusals
            return refusals.missing if response.status in (404, 405) else refusals.malformed
        if isinstance(request, web.Request) and isinstance(response, web.StreamResponse):
            return response
        self.house.on_fault(TypeError)
        return self.house.refusals.fault

    @property
    def idle(self) -> bool:
        """Between two requests, or before the first is complete enough to be handled."""
        return self._current_request is None

    def cut_off(self) -> None:
        """End the connection now, whatever still waits to be sent on it."""
        transport = self.transport
        self.force_close()
        if transport is not None:
            transport.abort()


class _House:
    """The open connections, the longest without an answer first, and the rules they live under."""

    __slots__ = ("_open", "limits", "on_fault", "refusals")

    def __init__(self, limits: Limits, refusals: Refusals, on_fault: Callable[[type[BaseException]], None]) -> None:
        self.limits = limits
        self.refusals = refusals
        self.on_fault = on_fault
        self._open: dict[Connection, None] = {}

    def enter(self, newcomer: Connection) -> None:
        if len(self._open) >= self.limits.connections:
            useless = next((one for one in self._open if one.idle), next(iter(self._open)))
            self.leave(useless)
            useless.cut_off()
        self._open[newcomer] = None

    def was_useful(self, connection: Connection) -> None:
        if connection in self._open:
            del self._open[connection]
            self._open[connection] = None

    def leave(self, connection: Connection) -> None:
        self._open.pop(connection, None)

    def clear(self) -> None:
        for connection in tuple(self._open):
            connection.cut_off()

    async def sweep(self) -> None:
        """Cut off who has had no request answered for longer than a pause and a request may last.

        Looked at from outside on a fixed tick, so that it costs a request nothing.
        """
        longest = self.limits.idle + self.limits.request
        tick = longest / 20
        while True:
            await asyncio.sleep(tick)
            for connection in tuple(self._open):
                if connection.answered != connection.seen:
                    connection.seen, connection.age = connection.answered, 0.0
                    continue
                connection.age += tick
                if connection.age > longest:
                    connection.cut_off()


def _runner(app: web.Application | Handler) -> web.AppRunner | web.ServerRunner:
    if not isinstance(app, web.Application):
        return web.ServerRunner(web.Server(app), handle_signals=False, shutdown_timeout=STOP_SECONDS)
    if _without_our_headers not in app.on_response_prepare:
        app.on_response_prepare.append(_without_our_headers)
    return web.AppRunner(app, handle_signals=False, access_log=None, shutdown_timeout=STOP_SECONDS)


async def _without_our_headers(_request: web.Request, response: web.StreamResponse) -> None:
    for name in (hdrs.DATE, hdrs.SERVER):
        response.headers.pop(name, None)


def _not_heard(_kind: type[BaseException]) -> None:
    """For callers who watch their handlers themselves."""


def _listen(path: Path, mode: int) -> socket.socket:
    """A bound socket at `path` that nobody but those in `mode` can ever have connected to."""
    UnixSocket(path)
    _remove_stale(path)
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        before = os.umask(0o777 & ~mode)
        try:
            bound.bind(str(path))
        finally:
            os.umask(before)
        path.chmod(mode)
    except OSError as error:
        bound.close()
        raise SocketTaken(path, error.strerror or str(error)) from error
    bound.setblocking(False)
    return bound


def _remove_stale(path: Path) -> None:
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise SocketTaken(path, "it is there already and is not a socket")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX) as knock:
        try:
            knock.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
        except OSError as error:
            raise SocketTaken(path, error.strerror or str(error)) from error
        else:
            raise SocketTaken(path, "a server answers there")


def _remove(path: Path, identity: os.stat_result) -> None:
    """Remove our socket, and never one that somebody else has put there since."""
    with suppress(FileNotFoundError):
        now = path.lstat()
        if (now.st_dev, now.st_ino) == (identity.st_dev, identity.st_ino):
            path.unlink()
