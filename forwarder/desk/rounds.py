"""Of which rounds a desk has the bundles, which it can still have, and which are lost for good (docs/spec/pull.md).

All of it follows from the clock and from which bundles are here: never from what was in one. No bundle, whatever round
it names, costs more than one line of it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from crypto.cells import CellClass
from crypto.layers import ROUND_MAX, RoundNumber
from forwarder.desk.config import RelaySettings
from forwarder.desk.database import Database

# A relay gives nobody a bundle before the moment at which it pushes it, by default 20 seconds after the edge.
SETTLING_SECONDS: Final = 30
# What the relay said it has not may only be late; so many of the newest rounds are asked for again.
ASKED_AGAIN: Final = 4
# So far may the relay's clock run ahead of ours, or ours behind. What says that it left later than that is refused.
AHEAD_SECONDS: Final = 2 * 86_400


@dataclass(frozen=True, slots=True)
class Span:
    """Rounds of one class, from `first` to `last`; between two of them lies the step of the class."""

    first: RoundNumber
    last: RoundNumber
    count: int


_ALL: Final = Span(RoundNumber(0), RoundNumber(ROUND_MAX), ROUND_MAX + 1)


@dataclass(frozen=True, slots=True)
class Standing:
    """The closed rounds of one class since this desk began.

    `here`: their bundles came. `to_come`: the relay keeps them still, or may. `not_kept`: the relay was asked and has
    none, most often because it did not run. `lost`: they are older than what a relay keeps. `ahead`: their bundles
    came, and by our clock they are still to be: it is wrong, or the relay lied.
    """

    cell_class: CellClass
    here: tuple[Span, ...]
    to_come: tuple[Span, ...]
    not_kept: tuple[Span, ...]
    lost: tuple[Span, ...]
    ahead: tuple[Span, ...] = ()


def settled(now: float, *, relay: RelaySettings) -> RoundNumber:
    """The newest round whose bundles can be asked for."""
    return RoundNumber(int(now - min(SETTLING_SECONDS, relay.round_seconds / 2)) // relay.round_seconds - 1)


def too_far_ahead(round_number: RoundNumber, *, relay: RelaySettings, now: float) -> bool:
    """Whether the relay's clock or ours must be wrong when a bundle of this round is said to have left."""
    return (round_number + 1) * relay.round_seconds > now + AHEAD_SECONDS


def begin(database: Database, *, closed: RoundNumber) -> None:
    """This desk receives from the round after `closed` on, unless it began before. Raises NotStored.

    What left earlier it could not open: its key was in no directory.
    """
    if database.one("SELECT round FROM beginning") is None:
        oldest = database.one("SELECT min(round) FROM bundles")
        first = closed + 1 if oldest is None else min(oldest, closed + 1)
        with database.change() as opened:
            opened.execute("INSERT OR IGNORE INTO beginning VALUES (1, ?)", (first,))


def put_right(database: Database, *, closed: RoundNumber, relay: RelaySettings) -> None:
    """Where it is noted that this desk begins later than after `closed`, the clock was fast then, and nobody knows when
    it really began: as far back as it was ahead, nothing is left out. Raises NotStored.

    To be called only when the relay agrees with our clock: with a slow one, every beginning seems to lie ahead.
    """
    noted = database.one("SELECT round FROM beginning")
    if noted is None or noted <= closed + 1:
        return
    first = max(0, closed + 1 - min(noted - closed - 1, relay.keep_rounds))
    with database.change() as opened:
        opened.execute("UPDATE beginning SET round = ?", (first,))


def standings(database: Database, *, relay: RelaySettings, now: float) -> tuple[Standing, ...]:
    """Where this desk stands, letters first; `now` in seconds since 1970."""
    # A round whose bundle is here has closed, whatever our clock says; unless it says that this cannot be.
    last = int(now + AHEAD_SECONDS) // relay.round_seconds - 1
    closed = max(settled(now, relay=relay), database.one("SELECT max(round) FROM bundles WHERE round <= ?", last) or 0)
    return tuple(_standing(database, one, relay=relay, closed=RoundNumber(closed)) for one in CellClass)


def wanted(database: Database, *, relay: RelaySettings, now: float) -> list[tuple[CellClass, RoundNumber]]:
    """What to ask the relay for: every bundle that it may keep and that is not here, letters first, oldest first."""
    closed = settled(now, relay=relay)
    found = []
    for cell_class in CellClass:
        step = relay.step(cell_class)
        have, none = _known(database, cell_class)
        again = closed - ASKED_AGAIN * step
        oldest = max(_beginning(database, closed, relay=relay), closed + 1 - relay.keep_rounds)
        asked = (one for one in _rounds(oldest, closed, step) if one not in have and (one not in none or one > again))
        found += [(cell_class, RoundNumber(one)) for one in asked]
    return found


def note_not_kept(database: Database, cell_class: CellClass, round_number: RoundNumber) -> bool:
    """The relay says that it has no such bundle; whether that tells anything. Raises NotStored.

    It does when a newer bundle of the class is here: the relay has passed that round. Without one our clock may be fast
    and the round not over, and it is asked for again. Should it come all the same, it is taken.
    """
    newest = database.one("SELECT max(round) FROM bundles WHERE class = ?", cell_class.value)
    if newest is None or newest < round_number:
        return False
    with database.change() as opened:
        opened.execute("INSERT OR IGNORE INTO not_kept VALUES (?, ?)", (cell_class.value, round_number))
    return True


def _standing(database: Database, cell_class: CellClass, *, relay: RelaySettings, closed: RoundNumber) -> Standing:
    step = relay.step(cell_class)
    have, none = _known(database, cell_class)
    none -= have
    first = _beginning(database, closed, relay=relay)
    missing = list(_between(first, closed, sorted(have | none), step))
    kept_since = closed + 1 - relay.keep_rounds
    return Standing(
        cell_class,
        here=_spans(sorted(one for one in have if one <= closed), step),
        to_come=tuple(_cut(missing, kept_since, closed, step)),
        not_kept=_spans(sorted(one for one in none if first <= one <= closed), step),
        lost=tuple(_cut(missing, first, kept_since - 1, step)),
        ahead=_spans(sorted(one for one in have if one > closed), step),
    )


def _known(database: Database, cell_class: CellClass) -> tuple[set[int], set[int]]:
    have = database.rows("SELECT round FROM bundles WHERE class = ?", cell_class.value)
    none = database.rows("SELECT round FROM not_kept WHERE class = ?", cell_class.value)
    return {one for (one,) in have}, {one for (one,) in none}


def _beginning(database: Database, closed: RoundNumber, *, relay: RelaySettings) -> int:
    """The first round that counts; where nothing is known yet, none does."""
    noted = database.one("SELECT round FROM beginning")
    # What a relay had kept when we began it may have brought; what it says is older moves nothing.
    since = 0 if noted is None else noted - relay.keep_rounds
    oldest = database.one("SELECT min(round) FROM bundles WHERE round >= ?", since)
    known = [one for one in (noted, oldest) if one is not None]
    return min(known) if known else closed + 1


def _rounds(first: int, last: int, step: int) -> range:
    """The rounds from `first` to `last` at whose edge a bundle of this step leaves."""
    return range(first + (-first - 1) % step, last + 1, step)


def _between(first: int, last: int, known: Iterable[int], step: int) -> Iterator[Span]:
    """The rounds from `first` to `last` that are not among those known, which ascend."""
    at = first
    for one in known:
        if at <= one <= last and one % step == step - 1:
            yield from _cut([_ALL], at, one - 1, step)
            at = one + 1
    yield from _cut([_ALL], at, last, step)


def _cut(spans: Iterable[Span], first: int, last: int, step: int) -> Iterator[Span]:
    """What of these spans lies from `first` to `last`."""
    for span in spans:
        if within := _rounds(max(span.first, first), min(span.last, last), step):
            yield Span(RoundNumber(within[0]), RoundNumber(within[-1]), len(within))


def _spans(rounds: Sequence[int], step: int) -> tuple[Span, ...]:
    spans: list[Span] = []
    for one in rounds:
        if spans and spans[-1].last + step == one:
            spans[-1] = Span(spans[-1].first, RoundNumber(one), spans[-1].count + 1)
        else:
            spans.append(Span(RoundNumber(one), RoundNumber(one), 1))
    return tuple(spans)
