"""Faults of a node that leave reports on its disk or in its memory (T1, T2, T3); `mutant_node` plants them."""

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from crypto.cells import CellClass
from onion_service.answers import Verdict
from relay.intake import Intake
from relay.spool import Put, Spool


def write_each_report_down() -> None:
    """T1: one line of debugging for each cell, forgotten beside the settings."""

    def note(inner: bytes) -> None:
        with _beside_the_settings("debug.log").open("ab") as log:
            log.write(b"letter %s\n" % hashlib.sha256(inner).hexdigest().encode())

    _see_each_cell(note)


def count_in_a_file() -> None:
    """T2: a counter that is written when a cell comes; its inode says when, and the journal keeps the inodes before."""

    def count(_inner: bytes) -> None:
        with _beside_the_settings("count").open("ab") as counter:
            counter.write(b"1")

    _see_each_cell(count)


def keep_bodies_in_a_list() -> None:
    """T3: what came in lies in memory as it came."""
    bodies: list[bytes] = []
    honest = Intake.accept

    def accept(self: Intake, envelope: bytes) -> Verdict:
        bodies.append(bytes(bytearray(envelope)))
        return honest(self, envelope)

    Intake.accept = accept  # type: ignore[method-assign]


def keep_cells_in_a_list() -> None:
    """T3: the cells beside their slots, as they came."""
    cells: list[bytes] = []
    _see_each_cell(lambda inner: cells.append(bytes(bytearray(inner))))


def _see_each_cell(see: Callable[[bytes], None]) -> None:
    honest = Spool.put

    def put(self: Spool, cell_class: CellClass, cell: bytes, *, identity: bytes) -> Put:
        see(cell)
        return honest(self, cell_class, cell, identity=identity)

    Spool.put = put  # type: ignore[method-assign]


def _beside_the_settings(name: str) -> Path:
    return Path(sys.argv[1]).parent / name


PLANTS: Final[tuple[Callable[[], None], ...]] = (
    write_each_report_down,
    count_in_a_file,
    keep_bodies_in_a_list,
    keep_cells_in_a_list,
)
