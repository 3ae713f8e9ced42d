"""A draft is what would leave the desk if a person said yes: the alert, why it may leave, and when.

Pure: no clock, no disk, no chance. Two drafts with one digest say the same to the world, so what a person saw can be
compared with what is about to leave.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from crypto import canonical
from crypto.layers import RoundNumber
from forwarder.desk.publish.alert import Alert
from forwarder.desk.publish.preview import Preview, preview
from forwarder.desk.publish.safety import (
    BUCKET_SECONDS,
    HOUR_SECONDS,
    Facts,
    Leave,
    Policy,
    Reason,
    Refusal,
    in_ended_rounds,
    safe_to_publish,
)
from forwarder.desk.publish.stored import Wording


class Act(Enum):
    """What a draft does when it leaves."""

    PUBLISH = "publish"
    CORRECT = "correct"
    WITHDRAW = "withdraw"


@dataclass(frozen=True, slots=True)
class Draft:
    """What would leave. `leave` is None for a withdrawal, which says nothing new. `leaves_at`: when it leaves by
    itself, in seconds since 1970; 0 when it may leave now. `by_itself`: that moment also when it is over; 0 where there
    is nothing to wait for. `confirmed_by`: by how many organisations. `wording`: what a person asked for. `towns`:
    those that the site names because of its area; None when that is not known. `named`: what the site calls its topic,
    by language; empty for its id."""

    incident: int
    act: Act
    alert: Alert
    leave: Leave | None
    confirmed_by: int
    wording: Wording
    leaves_at: int = 0
    towns: tuple[str, ...] | None = None
    by_itself: int = 0
    named: Mapping[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """The same for drafts that say the same to the world, of the same version: what a colleague said in between is
        not said over. The hour of issue is left out, and the id of an alert that has none yet."""
        alert = self.alert
        said = {
            "act": self.act.value,
            "after": alert.id if self.act is not Act.PUBLISH else "",
            "cell": alert.cell.index,
            "confidence": alert.how_sure,
            # A withdrawal is called what the alert was called, whatever that is by now.
            "named": dict(self.named) if self.act is not Act.WITHDRAW else {},
            "state": alert.state.value,
            "topic": alert.topic,
            "version": alert.version,
            "when": alert.when,
            "words": {language: [one.title, one.text, one.advice] for language, one in alert.words.items()},
        }
        return hashlib.sha256(canonical.encode(said)).hexdigest()

    def preview(self, language: str) -> Preview:
        """What leaves, why that is safe, and what stays; `language` is "es" or "en"."""
        return preview(
            self.alert,
            self.leave,
            language=language,
            leaves_at=self.leaves_at,
            towns=self.towns,
            named=self.named,
        )


@dataclass(frozen=True, slots=True)
class Judged:
    """What may leave, and when it does so by itself (seconds since 1970); 0 when it may now. `by_itself`: that moment
    also when it is over; 0 where there is nothing to wait for."""

    leave: Leave
    leaves_at: int
    by_itself: int = 0


def judged(facts: Facts, policy: Policy, *, round_seconds: int, now: RoundNumber, hurry: str = "") -> Judged | Refusal:
    """What may leave of an incident now, or what may leave later if nothing changes, or why nothing may."""

    def at(moment: int, known: Facts) -> Leave | Refusal:
        return safe_to_publish(known, policy, round_seconds=round_seconds, now=RoundNumber(moment), override=hurry)

    def edge(leave: Leave) -> int:
        return _edge(leave.since * round_seconds, wait=policy.wait_hours * HOUR_SECONDS) if leave.since else 0

    found = at(now, facts)
    if isinstance(found, Leave):
        return Judged(found, 0, edge(found))
    if found.reason is not Reason.TOO_SOON:
        return found
    # It only waits: when that is over it may leave, by what is known now.
    then = at(now + -(-found.hours * HOUR_SECONDS // round_seconds), in_ended_rounds(facts, now))
    if isinstance(then, Refusal):
        return then
    return Judged(then, edge(then), edge(then))


def _edge(allowed: int, *, wait: int) -> int:
    """When what waits leaves by itself, in seconds since 1970: at the beginning of a bucket that follows from the one
    of the report that made it enough. So the moment tells no more of that report than its bucket."""
    bucket_end = -(-(allowed - wait) // BUCKET_SECONDS) * BUCKET_SECONDS
    return -(-(bucket_end + wait) // BUCKET_SECONDS) * BUCKET_SECONDS


def kept_in_place(waits: Judged, alert: Alert) -> Judged | None:
    """A correction that only waits may leave at once in the area and time that are public already, where that area
    holds the new one. None where it does not: then it waits."""
    leave = waits.leave
    if not waits.leaves_at or not leave.cell.is_within(alert.cell):
        return None if waits.leaves_at else waits
    return Judged(replace(leave, cell=alert.cell, when=alert.when, kept=True), 0)
