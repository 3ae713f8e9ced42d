"""The only dialler: HTTP to onion addresses over tor's SOCKS port, each call on circuits of its own.

Nothing of us goes along: no cookie, no redirect followed, no proxy from the environment, no version, no
header but `Host`, `Connection` and the caller's own. Nothing comes back but a status, a head, and a body of at most
the caller's limit. Only who asks for a line keeps a connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Final, Literal, Self

import aiohttp
from aiohttp import hdrs
from aiohttp.client_proto import ResponseHandler
from aiohttp.tracing import Trace
from yarl import URL

from onion_service.address import OnionAddress
from onion_service.errors import AnswerTooLong, NotAnOnion, NotHttp, TimedOut
from onion_service.socks import Login, connect
from onion_service.torrc import SocksAddress, UnixSocket

CONNECT_SECONDS: Final = 120.0
URL_MAX: Final = 2_048
# More than aiohttp takes as one head; an answer may begin with several.
HEAD_MAX: Final = 65_536
_PIECE: Final = 65_536
# As Firefox does; the door keeps one shorter than that, and longer than the ticks of a page are apart.
_KEPT_SECONDS: Final = 115.0
_NOT_ADDED: Final = (hdrs.USER_AGENT, hdrs.ACCEPT, hdrs.ACCEPT_ENCODING, hdrs.CONTENT_TYPE)


@dataclass(frozen=True, slots=True)
class OnionUrl:
    """An `http` URL whose host is a verified onion address and which carries nothing hidden."""

    address: OnionAddress
    port: int
    url: URL

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises NotAnOnion for everything else; who wrote the address must correct it."""
        if len(text) > URL_MAX or not text.isascii() or not text.isprintable() or " " in text:
            raise NotAnOnion("not a URL of printable ASCII characters")
        try:
            url = URL(text)
            scheme, host, port = url.scheme, url.host, url.port
        except ValueError:
            raise NotAnOnion("not a URL") from None
        if scheme != "http":
            raise NotAnOnion("not an http URL; an onion address needs no https")
        if host is None or not port:
            raise NotAnOnion("the URL has no host")
        if url.user is not None or url.password is not None or url.fragment:
            raise NotAnOnion("the URL carries a login or a fragment")
        return cls(OnionAddress(host), port, url)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `head`: every byte that came beside the body, as it was on the wire."""

    status: int
    body: bytes
    head: bytes = field(default=b"", compare=False, repr=False)


class Dialler:
    """Calls onion services through one SOCKS port. Holds no connection between calls."""

    __slots__ = ("_connect_seconds", "_socks")

    def __init__(self, *, socks: SocksAddress, connect_seconds: float = CONNECT_SECONDS) -> None:
        self._socks = socks
        self._connect_seconds = connect_seconds

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        login: Login | None = None,
        limit: int,
        timeout: float,  # noqa: ASYNC109
    ) -> Answer:
        """The answer to GET `url`, of at most `limit` bytes, within `timeout` seconds in all.

        Calls that are given the same `login` may share circuits, as those of one browser's page do. Raises DialError:
        NotAnOnion and AnswerTooLong are somebody's mistake, TorUnreachable is for the operator, OnionUnreachable,
        TimedOut and NotHttp may pass by themselves.
        """
        return await self._call("GET", url, None, headers or {}, limit, timeout, login)

    async def post(
        self,
        url: str,
        body: bytes,
        *,
        headers: Mapping[str, str] | None = None,
        limit: int,
        timeout: float,  # noqa: ASYNC109
    ) -> Answer:
        """The answer to POST `url` with `body` and the caller's `headers`; else as `get`."""
        return await self._call("POST", url, body, headers or {}, limit, timeout, None)

    @asynccontextmanager
    async def line(self, url: str, *, login: Login) -> AsyncIterator[Line]:
        """One connection at a time to the onion service of `url`, kept between calls as a browser keeps it. Lines that
        are given the same `login` share circuits. Raises NotAnOnion."""
        target = OnionUrl.parse(url)
        connector = _OnionConnector(self._socks, target, self._connect_seconds, login, None)
        async with _session(connector) as session:
            yield Line(session, target)

    async def _call(
        self,
        method: Literal["GET", "POST"],
        url: str,
        body: bytes | None,
        headers: Mapping[str, str],
        limit: int,
        seconds: float,
        login: Login | None,
    ) -> Answer:
        target = OnionUrl.parse(url)
        heard = _Heard(limit + HEAD_MAX)
        connector = _OnionConnector(self._socks, target, self._connect_seconds, login or Login(), heard)
        with _told(seconds):
            async with asyncio.timeout(seconds), _session(connector) as session:
                status, came = await _exchange(session, method, target.url, body, headers, limit)
        return Answer(status, came, heard.beside(came))


class Line:
    """Calls to one onion service; what `Dialler.line` yields."""

    __slots__ = ("_session", "_target")

    def __init__(self, session: aiohttp.ClientSession, target: OnionUrl) -> None:
        self._session = session
        self._target = target

    async def get(self, path: str, *, headers: Mapping[str, str], limit: int, timeout: float) -> Answer:  # noqa: ASYNC109
        """The answer to GET `path`, without its head; else as `Dialler.get`."""
        return await self._call("GET", path, None, headers, limit, timeout)

    async def post(
        self,
        path: str,
        body: bytes,
        *,
        headers: Mapping[str, str],
        limit: int,
        timeout: float,  # noqa: ASYNC109
    ) -> Answer:
        """The answer to POST `path` with `body`; else as `get`."""
        return await self._call("POST", path, body, headers, limit, timeout)

    async def _call(
        self,
        method: Literal["GET", "POST"],
        path: str,
        body: bytes | None,
        headers: Mapping[str, str],
        limit: int,
        seconds: float,
    ) -> Answer:
        url = self._target.url.with_path(path)
        with _told(seconds):
            async with asyncio.timeout(seconds):
                return Answer(*await _exchange(self._session, method, url, body, headers, limit))


@contextmanager
def _told(seconds: float) -> Iterator[None]:
    """What went wrong with a call, as one of our errors."""
    try:
        yield
    except TimeoutError as error:
        raise TimedOut(f"no answer within {seconds:g} s") from error
    except (aiohttp.ClientError, ConnectionError) as error:
        raise NotHttp(f"the answer broke off or is not HTTP: {type(error).__name__}") from error


async def _exchange(
    session: aiohttp.ClientSession,
    method: Literal["GET", "POST"],
    url: URL,
    body: bytes | None,
    headers: Mapping[str, str],
    limit: int,
) -> tuple[int, bytes]:
    sent = _sent(headers, body)
    async with session.request(method, url, data=_in_pieces(body), headers=sent, allow_redirects=False) as response:
        return response.status, await _read_at_most(response, limit)


@asynccontextmanager
async def _session(connector: _OnionConnector) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
        skip_auto_headers=_NOT_ADDED,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=None, sock_read=None),
    ) as session:
        yield session


class _Heard:
    """The bytes that came, as they came, up to a limit."""

    __slots__ = ("_bytes", "_limit")

    def __init__(self, limit: int) -> None:
        self._bytes = bytearray()
        self._limit = limit

    def hear(self, data: bytes) -> None:
        self._bytes += data[: max(0, self._limit - len(self._bytes))]

    def beside(self, body: bytes) -> bytes:
        """All of it but the body; all of it when the body came in chunks."""
        end = len(self._bytes) - len(body) if self._bytes.endswith(body) else len(self._bytes)
        return bytes(self._bytes[:end])


class _Listening(ResponseHandler):
    """Reads HTTP, and lets `heard` have the same bytes."""

    def __init__(self, loop: asyncio.AbstractEventLoop, heard: _Heard) -> None:
        super().__init__(loop)
        self._heard = heard

    def data_received(self, data: bytes) -> None:
        self._heard.hear(data)
        super().data_received(data)


class _OnionConnector(aiohttp.BaseConnector):
    """Connects to one onion service with one login, whatever it is asked for. `heard` None: the connection is kept."""

    def __init__(
        self, socks: SocksAddress, target: OnionUrl, seconds: float, login: Login, heard: _Heard | None
    ) -> None:
        if heard is not None:
            super().__init__(force_close=True, limit=1)
        else:
            super().__init__(keepalive_timeout=_KEPT_SECONDS, limit=1)
        self._socks = socks
        self._target = target
        self._seconds = seconds
        self._login = login
        self._heard = heard or _Heard(0)

    async def _create_connection(
        self,
        req: aiohttp.ClientRequest,  # noqa: ARG002
        traces: list[Trace],  # noqa: ARG002
        timeout: aiohttp.ClientTimeout,  # noqa: ARG002, ASYNC109
    ) -> ResponseHandler:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._seconds):
                sock = await connect(self._socks, to=self._target.address, port=self._target.port, login=self._login)
        except TimeoutError as error:
            raise TimedOut(f"no connection within {self._seconds:g} s") from error
        try:
            if isinstance(self._socks, UnixSocket):
                _, protocol = await loop.create_unix_connection(lambda: _Listening(loop, self._heard), sock=sock)
            else:
                _, protocol = await loop.create_connection(lambda: _Listening(loop, self._heard), sock=sock)
        except BaseException:
            sock.close()
            raise
        return protocol


def _sent(headers: Mapping[str, str], body: bytes | None) -> dict[str, str]:
    sent = dict(headers)
    if body is not None:
        sent[hdrs.CONTENT_LENGTH] = str(len(body))
    return sent


def _in_pieces(body: bytes | None) -> AsyncIterator[bytes] | None:
    """A body in pieces, because aiohttp would copy a large one at once and hold up every other call."""

    async def pieces(whole: memoryview) -> AsyncIterator[bytes]:
        for start in range(0, len(whole), _PIECE):
            yield bytes(whole[start : start + _PIECE])

    return None if body is None else pieces(memoryview(body))


async def _read_at_most(response: aiohttp.ClientResponse, limit: int) -> bytes:
    if (response.content_length or 0) > limit:
        raise AnswerTooLong(f"the answer says it has {response.content_length} bytes, of at most {limit}")
    parts: list[bytes] = []
    left = limit
    async for part in response.content.iter_any():
        left -= len(part)
        if left < 0:
            raise AnswerTooLong(f"the answer has more than {limit} bytes")
        parts.append(part)
    return b"".join(parts)
