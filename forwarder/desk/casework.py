"""What people at the desk do with reports and incidents: states, notes, tags, who looks after what; and who did it.

Every change leaves a line of history, and no line is ever lost or rewritten. A line knows its day and nothing finer:
a day answers what colleagues ask of each other, and the hours somebody sat at the desk are nobody's business, least of
all of one who takes the computer away. Within a day the order of the lines is the order of what was done.
"""

import re
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any, Final

from forwarder.desk.database import Database
from forwarder.desk.errors import BadWords, MergedAway, NoSuchIncident, NoSuchReport
from forwarder.desk.escapes import plain
from forwarder.desk.folding import words
from forwarder.desk.triage import State, step

NAME_MAX: Final = 40
NOTE_MAX: Final = 2_000
_TAG: Final = re.compile(r"[^\W_][\w-]{0,31}")


class Kind(Enum):
    """What can be worked on."""

    REPORT = "report"
    INCIDENT = "incident"


@dataclass(frozen=True, slots=True)
class Subject:
    """One report or one incident."""

    kind: Kind
    number: int


class Deed(Enum):
    """What can be done; a line of history names one."""

    MARKED = "marked"
    NOTED = "noted"
    TAGGED = "tagged"
    UNTAGGED = "untagged"
    ASSIGNED = "assigned"
    MERGED = "merged"
    SPLIT = "split"
    KEPT_APART = "kept apart"
    ALSO = "also with"
    QUEUED = "waits to be published"
    UNQUEUED = "waits no longer"
    ISSUED = "alert issued"
    TOLD = "told"


@dataclass(frozen=True, slots=True)
class By:
    """Who does something, and on which day (UTC). A colleague who gives no name stays without one."""

    day: date
    colleague: str = ""

    def __post_init__(self) -> None:
        if self.colleague:
            object.__setattr__(self, "colleague", colleague_name(self.colleague))


@dataclass(frozen=True, slots=True)
class Line:
    """One line of history. `of`: the incident on which it was written, if that has become a part of this one."""

    day: date
    colleague: str
    deed: Deed
    detail: str
    of: int | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a report or an incident stands; `incident` is the one a report belongs to."""

    state: State
    assigned: str
    tags: tuple[str, ...]
    incident: int | None


class Casework:
    """The people's side of an open inbox."""

    __slots__ = ("_database",)

    def __init__(self, database: Database) -> None:
        self._database: Final = database

    def mark(self, subject: Subject, state: State, *, by: By, note: str = "") -> None:
        """Take a step of triage.py's table. Raises NoSuchStep, ReasonMissing or BadWords."""
        with self._database.change() as opened:
            self.step_within(opened, subject, state, by=by, note=note)

    def step_within(self, opened: Any, subject: Subject, state: State, *, by: By, note: str = "") -> None:  # noqa: ANN401
        """As `mark`, inside a change of the caller's."""
        text = note_text(note) if note else ""
        step(_standing(self._database, subject).state, state, reason=text)
        _set(opened, subject, "state", state.value)
        write_line(opened, subject, Deed.MARKED, state.value, by=by)
        if text:
            write_line(opened, subject, Deed.NOTED, text, by=by)

    def note(self, subject: Subject, text: str, *, by: By) -> None:
        """Add a note, which search finds; the last one once more, as a form sent twice has it, changes nothing.

        Raises BadWords when it is empty or too long.
        """
        text = note_text(text)
        line = Line(by.day, by.colleague, Deed.NOTED, text)
        with self._database.change() as opened:
            _standing(self._database, subject)
            if self.history(subject)[-1:] != [line]:
                write_line(opened, subject, Deed.NOTED, text, by=by)

    def tag(self, subject: Subject, tag: str, *, by: By) -> None:
        """Put a tag on it; one that is there already changes nothing. Raises BadWords."""
        tag = tag_name(tag)
        with self._database.change() as opened:
            if tag not in _standing(self._database, subject).tags:
                opened.execute("INSERT INTO tags (tag, kind, subject) VALUES (?, ?, ?)", (tag, *_key(subject)))
                write_line(opened, subject, Deed.TAGGED, tag, by=by)

    def untag(self, subject: Subject, tag: str, *, by: By) -> None:
        """Take a tag off it; one that is not there changes nothing. Raises BadWords."""
        tag = tag_name(tag)
        with self._database.change() as opened:
            if tag in _standing(self._database, subject).tags:
                opened.execute("DELETE FROM tags WHERE tag = ? AND kind = ? AND subject = ?", (tag, *_key(subject)))
                write_line(opened, subject, Deed.UNTAGGED, tag, by=by)

    def assign(self, subject: Subject, colleague: str, *, by: By) -> None:
        """Say who looks after it; an empty name is nobody. Raises BadWords."""
        name = colleague_name(colleague) if colleague else ""
        with self._database.change() as opened:
            if _standing(self._database, subject).assigned != name:
                _set(opened, subject, "assigned", name)
                write_line(opened, subject, Deed.ASSIGNED, name, by=by)

    def standing(self, subject: Subject) -> Standing:
        """Where it stands. Raises NoSuchReport, NoSuchIncident or MergedAway."""
        return _standing(self._database, subject)

    def history(self, subject: Subject) -> list[Line]:
        """What was done with it, and with the incidents that became a part of it, in the order in which it was done."""
        found = self._database.rows(_HISTORY[subject.kind], subject.number)
        return [
            Line(date.fromisoformat(day), colleague, Deed(what), detail, None if number == subject.number else number)
            for day, colleague, what, detail, number in found
        ]

    def colleagues(self) -> list[str]:
        """The names that something is assigned to, for whoever types one."""
        found = "SELECT assigned FROM received UNION SELECT assigned FROM incidents ORDER BY 1"
        return [name for (name,) in self._database.rows(found) if name]

    def tags(self) -> list[str]:
        """Every tag that is in use."""
        return [tag for (tag,) in self._database.rows("SELECT DISTINCT tag FROM tags ORDER BY tag")]


def colleague_name(untrusted: str) -> str:
    """A name on one line without anything that acts. Raises BadWords."""
    # On one line first: what a letter looks like depends on its line, and a name must be the same when typed again.
    name = " ".join(plain(" ".join(untrusted[: 2 * NAME_MAX].split())).split())
    if not 0 < len(name) <= NAME_MAX:
        raise BadWords(f"a name has 1 to {NAME_MAX} characters")
    return name


def tag_name(untrusted: str) -> str:
    """A tag in small letters. Raises BadWords."""
    # Small first: what a letter looks like depends on its size, and a tag must be the same when it is typed again.
    tag = plain(untrusted[:200].lower()).strip().lower()
    if not _TAG.fullmatch(tag):
        raise BadWords("a tag has 1 to 32 letters, digits and hyphens, and no space")
    return tag


def note_text(untrusted: str) -> str:
    """A note without anything that acts. Raises BadWords."""
    if len(untrusted) > 2 * NOTE_MAX:
        raise BadWords(f"a note has 1 to {NOTE_MAX} characters")
    text = plain(untrusted)
    if not text.strip() or len(text) > NOTE_MAX:
        raise BadWords(f"a note has 1 to {NOTE_MAX} characters")
    return text


def write_line(opened: Any, subject: Subject, deed: Deed, detail: str, *, by: By) -> None:  # noqa: ANN401
    """A line of history, inside a change; a note's words can be searched from then on."""
    written = opened.execute(
        "INSERT INTO history (kind, subject, day, colleague, what, detail) VALUES (?, ?, ?, ?, ?, ?)",
        (*_key(subject), by.day.isoformat(), by.colleague, deed.value, detail),
    )
    if deed is Deed.NOTED:
        opened.execute(
            "INSERT INTO note_words (rowid, text) VALUES (?, ?)", (written.lastrowid, " ".join(words(detail)))
        )


def _standing(database: Database, subject: Subject) -> Standing:
    found = None
    if 0 < subject.number < 2**63:
        found = database.row(_STANDING[subject.kind], subject.number)
    if found is None:
        raise _MISSING[subject.kind](subject.number)
    state, assigned, incident = found
    if subject.kind is Kind.INCIDENT and incident is not None:
        raise MergedAway(subject.number, incident)
    tags = database.rows("SELECT tag FROM tags WHERE kind = ? AND subject = ? ORDER BY tag", *_key(subject))
    return Standing(State(state), assigned, tuple(tag for (tag,) in tags), incident)


def _set(opened: Any, subject: Subject, column: str, value: str) -> None:  # noqa: ANN401
    opened.execute(_SET[subject.kind, column], (value, subject.number))


def _key(subject: Subject) -> tuple[str, int]:
    return subject.kind.value, subject.number


_HISTORY: Final = {
    Kind.REPORT: """SELECT day, colleague, what, detail, subject FROM history
        WHERE kind = 'report' AND subject = ? ORDER BY number""",
    Kind.INCIDENT: """SELECT day, colleague, what, detail, subject FROM history
        WHERE kind = 'incident' AND subject IN (SELECT number FROM incidents WHERE ?1 IN (number, merged_into))
        ORDER BY number""",
}
_MISSING: Final = {Kind.REPORT: NoSuchReport, Kind.INCIDENT: NoSuchIncident}
_STANDING: Final = {
    Kind.REPORT: "SELECT state, assigned, incident FROM received WHERE number = ?",
    Kind.INCIDENT: "SELECT state, assigned, merged_into FROM incidents WHERE number = ?",
}
_SET: Final = {
    (Kind.REPORT, "state"): "UPDATE received SET state = ? WHERE number = ?",
    (Kind.REPORT, "assigned"): "UPDATE received SET assigned = ? WHERE number = ?",
    (Kind.INCIDENT, "state"): "UPDATE incidents SET state = ? WHERE number = ?",
    (Kind.INCIDENT, "assigned"): "UPDATE incidents SET assigned = ? WHERE number = ?",
}
