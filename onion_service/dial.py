"""The only dialler: HTTP to onion addresses over tor's SOCKS port, each call on circuits of its own.

Nothing of us goes along: no cookie, no redirect followed, no proxy from the environment, no version, no
header but `Host`, `Connection` and the caller's own. Nothing comes back but a status and a body of at most
the caller's limit.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
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
_PIECE: Final = 65_536
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
    """What came back."""

    status: int
    body: bytes


class Dialler:
    """Calls onion services through one SOCKS port. Holds no connection between calls."""

    __slots__ = ("_connect_seconds", "_socks")

    def __init__(self, *, socks: SocksAddress, connect_seconds: float = CONNECT_SECONDS) -> None:
        self._socks = socks
        self._connect_seconds = connect_seconds

    async def get(self, url: str, *, limit: int, timeout: float) -> Answer:  # noqa: ASYNC109
        """The answer to GET `url`, of at most `limit` bytes, within `timeout` seconds in all.

        Raises DialError: NotAnOnion and AnswerTooLong are somebody's mistake, TorUnreachable is for the
        operator, OnionUnreachable, TimedOut and NotHttp may pass by themselves.
        """
        return await self._call("GET", url, None, {}, limit, timeout)

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
        return await self._call("POST", url, body, headers or {}, limit, timeout)

    async def _call(
        self,
        method: Literal["GET", "POST"],
        url: str,
        body: bytes | None,
        headers: Mapping[str, str],
        limit: int,
        seconds: float,
    ) -> Answer:
        target = OnionUrl.parse(url)
        try:
            async with asyncio.timeout(seconds), self._session(target) as session:
                sent = _sent(headers, body)
                call = session.request(method, target.url, data=_in_pieces(body), headers=sent, allow_redirects=False)
                async with call as response:
                    return Answer(response.status, await _read_at_most(response, limit))
        except TimeoutError as error:
            raise TimedOut(f"no answer within {seconds:g} s") from error
        except (aiohttp.ClientError, ConnectionError) as error:
            raise NotHttp(f"the answer broke off or is not HTTP: {type(error).__name__}") from error

    @asynccontextmanager
    async def _session(self, target: OnionUrl) -> AsyncIterator[aiohttp.ClientSession]:
        connector = _OnionConnector(self._socks, target, self._connect_seconds)
        async with aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            skip_auto_headers=_NOT_ADDED,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None, sock_read=None),
        ) as session:
            yield session


class _OnionConnector(aiohttp.BaseConnector):
    """Connects to one onion service with one login, whatever it is asked for."""

    def __init__(self, socks: SocksAddress, target: OnionUrl, seconds: float) -> None:
        super().__init__(force_close=True, limit=1)
        self._socks = socks
        self._target = target
        self._seconds = seconds

    async def _create_connection(
        self,
        req: aiohttp.ClientRequest,  # noqa: ARG002
        traces: list[Trace],  # noqa: ARG002
        timeout: aiohttp.ClientTimeout,  # noqa: ARG002, ASYNC109
    ) -> ResponseHandler:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._seconds):
                sock = await connect(self._socks, to=self._target.address, port=self._target.port, login=Login())
        except TimeoutError as error:
            raise TimedOut(f"no connection within {self._seconds:g} s") from error
        try:
            if isinstance(self._socks, UnixSocket):
                _, protocol = await loop.create_unix_connection(lambda: ResponseHandler(loop), sock=sock)
            else:
                _, protocol = await loop.create_connection(lambda: ResponseHandler(loop), sock=sock)
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
