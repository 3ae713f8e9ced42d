"""Alerts and what a person asked for, as the desk keeps them: canonical JSON, read strictly.

Pure: no clock, no disk, no chance. What was written here is read back equal; anything else is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from crypto import canonical
from crypto.errors import Malformed
from forwarder.desk.errors import Unreadable
from forwarder.desk.escapes import plain
from forwarder.desk.publish.alert import Alert, State, Words
from forwarder.desk.publish.errors import NotAnAlert
from forwarder.desk.publish.place import Cell
from forwarder.desk.publish.safety import Confidence

WIRE_MAX: Final = 262_144


@dataclass(frozen=True, slots=True)
class Wording:
    """What a person says of an alert; the rest is the program's. `words`: by language. `topic` and `place` (an id of
    the gazetteer): empty for what most of the reports say. `confirmed_by`: how many organisations confirmed it, None
    for what the incident's state says. `hurry`: why it does not wait; it stays at the desk."""

    words: Mapping[str, Words]
    topic: str = ""
    place: str = ""
    confirmed_by: int | None = None
    hurry: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "hurry", plain(self.hurry))


class _Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    title: str
    text: str
    advice: str = ""


class _Alert(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    topic: str
    cell: str
    when: int
    confidence: str
    state: str
    issued: tuple[int, ...]
    words: dict[str, _Words]


class _Wording(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    words: dict[str, _Words]
    topic: str
    place: str
    confirmed_by: int | None
    hurry: str


def write_alert(alert: Alert) -> bytes:
    """The one spelling of an alert."""
    return canonical.encode(
        _Alert(
            id=alert.id,
            topic=alert.topic,
            cell=alert.cell.index,
            when=alert.when,
            confidence=alert.how_sure,
            state=alert.state.value,
            issued=alert.issued,
            words=_spelt(alert.words),
        )
    )


def read_alert(wire: bytes) -> Alert:
    """The alert that `wire` spells. Raises Unreadable: the disk is failing, or somebody changed the file."""
    try:
        said = canonical.decode(wire, _Alert, limit=WIRE_MAX)
        state = State(said.state)
        return Alert(
            said.id,
            said.topic,
            Cell(said.cell),
            said.when,
            # Earlier versions of Veladora kept the confidence of what was withdrawn.
            None if state is State.WITHDRAWN else Confidence(said.confidence),
            state,
            said.issued,
            _meant(said.words),
        )
    except (Malformed, NotAnAlert, ValueError) as error:
        raise Unreadable(f"an alert that is kept here is damaged: {error}") from error


def write_wording(wording: Wording) -> bytes:
    """The one spelling of what a person asked for."""
    return canonical.encode(
        _Wording(
            words=_spelt(wording.words),
            topic=wording.topic,
            place=wording.place,
            confirmed_by=wording.confirmed_by,
            hurry=wording.hurry,
        )
    )


def read_wording(wire: bytes) -> Wording:
    """What `wire` spells. Raises Unreadable."""
    try:
        said = canonical.decode(wire, _Wording, limit=WIRE_MAX)
        return Wording(_meant(said.words), said.topic, said.place, said.confirmed_by, said.hurry)
    except (Malformed, NotAnAlert) as error:
        raise Unreadable(f"a draft that is kept here is damaged: {error}") from error


def _spelt(words: Mapping[str, Words]) -> dict[str, _Words]:
    return {language: _Words(one.title, one.text, one.advice) for language, one in words.items()}


def _meant(words: Mapping[str, _Words]) -> dict[str, Words]:
    return {language: Words(one.title, one.text, one.advice) for language, one in words.items()}
