"""Trying each cell of a bundle with the desk's keys; pure.

What opens with none of them is for others, or for nobody, and leaves no trace.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from crypto.bundle import Bundle
from crypto.errors import Forged, Malformed, NotForUs
from crypto.letter import open_letter
from crypto.report import Report
from crypto.suite import OpeningKey


@dataclass(frozen=True, slots=True)
class Opened:
    """What was for this desk in a bundle, and how much of it was altered or not ours."""

    reports: tuple[Report, ...] = ()
    parts: tuple[bytes, ...] = ()
    forged: int = 0
    malformed: int = 0


def open_bundle(bundle: Bundle, keys: Sequence[OpeningKey]) -> Opened:
    """The reports and parts in `bundle`, in the order of its cells. Nothing in a cell can stop the others."""
    reports: list[Report] = []
    parts: list[bytes] = []
    forged = malformed = 0
    for cell in bundle.cells:
        try:
            found = open_letter(cell, keys)
        except NotForUs:
            continue
        except Forged:
            forged += 1
        except Malformed:
            malformed += 1
        else:
            if isinstance(found, Report):
                reports.append(found)
            else:
                parts.append(found)
    return Opened(tuple(reports), tuple(parts), forged, malformed)
