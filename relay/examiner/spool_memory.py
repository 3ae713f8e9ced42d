"""The spool of a running relay, read as whoever takes the machine would, and never written to.

From its first bytes follows where everything stands; free slots must be empty and no key older than the round before
may be there (promises T3, T4).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from crypto.cells import CellClass
from crypto.layers import ROUND_LEN
from crypto.suite import SEED_LEN
from relay import spool
from relay.marks import MARK_LEN
from relay.spool import Geometry

_MAGIC: Final = b"VLSPOOL1"
_NUMBER_LEN: Final = 4
_NUMBERS: Final = 5
_RECORD_LEN: Final = 1 + ROUND_LEN + SEED_LEN
_FREE: Final = 0
_HELD: Final = 1
_SLOTS_MAX: Final = 1 << 20


class NotASpool(ValueError):
    """The memory is not a spool of this version; examine it with the version that runs."""


@dataclass(frozen=True, slots=True)
class HeldCell:
    """A cell and where its slot is, in bytes from the beginning."""

    cell: bytes
    offset: int


@dataclass(frozen=True, slots=True)
class SpoolMemory:
    """What a spool holds. `keys`: seed by round. `dirty`: free slots that are not empty."""

    cells: tuple[HeldCell, ...]
    keys: dict[int, bytes]
    dirty: int


def read(at: Callable[[int, int], bytes], size: int) -> SpoolMemory:
    """The spool whose bytes `at(offset, length)` gives. Raises NotASpool."""
    geometry = _geometry(at(0, len(_MAGIC) + _NUMBERS * _NUMBER_LEN))
    layout = spool.Layout(geometry)
    if layout.total != size:
        raise NotASpool("the spool has another length than it says")
    keys = {}
    for place in range(geometry.keys):
        record = at(layout.keys + place * _RECORD_LEN, _RECORD_LEN)
        if len(record) == _RECORD_LEN and record[0]:
            keys[int.from_bytes(record[1 : 1 + ROUND_LEN], "big")] = record[1 + ROUND_LEN :]
    cells, dirty = [], 0
    for cell_class in CellClass:
        for state, offset, data in _slots(at, geometry, layout, cell_class):
            if state == _HELD:
                cells.append(HeldCell(data[MARK_LEN:], offset))
            elif state == _FREE and data.count(0) != len(data):
                dirty += 1
    return SpoolMemory(tuple(cells), keys, dirty)


def _slots(
    at: Callable[[int, int], bytes], geometry: Geometry, layout: "spool.Layout", cell_class: CellClass
) -> Iterator[tuple[int, int, bytes]]:
    count, length = geometry.slots(cell_class)
    states = at(layout.states[cell_class], count)
    for slot, state in enumerate(states):
        offset = layout.slots[cell_class] + slot * (MARK_LEN + length)
        yield state, offset, at(offset, MARK_LEN + length)


def _geometry(head: bytes) -> Geometry:
    if not head.startswith(_MAGIC) or len(head) != len(_MAGIC) + _NUMBERS * _NUMBER_LEN:
        raise NotASpool("the memory does not begin as a spool of this version does")
    letters, letter_length, parcels, parcel_length, keys = (
        int.from_bytes(head[start : start + _NUMBER_LEN], "big") for start in range(len(_MAGIC), len(head), _NUMBER_LEN)
    )
    lengths_known = letter_length in map(CellClass.LETTER.length_after, (1, 2)) and parcel_length in map(
        CellClass.PARCEL.length_after, (1, 2)
    )
    if not lengths_known or letters + parcels > _SLOTS_MAX or not 0 < keys <= 1_024:
        raise NotASpool("the spool names impossible numbers")
    return Geometry(letters, letter_length, parcels, parcel_length, keys)
