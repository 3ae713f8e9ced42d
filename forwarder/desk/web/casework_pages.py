"""What people do with a report or an incident, from forms that keep what was typed when it cannot be done."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from forwarder.desk.casework import By, Casework, Deed, Kind, Line, Standing, Subject
from forwarder.desk.errors import BadWords, NoSuchState, NoSuchStep, ReasonMissing
from forwarder.desk.program import Desk
from forwarder.desk.triage import STEPS, Reason, State, possible, state_named
from forwarder.desk.web.catalogues import msg
from forwarder.desk.web.forms import Form
from forwarder.desk.web.house import Handler, Visit

#: Faults of what was typed; anything else is told on a page of its own.
TYPED_WRONGLY: Final = (BadWords, ReasonMissing, NoSuchStep, NoSuchState)


@dataclass(frozen=True, slots=True)
class Step:
    """A step that is possible now."""

    state: State
    needs_reason: bool


@dataclass(frozen=True, slots=True)
class Fault:
    """Which form could not be done, with its own value (a state), and why."""

    form: str = ""
    value: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """What people made of a report or an incident, for its page."""

    standing: Standing
    steps: tuple[Step, ...]
    history: tuple[Line, ...]
    colleagues: tuple[str, ...]
    tags: tuple[str, ...]


NO_FAULT: Final = Fault()
BY_ITS_WORD: Final = ", by its word"
_OF_OTHERS: Final = frozenset({Deed.MERGED, Deed.SPLIT, Deed.KEPT_APART})
_NUMBERED: Final = re.compile(r"((?:into )?incident )?(\d+(?:, \d+)*)")
_PUBLISHING: Final = frozenset({State.PUBLISHED, State.CORRECTED, State.WITHDRAWN})
Show = Callable[[Visit, Fault, Form], Awaitable[web.StreamResponse]]
Doing = Callable[[Casework, Subject, Form, By], None]


def case_of(desk: Desk, subject: Subject) -> Case:
    """How it stands. Raises NoSuchReport, NoSuchIncident or MergedAway."""
    casework = Casework(desk.inbox.database)
    standing = casework.standing(subject)
    # What is public of an incident changes by publishing, correcting and withdrawing, and its state follows.
    by_publishing = _PUBLISHING if subject.kind is Kind.INCIDENT else frozenset()
    steps = tuple(
        Step(after, STEPS[standing.state, after] is Reason.NEEDED)
        for after in possible(standing.state)
        if after not in by_publishing
    )
    return Case(standing, steps, tuple(casework.history(subject)), tuple(casework.colleagues()), tuple(casework.tags()))


def detail_of(visit: Visit, line: Line, kind: Kind) -> str:
    """What a line of history names, in words: a report or an incident by its number, else what was typed."""
    if line.deed is Deed.ISSUED:
        return line.detail.rpartition(" ")[2]
    if line.deed is Deed.ALSO and line.detail.endswith(BY_ITS_WORD):
        return visit.t(msg("{name}, por su palabra"), name=line.detail.removesuffix(BY_ITS_WORD))
    found = _NUMBERED.fullmatch(line.detail)
    if line.deed not in _OF_OTHERS or found is None:
        return line.detail
    of_incident = bool(found[1]) or (kind is Kind.REPORT and line.deed is not Deed.KEPT_APART)
    return visit.t(msg("incidente {number}") if of_incident else msg("reporte {number}"), number=found[2])


def routes(
    kind: Kind, path: str, show: Show
) -> dict[tuple[str, str], Callable[[Visit], Awaitable[web.StreamResponse]]]:
    """The forms of one kind of thing; `show` is its page."""
    return {("POST", f"{path}/{name}"): _handler(kind, name, show) for name in _DEEDS}


def _handler(kind: Kind, name: str, show: Show) -> Handler:
    deed, done = _DEEDS[name]

    async def handle(visit: Visit) -> web.StreamResponse:
        subject = Subject(kind, visit.number("number"))
        try:
            await visit.keeper.read(lambda desk: deed(Casework(desk.inbox.database), subject, visit.form, visit.by()))
        except TYPED_WRONGLY as error:
            fault = Fault(name, visit.form.text("state"), " ".join(visit.told(error)))
            return await show(visit, fault, visit.form)
        here = "reports" if kind is Kind.REPORT else "incidents"
        return visit.go(f"/{here}/{subject.number}#{name}", say=visit.t(done))

    return handle


def _mark(casework: Casework, subject: Subject, form: Form, by: By) -> None:
    casework.mark(subject, state_named(form.text("state")), by=by, note=form.text("reason"))


def _note(casework: Casework, subject: Subject, form: Form, by: By) -> None:
    casework.note(subject, form.text("note"), by=by)


def _tag(casework: Casework, subject: Subject, form: Form, by: By) -> None:
    casework.tag(subject, form.text("tag"), by=by)


def _untag(casework: Casework, subject: Subject, form: Form, by: By) -> None:
    casework.untag(subject, form.text("tag"), by=by)


def _assign(casework: Casework, subject: Subject, form: Form, by: By) -> None:
    casework.assign(subject, form.word("colleague"), by=by)


_DEEDS: Final[dict[str, tuple[Doing, str]]] = {
    "mark": (_mark, msg("Hecho.")),
    "note": (_note, msg("Anotado.")),
    "tag": (_tag, msg("Etiqueta puesta.")),
    "untag": (_untag, msg("Etiqueta quitada.")),
    "assign": (_assign, msg("Guardado.")),
}
