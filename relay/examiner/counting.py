"""Hits of moments against what chance gives: more than chance is a finding, and nothing less is.

Each kind is counted in each mebibyte and in all together, so that neither a few in a small file nor many spread thin go
unnoticed. In a running program's memory its own clock stands; there only times of arrival count, each moment once.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from relay.examiner.chance import ALPHA, most_hits
from relay.examiner.findings import Report
from relay.examiner.times import Clock, Hit

# A page that is full of hits says no more after so many of them.
_HITS_MAX: Final = 50_000
_ARRIVAL: Final = "a time of arrival as "


@dataclass(frozen=True, slots=True)
class _Count:
    """The hits of one kind in one place, and how many chance gives."""

    row: str
    kind: str
    where: str
    hits: int
    expected: float


class Counted:
    """All hits so far."""

    def __init__(self, clock: Clock) -> None:
        self._clock: Final = clock
        self._counts: Final[list[_Count]] = []
        self._tests = 0
        self._weight: Final[Counter[tuple[str, str]]] = Counter()
        self._in_memory: Final[dict[str, set[int]]] = {}
        self._arrived_in_memory: Final[dict[str, set[int]]] = {}

    def add(self, *, row: str, where: str, form: str, weight: int, hits: Iterable[Hit]) -> None:
        """Hits in bytes on a disk. `form`: how they were written there; `weight`: the bytes that could hold one."""
        telling, recovering = Counter[str](), Counter[str]()
        for number, hit in enumerate(hits):
            if number >= _HITS_MAX:
                break
            telling[hit.kind] += 1
            if self._clock.window.recovers(hit.earliest, hit.latest):
                recovering[hit.kind] += 1
        self._weight[(row, form)] += weight
        self._tests += 2 * len(self._clock.chance)
        for mark, found, chance in self._both(telling, recovering):
            for kind, count in found.items():
                self._counts.append(_Count(row, f"{mark}{kind}{form}", where, count, chance[kind] * weight))

    def add_memory(self, hits: Iterable[Hit]) -> None:
        """Hits in the memory of a running program."""
        step = 2 * self._clock.window.tolerance
        for number, hit in enumerate(hits):
            if number >= _HITS_MAX:
                return
            moment = int(hit.earliest / step)
            self._in_memory.setdefault(hit.kind, set()).add(moment)
            if self._clock.window.recovers(hit.earliest, hit.latest):
                self._arrived_in_memory.setdefault(hit.kind, set()).add(moment)

    def conclude(self, report: Report) -> None:
        """Add what is more than chance to the report, and how much chance gives."""
        told: set[tuple[str, str]] = set()
        # A third of alpha for the mebibytes, one for the kinds as a whole, one for the memory.
        for one in self._counts:
            if one.hits > most_hits(one.expected, alpha=ALPHA / 3 / max(1, self._tests)):
                report.found(one.row, one.kind, one.where, one.hits)
                told.add((one.row, one.kind))
        sums = Counter[tuple[str, str]]()
        for one in self._counts:
            sums[(one.row, one.kind)] += one.hits
        expected = self._expected()
        for key, hits in sums.items():
            if key not in told and hits > most_hits(expected[key], alpha=ALPHA / 3 / len(expected)):
                report.found(*key, "in all that was looked at", hits)
        self._conclude_memory(report)
        self._tell(report, sums, expected)

    def _both(
        self, telling: Counter[str], recovering: Counter[str]
    ) -> tuple[tuple[str, Counter[str], dict[str, float]], ...]:
        return ("", telling, self._clock.chance), (_ARRIVAL, recovering, self._clock.chance_of_arrival)

    def _expected(self) -> dict[tuple[str, str], float]:
        found: dict[tuple[str, str], float] = {}
        for (row, form), weight in self._weight.items():
            for mark, _, chances in self._both(Counter(), Counter()):
                for kind, chance in chances.items():
                    found[(row, f"{mark}{kind}{form}")] = chance * weight
        return found

    def _conclude_memory(self, report: Report) -> None:
        if self._in_memory and self._clock.window.arrivals:
            report.figure("T2", "moments in memory", sum(map(len, self._in_memory.values())))
            report.figure("T2", "moments in memory at an arrival", sum(map(len, self._arrived_in_memory.values())))
        for kind, moments in self._arrived_in_memory.items():
            expected = len(self._in_memory[kind]) * self._share(kind)
            if len(moments) > most_hits(expected, alpha=ALPHA / 3 / len(self._clock.chance)):
                report.found("T2", f"{_ARRIVAL}{kind}", "memory of the running program", len(moments))

    def _share(self, kind: str) -> float:
        """How much of what stands there by the clock of the program falls near an arrival: as much as there is time
        around them. Chance writes no digits or texts, so those have no odds of their own; most name a second."""
        if odds := self._clock.chance[kind]:
            return min(1.0, self._clock.chance_of_arrival[kind] / odds)
        window = self._clock.window
        return min(1.0, window.recovering_seconds / (window.end - window.start))

    def _tell(self, report: Report, sums: Counter[tuple[str, str]], expected: dict[tuple[str, str], float]) -> None:
        for row in {row for row, _ in expected}:
            for mark, name in (("", "moments"), (_ARRIVAL, "times of arrival")):
                if mark and not self._clock.window.arrivals:
                    continue
                keys = [key for key in expected if key[0] == row and key[1].startswith(_ARRIVAL) == bool(mark)]
                report.figure(row, f"{name} found", sum(sums[key] for key in keys))
                report.figure(row, f"{name} that chance gives", round(sum(expected[key] for key in keys), 3))
