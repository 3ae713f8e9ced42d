"""Whom a server of ours cuts off, who makes room, and whose files it leaves alone. Raw sockets only."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import stat
from contextlib import suppress
from pathlib import Path

import pytest
from aiohttp import web

from onion_service.errors import SocketPathTooLong, SocketTaken
from onion_service.serving import Answer, Limits, closing, serve_on
from tests.unit.onion_service.wire import (
    ACCEPTED_WIRE,
    BRISK,
    GET,
    GET_LAST,
    drip,
    exchange,
    post,
    read_and_accept,
    refuse_unread,
    serving,
)

pytestmark = pytest.mark.slow  # waits for real time limits


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


def test_who_asks_once_a_minute_is_not_cut_off() -> None:
    spec = (Path(__file__).parents[3] / "docs" / "spec" / "door.md").read_text(encoding="utf-8")
    said = re.search(r"open for (\d+) seconds .* every (\d+) seconds keeps", " ".join(spec.split()))
    assert said is not None
    # A cell on its way through Tor may be late by this much.
    assert Limits().idle == int(said[1]) >= int(said[2]) + 30


def test_who_drips_bytes_is_cut_off_all_the_same(tmp_path: Path) -> None:
    async def body() -> None:
        async with serving(read_and_accept, tmp_path / "s", BRISK), asyncio.timeout(5):
            _reader, writer = await asyncio.open_unix_connection(tmp_path / "s")
            writer.write(post(b"", length=32_768))
            with pytest.raises(ConnectionError):
                await drip(writer)
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
