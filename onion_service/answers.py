"""Everything the door ever says, byte for byte (docs/spec/door.md).

From outside, an answer says only what its sender already knows; two senders of the same thing get the same bytes.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

PAGE_LEN: Final = 262_144


class Verdict(Enum):
    """What the relay says of one cell; the value is the HTTP status."""

    ACCEPTED = 202
    REFUSED = 400
    ROTATED = 410
    FULL = 503


@dataclass(frozen=True, slots=True)
class Answer:
    """One whole answer: status, media type, body."""

    status: int
    media: str
    body: bytes


# Said on every answer, so that none differs by its headers.
HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

CELLS: Final = {
    Verdict.ACCEPTED: Answer(202, "text/plain; charset=utf-8", b"accepted\n"),
    Verdict.REFUSED: Answer(400, "text/plain; charset=utf-8", b"not one whole cell sealed to this relay\n"),
    Verdict.ROTATED: Answer(410, "text/plain; charset=utf-8", b"the key has rotated; fetch the directory\n"),
    Verdict.FULL: Answer(503, "text/plain; charset=utf-8", b"full or frozen; try again in a while\n"),
}
NOT_FOUND: Final = Answer(404, "text/plain; charset=utf-8", b"not here\n")
UNAVAILABLE: Final = Answer(503, "text/plain; charset=utf-8", b"full or frozen; try again in a while\n")


def page(html: bytes) -> Answer:
    """The one page, padded behind its end to the constant length. Raises ValueError when it is too long."""
    if len(html) > PAGE_LEN:
        raise ValueError(f"the page is {len(html)} bytes long; it may have {PAGE_LEN}")
    return Answer(200, "text/html; charset=utf-8", html.ljust(PAGE_LEN, b"\n"))
