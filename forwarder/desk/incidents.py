"""Incidents: many reports about one thing, put together by a person and never by the program.

A report belongs to one incident at most. Putting together and taking apart leave their lines in the history of both,
and what a person kept apart is not proposed again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

from crypto.layers import RoundNumber
from crypto.report import When
from crypto.word import Word
from forwarder.desk.casework import By, Casework, Deed, Kind, Subject, colleague_name, write_line
from forwarder.desk.corroboration import Proposal, Sighting, proposals
from forwarder.desk.database import Database
from forwarder.desk.errors import NoSuchReport, NotMerged
from forwarder.desk.folding import words
from forwarder.desk.triage import PUBLIC, State

# What is false, or was taken back, is no witness to anything.
NOT_COMPARED: Final = (State.FALSE, State.WITHDRAWN)
MERGE_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident: its reports, those of them that count (not found false), and the other partners that have it."""

    number: int
    state: State
    assigned: str
    tags: tuple[str, ...]
    reports: tuple[int, ...]
    counting: tuple[int, ...]
    also: tuple[str, ...]

    @property
    def partners(self) -> int:
        """How many organisations have it: this one, if a report of its own counts, and those that said so."""
        return bool(self.counting) + len(self.also)


class Incidents:
    """The incidents of an open inbox."""

    __slots__ = ("_casework", "_database")

    def __init__(self, database: Database) -> None:
        self._database: Final = database
        self._casework: Final = Casework(database)

    def incident(self, number: int) -> Incident:
        """The incident of that number. Raises NoSuchIncident or MergedAway."""
        standing = self._casework.standing(Subject(Kind.INCIDENT, number))
        reports = self._database.rows("SELECT number, state FROM received WHERE incident = ? ORDER BY number", number)
        partners = self._database.rows("SELECT name FROM partners WHERE incident = ? ORDER BY name", number)
        return Incident(
            number=number,
            state=standing.state,
            assigned=standing.assigned,
            tags=standing.tags,
            reports=tuple(report for report, _ in reports),
            counting=tuple(report for report, state in reports if State(state) not in NOT_COMPARED),
            also=tuple(name for (name,) in partners),
        )

    def page(self, *, after: int = 0, limit: int = 100) -> list[Incident]:
        """The incidents beyond number `after`, at most `limit` of them; those that became part of another are left
        out."""
        found = "SELECT number FROM incidents WHERE merged_into IS NULL AND number > ? ORDER BY number LIMIT ?"
        return [self.incident(number) for (number,) in self._database.rows(found, after, limit)]

    def proposals(self, *, round_seconds: int, since: RoundNumber) -> list[Proposal]:
        """Reports since a round that may belong together, best first; see corroboration.py."""
        states = [state.value for state in NOT_COMPARED]
        rows = self._database.rows(
            "SELECT number, round, happened, topic, place, telling, incident FROM received"
            " WHERE round >= ? AND state NOT IN (?, ?) ORDER BY number",
            since,
            *states,
        )
        sightings = [
            Sighting(number, RoundNumber(came), When(happened), topic, place, tuple(telling.split()), incident)
            for number, came, happened, topic, place, telling, incident in rows
        ]
        apart = {(first, second) for first, second in self._database.rows("SELECT first, second FROM apart")}
        return proposals(sightings, apart=apart, round_seconds=round_seconds)

    def merge(self, reports: Sequence[int], *, by: By) -> int:
        """Make these reports one incident and return its number; incidents that some belong to become one with it.

        Raises NoSuchReport, or NotMerged when two of those incidents are public.
        """
        numbers = _each_once(reports)
        with self._database.change() as opened:
            standings = [self._casework.standing(Subject(Kind.REPORT, number)) for number in numbers]
            there = sorted({one.incident for one in standings if one.incident is not None})
            into = self._of_these(there)
            if into is None:
                # What was judged of a report is not judged of the incident: that is a step of its own, by a person.
                new = all(one.state is State.NEW for one in standings)
                into = _new_incident(opened, State.NEW if new else State.CHECKING, by=by)
            for other in there:
                if other != into:
                    _swallow(opened, other, into, by=by)
            for number, standing in zip(numbers, standings, strict=True):
                if standing.incident is None:
                    _put(opened, number, into, by=by)
            members = [row[0] for row in opened.execute("SELECT number FROM received WHERE incident = ?", (into,))]
            opened.executemany(
                "DELETE FROM apart WHERE first = ? AND second = ?",
                [pair for number in numbers for pair in _pairs_with(number, members)],
            )
        return into

    def split(self, report: int, *, by: By) -> None:
        """Take a report out of its incident; it is not proposed to be put back. Raises NoSuchReport or NotMerged."""
        with self._database.change() as opened:
            standing = self._casework.standing(Subject(Kind.REPORT, report))
            if standing.incident is None:
                raise NotMerged(f"report {report} belongs to no incident")
            opened.execute("UPDATE received SET incident = NULL WHERE number = ?", (report,))
            rest = opened.execute("SELECT number FROM received WHERE incident = ?", (standing.incident,))
            _keep_apart(opened, _pairs_with(report, [number for (number,) in rest]))
            write_line(opened, Subject(Kind.REPORT, report), Deed.SPLIT, str(standing.incident), by=by)
            write_line(opened, Subject(Kind.INCIDENT, standing.incident), Deed.SPLIT, str(report), by=by)

    def keep_apart(self, reports: Sequence[int], *, by: By) -> None:
        """Remember that no two of these reports are about the same thing; pairs of one incident stay as they are.

        Raises NoSuchReport, or NotMerged when there are not two.
        """
        numbers = _each_once(reports)
        if len(numbers) < 2:
            raise NotMerged("two reports at least are kept apart")
        with self._database.change() as opened:
            found = {number: self._casework.standing(Subject(Kind.REPORT, number)).incident for number in numbers}
            pairs = [
                pair for pair in combinations(numbers, 2) if found[pair[0]] is None or found[pair[0]] != found[pair[1]]
            ]
            _keep_apart(opened, pairs)
            for number in numbers:
                others = ", ".join(str(other) for other in numbers if other != number)
                write_line(opened, Subject(Kind.REPORT, number), Deed.KEPT_APART, others, by=by)

    def also_with(self, incident: int, partner: str, *, by: By) -> None:
        """Note that another organisation has reports of it too; one that is noted already, however it is spelt, is not
        counted twice. Raises BadWords, NoSuchIncident or MergedAway."""
        name = colleague_name(partner)
        subject = Subject(Kind.INCIDENT, incident)
        with self._database.change() as opened:
            self._casework.standing(subject)
            there = [one for (one,) in opened.execute("SELECT name FROM partners WHERE incident = ?", (incident,))]
            accepted = opened.execute("SELECT wire FROM words_in WHERE incident = ?", (incident,))
            there += [Word.decode(bytes(wire)).sender for (wire,) in accepted]
            if not same_name(name, *there):
                opened.execute("INSERT INTO partners (incident, name) VALUES (?, ?)", (incident, name))
            write_line(opened, subject, Deed.ALSO, name, by=by)

    def _of_these(self, there: Sequence[int]) -> int | None:
        """The incident that goes on: the public one, else the first."""
        public = [one for one in there if self._casework.standing(Subject(Kind.INCIDENT, one)).state in PUBLIC]
        if len(public) > 1:
            raise NotMerged(f"incidents {public[0]} and {public[1]} are both public")
        return public[0] if public else there[0] if there else None


def same_name(typed: str, *names: str) -> bool:
    """Whether what a person typed is one of these names: accents, capitals and signs aside."""
    folded = {"".join(words(name)) for name in names}
    return "".join(words(typed)) in folded


def _each_once(reports: Sequence[int]) -> list[int]:
    numbers = sorted(set(reports))
    if not numbers or len(numbers) != len(reports) or len(numbers) > MERGE_MAX:
        raise NotMerged(f"an incident is made of 1 to {MERGE_MAX} reports, each named once")
    for number in numbers:
        if not 0 < number < 2**63:
            raise NoSuchReport(number)
    return numbers


def _new_incident(opened: Any, state: State, *, by: By) -> int:  # noqa: ANN401
    number = int(opened.execute("INSERT INTO incidents (state) VALUES (?)", (state.value,)).lastrowid)
    write_line(opened, Subject(Kind.INCIDENT, number), Deed.MARKED, state.value, by=by)
    return number


def _put(opened: Any, report: int, incident: int, *, by: By) -> None:  # noqa: ANN401
    opened.execute("UPDATE received SET incident = ? WHERE number = ?", (incident, report))
    write_line(opened, Subject(Kind.REPORT, report), Deed.MERGED, str(incident), by=by)
    write_line(opened, Subject(Kind.INCIDENT, incident), Deed.MERGED, str(report), by=by)


def _swallow(opened: Any, incident: int, into: int, *, by: By) -> None:  # noqa: ANN401
    """Everything of `incident` goes over; its history stays under its own number, and is shown with that of `into`."""
    opened.execute("UPDATE received SET incident = ? WHERE incident = ?", (into, incident))
    opened.execute(
        "UPDATE incidents SET merged_into = ? WHERE number = ? OR merged_into = ?", (into, incident, incident)
    )
    there, came = (
        [name for (name,) in opened.execute("SELECT name FROM partners WHERE incident = ? ORDER BY name", (one,))]
        for one in (into, incident)
    )
    for name in came:
        if not same_name(name, *there):
            opened.execute("INSERT INTO partners (incident, name) VALUES (?, ?)", (into, name))
    opened.execute("UPDATE words_in SET incident = ? WHERE incident = ?", (into, incident))
    opened.execute("UPDATE OR IGNORE words_out SET incident = ? WHERE incident = ?", (into, incident))
    opened.execute(
        "INSERT OR IGNORE INTO tags (tag, kind, subject) SELECT tag, kind, ? FROM tags WHERE kind = ? AND subject = ?",
        (into, Kind.INCIDENT.value, incident),
    )
    write_line(opened, Subject(Kind.INCIDENT, incident), Deed.MERGED, f"into incident {into}", by=by)
    write_line(opened, Subject(Kind.INCIDENT, into), Deed.MERGED, f"incident {incident}", by=by)


def _pairs_with(report: int, others: Sequence[int]) -> list[tuple[int, int]]:
    return [(min(report, other), max(report, other)) for other in others if other != report]


def _keep_apart(opened: Any, pairs: Sequence[tuple[int, int]]) -> None:  # noqa: ANN401
    opened.executemany("INSERT OR IGNORE INTO apart (first, second) VALUES (?, ?)", pairs)
