"""What a person looks for in the inbox, as the form has it: read strictly, each fault at its field, and written back
into links as it was typed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from crypto.layers import RoundNumber
from forwarder.desk.casework import colleague_name, tag_name
from forwarder.desk.errors import BadWords, NothingToSearch
from forwarder.desk.searching import Filter, expression
from forwarder.desk.triage import State
from forwarder.desk.web.catalogues import msg
from forwarder.desk.web.forms import Form

FIELDS: Final = ("words", "state", "topic", "place", "tag", "assigned", "files", "incident", "since", "until", "order")
NOBODY: Final = "-"
STATES: Final = {state.value: state for state in State}
FILES: Final = {"with": True, "without": False}
_FAULTS: Final[Mapping[str, str]] = {
    "words": msg("Escriba al menos una palabra de letras o números, y no más de una oración."),
    "tag": msg("Una etiqueta es una sola palabra."),
    "assigned": msg("Un nombre tiene de 1 a 40 letras."),
    "incident": msg("El número de un incidente, sólo cifras."),
    "since": msg("Un día, como 2026-03-21."),
    "until": msg("Un día, como 2026-03-21."),
}


@dataclass(frozen=True, slots=True)
class Looking:
    """What was typed, what it looks for, and what of it cannot be understood."""

    typed: Mapping[str, str]
    wanted: Filter = field(default_factory=Filter)
    faults: Mapping[str, str] = field(default_factory=dict)
    number: int | None = None

    @property
    def newest_first(self) -> bool:
        """Whether the newest report comes first, as when nothing else was asked."""
        return self.typed["order"] != "oldest"

    @property
    def narrowed(self) -> bool:
        """Whether anything is looked for at all."""
        return any(value for name, value in self.typed.items() if name != "order")

    def link(self, *, after: int | None = None) -> str:
        """The query of the page that begins after a report; of the first page without one."""
        typed = {name: value for name, value in self.typed.items() if value}
        what: dict[str, object] = {"look": self.number} if self.number is not None else dict(typed)
        return urlencode(what if after is None else {**what, "after": after})


def looking(query: Form, *, round_seconds: int, number: int | None = None) -> Looking:
    """What this query looks for; with a fault in it, everything is shown and the fault is said. `number`: of one that
    the session remembers."""
    typed = {name: query.word(name) for name in FIELDS}
    faults: set[str] = set()
    wanted = Filter(
        words=_words(typed["words"], faults),
        state=STATES.get(typed["state"]),
        topic=typed["topic"] or None,
        place=typed["place"] or None,
        tag=_tag(typed["tag"], faults),
        assigned=_assigned(typed["assigned"], faults),
        attachments=FILES.get(typed["files"]),
        incident=_number(query, typed["incident"], faults),
        first=_edge(typed["since"], "since", faults, round_seconds=round_seconds),
        last=_edge(typed["until"], "until", faults, round_seconds=round_seconds),
    )
    if faults:
        return Looking(typed, faults={name: _FAULTS[name] for name in faults}, number=number)
    return Looking(typed, wanted, number=number)


def _words(typed: str, faults: set[str]) -> str | None:
    try:
        if typed:
            expression(typed)
    except NothingToSearch:
        faults.add("words")
    return typed or None


def _tag(typed: str, faults: set[str]) -> str | None:
    try:
        return tag_name(typed) if typed else None
    except BadWords:
        faults.add("tag")
        return None


def _assigned(typed: str, faults: set[str]) -> str | None:
    if typed == NOBODY:
        return ""
    try:
        return colleague_name(typed) if typed else None
    except BadWords:
        faults.add("assigned")
        return None


def _number(query: Form, typed: str, faults: set[str]) -> int | None:
    number = query.number("incident")
    if typed and number is None:
        faults.add("incident")
    return number


def _edge(typed: str, name: str, faults: set[str], *, round_seconds: int) -> RoundNumber | None:
    """The first round that ends in a day, or the last that begins in it (UTC)."""
    if not typed:
        return None
    try:
        day = date.fromisoformat(typed)
        begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
        edge = begin if name == "since" else begin + timedelta(days=1)
        seconds = int(edge.timestamp())
    except (ValueError, OverflowError):
        faults.add(name)
        return None
    return RoundNumber(max(0, seconds // round_seconds if name == "since" else (seconds - 1) // round_seconds))
