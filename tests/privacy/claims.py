"""What the documentation claims, and the tests that hold it: the reading of both, for T22."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

STATED: Final = re.compile(r"(?P<promised>[TN]\d+(?:, [TN]\d+)*)|no promise|not stopped")
_OPENING: Final = re.compile(r'"""(?P<ids>[TN]\d+(?:, [TN]\d+)*): ')
_TEST: Final = re.compile(r"^(async )?def test_", re.M)
_NAMED: Final = re.compile(r"\b[TN]\d+\b")


def rows(page: str) -> list[list[str]]:
    """The rows of all tables of a page, without heads and rules."""
    lines = page.splitlines()
    found = []
    for at, line in enumerate(lines):
        if line.startswith("| ") and not (at + 1 < len(lines) and lines[at + 1].startswith("|--")):
            found.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return found


def proven(tests: Path) -> set[str]:
    """The ids with which a test file of this folder begins that holds a test and a mutant of it."""
    found: set[str] = set()
    for path in tests.rglob("test_*.py"):
        text = path.read_text(encoding="utf-8")
        if (opening := _OPENING.match(text)) and _TEST.search(text) and "mutant" in text:
            found |= ids(opening["ids"])
    return found


def ids(text: str) -> set[str]:
    """The ids that a text names."""
    return set(_NAMED.findall(text))


def promised(stated: Iterable[str]) -> set[str]:
    """The ids that these last columns promise."""
    return {one for column in stated if (found := STATED.fullmatch(column)) for one in ids(found["promised"] or "")}
