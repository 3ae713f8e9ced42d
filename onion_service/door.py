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
from crypto.errors import Malformed
from crypto.layers import RoundNumber
from onion_service import pasted
from onion_service.answers import (
    BUSY,
    CELLS,
    CUT_OFF,
    NOT_FOUND,
    PASTED,
    PASTED_BUSY,
    PASTED_CUT_OFF,
    Verdict,
)
from onion_service.serving import Answer, Handler

# Whoever holds so many parcels half sent cannot take the memory of those who come after.
PARCELS_AT_ONCE: Final = 32

_CELL_LENGTHS: Final = frozenset(cell_class.wire_length for cell_class in CellClass)
_ALERTS: Final = "/alerts/"
_ROUND: Final = re.compile(r"/rounds/(0|[1-9][0-9]{0,15})")


class Said(Protocol):
    """What the relay makes public, always ready, so that answering costs the same for everybody."""

    def page(self) -> Answer:
        """The one page."""

    def directory(self) -> Answer:
        """The answer to GET /directory."""

    def round_hashes(self, number: RoundNumber) -> Answer:
        """The hash lists of a closed round, or NOT_FOUND."""

    def alerts(self, name: str) -> Answer:
        """A published file by its name, or NOT_FOUND."""


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
        if request.method == "POST" and path == "/paste":
            return await self._paste(request)
        if request.method == "GET":
            if path == "/":
                return self._said.page()
            if path == "/directory":
                return self._said.directory()
            if (found := _ROUND.fullmatch(path)) is not None:
                return self._said.round_hashes(RoundNumber(int(found[1])))
            if path.startswith(_ALERTS):
                return self._said.alerts(path.removeprefix(_ALERTS))
        return NOT_FOUND

    async def _submit(self, request: web.BaseRequest) -> Answer:
        """Nothing is read of a body that does not announce the length of a cell, and never more than that length."""
        length = request.content_length
        if length not in _CELL_LENGTHS:
            return CUT_OFF
        try:
            cell = await self._read(request, length, parcel=length == CellClass.PARCEL.wire_length)
        except _NoPlace:
            return BUSY
        except (asyncio.IncompleteReadError, ClientPayloadError):
            return CUT_OFF
        return CELLS[self._accept(cell)]

    async def _paste(self, request: web.BaseRequest) -> Answer:
        """The same for the form of those who have scripts off; what is not one armoured cell goes no further."""
        length = request.content_length or 0
        if (cell_class := pasted.cell_class(length)) is None:
            return PASTED_CUT_OFF
        try:
            body = await self._read(request, length, parcel=cell_class is CellClass.PARCEL)
            envelope = pasted.envelope(body)
        except _NoPlace:
            return PASTED_BUSY
        except (asyncio.IncompleteReadError, ClientPayloadError):
            return PASTED_CUT_OFF
        except Malformed:
            return PASTED[Verdict.REFUSED]
        return PASTED[self._accept(envelope)]

    async def _read(self, request: web.BaseRequest, length: int, *, parcel: bool) -> bytes:
        """All of a body. Raises _NoPlace, IncompleteReadError or ClientPayloadError."""
        if parcel and self._parcels >= PARCELS_AT_ONCE:
            raise _NoPlace
        self._parcels += parcel
        try:
            return await request.content.readexactly(length)
        finally:
            self._parcels -= parcel


class _NoPlace(Exception):
    """So many parcels are half sent that another one must wait."""
