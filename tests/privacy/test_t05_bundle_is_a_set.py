"""T5: a bundle is a function of the set of its cells; who reads it learns nothing of the order they came in."""

import asyncio
import math
import secrets
from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path
from random import Random
from typing import Final

import pytest

from crypto import letter
from crypto.bundle import Bundle, Header, _hashes, _signed
from crypto.cells import CellClass
from crypto.directory import BundleSizes
from crypto.layers import RoundNumber, wrap
from crypto.signing import SigningKey, Use
from forwarder.bundles import BundleStore
from onion_service.answers import Verdict
from relay import mix
from relay.closing import Closing
from relay.intake import Intake
from relay.rounds import Rounds
from tests.privacy.mutants import caught
from tests.unit.relay.given import REAL, ROUND, at_once, attached, memory

L = CellClass.LETTER
KEY: Final = SigningKey.generate()
SIZES: Final = BundleSizes(letters=6, parcels=2, parcel_every=4)

TRIALS: Final = 20_000
CELLS: Final = 8
ROOM: Final = 10
# Both at 1e-4 for 20 000 rounds of 8 cells: 3.89 standard errors of the mean of Kendall's tau; and G, which a
# permutation in each round makes n/(n-1) too large, times (n-1)/n against chi-square with 49 degrees.
TAU_MAX: Final = 0.0079
BITS_MAX: Final = 0.00049

Sign = Callable[[list[bytes], RoundNumber], Bundle]
_REST: Final = bytes(L.length_after(1) - 16)


def _sign(cells: list[bytes], number: RoundNumber) -> Bundle:
    return Bundle.sign(cells, cell_class=L, round_number=number, relay=KEY)


def _in_the_order_given(cells: list[bytes], number: RoundNumber) -> Bundle:
    header = Header(L, KEY.verifying_key, number, len(cells), len(cells[0]))
    signature = KEY.sign(_signed(header, _hashes(cells)), use=Use.BUNDLE)
    return Bundle(header, tuple(cells), signature)


def _two_in_a_hundred_first_in_first_out(cells: list[bytes], number: RoundNumber) -> Bundle:
    return (_in_the_order_given if number % 50 == 0 else _sign)(cells, number)


def _closed(arrivals: Sequence[bytes], top_ups: list[bytes], folder: Path, seed: int) -> bytes:
    """The bytes of the bundle after these letters came in this order."""
    with memory(REAL) as fd, attached(fd, REAL) as spool:
        intake = Intake(spool)
        key = intake.turn_to(ROUND).key.sealing_key
        assert {intake.accept(wrap(cell, route=[key])) for cell in arrivals} <= {Verdict.ACCEPTED}
        store = BundleStore(folder, keep_rounds=100)
        rounds = Rounds(900, SIZES.parcel_every)
        closing = Closing(
            spool=spool, store=store, identity=KEY, rounds=rounds, sizes=SIZES, relays=1, rng=Random(seed), beat=at_once
        )
        closing._top_ups[L] = list(top_ups)
        asyncio.run(closing.close(ROUND))
        return store.read(L, ROUND)


def permuted_arrivals_make_one_bundle(folder: Path, count: int) -> None:
    """The proof for few cells and, beyond the room of a bundle, for many of which some wait."""
    letters = [letter.top_up(L, relays=1) for _ in range(count)]
    top_ups = [letter.top_up(L, relays=1) for _ in range(SIZES.letters)]
    rng = Random(5)
    orders = [letters, letters[::-1], *(rng.sample(letters, count) for _ in range(4))]
    found = {_closed(order, top_ups, folder / str(number), 7) for number, order in enumerate(orders)}
    assert len(found) == 1
    (wire,) = found
    assert len(Bundle.parse(wire, relay=KEY.verifying_key).cells) == SIZES.letters


@pytest.mark.parametrize("count", [0, 1, 4, 9])
def test_permuted_arrivals_make_one_bundle(tmp_path: Path, count: int) -> None:
    permuted_arrivals_make_one_bundle(tmp_path, count)


def test_a_bundle_in_the_order_of_the_slots_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsorted(
        cls: type[Bundle], cells: list[bytes], *, cell_class: CellClass, round_number: RoundNumber, relay: SigningKey
    ) -> Bundle:
        return _in_the_order_given(cells, round_number)

    monkeypatch.setattr(Bundle, "sign", classmethod(unsorted))
    caught("T5", "cells in the order of their slots", permuted_arrivals_make_one_bundle, tmp_path, 4)


def _views(sign: Sign) -> list[list[int]]:
    """For each round, where in the bundle a partner found the cells, in the order they had come in."""
    views, rng = [], Random(3)
    for number in range(TRIALS):
        arrivals = [secrets.token_bytes(16) + _REST for _ in range(CELLS)]
        top_ups = [secrets.token_bytes(16) + _REST for _ in range(ROOM - CELLS)]
        chosen = mix.leaving(arrivals, ROOM, rng)
        leaving = [cell for cell in arrivals if cell in set(chosen)]
        bundle = sign(mix.fill(leaving, ROOM, top_ups), RoundNumber(number))
        own = set(arrivals)
        places = {cell: place for place, cell in enumerate(cell for cell in bundle.cells if cell in own)}
        views.append([places[cell] for cell in arrivals])
    return views


def _tau(view: list[int]) -> float:
    pairs = list(combinations(view, 2))
    return sum(1 if first < second else -1 for first, second in pairs) / len(pairs)


def the_mean_tau_is_nothing(views: list[list[int]]) -> float:
    """The proof by rank correlation."""
    mean = sum(map(_tau, views)) / len(views)
    assert abs(mean) <= TAU_MAX
    return mean


def the_place_says_nothing_of_the_arrival(views: list[list[int]]) -> float:
    """The proof by mutual information, in bits."""
    seen = [[0] * CELLS for _ in range(CELLS)]
    for view in views:
        for arrival, place in enumerate(view):
            seen[arrival][place] += 1
    total = len(views) * CELLS
    bits = sum(count / total * math.log2(count / total * CELLS * CELLS) for row in seen for count in row if count)
    assert bits <= BITS_MAX
    return bits


@pytest.mark.slow
def test_twenty_thousand_rounds_say_nothing_of_the_order() -> None:
    views = _views(_sign)
    tau, bits = the_mean_tau_is_nothing(views), the_place_says_nothing_of_the_arrival(views)
    print(f"T5: {TRIALS} rounds of {CELLS} cells: mean tau {tau:+.4f}, mutual information {bits:.5f} bit")


@pytest.mark.slow
def test_two_rounds_in_a_hundred_first_in_first_out_are_caught() -> None:
    views = _views(_two_in_a_hundred_first_in_first_out)
    caught("T5", "2 % of rounds first in, first out (tau)", the_mean_tau_is_nothing, views)
    caught("T5", "2 % of rounds first in, first out (information)", the_place_says_nothing_of_the_arrival, views)
