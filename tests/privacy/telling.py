"""Whoever has many sealed bytes of two kinds, and learns to tell them apart without knowing what to look for.

Two things are learnt from samples and judged on others: for each single bit how often it is set in either kind, and how
often each word of eight and of ten bits stands anywhere in the first seal. What adds up is a logarithm of odds (naive
Bayes). Bits whose difference chance explains are left out, or tens of thousands of them would drown one that betrays.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from crypto.cells import SLOT_LEN

Score = Callable[[bytes], float]
WIDTHS: Final = (8, 10)
# In standard errors. One bit in 370 that says nothing stays in.
WORTH_A_LOOK: Final = 3.0
_SCALE: Final = 64


def learnt(ones: Iterable[bytes], others: Iterable[bytes]) -> Score:
    """How much like `others` some bytes are. All are of one length and begin with a seal."""
    first, second = list(ones), list(others)
    (length,) = {len(sample) for sample in (*first, *second)}
    bits = _bits_learnt(first, second, length)
    words = [_words_learnt(first, second, width) for width in WIDTHS]
    return lambda sample: bits(sample) + sum(told(sample) for told in words)


def set_in(samples: Iterable[bytes], length: int) -> list[int]:
    """For each bit how many samples have it, the first bit first."""
    # Counters of one bit each stand side by side in long numbers, so that one addition counts all of them.
    planes: list[int] = []
    for sample in samples:
        carry, at = int.from_bytes(sample, "big"), 0
        while carry:
            if at == len(planes):
                planes.append(0)
            planes[at], carry = planes[at] ^ carry, planes[at] & carry
            at += 1
    rows = [format(plane, f"0{8 * length}b") for plane in reversed(planes)]
    return [int("".join(column), 2) for column in zip(*rows, strict=True)]


def _bits_learnt(ones: list[bytes], others: list[bytes], length: int) -> Score:
    weights = [
        _weight(one, len(ones), other, len(others))
        for one, other in zip(set_in(ones, length), set_in(others, length), strict=True)
    ]
    signs = (1, -1)
    masks = {
        (sign, power): mask
        for sign in signs
        for power in range(max(map(abs, weights)).bit_length())
        if (
            mask := int(
                "".join("1" if sign * weight > 0 and abs(weight) >> power & 1 else "0" for weight in weights), 2
            )
        )
    }

    def score(sample: bytes) -> float:
        whole = int.from_bytes(sample, "big")
        return sum(sign * (whole & mask).bit_count() << power for (sign, power), mask in masks.items()) / _SCALE

    return score


def _weight(one: int, ones: int, other: int, others: int) -> int:
    share, another = (one + 0.5) / (ones + 1), (other + 0.5) / (others + 1)
    both = (one + other + 1) / (ones + others + 2)
    error = math.sqrt(both * (1 - both) * (1 / ones + 1 / others))
    if abs(share - another) < WORTH_A_LOOK * error:
        return 0
    return round(_SCALE * (math.log(another / (1 - another)) - math.log(share / (1 - share))))


def _words(sample: bytes, width: int) -> Sequence[int]:
    if width == 8:
        return sample[:SLOT_LEN]
    whole, most = int.from_bytes(sample[:SLOT_LEN], "little"), 2**width - 1
    return [whole >> at & most for at in range(0, 8 * SLOT_LEN - width, width)]


def _words_learnt(ones: list[bytes], others: list[bytes], width: int) -> Score:
    first, second = (
        Counter(word for sample in samples for word in _words(sample, width)) for samples in (ones, others)
    )
    every, all_first, all_second = 2**width, first.total(), second.total()
    odds = [
        math.log((second[word] + 0.5) / (all_second + every / 2))
        - math.log((first[word] + 0.5) / (all_first + every / 2))
        for word in range(every)
    ]
    return lambda sample: sum(map(odds.__getitem__, _words(sample, width)))
