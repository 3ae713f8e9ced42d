"""What a desk publishes: drafts, versions, corrections, withdrawals, and what waits (docs/spec/alerts.md).

A version is on the disk, whole, before anything of it leaves; nothing leaves that a person did not see in a preview, or
that the rule (publish/safety.py) does not allow at that moment. One thread at a time, like the inbox it lies in.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from crypto.layers import RoundNumber
from forwarder.desk.casework import By, Casework, Deed, Kind, Subject, write_line
from forwarder.desk.config import Settings
from forwarder.desk.database import Database
from forwarder.desk.deciding import keep
from forwarder.desk.errors import DeskError, MergedAway
from forwarder.desk.incidents import Incident, Incidents
from forwarder.desk.publish import alert as versions
from forwarder.desk.publish.alert import ID_LEN, Alert, Words, alert_id
from forwarder.desk.publish.drafts import Act, Draft, Judged, judged, kept_in_place
from forwarder.desk.publish.errors import (
    AlreadyPublic,
    ChangedMeanwhile,
    DoesNotWait,
    MayNotLeave,
    MissingLanguage,
    NotPublic,
    StillWaits,
)
from forwarder.desk.publish.incident_facts import Known, Places, known
from forwarder.desk.publish.moments import zulu
from forwarder.desk.publish.needs import Need, need
from forwarder.desk.publish.place import Cell, Place
from forwarder.desk.publish.preview import refused
from forwarder.desk.publish.safety import Policy, Reason, Refusal
from forwarder.desk.publish.site.where import Finder
from forwarder.desk.publish.stored import Wording, read_alert, read_wording, write_wording
from forwarder.desk.publish.topics import seen_name, topic_name
from forwarder.desk.triage import PUBLIC, State, step
from forwarder.places.gazetteer import Gazetteer

# What a waiting draft says when it no longer leaves by itself.
CHANGED: Final = "changed"


@dataclass(frozen=True, slots=True)
class Rules:
    """What decides: the desk's policy, in which languages an alert is written, how long a round is, and the places.
    `listing`: the gazetteer that the site is made with, so that a preview can say which towns it names. `card`: the
    relay's, so that it can say what topics are called; empty where there is none."""

    policy: Policy
    languages: tuple[str, ...]
    round_seconds: int
    places: Places
    listing: Gazetteer | None = None
    card: str = ""

    @classmethod
    def of(cls, settings: Settings, places: Places, listing: Gazetteer | None = None) -> "Rules":
        """Those of a desk's settings. Raises BadSettings while the relay is not known: rounds are the only clock."""
        publish, relay = settings.config.publish, settings.relay
        return cls(publish.policy, publish.languages, relay.round_seconds, places, listing, relay.card)

    def towns(self, cell: Cell) -> tuple[str, ...] | None:
        """The names with which the site puts an alert of this area."""
        if self.listing is None:
            return None
        names = self.listing.full_names()
        return tuple(names[one.id] for one in Finder(self.listing).of(cell).places)


@dataclass(frozen=True, slots=True)
class Published:
    """An alert as it stands, whose it is, and what must be done about it, if anything."""

    incident: int
    alert: Alert
    confirmed_by: int
    need: Need | None = None

    @property
    def out(self) -> bool:
        """Whether it is public and not withdrawn."""
        return self.alert.state is not versions.State.WITHDRAWN


@dataclass(frozen=True, slots=True)
class Waiting:
    """A draft that leaves by itself at `leaves_at` (seconds since 1970), unless something changes. `stopped`: why it
    will not, empty while it will; `draft` is None then."""

    incident: int
    wording: Wording
    colleague: str
    leaves_at: int
    stopped: str
    draft: Draft | None


class Publications:
    """The publications of an open inbox. Every `now` is in seconds since 1970."""

    __slots__ = ("_casework", "_database", "_incidents", "_rules")

    def __init__(self, database: Database, rules: Rules) -> None:
        self._database: Final = database
        self._rules: Final = rules
        self._casework: Final = Casework(database)
        self._incidents: Final = Incidents(database)

    def draft(self, incident: int, wording: Wording, *, now: int) -> Draft | Refusal:
        """The first version of an alert about an incident, or why nothing may leave. It may be one that still waits.

        Raises AlreadyPublic, NoSuchStep (look into it first), NoPlace, NotConfirmed, MissingLanguage or NotAnAlert.
        """
        held = self._current(incident)
        if held is not None and held.out:
            raise AlreadyPublic(incident)
        one = self._incidents.incident(incident)
        found = self._known(one, wording, None)
        if found is None:
            return Refusal(Reason.NO_REPORTS)
        judgement = self._judged(found, wording, now)
        if isinstance(judgement, Refusal):
            return judgement
        if one.state not in PUBLIC:
            step(one.state, State.PUBLISHED)
        alert = versions.publish(
            judgement.leave,
            id=alert_id(secrets.token_bytes(ID_LEN)),
            topic=found.topic,
            words=self._words(wording.words),
            now=max(now, judgement.leaves_at),
        )
        return self._draft(incident, Act.PUBLISH, alert, judgement, found, wording)

    def correction(self, incident: int, wording: Wording, *, now: int) -> Draft | Refusal:
        """The next version of the alert that is out, from what is known now. Raises NotPublic, else as `draft`.

        One that only waits keeps the area and time that are public, where that says no more; so words are mended at
        once.
        """
        held = self._out(incident)
        wording = replace(wording, place=wording.place or self._place_of(held))
        found = self._known(self._incidents.incident(incident), wording, held.confirmed_by)
        if found is None:
            return Refusal(Reason.NO_REPORTS)
        judgement = self._judged(found, wording, now)
        if isinstance(judgement, Refusal):
            return judgement
        judgement = kept_in_place(judgement, held.alert) or judgement
        topic = wording.topic or held.alert.topic
        words = self._words(wording.words)
        alert = versions.correct(held.alert, judgement.leave, topic=topic, words=words, now=now)
        return self._draft(incident, Act.CORRECT, alert, judgement, found, wording)

    def withdrawal(self, incident: int, words: Mapping[str, Words], *, now: int) -> Draft:
        """The last version of the alert that is out: `words` say why it is taken back. Taking back is always allowed.

        Raises NotPublic, MissingLanguage or NotAnAlert.
        """
        held = self._out(incident)
        alert = versions.withdraw(held.alert, words=self._words(words), now=now)
        said = Wording(dict(words))
        towns, named = self._rules.towns(alert.cell), seen_name(self._database, alert.topic)
        return Draft(incident, Act.WITHDRAW, alert, None, held.confirmed_by, said, towns=towns, named=named)

    def publish(self, draft: Draft, *, by: By, now: int, note: str = "", seen: str = "") -> Published:
        """Make a draft the current version, on the disk when this returns; the next release has it, after a crash too.

        It is judged once more. `note`: why, for a correction or a withdrawal; it stays at the desk. `seen`: the digest
        of what a person saw, when it is not this very draft. Raises ChangedMeanwhile, MayNotLeave, StillWaits,
        ReasonMissing or NotStored; then nothing was changed.
        """
        return self._publish(draft, by=by, now=now, note=note, seen=seen)

    def wait(self, draft: Draft, *, by: By, now: int) -> None:
        """Let a first version that must wait leave by itself when it may, exactly as a person saw it.

        Raises DoesNotWait, ChangedMeanwhile or MayNotLeave.
        """
        if draft.act is not Act.PUBLISH or not draft.leaves_at:
            raise DoesNotWait("this draft has nothing to wait for")
        with self._database.change() as opened:
            again = self._again(draft, now)
            if isinstance(again, Refusal):
                raise MayNotLeave(refused(again, language="en"))
            if again.digest != draft.digest:
                raise ChangedMeanwhile
            opened.execute(
                "INSERT OR REPLACE INTO waiting (incident, wording, seen, leaves_at, colleague) VALUES (?, ?, ?, ?, ?)",
                (draft.incident, write_wording(draft.wording), draft.digest, draft.leaves_at, by.colleague),
            )
            write_line(opened, _subject(draft.incident), Deed.QUEUED, "", by=by)

    def unwait(self, incident: int, *, by: By) -> None:
        """It no longer leaves by itself; one that does not wait changes nothing."""
        with self._database.change() as opened:
            gone = opened.execute("DELETE FROM waiting WHERE incident = ?", (incident,))
            if gone.rowcount:
                write_line(opened, _subject(incident), Deed.UNQUEUED, "", by=by)

    def waiting(self, *, now: int) -> list[Waiting]:
        """What leaves by itself, and what was to and will not."""
        rows = self._database.rows(
            "SELECT incident, wording, seen, leaves_at, colleague, stopped FROM waiting ORDER BY incident"
        )
        return [self._waiting(*row, now=now) for row in rows]

    def leave_due(self, *, now: int) -> list[Published]:
        """What waited and may leave by now, judged anew, is the current version when this returns, issued at the moment
        at which it was to leave, whenever the desk was opened. What has changed since a person saw it stays, and says
        so."""
        left = []
        for one in self.waiting(now=now):
            if one.stopped:
                self._stop(one.incident, one.stopped)
            elif one.draft is not None and not one.draft.leaves_at and one.leaves_at <= now:
                by = By(datetime.fromtimestamp(now, UTC).date(), one.colleague)
                left.append(self._publish(one.draft, by=by, now=now, issued=one.leaves_at))
        return left

    def published(self, *, now: int, incident: int | None = None) -> list[Published]:
        """Every alert as it stands, or those of one incident, withdrawn ones too, with what must be done about it; the
        one that changed last is the last."""
        found = self._read() if incident is None else self._of(incident)
        return [replace(one, need=self._need(one, now)) if one.out else one for one in found]

    def current(self, incident: int) -> Published | None:
        """The alert of an incident as it stands: the one that is out, else the last one; None when there is none."""
        return self._current(incident)

    def versions(self, incident: int) -> list[tuple[Alert, str]]:
        """Every version of every alert of an incident, oldest first, each with the reason for not waiting, if any."""
        rows = self._database.rows("SELECT wire, hurry FROM alerts WHERE incident = ? ORDER BY number", incident)
        return [(read_alert(wire), hurry) for wire, hurry in rows]

    def _draft(self, incident: int, act: Act, alert: Alert, found: Judged, of: Known, wording: Wording) -> Draft:
        return Draft(
            incident,
            act,
            alert,
            found.leave,
            of.facts.confirmed_by,
            wording,
            leaves_at=found.leaves_at,
            towns=self._rules.towns(alert.cell),
            named=topic_name(self._database, alert.topic, card=self._rules.card),
            by_itself=found.by_itself,
        )

    def _publish(
        self, draft: Draft, *, by: By, now: int, note: str = "", seen: str = "", issued: int | None = None
    ) -> Published:
        with self._database.change() as opened:
            again = self._again(draft, now)
            if isinstance(again, Refusal):
                raise MayNotLeave(refused(again, language="en"))
            if again.digest != (seen or draft.digest) or again.digest != draft.digest:
                raise ChangedMeanwhile
            if again.leaves_at:
                raise StillWaits(zulu(again.leaves_at))
            alert = again.alert
            if draft.act is Act.PUBLISH:
                alert = replace(alert, id=draft.alert.id, issued=alert.issued if issued is None else (issued,))
            keep(opened, self._casework, replace(again, alert=alert), by=by, note=note)
        return Published(draft.incident, alert, again.confirmed_by)

    def _again(self, draft: Draft, now: int) -> Draft | Refusal:
        if draft.act is Act.WITHDRAW:
            return self.withdrawal(draft.incident, draft.wording.words, now=now)
        again = self.draft if draft.act is Act.PUBLISH else self.correction
        return again(draft.incident, draft.wording, now=now)

    def _known(self, one: Incident, wording: Wording, before: int | None) -> Known | None:
        return known(self._database, one, wording, places=self._rules.places, confirmed_before=before)

    def _judged(self, found: Known, wording: Wording, now: int) -> Judged | Refusal:
        return judged(
            found.facts,
            self._rules.policy,
            round_seconds=self._rules.round_seconds,
            now=RoundNumber(now // self._rules.round_seconds),
            hurry=wording.hurry,
        )

    def _words(self, words: Mapping[str, Words]) -> Mapping[str, Words]:
        if set(words) != set(self._rules.languages):
            raise MissingLanguage(self._rules.languages)
        return {
            language: Words.cleaned(title=one.title, text=one.text, advice=one.advice)
            for language, one in words.items()
        }

    def _waiting(
        self, incident: int, wire: bytes, seen: str, leaves_at: int, colleague: str, stopped: str, *, now: int
    ) -> Waiting:
        wording, found = read_wording(wire), None
        if not stopped:
            try:
                found = self.draft(incident, wording, now=now)
            except DeskError as error:
                stopped = str(error)
        if isinstance(found, Refusal):
            stopped = refused(found, language="en")
        elif found is not None and found.digest != seen:
            stopped = CHANGED
        if stopped or not isinstance(found, Draft):
            return Waiting(incident, wording, colleague, 0, stopped, None)
        return Waiting(incident, wording, colleague, max(leaves_at, found.by_itself), "", found)

    def _stop(self, incident: int, why: str) -> None:
        with self._database.change() as opened:
            opened.execute("UPDATE waiting SET stopped = ? WHERE incident = ? AND stopped = ''", (why[:400], incident))

    def _need(self, one: Published, now: int) -> Need | None:
        try:
            incident = self._incidents.incident(one.incident)
        except MergedAway:
            return need(one.alert, None, state=None)
        # Where no place is known any more, it is judged by the area that is public: nothing is passed over.
        public, named = Place("", *one.alert.cell.middle), self._place_of(one)
        places = {named: public, **self._rules.places} if named else self._rules.places
        wording = Wording(one.alert.words, place=named, topic=one.alert.topic)
        found = known(
            self._database,
            incident,
            wording,
            places=places,
            confirmed_before=one.confirmed_by,
            otherwise=public,
        )
        judgement = None if found is None else self._judged(found, wording, now)
        return need(one.alert, judgement, state=incident.state)

    def _place_of(self, one: Published) -> str:
        found = self._database.one(
            "SELECT place FROM alerts WHERE id = ? AND version = ?", one.alert.id, one.alert.version
        )
        return str(found or "")

    def _out(self, incident: int) -> Published:
        held = self._current(incident)
        if held is None or not held.out:
            raise NotPublic(incident)
        return held

    def _current(self, incident: int) -> Published | None:
        found = self._of(incident)
        candidates = [one for one in found if one.out] or found
        return candidates[-1] if candidates else None

    def _of(self, incident: int) -> list[Published]:
        """The alerts of an incident, and of those that became part of it."""
        return self._read(
            " AND incident IN (SELECT number FROM incidents WHERE number = ? OR merged_into = ?)", incident, incident
        )

    def _read(self, condition: str = "", *values: object) -> list[Published]:
        rows = self._database.rows(
            "SELECT incident, wire, confirmed_by FROM alerts AS one"  # noqa: S608 - a condition of our own
            f" WHERE version = (SELECT max(version) FROM alerts WHERE id = one.id){condition} ORDER BY number",
            *values,
        )
        return [Published(incident, read_alert(wire), confirmed_by) for incident, wire, confirmed_by in rows]


def _subject(incident: int) -> Subject:
    return Subject(Kind.INCIDENT, incident)
