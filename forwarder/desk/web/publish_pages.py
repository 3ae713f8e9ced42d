"""Publishing: words are written, a person sees exactly what would leave, and only that leaves.

What was seen is named by its digest; when anything has changed since, nothing leaves and the preview is shown again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Final

from aiohttp import web

from forwarder.desk.errors import DeskError, NoSuchStep, ReasonMissing
from forwarder.desk.program import Desk
from forwarder.desk.publications import Publications, Published, Rules, Waiting
from forwarder.desk.publish.alert import WITHDRAWN_WORDS, Words
from forwarder.desk.publish.drafts import Act, Draft
from forwarder.desk.publish.errors import ChangedMeanwhile, NoPlace, NotConfirmed
from forwarder.desk.publish.places import Gazetteer, read_places
from forwarder.desk.publish.preview import refused
from forwarder.desk.publish.safety import Refusal
from forwarder.desk.web.catalogues import msg
from forwarder.desk.web.house import Faults, Handler, Visit
from forwarder.desk.web.wording import Typed, as_before, blank, typed
from forwarder.errors import ForwarderError

SPOKEN: Final = ("es", "en")
_FIELDS: Final[Mapping[type[DeskError], str]] = {NoPlace: "place", NotConfirmed: "confirmed_by", ReasonMissing: "note"}


@dataclass(frozen=True, slots=True)
class _Rules:
    rules: Rules
    gazetteer: Gazetteer


class _Done(Enum):
    """What became of a form that says: let it leave."""

    LEFT = "left"
    WAITS = "waits"
    BEFORE = "before"


async def published(visit: Visit) -> web.StreamResponse:
    """What is public, what must be done about it, and what leaves by itself."""
    now, languages = int(visit.house.now()), _spoken(visit)
    rules = _rules(visit).rules

    def work(desk: Desk) -> tuple[list[Published], list[Waiting], str]:
        publications = Publications(desk.inbox.database, rules)
        return publications.published(now=now), publications.waiting(now=now), desk.card.alerts

    out, waiting, key = await visit.keeper.read(work)
    return visit.page(
        "published.html",
        out=out,
        waiting=waiting,
        spoken=languages,
        hour=hour,
        folder=str(visit.settings.alerts_folder / "current"),
        key=key,
        signs=visit.keeper.desk.signs,
        names=await visit.names(),
    )


def form_page(act: Act) -> Handler:
    """The page where the words of an act are written."""

    async def write(visit: Visit) -> web.StreamResponse:
        number, rules = visit.number("number"), _rules(visit)
        languages = rules.rules.languages

        def work(desk: Desk) -> Mapping[str, Words] | None:
            held = Publications(desk.inbox.database, rules.rules).current(number)
            return held.alert.words if held is not None and held.out else None

        words = await visit.keeper.read(work)
        if words is None and act is not Act.PUBLISH:
            return visit.go(f"/incidents/{number}/publish")
        if words is not None and act is Act.PUBLISH:
            return visit.go(f"/incidents/{number}/correct")
        # Who takes something back should not have to look for words first.
        said = {Act.PUBLISH: None, Act.CORRECT: words, Act.WITHDRAW: WITHDRAWN_WORDS}[act]
        return await _page(visit, act, rules, blank(languages) if said is None else as_before(said, languages))

    return write


def form_sent(act: Act) -> Handler:
    """What was written is shown as it would leave, or leaves when a person has seen it."""

    async def send(visit: Visit) -> web.StreamResponse:
        rules = _rules(visit)
        said = typed(visit.form, languages=rules.rules.languages, gazetteer=rules.gazetteer)
        if said.wording is None or visit.form.has("back"):
            return await _page(visit, act, rules, said)
        try:
            return await _done(visit, act, rules, said)
        except ChangedMeanwhile as error:
            return await _previewed(visit, act, rules, said, trouble=visit.told(error))
        except NoSuchStep:
            first = visit.t(msg("Antes de publicar, revise el incidente y márquelo como confirmado o sin confirmar."))
            return await _page(visit, act, rules, said, trouble=(visit.t(msg("Todavía no puede salir.")), first))
        except DeskError as error:
            told = visit.told(error)
            name = _FIELDS.get(type(error))
            if name is None:
                return await _page(visit, act, rules, said, trouble=told)
            return await _page(visit, act, rules, Typed(said.typed, faults={name: " ".join(told)}), translated=True)

    return send


async def unwait(visit: Visit) -> web.StreamResponse:
    """It no longer leaves by itself."""
    number, rules = visit.number("number"), _rules(visit).rules
    await visit.keeper.read(lambda desk: Publications(desk.inbox.database, rules).unwait(number, by=visit.by()))
    return visit.go("/published", say=visit.t(msg("Ya no sale sola.")))


async def _done(visit: Visit, act: Act, rules: _Rules, said: Typed) -> web.StreamResponse:
    """Let leave what was seen, let it wait, or show it first."""
    number, now, seen = visit.number("number"), int(visit.house.now()), visit.form.text("seen")
    leaves, waits = visit.form.has("leave"), visit.form.has("wait")
    if not seen or not (leaves or waits):
        return await _previewed(visit, act, rules, said)

    def work(desk: Desk) -> _Done:
        publications = Publications(desk.inbox.database, rules.rules)
        if leaves and _is_out(publications, act, number, said, seen):
            return _Done.BEFORE
        draft = _draft(publications, act, number, said, now)
        if isinstance(draft, Refusal) or draft.digest != seen:
            raise ChangedMeanwhile
        if waits:
            publications.wait(draft, by=visit.by(), now=now)
            return _Done.WAITS
        publications.publish(draft, by=visit.by(), now=now, note=visit.form.text("note"), seen=seen)
        return _Done.LEFT

    done = await visit.keeper.read(work)
    if done is _Done.WAITS:
        return visit.go("/published", say=visit.t(msg("Saldrá sola cuando termine la espera, si nada cambia.")))
    if done is _Done.BEFORE:
        return visit.go("/published", say=visit.t(msg("Eso ya había salido. No salió otra vez.")))
    return visit.go("/published", say=await _released(visit, now))


def _is_out(publications: Publications, act: Act, number: int, said: Typed, seen: str) -> bool:
    """Whether what was seen is what is out already: the form was sent twice."""
    held = publications.current(number)
    if held is None or said.wording is None:
        return False
    return Draft(number, act, held.alert, None, held.confirmed_by, said.wording).digest == seen


async def _released(visit: Visit, now: int) -> str:
    """What was decided is signed; when that fails it is kept, and signed at the next occasion."""
    try:
        found = await visit.keeper.read(lambda desk: desk.release(now=now))
    except ForwarderError as error:
        return visit.t(msg("Quedó decidido, pero todavía no se firmó: {why}"), why=" ".join(visit.told(error)))
    day = datetime.fromtimestamp(found.valid_until, UTC).date().isoformat()
    return visit.t(
        msg("Hecho y firmado. La lista vale hasta el {day}; se renueva sola mientras abra la mesa."), day=day
    )


async def _previewed(
    visit: Visit, act: Act, rules: _Rules, said: Typed, *, trouble: tuple[str, str] | None = None
) -> web.StreamResponse:
    number, now = visit.number("number"), int(visit.house.now())
    draft = await visit.keeper.read(
        lambda desk: _draft(Publications(desk.inbox.database, rules.rules), act, number, said, now)
    )
    if isinstance(draft, Refusal):
        why = refused(draft, language=_spoken(visit))
        return await _page(visit, act, rules, said, trouble=(visit.t(msg("Todavía no puede salir.")), why))
    return visit.page(
        "preview.html",
        status=422 if trouble else 200,
        number=number,
        act=act,
        Act=Act,
        typed=said.typed,
        draft=draft,
        shown=draft.preview(_spoken(visit)),
        trouble=trouble,
        leaves_at=hour(draft.leaves_at) if draft.leaves_at else "",
    )


def _draft(publications: Publications, act: Act, number: int, said: Typed, now: int) -> Draft | Refusal:
    """What would leave now. Raises what publications.py raises."""
    if said.wording is None:
        raise ChangedMeanwhile
    if act is Act.WITHDRAW:
        return publications.withdrawal(number, said.wording.words, now=now)
    making = publications.draft if act is Act.PUBLISH else publications.correction
    return making(number, said.wording, now=now)


async def _page(
    visit: Visit,
    act: Act,
    rules: _Rules,
    said: Typed,
    *,
    trouble: tuple[str, str] | None = None,
    translated: bool = False,
) -> web.StreamResponse:
    names = await visit.names()
    faults = {name: text if translated else visit.t(text) for name, text in said.faults.items()}
    return visit.page(
        "publish.html",
        status=422 if faults or trouble else 200,
        number=visit.number("number"),
        act=act,
        Act=Act,
        typed=said.typed,
        faults=Faults(faults),
        trouble=trouble,
        written=rules.rules.languages,
        places=sorted(rules.gazetteer.names.values()),
        policy=rules.rules.policy,
        topics=sorted(names.topics),
        names=names,
    )


def _rules(visit: Visit) -> _Rules:
    gazetteer = read_places(visit.settings.places_file)
    return _Rules(Rules.of(visit.settings, gazetteer.places, gazetteer.listing), gazetteer)


def _spoken(visit: Visit) -> str:
    return visit.house.language if visit.house.language in SPOKEN else SPOKEN[0]


def hour(seconds: int) -> str:
    """A moment (UTC) to the minute."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")


_ONE: Final = r"/incidents/{number:\d{1,18}}"
OPEN: Final = {
    ("GET", "/published"): published,
    ("POST", f"{_ONE}/unwait"): unwait,
    **{("GET", f"{_ONE}/{act.value}"): form_page(act) for act in Act},
    **{("POST", f"{_ONE}/{act.value}"): form_sent(act) for act in Act},
}
