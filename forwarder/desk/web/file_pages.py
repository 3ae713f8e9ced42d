"""Attachments: clean copies to look at, each with its list; and the original, which two deliberate acts release.

What a browser gets is a clean copy from memory, as one of few kinds that it does not have to guess, shut in by a policy
of its own. Nothing of a stranger's chooses a name, a kind or an address.
"""

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from forwarder.desk.errors import NoSuchAttachment
from forwarder.desk.escapes import OTHER_ENDING, attachment_name, printable
from forwarder.desk.findings import CleanCopy, Findings, Outcome
from forwarder.desk.original import Acknowledged
from forwarder.desk.program import Desk
from forwarder.desk.reading import Taking, unsealed
from forwarder.desk.web import gate
from forwarder.desk.web.catalogues import msg
from forwarder.desk.web.house import Visit
from forwarder.desk.web.opened import pages_of

PICTURES: Final = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})
SOUNDS: Final = frozenset({"audio/mpeg", "audio/ogg", "audio/wav", "audio/flac"})
FILMS: Final = frozenset({"video/mp4"})
# `media.memory_cache_max_size`: what is longer an ordinary Firefox plays from a file that it makes for it.
IN_MEMORY_MAX: Final = 8_388_608
TEXT_SHOWN: Final = 20_000
ANYTHING: Final = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page shows of a clean copy. `kind`: picture, pages, sound, film, text, or a file to take; empty when there
    is no copy. `pages`: how many pictures of pages there are; `let_go`: there was a copy, and no room for it beside the
    others; `spills`: to play it, a browser writes it to the disk."""

    kind: str
    name: str
    findings: Findings
    size: int
    pages: int = 0
    text: str = ""
    let_go: bool = False
    spills: bool = False


def shown(copy: CleanCopy, *, place: int) -> Shown:
    """What can be shown of a copy."""
    if not copy.data:
        return Shown("", "", copy.findings, 0, let_go=copy.findings.outcome is not Outcome.NOT_CLEANED)
    name = attachment_name(copy.media, number=place, office=copy.office)
    kinds = {PICTURES: "picture", SOUNDS: "sound", FILMS: "film"}
    kind = next((told for media, told in kinds.items() if copy.media in media), "file")
    pages, text = len(pages_of(copy)), ""
    if pages:
        kind = "pages"
    elif copy.media == "text/plain":
        # A character has at most four bytes: more than this need not be looked at.
        kind, text = "text", printable(copy.data[: 4 * TEXT_SHOWN].decode("utf-8", "replace")[:TEXT_SHOWN])
    spills = kind in ("sound", "film") and len(copy.data) > IN_MEMORY_MAX
    return Shown(kind, name, copy.findings, len(copy.data), pages, text, spills=spills)


async def file_page(visit: Visit) -> web.StreamResponse:
    """One attachment alone, waited for until it is open."""
    number, place = visit.number("number"), visit.number("place")
    entry = await visit.keeper.read(lambda desk: desk.inbox.entry(number))
    copy = await visit.keeper.opened.copy(number, place)
    return visit.page(
        "file.html",
        number=number,
        place=place,
        attachment=entry.report.attachments[place - 1],
        shown=shown(copy, place=place),
    )


async def copy_to_see(visit: Visit) -> web.StreamResponse:
    """The clean copy for a page of ours to show: a picture, a sound or a film, and nothing else."""
    copy = await visit.keeper.opened.copy(visit.number("number"), visit.number("place"))
    if copy.media not in PICTURES | SOUNDS | FILMS:
        raise NoSuchAttachment(visit.number("number"), visit.number("place"))
    return _bytes(copy.data, media=copy.media)


async def page_to_see(visit: Visit) -> web.StreamResponse:
    """The picture of one page of a clean document."""
    number, place, page = (visit.number(name) for name in ("number", "place", "page"))
    pages = pages_of(await visit.keeper.opened.copy(number, place))
    if not 1 <= page <= len(pages):
        raise NoSuchAttachment(number, place)
    return _bytes(pages[page - 1], media="image/jpeg")


async def copy_to_keep(visit: Visit) -> web.StreamResponse:
    """The clean copy as a file on this computer, where nothing of ours protects it any more."""
    number, place = visit.number("number"), visit.number("place")
    copy = await visit.keeper.opened.copy(number, place)
    if not copy.data:
        raise NoSuchAttachment(number, place)
    name = attachment_name(copy.media, number=place, office=copy.office)
    return _bytes(copy.data, media=ANYTHING, name=f"report-{number:06}-{name}")


async def warning(visit: Visit) -> web.StreamResponse:
    """What the original can do, before anybody may have it."""
    return _warning(visit)


async def release(visit: Visit) -> web.StreamResponse:
    """The original, for somebody who said that they have read the warning; their colleagues see that it was taken."""
    number, place = visit.number("number"), visit.number("place")
    if not visit.form.has("acknowledged"):
        return _warning(visit, fault=visit.t(msg("Marque la casilla si de verdad lo necesita.")), status=422)
    note = visit.t(msg("Se sacó el original del adjunto {place}."), place=place)

    def work(desk: Desk) -> bytes:
        taking = Taking(Acknowledged.HARM, visit.by(), note)
        return unsealed(desk.inbox, desk.inbox.entry(number), place, taking=taking)

    data = await visit.keeper.read(work)
    return _bytes(data, media=ANYTHING, name=f"report-{number:06}-attachment-{place:03}-ORIGINAL{OTHER_ENDING}")


def _warning(visit: Visit, *, fault: str = "", status: int = 200) -> web.StreamResponse:
    return visit.page(
        "original.html", status=status, number=visit.number("number"), place=visit.number("place"), fault=fault
    )


def _bytes(data: bytes, *, media: str, name: str = "") -> web.Response:
    headers = {"Content-Security-Policy": gate.FILE_POLICY}
    if name:
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return web.Response(body=data, content_type=media, headers=headers)


_FILE: Final = r"/reports/{number:\d{1,18}}/files/{place:\d{1,3}}"
OPEN: Final = {
    ("GET", _FILE): file_page,
    ("GET", f"{_FILE}/see"): copy_to_see,
    ("GET", f"{_FILE}/pages/{{page:\\d{{1,3}}}}"): page_to_see,
    ("GET", f"{_FILE}/keep"): copy_to_keep,
    ("GET", f"{_FILE}/original"): warning,
    ("POST", f"{_FILE}/original"): release,
}
