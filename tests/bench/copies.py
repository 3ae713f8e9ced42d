"""How many copies of a cell lie in the node's memory outside the spool, and for how long (`-m tests.bench.copies`).

Counted are 32 pieces of 32 bytes, spread over the envelope as it came and over the cell inside as it is kept.
"""

import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from crypto import letter
from crypto.cells import ROUND_TAG_LEN, CellClass
from crypto.layers import wrap
from tests.privacy.node_memory import outside_the_spool
from tests.rig import Rig, Running

_PIECE: Final = 32
_PIECES: Final = 32
_MORE: Final = (1, 8, 16, 64)


def pieces(body: bytes) -> list[bytes]:
    """What is looked for."""
    return [body[at : at + _PIECE] for at in range(ROUND_TAG_LEN, len(body) - _PIECE, len(body) // _PIECES)]


def copies(memory: bytes, body: bytes) -> str:
    """How many of the pieces lie somewhere, and how often the one that lies most often."""
    found = [memory.count(piece) for piece in pieces(body)]
    return f"{sum(map(bool, found))} of {len(found)} pieces, at most {max(found)} times"


def tell(when: str, running: Running, envelope: bytes, cell: bytes) -> None:
    """One line."""
    assert running.keeper.pid is not None
    memory = outside_the_spool(running.keeper.pid)
    print(f"{when}: envelope {copies(memory, envelope)}; cell {copies(memory, cell)}", flush=True)


def measure(cell_class: CellClass) -> None:
    """One cell of a class, then more of the same, then the edge."""
    with tempfile.TemporaryDirectory() as folder, Rig(Path(folder), round_seconds=20).running() as running:
        time.sleep(20 - time.time() % 20 + 1)
        route = running.route()
        cell = letter.top_up(cell_class, relays=1)
        envelope = wrap(cell, route=route)
        assert running.post(envelope) == 202
        tell(f"{cell_class.name} accepted", running, envelope, cell)
        time.sleep(2)
        tell("2 s later", running, envelope, cell)
        sent = 0
        for more in _MORE:
            while sent < more:
                running.post(wrap(letter.top_up(CellClass.LETTER, relays=1), route=route))
                sent += 1
            tell(f"after {more} letters more", running, envelope, cell)
        number = running.announced()[0].round_number
        running.wait_round(number)
        tell("after the edge", running, envelope, cell)
        running.wait_round(number + 1)
        tell("an edge later", running, envelope, cell)


if __name__ == "__main__":
    for cell_class in CellClass if len(sys.argv) == 1 else (CellClass[sys.argv[1]],):
        measure(cell_class)
