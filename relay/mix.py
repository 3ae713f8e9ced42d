"""Which cells leave at an edge, and with how much company (docs/spec/bundle.md).

Chance decides, and only chance: neither arrival nor place nor content changes a cell's odds.
"""

from collections.abc import Collection, Sequence
from random import Random


def leaving(cells: Collection[bytes], room: int, rng: Random) -> list[bytes]:
    """The cells that leave: all of them, or a uniform choice of `room` when there is not room; never a tail drop.

    A cell may be given as its hash; what is chosen is the same.
    """
    # Sorted first, so that the choice depends on the set and on `rng`, and on no order the cells came in.
    distinct = sorted(set(cells))
    return distinct if len(distinct) <= room else rng.sample(distinct, room)


def fill(chosen: Sequence[bytes], room: int, top_ups: Sequence[bytes]) -> list[bytes]:
    """`chosen` and as many of the top-up cells, made before the edge, as bring them to exactly `room`."""
    if len(chosen) > room or len(top_ups) < room - len(chosen):
        raise ValueError("a bundle holds exactly as many cells as there is room")
    return [*chosen, *top_ups[: room - len(chosen)]]
