"""Carry-over in the simulation is that of the relay, and what can be known of it is computed exactly."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations
from random import Random

import pytest

from relay import mix
from relay.simulator.mixing import Edge, Passage, ages, departure, origins, passage

Letter = tuple[int, int]  # the round it came in, and which of them it is


def passing(came: tuple[int, ...], room: int, seed: int = 1) -> Passage:
    return passage([[900.0 * at] * count for at, count in enumerate(came)], room=room, chance=Random(seed))


def histories(came: tuple[int, ...], room: int, held: frozenset[Letter] = frozenset(), at: int = 0) -> Iterator[
    tuple[Fraction, dict[Letter, int]]
]:  # fmt: skip
    """Every way in which letters can leave, with its odds, and in which round each left: all choices written out."""
    if at == len(came):
        yield Fraction(1), {}
        return
    there = held | {(at, number) for number in range(came[at])}
    choices = list(combinations(sorted(there), min(room, len(there))))
    for chosen in choices:
        for odds, left in histories(came, room, there - set(chosen), at + 1):
            yield odds / len(choices), {**left, **dict.fromkeys(chosen, at)}


CASES = [((3, 1, 0, 0), 1, 0), ((3, 2, 1, 0), 2, 1), ((1, 3, 0, 1, 0), 2, 1), ((0, 4, 1, 1, 0), 2, 2)]


@pytest.mark.parametrize(("came", "room", "sought_in"), CASES)
def test_from_where_a_letter_came_is_the_exact_odds(came: tuple[int, ...], room: int, sought_in: int) -> None:
    with_it = tuple(count + (at == sought_in) for at, count in enumerate(came))
    expected: defaultdict[int, defaultdict[int, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    for odds, left in histories(with_it, room):
        for letter, at in left.items():
            expected[at][letter[0]] += odds
    passed = passing(came, room)
    possible = {left.get((sought_in, 0)) for _, left in histories(with_it, room)} - {None}
    assert len(possible) > 1
    for left_in in (at for at in possible if at is not None):
        found = origins(passed, came_in=sought_in, left_in=left_in)
        total = sum(expected[left_in].values(), Fraction())
        assert set(found) == {at for at, odds in expected[left_in].items() if odds}
        for at, share in found.items():
            assert share == pytest.approx(float(expected[left_in][at] / total), abs=1e-12)


@pytest.mark.parametrize(("came", "room", "sought_in"), CASES)
def test_when_one_letter_more_leaves_is_what_the_relay_s_own_mix_does(
    came: tuple[int, ...], room: int, sought_in: int
) -> None:
    trials = 6_000
    exact: defaultdict[int | None, Fraction] = defaultdict(Fraction)
    with_it = tuple(count + (at == sought_in) for at, count in enumerate(came))
    for odds, left in histories(with_it, room):
        exact[left.get((sought_in, 0))] += odds
    passed, chance = passing(came, room), Random(11)
    drawn = Counter(departure(passed, sought_in, chance) for _ in range(trials))
    real = Counter(_with_the_real_mix(came, room, sought_in, chance) for _ in range(trials))
    for left_in, odds in exact.items():
        share = float(odds)
        # 1e-4 over all of some sixteen comparisons: 4.5 standard errors each.
        band = 4.5 * math.sqrt(trials * share * (1 - share))
        assert abs(drawn[left_in] - trials * share) <= band
        assert abs(real[left_in] - trials * share) <= band


def _with_the_real_mix(came: tuple[int, ...], room: int, sought_in: int, chance: Random) -> int | None:
    held: set[bytes] = set()
    for at, count in enumerate(came):
        held |= {bytes([at, number]) for number in range(count)} | ({b"sought"} if at == sought_in else set())
        chosen = mix.leaving(held, room, chance)
        if b"sought" in chosen:
            return at
        held -= set(chosen)
    return None


def test_what_does_not_fit_waits_and_none_is_lost() -> None:
    passed = passing((5, 0, 2, 0, 0), 2)
    assert passed.edges == (Edge(5, 5), Edge(0, 3), Edge(2, 3), Edge(0, 1), Edge(0, 0))
    assert sorted(letter.left_in for letter in passed.letters) == [0, 0, 1, 1, 2, 2, 3]
    assert passed.waiting == 0
    assert passing((5,), 2).waiting == 3


def test_how_long_letters_wait_is_counted_in_shares() -> None:
    assert ages(()) == {0: 1.0}
    assert ages(passing((1, 1, 1), 4).letters) == {0: 1.0}
    shares = ages(passing((4, 0), 2).letters)
    assert shares == {0: 0.5, 1: 0.5}


def test_a_bundle_with_room_tells_the_round() -> None:
    passed = passing((1, 0, 3), 4)
    assert origins(passed, came_in=1, left_in=1) == {1: 1.0}
    assert departure(passed, 1, Random(1)) == 1
