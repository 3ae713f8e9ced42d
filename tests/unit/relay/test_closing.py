"""A round closes once, with a constant number of cells, and forgets only what is on the disk."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from crypto import letter
from crypto.bundle import Bundle
from crypto.cells import CellClass, cell_hash
from crypto.directory import BundleSizes
from crypto.layers import RoundNumber
from crypto.signing import SigningKey
from forwarder.bundles import BundleStore
from forwarder.errors import Damaged, NoSpace, NotWritten
from relay.closing import Closing
from relay.rounds import Rounds
from relay.spool import Put, Spool
from tests.unit.relay.given import REAL, Killed, at_once, attached, cell, identity, memory

L, P = CellClass.LETTER, CellClass.PARCEL
SIZES = BundleSizes(letters=4, parcels=2, parcel_every=2)
ROUNDS = Rounds(900, SIZES.parcel_every)
QUIET, PARCELS = RoundNumber(1_000), RoundNumber(1_001)
KEY = SigningKey.generate()


class FullDisk(BundleStore):
    """A disk without space."""

    __slots__ = ()

    def write(self, bundle: Bundle) -> None:
        raise NoSpace(Path("bundles"), "No space left on device")


class KilledAfterWriting(BundleStore):
    """The node is killed between the bundle on the disk and the cells in memory."""

    __slots__ = ()

    def write(self, bundle: Bundle) -> None:
        super().write(bundle)
        raise Killed


class FailsAfterWriting(BundleStore):
    """A disk that reports an error once the bundle can be read."""

    __slots__ = ()

    def write(self, bundle: Bundle) -> None:
        super().write(bundle)
        raise NotWritten(Path("bundles"), "Input/output error")


@pytest.fixture
def held() -> Iterator[Spool]:
    with memory(REAL) as fd, attached(fd, REAL) as spool:
        spool.turn_to(QUIET)
        yield spool


def _store(folder: Path, kind: type[BundleStore] = BundleStore) -> BundleStore:
    return kind(folder / "bundles", keep_rounds=100)


def _closing(held: Spool, store: BundleStore, seed: int = 1) -> Closing:
    return Closing(
        spool=held, store=store, identity=KEY, rounds=ROUNDS, sizes=SIZES, relays=1, rng=Random(seed), beat=at_once
    )


def _fill(held: Spool, letters: range, parcels: range = range(0)) -> None:
    for cell_class, numbers in ((L, letters), (P, parcels)):
        for number in numbers:
            own = identity(number + 1_000 * cell_class.value)
            assert held.put(cell_class, cell(number, REAL, cell_class), identity=own) is Put.STORED


def _bundle(store: BundleStore, cell_class: CellClass, number: RoundNumber) -> Bundle:
    return Bundle.parse(store.read(cell_class, number), relay=KEY.verifying_key)


@pytest.mark.parametrize("count", [0, 1, 4])
def test_a_bundle_leaves_at_every_edge_whatever_came_and_has_one_size(held: Spool, tmp_path: Path, count: int) -> None:
    store = _store(tmp_path)
    _fill(held, range(count))
    asyncio.run(_closing(held, store).close(QUIET))
    bundle = _bundle(store, L, QUIET)
    assert len(bundle.cells) == SIZES.letters
    assert {cell(number, REAL) for number in range(count)} <= set(bundle.cells)
    assert held.held(L) == {}


def test_parcels_wait_for_their_edge(held: Spool, tmp_path: Path) -> None:
    store = _store(tmp_path)
    _fill(held, range(0), range(1))
    closing = _closing(held, store)
    asyncio.run(closing.close(QUIET))
    assert store.rounds(P) == []
    assert len(held.held(P)) == 1
    asyncio.run(closing.close(PARCELS))
    assert cell(0, REAL, P) in _bundle(store, P, PARCELS).cells
    assert held.held(P) == {}


def test_what_does_not_fit_waits_and_leaves_later_once(held: Spool, tmp_path: Path) -> None:
    store = _store(tmp_path)
    _fill(held, range(10))
    closing = _closing(held, store)
    left: Counter[bytes] = Counter()
    for later in range(4):
        number = RoundNumber(QUIET + later)
        asyncio.run(closing.close(number))
        assert len(held.held(L)) == max(0, 10 - 4 * (later + 1))
        left.update(_bundle(store, L, number).cells)
    assert all(left[cell(number, REAL)] == 1 for number in range(10))
    assert max(left.values()) == 1


def test_two_envelopes_of_one_letter_are_one_cell_of_a_bundle(held: Spool, tmp_path: Path) -> None:
    store = _store(tmp_path)
    for envelope in range(3):
        assert held.put(L, cell(1, REAL), identity=identity(envelope)) is Put.STORED
    asyncio.run(_closing(held, store).close(QUIET))
    assert _bundle(store, L, QUIET).cells.count(cell(1, REAL)) == 1
    assert held.held(L) == {}


def test_a_round_that_is_stored_is_never_made_again(held: Spool, tmp_path: Path) -> None:
    store = _store(tmp_path)
    closing = _closing(held, store)
    asyncio.run(closing.close(PARCELS))
    before = [store.read(cell_class, PARCELS) for cell_class in CellClass]
    _fill(held, range(2), range(2))
    asyncio.run(closing.close(PARCELS))
    asyncio.run(closing.close(QUIET))
    assert [store.read(cell_class, PARCELS) for cell_class in CellClass] == before
    assert store.rounds(L) == [PARCELS]
    assert len(held.held(L)) == 2


def test_without_space_every_cell_waits_and_leaves_when_there_is_some(held: Spool, tmp_path: Path) -> None:
    _fill(held, range(3))
    with pytest.raises(NoSpace):
        asyncio.run(_closing(held, _store(tmp_path, FullDisk)).close(QUIET))
    assert len(held.held(L)) == 3
    store = _store(tmp_path)
    assert store.rounds(L) == []
    asyncio.run(_closing(held, store).close(PARCELS))
    assert {cell(number, REAL) for number in range(3)} <= set(_bundle(store, L, PARCELS).cells)


@pytest.mark.parametrize("kind", [KilledAfterWriting, FailsAfterWriting])
def test_what_is_on_the_disk_is_not_sent_again(held: Spool, tmp_path: Path, kind: type[BundleStore]) -> None:
    _fill(held, range(3), range(1))
    with pytest.raises((Killed, NotWritten)):
        asyncio.run(_closing(held, _store(tmp_path, kind)).close(QUIET))
    _fill(held, range(3, 4))
    store = _store(tmp_path)
    closing = _closing(held, store)
    if kind is KilledAfterWriting:
        closing.recover()
        assert [held.read(L, slot) for slot in held.held(L)] == [cell(3, REAL)]
    asyncio.run(closing.close(PARCELS))
    left = Counter(wire for number in (QUIET, PARCELS) for wire in _bundle(store, L, number).cells)
    assert [left[cell(number, REAL)] for number in range(4)] == [1, 1, 1, 1]


def test_a_damaged_bundle_stops_nobody_who_holds_no_cell(held: Spool, tmp_path: Path) -> None:
    store = _store(tmp_path)
    asyncio.run(_closing(held, store).close(QUIET))
    (path,) = (tmp_path / "bundles").iterdir()
    path.write_bytes(path.read_bytes()[:-1])
    _closing(held, _store(tmp_path)).recover()
    _fill(held, range(1))
    # Whether this cell has left cannot be known; a person must look.
    with pytest.raises(Damaged):
        _closing(held, _store(tmp_path)).recover()
    assert len(held.held(L)) == 1


def test_every_top_up_is_made_before_it_is_known_how_many_are_needed(
    held: Spool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[CellClass] = []
    honest = letter.top_up

    def top_up(cell_class: CellClass, *, relays: int) -> bytes:
        made.append(cell_class)
        return honest(cell_class, relays=relays)

    monkeypatch.setattr(letter, "top_up", top_up)
    counts = []
    for round_number, count in ((PARCELS, 0), (RoundNumber(PARCELS + 2), 4)):
        _fill(held, range(count))
        made.clear()
        asyncio.run(_closing(held, _store(tmp_path)).close(round_number))
        counts.append(Counter(made))
    assert counts == [Counter({L: SIZES.letters, P: SIZES.parcels})] * 2


class NotesWrites(BundleStore):
    """A disk that says when it is written to."""

    __slots__ = ("notes",)
    notes: list[str]

    def write(self, bundle: Bundle) -> None:
        self.notes.append("write")
        super().write(bundle)


def test_bundles_are_stored_between_two_beats_and_nothing_else_is_done_there(held: Spool, tmp_path: Path) -> None:
    """T6: hashing, reading and signing come before the first beat; wiping and what follows, after the last write."""
    notes: list[str] = []

    async def beat() -> None:
        notes.append(f"beat with {len(held.held(L))} letters and {len(held.held(P))} parcels held")

    store = _store(tmp_path, NotesWrites)
    assert isinstance(store, NotesWrites)
    store.notes = notes
    _fill(held, range(3), range(1))
    closing = Closing(
        spool=held, store=store, identity=KEY, rounds=ROUNDS, sizes=SIZES, relays=1, rng=Random(1), beat=beat
    )
    asyncio.run(closing.close(PARCELS))
    first, last = "beat with 3 letters and 1 parcels held", "beat with 0 letters and 0 parcels held"
    assert notes == [first, "write", "write", last]
    asyncio.run(closing.close(PARCELS))
    assert len(notes) == 4, "a round that is stored needs no beat"


def test_a_top_up_of_a_bundle_that_could_not_be_written_is_in_no_other(held: Spool, tmp_path: Path) -> None:
    closing = _closing(held, _store(tmp_path, FailsAfterWriting))
    for number in (QUIET, PARCELS):
        with pytest.raises(NotWritten):
            asyncio.run(closing.close(number))
    store = _store(tmp_path)
    assert not set(_bundle(store, L, QUIET).cells) & set(_bundle(store, L, PARCELS).cells)


def test_the_top_up_of_one_bundle_is_in_no_other(held: Spool, tmp_path: Path) -> None:
    store = _store(tmp_path)
    closing = _closing(held, store)
    for later in range(3):
        asyncio.run(closing.close(RoundNumber(QUIET + later)))
    hashes = [cell_hash(wire) for later in range(3) for wire in _bundle(store, L, RoundNumber(QUIET + later)).cells]
    assert len(set(hashes)) == 3 * SIZES.letters


def test_what_is_held_waits_behind_a_bundle_of_top_up_and_leaves_later_once(held: Spool, tmp_path: Path) -> None:
    store = _store(tmp_path)
    _fill(held, range(3), range(1))
    closing = _closing(held, store)
    mine = {cell(number, REAL) for number in range(3)} | {cell(0, REAL, P)}
    for number in (QUIET, PARCELS):
        asyncio.run(closing.close(number, hold=True))
        assert closing.is_closed(number)
        assert len(_bundle(store, L, number).cells) == SIZES.letters
        assert not mine & set(_bundle(store, L, number).cells)
    assert not mine & set(_bundle(store, P, PARCELS).cells)
    assert (len(held.held(L)), len(held.held(P))) == (3, 1)
    after = [RoundNumber(PARCELS + 1), RoundNumber(PARCELS + 2)]
    assert not closing.is_closed(after[0])
    for number in after:
        asyncio.run(closing.close(number))
    left = [*_bundle(store, L, after[0]).cells, *_bundle(store, P, after[1]).cells]
    assert mine <= set(left)
    assert held.held(L) == held.held(P) == {}
