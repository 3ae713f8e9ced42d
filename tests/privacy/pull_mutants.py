"""Faults of a node that keep when a partner came for its bundles (T2, T8, T10); `mutant_node` plants them."""

import os
import sys
from collections.abc import Callable
from io import FileIO
from pathlib import Path
from typing import Final

from crypto.cells import CellClass
from crypto.layers import RoundNumber
from forwarder import bundles
from forwarder.bundles import BundleStore
from relay import node

# Where a node's journal goes (`relay.journal.Journal.alone`).
_JOURNAL: Final = 1


def read_bundles_noticed() -> None:
    """T2: a bundle is opened like any file, and the moment stays in its inode.

    The folder is told to keep no times of access as well; either of the two is enough, so both are taken away.
    """
    vars(node)["keep_no_times_of_access"] = lambda _folders: None
    vars(bundles)["open_unnoticed"] = lambda path: FileIO(os.open(path, os.O_RDONLY | os.O_CLOEXEC))


def count_who_comes() -> None:
    """T2: how often somebody came lies in a file."""

    def count() -> None:
        with (Path(sys.argv[1]).parent / "state" / "came").open("ab") as counter:
            counter.write(b"1")

    _see_each_pull(count)


def say_who_comes() -> None:
    """T8: the journal says that somebody came."""
    _see_each_pull(lambda: os.write(_JOURNAL, b"veladora: a partner came for a bundle\n"))


def figure_who_comes() -> None:
    """T10: a figure moves when somebody comes."""

    def move() -> None:
        path = Path(sys.argv[1]).parent / "state" / "figures.json"
        if path.exists():
            path.write_bytes(path.read_bytes() + b" ")

    _see_each_pull(move)


def _see_each_pull(see: Callable[[], object]) -> None:
    honest = BundleStore.open

    def opened(self: BundleStore, cell_class: CellClass, round_number: RoundNumber) -> tuple[FileIO, int]:
        see()
        return honest(self, cell_class, round_number)

    BundleStore.open = opened  # type: ignore[method-assign]


PLANTS: Final = (read_bundles_noticed, count_who_comes, say_who_comes, figure_who_comes)
