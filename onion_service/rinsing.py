"""Overwrites the buffer that bodies are read into, so that what came last does not lie there until as much comes again.

uvloop reads every connection of a loop into one buffer (`uvloop/handles/stream.pyx`, UV_STREAM_RECV_BUF_SIZE). Zeros
that are read as bodies are overwrite it, whatever it held.
"""

import asyncio
import socket
from typing import Final

BUFFER_LEN: Final = 256_000
_SECONDS: Final = 5.0


class _Counting(asyncio.Protocol):
    """Reads, keeps nothing, and says when all has come."""

    def __init__(self, whole: asyncio.Future[bool], length: int) -> None:
        self._whole = whole
        self._length = length
        self._at_once = 0

    def data_received(self, data: bytes) -> None:
        self._length -= len(data)
        self._at_once = max(self._at_once, len(data))
        if self._length <= 0 and not self._whole.done():
            self._whole.set_result(self._at_once >= BUFFER_LEN)

    def connection_lost(self, _error: Exception | None) -> None:
        if not self._whole.done():
            self._whole.set_result(False)


async def rinse() -> bool:
    """Overwrite the buffer of the running loop. Returns whether it was filled whole, by one reading."""
    try:
        reading, writing = socket.socketpair()
    except OSError:
        return False
    with writing:
        try:
            return await _through(reading, writing)
        except OSError:
            reading.close()
            return False


async def _through(reading: socket.socket, writing: socket.socket) -> bool:
    loop = asyncio.get_running_loop()
    for end in (reading, writing):
        end.setblocking(False)
    writing.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * BUFFER_LEN)
    # All of it waits before the loop begins to read, so that one reading takes it.
    sent = writing.send(bytes(BUFFER_LEN))
    whole: asyncio.Future[bool] = loop.create_future()
    transport, _ = await loop.connect_accepted_socket(lambda: _Counting(whole, sent), reading)
    try:
        return await asyncio.wait_for(whole, _SECONDS)
    except TimeoutError:
        return False
    finally:
        transport.close()
