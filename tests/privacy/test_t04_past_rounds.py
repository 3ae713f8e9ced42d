"""T4: past rounds are gone. After the edges, what opened them is in no memory and nothing opens them again."""

import os
from pathlib import Path

import pytest

from crypto import letter
from crypto.cells import ROUND_TAG_LEN, CellClass
from crypto.layers import wrap
from tests.privacy import mutant_node
from tests.privacy.mutants import caught
from tests.privacy.node_memory import process_memory
from tests.rig import Rig, Running

_PIECE = 24


def _seeds(running: Running, memory: bytes) -> set[bytes]:
    """The seeds of the round keys in the spool's memory, read as whoever takes the machine would read them."""
    numbers = {running.announced()[0].round_number - back for back in range(2)}
    found = set()
    for number in numbers:
        at = memory.find(b"\x01" + number.to_bytes(8, "big"))
        if at >= 0:
            found.add(memory[at + 9 : at + 41])
    return found


def past_rounds_are_gone(rig: Rig, *, program: str) -> None:
    """The proof."""
    with rig.running(program=program) as running:
        first = running.announced()[0]
        fd = running.keeper.spool_fd
        cell = letter.top_up(CellClass.LETTER, relays=1)
        envelope, held_back = wrap(cell, route=[first.key]), wrap(cell, route=[first.key])
        assert running.post(envelope) == 202
        before = os.pread(fd, os.fstat(fd).st_size, 0)
        retired = _seeds(running, before)
        assert retired
        # The cell waits in its slot; the envelope it came in is nowhere any more.
        assert cell[:_PIECE] in before
        assert envelope[ROUND_TAG_LEN : ROUND_TAG_LEN + _PIECE] not in before
        running.wait_round(first.round_number + 1)
        running.wait_round(first.round_number + 2)
        after = os.pread(fd, os.fstat(fd).st_size, 0)
        pid = running.keeper.pid
        assert pid is not None
        whole = process_memory(pid)
        assert after[:8] in whole
        for seed in retired:
            assert seed not in after
            assert seed not in whole
        assert cell[:_PIECE] not in after
        assert envelope[-_PIECE:] not in after
        assert {running.post(held_back), running.post(envelope)} == {410}


@pytest.mark.slow
def test_past_rounds_are_gone(tmp_path: Path) -> None:
    past_rounds_are_gone(Rig(tmp_path / "relay"), program="relay.node")


@pytest.mark.slow
def test_a_node_that_keeps_the_previous_keys_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(mutant_node.VARIABLE, mutant_node.keep_the_previous_keys.__name__)
    caught("T4", "keep the previous keys", past_rounds_are_gone, Rig(tmp_path / "relay"), program=mutant_node.PROGRAM)
