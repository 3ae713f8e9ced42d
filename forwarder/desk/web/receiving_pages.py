"""What has come, what is missing and may still come, what is lost, and whether the relay can reach this desk now."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from aiohttp import web

from crypto.cells import CellClass
from forwarder.desk.endpoint import Refusal
from forwarder.desk.errors import NoSandbox, NotOpenedSafely
from forwarder.desk.inbox import Damage
from forwarder.desk.listener import in_words
from forwarder.desk.program import Desk
from forwarder.desk.publish.release import good_until
from forwarder.desk.reading import edge
from forwarder.desk.rounds import Span
from forwarder.desk.sandbox import Sandbox
from forwarder.desk.tending import Told
from forwarder.desk.web.catalogues import msg
from forwarder.desk.web.house import Visit
from forwarder.desk.web.inbox_pages import moment
from forwarder.desk.web.receiver import Receiver
from forwarder.desk.web.texts import SAID

SPANS_SHOWN: Final = 30


@dataclass(frozen=True, slots=True)
class Stretch:
    """Rounds one after the other, by their edges (UTC)."""

    count: int
    begin: str
    end: str


@dataclass(frozen=True, slots=True)
class Stretches:
    """The newest stretches of a kind, and how many older ones there are."""

    shown: tuple[Stretch, ...]
    more: int


@dataclass(frozen=True, slots=True)
class Came:
    """Where one class stands. `until`: the end of the newest round that came, empty when none did. `ahead`: how many
    came of rounds that are still to be by our clock."""

    cell_class: CellClass
    until: str
    here: int
    to_come: Stretches
    not_kept: Stretches
    lost: Stretches
    ahead: int

    @property
    def whole(self) -> bool:
        """Whether nothing is missing."""
        return not (self.to_come.shown or self.not_kept.shown or self.lost.shown or self.ahead)


@dataclass(frozen=True, slots=True)
class Wrong:
    """Something that does not work: what, why and what to do about it; and the error in its own English words."""

    what: str
    why: tuple[str, ...]
    words: str = ""


@dataclass(frozen=True, slots=True)
class _State:
    came: tuple[Came, ...]
    orphans: int
    damage: Damage
    good_until: int | None


async def receiving(visit: Visit) -> web.StreamResponse:
    """How receiving stands."""
    if visit.settings.config.relay is None:
        return visit.go("/relay")
    now = visit.house.now()
    receiver = visit.keeper.receiver
    signed = Told.NOT_RELEASED not in receiver.troubles
    state = await visit.keeper.read(lambda desk: _state(desk, now=now, signed=signed))
    failed = receiver.standing.error
    return visit.page(
        "receiving.html",
        state=state,
        coming=receiver.coming,
        failed="" if failed is None else in_words(failed),
        wrong=list(_wrong(visit, receiver, state.good_until)),
        walls=await _walls(visit),
    )


async def again(visit: Visit) -> web.StreamResponse:
    """Try once more to be reachable."""
    await visit.keeper.receive_again()
    return visit.go("/receiving", say=visit.t(msg("Se intenta otra vez.")))


def _wrong(visit: Visit, receiver: Receiver, good_until: int | None) -> Iterator[Wrong]:
    cause = None if receiver.coming is None else receiver.coming.cause
    if isinstance(cause, Refusal):
        yield Wrong(visit.t(msg("Algo que la mesa fue a recoger no sirve.")), (visit.t(SAID[cause]),))
    elif cause is not None:
        yield Wrong(visit.t(msg("La mesa no pudo recoger lo que faltaba.")), visit.told(cause), in_words(cause))
    if receiver.refused is not None:
        yield Wrong(visit.t(msg("La última entrega del relevo se rechazó.")), (visit.t(SAID[receiver.refused]),))
    for what, error in receiver.troubles.items():
        why: tuple[str, ...] = () if error is None else visit.told(error)
        if what is Told.NOT_RELEASED and good_until is not None:
            day = datetime.fromtimestamp(good_until, UTC).date().isoformat()
            why = (visit.t(msg("Lo publicado vale hasta el {day}; después nadie debe creerlo."), day=day),)
        yield Wrong(visit.t(SAID[what]), why, "" if error is None else in_words(error))


async def _walls(visit: Visit) -> Sandbox | None:
    """What shuts in the program that opens things; None when nothing does, and nothing is opened."""
    try:
        return await visit.keeper.opened.sandbox()
    except (NoSandbox, NotOpenedSafely):
        return None


def _state(desk: Desk, *, now: float, signed: bool) -> _State:
    seconds = desk.settings.relay.round_seconds
    came = tuple(
        Came(
            cell_class=one.cell_class,
            until=moment(edge((one.here[-1].last + 1) * seconds)) if one.here else "",
            here=sum(span.count for span in one.here),
            to_come=_stretches(one.to_come, seconds),
            not_kept=_stretches(one.not_kept, seconds),
            lost=_stretches(one.lost, seconds),
            ahead=sum(span.count for span in one.ahead),
        )
        for one in desk.rounds(now=now)
    )
    key = None if signed else desk.alerts_public
    until = None if key is None else good_until(desk.settings.alerts_folder, key)
    return _State(came, desk.inbox.orphans(), desk.inbox.damage(), until)


def _stretches(spans: tuple[Span, ...], seconds: int) -> Stretches:
    shown = tuple(
        Stretch(one.count, moment(edge(one.first * seconds)), moment(edge((one.last + 1) * seconds)))
        for one in reversed(spans[-SPANS_SHOWN:])
    )
    return Stretches(shown, len(spans) - len(shown))


OPEN: Final = {
    ("GET", "/receiving"): receiving,
    ("POST", "/receiving/again"): again,
}
