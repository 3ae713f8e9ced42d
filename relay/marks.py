"""A set of 16-byte marks in shared memory, laid out the same whatever order they came in (promise T3, T14).

An ordered hash table (Amble and Knuth, "Ordered hash tables", 1974): each place keeps the smaller of two marks and
passes the larger on, so the layout is a function of the set. Writes go from the last place to the first, so a kill
between two of them may leave a mark twice but never loses one.
"""

from typing import Final

MARK_LEN: Final = 16
_EMPTY: Final = bytes(MARK_LEN)


class MarksFull(Exception):
    """There is no room for another mark; nothing was changed. The caller refuses the cell."""


class Marks:
    """The set in `memory`, a writable view whose length is a multiple of 16; at most half of it is used."""

    __slots__ = ("_capacity", "_memory", "_used")

    def __init__(self, memory: memoryview) -> None:
        self._memory = memory
        self._capacity = len(memory) // MARK_LEN
        self._used = sum(1 for at in range(self._capacity) if self._at(at) != _EMPTY)

    def __contains__(self, mark: bytes) -> bool:
        memory, capacity, place = self._memory, self._capacity, self._home(mark)
        while (resident := memory[place * MARK_LEN : (place + 1) * MARK_LEN]) != _EMPTY:
            if resident == mark:
                return True
            place = (place + 1) % capacity
        return False

    def __len__(self) -> int:
        return self._used

    @property
    def has_room(self) -> bool:
        """Whether another mark fits."""
        return 2 * (self._used + 1) <= self._capacity

    def add(self, mark: bytes, *, mending: bool = False) -> None:
        """Put `mark` in. Raises MarksFull when half of the places are taken; mending after a kill, which may have left
        a mark twice, may take more, all but one."""
        if len(mark) != MARK_LEN or mark == _EMPTY:
            raise ValueError("a mark is 16 bytes and not all zeros")
        if mark in self:
            return
        if not (self.has_room or (mending and self._used + 1 < self._capacity)):
            raise MarksFull
        writes: list[tuple[int, bytes]] = []
        place, carried = self._home(mark), mark
        while (resident := self._at(place)) != _EMPTY:
            if resident > carried:
                writes.append((place, carried))
                carried = resident
            place = (place + 1) % self._capacity
        writes.append((place, carried))
        for at, value in reversed(writes):
            self._memory[at * MARK_LEN : (at + 1) * MARK_LEN] = value
        self._used += 1

    def clear(self) -> None:
        """Forget every mark, in place."""
        self._memory[:] = bytes(len(self._memory))
        self._used = 0

    def release(self) -> None:
        """Give the memory back; the set cannot be used after."""
        self._memory.release()

    def _home(self, mark: bytes) -> int:
        return int.from_bytes(mark[:8], "big") % self._capacity

    def _at(self, place: int) -> bytes:
        return bytes(self._memory[place * MARK_LEN : (place + 1) * MARK_LEN])
