"""What has come, what is missing and may still come, what is lost, and whether the relay can reach this desk now."""

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from crypto.cells import CellClass
from forwarder.desk.errors import NoSandbox, NotOpenedSafely
from forwarder.desk.inbox import Damage
from forwarder.desk.program import Desk
from forwarder.desk.reading import edge
from forwarder.desk.rounds import Span
from forwarder.desk.sandbox import Sandbox
from forwarder.desk.web.catalogues import msg
from forwarder.desk.web.house import Visit
from forwarder.desk.web.inbox_pages import moment

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
    """Where one class stands. `until`: the end of the newest round that came, empty when none did."""

    cell_class: CellClass
    until: str
    here: int
    to_come: Stretches
    not_kept: Stretches
    lost: Stretches

    @property
    def whole(self) -> bool:
        """Whether nothing is missing."""
        return not (self.to_come.shown or self.not_kept.shown or self.lost.shown)


@dataclass(frozen=True, slots=True)
class _State:
    came: tuple[Came, ...]
    orphans: int
    damage: Damage


async def receiving(visit: Visit) -> web.StreamResponse:
    """How receiving stands."""
    if visit.settings.config.relay is None:
        return visit.go("/relay")
    now = visit.house.now()
    state = await visit.keeper.read(lambda desk: _state(desk, now=now))
    walls = await _walls(visit)
    return visit.page("receiving.html", state=state, coming=visit.keeper.receiver.coming, walls=walls)


async def again(visit: Visit) -> web.StreamResponse:
    """Try once more to be reachable."""
    await visit.keeper.receive_again()
    return visit.go("/receiving", say=visit.t(msg("Se intenta otra vez.")))


async def _walls(visit: Visit) -> Sandbox | None:
    """What shuts in the program that opens things; None when nothing does, and nothing is opened."""
    try:
        return await visit.keeper.opened.sandbox()
    except (NoSandbox, NotOpenedSafely):
        return None


def _state(desk: Desk, *, now: float) -> _State:
    seconds = desk.settings.relay.round_seconds
    came = tuple(
        Came(
            cell_class=one.cell_class,
            until=moment(edge((one.here[-1].last + 1) * seconds)) if one.here else "",
            here=sum(span.count for span in one.here),
            to_come=_stretches(one.to_come, seconds),
            not_kept=_stretches(one.not_kept, seconds),
            lost=_stretches(one.lost, seconds),
        )
        for one in desk.rounds(now=now)
    )
    return _State(came, desk.inbox.orphans(), desk.inbox.damage())


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
