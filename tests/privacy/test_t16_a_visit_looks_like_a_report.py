"""T16: a visit looks like a report. On lines that fail, a page asks for the same things at the same times either way.

Visits keep the page's own pace, in a time that passes for them alone (onion_service/client/tests/visits.js). By its
attachments and by how long it lasts a visit may be told from another; neither is promised (docs/limits.md).
"""

import json
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Final

import pytest

from tests.browser import client
from tests.privacy.bands import auc, auc_band, furthest, ks_band
from tests.privacy.mutants import caught

VISITS: Final = 5_000
# For 5 000 visits of each kind, at 1e-4.
AUC_MAX: Final = 0.0225
KS_MAX: Final = 0.0445
_CHI: Final = 3.719
LEARNT_FROM: Final = 1_500
PACE: Final = 60.0
LETTER: Final = 32_768
# One seal without a JIT (docs/spec/pacing.md): a report's own seals may make the tick after it late.
SEAL_SECONDS: Final = 0.033
LEAST_EXPECTED: Final = 5

Feature = Callable[["Visit"], float]


@dataclass(frozen=True, slots=True)
class Visit:
    """What could be seen of one visit from outside, and what became of its report."""

    letter: str
    requests: tuple[tuple[float, str, int], ...]

    @property
    def gaps(self) -> list[float]:
        """Seconds between one request and the next."""
        return [later[0] - earlier[0] for earlier, later in pairwise(self.requests)] or [0.0]

    @property
    def posts(self) -> list[float]:
        """When cells were brought."""
        return [at for at, what, _ in self.requests if what == "POST /cells"]

    @property
    def kinds(self) -> frozenset[tuple[tuple[str, int], int]]:
        """What was asked for, how long each was, and how often."""
        return frozenset(Counter((what, size) for _, what, size in self.requests).items())


def visits(folder: Path, *, count: int, seed: int, report: bool, real: bool = False, seal: float = 0.0) -> list[Visit]:
    """Visits of the client in that folder."""
    question = {"count": count, "seed": seed, "report": report, "real": real, "seal_seconds": seal}
    lines = client.told("tests/visits.js", question, at=folder, timeout=600).splitlines()
    found = [json.loads(line) for line in lines]
    assert len(found) == count
    return [Visit(one["letter"], tuple((at, what, size) for at, what, size in one["requests"])) for one in found]


def check_sent(plain: list[Visit], told: list[Visit]) -> None:
    """Return when reports were sent in one kind of visits only; a proof on others would prove nothing."""
    left = sum(visit.letter in {"left", "seen"} for visit in told)
    if left < 0.9 * len(told) or any(visit.letter for visit in plain):
        raise ValueError(f"{left} of {len(told)} reports were sent")


def off_grid(visit: Visit) -> float:
    """By how much a cell was further from the grid that the first one began than any other."""
    first = min(visit.posts, default=0.0)
    return max((min((at - first) % PACE, -(at - first) % PACE) for at in visit.posts), default=0.0)


FEATURES: Final[dict[str, Feature]] = {
    "requests": lambda visit: len(visit.requests),
    "bytes": lambda visit: sum(size for _, _, size in visit.requests),
    "cells": lambda visit: len(visit.posts),
    "lists": lambda visit: sum(what == "GET /rounds/n" for _, what, _ in visit.requests),
    "shortest gap": lambda visit: min(visit.gaps),
    "mean gap": lambda visit: sum(visit.gaps) / len(visit.gaps),
    "longest gap": lambda visit: max(visit.gaps),
    "first cell": lambda visit: min(visit.posts, default=0.0),
    "last request": lambda visit: visit.requests[-1][0],
    "off the grid": off_grid,
}


def dot(ones: Sequence[float], others: Sequence[float]) -> float:
    """The sum of their products."""
    return sum(one * other for one, other in zip(ones, others, strict=True))


def learnt(plain: list[list[float]], told: list[list[float]]) -> Callable[[list[float]], float]:
    """How much like a report a visit is, by logistic regression on two samples of their features."""
    both = [*((row, 0.0) for row in plain), *((row, 1.0) for row in told)]
    means = [sum(row[at] for row, _ in both) / len(both) for at in range(len(plain[0]))]
    widths = [
        math.sqrt(sum((row[at] - mean) ** 2 for row, _ in both) / len(both)) or 1.0 for at, mean in enumerate(means)
    ]

    def scaled(row: list[float]) -> list[float]:
        return [1.0, *((value - mean) / width for value, mean, width in zip(row, means, widths, strict=True))]

    weights, lots = [0.0] * (len(means) + 1), [(scaled(row), label) for row, label in both]
    for step in range(8):
        Random(step).shuffle(lots)
        for row, label in lots:
            guess = 1 / (1 + math.exp(-max(-30.0, min(30.0, dot(weights, row)))))
            for at, value in enumerate(row):
                weights[at] += 0.02 / (1 + step) * (label - guess) * value
    return lambda row: dot(weights, scaled(row))


def surprise(ones: list[Visit], others: list[Visit]) -> tuple[float, float]:
    """Chi-square between what both kinds of visits asked for, rare sets of requests as one, and its bound at 1e-4."""
    first, second = Counter(visit.kinds for visit in ones), Counter(visit.kinds for visit in others)
    common = {kinds for kinds in {*first, *second} if first[kinds] + second[kinds] >= 2 * LEAST_EXPECTED}
    cells = [(first[kinds], second[kinds]) for kinds in common]
    rare = tuple(sum(count for kinds, count in one.items() if kinds not in common) for one in (first, second))
    cells += [(rare[0], rare[1])] if sum(rare) else []
    degrees = len(cells) - 1
    bound = degrees * (1 - 2 / (9 * degrees) + _CHI * math.sqrt(2 / (9 * degrees))) ** 3
    return sum((one - other) ** 2 / (one + other) for one, other in cells), bound


def nothing_tells_a_report_from_a_visit(folder: Path, count: int) -> dict[str, float]:
    """The proof by statistics: neither any feature, nor all of them together, nor what was asked for."""
    plain, told = (visits(folder, count=count, seed=seed, report=seed > 0, seal=SEAL_SECONDS) for seed in (0, 10**6))
    lessons = [
        visits(folder, count=count * LEARNT_FROM // VISITS, seed=seed, report=seed > 3 * 10**6, seal=SEAL_SECONDS)
        for seed in (3 * 10**6, 4 * 10**6)
    ]
    check_sent(plain, told)
    auc_max, ks_max = auc_band(count, count), ks_band(count, count)
    far = {}
    for name, feature in FEATURES.items():
        ones, others = list(map(feature, plain)), list(map(feature, told))
        far[name] = auc(ones, others) - 0.5
        assert abs(far[name]) <= auc_max, name
        assert furthest(ones, others) <= ks_max, name

    def row(visit: Visit) -> list[float]:
        return [feature(visit) for feature in FEATURES.values()]

    score = learnt(*([row(visit) for visit in lesson] for lesson in lessons))
    far["all together"] = auc([score(row(visit)) for visit in plain], [score(row(visit)) for visit in told]) - 0.5
    assert abs(far["all together"]) <= auc_max
    found, bound = surprise(plain, told)
    assert found <= bound
    return far


def a_visit_is_the_same_with_a_report(folder: Path, count: int, *, real: bool) -> None:
    """The proof by twins: the same person, line and relay, once with a report; every byte and moment is the same."""
    plain, told = (visits(folder, count=count, seed=7, report=report, real=real) for report in (False, True))
    check_sent(plain, told)
    assert [visit.requests for visit in plain] == [visit.requests for visit in told]
    assert {size for visit in told for _, what, size in visit.requests if what == "POST /cells"} == {LETTER}


def test_the_bands_are_those_of_the_promise() -> None:
    assert auc_band(VISITS, VISITS) == pytest.approx(AUC_MAX, abs=5e-5)
    assert ks_band(VISITS, VISITS) == pytest.approx(KS_MAX, abs=5e-5)


@pytest.mark.slow
def test_nothing_tells_five_thousand_reports_from_five_thousand_visits() -> None:
    far = nothing_tells_a_report_from_a_visit(client.CLIENT, VISITS)
    worst = max(far, key=lambda name: abs(far[name]))
    print(f"T16: {VISITS} visits of each kind: worst |AUC - 1/2| {abs(far[worst]):.4f} ({worst}),", end=" ")
    print(f"all features together {far['all together']:+.4f}")


@pytest.mark.slow
@pytest.mark.parametrize(("count", "real"), [(1_000, False), (100, True)])
def test_a_visit_is_the_same_with_a_report(count: int, real: bool) -> None:
    a_visit_is_the_same_with_a_report(client.CLIENT, count, real=real)


MUTANTS: Final = [
    (
        "send only when there is a report",
        "    report?.letterLeaves();\n",
        '    if (report === undefined) return "";\n    report.letterLeaves();\n',
    ),
    (
        "ask for lists only after a report",
        'if (because !== "unreachable") await',
        'if (because !== "unreachable" && this.#report !== undefined) await',
    ),
    (
        "do not wait for the tick",
        "      this.#report = report;\n      this.#tell();\n",
        "      this.#report = report;\n      void this.#bringLetter();\n",
    ),
]
BROUGHT: Final = "brought = await this.#reporter.bring(() => this.#letterOrCover(report));\n"
AT_ONCE: Final = (
    f"    const {BROUGHT}",
    f'    let {BROUGHT}    if (report !== undefined && brought.because !== "") {BROUGHT}',
)


@pytest.mark.slow
@pytest.mark.parametrize(("mutant", "written", "instead"), MUTANTS, ids=[mutant for mutant, _, _ in MUTANTS])
def test_a_page_that_betrays_a_report_is_caught(tmp_path: Path, mutant: str, written: str, instead: str) -> None:
    folder = client.altered(tmp_path, {"pacing.js": [(written, instead)]})
    caught("T16", mutant, nothing_tells_a_report_from_a_visit, folder, 1_000)


@pytest.mark.slow
def test_a_page_that_tries_again_at_once_is_caught(tmp_path: Path) -> None:
    folder = client.altered(tmp_path, {"pacing.js": [AT_ONCE]})
    caught("T16", "try a letter again at once", a_visit_is_the_same_with_a_report, folder, 100, real=False)
