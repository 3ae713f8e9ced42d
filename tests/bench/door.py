"""How many letters a second one process accepts at its door, beside a server that does nothing and one opening.

Everything is measured in one run on this machine, in turns, so the ratio means something where the figures do not. The
server is one process over its unix socket; the load comes from another process over 64 keep-alive connections.
"""

import asyncio
import gc
import multiprocessing
import os
import secrets
import statistics
import tempfile
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final, cast

import uvloop
from aiohttp import web

from crypto import letter
from crypto.cells import CellClass
from crypto.layers import RoundKey, RoundNumber, peel, wrap
from crypto.suite import OpeningKey
from onion_service import answers
from onion_service.answers import CELLS, Verdict
from onion_service.door import door
from onion_service.serving import Answer, Handler, serve_on
from relay import spool
from relay.intake import Intake
from relay.spool import Geometry, Spool

CONNECTIONS: Final = 64
CELLS_A_TURN: Final = 6_000
TURNS: Final = 5
ROUND: Final = RoundNumber(7)
AIM: Final = 0.75

_GEOMETRY: Final = Geometry(
    letters=CELLS_A_TURN,
    letter_length=CellClass.LETTER.length_after(1),
    parcels=4,
    parcel_length=CellClass.PARCEL.length_after(1),
)


@dataclass(frozen=True, slots=True)
class Figures:
    """Medians over the turns: letters a second at the door, at the bare server, and seconds for one opening."""

    door: float
    bare: float
    opening: float

    @property
    def ratio(self) -> float:
        """The door's rate against that of a bare request and one opening, one after the other."""
        return self.door * (1 / self.bare + self.opening)


class _NothingSaid:
    def page(self) -> Answer:
        return answers.NOT_FOUND

    def directory(self) -> Answer:
        return answers.NOT_FOUND

    def round_hashes(self, number: RoundNumber) -> Answer:
        return answers.NOT_FOUND

    def alerts(self, name: str) -> Answer:
        return answers.NOT_FOUND


async def _bare(request: web.BaseRequest) -> Answer:
    await request.content.readexactly(request.content_length or 0)
    return CELLS[Verdict.ACCEPTED]


def _serve(pipe: Connection, path: str, *, bare: bool) -> None:
    os.sched_setaffinity(0, {0})
    fd = spool.create(_GEOMETRY)
    held = Spool(fd, _GEOMETRY)
    intake = Intake(held)
    key = intake.turn_to(ROUND)
    pipe.send(key.key.secret_seed())
    handler: Handler = _bare if bare else door(accept=intake.accept, said=_NothingSaid())

    async def run() -> None:
        async with serve_on(handler, Path(path)):
            gc.freeze()  # as the node does
            pipe.send("ready")
            await asyncio.to_thread(pipe.recv)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())
    pipe.send(len(held.held(CellClass.LETTER)))
    held.close()
    os.close(fd)


class _Caller(asyncio.Protocol):
    """One keep-alive connection that sends its cells one after the other and counts the answers by status."""

    def __init__(self, cells: list[bytes], done: asyncio.Future[int]) -> None:
        self._cells = cells
        self._done = done
        self._accepted = 0
        self._seen = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._seen += data
        if not self._seen.endswith(b"\n") or b"\r\n\r\n" not in self._seen:
            return
        self._accepted += self._seen.startswith(b"HTTP/1.1 202")
        self._seen = b""
        if self._cells:
            self._send()
        else:
            self._done.set_result(self._accepted)

    def _send(self) -> None:
        assert self._transport is not None
        cell = self._cells.pop()
        head = f"POST /cells HTTP/1.1\r\nHost: x\r\nContent-Length: {len(cell)}\r\n\r\n".encode()
        self._transport.write(head + cell)


async def load(path: str, cells: list[bytes]) -> tuple[float, int]:
    """Post the cells over keep-alive connections: the seconds it took, and how many were answered 202."""
    loop = asyncio.get_running_loop()
    shares = [cells[start::CONNECTIONS] for start in range(CONNECTIONS)]
    done = [loop.create_future() for _ in shares]
    started = time.perf_counter()
    transports = [
        await loop.create_unix_connection(lambda s=share, d=end: _Caller(s, d), path)  # type: ignore[misc]
        for share, end in zip(shares, done, strict=True)
    ]
    accepted = sum(await asyncio.gather(*done))
    seconds = time.perf_counter() - started
    for transport, _ in transports:
        transport.close()
    return seconds, accepted


def _turn(folder: str, *, bare: bool) -> float:
    path = str(Path(folder) / "door.sock")
    near, far = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(far, path), kwargs={"bare": bare})
    server.start()
    try:
        key = RoundKey(ROUND, OpeningKey(near.recv()))
        # The relay cannot tell a letter from any other bytes, so the load may be made of those.
        length = CellClass.LETTER.length_after(1)
        cells = [wrap(secrets.token_bytes(length), route=[key.key.sealing_key]) for _ in range(CELLS_A_TURN)]
        near.recv()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            seconds, accepted = runner.run(load(path, cells))
        near.send("stop")
        held = near.recv()
    finally:
        server.join()
    if accepted != CELLS_A_TURN or held != (0 if bare else CELLS_A_TURN):
        raise RuntimeError(f"{accepted} answered 202 and {held} held of {CELLS_A_TURN}")
    return CELLS_A_TURN / seconds


def _opening_seconds() -> float:
    os.sched_setaffinity(0, {0})
    key = RoundKey.generate(ROUND)
    envelope = wrap(letter.top_up(CellClass.LETTER, relays=1), route=[key.key.sealing_key])
    started = time.perf_counter()
    for _ in range(2_000):
        peel(envelope, key)
    seconds = (time.perf_counter() - started) / 2_000
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    return seconds


def measure(turns: int = TURNS) -> Figures:
    """The three figures, measured in turns."""
    at_door, at_bare, openings = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        os.sched_setaffinity(0, range(os.cpu_count() or 1))
        for _ in range(turns):
            openings.append(_opening_seconds())
            at_bare.append(_turn(folder, bare=True))
            at_door.append(_turn(folder, bare=False))
    return Figures(statistics.median(at_door), statistics.median(at_bare), statistics.median(openings))
