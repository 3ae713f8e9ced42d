"""Which rounds to push to a partner now (docs/spec/delivery.md, "Again and again"); pure.

Time is counted in rounds, and what is known of a partner that must outlive a restart is one round number.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from crypto.layers import RoundNumber

# After so many failures in a row, this many rounds pass before the next try; the last figure holds from there on.
WAITS: Final = (1, 1, 2, 4, 8)


@dataclass(frozen=True, slots=True)
class Patience:
    """How a partner has answered lately: failures in a row, and the round from whose edge on to try again."""

    failures: int = 0
    try_from: RoundNumber = field(default=RoundNumber(0))

    def after_failure(self, closed: RoundNumber) -> "Patience":
        """As it is after one more failure, when `closed` was the last closed round."""
        wait = WAITS[min(self.failures, len(WAITS) - 1)]
        return Patience(self.failures + 1, RoundNumber(closed + wait))


def due(
    *, kept: Iterable[RoundNumber], acknowledged: RoundNumber | None, closed: RoundNumber, patience: Patience
) -> list[RoundNumber]:
    """The rounds to push now, in this order: every kept round after the acknowledged one, oldest first.

    `kept`: the rounds on disk, in any order; those no longer there are skipped. `acknowledged`: the last round the
    partner has whole; None for a partner we know nothing of, who is offered all. `closed`: the newest round that may
    go. Empty while it is not yet time to try again.

    A partner cannot have a round that has not closed; where it seems so, our clock was set back, and every kept round
    is offered again (a desk takes none of them twice).
    """
    if closed < patience.try_from <= closed + WAITS[-1]:
        return []
    after = -1 if acknowledged is None or acknowledged > closed else acknowledged
    return sorted(number for number in set(kept) if after < number <= closed)
