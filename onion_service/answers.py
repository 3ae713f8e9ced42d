"""Everything the door ever says, byte for byte (docs/spec/door.md).

From outside, an answer says only what its sender already knows; two senders of the same thing get the same bytes.
"""

from collections.abc import Mapping
from concurrent.futures import Executor
from enum import Enum
from io import FileIO
from typing import Final

from onion_service import site
from onion_service.long_answer import LongAnswer
from onion_service.serving import Answer, Refusals, closing

_TEXT: Final = "text/plain; charset=utf-8"
_HTML: Final = "text/html; charset=utf-8"
# By the ending of a published file's name, and what any other one is.
_MEDIA: Final = {
    "atom": "application/atom+xml",
    "css": "text/css; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "geojson": "application/geo+json",
    "html": _HTML,
    "json": "application/json",
    "minisig": _TEXT,
    "png": "image/png",
    "xml": "application/xml",
}
_OTHER: Final = "application/octet-stream"
# Said on every answer, so that none differs by its headers.
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": site.policy(),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
# On published files another policy: theirs are no pages of ours.
_PUBLISHED_HEADERS: Final = {**_HEADERS, "Content-Security-Policy": site.alerts_policy()}


class Verdict(Enum):
    """What the relay says of one cell; the value is the HTTP status."""

    ACCEPTED = 202
    REFUSED = 400
    ROTATED = 410
    FULL = 503

    __hash__ = object.__hash__


_REASONS: Final = {
    Verdict.ACCEPTED: "Accepted",
    Verdict.REFUSED: "Bad Request",
    Verdict.ROTATED: "Gone",
    Verdict.FULL: "Service Unavailable",
}
_WORDS: Final = {
    Verdict.ACCEPTED: b"accepted\n",
    Verdict.REFUSED: b"not one whole cell sealed to this relay\n",
    Verdict.ROTATED: b"the key has rotated; fetch the directory\n",
    Verdict.FULL: b"full; try again in a while\n",
}


def _cells(verdict: Verdict) -> Answer:
    return Answer(verdict.value, _REASONS[verdict], body=_WORDS[verdict], content_type=_TEXT, headers=_HEADERS)


def _pasted(verdict: Verdict) -> Answer:
    body = site.pasted(verdict.value)
    return Answer(verdict.value, _REASONS[verdict], body=body, content_type=_HTML, headers=_HEADERS)


# To programs in plain words, to a person whose browser posted a form as a page.
CELLS: Final = {verdict: _cells(verdict) for verdict in Verdict}
PASTED: Final = {verdict: _pasted(verdict) for verdict in Verdict}
# The same to whoever sends what cannot be a cell; their connection ends, so that the rest of it is never read.
CUT_OFF: Final = closing(_cells(Verdict.REFUSED))
PASTED_CUT_OFF: Final = closing(_pasted(Verdict.REFUSED))
# The same when all places for parcels are taken.
BUSY: Final = closing(_cells(Verdict.FULL))
PASTED_BUSY: Final = closing(_pasted(Verdict.FULL))


def _not_found() -> Answer:
    return Answer(404, "Not Found", body=b"not here\n", content_type=_TEXT, headers=_HEADERS)


NOT_FOUND: Final = _not_found()
# The same, and the connection ends.
AWAY: Final = closing(_not_found())
UNAVAILABLE: Final = CELLS[Verdict.FULL]

# What is said when no handler was reached.
REFUSALS: Final = Refusals(malformed=CUT_OFF, missing=NOT_FOUND, fault=BUSY)


def page(served: bytes) -> Answer:
    """The one page, filled to its constant length already (`onion_service.site.served`)."""
    return _found(_HTML, served)


def directory(wire: bytes) -> Answer:
    """The answer to GET /directory, padded already (`crypto.directory.write_answer`)."""
    return _found("application/json", wire)


def hash_lists(wire: bytes) -> Answer:
    """The answer to GET /rounds/<n>."""
    return _found("application/octet-stream", wire)


def bundle(file: FileIO, length: int, *, readers: Executor) -> Answer:
    """The answer to GET /bundles/<class>/<n> at the partners' onion: the bundle of this length in an opened file, which
    is read by the threads of `readers`."""
    return LongAnswer(file, length=length, content_type=_OTHER, headers=_HEADERS, readers=readers)


def published(name: str, wire: bytes) -> Answer:
    """The answer to GET /alerts/<name>. Its policy lets the map's script run and no other: none of a publisher's."""
    return _found(_MEDIA.get(name.rpartition(".")[2], _OTHER), wire, headers=_PUBLISHED_HEADERS)


def _found(media: str, body: bytes, *, headers: Mapping[str, str] = _HEADERS) -> Answer:
    return Answer(200, "OK", body=body, content_type=media, headers=headers)
