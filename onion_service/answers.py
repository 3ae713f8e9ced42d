"""Everything the door ever says, byte for byte (docs/spec/door.md).

From outside, an answer says only what its sender already knows; two senders of the same thing get the same bytes.
"""

from enum import Enum
from typing import Final

from onion_service.serving import Answer, Refusals, closing

PAGE_LEN: Final = 262_144

_TEXT: Final = "text/plain; charset=utf-8"
# Said on every answer, so that none differs by its headers.
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Verdict(Enum):
    """What the relay says of one cell; the value is the HTTP status."""

    ACCEPTED = 202
    REFUSED = 400
    ROTATED = 410
    FULL = 503

    __hash__ = object.__hash__


def _say(status: int, reason: str, text: bytes) -> Answer:
    return Answer(status, reason, body=text, content_type=_TEXT, headers=_HEADERS)


CELLS: Final = {
    Verdict.ACCEPTED: _say(202, "Accepted", b"accepted\n"),
    Verdict.REFUSED: _say(400, "Bad Request", b"not one whole cell sealed to this relay\n"),
    Verdict.ROTATED: _say(410, "Gone", b"the key has rotated; fetch the directory\n"),
    Verdict.FULL: _say(503, "Service Unavailable", b"full or frozen; try again in a while\n"),
}
# The same words to whoever sends what cannot be a cell; his connection ends, so that the rest of it is never read.
CUT_OFF: Final = closing(_say(400, "Bad Request", b"not one whole cell sealed to this relay\n"))
NOT_FOUND: Final = _say(404, "Not Found", b"not here\n")
UNAVAILABLE: Final = CELLS[Verdict.FULL]

BUSY: Final = closing(_say(503, "Service Unavailable", b"full or frozen; try again in a while\n"))

# What is said when no handler was reached.
REFUSALS: Final = Refusals(malformed=CUT_OFF, missing=NOT_FOUND, fault=BUSY)


def page(html: bytes) -> Answer:
    """The one page, filled behind its end to the constant length. Raises ValueError when it is too long."""
    if len(html) > PAGE_LEN:
        raise ValueError(f"the page is {len(html)} bytes long; it may have {PAGE_LEN}")
    return _found("text/html; charset=utf-8", html.ljust(PAGE_LEN, b"\n"))


def directory(wire: bytes) -> Answer:
    """The answer to GET /directory, padded already (`crypto.directory.write_answer`)."""
    return _found("application/json", wire)


def hash_lists(wire: bytes) -> Answer:
    """The answer to GET /rounds/<n>."""
    return _found("application/octet-stream", wire)


def _found(media: str, body: bytes) -> Answer:
    return Answer(200, "OK", body=body, content_type=media, headers=_HEADERS)
