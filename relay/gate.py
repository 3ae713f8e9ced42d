"""Pure: whether cells may leave at an edge: only while the relay's own loops show that nobody holds the others back
(docs/spec/company.md).

Who lets one person's cell through and holds back everybody else's knows whose the one in the bundle is. The loops are
held back with the others, so it shows; then nothing real leaves until the operator says so.
"""

from dataclasses import dataclass
from enum import Enum
from math import comb
from typing import Final

ORDINARY_LOSS: Final = 0.05
# A relay is frozen for nothing in one round of ten thousand; to one digit, as such a figure can be trusted.
FALSE_ALARM: Final = 1.5e-4


def at_least(missing: int, sent: int, *, loss: float) -> float:
    """The odds that so many or more of the loops sent are missing, where each is lost by itself with odds `loss`."""
    return sum(comb(sent, lost) * loss**lost * (1 - loss) ** (sent - lost) for lost in range(missing, sent + 1))


def threshold(sent: int) -> int:
    """The least number of missing loops that ordinary loss does not explain. Raises ValueError where there is none,
    because all of so few are lost more often than a relay may be frozen for nothing."""
    for missing in range(sent + 1):
        if at_least(missing, sent, loss=ORDINARY_LOSS) < FALSE_ALARM:
            return missing
    raise ValueError("too few loops to tell an attack from ordinary loss")


class Phase(Enum):
    """How the relay stands; the value is the byte that the spool's memory keeps."""

    WAITING = 0
    OPEN = 1
    FROZEN = 2


class Seen(Enum):
    """What happened. At an edge the operator's word comes first, then what the loops of the round showed."""

    RELEASED = "the operator let it go"
    CAME_BACK = "no more loops are missing than are lost anyway"
    MISSING = "more are missing than chance explains"
    UNTOLD = "the relay did not run for the whole round, or could not send every loop"


class Order(Enum):
    """What is to be done with the cells in memory."""

    SEND = "they leave"
    HOLD = "nothing but top-up leaves; they wait"
    FREEZE = "they wait, and the operator hears that they do"
    RESUME = "the operator hears that what the loops show counts again"
    IGNORE = "nothing was frozen, so there is nothing to release"


NEXT: Final[dict[tuple[Phase, Seen], tuple[Phase, Order]]] = {
    # A relay that has just been started knows nothing of its company yet, and tor needs a while.
    (Phase.WAITING, Seen.CAME_BACK): (Phase.OPEN, Order.SEND),
    (Phase.WAITING, Seen.MISSING): (Phase.WAITING, Order.HOLD),
    (Phase.WAITING, Seen.UNTOLD): (Phase.WAITING, Order.HOLD),
    (Phase.WAITING, Seen.RELEASED): (Phase.WAITING, Order.IGNORE),
    (Phase.OPEN, Seen.CAME_BACK): (Phase.OPEN, Order.SEND),
    (Phase.OPEN, Seen.MISSING): (Phase.FROZEN, Order.FREEZE),
    # Else whoever can crash the node could do so in every round, and never be seen.
    (Phase.OPEN, Seen.UNTOLD): (Phase.OPEN, Order.HOLD),
    (Phase.OPEN, Seen.RELEASED): (Phase.OPEN, Order.IGNORE),
    # Loops that come back release nothing: who held the others back may let them through when it suits.
    (Phase.FROZEN, Seen.CAME_BACK): (Phase.FROZEN, Order.HOLD),
    (Phase.FROZEN, Seen.MISSING): (Phase.FROZEN, Order.HOLD),
    (Phase.FROZEN, Seen.UNTOLD): (Phase.FROZEN, Order.HOLD),
    (Phase.FROZEN, Seen.RELEASED): (Phase.OPEN, Order.RESUME),
}


@dataclass(frozen=True, slots=True)
class Tally:
    """The loops of one round: how many were to be sent, were sent in time, and have come back."""

    wanted: int
    sent: int
    back: int

    def seen(self) -> Seen:
        """What they show. Raises ValueError when too few were wanted to show anything."""
        if self.sent < self.wanted:
            return Seen.UNTOLD
        return Seen.MISSING if self.sent - self.back >= threshold(self.wanted) else Seen.CAME_BACK
