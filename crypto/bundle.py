"""A bundle: what leaves a relay at the end of a round, the same bytes for every partner (docs/spec/bundle.md).

It is a function of the set of cells: they stand in ascending order, so their order can carry nothing. One signature
holds the bundle and its public hash list alike.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from crypto.cells import CELL_HASH_LEN, CellClass, cell_hash, class_and_depth
from crypto.errors import Malformed
from crypto.layers import ROUND_LEN, ROUND_MAX, RoundNumber
from crypto.signing import RELAY_ID_LEN, SIGNATURE_LEN, SigningKey, Use, VerifyingKey

MAGIC: Final = b"VLB1"
CLASS_LEN: Final = 1
COUNT_LEN: Final = 2
CELL_LENGTH_LEN: Final = 4
HEADER_LEN: Final = len(MAGIC) + CLASS_LEN + RELAY_ID_LEN + ROUND_LEN + COUNT_LEN + CELL_LENGTH_LEN
MAX_CELLS: Final = 1_024


@dataclass(frozen=True, slots=True)
class Header:
    """What a bundle is of: one relay, one round, one class, so many cells of one length."""

    cell_class: CellClass
    relay: VerifyingKey
    round_number: RoundNumber
    count: int
    cell_length: int

    def __post_init__(self) -> None:
        if not 0 < self.count <= MAX_CELLS:
            raise Malformed(f"a bundle holds 1 to {MAX_CELLS} cells")
        if not 0 <= self.round_number <= ROUND_MAX:
            raise Malformed("a round number that no clock will reach")
        cell_class, depth = class_and_depth(self.cell_length)
        if cell_class is not self.cell_class or depth == 0:
            raise Malformed("not the length of a cell of this class that has passed a relay")

    @property
    def wire(self) -> bytes:
        """The 51 bytes that a bundle and its hash list begin with."""
        return b"".join(
            (
                MAGIC,
                self.cell_class.value.to_bytes(CLASS_LEN, "big"),
                self.relay.wire,
                self.round_number.to_bytes(ROUND_LEN, "big"),
                self.count.to_bytes(COUNT_LEN, "big"),
                self.cell_length.to_bytes(CELL_LENGTH_LEN, "big"),
            )
        )

    @classmethod
    def parse(cls, wire: bytes) -> "Header":
        """Raises Malformed unless `wire` is one whole header."""
        if len(wire) != HEADER_LEN or not wire.startswith(MAGIC):
            raise Malformed("not the header of a bundle")
        numbers = wire[len(MAGIC) + CLASS_LEN + RELAY_ID_LEN :]
        try:
            cell_class = CellClass(wire[len(MAGIC)])
        except ValueError:
            raise Malformed("a class of cell we do not know") from None
        return cls(
            cell_class=cell_class,
            relay=VerifyingKey(wire[len(MAGIC) + CLASS_LEN :][:RELAY_ID_LEN]),
            round_number=RoundNumber(int.from_bytes(numbers[:ROUND_LEN], "big")),
            count=int.from_bytes(numbers[ROUND_LEN : ROUND_LEN + COUNT_LEN], "big"),
            cell_length=int.from_bytes(numbers[ROUND_LEN + COUNT_LEN :], "big"),
        )


@dataclass(frozen=True, slots=True)
class HashList:
    """The hashes of a bundle's cells, under the bundle's own signature; what the public sees of a round."""

    header: Header
    hashes: tuple[bytes, ...]
    signature: bytes

    @property
    def wire(self) -> bytes:
        """The header, the hashes in the order of the cells, the signature."""
        return self.header.wire + b"".join(self.hashes) + self.signature

    @classmethod
    def take(cls, wire: bytes, *, relay: VerifyingKey) -> tuple["HashList", bytes]:
        """The list that `wire` begins with, and what follows it. Raises Malformed or Forged."""
        header = Header.parse(wire[:HEADER_LEN])
        end = HEADER_LEN + header.count * CELL_HASH_LEN
        if len(wire) < end + SIGNATURE_LEN:
            raise Malformed("cut off")
        hashes = tuple(wire[at : at + CELL_HASH_LEN] for at in range(HEADER_LEN, end, CELL_HASH_LEN))
        found = cls(header, hashes, wire[end : end + SIGNATURE_LEN])
        found.verify(relay)
        return found, wire[end + SIGNATURE_LEN :]

    def verify(self, relay: VerifyingKey) -> None:
        """Raises Forged when `relay` did not sign these hashes for this round and class."""
        if self.header.relay != relay:
            raise Malformed("signed by another relay")
        relay.verify(self.signature, _signed(self.header, self.hashes), use=Use.BUNDLE)


@dataclass(frozen=True, slots=True)
class Bundle:
    """Cells in strictly ascending order, under one signature."""

    header: Header
    cells: tuple[bytes, ...]
    signature: bytes

    @classmethod
    def sign(
        cls, cells: Iterable[bytes], *, cell_class: CellClass, round_number: RoundNumber, relay: SigningKey
    ) -> "Bundle":
        """The bundle of a set of cells. Raises Malformed when they are none, too many or of different lengths."""
        ordered = tuple(sorted(set(cells)))
        if not ordered or len({len(cell) for cell in ordered}) != 1:
            raise Malformed("the cells of a bundle have one length")
        header = Header(cell_class, relay.verifying_key, round_number, len(ordered), len(ordered[0]))
        signature = relay.sign(_signed(header, _hashes(ordered)), use=Use.BUNDLE)
        return cls(header, ordered, signature)

    @classmethod
    def parse(cls, wire: bytes, *, relay: VerifyingKey) -> "Bundle":
        """The bundle that `wire` is. Raises Malformed when it is not one, Forged when `relay` did not sign it."""
        header = Header.parse(wire[:HEADER_LEN])
        end = HEADER_LEN + header.count * header.cell_length
        if len(wire) != end + SIGNATURE_LEN:
            raise Malformed("not the length that its header says")
        cells = tuple(wire[at : at + header.cell_length] for at in range(HEADER_LEN, end, header.cell_length))
        if any(first >= second for first, second in pairwise(cells)):
            raise Malformed("the cells are not in ascending order")
        bundle = cls(header, cells, wire[end:])
        bundle.hash_list.verify(relay)
        return bundle

    @property
    def wire(self) -> bytes:
        """The header, the cells, the signature."""
        return self.header.wire + b"".join(self.cells) + self.signature

    @property
    def hash_list(self) -> HashList:
        """What is made public of it."""
        return HashList(self.header, _hashes(self.cells), self.signature)


def _hashes(cells: Sequence[bytes]) -> tuple[bytes, ...]:
    return tuple(cell_hash(cell) for cell in cells)


def _signed(header: Header, hashes: Sequence[bytes]) -> bytes:
    return header.wire + hashlib.sha256(b"".join(hashes)).digest()
