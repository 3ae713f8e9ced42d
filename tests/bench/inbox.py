"""How long a desk takes over 100 000 reports: the list, a filter, a search, the proposals, and 4 096 cells that come.

The reports go through the last step of a real import. Beside each figure stands that of a plain SQLite file, not
encrypted, which reads every row, in the same run on the same machine; and beside the import the opening of its cells.
A bundle holds 1 024 cells at most, so 4 096 of them are four bundles.
"""

import base64
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from crypto.bundle import Bundle
from crypto.cells import CellClass
from crypto.keys import Cost
from crypto.layers import RoundNumber
from crypto.letter import seal_report, top_up
from crypto.report import Report, When
from crypto.suite import OpeningKey
from forwarder.desk.casework import By, Casework, Kind, Subject
from forwarder.desk.inbox import Inbox
from forwarder.desk.incidents import Incidents
from forwarder.desk.opening import Opened, open_bundle
from forwarder.desk.searching import Filter, page
from forwarder.desk.triage import State
from tests.unit.forwarder.given import RELAY, bundle

REPORTS: Final = 100_000
A_ROUND: Final = 1_000
# Spread over a month, so that a week is what proposals have to look at.
ROUNDS_BETWEEN: Final = 28
CELLS: Final = 4_096
A_BUNDLE: Final = 1_024
OURS: Final = 512
TURNS: Final = 7
ROUND_SECONDS: Final = 900
FIRST_ROUND: Final = 2_000_000

_KEY: Final = OpeningKey(bytes(range(1, 33)))
_DAY: Final = date(2033, 1, 14)
_PLAIN_SCAN: Final = "SELECT number, place, substr(text, 1, 60) FROM reports WHERE state = 'new' AND place = 'place-5'"
_PLAIN_SEARCH: Final = "SELECT number FROM reports WHERE text LIKE '%única%'"
_SYLLABLES: Final = [consonant + vowel for consonant in "bcdfglmnprstv" for vowel in "aei"]
_TOPICS: Final = tuple(f"topic-{number}" for number in range(12))
_PLACES: Final = tuple(f"place-{number}" for number in range(800))


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds, and the size of the file. `computing`, of `building`, and the proposals leave out all waiting.

    `plain_scan` and `plain_search` are what the others are compared with.
    """

    building: float
    computing: float
    opening_the_list: float
    a_page_in_the_middle: float
    by_state_and_place: float
    by_rounds: float
    a_rare_word: float
    a_common_word: float
    proposals_of_a_week: float
    importing: float
    opening_the_cells: float
    plain_scan: float
    plain_search: float
    mebibytes: float


def measure(reports: int = REPORTS, cells: int = CELLS) -> Figures:
    """The figures; a list that answers wrongly raises RuntimeError."""
    rng = random.Random(7)
    with tempfile.TemporaryDirectory() as named:
        folder = Path(named)
        with Inbox.create(folder, passphrase="bench", cost=Cost(operations=1, memory=8_192)) as inbox:
            started, computing = time.perf_counter(), time.process_time()
            plain = _fill(inbox, folder / "plain.db", reports, rng)
            building, computing = time.perf_counter() - started, time.process_time() - computing
            database = inbox.database
            _mark_some(inbox, reports)
            size = (folder / "inbox.db").stat().st_size
            figures = {
                "opening_the_list": _median(lambda: _open_list(inbox)),
                "a_page_in_the_middle": _median(lambda: page(database, Filter(), after=reports // 2)),
                "by_state_and_place": _median(
                    lambda: page(database, Filter(state=State.NEW, place=_PLACES[5]), newest_first=True)
                ),
                "by_rounds": _median(lambda: page(database, Filter(first=RoundNumber(FIRST_ROUND + 50)))),
                "a_rare_word": _median(lambda: _expect(1, page(database, Filter(words="Señal-Única")).found)),
                "a_common_word": _median(lambda: _expect(100, page(database, Filter(words="camión")).found)),
                "proposals_of_a_week": _computing(lambda: _proposals(inbox)),
                "plain_scan": _median(lambda: plain.execute(_PLAIN_SCAN).fetchall()),
                "plain_search": _median(lambda: plain.execute(_PLAIN_SEARCH).fetchall()),
            }
            plain.close()
            opening, storing = _import(inbox, _sealed(cells, rng))
    return Figures(
        building=building,
        computing=computing,
        importing=opening + storing,
        opening_the_cells=opening,
        mebibytes=size / 2**20,
        **figures,
    )


def lines(found: Figures) -> Iterator[str]:
    """The figures as they are printed."""
    yield (
        f"inbox    {found.building:10.1f} s to make and store {REPORTS:,} reports "
        f"({found.computing:.0f} s of them computing), {found.mebibytes:.0f} MiB encrypted"
    )
    for seconds, beside, what in (
        (found.opening_the_list, found.plain_scan, "opening the list"),
        (found.a_page_in_the_middle, found.plain_scan, "a page in the middle"),
        (found.by_state_and_place, found.plain_scan, "a filter by state and place"),
        (found.by_rounds, found.plain_scan, "a filter by rounds"),
        (found.a_rare_word, found.plain_search, "a search for a rare word"),
        (found.a_common_word, found.plain_search, "a search for a word that every report has"),
    ):
        yield f"         {seconds * 1e3:10.1f} ms {what}: {seconds / beside:.3f} of a plain SQLite scan"
    yield f"         {found.proposals_of_a_week:10.1f} s of computing for the proposals among a week's reports"
    yield (
        f"import   {found.importing:10.1f} s for {CELLS:,} cells in bundles of {A_BUNDLE:,}, {OURS} of them for us: "
        f"{found.importing / found.opening_the_cells:.2f} of opening the cells alone"
    )


def _fill(inbox: Inbox, plain_file: Path, reports: int, rng: random.Random) -> sqlite3.Connection:
    plain = sqlite3.connect(plain_file)
    plain.execute("CREATE TABLE reports (number INTEGER PRIMARY KEY, state TEXT, place TEXT, text TEXT)")
    vocabulary = ["".join(rng.choices(_SYLLABLES, k=rng.randint(2, 4))) for _ in range(5_000)]
    for at in range(0, reports, A_ROUND):
        some = [_report(vocabulary, rng, at + number, reports) for number in range(min(A_ROUND, reports - at))]
        inbox.take(bundle(FIRST_ROUND + at // A_ROUND * ROUNDS_BETWEEN), Opened(tuple(some)))
        rows = [(one.place, one.text) for one in some]
        plain.executemany("INSERT INTO reports (state, place, text) VALUES ('new', ?, ?)", rows)
    plain.commit()
    return plain


def _report(vocabulary: list[str], rng: random.Random, number: int, reports: int) -> Report:
    said = rng.choices(vocabulary, k=35)
    text = f"Vi un camión cerca de {' '.join(said)}."
    return Report(
        text=f"{text} SEÑAL-ÚNICA" if number == reports // 3 else text,
        nonce=base64.b64encode(rng.randbytes(16)).decode(),
        topic=rng.choice(_TOPICS),
        place=rng.choice(_PLACES),
        when=rng.choice(list(When)),
    )


def _mark_some(inbox: Inbox, reports: int) -> None:
    casework, by = Casework(inbox.database), By(_DAY)
    for number in range(1, min(reports, 200), 2):
        casework.mark(Subject(Kind.REPORT, number), State.CHECKING, by=by)


def _open_list(inbox: Inbox) -> None:
    page(inbox.database, Filter())
    for cell_class in CellClass:
        inbox.gaps(cell_class, step=1)
    inbox.orphans()
    inbox.damage()


def _proposals(inbox: Inbox) -> None:
    Incidents(inbox.database).proposals(
        round_seconds=ROUND_SECONDS, since=inbox.rounds_back(7 * 86_400 // ROUND_SECONDS)
    )


def _sealed(cells: int, rng: random.Random) -> list[Bundle]:
    reports = [_report(["vela"], rng, number, 0) for number in range(1, OURS + 1)]
    made = [seal_report(report, to=[_KEY.sealing_key], relays=1) for report in reports]
    made += [top_up(CellClass.LETTER, relays=1) for _ in range(cells - len(made))]
    rng.shuffle(made)
    return [
        Bundle.sign(
            made[at : at + A_BUNDLE],
            cell_class=CellClass.LETTER,
            round_number=RoundNumber(FIRST_ROUND - 1 - at),
            relay=RELAY,
        )
        for at in range(0, cells, A_BUNDLE)
    ]


def _import(inbox: Inbox, bundles: list[Bundle]) -> tuple[float, float]:
    """Seconds for opening the cells, and for storing what was in them."""
    opening = storing = 0.0
    for one in bundles:
        started = time.perf_counter()
        opened = open_bundle(one, [_KEY])
        between = time.perf_counter()
        inbox.take(one, opened)
        opening += between - started
        storing += time.perf_counter() - between
    return opening, storing


def _expect(count: int, found: tuple[object, ...]) -> None:
    if len(found) != count:
        raise RuntimeError(f"{len(found)} reports found where {count} are")


def _median(act: Callable[[], object], *, turns: int = TURNS) -> float:
    taken = []
    for _ in range(turns):
        started = time.perf_counter()
        act()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def _computing(act: Callable[[], object]) -> float:
    started = time.process_time()
    act()
    return time.process_time() - started
