"""What leaves at which edge when more letters come than a bundle holds; relay/mix.py decides (docs/spec/bundle.md).

Pure: chance comes in as an argument.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from relay import mix

# A share of the letters so small that it changes no figure.
_NEGLIGIBLE: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Edge:
    """One edge in numbers: letters that came in its round, and those held when it was reached, these included."""

    came: int
    held: int


@dataclass(frozen=True, slots=True)
class Left:
    """One letter that left: the round it came in, when it was to leave its page, and the round it left in."""

    came_in: int
    wrote: float
    left_in: int


@dataclass(frozen=True, slots=True)
class Passage:
    """All edges, and all letters that left at one of them. `waiting`: how many still waited at the end."""

    room: int
    edges: tuple[Edge, ...]
    letters: tuple[Left, ...]
    waiting: int


def ages(letters: Collection[Left]) -> Mapping[int, float]:
    """How many rounds after their own letters left: shares that add up to one. With no letter: none waited."""
    counted = Counter(letter.left_in - letter.came_in for letter in letters)
    return {0: 0.0, **{age: count / len(letters) for age, count in sorted(counted.items())}} if letters else {0: 1.0}


def passage(came: Sequence[Sequence[float]], *, room: int, chance: Random) -> Passage:
    """Let letters pass. `came`: for each round, when its letters were to leave their pages."""
    held: dict[bytes, tuple[int, float]] = {}
    edges, letters, number = [], [], 0
    for at, moments in enumerate(came):
        for wrote in moments:
            held[number.to_bytes(8, "big")] = (at, wrote)
            number += 1
        edges.append(Edge(came=len(moments), held=len(held)))
        for cell in mix.leaving(held, room, chance):
            came_in, wrote = held.pop(cell)
            letters.append(Left(came_in, wrote, at))
    return Passage(room, tuple(edges), tuple(letters), waiting=len(held))


def departure(passed: Passage, came_in: int, chance: Random) -> int | None:
    """The round at whose edge one letter more, come in round `came_in`, would leave; None: at none of these edges.

    `mix.leaving` gives each of n + 1 letters the same odds. While the one more waits, as many others wait as would
    without it, so what the edges say holds with it too.
    """
    for at in range(came_in, len(passed.edges)):
        if chance.random() * (passed.edges[at].held + 1) < passed.room:
            return at
    return None


def origins(passed: Passage, *, came_in: int, left_in: int) -> dict[int, float]:
    """From which round a letter came that left at an edge: the odds, for who knows how many came and left in each
    round. One letter more came in round `came_in` and left in `left_in`; the odds are for it or any other."""
    odds: dict[int, float] = {}
    stayed = 1.0
    for at in range(left_in, -1, -1):
        edge = passed.edges[at]
        if at < left_in:
            held = edge.held + (at >= came_in)
            stayed *= 1 - passed.room / held if held > passed.room else 0.0
            if stayed < _NEGLIGIBLE:
                break
        if came := edge.came + (at == came_in):
            odds[at] = came * stayed
    total = sum(odds.values())
    return {at: share / total for at, share in odds.items()}
