"""The desk's endpoint: takes the relay's bundles and nothing else (docs/spec/delivery.md).

A body is read no further than it can still be a bundle of this relay, never touches the disk before it is verified,
and is acknowledged only when what it held is stored.
"""

import asyncio
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Final

from aiohttp import http_exceptions, web

from crypto.bundle import HEADER_LEN, Bundle
from crypto.cells import CellClass
from crypto.errors import CryptoError, Malformed
from crypto.layers import RoundNumber
from forwarder.bundles import longest
from forwarder.desk.config import RelaySettings
from forwarder.desk.errors import DeskError
from forwarder.desk.inbox import Receipt
from forwarder.desk.rounds import too_far_ahead
from forwarder.desk.verifying import TooLong, bundle_of, length_of
from forwarder.errors import BadWebhook
from forwarder.webhook import claimed, verify
from onion_service.serving import Answer, closing

Take = Callable[[Bundle], Awaitable[Receipt]]


class Refusal(Enum):
    """Why a request brought nothing."""

    NOT_A_DELIVERY = "its headers do not name a round of this relay"
    TOO_FAR_AHEAD = "by our clock its round is still to be: the relay's clock is wrong, or this computer's"
    TOO_LONG = "it is longer than any bundle of this relay"
    BROKEN_OFF = "it broke off before its end; the relay will offer it again"
    NOT_A_BUNDLE = "it is not a bundle that this relay signed"
    DIFFERENT = "another bundle of that round is here already"
    NOT_STORED = "the inbox could not store it"


Tell = Callable[[Refusal], None]


class _BrokenOff(Exception):
    """The connection ended within the body, or what came is not HTTP."""


def endpoint_app(relay: RelaySettings, *, take: Take, tell: Tell, now: Callable[[], float]) -> web.Application:
    """The app: `POST /` is the whole of it. `take` stores a verified bundle; `tell` hears why one was refused; `now` is
    our clock, in seconds since 1970."""
    refusals: Final = {
        Refusal.NOT_A_DELIVERY: closing(Answer(400, "Bad Request")),
        Refusal.TOO_FAR_AHEAD: closing(Answer(400, "Bad Request")),
        Refusal.BROKEN_OFF: closing(Answer(400, "Bad Request")),
        Refusal.NOT_A_BUNDLE: closing(Answer(400, "Bad Request")),
        Refusal.TOO_LONG: closing(Answer(413, "Content Too Large")),
        Refusal.DIFFERENT: Answer(409, "Conflict"),
        Refusal.NOT_STORED: Answer(503, "Service Unavailable"),
    }

    async def receive(request: web.Request) -> web.StreamResponse:
        refusal = await _receive(request, relay, take, now)
        if refusal is None:
            return web.Response(status=204)
        tell(refusal)
        return refusals[refusal]

    app = web.Application()
    app.router.add_post("/", receive)
    return app


async def _receive(request: web.Request, relay: RelaySettings, take: Take, now: Callable[[], float]) -> Refusal | None:
    try:
        cell_class, round_number = claimed(request.headers, round_seconds=relay.round_seconds)
        if too_far_ahead(round_number, relay=relay, now=now()):
            return Refusal.TOO_FAR_AHEAD
        body = await _read(request, relay, cell_class, round_number)
        bundle = await asyncio.to_thread(_verified, request, body, relay, cell_class, round_number)
        receipt = await take(bundle)
    except BadWebhook:
        return Refusal.NOT_A_DELIVERY
    except TooLong:
        return Refusal.TOO_LONG
    except _BrokenOff:
        return Refusal.BROKEN_OFF
    except CryptoError:
        return Refusal.NOT_A_BUNDLE
    except DeskError:
        return Refusal.NOT_STORED
    return Refusal.DIFFERENT if receipt is Receipt.DIFFERENT else None


async def _read(request: web.Request, relay: RelaySettings, cell_class: CellClass, round_number: RoundNumber) -> bytes:
    """The body, as long as its own header says; it is dropped at the first byte that cannot be right."""
    cells = relay.cells(cell_class)
    if (request.content_length or 0) > longest(cell_class, cells=cells):
        raise TooLong
    head = await _up_to(request, HEADER_LEN, bytearray())
    length = length_of(
        bytes(head), relay=relay.verifying_key, cell_class=cell_class, round_number=round_number, cells=cells
    )
    body = await _up_to(request, length, head)
    if await _piece(request, 1):
        raise TooLong
    return bytes(body)


async def _up_to(request: web.Request, length: int, read: bytearray) -> bytearray:
    while len(read) < length:
        piece = await _piece(request, length - len(read))
        if not piece:
            raise Malformed("cut off")
        read += piece
    return read


async def _piece(request: web.Request, length: int) -> bytes:
    try:
        return await request.content.read(length)
    except (ConnectionError, http_exceptions.HttpProcessingError) as error:
        raise _BrokenOff from error


def _verified(
    request: web.Request, body: bytes, relay: RelaySettings, cell_class: CellClass, round_number: RoundNumber
) -> Bundle:
    key, cells = relay.verifying_key, relay.cells(cell_class)
    verify(request.headers, body, relay=key)
    return bundle_of(body, relay=key, cell_class=cell_class, round_number=round_number, cells=cells)
