"""The door: what reporters reach. It reads a body, calls `accept`, and gives one of the constant answers
(docs/spec/door.md).

It looks at nothing but the method, the path and the body: no header changes an answer, so everybody gets the same. It
never reads more than one cell, and puts it nowhere but into memory.
"""

import asyncio
import re
from collections.abc import Callable
from typing import Final, Protocol

from aiohttp import ClientPayloadError, web

from crypto.cells import CellClass
from crypto.layers import RoundNumber
from onion_service.answers import BUSY, CELLS, CUT_OFF, NOT_FOUND, Verdict
from onion_service.serving import Answer, Handler

# Whoever holds so many parcels half sent cannot take the memory of those who come after.
PARCELS_AT_ONCE: Final = 32

_CELL_LENGTHS: Final = frozenset(cell_class.wire_length for cell_class in CellClass)
_ROUND: Final = re.compile(r"/rounds/(0|[1-9][0-9]{0,15})")


class Said(Protocol):
    """What the relay makes public, always ready, so that answering costs the same for everybody."""

    def page(self) -> Answer:
        """The one page."""

    def directory(self) -> Answer:
        """The answer to GET /directory."""

    def round_hashes(self, number: RoundNumber) -> Answer:
        """The hash lists of a closed round, or NOT_FOUND."""


def door(*, accept: Callable[[bytes], Verdict], said: Said) -> Handler:
    """The handler of the door. `accept` has one argument, so nothing but a body can reach the relay."""
    return _Door(accept, said).handle


class _Door:
    __slots__ = ("_accept", "_parcels", "_said")

    def __init__(self, accept: Callable[[bytes], Verdict], said: Said) -> None:
        self._accept = accept
        self._said = said
        self._parcels = 0

    async def handle(self, request: web.BaseRequest) -> Answer:
        path = request.raw_path
        if request.method == "POST" and path == "/cells":
            return await self._submit(request)
        if request.method == "GET":
            if path == "/":
                return self._said.page()
            if path == "/directory":
                return self._said.directory()
            if (found := _ROUND.fullmatch(path)) is not None:
                return self._said.round_hashes(RoundNumber(int(found[1])))
        return NOT_FOUND

    async def _submit(self, request: web.BaseRequest) -> Answer:
        """Nothing is read of a body that does not announce the length of a cell, and never more than that length."""
        length = request.content_length
        if length not in _CELL_LENGTHS:
            return CUT_OFF
        is_parcel = length == CellClass.PARCEL.wire_length
        if is_parcel and self._parcels >= PARCELS_AT_ONCE:
            return BUSY
        self._parcels += is_parcel
        try:
            cell = await request.content.readexactly(length)
        except (asyncio.IncompleteReadError, ClientPayloadError):
            return CUT_OFF
        finally:
            self._parcels -= is_parcel
        return CELLS[self._accept(cell)]
