"""T6: volume is hidden. A bundle of no report and one of as many as it holds are alike in every byte that is judged.

Here the bytes: 5 000 bundles of either kind, made by the relay's own intake and closing from reports that were sealed
and wrapped as a reporter's are; only the disk is left out. All have one length. A classifier that has learnt from 1 000
others of either kind (tests/privacy/telling.py) judges of each cell its head and both ends of its body; between them
is more of the same stream of ChaCha20. When bundles leave is the subject of test_t06_moments.py.
"""

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from random import Random
from typing import Final

import pytest

from crypto import letter
from crypto.bundle import Bundle
from crypto.cells import LETTER_HEAD_LEN, SLOT_LEN, SLOTS, CellClass
from crypto.directory import BundleSizes
from crypto.layers import RoundNumber, wrap
from crypto.report import Report
from crypto.signing import SigningKey
from crypto.suite import ENC_LEN, OpeningKey
from onion_service.answers import Verdict
from relay.closing import Closing
from relay.intake import Intake
from relay.rounds import Rounds
from tests.privacy.bands import KS, Told, Z, auc_band, ks_band, not_told_apart
from tests.privacy.mutants import caught
from tests.privacy.telling import learnt
from tests.unit.relay.given import REAL, ROUND, at_once, attached, memory

BUNDLES: Final = 5_000
LESSONS: Final = 1_000
SIZES: Final = BundleSizes(letters=2, parcels=1, parcel_every=96)
PARTNERS: Final = [OpeningKey.generate().sealing_key for _ in range(4)]
_TAIL: Final = 64


class LastBundle:
    """Keeps the bundle of the last round, and no disk."""

    def __init__(self) -> None:
        self.bundle: Bundle | None = None

    def write(self, bundle: Bundle) -> None:
        """Keep it, if it is one of letters."""
        if bundle.header.cell_class is CellClass.LETTER:
            self.bundle = bundle

    def rounds(self, cell_class: CellClass) -> list[RoundNumber]:
        """The last, and none before it."""
        return [self.bundle.header.round_number] if self.bundle and cell_class is CellClass.LETTER else []

    def cell_hashes(self, cell_class: CellClass, round_number: RoundNumber) -> set[bytes]:
        """Those of the last."""
        return set(self.bundle.hash_list.hashes) if self.bundle else set()


def judged(bundle: Bundle) -> bytes:
    """Of each cell the head and the ends of the body."""
    around = [cell[: LETTER_HEAD_LEN + _TAIL] + cell[-_TAIL:] for cell in bundle.cells]
    return b"".join(around)


def report(chance: Random) -> bytes:
    """A letter as a reporter seals it: of any length, for one to four partners."""
    text = "x" * chance.randrange(1, 20_000)
    return letter.seal_report(Report(text=text), to=chance.sample(PARTNERS, chance.randint(1, 4)), relays=1)


@contextmanager
def bundles(reports: int) -> Iterator[Iterator[bytes]]:
    """Round after round, each with so many reports: what is judged of its bundle."""
    with ExitStack() as stack:
        spool = stack.enter_context(attached(stack.enter_context(memory(REAL)), REAL))
        runner = stack.enter_context(asyncio.Runner())
        store, chance = LastBundle(), Random(6)
        closing = Closing(
            spool=spool,
            store=store,
            identity=SigningKey.generate(),
            rounds=Rounds(900, SIZES.parcel_every),
            sizes=SIZES,
            relays=1,
            rng=chance,
            beat=at_once,
        )

        def one(number: RoundNumber) -> bytes:
            intake = Intake(spool)
            route = [intake.turn_to(number).key.sealing_key]
            runner.run(closing.prepare(number))
            for _ in range(reports):
                if intake.accept(wrap(report(chance), route=route)) is not Verdict.ACCEPTED:
                    raise ValueError("a report was not taken")
            runner.run(closing.close(number))
            if store.bundle is None or store.bundle.header.round_number != number:
                raise ValueError("the round has no bundle")
            lengths.add(len(store.bundle.wire))
            return judged(store.bundle)

        lengths: set[int] = set()
        yield (one(RoundNumber(ROUND + number)) for number in count())
        assert len(lengths) == 1, "bundles have one length"


def taken(bundle: Iterator[bytes], number: int) -> list[bytes]:
    """The next so many."""
    return [next(bundle) for _ in range(number)]


def nothing_tells_full_bundles_from_empty_ones(number: int, lessons: int) -> Told:
    """The proof."""
    with bundles(0) as empty, bundles(SIZES.letters) as full:
        score = learnt(taken(empty, lessons), taken(full, lessons))

        def measure() -> Told:
            return Told.of([score(next(empty)) for _ in range(number)], [score(next(full)) for _ in range(number)])

        return not_told_apart(measure, "bundles of top-ups and of reports")


def random_top_up(cell_class: CellClass, *, relays: int) -> bytes:
    """Bytes of chance."""
    return secrets.token_bytes(cell_class.length_after(relays))


def random_top_up_with_shares(cell_class: CellClass, *, relays: int) -> bytes:
    """Bytes of chance in which the last bit of each X25519 share is clear, as it is in real ones."""
    cell = bytearray(random_top_up(cell_class, relays=relays))
    for slot in range(SLOTS):
        cell[slot * SLOT_LEN + ENC_LEN - 1] &= 0x7F
    return bytes(cell)


def test_the_bands_are_those_of_the_promise() -> None:
    assert auc_band(BUNDLES, BUNDLES) == pytest.approx(0.0225, abs=5e-5)
    assert ks_band(BUNDLES, BUNDLES) == pytest.approx(0.0445, abs=5e-5)
    assert pytest.approx((3.8906, 2.2252), abs=1e-4) == (Z, KS)


@pytest.mark.slow
def test_nothing_tells_five_thousand_full_bundles_from_empty_ones() -> None:
    told = nothing_tells_full_bundles_from_empty_ones(BUNDLES, LESSONS)
    print(f"T6: bundles of 0 and of {SIZES.letters} reports: {told}")


@pytest.mark.slow
@pytest.mark.parametrize("mutant", [random_top_up, random_top_up_with_shares])
def test_top_ups_that_are_no_seals_are_caught(monkeypatch: pytest.MonkeyPatch, mutant: object) -> None:
    monkeypatch.setattr(letter, "top_up", mutant)
    name = mutant.__name__.replace("_", " ")  # type: ignore[attr-defined]
    caught("T6", name, nothing_tells_full_bundles_from_empty_ones, 300, 300)
