"""T7: recipients are hidden. A letter for one, two, three or four partners, and one for nobody, are alike; so is cover.

5 000 letters of each kind as they stand in a bundle, and 5 000 envelopes of letters for one, for four, and of cover, as
they come to the door. All are sealed for the test by the code that reporters and relays use. Each kind is compared with
letters for one partner by a classifier that learnt from 1 000 others of either (tests/privacy/telling.py): it judges
the whole head and both ends of the body. The bands are those of T6 (tests/privacy/bands.py).

The partners' keys are the same in all, as they are in a round: what is sealed to a known key and what to a throw-away
one must not differ to who knows all public keys and no private one.
"""

from collections.abc import Callable, Iterator
from random import Random
from typing import Final

import pytest

from crypto import letter
from crypto.cells import LETTER_HEAD_LEN, ROUND_TAG_LEN, SLOT_LEN, SLOTS, CellClass
from crypto.errors import NotForUs
from crypto.layers import cover, wrap
from crypto.report import Report
from crypto.suite import SEAL_OVERHEAD, OpeningKey
from tests.privacy.bands import Told, not_told_apart
from tests.privacy.mutants import caught
from tests.privacy.telling import Score, learnt

LETTERS: Final = 5_000
LESSONS: Final = 1_000
COVER: Final = -1
L: Final = CellClass.LETTER
PARTNERS: Final = [OpeningKey.generate() for _ in range(4)]
RELAY: Final = OpeningKey.generate().sealing_key
CHANCE: Final = Random(7)
_TAIL: Final = 64

Make = Callable[[int], bytes]


def sealed_for(partners: int) -> bytes:
    """A letter for so many of the four partners; for none, a top-up."""
    if not partners:
        return letter.top_up(L, relays=1)
    keys = [key.sealing_key for key in CHANCE.sample(PARTNERS, partners)]
    return letter.seal_report(Report(text="x" * CHANCE.randrange(1, 20_000)), to=keys, relays=1)


def leave_unused_slots_zero(partners: int) -> bytes:
    """The mutant: a slot that nobody is to open is left empty."""
    cell = sealed_for(partners)
    for slot in range(SLOTS):
        start = slot * SLOT_LEN
        if not any(_opens(key, cell[start : start + SLOT_LEN]) for key in PARTNERS):
            cell = cell[:start] + bytes(SLOT_LEN) + cell[start + SLOT_LEN :]
    return cell


def mark_for_somebody(partners: int) -> bytes:
    """The mutant: of each slot that somebody is to open one bit is set."""
    cell = bytearray(sealed_for(partners))
    for slot in range(SLOTS):
        start = slot * SLOT_LEN
        if any(_opens(key, bytes(cell[start : start + SLOT_LEN])) for key in PARTNERS):
            cell[start] |= 1
    return bytes(cell)


def _opens(key: OpeningKey, slot: bytes) -> bool:
    try:
        key.open(slot, purpose=b"letter slot")
    except NotForUs:
        return False
    return True


def in_a_bundle(make: Make, partners: int) -> bytes:
    """What is judged of a letter."""
    cell = make(partners)
    assert len(cell) == L.length_after(1), "all letters have one length"
    return cell[: LETTER_HEAD_LEN + _TAIL] + cell[-_TAIL:]


def at_the_door(make: Make, partners: int) -> bytes:
    """What is judged of an envelope; of cover, where that is asked for. The round tag is the same for everybody."""
    envelope = cover(L, route=[RELAY]) if partners == COVER else wrap(make(partners), route=[RELAY])
    assert len(envelope) == L.wire_length, "all envelopes have one length"
    return envelope[ROUND_TAG_LEN:][: SEAL_OVERHEAD + LETTER_HEAD_LEN] + envelope[-_TAIL:]


def nothing_tells_for_how_many_it_is(
    make: Make, look: Callable[[Make, int], bytes], kinds: list[int], *, count: int, lessons: int
) -> dict[int, Told]:
    """The proof: each of these kinds against letters for one partner."""

    def some(partners: int, number: int) -> list[bytes]:
        return [look(make, partners) for _ in range(number)]

    found, lesson, ones = {}, some(1, lessons), some(1, count)
    for kind in kinds:
        score = learnt(lesson, some(kind, lessons))
        fresh = iter([ones])

        def measure(score: Score = score, kind: int = kind, fresh: Iterator[list[bytes]] = fresh) -> Told:
            against = next(fresh, None) or some(1, count)
            return Told.of([score(one) for one in against], [score(one) for one in some(kind, count)])

        found[kind] = not_told_apart(measure, f"letters for one and for {kind}")
    return found


def _show(where: str, found: dict[int, Told]) -> None:
    for kind, told in found.items():
        print(f"T7: {where}, for one partner and {'cover' if kind == COVER else f'for {kind}'}: {told}")


@pytest.mark.slow
def test_nothing_in_a_bundle_tells_for_how_many_a_letter_is() -> None:
    kinds = [0, 2, 3, 4]
    _show(
        "in a bundle", nothing_tells_for_how_many_it_is(sealed_for, in_a_bundle, kinds, count=LETTERS, lessons=LESSONS)
    )


@pytest.mark.slow
def test_nothing_at_the_door_tells_for_how_many_a_letter_is_or_whether_it_is_cover() -> None:
    kinds = [4, COVER]
    _show(
        "at the door", nothing_tells_for_how_many_it_is(sealed_for, at_the_door, kinds, count=LETTERS, lessons=LESSONS)
    )


@pytest.mark.slow
@pytest.mark.parametrize("mutant", [leave_unused_slots_zero, mark_for_somebody])
def test_letters_that_show_for_how_many_they_are_are_caught(mutant: Make) -> None:
    name = mutant.__name__.replace("_", " ")
    caught("T7", name, nothing_tells_for_how_many_it_is, mutant, in_a_bundle, [4], count=200, lessons=200)
