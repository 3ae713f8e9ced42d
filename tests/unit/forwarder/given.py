"""Bundles and keys that the tests of this folder start from."""

import random
from typing import Final

from crypto.bundle import Bundle
from crypto.cells import CellClass
from crypto.layers import RoundNumber
from crypto.signing import SigningKey

RELAY: Final = SigningKey(bytes(range(32)))
OTHER_RELAY: Final = SigningKey(bytes(32))
ROUND_SECONDS: Final = 900


def number(value: int) -> RoundNumber:
    """A round number."""
    return RoundNumber(value)


def bundle(
    round_number: int,
    *,
    cell_class: CellClass = CellClass.LETTER,
    cells: int = 2,
    relay: SigningKey = RELAY,
    seed: int = 0,
) -> Bundle:
    """A signed bundle of cells that open with nobody's key; the same for the same arguments."""
    rng = random.Random(f"{round_number} {cell_class} {cells} {seed}")
    return Bundle.sign(
        [rng.randbytes(cell_class.length_after(1)) for _ in range(cells)],
        cell_class=cell_class,
        round_number=RoundNumber(round_number),
        relay=relay,
    )
