"""Small spools, memory that stops in the middle of a write, and cells, for the tests of this folder."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, cast

from crypto.cells import CellClass
from crypto.layers import RoundNumber
from relay import spool
from relay.marks import MARK_LEN, Marks
from relay.spool import Geometry, Spool

SMALL: Final = Geometry(letters=16, letter_length=700, parcels=4, parcel_length=5_000)
REAL: Final = Geometry(
    letters=16,
    letter_length=CellClass.LETTER.length_after(1),
    parcels=4,
    parcel_length=CellClass.PARCEL.length_after(1),
)
ROUND: Final = RoundNumber(1_000)


async def at_once() -> None:
    """A beat that has come already."""


class Killed(Exception):
    """The process ended here."""


class Budget:
    """How many more writes there are before the end."""

    def __init__(self, writes: int) -> None:
        self.left = writes

    def spend(self) -> bool:
        """Whether this write is done; the one after the last is not."""
        self.left -= 1
        return self.left >= 0


class DyingMemory:
    """A view that lets so many writes through; the next one, if it is longer than a mark, is cut in its middle."""

    def __init__(self, memory: memoryview, budget: Budget) -> None:
        self._memory = memory
        self._budget = budget

    def __len__(self) -> int:
        return len(self._memory)

    def __getitem__(self, where: slice) -> memoryview:
        return self._memory[where]

    def __setitem__(self, where: slice | int, value: bytes | int) -> None:
        if not self._budget.spend():
            if isinstance(where, slice) and isinstance(value, bytes) and len(value) > MARK_LEN:
                start, half = where.indices(len(self._memory))[0], len(value) // 2
                self._memory[start : start + half] = value[:half]
            raise Killed
        self._memory[where] = value  # type: ignore[index, assignment]

    def release(self) -> None:
        """As a view does."""
        self._memory.release()


def dying(memory: memoryview, budget: Budget) -> memoryview:
    """The view as those who use it see it."""
    return cast(memoryview, DyingMemory(memory, budget))


def let_die(held: Spool, writes: int) -> None:
    """After so many more writes, the process that uses `held` is killed."""
    budget = Budget(writes)
    for place, marks in held._marks.items():
        held._marks[place] = Marks(dying(marks._memory, budget))
    held._memory = dying(held._memory, budget)


@contextmanager
def memory(geometry: Geometry = SMALL) -> Iterator[int]:
    """A memfd as the supervisor holds it."""
    fd = spool.create(geometry)
    try:
        yield fd
    finally:
        os.close(fd)


@contextmanager
def attached(fd: int, geometry: Geometry = SMALL) -> Iterator[Spool]:
    """A node's view of it."""
    held = Spool(fd, geometry)
    try:
        yield held
    finally:
        held.close()


def dump(fd: int) -> bytes:
    """Every byte of the memory."""
    return os.pread(fd, os.fstat(fd).st_size, 0)


def cell(number: int, geometry: Geometry = SMALL, cell_class: CellClass = CellClass.LETTER) -> bytes:
    """Some cell, another one for each number, with no run of zeros."""
    _, length = geometry.slots(cell_class)
    return (f"cell {number:06} " * (length // 12 + 1)).encode()[:length]


def identity(number: int) -> bytes:
    """What makes two arrivals the same cell."""
    return f"identity {number}".encode()
