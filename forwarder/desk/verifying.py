"""Whether bytes that somebody gave us are the bundle that they should be; the same for what is pushed and pulled.

The first 51 bytes decide how long it may be, before the rest is looked at.
"""

from crypto.bundle import HEADER_LEN, Bundle, Header
from crypto.cells import CellClass
from crypto.errors import Malformed
from crypto.layers import RoundNumber
from crypto.signing import SIGNATURE_LEN, VerifyingKey
from forwarder.bundles import longest


class TooLong(Exception):
    """More bytes than a bundle of this relay can have."""


def length_of(head: bytes, *, relay: VerifyingKey, cell_class: CellClass, round_number: RoundNumber, cells: int) -> int:
    """How many bytes the bundle has that begins so. Raises Malformed when it is another relay's, class's or round's,
    TooLong when it has more than `cells` cells."""
    header = Header.parse(head)
    if (header.relay, header.cell_class, header.round_number) != (relay, cell_class, round_number):
        raise Malformed("not the bundle that was to come")
    length = HEADER_LEN + header.count * header.cell_length + SIGNATURE_LEN
    if length > longest(cell_class, cells=cells):
        raise TooLong
    return length


def bundle_of(
    wire: bytes, *, relay: VerifyingKey, cell_class: CellClass, round_number: RoundNumber, cells: int
) -> Bundle:
    """The bundle of that relay, class and round that `wire` is. Raises TooLong, Malformed or Forged."""
    length = length_of(wire[:HEADER_LEN], relay=relay, cell_class=cell_class, round_number=round_number, cells=cells)
    if len(wire) > length:
        raise TooLong
    return Bundle.parse(wire, relay=relay)
