"""What a server of ours puts on the wire, byte for byte, and whom it cuts off. Raw sockets only."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onion_service.errors import SocketPathTooLong, SocketTaken
from onion_service.serving import Answer, Handler, Limits, Refusals, closing, serve_on

ACCEPTED = Answer(202, "Accepted")
ACCEPTED_WIRE = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"
MALFORMED_WIRE = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
MISSING_WIRE = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
FAULT_WIRE = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
GET_LAST = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
SECRET = "seen-at-the-crossing"
BRISK = Limits(idle=0.3, request=0.3, linger=0.1, connections=512)


def post(body: bytes, *, length: int | None = None) -> bytes:
    return b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (length or len(body), body)


async def read_and_accept(request: web.BaseRequest) -> Answer:
    while await request.content.readany():
        pass
    return ACCEPTED


async def refuse_unread(_request: web.BaseRequest) -> Answer:
    return Answer(400, "Bad Request")


async def break_down(request: web.BaseRequest) -> Answer:
    raise ValueError(f"{SECRET} {request.path}")


@asynccontextmanager
async def serving(
    app: web.Application | Handler,
    path: Path,
    limits: Limits | None = None,
    faults: list[type[BaseException]] | None = None,
) -> AsyncIterator[None]:
    heard = faults.append if faults is not None else None
    async with serve_on(app, path, limits=limits, on_fault=heard):
        yield


async def exchange(path: Path, sent: bytes, *, hang_up: bool = False) -> bytes:
    """Everything the server says to `sent` until it closes the connection."""
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        with suppress(ConnectionError):
            writer.write(sent)
            await writer.drain()
            if hang_up:
                writer.write_eof()
        heard = b""
        with suppress(ConnectionError):
            while part := await reader.read(65_536):
                heard += part
        return heard
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


def test_an_answer_is_the_same_bytes_every_time(tmp_path: Path) -> None:
    async def body() -> None:
        async with serving(read_and_accept, tmp_path / "s"):
            heard = await exchange(tmp_path / "s", post(b"a" * 32_768) + post(b"b") + GET_LAST)
        last = ACCEPTED_WIRE[:-2] + b"Connection: close\r\n\r\n"
        assert heard == ACCEPTED_WIRE + ACCEPTED_WIRE + last

    asyncio.run(body())


def test_a_body_has_its_length_and_only_the_type_it_was_given(tmp_path: Path) -> None:
    page = Answer(200, "OK", body=b"<p>hola</p>", content_type="text/html; charset=utf-8")

    async def show(_request: web.BaseRequest) -> Answer:
        return page

    async def body() -> None:
        async with serving(show, tmp_path / "s"):
            heard = await exchange(tmp_path / "s", GET_LAST)
            head = await exchange(tmp_path / "s", GET_LAST.replace(b"GET", b"HEAD"))
        expected = (
            b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\nContent-Type: text/html; charset=utf-8\r\n"
            b"Connection: close\r\n\r\n"
        )
        assert heard == expected + b"<p>hola</p>"
        assert head == expected

    asyncio.run(body())


def test_an_old_client_is_answered_once_and_let_go(tmp_path: Path) -> None:
    async def body() -> None:
        async with serving(read_and_accept, tmp_path / "s"):
            heard = await exchange(tmp_path / "s", b"GET / HTTP/1.0\r\n\r\n")
        assert heard == ACCEPTED_WIRE[:-2] + b"Connection: close\r\n\r\n"

    asyncio.run(body())


def test_an_application_names_neither_its_server_nor_the_time(tmp_path: Path) -> None:
    async def show(_request: web.Request) -> web.Response:
        return web.Response(body=b"hola", content_type="text/plain")

    app = web.Application()
    app.router.add_get("/", show, allow_head=False)

    async def body() -> None:
        async with serving(app, tmp_path / "s"):
            shown = await exchange(tmp_path / "s", GET_LAST)
            missing = await exchange(tmp_path / "s", GET_LAST.replace(b"/ ", b"/none "))
            not_allowed = await exchange(tmp_path / "s", GET_LAST.replace(b"GET", b"DELETE"))
        assert shown == (
            b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\nConnection: close\r\n\r\nhola"
        )
        assert missing == not_allowed == MISSING_WIRE[:-2] + b"Connection: close\r\n\r\n"

    asyncio.run(body())


@pytest.mark.parametrize(
    "wire",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 70_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"".join(b"X%d: y\r\n" % n for n in range(500)) + b"\r\n",
    ],
)
def test_whatever_is_malformed_gets_one_constant(wire: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def body() -> None:
        async with serving(read_and_accept, tmp_path / "s"):
            assert await exchange(tmp_path / "s", wire) == MALFORMED_WIRE

    with caplog.at_level(logging.DEBUG):
        asyncio.run(body())
    assert not [line for line in caplog.records if line.name != "asyncio"]


@given(st.binary(max_size=300))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_a_request_or_malformed(tmp_path: Path, wire: bytes) -> None:
    async def body() -> None:
        async with serving(read_and_accept, tmp_path / "s", BRISK):
            heard = await exchange(tmp_path / "s", wire, hang_up=True)
        statuses = {part.split(b"\r\n")[0] for part in heard.split(b"HTTP/1.1 ")} - {b""}
        assert statuses <= {b"202 Accepted", b"400 Bad Request"}
        assert b"Date" not in heard
        assert b"Server" not in heard

    asyncio.run(body())


def test_an_error_of_ours_says_nothing_of_the_request(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    faults: list[type[BaseException]] = []
    app = web.Application()
    app.router.add_get("/{rest:.*}", break_down)

    async def body() -> None:
        targets: tuple[web.Application | Handler, ...] = (break_down, app)
        for number, target in enumerate(targets):
            async with serving(target, tmp_path / str(number), faults=faults):
                assert await exchange(tmp_path / str(number), GET) == FAULT_WIRE

    with caplog.at_level(logging.DEBUG):
        asyncio.run(body())
    assert faults == [ValueError, ValueError]
    assert SECRET not in caplog.text
    assert capfd.readouterr() == ("", "")


def test_a_handler_without_an_answer_is_a_fault(tmp_path: Path) -> None:
    faults: list[type[BaseException]] = []

    async def forgetful(_request: web.BaseRequest) -> Answer:
        return None  # type: ignore[return-value]

    async def careless(_request: web.BaseRequest) -> web.Response:
        return web.Response(text="with a Date")

    async def too_slow(_request: web.BaseRequest) -> Answer:
        raise TimeoutError

    async def body() -> None:
        async with serving(forgetful, tmp_path / "a", faults=faults):
            assert await exchange(tmp_path / "a", GET) == FAULT_WIRE
        async with serving(careless, tmp_path / "c", faults=faults):  # type: ignore[arg-type]
            assert await exchange(tmp_path / "c", GET) == FAULT_WIRE
        async with serving(too_slow, tmp_path / "b", faults=faults):
            assert await exchange(tmp_path / "b", GET) == FAULT_WIRE

    asyncio.run(body())
    assert faults == [TypeError, TypeError, TimeoutError]


def test_the_refusals_are_the_caller_s_to_choose(tmp_path: Path) -> None:
    chosen = Refusals(malformed=closing(Answer(400, "No")), missing=Answer(404, "No"), fault=closing(Answer(503, "No")))
    app = web.Application()
    app.router.add_get("/fault", break_down)
    wires = {b"400": b"\0\r\n\r\n", b"404": GET_LAST, b"503": GET.replace(b"/ ", b"/fault ")}

    async def body() -> None:
        async with serve_on(app, tmp_path / "s", refusals=chosen):
            for status, wire in wires.items():
                assert (await exchange(tmp_path / "s", wire)).startswith(b"HTTP/1.1 " + status + b" No\r\n")

    asyncio.run(body())


def test_a_compressed_body_stays_what_was_sent(tmp_path: Path) -> None:
    lengths: list[int] = []

    async def measure(request: web.BaseRequest) -> Answer:
        lengths.append(len(await request.content.read()))
        return ACCEPTED

    async def body() -> None:
        async with serving(measure, tmp_path / "s"):
            wire = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nConnection: close\r\nContent-Length: 5\r\n\r\nnotgz"
            assert (await exchange(tmp_path / "s", wire)).startswith(b"HTTP/1.1 202")

    asyncio.run(body())
    assert lengths == [5]


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET / HT", post(b"half", length=32_768)],
    ids=["silent", "half a head", "half a body"],
)
def test_who_stays_silent_is_cut_off(sent: bytes, tmp_path: Path) -> None:
    async def body() -> None:
        async with serving(read_and_accept, tmp_path / "s", BRISK), asyncio.timeout(5):
            assert await exchange(tmp_path / "s", sent) == b""

    asyncio.run(body())


def test_who_drips_bytes_is_cut_off_all_the_same(tmp_path: Path) -> None:
    async def body() -> None:
        async with serving(read_and_accept, tmp_path / "s", BRISK), asyncio.timeout(5):
            _reader, writer = await asyncio.open_unix_connection(tmp_path / "s")
            writer.write(post(b"", length=32_768))
            with pytest.raises(ConnectionError):
                while True:
                    writer.write(b"x")
                    await writer.drain()
                    await asyncio.sleep(0.02)
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    asyncio.run(body())


def test_who_does_not_read_the_answer_is_cut_off(tmp_path: Path) -> None:
    large = Answer(200, "OK", body=bytes(16_000_000))

    async def show(_request: web.BaseRequest) -> Answer:
        return large

    async def body() -> None:
        loop = asyncio.get_running_loop()
        async with serving(show, tmp_path / "s", BRISK), asyncio.timeout(5):
            with socket.socket(socket.AF_UNIX) as deaf:
                deaf.setblocking(False)
                await loop.sock_connect(deaf, str(tmp_path / "s"))
                await loop.sock_sendall(deaf, GET)
                await asyncio.sleep(1.2)
                heard = 0
                with suppress(ConnectionError):
                    while part := await loop.sock_recv(deaf, 1_000_000):
                        heard += len(part)
        assert 0 < heard < 1_000_000

    asyncio.run(body())


def test_who_reads_the_answer_slowly_but_surely_gets_all_of_it(tmp_path: Path) -> None:
    large = closing(Answer(200, "OK", body=bytes(4_000_000)))

    async def show(_request: web.BaseRequest) -> Answer:
        return large

    async def body() -> None:
        async with serving(show, tmp_path / "s"):
            assert len(await exchange(tmp_path / "s", GET)) > 4_000_000

    asyncio.run(body())


def test_two_hundred_idle_connections_keep_nobody_out(tmp_path: Path) -> None:
    few = Limits(connections=50)

    async def body() -> None:
        async with serving(read_and_accept, tmp_path / "s", few), asyncio.timeout(10):
            idle = [await asyncio.open_unix_connection(tmp_path / "s") for _ in range(200)]
            heard = await exchange(tmp_path / "s", post(b"a" * 32_768) + GET_LAST)
            assert heard.startswith(ACCEPTED_WIRE)
            open_still = [reader for reader, _ in idle if not reader.at_eof() and reader.exception() is None]
            assert len(open_still) <= 50
            for _, writer in idle:
                writer.close()
            for _, writer in idle:
                with suppress(ConnectionError):
                    await writer.wait_closed()

    asyncio.run(body())


def test_a_connection_at_work_is_not_the_one_that_makes_room(tmp_path: Path) -> None:
    async def body() -> None:
        async with serving(read_and_accept, tmp_path / "s", Limits(connections=8)), asyncio.timeout(10):
            reader, writer = await asyncio.open_unix_connection(tmp_path / "s")
            writer.write(post(b"first half", length=20))
            await writer.drain()
            await asyncio.sleep(0.1)
            idle = [await asyncio.open_unix_connection(tmp_path / "s") for _ in range(30)]
            await asyncio.sleep(0.1)
            writer.write(b"other half")
            assert await reader.readuntil(b"\r\n\r\n") == ACCEPTED_WIRE
            for one in [writer, *(writer for _, writer in idle)]:
                one.close()
                with suppress(ConnectionError):
                    await one.wait_closed()

    asyncio.run(body())


def test_a_body_without_end_is_answered_and_not_read_on(tmp_path: Path) -> None:
    async def body() -> None:
        loop = asyncio.get_running_loop()
        sent, heard, part = 0, b"", bytes(65_536)
        async with serving(refuse_unread, tmp_path / "s", BRISK), asyncio.timeout(10):
            with socket.socket(socket.AF_UNIX) as endless:
                endless.setblocking(False)
                await loop.sock_connect(endless, str(tmp_path / "s"))
                await loop.sock_sendall(endless, post(b"", length=1 << 30))
                with suppress(ConnectionError):
                    while sent < 1 << 30:
                        await loop.sock_sendall(endless, part)
                        sent += len(part)
                heard = await loop.sock_recv(endless, 1_000)
        assert sent < 1 << 30
        assert heard.startswith(b"HTTP/1.1 400 Bad Request\r\n")

    asyncio.run(body())


def test_only_the_owner_may_connect_and_the_socket_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "s"

    async def body() -> None:
        for mode in (0o600, 0o660):
            async with serve_on(read_and_accept, path, mode=mode):
                assert stat.S_IMODE(path.stat().st_mode) == mode
            assert not path.exists()

    before = os.umask(0o022)
    try:
        asyncio.run(body())
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(before)


def test_a_stale_socket_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))

    async def body() -> None:
        async with serving(read_and_accept, path):
            assert (await exchange(path, GET_LAST)).startswith(b"HTTP/1.1 202")

    asyncio.run(body())


def test_nothing_that_is_not_a_stale_socket_is_touched(tmp_path: Path) -> None:
    note = tmp_path / "note"
    note.write_text("mine")

    async def body() -> None:
        with pytest.raises(SocketTaken, match="not a socket"):
            async with serving(read_and_accept, note):
                pass
        async with serving(read_and_accept, tmp_path / "s"):
            with pytest.raises(SocketTaken, match="a server answers"):
                async with serving(read_and_accept, tmp_path / "s"):
                    pass
            assert (await exchange(tmp_path / "s", GET_LAST)).startswith(b"HTTP/1.1 202")
        with pytest.raises(SocketTaken):
            async with serving(read_and_accept, tmp_path / "no" / "s"):
                pass
        with pytest.raises(SocketPathTooLong):
            async with serving(read_and_accept, tmp_path / ("s" * 200)):
                pass

    asyncio.run(body())
    assert note.read_text() == "mine"


def test_a_socket_put_there_by_another_since_then_stays(tmp_path: Path) -> None:
    path = tmp_path / "s"

    async def body() -> None:
        async with serving(read_and_accept, path):
            path.unlink()
            path.write_text("theirs")

    asyncio.run(body())
    assert path.read_text() == "theirs"


def test_stopping_ends_open_connections_soon(tmp_path: Path) -> None:
    async def body() -> None:
        async with asyncio.timeout(4):
            async with serving(read_and_accept, tmp_path / "s"):
                reader, writer = await asyncio.open_unix_connection(tmp_path / "s")
                writer.write(GET)
                assert await reader.readuntil(b"\r\n\r\n") == ACCEPTED_WIRE
            assert await reader.read() == b""
            writer.close()
            await writer.wait_closed()

    asyncio.run(body())
