"""The table of a seizure run: for people on the terminal, and for docs/threat-model.md between two marks.

Lines go in, text comes out; reading the block back accepts what `block` writes, or raises NotTheTable.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from relay.examiner.findings import ROWS

BEGIN: Final = "<!-- seizure: begin -->"
END: Final = "<!-- seizure: end -->"
PROMISES: Final = {**ROWS, "T11": "a crash loses nothing that was accepted"}
ORDER: Final = ("T1", "T2", "T3", "T4", "T8", "T9", "T10", "T11", "T12")
HELD: Final = "held"
FAILED: Final = "failed"
UNSEEN: Final = "could not look"

_CAUGHT: Final = {True: "caught", False: "not caught"}
_HEAD: Final = ("| promise | what was found | planted fault, in the same run | how sure |", "|---|---|---|---|")
_ROW: Final = re.compile(
    r"\| ([^|]+) \| (held|failed|could not look): ([^|]+) \| ([^|]+: (?:caught|not caught)) \| (T\d+) \|"
)
_FIRST: Final = re.compile(
    r"A relay's power was cut on (\d{4}-\d\d-\d\d) \(`make seizure`, (ext4 image|files), tor [\d.]*\d\): "
    r"(\d+) runs, (\d+) of them with a fault planted\."
)


class NotTheTable(ValueError):
    """The text is not what a seizure run writes; let it write the block again."""


@dataclass(frozen=True, slots=True)
class Line:
    """One promise in the table. `outcome`: held, failed or could not look. `mutant`: what was planted; `how`: by what
    it was caught, for the terminal only."""

    id: str
    outcome: str
    said: str
    mutant: str
    caught: bool
    because: tuple[str, ...] = ()
    how: str = ""

    @property
    def good(self) -> bool:
        """Whether the promise held, and its mutant did not pass for honest."""
        return self.outcome == HELD and self.caught


@dataclass(frozen=True, slots=True)
class Circumstances:
    """When and on what the run took place."""

    day: str
    level: str
    tor: str
    runs: int
    planted: int


def terminal(lines: Sequence[Line]) -> list[str]:
    """The table for a terminal, with the places where something broke."""
    found = []
    for line in lines:
        found.append(f"{line.id:<5}{line.outcome:<16}{PROMISES[line.id]}")
        found.append(f"     {line.said}")
        verdict = f"caught ({line.how})" if line.caught else "NOT CAUGHT"
        found.append(f"     mutant '{line.mutant}': {verdict}")
        found += [f"     {'could not look, because ' if line.outcome == UNSEEN else ''}{why}" for why in line.because]
    return found


def block(lines: Sequence[Line], at: Circumstances) -> str:
    """The same for the page, marks included."""
    first = (
        f"A relay's power was cut on {at.day} (`make seizure`, {at.level}, tor {at.tor}): "
        f"{at.runs} runs, {at.planted} of them with a fault planted."
    )
    rows = [
        f"| {PROMISES[one.id]} | {one.outcome}: {one.said} | {one.mutant}: {_CAUGHT[one.caught]} | {one.id} |"
        for one in lines
    ]
    return "\n".join([BEGIN, "", first, "", *_HEAD, *rows, "", END])


def read_back(page: str) -> Mapping[str, Line]:
    """The lines of the block in a page, by id. Raises NotTheTable."""
    _, begin, rest = page.partition(BEGIN)
    inside, end, _ = rest.partition(END)
    parts = inside.strip().split("\n")
    if not begin or not end or len(parts) < 5 or parts[1:4] != ["", *_HEAD] or not _FIRST.fullmatch(parts[0]):
        raise NotTheTable("there is no block of a seizure run, or its head is another")
    found = {}
    for text in parts[4:]:
        if (row := _ROW.fullmatch(text)) is None or row[1] != PROMISES.get(row[5]):
            raise NotTheTable("a row of the block is none that a seizure run writes")
        mutant, _, verdict = row[4].rpartition(": ")
        found[row[5]] = Line(row[5], row[2], row[3], mutant, verdict == "caught")
    return found


def put_into(page: str, new: str) -> str:
    """The page with the block in the place of the old one. Raises NotTheTable when there are no marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise NotTheTable(f"the page has no marks {BEGIN} and {END}")
    return before + new + after
