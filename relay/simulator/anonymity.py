"""Among how many a writer is hidden: min-entropy over senders, never over cells (docs/simulate.md, "Against whom").

Pure: numbers in, numbers out.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from enum import Enum
from typing import Final

LOW: Final = 0.001
MEDIAN: Final = 0.5
HIGH: Final = 0.999


class View(Enum):
    """Against whom; the value is what people read."""

    WATCHER = "who sees every connection and works with every partner"
    PARTNER = "one partner who later learns who was connected when"
    KNOWING = "who can also tell writers from cover and idle pages"


def guess(odds: Mapping[int, float], senders: Callable[[int], Collection[int]]) -> float:
    """How likely the likeliest sender is.

    `odds`: from which round the letter came; within a round each sender is as likely as any other, however many
    cells are theirs. Rounds without a sender cannot be it; where none is left, the sender is taken to be certain.
    """
    likely: defaultdict[int, float] = defaultdict(float)
    total = 0.0
    for number, share in odds.items():
        if those := senders(number):
            total += share
            for sender in those:
                likely[sender] += share / len(those)
    return max(likely.values()) / total if total else 1.0


def bits(likeliest: float) -> float:
    """Min-entropy: 0 when one sender is certain, 1 when the likeliest is as likely as one of two."""
    return max(0.0, -math.log2(min(1.0, likeliest)))


def quantile(values: Iterable[float], share: float) -> float | None:
    """The least value that at least `share` of them do not exceed (nearest rank); None without any."""
    ordered: Sequence[float] = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered) - 1e-9) - 1)] if ordered else None
