"""Figures exist for rounds and partners, whole or not at all."""

from pathlib import Path

import msgspec
import pytest

from relay import telemetry
from relay.telemetry import Figures

FIRST = Figures(round=7, bundles_kept=3, gate="open", no_space=False, partners={"red-norte": 6, "sur": -1})


def test_what_was_written_is_read_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    telemetry.write(FIRST, path)
    later = msgspec.structs.replace(FIRST, round=8, gate="frozen")
    telemetry.write(later, path)
    assert telemetry.read(path) == later
    assert later.frozen
    assert not FIRST.frozen
    assert [entry.name for entry in tmp_path.iterdir()] == ["figures.json"]


def test_there_is_no_figure_of_a_report() -> None:
    assert Figures.__struct_fields__ == ("round", "bundles_kept", "gate", "no_space", "partners")


def test_before_the_first_edge_there_are_none(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        telemetry.read(tmp_path / "figures.json")


def test_figures_that_cannot_be_written_leave_the_old_ones(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    telemetry.write(FIRST, path)
    (tmp_path / "figures.new").mkdir()
    with pytest.raises(OSError, match="directory"):
        telemetry.write(FIRST, path)
    assert telemetry.read(path) == FIRST
