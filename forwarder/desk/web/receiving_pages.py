"""What has come, what is missing, and whether the relay can reach this desk now."""

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from crypto.cells import CellClass
from forwarder.desk.inbox import Damage, Gap
from forwarder.desk.program import Desk
from forwarder.desk.reading import edge
from forwarder.desk.web.catalogues import msg
from forwarder.desk.web.house import Visit
from forwarder.desk.web.inbox_pages import moment

GAPS_SHOWN: Final = 50


@dataclass(frozen=True, slots=True)
class Came:
    """What came of one class. `until`: the end of the newest round, empty when none came."""

    cell_class: CellClass
    until: str
    gaps: tuple["Missing", ...]
    more: int


@dataclass(frozen=True, slots=True)
class Missing:
    """Rounds that did not come, by their edges (UTC)."""

    count: int
    begin: str
    end: str


@dataclass(frozen=True, slots=True)
class _State:
    came: tuple[Came, ...]
    orphans: int
    damage: Damage


async def receiving(visit: Visit) -> web.StreamResponse:
    """How receiving stands."""
    if visit.settings.config.relay is None:
        return visit.go("/relay")
    return visit.page("receiving.html", state=await visit.keeper.read(_state))


async def again(visit: Visit) -> web.StreamResponse:
    """Try once more to be reachable."""
    await visit.keeper.receive_again()
    return visit.go("/receiving", say=visit.t(msg("Se intenta otra vez.")))


def _state(desk: Desk) -> _State:
    came = tuple(_came(desk, cell_class) for cell_class in CellClass)
    return _State(came, desk.inbox.orphans(), desk.inbox.damage())


def _came(desk: Desk, cell_class: CellClass) -> Came:
    relay, latest = desk.settings.relay, desk.inbox.latest(cell_class)
    gaps = desk.inbox.gaps(cell_class, step=relay.step(cell_class))
    newest = list(reversed(gaps))[:GAPS_SHOWN]
    return Came(
        cell_class=cell_class,
        until="" if latest is None else moment(edge((latest + 1) * relay.round_seconds)),
        gaps=tuple(_missing(gap, step=relay.step(cell_class), round_seconds=relay.round_seconds) for gap in newest),
        more=len(gaps) - len(newest),
    )


def _missing(gap: Gap, *, step: int, round_seconds: int) -> Missing:
    return Missing(
        count=(gap.last - gap.first) // step + 1,
        begin=moment(edge(gap.first * round_seconds)),
        end=moment(edge((gap.last + 1) * round_seconds)),
    )


OPEN: Final = {
    ("GET", "/receiving"): receiving,
    ("POST", "/receiving/again"): again,
}
