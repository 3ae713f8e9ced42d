"""A raw client, and the handlers it talks to, for the tests of the server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from aiohttp import web

from crypto.layers import RoundNumber
from onion_service import answers
from onion_service.serving import Answer, Handler, Limits, serve_on

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


class Little:
    """What a door has to say when there is no relay behind it."""

    def page(self) -> Answer:
        return answers.NOT_FOUND

    def directory(self) -> Answer:
        return answers.UNAVAILABLE

    def round_hashes(self, number: RoundNumber) -> Answer:
        return answers.hash_lists(b"%d" % number)

    def alerts(self, name: str) -> Answer:
        return answers.published(name, name.encode())


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


async def drip(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)
