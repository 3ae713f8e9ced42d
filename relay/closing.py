"""A round closes: what leaves is chosen, topped up, sorted, signed and stored; then, and only then, it is forgotten
(docs/spec/bundle.md; promises T5, T6, T11).

The bundle is on disk before its cells leave memory, and a bundle that is on disk is never made again. So a node killed
at any moment sends every cell in exactly one bundle. What takes longer the more cells there are is done between beats,
and what can be seen from outside or on the disk, at them: so no moment tells how many there were.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Final, Protocol

from crypto import letter
from crypto.bundle import Bundle
from crypto.cells import CellClass
from crypto.directory import BundleSizes
from crypto.layers import RoundNumber
from crypto.signing import SigningKey
from relay import mix
from relay.rounds import Rounds
from relay.spool import Spool


class Store(Protocol):
    """Where closed bundles rest (`forwarder.bundles.BundleStore`)."""

    def write(self, bundle: Bundle) -> None:
        """Keep a bundle durably, or raise and keep nothing of it."""

    def rounds(self, cell_class: CellClass) -> list[RoundNumber]:
        """The rounds that have a bundle of this class, oldest first."""

    def cell_hashes(self, cell_class: CellClass, round_number: RoundNumber) -> set[bytes]:
        """SHA-256 of each cell in a bundle."""


@dataclass(frozen=True, slots=True)
class _Ready:
    """A bundle that may be stored, and the slots of the cells in it."""

    bundle: Bundle
    slots: list[int]


class Closing:
    """Closes rounds. `relays`: how many have peeled a cell when it leaves here. `beat`: returns at the next one."""

    def __init__(
        self,
        *,
        spool: Spool,
        store: Store,
        identity: SigningKey,
        rounds: Rounds,
        sizes: BundleSizes,
        relays: int,
        rng: Random,
        beat: Callable[[], Awaitable[None]],
    ) -> None:
        self._spool: Final = spool
        self._store: Final = store
        self._identity: Final = identity
        self._room: Final[Mapping[CellClass, int]] = {
            CellClass.LETTER: sizes.letters,
            CellClass.PARCEL: sizes.parcels,
        }
        self._rounds: Final = rounds
        self._relays: Final = relays
        self._rng: Final = rng
        self._beat: Final = beat
        self._top_ups: dict[CellClass, list[bytes]] = {cell_class: [] for cell_class in CellClass}

    def recover(self) -> None:
        """Forget the cells of a bundle that was stored just before the node was killed. Called once, at the start."""
        for cell_class in CellClass:
            self._not_yet_stored(cell_class, self._spool.held(cell_class))

    async def prepare(self, number: RoundNumber) -> None:
        """Make every top-up cell of the edge of round `number`, needed or not, so that the time this takes tells
        nothing (T6)."""
        for cell_class in self._leaving(number):
            ready = self._top_ups[cell_class]
            while len(ready) < self._room[cell_class]:
                ready.append(letter.top_up(cell_class, relays=self._relays))
                await asyncio.sleep(0)

    async def close(self, number: RoundNumber, *, hold: bool = False) -> None:
        """Store the bundles of round `number`, unless they, or later ones, are stored already. `hold`: of nothing but
        top-up; the cells wait for another edge.

        They are stored at a beat, and this returns at one. Raises what the store raises; the cells then wait for the
        next edge.
        """
        await self.prepare(number)
        missing = [cell_class for cell_class in self._leaving(number) if not self._is_stored(cell_class, number)]
        ready = [await self._make(cell_class, number, hold=hold) for cell_class in missing]
        if ready:
            await self._beat()
            await self._store_all(ready)
            await self._beat()

    def is_closed(self, number: RoundNumber) -> bool:
        """Whether the bundle of this round's letters, or a later one, is stored."""
        return self._is_stored(CellClass.LETTER, number)

    def _is_stored(self, cell_class: CellClass, number: RoundNumber) -> bool:
        return any(stored >= number for stored in self._store.rounds(cell_class)[-1:])

    def _leaving(self, number: RoundNumber) -> list[CellClass]:
        return [
            cell_class
            for cell_class in CellClass
            if cell_class is CellClass.LETTER or self._rounds.parcels_leave(number)
        ]

    async def _make(self, cell_class: CellClass, number: RoundNumber, *, hold: bool) -> _Ready:
        room = self._room[cell_class]
        held = self._not_yet_stored(cell_class, await self._held(cell_class))
        chosen = set(mix.leaving([] if hold else held.values(), room, self._rng))
        slots = [slot for slot, digest in held.items() if digest in chosen]
        cells: dict[bytes, bytes] = {}
        for slot in slots:
            cells[held[slot]] = self._spool.read(cell_class, slot)
            await asyncio.sleep(0)
        # Gone from here whether the bundle can be stored or not: a cell that stood in two bundles would be known for a
        # top-up.
        top_ups, self._top_ups[cell_class] = self._top_ups[cell_class], []
        filled = mix.fill([*cells.values()], room, top_ups)
        bundle = Bundle.sign(filled, cell_class=cell_class, round_number=number, relay=self._identity)
        return _Ready(bundle, slots)

    async def _store_all(self, ready: list[_Ready]) -> None:
        stored: list[_Ready] = []
        try:
            # All are written before any is forgotten, for how long that takes depends on how many cells there were.
            for one in ready:
                await asyncio.to_thread(self._store.write, one.bundle)
                stored.append(one)
        finally:
            for one in stored:
                self._spool.drop(one.bundle.header.cell_class, one.slots)

    async def _held(self, cell_class: CellClass) -> dict[int, bytes]:
        # The door goes on in between, so that the time in which it does not answer tells nothing either.
        found: dict[int, bytes] = {}
        for slot in self._spool.held_slots(cell_class):
            found[slot] = self._spool.digest(cell_class, slot)
            await asyncio.sleep(0)
        return found

    def _not_yet_stored(self, cell_class: CellClass, held: dict[int, bytes]) -> dict[int, bytes]:
        # Asked at every edge, for a store may fail after the bundle can be read: then it has left all the same.
        if not held:
            return {}
        left: set[bytes] = set()
        for number in self._store.rounds(cell_class)[-1:]:
            left = self._store.cell_hashes(cell_class, number)
        self._spool.drop(cell_class, [slot for slot, digest in held.items() if digest in left])
        return {slot: digest for slot, digest in held.items() if digest not in left}
