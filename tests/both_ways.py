"""What comes at one end of a connection leaves at the other, for those who stand in between in tests."""

import asyncio
from asyncio import StreamReader, StreamWriter
from contextlib import suppress

_PIECE = 65_536


async def both_ways(reader: StreamReader, writer: StreamWriter, onward: tuple[StreamReader, StreamWriter]) -> None:
    """Return when both have ended. They are closed then; where this is cancelled, what was not sent yet is dropped."""
    try:
        await asyncio.gather(_pass_on(reader, onward[1]), _pass_on(onward[0], writer))
    except asyncio.CancelledError:
        for end in (writer, onward[1]):
            end.transport.abort()
        raise


async def _pass_on(reader: StreamReader, writer: StreamWriter) -> None:
    try:
        with suppress(OSError):
            while piece := await reader.read(_PIECE):
                writer.write(piece)
                await writer.drain()
    finally:
        writer.close()
