"""What the dialler refuses, what it sends, and how much it takes back; the SOCKS end is scripted, over real
sockets.

Calls through a real tor are in tests/tor/.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onion_service.dial import HEAD_MAX, Answer, Dialler, OnionUrl
from onion_service.errors import (
    AnswerTooLong,
    DialError,
    NotAnOnion,
    NotHttp,
    OnionUnreachable,
    TimedOut,
    TorError,
    TorUnreachable,
)
from onion_service.socks import Login
from onion_service.torrc import LoopbackPort, SocksAddress, UnixSocket

HOST = "2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion"
URL = f"http://{HOST}/cells"
GRANTED = b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhola"


@dataclass
class Proxy:
    """A SOCKS end that says what it is told to say, and remembers what it heard."""

    method: bytes = b"\x05\x02"
    login_reply: bytes = b"\x01\x00"
    reply: bytes = GRANTED
    answer: bytes = OK
    endless: bytes = b""
    silent: bool = False
    logins: list[bytes] = field(default_factory=list)
    asked: list[bytes] = field(default_factory=list)
    requests: list[bytes] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await self._converse(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readexactly(3) == b"\x05\x01\x02"
        writer.write(self.method)
        if self.method != b"\x05\x02":
            return
        self.logins.append(await reader.readexactly(2 + 32 + 1 + 32))
        writer.write(self.login_reply)
        self.asked.append(await reader.readexactly(5 + len(HOST) + 2))
        writer.write(self.reply)
        if self.reply[1:2] != b"\x00":
            return
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"Content-Length: (\d+)", head)
        self.requests.append(head + (await reader.readexactly(int(length[1])) if length else b""))
        if self.silent:
            await reader.read()
        writer.write(self.answer)
        while self.endless:
            writer.write(self.endless)
            await writer.drain()


@asynccontextmanager
async def proxied(proxy: Proxy, at: Path | None = None) -> AsyncIterator[SocksAddress]:
    if at is None:
        server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
        address: SocksAddress = LoopbackPort(server.sockets[0].getsockname()[1])
    else:
        server = await asyncio.start_unix_server(proxy.serve, at)
        address = UnixSocket(at)
    async with server:
        yield address
        await asyncio.sleep(0)


def get(proxy: Proxy, *, timeout: float = 5.0) -> Answer:
    async def body() -> Answer:
        async with proxied(proxy) as socks:
            try:
                return await Dialler(socks=socks).get(URL, limit=100, timeout=timeout)
            finally:
                await asyncio.sleep(0.01)

    return asyncio.run(body())


def test_nothing_of_us_goes_along_with_a_get() -> None:
    proxy = Proxy()
    assert get(proxy) == Answer(200, b"hola")
    assert proxy.requests == [f"GET /cells HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode()]
    assert proxy.asked == [b"\x05\x01\x00\x03\x3e" + HOST.encode() + b"\x00\x50"]


@pytest.mark.parametrize("length", [0, 1, 32_768, 2_000_000])
def test_a_post_is_its_length_and_its_body(length: int, tmp_path: Path) -> None:
    proxy, sent = Proxy(), bytes(length)

    async def body() -> None:
        async with proxied(proxy, tmp_path / "socks") as socks:
            dialler = Dialler(socks=socks)
            answer = await dialler.post(URL, sent, headers={"webhook-id": "letters-7"}, limit=4, timeout=5)
            assert answer == Answer(200, b"hola")

    asyncio.run(body())
    head = f"POST /cells HTTP/1.1\r\nHost: {HOST}\r\nwebhook-id: letters-7\r\nContent-Length: {length}\r\n"
    assert proxy.requests == [head.encode() + b"Connection: close\r\n\r\n" + sent]


def test_a_get_sends_the_callers_headers_in_their_order() -> None:
    proxy = Proxy()
    headers = {"User-Agent": "x", "Accept": "*/*", "Connection": "keep-alive", "Priority": "u=4"}

    async def body() -> None:
        async with proxied(proxy) as socks:
            await Dialler(socks=socks).get(URL, headers=headers, limit=4, timeout=5)

    asyncio.run(body())
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    assert proxy.requests == [f"GET /cells HTTP/1.1\r\nHost: {HOST}\r\n{lines}\r\n".encode()]


@pytest.mark.parametrize(
    ("answer", "head"),
    [
        (OK, OK[:-4]),
        (b"HTTP/1.1 200  Fine\r\ncontent-length:   4\r\nX: \t y \r\n\r\nhola", None),
        (b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + OK, None),
        (b"HTTP/1.1 204 No Content\r\nX: y\r\n\r\n", None),
    ],
)
def test_the_head_is_every_byte_beside_the_body(answer: bytes, head: bytes | None) -> None:
    came = get(Proxy(answer=answer))
    assert came.head + came.body == answer
    assert head is None or came.head == head


def test_the_head_of_an_answer_in_chunks_is_all_of_it() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;mark\r\nho\r\n2\r\nla\r\n0\r\nT: x\r\n\r\n"
    came = get(Proxy(answer=chunked))
    assert (came.body, came.head) == (b"hola", chunked)


def test_a_head_without_end_is_not_kept() -> None:
    early = b"HTTP/1.1 103 Early Hints\r\n\r\n" * 4_000
    came = get(Proxy(answer=early + OK))
    assert came.head == early[: HEAD_MAX + 100]


def test_calls_with_one_login_may_share_circuits() -> None:
    proxy, login = Proxy(), Login()

    async def body() -> None:
        async with proxied(proxy) as socks:
            dialler = Dialler(socks=socks)
            for _ in range(3):
                await dialler.get(URL, login=login, limit=4, timeout=5)

    asyncio.run(body())
    assert len(proxy.logins) == 3
    assert set(proxy.logins) == {b"\x01\x20" + login.name + b"\x20" + login.password}


def test_every_call_has_a_login_of_its_own() -> None:
    proxy = Proxy()

    async def body() -> None:
        async with proxied(proxy) as socks:
            dialler = Dialler(socks=socks)
            await asyncio.gather(*(dialler.get(URL, limit=4, timeout=5) for _ in range(8)))

    asyncio.run(body())
    assert len(set(proxy.logins)) == 8


def test_the_environment_chooses_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert get(Proxy()).status == 200


def test_a_redirect_is_an_answer_and_a_cookie_is_forgotten() -> None:
    proxy = Proxy(
        answer=b"HTTP/1.1 302 Found\r\nLocation: http://example.org/\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"
    )
    assert get(proxy) == Answer(302, b"")
    assert get(proxy) == Answer(302, b"")
    assert len(proxy.requests) == 2
    assert not any(b"Cookie" in request for request in proxy.requests)


def test_a_compressed_answer_stays_as_it_came() -> None:
    proxy = Proxy(answer=b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc")
    assert get(proxy) == Answer(200, b"abc")


def test_an_answer_longer_than_the_limit_is_not_read() -> None:
    with pytest.raises(AnswerTooLong, match="says it has 101 bytes"):
        get(Proxy(answer=b"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n", silent=False))
    with pytest.raises(AnswerTooLong, match="more than 100"):
        get(Proxy(answer=b"HTTP/1.1 200 OK\r\n\r\n", endless=b"a" * 1_000))
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with pytest.raises(AnswerTooLong, match="more than 100"):
        get(Proxy(answer=chunked, endless=b"a\r\n0123456789\r\n"))
    assert len(get(Proxy(answer=b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + bytes(100))).body) == 100


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_not_http_is_said_to_be_so(answer: bytes) -> None:
    with pytest.raises(NotHttp):
        get(Proxy(answer=answer))


@pytest.mark.slow
@given(st.binary(max_size=200))
@settings(deadline=None)
def test_any_bytes_are_an_answer_or_our_error(answer: bytes) -> None:
    for reply in (Proxy(answer=b"HTTP/1.1 200 OK\r\n" + answer), Proxy(answer=answer)):
        with suppress(DialError):
            assert len(get(reply, timeout=1).body) <= 100


@pytest.mark.slow
@given(st.binary(max_size=8), st.binary(max_size=8), st.binary(max_size=30))
@settings(max_examples=25, deadline=None)
def test_any_proxy_lets_us_through_or_is_our_error(method: bytes, login: bytes, reply: bytes) -> None:
    for proxy in (
        Proxy(method=method),
        Proxy(login_reply=login),
        Proxy(reply=reply),
        Proxy(reply=b"\x05" + reply),
    ):
        with suppress(DialError):
            assert get(proxy, timeout=0.2).status == 200


@pytest.mark.slow
def test_silence_has_an_end() -> None:
    with pytest.raises(TimedOut, match="no answer within"):
        get(Proxy(silent=True), timeout=0.2)
    with pytest.raises(TimedOut, match="no connection within"):
        get_from_the_mute()


def get_from_the_mute() -> Answer:
    """A call through a listener that accepts and never says a word."""

    async def body() -> Answer:
        with socket.socket() as mute:
            mute.bind(("127.0.0.1", 0))
            mute.listen()
            socks = LoopbackPort(mute.getsockname()[1])
            return await Dialler(socks=socks, connect_seconds=0.2).get(URL, limit=1, timeout=5)

    return asyncio.run(body())


def test_a_dead_socks_port_is_tor_s_absence(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        for socks in (UnixSocket(tmp_path / "none"), LoopbackPort(closed.getsockname()[1])):
            with pytest.raises(TorUnreachable) as caught:
                asyncio.run(Dialler(socks=socks).get(URL, limit=1, timeout=5))
            assert isinstance(caught.value, TorError)
            assert str(socks) in str(caught.value)
            assert "start tor" in caught.value.hint


@pytest.mark.parametrize("proxy", [Proxy(method=b"\x05\x00"), Proxy(method=b"\x05\xff"), Proxy(method=b"HTTP")])
def test_a_proxy_that_takes_no_login_is_not_used(proxy: Proxy) -> None:
    with pytest.raises(TorUnreachable, match="login"):
        get(proxy)


def test_a_refused_login_is_said(tmp_path: Path) -> None:
    with pytest.raises(TorUnreachable, match="refused our login"):
        get(Proxy(login_reply=b"\x01\x01"))


@pytest.mark.parametrize(
    ("code", "said"), [(4, "down"), (0xF0, "descriptor"), (0xF2, "introduced"), (0x77, "code 119")]
)
def test_tor_s_refusals_are_told_in_words(code: int, said: str) -> None:
    with pytest.raises(OnionUnreachable, match=said):
        get(Proxy(reply=bytes((5, code, 0, 1)) + bytes(6)))


def test_tor_has_the_last_word_on_addresses() -> None:
    with pytest.raises(NotAnOnion, match="tor says"):
        get(Proxy(reply=bytes((5, 0xF6, 0, 1)) + bytes(6)))


@pytest.mark.parametrize("reply", [b"\x05\x00\x00\x03\x04host\x00\x50", b"\x05\x00\x00\x04" + bytes(18), GRANTED])
def test_every_form_of_bound_address_is_read_to_its_end(reply: bytes) -> None:
    assert get(Proxy(reply=reply)).body == b"hola"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://",
        "http:///cells",
        "http://example.org/",
        "http://127.0.0.1/",
        f"https://{HOST}/",
        f"ftp://{HOST}/",
        f"//{HOST}/",
        HOST,
        f"http://user@{HOST}/",
        f"http://user:word@{HOST}/",
        f"http://{HOST}/#part",
        f"http://{HOST}:0/",
        f"http://{HOST}:99999/",
        f"http://{HOST}.example.org/",
        f"http://example.org\\@{HOST}/",
        f"http://{HOST}/a\r\nX: y",
        f"http://{HOST}/a b",
        f"http://{HOST}/\u0144",
        f"http://{HOST}/{'a' * 3000}",
        f"http://[::1]/{HOST}",
        "http://[" + HOST,
    ],
)
def test_nothing_is_sent_to_what_is_no_onion(url: str) -> None:
    proxy = Proxy()

    async def body() -> None:
        async with proxied(proxy) as socks:
            with pytest.raises(NotAnOnion):
                await Dialler(socks=socks).get(url, limit=1, timeout=5)

    asyncio.run(body())
    assert proxy.asked == []


def test_the_port_and_the_path_of_a_url_are_kept() -> None:
    parsed = OnionUrl.parse(f"http://{HOST}:8080/rounds/7?x=1")
    assert (parsed.address.host, parsed.port, str(parsed.url.relative())) == (HOST, 8080, "/rounds/7?x=1")


@given(st.text(max_size=100) | st.text(max_size=60).map(lambda tail: f"http://{HOST}{tail}"))
def test_any_text_is_an_onion_url_or_refused(text: str) -> None:
    with suppress(NotAnOnion):
        parsed = OnionUrl.parse(text)
        assert parsed.url.host == parsed.address.host == HOST
