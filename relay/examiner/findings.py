"""What an examination may say: a row for each promise, and for each thing found its place, its kind and how many.

There is no field for what was found, so no table, file or terminal can repeat it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

ROWS: Final[dict[str, str]] = {
    "T1": "nothing about a report is written to storage",
    "T2": "times of arrival cannot be recovered",
    "T3": "the order of arrival cannot be recovered",
    "T4": "past rounds are gone",
    "T8": "the journal says nothing",
    "T9": "tor's own files say nothing",
    "T10": "figures say nothing finer than a round",
    "T12": "a crash leaves nothing",
}
# A place is told at most so often in each row and kind; the count is whole.
_PLACES_MAX: Final = 8


class Outcome(Enum):
    """What became of a row."""

    PASS = "pass"  # noqa: S105 - not a password
    FAIL = "fail"
    COULD_NOT_LOOK = "could not look"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that should not be there. `where`: a path with an offset or inode, or a process and an address."""

    row: str
    kind: str
    where: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class Unseen:
    """Something that was not looked at, and why. `asked`: the caller asked for it, so silence would mislead."""

    row: str
    because: str
    asked: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """One promise and what became of it. `figures` are about the examination: counts, bands, bytes looked at."""

    id: str
    promise: str
    outcome: Outcome
    findings: tuple[Finding, ...]
    unseen: tuple[Unseen, ...]
    figures: dict[str, float]


@dataclass(slots=True)
class Report:
    """What is known so far; every part of the examination adds to it."""

    findings: list[Finding] = field(default_factory=list)
    unseen: list[Unseen] = field(default_factory=list)
    figures: dict[str, dict[str, float]] = field(default_factory=dict)
    _looked: set[str] = field(default_factory=set)
    _places: dict[tuple[str, str], int] = field(default_factory=dict)
    _more: dict[tuple[str, str], int] = field(default_factory=dict)

    def looked(self, *rows: str) -> None:
        """Something of these rows could be looked at."""
        self._looked.update(rows)

    def found(self, row: str, kind: str, where: str, count: int = 1) -> None:
        """Something is there that should not be. Beyond the first places of a kind only the number is kept."""
        self._looked.add(row)
        key = (row, kind)
        self._places[key] = self._places.get(key, 0) + 1
        if self._places[key] > _PLACES_MAX:
            self._more[key] = self._more.get(key, 0) + count
            return
        self.findings.append(Finding(row, kind, where, count))

    def could_not(self, rows: Iterable[str], because: str, *, asked: bool = True) -> None:
        """Something of these rows was not looked at. The same reason is kept once."""
        for row in rows:
            if all((other.row, other.because) != (row, because) for other in self.unseen):
                self.unseen.append(Unseen(row, because, asked))

    def figure(self, row: str, name: str, value: float) -> None:
        """Add to a figure of a row."""
        figures = self.figures.setdefault(row, {})
        figures[name] = figures.get(name, 0) + value

    def rows(self) -> list[Row]:
        """A row for each promise, in their order. A row of which nothing was looked at never passes."""
        return [self._row(name, promise) for name, promise in ROWS.items()]

    def _row(self, name: str, promise: str) -> Row:
        findings = [one for one in self.findings if one.row == name]
        findings += [
            Finding(name, kind, "in more places", more) for (row, kind), more in self._more.items() if row == name
        ]
        unseen = [one for one in self.unseen if one.row == name]
        outcome = Outcome.FAIL if findings else Outcome.PASS if name in self._looked else Outcome.COULD_NOT_LOOK
        if outcome is Outcome.COULD_NOT_LOOK and not unseen:
            unseen = [Unseen(name, "nothing that was named has to do with it", asked=False)]
        return Row(name, promise, outcome, tuple(findings), tuple(unseen), self.figures.get(name, {}))


def exit_code(rows: Iterable[Row]) -> int:
    """1 when something failed; else 3 when something that was asked for could not be looked at; else 0."""
    rows = list(rows)
    if any(row.outcome is Outcome.FAIL for row in rows):
        return 1
    return 3 if any(unseen.asked for row in rows for unseen in row.unseen) else 0
