"""Closed bundles, kept on disk for a fixed number of rounds (docs/spec/bundle.md).

One file for each class and round, written once and never replaced. What lies here is what every partner gets, so it
may lie here.
"""

import hashlib
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from typing import Final

from crypto.bundle import HEADER_LEN, MAX_CELLS, Bundle, HashList, Header
from crypto.cells import CellClass
from crypto.errors import CryptoError
from crypto.layers import RoundNumber
from crypto.signing import SIGNATURE_LEN
from forwarder.durable import remove_durably, remove_unfinished, write_durably
from forwarder.errors import BadWebhook, Damaged
from forwarder.webhook import bundle_id, parse_bundle_id
from onion_service.unnoticed import open_unnoticed, read_unnoticed

_SUFFIX: Final = ".bundle"


def longest(cell_class: CellClass, *, cells: int = MAX_CELLS) -> int:
    """Bytes of the longest bundle of this class with at most `cells` cells."""
    return HEADER_LEN + cells * cell_class.length_after(1) + SIGNATURE_LEN


class BundleStore:
    """The bundles in one folder, which only this object writes. It blocks; from asyncio use `asyncio.to_thread`."""

    __slots__ = ("_folder", "_keep_rounds", "_lists")

    def __init__(self, folder: Path, *, keep_rounds: int) -> None:
        """Open the folder, or make it, and remove what a crash left unfinished."""
        if keep_rounds < 1:
            raise ValueError("at least the last closed round is kept")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        remove_unfinished(folder)
        self._folder: Final = folder
        self._keep_rounds: Final = keep_rounds
        # The public may ask for any kept list at any time; a list is checked and hashed once, then kept.
        self._lists: Final[dict[Path, HashList]] = {}

    def write(self, bundle: Bundle) -> None:
        """`bundle` is on the disk when this returns. A bundle of that class and round that is there already stays.

        Raises NoSpace (free some; the same bundle can be written again then) or NotWritten, and leaves nothing behind.
        """
        path = self._path(bundle.header.cell_class, bundle.header.round_number)
        if path.exists():
            return
        write_durably(path, (bundle.header.wire, *bundle.cells, bundle.signature))
        self._lists[path] = bundle.hash_list

    def read(self, cell_class: CellClass, round_number: RoundNumber) -> bytes:
        """The bundle's bytes; that they were read leaves no time of access (T2). Raises KeyError when it is not kept,
        Damaged when it is not what its relay signed."""
        path = self._path(cell_class, round_number)
        try:
            if (length := path.stat().st_size) > longest(cell_class):
                raise Damaged(path, "longer than any bundle")
            wire = read_unnoticed(path, at_most=length)
        except FileNotFoundError:
            raise KeyError(path.name) from None
        self._lists[path] = _checked_list(path, wire)
        return wire

    def open(self, cell_class: CellClass, round_number: RoundNumber) -> tuple[FileIO, int]:
        """The bundle's file, opened so that reading leaves no time of access, and its length; the caller closes it.
        That it holds what its relay signed was looked at once. Raises as `read` does."""
        found = self._list(cell_class, round_number)
        path = self._path(cell_class, round_number)
        try:
            file = open_unnoticed(path)
        except FileNotFoundError:
            raise KeyError(path.name) from None
        return file, HEADER_LEN + found.header.count * found.header.cell_length + SIGNATURE_LEN

    def hash_list(self, cell_class: CellClass, round_number: RoundNumber) -> bytes:
        """The bundle's public hash list, as served. Raises as `read` does."""
        return self._list(cell_class, round_number).wire

    def cell_hashes(self, cell_class: CellClass, round_number: RoundNumber) -> set[bytes]:
        """The SHA-256 of each cell that left in this bundle. Raises as `read` does."""
        return set(self._list(cell_class, round_number).hashes)

    def rounds(self, cell_class: CellClass) -> list[RoundNumber]:
        """The rounds of which a bundle of this class is kept, oldest first."""
        return sorted(number for found, number in self._kept() if found is cell_class)

    def latest(self) -> RoundNumber | None:
        """The newest round of which any bundle is kept."""
        return max((number for _, number in self._kept()), default=None)

    def forget_old(self, current: RoundNumber) -> None:
        """Remove the bundles of rounds before the last `keep_rounds` closed ones; `current` is the open round."""
        oldest = current - self._keep_rounds
        old = [self._path(cell_class, number) for cell_class, number in self._kept() if number < oldest]
        remove_durably(self._folder, [path.name for path in old])
        for path in old:
            self._lists.pop(path, None)

    def _list(self, cell_class: CellClass, round_number: RoundNumber) -> HashList:
        path = self._path(cell_class, round_number)
        if path not in self._lists:
            self.read(cell_class, round_number)
        return self._lists[path]

    def _path(self, cell_class: CellClass, round_number: RoundNumber) -> Path:
        return self._folder / f"{bundle_id(cell_class, round_number)}{_SUFFIX}"

    def _kept(self) -> Iterator[tuple[CellClass, RoundNumber]]:
        for path in self._folder.glob(f"*{_SUFFIX}"):
            try:
                yield parse_bundle_id(path.name.removesuffix(_SUFFIX))
            except BadWebhook:
                continue  # not one of ours


def _checked_list(path: Path, wire: bytes) -> HashList:
    """The hash list of a file's bytes, hashed in place. Raises Damaged."""
    try:
        header = Header.parse(wire[:HEADER_LEN])
        end = HEADER_LEN + header.count * header.cell_length
        if len(wire) != end + SIGNATURE_LEN:
            raise Damaged(path, "not the length that its header says")
        if path.name != f"{bundle_id(header.cell_class, header.round_number)}{_SUFFIX}":
            raise Damaged(path, "it holds another round")
        cells = memoryview(wire)[:end]
        starts = range(HEADER_LEN, end, header.cell_length)
        hashes = tuple(hashlib.sha256(cells[at : at + header.cell_length]).digest() for at in starts)
        found = HashList(header, hashes, wire[end:])
        found.verify(header.relay)
    except CryptoError as error:
        raise Damaged(path, str(error)) from error
    return found
