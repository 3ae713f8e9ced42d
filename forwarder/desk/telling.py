"""What this desk says to others, "we have this too": only when a person wants it, and at a moment of chance
(docs/spec/also.md).

A word waits in the inbox until its moment. If what a person saw of it is not so any more, it does not leave.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

from crypto.directory import Directory
from crypto.letter import seal_word
from crypto.signing import SigningKey
from crypto.word import say
from forwarder.desk.casework import By, Deed, Kind, Subject, write_line
from forwarder.desk.database import Database
from forwarder.desk.errors import MergedAway, NobodyToTell, NothingToTell, SingleReport
from forwarder.desk.incidents import Incidents
from forwarder.desk.triage import State
from forwarder.desk.words import facts

# A word leaves at a moment of chance in this span after a person said so, so that it follows neither from when a report
# came nor from when somebody sat at the desk.
WAIT_SECONDS: Final = (1_800, 6 * 3_600)
# What should have left while the desk was off leaves at a moment of chance in this span after it was unlocked.
LATE_SECONDS: Final = (60, 1_800)

_MAY_BE_TOLD: Final = (State.CHECKING, State.CONFIRMED)


@dataclass(frozen=True, slots=True)
class Telling:
    """All that leaves with a word about an incident, beside who says it."""

    topic: str
    place: str
    bucket: int
    several: bool


@dataclass(frozen=True, slots=True)
class Due:
    """A word whose moment has come."""

    number: int
    partner: str
    telling: Telling


def draft(database: Database, incident: int, *, round_seconds: int) -> Telling:
    """What a word about this incident would say. Raises NothingToTell, NoSuchIncident or MergedAway."""
    state = Incidents(database).incident(incident).state
    if state not in _MAY_BE_TOLD:
        raise NothingToTell(f"incident {incident} is {state.value}: neither being checked nor confirmed")
    about = facts(database, incident, round_seconds=round_seconds)
    topics, places = Counter(one.topic for one in about if one.topic), Counter(one.place for one in about if one.place)
    if not topics or not places:
        raise NothingToTell(f"no report of incident {incident} that counts names a topic and a place")
    return Telling(
        topic=topics.most_common(1)[0][0],
        place=places.most_common(1)[0][0],
        bucket=min(one.bucket for one in about),
        several=len(about) > 1,
    )


def tell(
    database: Database,
    incident: int,
    partner: str,
    *,
    telling: Telling,
    single: bool,
    directory: Directory | None,
    own: str,
    key: SigningKey,
    by: By,
    due: int,
) -> None:
    """A word about this incident will leave for that partner when it is `due`. `single`: a person said that they want
    it although there is one report alone; `own` and `key`: who we are, and with which key we speak; `due` is drawn by
    `moment`.

    Raises SingleReport, NobodyToTell or NothingToTell; then nothing will.
    """
    if not telling.several and not single:
        raise SingleReport(incident)
    _check_listed(partner, directory=directory, own=own, key=key)
    with database.change() as opened:
        added = opened.execute(
            "INSERT OR IGNORE INTO words_out (incident, partner, topic, place, bucket, several, due)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (incident, partner, telling.topic, telling.place, telling.bucket, telling.several, due),
        )
        if not added.rowcount:
            raise NothingToTell(f"{partner} was told of incident {incident} already")
        write_line(opened, Subject(Kind.INCIDENT, incident), Deed.TOLD, partner, by=by)


def moment(now: float, *, chance: Random, late: bool = False) -> int:
    """When a word leaves that a person wants to leave, or that should have left while the desk was off."""
    return int(now + chance.uniform(*(LATE_SECONDS if late else WAIT_SECONDS)))


def put_off(database: Database, *, now: float, chance: Random) -> None:
    """What should have left while the desk was off will leave at a moment of chance. Raises NotStored."""
    late = database.rows("SELECT number FROM words_out WHERE sent = 0 AND due <= ?", int(now))
    with database.change() as opened:
        for (number,) in late:
            opened.execute(
                "UPDATE words_out SET due = ? WHERE number = ?", (moment(now, chance=chance, late=True), number)
            )


def due(
    database: Database, *, now: float, round_seconds: int, forgotten: Callable[[int], None] = lambda _: None
) -> list[Due]:
    """The words whose moment has come. Those that would not be said so any more, or not at all, are forgotten, so that
    none leaves when somebody changes their mind; `forgotten` hears of which incident. Raises NotStored."""
    rows = database.rows(
        "SELECT number, incident, partner, topic, place, bucket, several FROM words_out"
        " WHERE sent = 0 AND due <= ? ORDER BY due",
        int(now),
    )
    found = []
    for number, incident, partner, topic, place, bucket, several in rows:
        said = Telling(topic, place, bucket, bool(several))
        if _still_so(database, incident, said, round_seconds=round_seconds):
            found.append(Due(number, partner, said))
            continue
        with database.change() as opened:
            opened.execute("DELETE FROM words_out WHERE number = ?", (number,))
        forgotten(incident)
    return found


def sealed_word(one: Due, *, directory: Directory, own: str, key: SigningKey) -> bytes:
    """The letter cell of a word that is due. Raises NobodyToTell when its reader, or our own key, is not in the
    directory."""
    _check_listed(one.partner, directory=directory, own=own, key=key)
    reader = directory.partner(one.partner).sealing_key
    word = say(
        bucket=one.telling.bucket,
        place=one.telling.place,
        topic=one.telling.topic,
        several=one.telling.several,
        sender=own,
        key=key,
        recipient=reader.fingerprint,
    )
    return seal_word(word, to=reader, relays=len(directory.route))


def note_sent(database: Database, number: int) -> None:
    """This word has left. Raises NotStored."""
    with database.change() as opened:
        opened.execute("UPDATE words_out SET sent = 1 WHERE number = ?", (number,))


def _still_so(database: Database, incident: int, said: Telling, *, round_seconds: int) -> bool:
    try:
        return draft(database, incident, round_seconds=round_seconds) == said
    except (MergedAway, NothingToTell):
        return False


def _check_listed(partner: str, *, directory: Directory | None, own: str, key: SigningKey) -> None:
    if directory is None:
        raise NobodyToTell("this desk holds no directory that has not expired; a desk that receives fetches one")
    others = [one.id for one in directory.partners if one.id != own]
    if partner not in others:
        raise NobodyToTell(f"the directory lists no other partner {partner[:64]!r}; it lists: {', '.join(others)}")
    if (own, key.verifying_key) not in {(one.id, one.verifying_key) for one in directory.partners}:
        raise NobodyToTell("the directory does not name this desk's `signing` key, so nobody could tell who said it")
