"""What other desks say, "we have this too" (docs/spec/also.md).

A word counts for nothing by itself: its signature must be that of a partner in the directory and made for this desk, it
stands beside incidents that it may be about, and a person accepts it or does not.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from crypto.directory import Directory, TrustedDirectory
from crypto.errors import Forged
from crypto.layers import RoundNumber
from crypto.word import BUCKET_SECONDS, Word
from forwarder.desk.casework import NAME_MAX, By, Deed, Kind, Subject, colleague_name, write_line
from forwarder.desk.database import Database
from forwarder.desk.errors import BadWords, NotHeard
from forwarder.desk.incidents import NOT_COMPARED, Incidents, same_name
from forwarder.desk.opening import Heard, Opened

# Of words whose sender is not in the directory we hold; a newer one may name it. Anybody can seal any number of them.
PENDING_MAX: Final = 200
# Of words of one sender that nobody has accepted. A desk says one for each incident; more is a flood, and every look
# at the words checks the signature of each.
UNACCEPTED_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class Said:
    """A word that holds: which partner of the directory says that it has what. `incident`: where it was accepted."""

    number: int
    sender: str
    name: str
    topic: str
    place: str
    bucket: int
    several: bool
    round_number: RoundNumber
    incident: int | None


@dataclass(frozen=True, slots=True)
class Fact:
    """What counts of one report of an incident for a word: `bucket` is the six hours of its round."""

    topic: str
    place: str
    bucket: int


class Words:
    """The words of an open inbox. `own`: this partner's id; `trusted`: the directory, where one is held that has not
    expired."""

    __slots__ = ("_database", "_directory", "_own", "_seconds")

    def __init__(self, database: Database, *, own: str, trusted: TrustedDirectory | None, round_seconds: int) -> None:
        self._database: Final = database
        self._own: Final = own
        self._directory: Final = None if trusted is None else trusted.directory
        self._seconds: Final = round_seconds

    def believable(self, opened: Opened, *, round_number: RoundNumber) -> Opened:
        """What was opened in the bundle of a round, without the words that are forged or speak of six hours that begin
        after that round; those count as altered cells do. What cannot be checked yet is kept, and counts for nothing.
        """
        kept, forged = [], 0
        newest = ((round_number + 1) * self._seconds - 1) // BUCKET_SECONDS
        for heard in opened.words:
            try:
                if heard.word.bucket > newest:
                    raise Forged("of a time that was still to be")
                verify(heard.word, heard.recipient, directory=self._directory, own=self._own)
            except SenderUnknown:
                kept.append(replace(heard, holds=False))
            except Forged:
                forged += 1
            else:
                kept.append(replace(heard, holds=True))
        return replace(opened, forged=opened.forged + forged, words=tuple(kept))

    def heard(self) -> list[Said]:
        """Every word that holds, oldest first; of two that say the same, one: the accepted one, or the first."""
        found: dict[tuple[Any, ...], Said] = {}
        nonces: set[tuple[str, str]] = set()
        rows = "SELECT number, wire, recipient, round, incident FROM words_in ORDER BY incident IS NULL, number"
        for number, wire, recipient, round_number, incident in self._database.rows(rows):
            word = Word.decode(bytes(wire))
            try:
                name = verify(word, bytes(recipient), directory=self._directory, own=self._own)
            except Forged:
                continue
            said = Said(
                number, word.sender, name, word.topic, word.place, word.bucket, word.several,
                RoundNumber(round_number), incident,
            )  # fmt: skip
            content = (said.sender, said.topic, said.place, said.bucket, said.several)
            if (word.sender, word.nonce) not in nonces:
                found.setdefault(content, said)
            nonces.add((word.sender, word.nonce))
        return sorted(found.values(), key=lambda said: said.number)

    def like(self, said: Said) -> list[int]:
        """The incidents that it may be about: with a report that counts, of the same topic and place, and of the same
        six hours or those next to them."""
        first, end = ((said.bucket + shift) * BUCKET_SECONDS for shift in (-1, 2))
        rows = self._database.rows(
            "SELECT DISTINCT incident FROM received WHERE topic = ? AND place = ? AND round >= ? AND round < ?"
            " AND incident IS NOT NULL AND state NOT IN (?, ?) ORDER BY incident",
            said.topic,
            said.place,
            -(-max(first, 0) // self._seconds),
            -(-end // self._seconds),
            *(state.value for state in NOT_COMPARED),
        )
        return [number for (number,) in rows]

    def beside(self, incident: int) -> list[Said]:
        """The words that may be about an incident and were not accepted for another one. Raises NoSuchIncident or
        MergedAway."""
        Incidents(self._database).incident(incident)
        return [said for said in self.heard() if said.incident in (None, incident) and incident in self.like(said)]

    def accept(self, incident: int, number: int, *, by: By) -> Said:
        """A person says that this word is about that incident: from now on its sender has it too. Raises NotHeard,
        NoSuchIncident or MergedAway, and then nothing is changed."""
        with self._database.change() as opened:
            said = next((one for one in self.beside(incident) if one.number == number), None)
            if said is None:
                raise NotHeard(f"no other desk said with word {number} that it has incident {incident}")
            if said.incident is not None:
                return said
            opened.execute("UPDATE words_in SET incident = ?, pending = 0 WHERE number = ?", (incident, number))
            there = [one for (one,) in opened.execute("SELECT name FROM partners WHERE incident = ?", (incident,))]
            name = _short(said.name, said.sender)
            # Who was typed by a person already is one organisation and not two.
            if not any(same_name(one, said.sender, said.name, name) for one in there):
                opened.execute("INSERT INTO partners (incident, name) VALUES (?, ?)", (incident, name))
            write_line(opened, Subject(Kind.INCIDENT, incident), Deed.ALSO, f"{name}, by its word", by=by)
        return said


class SenderUnknown(Forged):
    """Nobody whom we know can have said it; a newer directory may tell."""


def verify(word: Word, recipient: bytes, *, directory: Directory | None, own: str) -> str:
    """The name of the partner that said this to us. Raises Forged when none did, SenderUnknown when none that the
    directory names."""
    if word.sender == own:
        raise Forged("said in our own name")
    if directory is None:
        raise SenderUnknown("there is no directory to tell who said it")
    try:
        partner = directory.partner(word.sender)
    except KeyError:
        raise SenderUnknown("the directory does not list its sender") from None
    if (key := partner.verifying_key) is None:
        raise SenderUnknown("the directory names no key for its sender")
    word.verify(key=key, recipient=recipient)
    return partner.name


def store(opened: Any, words: Sequence[Heard], *, round_number: int) -> None:  # noqa: ANN401 - sqlcipher3 has no types
    """Keep words that came in a bundle, inside a change; a second copy changes nothing. Where there are too many, the
    oldest give way: of those whose sender is not known yet, and of each sender those that nobody has accepted."""
    for heard in words:
        opened.execute(
            "INSERT OR IGNORE INTO words_in (wire, recipient, round, pending) VALUES (?, ?, ?, ?)",
            (heard.word.encode(), heard.recipient, round_number, not heard.holds),
        )
    _make_room(opened)


def settle(opened: Any, *, directory: Directory, own: str) -> None:  # noqa: ANN401
    """With a new directory, inside a change: what waited for its speaker is one that holds, is forgotten when it is
    forged, or goes on waiting."""
    waiting = opened.execute("SELECT number, wire, recipient FROM words_in WHERE pending = 1").fetchall()
    for number, wire, recipient in waiting:
        try:
            verify(Word.decode(bytes(wire)), bytes(recipient), directory=directory, own=own)
        except SenderUnknown:
            continue
        except Forged:
            opened.execute("DELETE FROM words_in WHERE number = ?", (number,))
        else:
            opened.execute("UPDATE words_in SET pending = 0 WHERE number = ?", (number,))
    _make_room(opened)


def _make_room(opened: Any) -> None:  # noqa: ANN401
    opened.execute(
        "DELETE FROM words_in WHERE pending = 1 AND number NOT IN"
        " (SELECT number FROM words_in WHERE pending = 1 ORDER BY number DESC LIMIT ?)",
        (PENDING_MAX,),
    )
    opened.execute(
        "DELETE FROM words_in WHERE number IN (SELECT number FROM (SELECT number, row_number() OVER"
        " (PARTITION BY json_extract(CAST(wire AS TEXT), '$.from') ORDER BY number DESC) AS newer"
        " FROM words_in WHERE pending = 0 AND incident IS NULL) WHERE newer > ?)",
        (UNACCEPTED_MAX,),
    )


def facts(database: Database, incident: int, *, round_seconds: int) -> list[Fact]:
    """What counts of the reports of an incident."""
    rows = database.rows(
        "SELECT topic, place, round FROM received WHERE incident = ? AND state NOT IN (?, ?) ORDER BY number",
        incident,
        *(state.value for state in NOT_COMPARED),
    )
    return [Fact(topic, place, came * round_seconds // BUCKET_SECONDS) for topic, place, came in rows]


def _short(name: str, partner_id: str) -> str:
    """A partner's name as colleagues see it; its id where the name is too long for that."""
    try:
        return colleague_name(name)
    except BadWords:
        return colleague_name(partner_id[:NAME_MAX])
