"""What a server of ours puts on the wire, byte for byte. Raw sockets only."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onion_service.serving import Answer, Handler, Refusals, closing, serve_on
from tests.unit.onion_service.wire import (
    ACCEPTED,
    ACCEPTED_WIRE,
    BRISK,
    FAULT_WIRE,
    GET,
    GET_LAST,
    MALFORMED_WIRE,
    MISSING_WIRE,
    SECRET,
    break_down,
    exchange,
    post,
    read_and_accept,
    serving,
)


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
            head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nConnection: close\r\n"
            wire = head + b"Content-Length: 5\r\n\r\nnotgz"
            assert (await exchange(tmp_path / "s", wire)).startswith(b"HTTP/1.1 202")

    asyncio.run(body())
    assert lengths == [5]
