"""`veladora simulate`: figures that an operator can choose by, the same each time, and mistakes that are told."""

import json
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from crypto.directory import BundleSizes
from relay.cli import simulate
from relay.gate import ORDINARY_LOSS
from relay.simulator.simulating import Question, Shape
from relay.simulator.traffic import Traffic
from tests.architecture_rules import ROOT
from tests.cli.typed import COMMAND, ENVIRONMENT, run
from tests.rig import Rig

QUICK = ("--days", "2")


def figures(*words: str | Path) -> list[dict[str, Any]]:
    done = run("simulate", *QUICK, *words, "--json")
    assert done.code == 0, done.err
    answers: list[dict[str, Any]] = json.loads(done.out)["answers"]
    return answers


@pytest.mark.slow
def test_a_row_for_each_figure_and_a_column_for_each_choice() -> None:
    done = run("simulate", *QUICK, "--compare", "round=300,900,1800")
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert re.split(r"\s{2,}", lines[3].strip()) == ["round 300", "round 900", "round 1800"]
    rows = {line[:48].strip(): re.split(r"\s{2,}", line[48:].strip()) for line in lines[4:] if line.startswith("  ")}
    assert rows["to each partner, a day"] == ["1 789.4", "596.5", "298.2"]
    # Four figures against each of three, five of waiting and five of bandwidth.
    assert len([line for line in lines[4:] if line.startswith("  ")]) == 3 * 4 + 5 + 5
    assert all(len(row) == 3 for row in rows.values())
    assert "of 192 rounds the 0.1th percentile is the worst" in done.err


def test_the_head_says_what_all_columns_share() -> None:
    shared = {name: run("simulate", "--days", "1", "--compare", f"{name}=20,300").out for name in ("cover", "round")}
    assert "; so many cover senders;" in shared["cover"].splitlines()[0]
    assert "; 5 cover senders;" in shared["round"].splitlines()[0]


def test_whoever_is_alone_is_told() -> None:
    (found,) = figures("--cover", "0", "--open-pages", "0", "--reports-a-day", "0")
    assert [view["certain"] for view in found["anonymity"].values()] == [1.0] * 3
    assert found["latency_minutes"] == {"median": None, "high": None, "reports": 0}
    done = run("simulate", *QUICK, "--cover", "0", "--open-pages", "0", "--reports-a-day", "0")
    assert "a writer has no company at all" in done.err
    assert "no report" in done.out


def test_the_defaults_are_the_relay_s() -> None:
    (found,) = figures()
    sizes = BundleSizes()
    assert (found["round_seconds"], found["letters"], found["parcels"]) == (900, sizes.letters, sizes.parcels)
    assert (Traffic().loss, Question().shape) == (ORDINARY_LOSS, Shape())
    assert found == figures("--cover", "5", "--loss", str(ORDINARY_LOSS), "--seed", "1", "--round", "900")[0]
    assert found != figures("--seed", "2")[0]


def test_a_relay_s_own_settings_are_taken(tmp_path: Path) -> None:
    rig = Rig(tmp_path / "relay", round_seconds=600, sizes=BundleSizes(letters=32, parcels=4, parcel_every=2))
    rig.write(more_settings='[[partner]]\nid = "a"\nendpoint = "http://' + "a" * 56 + '.onion/"\n')
    for path in (rig.folder, rig.folder / "relay.toml"):
        (found,) = figures("--config", path)
        assert (found["round_seconds"], found["letters"], found["parcels"]) == (600, 32, 4)
    (longer,) = figures("--config", rig.folder, "--round", "1200")
    assert (longer["round_seconds"], longer["letters"]) == (1_200, 32)
    assert run("simulate", "--config", tmp_path).code == 2
    (rig.folder / "directory.signed").write_bytes(b"no directory")
    assert run("simulate", "--config", rig.folder).code == 2


def test_moments_are_replayed_and_bursts_come(tmp_path: Path) -> None:
    moments = tmp_path / "moments.csv"
    moments.write_text("moment\n" + "2026-11-22T20:15Z\n" * 100)
    quiet = ("--reports-a-day", "0", "--loss", "0")
    (found,) = figures(*quiet, "--replay", moments)
    assert found["latency_minutes"]["reports"] == 100
    assert found["most_held"] == 100
    assert "100 moments replayed" in found["traffic"]
    (found,) = figures(*quiet, "--burst", "10@08:00", "--burst", "20@09:30")
    assert found["latency_minutes"]["reports"] == 60
    assert "20 more reports every day from 09:30 on" in found["traffic"]


def test_a_full_relay_is_told() -> None:
    done = run("simulate", *QUICK, "--burst", "2500@12:00", "--letters", "32", "--open-pages", "0")
    assert done.code == 0, done.err
    assert "the relay has places for 2048 letters" in done.err
    assert "letters still waited at the end" in done.err


@pytest.mark.slow
def test_the_picture_is_drawn_and_never_over_another_file(tmp_path: Path) -> None:
    first, second = tmp_path / "a.png", tmp_path / "b.png"
    for path in (first, second):
        done = run("simulate", *QUICK, "--compare", "cover=0,5", "--png", path)
        assert done.code == 0, done.err
    assert first.read_bytes() == second.read_bytes()
    with Image.open(first) as image:
        assert image.size == (1_400, 1_000)
    again = run("simulate", *QUICK, "--png", first)
    assert (again.code, again.out) == (2, "")
    assert "never overwritten" in again.err
    assert first.read_bytes() == second.read_bytes()


def test_without_the_library_the_table_comes_and_then_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    done = run("simulate", *QUICK, "--png", tmp_path / "a.png")
    assert done.code == 1
    assert "to each partner, a day" in done.out
    assert "-r requirements/simulate.txt" in done.err
    assert list(tmp_path.iterdir()) == []
    assert (ROOT / "requirements/simulate.txt").is_file()


@pytest.mark.parametrize(
    "words",
    [
        ["--cover", "-1"],
        ["--cover", "many"],
        ["--loss", "1"],
        ["--loss", "nan"],
        ["--reports-a-day", "nan"],
        ["--open-pages", "inf"],
        ["--png", "nowhere/a.png"],
        ["--round", "4"],
        ["--letters", "1025"],
        ["--days", "0"],
        ["--days", "30", "--reports-a-day", "10000"],
        ["--days", "365", "--cover", "10000"],
        ["--burst", "200"],
        ["--replay", "nowhere.csv"],
        ["--replay", "bad.csv"],
        ["--replay", "."],
        ["--replay", "long.csv"],
        ["--compare", "round"],
        ["--compare", "rounds=300,900"],
        ["--compare", "round=300,300"],
        ["--compare", "round=300,2"],
        ["--compare", "cover=1,2,3,4,5,6,7"],
        ["--config", "nowhere"],
    ],
)
def test_a_mistake_is_told_and_nothing_is_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.csv").write_text("2026-11-22T20:15Z\n20:15\n")
    (tmp_path / "long.csv").write_text("2026-11-01\n2026-12-24\n")
    done = run("simulate", "--png", "a.png", *words)
    assert (done.code, done.out) == (2, "")
    assert "Traceback" not in done.err
    assert {path.name for path in tmp_path.iterdir()} == {"bad.csv", "long.csv"}


@given(st.text(max_size=20) | st.from_regex(r"(round|cover|letters)=[0-9,]{0,12}", fullmatch=True))
def test_any_comparison_is_questions_or_a_mistake(text: str) -> None:
    try:
        found = simulate._compared(Question(), text)
    except typer.Exit:
        return
    assert 1 <= len(found) <= 6
    assert [*found] == ([""] if not text else [f"{text.partition('=')[0]} {int(one)}" for one in _values(text)])


def _values(text: str) -> list[str]:
    return text.partition("=")[2].split(",")


@pytest.mark.slow
def test_an_interrupt_ends_it_at_once_and_says_so(tmp_path: Path) -> None:
    words = ["simulate", "--days", "3000", "--png", str(tmp_path / "a.png")]
    process = subprocess.Popen([*COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT)
    assert process.stderr is not None
    assert process.stderr.readline() == b"visits of cover\n"
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=20)
    assert (process.returncode, out) == (130, b"")
    assert b"interrupted" in said
    assert b"Traceback" not in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_table_in_the_documentation_is_what_the_command_prints() -> None:
    page = (ROOT / "docs/operate.md").read_text(encoding="utf-8")
    shown = re.search(r"```sh\nveladora (simulate .*)\n```\n\n```\n(.*?)```", page, re.S)
    assert shown is not None
    done = run(*shlex.split(shown[1].replace("\\\n", " ")))
    assert done.code == 0, done.err
    assert [line.rstrip() for line in done.out.splitlines()] == shown[2].splitlines()


@pytest.mark.slow
def test_the_figures_in_the_documentation_are_what_comes_out() -> None:
    """Those of docs/operate.md and docs/limits.md; another way of drawing chance changes them by little, and they are
    written down rounded."""
    alone, five, twenty = figures("--days", "30", "--compare", "cover=0,5,20")
    assert round(100 * alone["anonymity"]["watcher"]["certain"]) == 35
    assert [round(2 ** one["anonymity"]["watcher"]["bits_low"]) for one in (five, twenty)] == [3, 15]
    assert [round(100 * one["anonymity"]["knowing"]["certain"]) for one in (alone, five, twenty)] == [82] * 3
    small, large = figures("--days", "30", "--burst", "200@20:00", "--compare", "letters=16,64")
    assert [round(one["latency_minutes"]["median"]) for one in (small, large)] == [78, 13]
