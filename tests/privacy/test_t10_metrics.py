"""T10: metrics say nothing finer than a round. The figures change at edges only, and none of them is about reports."""

from pathlib import Path

import msgspec
import pytest

from crypto.layers import wrap
from relay.telemetry import Figures
from tests.privacy import mutant_node
from tests.privacy.mutants import caught
from tests.rig import Rig, Running, any_cell


def _seen(running: Running, reports: int) -> dict[int, set[tuple[int, bytes]]]:
    """For each round that the figures spoke of, what the file was whenever it was looked at, report after report."""
    path = running.rig.folder / "state" / "figures.json"
    first = running.announced()[0].round_number
    running.wait_round(first)
    found: dict[int, set[tuple[int, bytes]]] = {}
    while max(found, default=0) < first + 1:
        if reports:
            assert running.post(wrap(any_cell(), route=running.route())) == 202
            reports -= 1
        running.keeper.look()
        if path.exists():
            before, wire, after = path.stat(), path.read_bytes(), path.stat()
            if before.st_mtime_ns == after.st_mtime_ns:
                number = msgspec.json.decode(wire, type=Figures).round
                found.setdefault(number, set()).add((after.st_mtime_ns, wire))
    return found


def figures_change_at_edges_only(folder: Path, *, program: str) -> None:
    """The proof: one file for each round, and the same figures for no reports and for many."""
    kept: list[set[tuple[bool, frozenset[tuple[str, int]]]]] = []
    for reports in (0, 150):
        rig = Rig(folder / str(reports))
        with rig.running(program=program) as running:
            found = _seen(running, reports)
        assert all(len(looks) == 1 for looks in found.values())
        figures = [msgspec.json.decode(wire, type=Figures) for looks in found.values() for _, wire in looks]
        kept.append({(one.frozen, frozenset(one.partners.items())) for one in figures})
    assert kept[0] == kept[1]


@pytest.mark.slow
def test_figures_change_at_edges_only(tmp_path: Path) -> None:
    figures_change_at_edges_only(tmp_path, program="relay.node")


@pytest.mark.slow
def test_a_counter_that_moves_at_arrival_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(mutant_node.VARIABLE, mutant_node.count_at_arrival.__name__)
    caught(
        "T10", "a counter that moves at arrival", figures_change_at_edges_only, tmp_path, program=mutant_node.PROGRAM
    )
