"""The gate between a tor's onion port and a relay's door: it sees what tor hands on, byte for byte, and can be shut.

Bytes pass as they are, both ways; a copy of each head is read by aiohttp's parser. What it remembers is what somebody
who watches the relay's side of tor could know of a request: on which connection, when, which and of how many bytes.
"""

from __future__ import annotations

import asyncio
import time
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiohttp import hdrs
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_parser import HttpRequestParser, HttpResponseParser
from multidict import CIMultiDictProxy

from onion_service import answers
from tests.browser.background import Background

_END_OF_HEAD: Final = b"\r\n\r\n"
_PIECE: Final = 65_536
_HEAD_MAX: Final = 65_536
_UNAVAILABLE: Final = answers.UNAVAILABLE._kept
_LOOK_SECONDS: Final = 0.05


class GateError(Exception):
    """What passes is not what the gate can follow: HTTP/1.1 whose bodies say their length."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer. `began` is when its head was there, `ended` when the door had answered whole, in
    seconds of `time.monotonic`."""

    connection: int
    method: str
    path: str
    head: bytes
    body: bytes
    status: int
    answer_head: bytes
    answer_size: int
    began: float
    ended: float

    @property
    def shape(self) -> tuple[str, str, int, int, int, int, int]:
        """What must not depend on whether there is a report: kind, and sizes of heads and bodies."""
        sizes = (len(self.head), len(self.body), self.status, len(self.answer_head), self.answer_size)
        return (self.method, self.path, *sizes)


@dataclass(frozen=True, slots=True)
class _Head:
    wire: bytes
    method: str
    path: str
    status: int
    body_length: int
    closes: bool


@dataclass(frozen=True, slots=True)
class _Ends:
    """The two ends of a connection: what tor says and hears, and what the door does."""

    from_tor: StreamReader
    to_tor: StreamWriter
    from_door: StreamReader
    to_door: StreamWriter


class Gate:
    """Where tor's connections go. A test turns it from outside, at any time."""

    def __init__(self, door: Path, background: Background) -> None:
        self.exchanges: list[Exchange] = []
        self.connections = 0
        self._door = door
        self._background = background
        self._refusing = False
        self._unavailable: frozenset[str] | None = frozenset()
        self._cut_after: int | None = None
        self._open: set[StreamWriter] = set()

    def let_through(self) -> None:
        """Everything passes again."""
        self._refusing, self._unavailable, self._cut_after = False, frozenset(), None

    def refuse(self) -> None:
        """Connections that are open end now, new ones at once."""
        self._refusing = True
        self._background.do(self._end_all())

    def answer_503(self, *paths: str) -> None:
        """Requests for these paths, or all when none is named, get the door's 503 here and do not reach the door."""
        self._unavailable = frozenset(paths) or None

    def cut_next_body(self, *, after: int) -> None:
        """The connection of the next request with a body longer than this ends after so many bytes of it, once."""
        self._cut_after = after

    def lead_to(self, door: Path) -> None:
        """From the next connection on another door stands behind the gate."""
        self._door = door

    def forget(self) -> None:
        """Forget what has passed."""
        self.exchanges.clear()

    def passed(self, method: str, path: str) -> list[Exchange]:
        """The exchanges of one kind, in the order of their ends; a path that ends in `*` means all that begin so."""
        begins, star, _ = path.partition("*")
        return [
            one
            for one in tuple(self.exchanges)
            if one.method == method and (one.path.startswith(begins) if star else one.path == path)
        ]

    def wait_for(self, method: str, path: str, *, count: int = 1, seconds: float = 60.0) -> list[Exchange]:
        """The exchanges of one kind once there are so many; TimeoutError when they do not come."""
        deadline = time.monotonic() + seconds
        while len(found := self.passed(method, path)) < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(found)} of {count} {method} {path} after {seconds:.0f} s")
            time.sleep(_LOOK_SECONDS)
        return found

    async def serve(self, from_tor: StreamReader, to_tor: StreamWriter) -> None:
        """Follow one connection until either side ends it."""
        self.connections += 1
        number = self.connections
        ours = [to_tor]
        self._open.add(to_tor)
        try:
            if self._refusing:
                to_tor.transport.abort()
                return
            from_door, to_door = await asyncio.open_unix_connection(str(self._door), limit=_HEAD_MAX)
            ours.append(to_door)
            self._open.add(to_door)
            ends = _Ends(from_tor, to_tor, from_door, to_door)
            while await self._exchange(number, ends):
                pass
        except (OSError, asyncio.IncompleteReadError):
            return
        finally:
            self._open.difference_update(ours)
            for end in ours:
                end.close()

    async def _exchange(self, number: int, ends: _Ends) -> bool:
        """One request and its answer; whether another may follow."""
        request = _request(await ends.from_tor.readuntil(_END_OF_HEAD))
        began = time.monotonic()
        if self._unavailable is None or request.path in self._unavailable:
            body = await ends.from_tor.readexactly(request.body_length)
            answer, told = _answer(_UNAVAILABLE[0], to=request.method), _UNAVAILABLE[1]
        else:
            body, answer, told = await self._through(request, ends)
        # Remembered before the answer is given, so that whoever has it finds it here.
        self.exchanges.append(
            Exchange(
                connection=number,
                method=request.method,
                path=request.path,
                head=request.wire,
                body=body,
                status=answer.status,
                answer_head=answer.wire,
                answer_size=len(told),
                began=began,
                ended=time.monotonic(),
            )
        )
        ends.to_tor.write(answer.wire + told)
        await ends.to_tor.drain()
        return not (request.closes or answer.closes) and len(body) == request.body_length

    async def _through(self, request: _Head, ends: _Ends) -> tuple[bytes, _Head, bytes]:
        ends.to_door.write(request.wire)
        body = bytearray()
        # The door may answer before it has the whole body, or instead of reading it.
        sending = asyncio.create_task(self._send(request.body_length, ends, body))
        try:
            answer = _answer(await ends.from_door.readuntil(_END_OF_HEAD), to=request.method)
            told = await ends.from_door.readexactly(answer.body_length)
        finally:
            if len(body) < request.body_length:
                sending.cancel()
            with suppress(asyncio.CancelledError, OSError, asyncio.IncompleteReadError):
                await sending
        return bytes(body), answer, told

    async def _send(self, length: int, ends: _Ends, body: bytearray) -> None:
        cut = self._cut_after
        if cut is not None and length > cut:
            self._cut_after = None
            await _pass_on(cut, ends.from_tor, ends.to_door, body)
            ends.to_tor.transport.abort()
            ends.to_door.transport.abort()
            return
        await _pass_on(length, ends.from_tor, ends.to_door, body)

    async def _end_all(self) -> None:
        for writer in tuple(self._open):
            writer.transport.abort()


@contextmanager
def gate_before(door: Path, *, at: Path) -> Iterator[Gate]:
    """A gate that listens on the unix socket `at` and leads to `door`, until the block is left."""
    with Background("gate") as background:
        gate = Gate(door, background)
        server = background.do(asyncio.start_unix_server(gate.serve, str(at), limit=_HEAD_MAX))
        try:
            yield gate
        finally:
            background.do(_close(server, gate))


async def _close(server: asyncio.AbstractServer, gate: Gate) -> None:
    server.close()
    await gate._end_all()


async def _pass_on(length: int, reader: StreamReader, writer: StreamWriter, copy: bytearray) -> None:
    """Hand on exactly so many bytes, as they come."""
    end = len(copy) + length
    while (left := end - len(copy)) > 0:
        piece = await reader.read(min(left, _PIECE))
        if not piece:
            raise asyncio.IncompleteReadError(b"", left)
        copy += piece
        writer.write(piece)
        await writer.drain()


def _request(wire: bytes) -> _Head:
    loop = asyncio.get_running_loop()
    messages, _, _ = HttpRequestParser(BaseProtocol(loop), loop, _HEAD_MAX).feed_data(wire)
    if len(messages) != 1:
        raise GateError(f"not one request: {wire!r}")
    message = messages[0][0]
    return _Head(wire, message.method, message.path, 0, _length(message.headers), message.should_close)


def _answer(wire: bytes, *, to: str) -> _Head:
    loop = asyncio.get_running_loop()
    messages, _, _ = HttpResponseParser(BaseProtocol(loop), loop, _HEAD_MAX).feed_data(wire)
    if len(messages) != 1:
        raise GateError(f"not one answer: {wire!r}")
    message = messages[0][0]
    length = 0 if to == hdrs.METH_HEAD else _length(message.headers)
    return _Head(wire, "", "", message.code, length, message.should_close)


def _length(headers: CIMultiDictProxy[str]) -> int:
    if hdrs.TRANSFER_ENCODING in headers:
        raise GateError("a body in chunks")
    return int(headers.get(hdrs.CONTENT_LENGTH, "0"))
