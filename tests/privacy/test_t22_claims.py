"""T22: a claim without a test is not made.

Every row of docs/threat-model.md says how sure it is: by the id of a test that is there and has its mutant, or that
nothing is promised. Every test of a promise is in a row. docs/limits.md names no test that is not there. Sure words
stand in rows only.
"""

import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pytest

from tests.architecture_rules import ROOT
from tests.privacy.claims import STATED, ids, promised, proven, rows
from tests.privacy.mutants import caught

PROMISES: Final = {f"T{number}" for number in range(1, 23)} | {"N1", "N3", "N8", "N9", "N10", "N11"}
# Words that promise; they may stand in a row, which has a last column, and nowhere else on that page.
SURE: Final = re.compile(r"\b(cannot|can't|never|nobody|no one|impossible|always|guarantee\w*|safe|secure)\b", re.I)


@dataclass(frozen=True, slots=True)
class Documents:
    """The pages that claim something, and the folder of the tests that hold it."""

    threats: str
    limits: str
    tests: Path


@pytest.fixture(scope="module")
def documents() -> Documents:
    threats, limits = (ROOT / "docs" / name for name in ("threat-model.md", "limits.md"))
    return Documents(
        threats.read_text(encoding="utf-8"), limits.read_text(encoding="utf-8"), ROOT / "tests" / "privacy"
    )


def every_claim_has_its_test(documents: Documents) -> None:
    """The proof."""
    held = proven(documents.tests)
    stated = [row for row in rows(documents.threats) if len(row) == 4]
    assert len(stated) > 30
    assert [row for row in stated if not STATED.fullmatch(row[-1])] == [], "the last column says how sure it is"
    claimed = promised(row[-1] for row in stated)
    assert claimed - held == set(), "promised, and no test holds it"
    assert held - claimed == set(), "held by a test, and no row says so"
    assert PROMISES - claimed == set(), "every promise of the project is in a row"
    assert ids(documents.limits) - held == set(), "the limits name a test that is not there"
    prose = [line for line in documents.threats.splitlines() if not line.startswith("|")]
    assert [line for line in prose if SURE.search(line)] == [], "a promise outside a row has no test"


def copy_without(test_id: str, tests: Path, folder: Path) -> Path:
    """The tests of the promises, as they are but for those of one."""
    for path in tests.glob("test_*.py"):
        if f"{test_id}:" not in path.read_text(encoding="utf-8").partition("\n")[0]:
            shutil.copy(path, folder)
    return folder


def test_every_claim_has_its_test(documents: Documents) -> None:
    every_claim_has_its_test(documents)


def test_a_removed_test_is_caught(documents: Documents, tmp_path: Path) -> None:
    (whole := tmp_path / "whole").mkdir()
    every_claim_has_its_test(replace(documents, tests=copy_without("T0", documents.tests, whole)))
    (short := tmp_path / "short").mkdir()
    fewer = replace(documents, tests=copy_without("T17", documents.tests, short))
    caught("T22", "remove a test", every_claim_has_its_test, fewer)


@pytest.mark.parametrize(
    ("mutant", "written", "instead"),
    [
        ("promise what no test holds", "| T20 |", "| T20, T99 |"),
        ("take a promise back in silence", "| T20 |", "| no promise |"),
        ("take the desk's back in silence", "| N10 |", "| no promise |"),
        ("leave out how sure it is", "| T20 |", "|  |"),
        ("say it surely", "| T20 |", "| tested |"),
        ("promise in passing", "# Who might try what, and what stops them", "Nobody learns anything."),
    ],
)
def test_a_claim_that_is_slipped_in_is_caught(documents: Documents, mutant: str, written: str, instead: str) -> None:
    assert written in documents.threats
    slipped = replace(documents, threats=documents.threats.replace(written, instead))
    caught("T22", mutant, every_claim_has_its_test, slipped)


def test_a_limit_that_leans_on_a_test_that_is_not_there_is_caught(documents: Documents) -> None:
    leaning = replace(documents, limits=f"{documents.limits}\n- This is measured (T99).\n")
    caught("T22", "lean on no test", every_claim_has_its_test, leaning)
