"""Which passphrase a new desk takes, in the browser and in the terminal alike.

No program can tell a good one; this keeps out what is surely none. Six words drawn at random are what to use.
"""

from enum import Enum
from typing import Final

SIGNS_MIN: Final = 16
SIGNS_MAX: Final = 1_024
#: Six words of this language have far more; a key that was held down has one.
DIFFERENT_MIN: Final = 6


class Flaw(Enum):
    """Why a passphrase is not taken."""

    SHORT = f"it has less than {SIGNS_MIN} signs"
    ALIKE = f"it has less than {DIFFERENT_MIN} different signs"
    LONG = f"it has more than {SIGNS_MAX} signs"
    UNSEEN = "it has signs that cannot be seen"


def flaw(passphrase: str) -> Flaw | None:
    """What is wrong with a new passphrase; None when nothing is known to be."""
    if len(passphrase) < SIGNS_MIN:
        return Flaw.SHORT
    if len(passphrase) > SIGNS_MAX:
        return Flaw.LONG
    if not passphrase.isprintable():
        return Flaw.UNSEEN
    return Flaw.ALIKE if len(set(passphrase)) < DIFFERENT_MIN else None
