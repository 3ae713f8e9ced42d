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
from onion_service.answers import CELLS, CUT_OFF, NOT_FOUND, Verdict
from onion_service.serving import Answer, Handler

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

    async def handle(request: web.BaseRequest) -> Answer:
        path = request.raw_path
        if request.method == "POST" and path == "/cells":
            cell = await _exactly_one_cell(request)
            return CUT_OFF if cell is None else CELLS[accept(cell)]
        if request.method == "GET":
            if path == "/":
                return said.page()
            if path == "/directory":
                return said.directory()
            if (found := _ROUND.fullmatch(path)) is not None:
                return said.round_hashes(RoundNumber(int(found[1])))
        return NOT_FOUND

    return handle


async def _exactly_one_cell(request: web.BaseRequest) -> bytes | None:
    """The body, if it announces the length of a cell and holds as much; nothing is read of one that does not."""
    length = request.content_length
    if length not in _CELL_LENGTHS:
        return None
    try:
        return await request.content.readexactly(length)
    except (asyncio.IncompleteReadError, ClientPayloadError):
        return None
