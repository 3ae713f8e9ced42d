"""Of which rounds a desk has the bundles, which it can still have, and which are lost for good (docs/spec/pull.md).

All of it follows from the clock and from which bundles are here: never from what was in one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from crypto.cells import CellClass
from crypto.layers import RoundNumber
from forwarder.desk.config import RelaySettings
from forwarder.desk.database import Database

# A relay gives nobody a bundle before the moment at which it pushes it, by default 20 seconds after the edge.
SETTLING_SECONDS: Final = 30
# What the relay said it has not may only be late; so many of the newest rounds are asked for again.
ASKED_AGAIN: Final = 4


@dataclass(frozen=True, slots=True)
class Span:
    """Rounds of one class, from `first` to `last`; between two of them lies the step of the class."""

    first: RoundNumber
    last: RoundNumber
    count: int


@dataclass(frozen=True, slots=True)
class Standing:
    """The closed rounds of one class since this desk began.

    `here`: their bundles came. `to_come`: the relay keeps them still, or may. `not_kept`: the relay was asked and has
    none, most often because it did not run. `lost`: they are older than what a relay keeps.
    """

    cell_class: CellClass
    here: tuple[Span, ...]
    to_come: tuple[Span, ...]
    not_kept: tuple[Span, ...]
    lost: tuple[Span, ...]


def settled(now: float, *, relay: RelaySettings) -> RoundNumber:
    """The newest round whose bundles can be asked for."""
    return RoundNumber(int(now - min(SETTLING_SECONDS, relay.round_seconds / 2)) // relay.round_seconds - 1)


def begin(database: Database, *, closed: RoundNumber) -> None:
    """This desk receives from the round after `closed` on, unless it began before. Raises NotStored.

    What left earlier it could not open: its key was in no directory.
    """
    if database.one("SELECT round FROM beginning") is None:
        oldest = database.one("SELECT min(round) FROM bundles")
        first = closed + 1 if oldest is None else min(oldest, closed + 1)
        with database.change() as opened:
            opened.execute("INSERT OR IGNORE INTO beginning VALUES (1, ?)", (first,))


def standings(database: Database, *, relay: RelaySettings, now: float) -> tuple[Standing, ...]:
    """Where this desk stands, letters first; `now` in seconds since 1970."""
    # A round whose bundle is here has closed, whatever our clock says.
    closed = max(settled(now, relay=relay), database.one("SELECT max(round) FROM bundles") or 0)
    return tuple(_standing(database, one, relay=relay, closed=RoundNumber(closed)) for one in CellClass)


def wanted(database: Database, *, relay: RelaySettings, now: float) -> list[tuple[CellClass, RoundNumber]]:
    """What to ask the relay for: every bundle that it may keep and that is not here, letters first, oldest first."""
    closed = settled(now, relay=relay)
    found = []
    for cell_class in CellClass:
        step = relay.step(cell_class)
        have, none = _known(database, cell_class)
        again = closed - ASKED_AGAIN * step
        oldest = max(_beginning(database, closed), closed + 1 - relay.keep_rounds)
        asked = (one for one in _rounds(oldest, closed, step) if one not in have and (one not in none or one > again))
        found += [(cell_class, one) for one in asked]
    return found


def note_not_kept(database: Database, cell_class: CellClass, round_number: RoundNumber) -> None:
    """The relay says that it has no such bundle. Should it come all the same, it is taken. Raises NotStored."""
    with database.change() as opened:
        opened.execute("INSERT OR IGNORE INTO not_kept VALUES (?, ?)", (cell_class.value, round_number))


def _standing(database: Database, cell_class: CellClass, *, relay: RelaySettings, closed: RoundNumber) -> Standing:
    step = relay.step(cell_class)
    have, none = _known(database, cell_class)
    due = list(_rounds(_beginning(database, closed), closed, step))
    missing = [one for one in due if one not in have]
    kept_since = closed + 1 - relay.keep_rounds
    return Standing(
        cell_class,
        here=_spans(sorted(have), step),
        to_come=_spans([one for one in missing if one not in none and one >= kept_since], step),
        not_kept=_spans([one for one in missing if one in none], step),
        lost=_spans([one for one in missing if one not in none and one < kept_since], step),
    )


def _known(database: Database, cell_class: CellClass) -> tuple[set[int], set[int]]:
    have = database.rows("SELECT round FROM bundles WHERE class = ?", cell_class.value)
    none = database.rows("SELECT round FROM not_kept WHERE class = ?", cell_class.value)
    return {one for (one,) in have}, {one for (one,) in none}


def _beginning(database: Database, closed: RoundNumber) -> int:
    """The first round that counts; where nothing is known yet, none does."""
    noted = database.one("SELECT round FROM beginning")
    oldest = database.one("SELECT min(round) FROM bundles")
    known = [one for one in (noted, oldest) if one is not None]
    return min(known) if known else closed + 1


def _rounds(first: int, last: int, step: int) -> Iterator[RoundNumber]:
    """The rounds from `first` to `last` at whose edge a bundle of this step leaves."""
    return (RoundNumber(one) for one in range(first + (-first - 1) % step, last + 1, step))


def _spans(rounds: Sequence[int], step: int) -> tuple[Span, ...]:
    spans: list[Span] = []
    for one in rounds:
        if spans and spans[-1].last + step == one:
            spans[-1] = Span(spans[-1].first, RoundNumber(one), spans[-1].count + 1)
        else:
            spans.append(Span(RoundNumber(one), RoundNumber(one), 1))
    return tuple(spans)
