"""Trying each cell of a bundle with the desk's keys; pure.

What opens with none of them is for others, or for nobody, and leaves no trace.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from crypto.bundle import Bundle
from crypto.errors import Forged, Malformed, NotForUs
from crypto.letter import WORD_KIND, open_content, parse_content
from crypto.report import Report
from crypto.suite import OpeningKey
from crypto.word import Word


@dataclass(frozen=True, slots=True)
class Heard:
    """A word of another desk, and the fingerprint of the key of ours that it was sealed to. `holds`: it is verified."""

    word: Word
    recipient: bytes
    holds: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """What was for this desk in a bundle, and how much of it was altered or not ours."""

    reports: tuple[Report, ...] = ()
    parts: tuple[bytes, ...] = ()
    forged: int = 0
    malformed: int = 0
    words: tuple[Heard, ...] = ()


def open_bundle(bundle: Bundle, keys: Sequence[OpeningKey]) -> Opened:
    """What is for this desk in `bundle`, in the order of its cells. Nothing in a cell can stop the others."""
    found: list[Report | bytes | Heard] = []
    forged = malformed = 0
    for cell in bundle.cells:
        try:
            found.append(_opened(cell, keys))
        except NotForUs:
            continue
        except Forged:
            forged += 1
        except Malformed:
            malformed += 1
    return Opened(
        tuple(one for one in found if isinstance(one, Report)),
        tuple(one for one in found if isinstance(one, bytes)),
        forged,
        malformed,
        tuple(one for one in found if isinstance(one, Heard)),
    )


def _opened(cell: bytes, keys: Sequence[OpeningKey]) -> Report | bytes | Heard:
    content = open_content(cell, keys)
    if content[:1] != WORD_KIND:
        return parse_content(content)
    return Heard(Word.decode(content[1:]), _reader(cell, keys).sealing_key.fingerprint)


def _reader(cell: bytes, keys: Sequence[OpeningKey]) -> OpeningKey:
    """The first of our keys that opens a cell which one of them opens."""
    for key in keys:
        try:
            open_content(cell, [key])
        except NotForUs:
            continue
        return key
    raise NotForUs("no slot opens with our keys")
