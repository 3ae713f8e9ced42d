"""In which forms a given run of bytes may lie somewhere: as it is, as UTF-16, in base64 and in hexadecimal.

Pure: what is looked for goes in, byte patterns come out.
"""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

# What is looked for must be long enough that chance does not write it.
SHORTEST: Final = 8
ANCHOR_LEN: Final = 8
# Two anchors of a cell are so far apart, so any run of it that is a little longer is found.
_STRIDE: Final = 256
_ANCHORS_MAX: Final = 128
_PIECES: Final = 16
_PIECE_LEN: Final = 48
_RUN_LEN: Final = 24


@dataclass(frozen=True, slots=True)
class Wanted:
    """A pattern, the places in it by which it is noticed, and what noticing it means.

    `number`: which of several it belongs to, for their order; never what it is. `run`: how many bytes must agree.
    """

    row: str
    kind: str
    number: int
    pattern: bytes
    anchors: tuple[int, ...] = (0,)
    run: int = 0


class TooShort(ValueError):
    """What is to be found is so short that chance writes it; the caller gives a longer one."""


def marker(what: bytes, *, number: int, row: str = "T1", kind: str = "marker") -> Iterator[Wanted]:
    """A short run of bytes (a marker, a hash, a key) in every form. Raises TooShort."""
    if len(what) < SHORTEST:
        raise TooShort(f"a marker has at least {SHORTEST} bytes")
    for name, pattern in ((kind, what), *_written(what, kind)):
        yield Wanted(row, name, number, pattern, run=len(pattern))
    try:
        text = what.decode()
    except UnicodeDecodeError:
        return
    for order in ("le", "be"):
        pattern = text.encode(f"utf-16-{order}")
        yield Wanted(row, f"{kind} in UTF-16", number, pattern, run=len(pattern))


def cell(what: bytes, *, number: int, row: str = "T1", kind: str = "cell of an open round") -> Iterator[Wanted]:
    """A cell: any run of a few hundred of its bytes, and pieces of it in base64 and hexadecimal."""
    if len(what) < _PIECE_LEN:
        raise TooShort(f"a cell has at least {_PIECE_LEN} bytes")
    stride = max(_STRIDE, len(what) // _ANCHORS_MAX)
    anchors = (*range(0, len(what) - _RUN_LEN, stride), len(what) - _RUN_LEN)
    yield Wanted(row, kind, number, what, anchors=anchors, run=_RUN_LEN)
    for start in range(0, len(what) - _PIECE_LEN + 1, max(_PIECE_LEN, len(what) // _PIECES)):
        for name, pattern in _written(what[start : start + _PIECE_LEN], kind):
            yield Wanted(row, name, number, pattern, run=len(pattern))


def _written(what: bytes, kind: str) -> Iterator[tuple[str, bytes]]:
    for shift in range(3):
        yield f"{kind} in base64", _base64(what, shift)
    if b"+" in (whole := b"".join(_base64(what, shift) for shift in range(3))) or b"/" in whole:
        for shift in range(3):
            yield f"{kind} in base64", _base64(what, shift).translate(bytes.maketrans(b"+/", b"-_"))
    yield f"{kind} in hexadecimal", what.hex().encode()
    yield f"{kind} in hexadecimal", what.hex().upper().encode()


def _base64(what: bytes, shift: int) -> bytes:
    """The characters that do not depend on what stands before or after; `shift`: bytes before it, modulo three."""
    text = base64.b64encode(bytes(shift) + what)
    first = -(-8 * shift // 6)
    return text[first : (len(what) + shift) * 8 // 6]
