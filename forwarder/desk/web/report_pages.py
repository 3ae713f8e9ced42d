"""A report: what its writer said, when it came and no finer, its attachments as clean copies, what people made of it.

Every word of it was opened in the sandbox before this page has it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final

from aiohttp import web

from crypto.report import Attachment
from forwarder.desk.casework import Kind, Subject
from forwarder.desk.errors import NoSandbox, NotOpenedSafely
from forwarder.desk.findings import CleanCopy
from forwarder.desk.inbox import Entry
from forwarder.desk.program import Desk
from forwarder.desk.reading import edges
from forwarder.desk.searching import Filter, page
from forwarder.desk.web.casework_pages import NO_FAULT, Case, Fault, case_of, detail_of, routes
from forwarder.desk.web.file_pages import Shown, shown
from forwarder.desk.web.forms import EMPTY, Form
from forwarder.desk.web.house import Visit
from forwarder.desk.web.inbox_pages import moment
from forwarder.desk.web.opened import Words

# How long a page waits for its attachments to be opened; what takes longer is shown when it is asked for again.
OPENING_SECONDS: Final = 6.0


@dataclass(frozen=True, slots=True)
class _Read:
    """What one look into the inbox brings of a report."""

    entry: Entry
    case: Case
    missing: tuple[int, ...]
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class File:
    """One attachment of a report: how it came, and what can be shown of it; None while it is being opened."""

    place: int
    attachment: Attachment
    missing: int
    shown: Shown | None


async def report(visit: Visit) -> web.StreamResponse:
    """The report's page."""
    return await show(visit, NO_FAULT, EMPTY)


async def show(visit: Visit, fault: Fault, typed: Form) -> web.StreamResponse:
    """The report's page, with what was typed into one of its forms and could not be done."""
    number, seconds = visit.number("number"), visit.settings.relay.round_seconds
    read = await visit.keeper.read(lambda desk: _read(desk, number))
    begin, end = edges(read.entry, round_seconds=seconds)
    words, trouble = await _words(visit, read.entry)
    return visit.page(
        "report.html",
        status=422 if fault.why else 200,
        number=number,
        report=read.entry.report,
        words=words,
        trouble=trouble,
        begin=moment(begin),
        end=moment(end),
        here_time=_here(read.entry, seconds),
        files=[] if trouble else await _files(visit, read),
        case=read.case,
        kind=Kind.REPORT,
        detail=partial(detail_of, visit),
        before=read.before,
        after=read.after,
        names=await visit.names(),
        fault=fault,
        typed=typed,
        form_path=f"/reports/{number}",
    )


def _read(desk: Desk, number: int) -> _Read:
    entry = desk.inbox.entry(number)
    database = desk.inbox.database
    before = page(database, Filter(), after=number, limit=1, newest_first=True).found
    after = page(database, Filter(), after=number, limit=1).found
    return _Read(
        entry=entry,
        case=case_of(desk, Subject(Kind.REPORT, number)),
        missing=tuple(desk.inbox.missing(attachment) for attachment in entry.report.attachments),
        before=before[0].number if before else None,
        after=after[0].number if after else None,
    )


async def _words(visit: Visit, entry: Entry) -> tuple[Words, tuple[str, str] | None]:
    try:
        return await visit.keeper.opened.words(where=entry.report.where, text=entry.report.text), None
    except (NoSandbox, NotOpenedSafely) as error:
        return Words("", ""), visit.told(error)


async def _files(visit: Visit, read: _Read) -> list[File]:
    attachments = read.entry.report.attachments
    whole = [place for place, lacking in enumerate(read.missing, start=1) if not lacking]
    copies: Mapping[int, CleanCopy | None] = await visit.keeper.opened.copies(
        read.entry.number, whole, seconds=OPENING_SECONDS
    )
    files = []
    for place, (attachment, lacking) in enumerate(zip(attachments, read.missing, strict=True), start=1):
        copy = copies.get(place)
        files.append(File(place, attachment, lacking, None if copy is None else shown(copy, place=place)))
    return files


def _here(entry: Entry, round_seconds: int) -> str:
    """The round in this computer's own time; empty where that is UTC or cannot be told."""
    try:
        begin = datetime.fromtimestamp(entry.round_number * round_seconds, UTC).astimezone()
        end = datetime.fromtimestamp((entry.round_number + 1) * round_seconds, UTC).astimezone()
    except (ValueError, OverflowError, OSError):
        return ""
    if not begin.utcoffset():
        return ""
    return f"{begin:%Y-%m-%d %H:%M} – {end:%H:%M}"


OPEN: Final = {
    ("GET", r"/reports/{number:\d{1,18}}"): report,
    **routes(Kind.REPORT, r"/reports/{number:\d{1,18}}", show),
}
