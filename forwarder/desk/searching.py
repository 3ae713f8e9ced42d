"""Finding reports: by their words, state, topic, place, rounds, tag, colleague or attachments, one page at a time.

No list reads a report, and a page costs the same wherever it lies. What a person types is only ever words to look
for: no sign in it is an operator.
"""

from dataclasses import dataclass
from typing import Any, Final

from crypto.layers import RoundNumber
from crypto.report import When
from forwarder.desk.database import Database
from forwarder.desk.errors import NothingToSearch
from forwarder.desk.folding import words
from forwarder.desk.triage import State

PAGE: Final = 100
PAGE_MAX: Final = 1_000
WORDS_MAX: Final = 16
TYPED_MAX: Final = 500
# SQLite's largest number: after all numbers of reports.
_LAST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Filter:
    """Which reports are looked for; what is None may be anything.

    `words`: all of them must begin a word of the report, or of one note on it. `first`, `last`: rounds, both included.
    `assigned`: a colleague, or empty for nobody.
    """

    words: str | None = None
    state: State | None = None
    topic: str | None = None
    place: str | None = None
    first: RoundNumber | None = None
    last: RoundNumber | None = None
    tag: str | None = None
    assigned: str | None = None
    attachments: bool | None = None
    incident: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A report in a list. `opening` is how its text begins, as it came; `whole` counts attachments with every part."""

    number: int
    round_number: RoundNumber
    state: State
    topic: str
    place: str
    when: When
    assigned: str
    incident: int | None
    attachments: int
    whole: int
    tags: tuple[str, ...]
    opening: str


@dataclass(frozen=True, slots=True)
class Page:
    """Some reports in the order of their numbers; the page that follows begins beyond `after`, None at the end."""

    found: tuple[Found, ...]
    after: int | None


def page(
    database: Database, wanted: Filter, *, after: int | None = None, limit: int = PAGE, newest_first: bool = False
) -> Page:
    """The reports that `wanted` describes, beyond number `after`. Raises NothingToSearch on a search without words."""
    limit = max(1, min(limit, PAGE_MAX))
    where, values = _where(wanted)
    beyond, order = ("<", "DESC") if newest_first else (">", "ASC")
    rows: dict[int, tuple[Any, ...]] = {}
    for source, number, asked in _sources(wanted):
        conditions = [*asked, *where]
        given = [*asked.values(), *values]
        if after is not None:
            conditions.append(f"{number} {beyond} ?")
            given.append(max(0, min(after, _LAST)))
        statement = f"{_COLUMNS} {source} WHERE {' AND '.join(conditions) or 'TRUE'} ORDER BY {number} {order} LIMIT ?"
        rows |= {row[0]: row for row in database.rows(statement, *given, limit + 1)}
    numbers = sorted(rows, reverse=newest_first)
    found = tuple(_found(rows[number]) for number in numbers[:limit])
    return Page(found, found[-1].number if len(numbers) > limit else None)


def count(database: Database, wanted: Filter) -> int:
    """How many reports `wanted` describes."""
    where, values = _where(wanted)
    if wanted.words is not None:
        where.append(_WITH_WORDS)
        values += [expression(wanted.words)] * 2
    return int(database.one(f"SELECT count(*) FROM received WHERE {' AND '.join(where) or 'TRUE'}", *values))  # noqa: S608 - every piece is written in this module


def known(database: Database) -> tuple[list[str], list[str]]:
    """The ids of the topics and of the places that reports here name."""
    topics, places = (
        [found for (found,) in database.rows(statement) if found]
        for statement in (
            "SELECT DISTINCT topic FROM received ORDER BY topic",
            "SELECT DISTINCT place FROM received ORDER BY place",
        )
    )
    return topics, places


def round_of_newest(database: Database, count: int) -> RoundNumber:
    """The round from which on there are at least so many reports; 0 when there are fewer."""
    found = database.one("SELECT round FROM received ORDER BY round DESC LIMIT 1 OFFSET ?", max(0, count - 1))
    return RoundNumber(found or 0)


def expression(typed: str) -> str:
    """What FTS5 is asked: every word quoted, each the beginning of a word. Raises NothingToSearch."""
    if len(typed) > TYPED_MAX:
        raise NothingToSearch
    found = list(dict.fromkeys(words(typed)))
    if not 0 < len(found) <= WORDS_MAX:
        raise NothingToSearch
    return " AND ".join(f'"{word}" *' for word in found)


def _sources(wanted: Filter) -> list[tuple[str, str, dict[str, object]]]:
    """Where the rows come from, by which number they are ordered, and what is asked there.

    The words of reports are walked in the order of the reports, so a page of a frequent word ends when it is full.
    """
    if wanted.words is None:
        return [("FROM received", "number", {})]
    asked = expression(wanted.words)
    return [
        ("FROM words CROSS JOIN received ON received.number = words.rowid", "words.rowid", {"words MATCH ?": asked}),
        ("FROM received", "number", {_WITH_NOTE: asked}),
    ]


def _where(wanted: Filter) -> tuple[list[str], list[object]]:
    where: list[str] = []
    values: list[object] = []
    # What tells most comes first, and only it may use its index: a plus sign keeps SQLite from choosing another.
    for column, comparison, value in (
        ("incident", "= ?", _bounded(wanted.incident)),
        ("number", "IN (SELECT subject FROM tags WHERE kind = 'report' AND tag = ?)", _typed(wanted.tag)),
        ("place", "= ?", _typed(wanted.place)),
        ("topic", "= ?", _typed(wanted.topic)),
        ("assigned", "= ?", _typed(wanted.assigned)),
        ("state", "= ?", wanted.state and wanted.state.value),
        ("round", ">= ?", _bounded(wanted.first)),
        ("round", "<= ?", _bounded(wanted.last)),
    ):
        if value is not None:
            first = wanted.words is None and (not where or all(one.startswith(column) for one in where))
            where.append(f"{'' if first else '+'}{column} {comparison}")
            values.append(value)
    if wanted.attachments is not None:
        where.append("attachments > 0" if wanted.attachments else "attachments = 0")
    return where, values


def _typed(text: str | None) -> str | None:
    """What a terminal hands over can hold half characters, which no table takes."""
    return None if text is None else text.encode(errors="replace").decode()


def _bounded(number: int | None) -> int | None:
    return None if number is None else max(-1, min(number, _LAST))


def _found(row: tuple[int, int, str, str, str, str, str, int | None, int, int, str | None, str]) -> Found:
    number, came, state, topic, place, happened, assigned, incident, attachments, lacking, tags, opening = row
    return Found(
        number=number,
        round_number=RoundNumber(came),
        state=State(state),
        topic=topic,
        place=place,
        when=When(happened),
        assigned=assigned,
        incident=incident,
        attachments=attachments,
        whole=attachments - lacking,
        tags=tuple(sorted(tags.split())) if tags else (),
        opening=opening,
    )


_COLUMNS: Final = """SELECT number, round, state, topic, place, happened, assigned, incident, attachments,
    (SELECT count(DISTINCT attachment) FROM wanted WHERE report = received.number
        AND NOT EXISTS (SELECT 1 FROM parts WHERE name = wanted.part)),
    (SELECT group_concat(tag, ' ') FROM tags WHERE kind = 'report' AND subject = received.number),
    opening"""
# A note on an incident, or on one that became a part of it, finds the incident's reports.
_WITH_NOTE: Final = """number IN (WITH noted AS (SELECT kind, subject FROM history
        WHERE number IN (SELECT rowid FROM note_words WHERE note_words MATCH ?))
    SELECT subject FROM noted WHERE kind = 'report'
    UNION ALL SELECT one.number FROM noted JOIN incidents ON incidents.number = noted.subject
        JOIN received AS one ON one.incident = coalesce(incidents.merged_into, incidents.number)
        WHERE noted.kind = 'incident')"""
_WITH_WORDS: Final = f"(number IN (SELECT rowid FROM words WHERE words MATCH ?) OR {_WITH_NOTE})"  # noqa: S608 - no value in it
