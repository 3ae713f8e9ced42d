"""The inbox: reports as a list with filters and a search, one page at a time; some of them put together or kept apart.

A list shows how a text begins, opened in the sandbox, and never reads a report.
"""

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from forwarder.desk.casework import Casework
from forwarder.desk.errors import NoSandbox, NotMerged, NotOpenedSafely
from forwarder.desk.incidents import Incidents
from forwarder.desk.program import Desk
from forwarder.desk.reading import edges
from forwarder.desk.searching import Found, Page, count, known, page
from forwarder.desk.triage import State
from forwarder.desk.web.catalogues import msg
from forwarder.desk.web.forms import Form
from forwarder.desk.web.house import Faults, Visit
from forwarder.desk.web.looking import FIELDS, NOBODY, Looking, looking

PAGE: Final = 50
OPENING: Final = 110


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list."""

    found: Found
    until: str
    opening: str


@dataclass(frozen=True, slots=True)
class _Listed:
    """What one look into the inbox brings."""

    page: Page
    count: int
    empty: bool
    topics: list[str]
    places: list[str]
    tags: list[str]
    colleagues: list[str]


async def first(visit: Visit) -> web.StreamResponse:
    """Where an open desk begins: at what is still to be set up, else at the inbox."""
    return visit.go("/relay" if visit.settings.config.relay is None else "/inbox")


async def inbox(visit: Visit) -> web.StreamResponse:
    """The list."""
    if visit.settings.config.relay is None:
        return visit.go("/relay")
    seconds = visit.settings.relay.round_seconds
    number = visit.query.number("look")
    remembered = visit.session.looks.get(number) if number is not None else None
    if number is not None and remembered is None:
        return visit.go(
            "/inbox",
            say=visit.t(msg("Esa búsqueda ya no está: las búsquedas se olvidan al cerrar la mesa. Busque otra vez.")),
        )
    query = visit.query if remembered is None else Form({name: (typed,) for name, typed in remembered.items()})
    asked = looking(query, round_seconds=seconds, number=None if remembered is None else number)
    listed = await visit.keeper.read(lambda desk: _list(desk, asked, after=visit.query.number("after")))
    rows, trouble = await _rows(visit, listed.page, round_seconds=seconds)
    return visit.page(
        "inbox.html",
        status=422 if asked.faults else 200,
        asked=asked,
        faults=Faults({name: visit.t(text) for name, text in asked.faults.items()}),
        rows=rows,
        trouble=trouble,
        following=asked.link(after=listed.page.after) if listed.page.after is not None else "",
        first=asked.link() if visit.query.number("after") is not None else None,
        listed=listed,
        names=await visit.names(),
        states=list(State),
        nobody=NOBODY,
    )


async def look(visit: Visit) -> web.StreamResponse:
    """Look for something. What was typed stays in this program, so that no browser keeps it with its addresses."""
    number = visit.session.remember({name: visit.form.word(name) for name in FIELDS})
    return visit.go(f"/inbox?look={number}")


async def together(visit: Visit) -> web.StreamResponse:
    """Put the chosen reports into one incident, or remember that they are not about the same thing."""
    numbers = visit.form.numbers("report")
    apart = visit.form.has("apart")

    def work(desk: Desk) -> int:
        incidents = Incidents(desk.inbox.database)
        if apart:
            incidents.keep_apart(numbers, by=visit.by())
            return 0
        if len(numbers) < 2 and not visit.form.has("alone"):
            raise NotMerged("two reports at least become one incident")
        return incidents.merge(numbers, by=visit.by())

    incident = await visit.keeper.read(work)
    if apart:
        return visit.go("/inbox", say=visit.t(msg("Anotado: no son lo mismo. No se volverá a preguntar.")))
    return visit.go(f"/incidents/{incident}", say=visit.t(msg("Ahora son un incidente.")))


def _list(desk: Desk, asked: Looking, *, after: int | None) -> _Listed:
    database = desk.inbox.database
    topics, places = known(database)
    casework = Casework(database)
    return _Listed(
        page=page(database, asked.wanted, after=after, limit=PAGE, newest_first=asked.newest_first),
        count=count(database, asked.wanted),
        empty=desk.inbox.empty,
        topics=topics,
        places=places,
        tags=casework.tags(),
        colleagues=casework.colleagues(),
    )


async def _rows(visit: Visit, listed: Page, *, round_seconds: int) -> tuple[list[Row], tuple[str, str] | None]:
    """The lines of the list; without a sandbox they have no text, and why is said."""
    trouble = None
    try:
        openings = await visit.keeper.opened.openings([(one.number, one.opening) for one in listed.found])
    except (NoSandbox, NotOpenedSafely) as error:
        openings, trouble = [""] * len(listed.found), visit.told(error)
    rows = [
        Row(one, moment(edges(one, round_seconds=round_seconds)[1]), _short(opening))
        for one, opening in zip(listed.found, openings, strict=True)
    ]
    return rows, trouble


def moment(told: str) -> str:
    """A round's edge as a list shows it: `2026-03-21 14:15`, or what cannot be told."""
    return told[:16].replace("T", " ")


def _short(opening: str) -> str:
    text = " ".join(opening.split())
    return text if len(text) <= OPENING else f"{text[: OPENING - 1]}…"


OPEN: Final = {
    ("GET", "/"): first,
    ("GET", "/inbox"): inbox,
    ("POST", "/inbox"): look,
    ("POST", "/together"): together,
}
