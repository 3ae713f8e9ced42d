"""An answer whose body is read from a file while it is sent, so that it never lies in memory whole.

That it was sent changes nothing on the disk: the file is given to us opened (onion_service/unnoticed.py).
"""

import asyncio
from collections.abc import Mapping
from concurrent.futures import Executor
from io import FileIO
from typing import Final

from aiohttp import web

from onion_service.serving import Answer

PIECE: Final = 262_144


class LongAnswer(Answer):
    """One answer to one request, with the first `length` bytes of `file`, which it closes. The file is read by the
    threads of `readers`."""

    def __init__(
        self, file: FileIO, *, length: int, content_type: str, headers: Mapping[str, str], readers: Executor
    ) -> None:
        super().__init__(200, "OK", content_type=content_type, headers=headers, length=length)
        self._file: Final = file
        self._left = length
        self._readers: Final = readers

    async def prepare(self, request: web.BaseRequest) -> None:
        """Write the answer; a connection is broken off when the file is shorter than was said."""
        with self._file:
            loop = asyncio.get_running_loop()
            head, _ = self._chosen(request)
            await self._write(request, head)
            while self._left:
                piece = await loop.run_in_executor(self._readers, self._file.read, min(PIECE, self._left))
                if not piece:
                    raise ConnectionResetError
                self._left -= len(piece)
                await self._write(request, piece)

    async def _write(self, request: web.BaseRequest, data: bytes) -> None:
        transport = request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError
        transport.write(data)
        if request.protocol.writing_paused:
            await request.writer.drain()
