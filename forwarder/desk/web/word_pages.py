"""The word between desks, "we have this too", beside an incident: one that came is accepted by a person, and one that
leaves shows first all that it says.
"""

from dataclasses import dataclass
from random import SystemRandom
from typing import Final

from aiohttp import web

from crypto.directory import Directory, Partner
from forwarder.desk import reading, telling
from forwarder.desk.errors import NobodyToTell, NotHeard, NothingToTell, SingleReport
from forwarder.desk.own_keys import signing_key
from forwarder.desk.program import Desk
from forwarder.desk.publish.errors import ChangedMeanwhile
from forwarder.desk.telling import Telling
from forwarder.desk.web.casework_pages import Fault, Show
from forwarder.desk.web.catalogues import msg
from forwarder.desk.web.forms import Form
from forwarder.desk.web.house import Handler, Visit
from forwarder.desk.words import Said

REFUSED: Final = (SingleReport, NobodyToTell, NothingToTell, NotHeard, ChangedMeanwhile)

SAID_LATER: Final = msg(
    "Saldrá en las próximas seis horas, a un momento al azar, si la mesa está abierta entonces. Si está cerrada,"
    " hasta media hora después de abrirla; y si se cierra antes, se sortea otra vez, así que puede tardar días."
)


@dataclass(frozen=True, slots=True)
class Others:
    """What other desks said that may be about an incident, and what one could be told: `telling` is all of it, None
    when nothing can be; `partners` are those of the directory."""

    said: tuple[Said, ...]
    telling: Telling | None
    partners: tuple[Partner, ...]


def others(desk: Desk, incident: int, *, now: float) -> Others:
    """What stands beside an incident. Raises NoSuchIncident or MergedAway."""
    directory = _directory(desk, now)
    try:
        what = telling.draft(desk.inbox.database, incident, round_seconds=desk.settings.relay.round_seconds)
    except NothingToTell:
        what = None
    own = desk.settings.config.partner.id
    partners = () if directory is None else tuple(one for one in directory.partners if one.id != own)
    return Others(tuple(desk.words(now=now).beside(incident)), what, partners)


def accept(show: Show) -> Handler:
    """A person says that a word is about this incident."""

    async def handle(visit: Visit) -> web.StreamResponse:
        number, word = visit.number("number"), visit.form.number("word") or 0
        try:
            await visit.keeper.read(lambda desk: desk.words(now=visit.house.now()).accept(number, word, by=visit.by()))
        except REFUSED as error:
            return await show(visit, Fault("accept", "", " ".join(visit.told(error))), visit.form)
        return visit.go(f"/incidents/{number}#others", say=visit.t(msg("Anotado.")))

    return handle


def tell(show: Show) -> Handler:
    """Let a word about this incident leave, at a moment of chance."""

    async def handle(visit: Visit) -> web.StreamResponse:
        number, now = visit.number("number"), visit.house.now()
        seen = _seen(visit.form)

        def work(desk: Desk) -> None:
            what = telling.draft(desk.inbox.database, number, round_seconds=desk.settings.relay.round_seconds)
            if what != seen:
                raise ChangedMeanwhile
            telling.tell(
                desk.inbox.database,
                number,
                visit.form.text("to"),
                telling=what,
                single=visit.form.has("single"),
                directory=_directory(desk, now),
                own=desk.settings.config.partner.id,
                key=signing_key(desk.inbox.database),
                by=visit.by(),
                due=telling.moment(now, chance=SystemRandom()),
            )

        try:
            await visit.keeper.read(work)
        except REFUSED as error:
            return await show(visit, Fault("tell", "", " ".join(visit.told(error))), visit.form)
        said = visit.t(SAID_LATER)
        return visit.go(f"/incidents/{number}#others", say=said)

    return handle


def _seen(form: Form) -> Telling:
    """What the page showed before somebody pressed the button."""
    return Telling(form.text("topic"), form.text("place"), form.number("bucket") or 0, form.has("several"))


def hours(bucket: int) -> str:
    """Six hours (UTC)."""
    return reading.hours(bucket, between=" – ")


def _directory(desk: Desk, now: float) -> Directory | None:
    trusted = desk.directory.current(now=now)
    return None if trusted is None else trusted.directory
