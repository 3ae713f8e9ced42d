"""T4: what the last body was read into holds nothing of it after the edge, though nobody has come since."""

import time
from pathlib import Path

import pytest

from crypto import letter
from crypto.cells import CellClass
from crypto.layers import wrap
from tests.privacy import mutant_node
from tests.privacy.mutants import caught
from tests.privacy.node_memory import outside_the_spool
from tests.rig import Rig

pytestmark = pytest.mark.slow

_PIECE = 32
_STEP = 16_384
# A round is closed two beats after its bundle is stored, and the buffer overwritten then.
_CLOSED_SECONDS = 3.0


def nothing_of_a_body_is_left(rig: Rig, *, program: str) -> None:
    """The proof."""
    with rig.running(program=program) as running:
        first, pid = running.announced()[0], running.keeper.pid
        assert pid is not None
        cell = letter.top_up(CellClass.PARCEL, relays=1)
        envelope = wrap(cell, route=[first.key])
        assert running.post(envelope) == 202
        memory = outside_the_spool(pid)
        assert any(envelope[at : at + _PIECE] in memory for at in range(0, len(envelope), _STEP))
        bundles, known = rig.folder / "state" / "bundles", {0}
        # Looked for on the disk: whoever asks the door overwrites something of the buffer.
        while len(known) < 3:
            known |= {int(path.stem.rpartition("-")[2]) for path in bundles.glob("letters-*")} - {0}
            known = {number for number in known if not number or number >= first.round_number}
            time.sleep(0.2)
        time.sleep(_CLOSED_SECONDS)
        memory = outside_the_spool(pid)
        for body in (envelope, cell):
            assert [at for at in range(0, len(body), _STEP) if body[at : at + _PIECE] in memory] == []


def test_nothing_of_a_body_is_left_after_the_edge(tmp_path: Path) -> None:
    nothing_of_a_body_is_left(Rig(tmp_path / "relay"), program="relay.node")


def test_a_node_that_leaves_the_buffer_as_it_is_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(mutant_node.VARIABLE, mutant_node.leave_the_buffer_as_it_is.__name__)
    rig = Rig(tmp_path / "relay")
    caught("T4", "leave the buffer as it is", nothing_of_a_body_is_left, rig, program=mutant_node.PROGRAM)
