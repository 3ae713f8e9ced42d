"""Incidents: which reports may be about the same thing, and why; what a person put together, and how it stands.

The program only asks. A number of reports is never shown as a number of witnesses.
"""

from dataclasses import dataclass
from functools import partial
from typing import Final

from aiohttp import web

from forwarder.desk.casework import Casework, Kind, Subject
from forwarder.desk.corroboration import Proposal
from forwarder.desk.corroboration import Reason as Likeness
from forwarder.desk.errors import BadWords, NoSandbox, NotOpenedSafely
from forwarder.desk.incidents import Incident, Incidents
from forwarder.desk.program import Desk
from forwarder.desk.publish.alert import State
from forwarder.desk.reading import edges
from forwarder.desk.searching import Filter, Found, page, round_of_newest
from forwarder.desk.web.casework_pages import NO_FAULT, Case, Fault, case_of, detail_of, routes
from forwarder.desk.web.catalogues import msg
from forwarder.desk.web.forms import EMPTY, Form
from forwarder.desk.web.house import Visit
from forwarder.desk.web.inbox_pages import Row, moment
from forwarder.desk.web.word_pages import accept, hours, others, tell

# Reports of so many days are compared, and of very many the newest: a page is not waited for longer than some seconds.
DAYS: Final = 28
COMPARED: Final = 20_000
DAY_SECONDS: Final = 86_400
PAGE: Final = 50
# Of a proposal or an incident so many reports are shown; the rest of an incident are a link to the inbox.
SHOWN: Final = 50
OPENING: Final = 160


@dataclass(frozen=True, slots=True)
class Question:
    """Reports that may be about the same thing."""

    proposal: Proposal
    rows: tuple[Row, ...]
    more: int


@dataclass(frozen=True, slots=True)
class _Asked:
    incidents: list[Incident]
    proposals: list[tuple[Proposal, tuple[tuple[int, ...], int]]]
    found: dict[int, Found]
    few: bool


async def incidents(visit: Visit) -> web.StreamResponse:
    """The questions, then the incidents."""
    after = visit.query.number("after") or 0
    asked = await visit.keeper.read(lambda desk: _ask(desk, after=after))
    rows, trouble = await _rows(visit, asked.found)
    questions = [
        Question(one, tuple(rows[number] for number in shown if number in rows), more)
        for one, (shown, more) in asked.proposals
    ]
    last = asked.incidents[-1].number if len(asked.incidents) == PAGE else None
    return visit.page(
        "incidents.html",
        questions=questions,
        incidents=asked.incidents,
        following=last,
        days=DAYS,
        compared=COMPARED if asked.few else 0,
        trouble=trouble,
        names=await visit.names(),
        Likeness=Likeness,
    )


async def incident(visit: Visit) -> web.StreamResponse:
    """One incident."""
    return await show(visit, NO_FAULT, EMPTY)


async def show(visit: Visit, fault: Fault, typed: Form) -> web.StreamResponse:
    """One incident, with what was typed into one of its forms and could not be done."""
    number = visit.number("number")
    now = visit.house.now()
    found, case, members, out = await visit.keeper.read(lambda desk: _one(desk, number))
    beside = await visit.keeper.read(lambda desk: others(desk, number, now=now))
    rows, trouble = await _rows(visit, members)
    return visit.page(
        "incident.html",
        status=422 if fault.why else 200,
        number=number,
        incident=found,
        rows=list(rows.values()),
        more=max(0, len(found.reports) - SHOWN),
        case=case,
        kind=Kind.INCIDENT,
        detail=partial(detail_of, visit),
        out=out,
        others=beside,
        hours=hours,
        trouble=trouble,
        names=await visit.names(),
        fault=fault,
        typed=typed,
        form_path=f"/incidents/{number}",
    )


async def split(visit: Visit) -> web.StreamResponse:
    """Take a report out of the incident."""
    number, report = visit.number("number"), visit.form.number("report") or 0

    def work(desk: Desk) -> bool:
        incidents = Incidents(desk.inbox.database)
        # A page that stayed open may show a report that belongs to another incident now.
        if report not in incidents.incident(number).reports:
            return False
        incidents.split(report, by=visit.by())
        return True

    if await visit.keeper.read(work):
        said = visit.t(msg("El reporte {report} volvió a quedar solo."), report=report)
    else:
        said = visit.t(msg("Ese reporte ya no es de este incidente. No se separó nada."))
    return visit.go(f"/incidents/{number}", say=said)


async def also(visit: Visit) -> web.StreamResponse:
    """Note that another organisation has it too."""
    number = visit.number("number")
    try:
        await visit.keeper.read(
            lambda desk: Incidents(desk.inbox.database).also_with(number, visit.form.word("partner"), by=visit.by())
        )
    except BadWords as error:
        return await show(visit, Fault("also", "", " ".join(visit.told(error))), visit.form)
    return visit.go(f"/incidents/{number}#also", say=visit.t(msg("Anotado.")))


def _ask(desk: Desk, *, after: int) -> _Asked:
    kept, seconds = Incidents(desk.inbox.database), desk.settings.relay.round_seconds
    since = desk.inbox.rounds_back(DAYS * DAY_SECONDS // seconds)
    newest = round_of_newest(desk.inbox.database, COMPARED)
    proposals = kept.proposals(round_seconds=seconds, since=max(since, newest)) if not after else []
    asked = [(one, _shown(desk, one)) for one in proposals]
    numbers = sorted({number for _, (shown, _) in asked for number in shown})
    return _Asked(kept.page(after=after, limit=PAGE), asked, _found(desk, numbers), few=newest > since)


def _shown(desk: Desk, one: Proposal) -> tuple[tuple[int, ...], int]:
    """Which reports of a proposal are shown, and so decided on, and how many are still to be asked about: when there
    are too many, one of each incident is shown for all of it, and as many of those that are alone as there is room."""
    if len(one.reports) <= SHOWN:
        return one.reports, 0
    casework, asked = Casework(desk.inbox.database), dict[tuple[bool, int], int]()
    for number in one.reports:
        incident = casework.standing(Subject(Kind.REPORT, number)).incident
        asked.setdefault((incident is None, incident or number), number)
    first = [asked[key] for key in sorted(asked)]
    return tuple(sorted(first[:SHOWN])), max(0, len(first) - SHOWN)


def _one(desk: Desk, number: int) -> tuple[Incident, Case, dict[int, Found], bool]:
    case = case_of(desk, Subject(Kind.INCIDENT, number))
    found = Incidents(desk.inbox.database).incident(number)
    out = any(incident == number and alert.state is not State.WITHDRAWN for incident, alert in desk.alerts())
    return found, case, _found(desk, found.reports[:SHOWN]), out


def _found(desk: Desk, numbers: list[int] | tuple[int, ...]) -> dict[int, Found]:
    """The lines of the list for these reports."""
    found = {}
    for number in numbers:
        (one,) = page(desk.inbox.database, Filter(), after=number - 1, limit=1).found
        found[one.number] = one
    return found


async def _rows(visit: Visit, found: dict[int, Found]) -> tuple[dict[int, Row], tuple[str, str] | None]:
    seconds, trouble = visit.settings.relay.round_seconds, None
    listed = list(found.values())
    try:
        openings = await visit.keeper.opened.openings([(one.number, one.opening) for one in listed])
    except (NoSandbox, NotOpenedSafely) as error:
        openings, trouble = [""] * len(listed), visit.told(error)
    rows = {
        one.number: Row(one, moment(edges(one, round_seconds=seconds)[1]), " ".join(opening.split())[:OPENING])
        for one, opening in zip(listed, openings, strict=True)
    }
    return rows, trouble


_ONE: Final = r"/incidents/{number:\d{1,18}}"
OPEN: Final = {
    ("GET", "/incidents"): incidents,
    ("GET", _ONE): incident,
    ("POST", f"{_ONE}/split"): split,
    ("POST", f"{_ONE}/also"): also,
    ("POST", f"{_ONE}/accept"): accept(show),
    ("POST", f"{_ONE}/tell"): tell(show),
    **routes(Kind.INCIDENT, _ONE, show),
}
