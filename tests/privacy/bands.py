"""How far two samples of the same thing may lie apart: bands at 1e-4 (docs/threat-model.md).

A sound system leaves one of them once in ten thousand runs. Where a test looks at several, it looks once more at fresh
samples before it speaks, so that many looks are no more alarms than one.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

# Two-sided normal quantile at 1e-4, and the same of Kolmogorov's distribution: sqrt(ln(2 / 1e-4) / 2).
Z: Final = 3.8906
KS: Final = 2.2252


def auc_band(ones: int, others: int) -> float:
    """How far from one half the area under the curve of so many may lie: Mann and Whitney's standard error, Z times."""
    return Z * math.sqrt((ones + others + 1) / (12 * ones * others))


def ks_band(ones: int, others: int) -> float:
    """How far apart the distributions of so many may lie (Kolmogorov and Smirnov)."""
    return KS * math.sqrt((ones + others) / (ones * others))


def auc(ones: Sequence[float], others: Sequence[float]) -> float:
    """The odds that one of `others` is above one of `ones`; ties count half."""
    ordered, total = sorted(ones), 0.0
    for value in others:
        below = bisect_right(ordered, math.nextafter(value, -math.inf))
        total += below + (bisect_right(ordered, value) - below) / 2
    return total / (len(ones) * len(others))


def furthest(ones: Sequence[float], others: Sequence[float]) -> float:
    """The Kolmogorov-Smirnov distance of two samples."""
    first, second = sorted(ones), sorted(others)
    return max(
        abs(bisect_right(first, value) / len(first) - bisect_right(second, value) / len(second))
        for value in {*first, *second}
    )


@dataclass(frozen=True, slots=True)
class Told:
    """How far apart two samples of a score lie, and of how many."""

    auc: float
    ks: float
    ones: int
    others: int

    @classmethod
    def of(cls, ones: Sequence[float], others: Sequence[float]) -> "Told":
        """Measure them."""
        return cls(auc(ones, others) - 0.5, furthest(ones, others), len(ones), len(others))

    @property
    def apart(self) -> bool:
        """Whether they lie further apart than chance explains."""
        return abs(self.auc) > auc_band(self.ones, self.others) or self.ks > ks_band(self.ones, self.others)

    def __str__(self) -> str:
        return f"|AUC - 1/2| {abs(self.auc):.4f}, D {self.ks:.4f} ({self.ones} and {self.others})"


def not_told_apart(measure: Callable[[], Told], what: str) -> Told:
    """What was measured, if chance explains it; fails when chance explains neither this measure nor a second one."""
    found = measure()
    if found.apart:
        found = measure()
    assert not found.apart, f"{what}: {found}"
    return found
