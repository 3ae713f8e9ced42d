"""Open rounds live here and nowhere else: fixed slots in memory that survives the program but not the power switch.

The memory is a memfd that the supervisor holds (`relay.supervisor`), so a node killed at any moment finds every cell it
had answered for. A slot has no time, no sender and no order; which slot a cell takes is chance. Sizes never change
while a relay runs, so how much memory it takes says nothing (promises T1, T3, T4, T11, T14).
"""

import hashlib
import mmap
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from crypto.cells import ROUND_TAG_LEN, CellClass
from crypto.layers import RoundKey, RoundNumber
from crypto.suite import SEED_LEN, OpeningKey
from relay import hygiene
from relay.gate import Phase
from relay.marks import MARK_LEN, Marks

_MAGIC: Final = b"VLSPOOL1"
_PAGE: Final = 4_096
_MEMORY: Final = Path("/proc/meminfo")
_SECRET_LEN: Final = 16
_ROUND_LEN: Final = 8
_KEY_RECORD_LEN: Final = 1 + _ROUND_LEN + SEED_LEN
_RANDOM_PROBES: Final = 16
# About a week of quarter hours. A tag is a hash of a public key; it opens nothing.
_TAGS_KEPT: Final = 672

_FREE: Final = 0
_HELD: Final = 1
_WRITING: Final = 2
_LEAVING: Final = 3


class SpoolError(Exception):
    """The spool's memory cannot be had, or is not one of this geometry. The operator must act; the text says how."""


class Put(Enum):
    """What became of a cell."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Geometry:
    """How many cells of which length, and how many round keys with their marks. The whole size follows from it."""

    letters: int
    letter_length: int
    parcels: int
    parcel_length: int
    keys: int = 2

    def slots(self, cell_class: CellClass) -> tuple[int, int]:
        """How many slots a class has, and the bytes of each."""
        if cell_class is CellClass.LETTER:
            return self.letters, self.letter_length
        return self.parcels, self.parcel_length

    @property
    def marks_length(self) -> int:
        """Bytes of one table of marks: each slot is filled at most once in a round, and half of a table stays empty."""
        return 2 * (self.letters + self.parcels) * MARK_LEN

    @property
    def wire(self) -> bytes:
        """The first bytes of the memory: two geometries that differ cannot be taken for each other."""
        numbers = (self.letters, self.letter_length, self.parcels, self.parcel_length, self.keys)
        return _MAGIC + b"".join(number.to_bytes(4, "big") for number in numbers)

    @property
    def total(self) -> int:
        """Bytes in all, a multiple of the page."""
        return Layout(self).total


class Layout:
    """Where everything stands: geometry, secret, keys, tags, gate, marks, states, slots."""

    __slots__ = ("gate", "keys", "marks", "scratch", "secret", "slots", "states", "tags", "total")

    def __init__(self, geometry: Geometry) -> None:
        self.secret = len(geometry.wire)
        self.keys = self.secret + _SECRET_LEN
        self.tags = self.keys + geometry.keys * _KEY_RECORD_LEN
        self.gate = self.tags + _TAGS_KEPT * ROUND_TAG_LEN
        at = _page_up(self.gate + 1)
        self.marks = at
        at = _page_up(at + geometry.keys * (_ROUND_LEN + geometry.marks_length))
        self.states: dict[CellClass, int] = {}
        self.slots: dict[CellClass, int] = {}
        for cell_class in CellClass:
            count, length = geometry.slots(cell_class)
            self.states[cell_class] = at
            self.slots[cell_class] = _page_up(at + count)
            at = _page_up(self.slots[cell_class] + count * (MARK_LEN + length))
        self.scratch = at
        self.total = _page_up(at + MARK_LEN + geometry.parcel_length)


def create(geometry: Geometry) -> int:
    """A new memfd of this geometry, its memory all taken now. Raises SpoolError when there is not enough.

    The caller (the supervisor) owns the descriptor; when the last process holding it ends, the cells are gone.
    """
    too_little = f"the spool needs {geometry.total // 2**20} MiB of memory; lower [spool] letters or parcels"
    # Asked first: the kernel would give page after page and end other programs to find them.
    if geometry.total > _available_memory():
        raise SpoolError(too_little)
    fd = os.memfd_create("veladora-spool", os.MFD_CLOEXEC)
    try:
        os.posix_fallocate(fd, 0, geometry.total)
    except OSError as error:
        os.close(fd)
        raise SpoolError(too_little) from error
    os.pwrite(fd, geometry.wire + secrets.token_bytes(_SECRET_LEN), 0)
    return fd


class Spool:
    """The slots, the round keys and the marks of what was accepted, in one shared memory."""

    def __init__(self, fd: int, geometry: Geometry) -> None:
        """Attach to the memory and mend what a killed node left half done. Raises SpoolError on another geometry."""
        self._geometry = geometry
        self._layout = Layout(geometry)
        if os.fstat(fd).st_size != self._layout.total:
            raise SpoolError("the spool was made for other settings; stop the supervisor, then start it again")
        # Mapped whole now, so that no cell is slower for being the first in its slot.
        self._map = mmap.mmap(fd, self._layout.total, flags=mmap.MAP_SHARED | mmap.MAP_POPULATE)
        self._map.madvise(mmap.MADV_DONTDUMP)
        self._memory = memoryview(self._map)
        if bytes(self._memory[: len(geometry.wire)]) != geometry.wire:
            self.close()
            raise SpoolError("the spool was made for other settings; stop the supervisor, then start it again")
        self._secret = bytes(self._memory[self._layout.secret :][:_SECRET_LEN])
        self._marks: dict[int, Marks] = {}
        self._newest = next(iter(self.key_numbers()), None)
        self._mend()

    def lock(self) -> None:
        """Keep all of it off the swap or, where less may be locked, at least the round keys and the gate."""
        if not hygiene.lock(self._memory):
            hygiene.lock(self._memory[: self._layout.marks])

    def close(self) -> None:
        """Let go of the memory; the supervisor still holds it."""
        for marks in getattr(self, "_marks", {}).values():
            marks.release()
        self._memory.release()
        self._map.close()

    # Round keys

    def round_keys(self) -> list[RoundKey]:
        """The keys in memory, newest round first."""
        keys = [key for place in range(self._geometry.keys) if (key := self._key_at(place))]
        return sorted(keys, key=lambda key: key.round_number, reverse=True)

    def turn_to(self, number: RoundNumber) -> list[RoundKey]:
        """Make round `number` the current one: give it a key, keep the keys still accepted, overwrite the others with
        their marks. Returns the keys that are now accepted, newest first; calling it twice changes nothing."""
        oldest = number - self._geometry.keys + 1
        for place in range(self._geometry.keys):
            key = self._key_at(place)
            # A place without a key is wiped too: a kill may have left half of the retired key, or its marks.
            if key is None or not oldest <= key.round_number <= number:
                self._wipe_key(place)
        place = number % self._geometry.keys
        if self._key_at(place) is None:
            self._write_key(place, RoundKey.generate(number))
        self._newest = number
        return self.round_keys()

    def tags(self) -> set[bytes]:
        """The round tags of the keys of the last days, retired ones too: public values, which open nothing."""
        at = self._layout.tags
        ring = bytes(self._memory[at : at + _TAGS_KEPT * ROUND_TAG_LEN])
        found = {ring[start : start + ROUND_TAG_LEN] for start in range(0, len(ring), ROUND_TAG_LEN)}
        return found - {bytes(ROUND_TAG_LEN)}

    # The gate

    @property
    def phase(self) -> Phase:
        """How the gate stands. It outlives the node, so that a crash does not open it."""
        return Phase(self._memory[self._layout.gate])

    @phase.setter
    def phase(self, phase: Phase) -> None:
        self._memory[self._layout.gate] = phase.value

    # Cells

    def put(self, cell_class: CellClass, cell: bytes, *, identity: bytes) -> Put:
        """Keep `cell` in a free slot of chance. `identity`: what makes two arrivals the same cell.

        When this returns STORED the cell survives the end of this process.
        """
        count, length = self._geometry.slots(cell_class)
        if len(cell) != length:
            raise ValueError("not the length of a cell that leaves here")
        mark = self._mark(identity)
        if self._is_marked(mark):
            return Put.DUPLICATE
        newest = self._newest_marks()
        slot = self._free_slot(cell_class, count)
        if slot is None or not newest.has_room:
            return Put.FULL
        states, start = self._layout.states[cell_class] + slot, self._slot_start(cell_class, slot)
        self._memory[states] = _WRITING
        self._memory[start : start + MARK_LEN] = mark
        self._memory[start + MARK_LEN : start + MARK_LEN + length] = cell
        self._memory[states] = _HELD
        newest.add(mark)
        return Put.STORED

    def discard(self, cell: bytes, *, identity: bytes) -> None:
        """Do for a cover cell the work that `put` does for a report, to memory that is never read."""
        mark = self._mark(identity)
        self._is_marked(mark)
        self._free_slot(CellClass.LETTER, self._geometry.letters)
        start = self._layout.scratch
        self._memory[start : start + MARK_LEN] = mark
        self._memory[start + MARK_LEN : start + MARK_LEN + len(cell)] = cell

    def held(self, cell_class: CellClass) -> dict[int, bytes]:
        """The SHA-256 of every cell of a class by its slot; the cells themselves stay where they are."""
        return {slot: self.digest(cell_class, slot) for slot in self.held_slots(cell_class)}

    def held_slots(self, cell_class: CellClass) -> list[int]:
        """The slots of a class that hold a cell. Nobody but who calls `drop` empties one."""
        count, _ = self._geometry.slots(cell_class)
        at = self._layout.states[cell_class]
        return [slot for slot, state in enumerate(bytes(self._memory[at : at + count])) if state == _HELD]

    def digest(self, cell_class: CellClass, slot: int) -> bytes:
        """The SHA-256 of the cell in a slot."""
        _, length = self._geometry.slots(cell_class)
        start = self._slot_start(cell_class, slot) + MARK_LEN
        return hashlib.sha256(self._memory[start : start + length]).digest()

    def read(self, cell_class: CellClass, slot: int) -> bytes:
        """The cell in a slot."""
        _, length = self._geometry.slots(cell_class)
        start = self._slot_start(cell_class, slot) + MARK_LEN
        return bytes(self._memory[start : start + length])

    def drop(self, cell_class: CellClass, slots: Iterable[int]) -> None:
        """Overwrite these slots with zeros and free them; their marks stay until their keys retire."""
        for slot in slots:
            self._memory[self._layout.states[cell_class] + slot] = _LEAVING
            self._wipe_slot(cell_class, slot)

    # Inside

    def _mend(self) -> None:
        for place in range(self._geometry.keys):
            self._marks[place] = Marks(self._memory[self._marks_start(place) :][: self._geometry.marks_length])
        for cell_class in CellClass:
            count, _ = self._geometry.slots(cell_class)
            for slot in range(count):
                state = self._memory[self._layout.states[cell_class] + slot]
                if state in (_WRITING, _LEAVING):
                    self._wipe_slot(cell_class, slot)
                elif state == _HELD:
                    self._mend_mark(bytes(self._memory[(at := self._slot_start(cell_class, slot)) : at + MARK_LEN]))

    def _mend_mark(self, mark: bytes) -> None:
        # Killed between keeping a cell and marking it: without the mark the sender's second try would be kept too.
        if self._newest is not None and not self._is_marked(mark):
            self._newest_marks().add(mark, mending=True)

    def _is_marked(self, mark: bytes) -> bool:
        # All tables are looked at, found or not.
        found = False
        for marks in self._marks.values():
            found |= mark in marks
        return found

    def _newest_marks(self) -> Marks:
        if self._newest is None:
            raise SpoolError("no round key; turn to a round first")
        return self._marks[self._newest % self._geometry.keys]

    def key_numbers(self) -> list[RoundNumber]:
        """The rounds that have a key here, newest first."""
        found: list[RoundNumber] = []
        for place in range(self._geometry.keys):
            at = self._layout.keys + place * _KEY_RECORD_LEN
            if self._memory[at]:
                found.append(RoundNumber(int.from_bytes(self._memory[at + 1 : at + 1 + _ROUND_LEN], "big")))
        return sorted(found, reverse=True)

    def _key_at(self, place: int) -> RoundKey | None:
        at = self._layout.keys + place * _KEY_RECORD_LEN
        record = bytes(self._memory[at : at + _KEY_RECORD_LEN])
        if not record[0]:
            return None
        number = RoundNumber(int.from_bytes(record[1 : 1 + _ROUND_LEN], "big"))
        return RoundKey(number, OpeningKey(record[1 + _ROUND_LEN :]))

    def _write_key(self, place: int, key: RoundKey) -> None:
        at = self._layout.keys + place * _KEY_RECORD_LEN
        body = key.round_number.to_bytes(_ROUND_LEN, "big") + key.key.secret_seed()
        tag = self._layout.tags + key.round_number % _TAGS_KEPT * ROUND_TAG_LEN
        self._memory[tag : tag + ROUND_TAG_LEN] = key.tag
        self._memory[at + 1 : at + _KEY_RECORD_LEN] = body
        # Last, so that a key which is accepted is whole and its tag is known for as long as it can be asked about.
        self._memory[at] = 1

    def _wipe_key(self, place: int) -> None:
        at = self._layout.keys + place * _KEY_RECORD_LEN
        self._memory[at : at + _KEY_RECORD_LEN] = bytes(_KEY_RECORD_LEN)
        self._marks[place].clear()

    def _free_slot(self, cell_class: CellClass, count: int) -> int | None:
        states = self._layout.states[cell_class]
        for _ in range(_RANDOM_PROBES):
            slot = secrets.randbelow(count)
            if self._memory[states + slot] == _FREE:
                return slot
        free = [slot for slot in range(count) if self._memory[states + slot] == _FREE]
        return secrets.choice(free) if free else None

    def _wipe_slot(self, cell_class: CellClass, slot: int) -> None:
        _, length = self._geometry.slots(cell_class)
        start = self._slot_start(cell_class, slot)
        self._memory[start : start + MARK_LEN + length] = bytes(MARK_LEN + length)
        self._memory[self._layout.states[cell_class] + slot] = _FREE

    def _slot_start(self, cell_class: CellClass, slot: int) -> int:
        _, length = self._geometry.slots(cell_class)
        return self._layout.slots[cell_class] + slot * (MARK_LEN + length)

    def _marks_start(self, place: int) -> int:
        return self._layout.marks + place * self._geometry.marks_length

    def _mark(self, identity: bytes) -> bytes:
        # Keyed, so that nobody outside can choose where marks fall.
        return hashlib.blake2b(identity, key=self._secret, digest_size=MARK_LEN).digest()


def _available_memory() -> int:
    for line in _MEMORY.read_text().splitlines():
        name, _, amount = line.partition(":")
        if name == "MemAvailable":
            return int(amount.removesuffix("kB")) * 1_024
    raise SpoolError(f"{_MEMORY} does not say how much memory is available; this needs Linux with /proc mounted")


def _page_up(length: int) -> int:
    return -(-length // _PAGE) * _PAGE
