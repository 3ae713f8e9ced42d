"""A relay's folder after a run with reports, stopped, and all that its reporters know; made once, then copied."""

import hashlib
import secrets
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from crypto import letter
from crypto.cells import CellClass
from crypto.directory import BundleSizes
from crypto.layers import RoundNumber, wrap
from relay.examiner.examining import Question, examine
from relay.examiner.findings import Outcome, Row
from relay.examiner.given import Arrival, Given
from tests.rig import Rig, Running

ROUND_SECONDS = 5
REPORTS = 12


@dataclass(frozen=True, slots=True)
class Ran:
    """The folder, what was sent in the round that never closed, and between which moments all that happened."""

    folder: Path
    given: Given = field(repr=False)
    span: tuple[float, float]

    @property
    def moment(self) -> float:
        """A moment inside the run that is far from every edge."""
        return (self.span[0] // ROUND_SECONDS + 1) * ROUND_SECONDS + 3.21

    def copied(self, to: Path) -> "Ran":
        """The same in a folder of its own, for something to be planted in it; times of writing are kept."""
        shutil.copytree(self.folder, to, copy_function=shutil.copy2)
        return replace(self, folder=to)

    def rows(self, **other: object) -> list[Row]:
        """The examination of the folder with all that is known."""
        question = Question(
            paths=(str(self.folder),), given=self.given, span=self.span, round_seconds=ROUND_SECONDS, slack=2.0
        )
        return examine(replace(question, **other))  # type: ignore[arg-type]


def failing(rows: Sequence[Row]) -> set[str]:
    """The ids of the rows that failed."""
    return {row.id for row in rows if row.outcome is Outcome.FAIL}


def kinds(rows: Sequence[Row]) -> set[str]:
    """The kinds of all that was found."""
    return {found.kind for row in rows for found in row.findings}


def row(rows: Sequence[Row], name: str) -> Row:
    """One row."""
    return next(one for one in rows if one.id == name)


def send(running: Running, count: int) -> list[tuple[Arrival, bytes]]:
    """So many reports: each its arrival and the cell that would leave."""
    sent = []
    for _ in range(count):
        cell = letter.top_up(CellClass.LETTER, relays=1)
        assert running.post(wrap(cell, route=running.route())) == 202
        sent.append((Arrival(time.time(), hashlib.sha256(cell).digest()), cell))
    return sent


def after_a_run(folder: Path) -> Ran:
    """A relay that closed two rounds with reports in them, and was stopped in the third."""
    rig = Rig(folder, round_seconds=ROUND_SECONDS, sizes=BundleSizes(letters=12, parcels=1, parcel_every=2))
    with rig.running() as running:
        began = time.time()
        send(running, REPORTS)
        first = running.announced()[0].round_number
        running.wait_round(first)
        running.wait_round(RoundNumber(first + 1))
        sent = send(running, REPORTS)
        ended = time.time()
    left = {cell for cells in rig.cells().values() for cell in cells}
    assert not left & {cell for _, cell in sent}, "an edge came between; run it again"
    given = Given(
        markers=(b"what somebody wrote", secrets.token_bytes(16)),
        cells=tuple(cell for _, cell in sent),
        open_keys=(secrets.token_bytes(32),),
        past_keys=(secrets.token_bytes(32),),
        arrivals=tuple(arrival for arrival, _ in sent),
    )
    return Ran(folder, given, (began, ended))
