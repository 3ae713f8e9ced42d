"""What chance gives: how many hits, and which order, are no more than luck.

Pure: numbers go in, a band comes out. Every band is left by chance with a probability of at most alpha.
"""

import math
from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from typing import Final

ALPHA: Final = 1e-4
# Above it the normal approximation of Kendall's tau errs by less than a hundredth of the band.
_EXACT_UP_TO: Final = 60
_STEPS_MAX: Final = 100_000


def most_hits(expected: float, *, alpha: float = ALPHA) -> int:
    """The largest number of hits that is still chance: more than that come with a probability of at most `alpha`,
    when `expected` come on the average and none draws another (Poisson)."""
    if expected < 0:
        raise ValueError("an expectation is not negative")
    if expected > _STEPS_MAX / 4:
        return math.ceil(expected + _normal_quantile(alpha) * math.sqrt(expected) + 10)
    # The tail is added up from its far end, where it is not lost in rounding: P(X > k) for falling k.
    top = math.ceil(expected + 40 * math.sqrt(expected) + 60)
    tail = 0.0
    for k in range(top, 0, -1):
        tail += math.exp(k * math.log(expected) - expected - math.lgamma(k + 1)) if expected else 0.0
        if tail > alpha:
            return k
    return 0


def tau(order: Sequence[float]) -> float:
    """Kendall's tau between the places of a sequence and its values: 1 rising, -1 falling, 0 neither. Ties count 0."""
    n = len(order)
    if n < 2:
        return 0.0
    agreeing = _inversions([-value for value in order]) - _inversions(list(order))
    return agreeing / (n * (n - 1) / 2)


def tau_band(n: int, *, alpha: float = ALPHA) -> float | None:
    """The largest |tau| of `n` values in an order of chance, up to a probability `alpha` on both sides together; None
    when there are so few that even a perfect order may be chance."""
    if n < 2:
        return None
    if n > _EXACT_UP_TO:
        return _normal_quantile(alpha / 2) * math.sqrt(2 * (2 * n + 5) / (9 * n * (n - 1)))
    pairs = n * (n - 1) // 2
    below = list(accumulate(_inversion_shares(n)))
    # As many inversions as this, or fewer, are not chance on one side; by symmetry the other side is the same.
    extreme = -1
    while below[extreme + 1] <= alpha / 2:
        extreme += 1
    return None if extreme < 0 else 1 - 2 * (extreme + 1) / pairs


def _inversions(values: list[float]) -> int:
    """Pairs that stand strictly the wrong way round (merge sort)."""
    if len(values) < 2:
        return 0
    middle = len(values) // 2
    left, right = values[:middle], values[middle:]
    count = _inversions(left) + _inversions(right)
    left.sort()
    right.sort()
    at = 0
    for value in right:
        while at < len(left) and left[at] <= value:
            at += 1
        count += len(left) - at
    return count


@cache
def _inversion_shares(n: int) -> tuple[float, ...]:
    """The share of the orders of n values that have 0, 1, 2 … inversions (Mahonian numbers over n!)."""
    shares = [1.0]
    for size in range(2, n + 1):
        sums = [0.0, *accumulate(shares)]
        length = len(shares) + size - 1
        shares = [
            (sums[min(k + 1, len(shares))] - sums[max(0, min(k + 1 - size, len(shares)))]) / size for k in range(length)
        ]
    return tuple(shares)


def _normal_quantile(tail: float) -> float:
    """The z that a standard normal exceeds with probability `tail`; by bisection."""
    low, high = 0.0, 40.0
    for _ in range(200):
        middle = (low + high) / 2
        if math.erfc(middle / math.sqrt(2)) / 2 > tail:
            low = middle
        else:
            high = middle
    return high
