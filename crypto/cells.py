"""The two cell classes and their lengths (docs/spec/cells.md).

An observer of a cell learns its class and how many relays it has passed, and nothing else.
"""

import base64
import hashlib
import re
from enum import Enum
from typing import Final

from crypto import canonical
from crypto.errors import Malformed
from crypto.suite import SEAL_OVERHEAD, TAG_LEN

MAX_RELAYS: Final = 2
ROUND_TAG_LEN: Final = 16
KIND_LEN: Final = 1
LAYER_OVERHEAD: Final = SEAL_OVERHEAD + KIND_LEN
LENGTH_PREFIX_LEN: Final = 4
CELL_HASH_LEN: Final = 32

SLOTS: Final = 4
CONTENT_KEY_LEN: Final = 32
COMMITMENT_LEN: Final = 32
SLOT_LEN: Final = SEAL_OVERHEAD + CONTENT_KEY_LEN
LETTER_HEAD_LEN: Final = SLOTS * SLOT_LEN + COMMITMENT_LEN
CONTENT_KIND_LEN: Final = 1

_ARMOUR_HEAD: Final = "-----BEGIN VELADORA CELL-----"
_ARMOUR_FOOT: Final = "-----END VELADORA CELL-----"
_ARMOUR_LINE: Final = 64
# The larger class in base64, with a line end (CR LF at most) for every 64 characters and the two frame lines.
_ARMOUR_MAX: Final = 1_500_000


class CellClass(Enum):
    """Letter (a report) or parcel (a part of an attachment); the value is the byte that stands for it."""

    LETTER = 1
    PARCEL = 2

    # Members are one of a kind, so where they are is who they are; the name's hash would cost more at every cell.
    __hash__ = object.__hash__

    @property
    def wire_length(self) -> int:
        """Bytes of an envelope on the way from a reporter to the first relay."""
        return 32_768 if self is CellClass.LETTER else 1_048_576

    def length_after(self, relays: int) -> int:
        """Bytes of the cell that leaves after `relays` relays (0 to 2) have each peeled a layer."""
        if not 0 <= relays <= MAX_RELAYS:
            raise ValueError(f"a route has at most {MAX_RELAYS} relays")
        return self.wire_length - (ROUND_TAG_LEN + relays * LAYER_OVERHEAD if relays else 0)

    @property
    def payload_max(self) -> int:
        """Bytes of a report, or of a part of an attachment, that fit: the same on every route."""
        innermost = self.length_after(MAX_RELAYS)
        return innermost - LETTER_HEAD_LEN - TAG_LEN - LENGTH_PREFIX_LEN - CONTENT_KIND_LEN


_BY_LENGTH: Final = {
    cell_class.length_after(relays): (cell_class, relays)
    for cell_class in CellClass
    for relays in range(MAX_RELAYS + 1)
}


def class_and_depth(length: int) -> tuple[CellClass, int]:
    """Which class a cell of this length is of, and how many relays it has passed. Raises Malformed."""
    try:
        return _BY_LENGTH[length]
    except KeyError:
        raise Malformed("not the length of any cell") from None


def cell_hash(cell: bytes) -> bytes:
    """SHA-256 of a cell, as it stands in a round's public hash list."""
    return hashlib.sha256(cell).digest()


def pad(content: bytes, length: int) -> bytes:
    """`content` behind its length, filled with zeros to exactly `length` bytes. Raises Malformed if too long."""
    if len(content) > length - LENGTH_PREFIX_LEN:
        raise Malformed(f"too long for one cell: {len(content)} of {length - LENGTH_PREFIX_LEN} bytes")
    return (len(content).to_bytes(LENGTH_PREFIX_LEN, "big") + content).ljust(length, b"\x00")


def unpad(padded: bytes) -> bytes:
    """What `pad` was given. Raises Malformed when the length lies or the filling is not all zeros."""
    if len(padded) < LENGTH_PREFIX_LEN:
        raise Malformed("too short to say its length")
    end = LENGTH_PREFIX_LEN + int.from_bytes(padded[:LENGTH_PREFIX_LEN], "big")
    if end > len(padded):
        raise Malformed("says it is longer than it is")
    if padded.count(b"\x00", end) != len(padded) - end:
        raise Malformed("the filling is not all zeros")
    return padded[LENGTH_PREFIX_LEN:end]


def armour(envelope: bytes) -> str:
    """An envelope as text that can be pasted into a page or a message."""
    if class_and_depth(len(envelope))[1] != 0:
        raise Malformed("only a whole envelope is armoured")
    text = base64.b64encode(envelope).decode()
    lines = [text[start : start + _ARMOUR_LINE] for start in range(0, len(text), _ARMOUR_LINE)]
    return "\n".join([_ARMOUR_HEAD, *lines, _ARMOUR_FOOT, ""])


def dearmour(text: str) -> bytes:
    """The envelope in pasted text; spaces and line ends do not matter. Raises Malformed on anything else."""
    if len(text) > _ARMOUR_MAX:
        raise Malformed("longer than any armoured cell")
    stripped = text.strip()
    if not (stripped.startswith(_ARMOUR_HEAD) and stripped.endswith(_ARMOUR_FOOT)):
        raise Malformed("an armoured cell begins and ends with its BEGIN and END lines")
    inner = re.sub(r"[ \t\r\n]+", "", stripped[len(_ARMOUR_HEAD) : -len(_ARMOUR_FOOT)])
    envelope = canonical.unbase64(inner)
    if class_and_depth(len(envelope))[1] != 0:
        raise Malformed("not a whole envelope; copy it again from BEGIN to END")
    return envelope
