"""T8: the journal says nothing. Of no report, one and five hundred, of those refused and of those broken off, it is the
same but for its start and its rounds."""

import re
import socket
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from crypto.cells import CellClass
from crypto.layers import wrap
from relay.journal import Event
from tests.privacy import mutant_node
from tests.privacy.mutants import caught
from tests.rig import Rig, any_cell

REPORTS: Final = (0, 1, 500)
_NUMBER: Final = re.compile(r"\d+")
_CLOSED: Final = f"veladora: {Event.ROUND_CLOSED.value.format(round='N')}"


def _journal(rig: Rig, reports: int, capfd: pytest.CaptureFixture[str], program: str) -> Counter[str]:
    """Every line of a relay's life of an edge or two and so many reports, numbers made alike."""
    capfd.readouterr()
    with rig.running(program=program) as running:
        first = running.announced()[0]
        for _ in range(reports):
            assert running.post(wrap(any_cell(), route=[first.key])) in (202, 410)
        # What is refused is not spoken of either.
        for _ in range(reports):
            assert running.post(bytes(CellClass.LETTER.wire_length)) == 400
            _break_off(running.socket)
        running.wait_round(first.round_number)
    said = capfd.readouterr()
    assert said.out == ""
    return Counter(_NUMBER.sub("N", line) for line in (said.err + (rig.folder / "journal").read_text()).splitlines())


def _break_off(door: Path) -> None:
    """A client that goes away in the middle of its cell."""
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(door))
        head = f"POST /cells HTTP/1.1\r\nHost: x\r\nContent-Length: {CellClass.LETTER.wire_length}\r\n\r\n"
        line.sendall(head.encode() + bytes(1_000))


def the_journal_says_nothing(folder: Path, capfd: pytest.CaptureFixture[str], *, program: str) -> None:
    """The proof."""
    journals = [_journal(Rig(folder / str(count), letters=1_024), count, capfd, program) for count in REPORTS]
    for journal in journals:
        assert journal.pop(_CLOSED) >= 1
        # A line of the start, where the tests run on a machine with swap.
        assert journal.pop(f"veladora: {Event.SWAP.value}", 1) == 1
    assert journals == [{f"veladora: {event.value}": 1 for event in (Event.NODE_STARTED, Event.NO_GATE)}] * len(REPORTS)


@pytest.mark.slow
def test_the_journal_says_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    the_journal_says_nothing(tmp_path, capfd, program="relay.node")


@pytest.mark.slow
def test_a_line_for_each_report_is_caught(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(mutant_node.VARIABLE, mutant_node.write_a_line_for_each_report.__name__)
    caught("T8", "a line for each report", the_journal_says_nothing, tmp_path, capfd, program=mutant_node.PROGRAM)
