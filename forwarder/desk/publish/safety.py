"""What of an incident may leave the desk, or why nothing may (docs/spec/alerts.md, "What may leave").

Pure: no clock, no disk, no chance. Nothing leaves that is finer than the desk's cell, six hours, and k reports; without
a confirmation a report less than k is no alert at all, and no person can override that.
"""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from crypto.layers import RoundNumber
from forwarder.desk.publish.errors import NotAnAlert
from forwarder.desk.publish.place import COARSEST, FINEST, Cell, Place

BUCKET_SECONDS: Final = 6 * 3_600
HOUR_SECONDS: Final = 3_600
REPORTS_MAX: Final = 100_000
WAIT_HOURS_MAX: Final = 24 * 14
REASON_MAX: Final = 400


class Confidence(Enum):
    """How sure an alert is: by how many organisations it was confirmed."""

    UNCONFIRMED = "unconfirmed"
    CONFIRMED_BY_ONE = "confirmed by one"
    CONFIRMED_BY_SEVERAL = "confirmed by several"


class Reason(Enum):
    """Why nothing may leave; the value says what it takes."""

    NO_REPORTS = "there is no report in this incident"
    FALSE = "the incident was found to be false"
    TOO_FEW = "there are fewer reports than it takes, and nobody confirmed it: wait for more, or confirm it"
    TOO_FAR_APART = "too few of its reports are in one area, and nobody confirmed it: divide it, or confirm it"
    TOO_SOON = "all of it comes from one source: wait, or override with a reason"
    IN_THE_FUTURE = "it takes reports of a round that has not ended: wait for its end, or set the clock"


@dataclass(frozen=True, slots=True)
class Policy:
    """What this desk demands. `resolution`: of H3, the finest cell it publishes; `coarsest`: the largest. `k`: how many
    reports it takes without a confirmation. `wait_hours`: how long what comes from one source waits."""

    resolution: int = 7
    coarsest: int = 4
    k: int = 3
    wait_hours: int = 12

    def __post_init__(self) -> None:
        if not COARSEST <= self.coarsest <= self.resolution <= FINEST:
            raise NotAnAlert(f"resolution and coarsest: from {COARSEST} to {FINEST}, coarsest not the finer one")
        if not 2 <= self.k <= 100:
            raise NotAnAlert("k: 2 to 100 reports")
        if not 0 <= self.wait_hours <= WAIT_HOURS_MAX:
            raise NotAnAlert(f"wait_hours: 0 to {WAIT_HOURS_MAX}")


@dataclass(frozen=True, slots=True)
class Seen:
    """What counts of one report: the round that it came in, and the place that a person gave it, if any."""

    round_number: RoundNumber
    place: Place | None


@dataclass(frozen=True, slots=True)
class Facts:
    """An incident as the desk knows it. `place`: where it is said to be. `partners`: how many organisations have
    reports about it; `confirmed_by`: how many of them confirmed it."""

    reports: tuple[Seen, ...]
    place: Place
    partners: int = 1
    confirmed_by: int = 0
    false: bool = False

    def __post_init__(self) -> None:
        if len(self.reports) > REPORTS_MAX:
            raise NotAnAlert(f"an incident has at most {REPORTS_MAX} reports")
        if not 0 <= self.confirmed_by <= self.partners or self.partners < 1:
            raise NotAnAlert("those who confirmed an incident are among the partners that know of it")


@dataclass(frozen=True, slots=True)
class Leave:
    """What may leave, and why: `cell`, `when` (the beginning of its bucket) and `confidence` are for the alert; the
    rest is for the desk alone. `in_cell`: reports in the cell. `override`: the reason a person gave, or empty. `since`:
    the first round in which it may leave, of what had to wait; 0 of what had not. `kept`: cell and bucket are public
    already, and stay as they are."""

    cell: Cell
    when: int
    confidence: Confidence
    in_cell: int
    single_source: bool
    override: str
    policy: Policy
    since: int = 0
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """Nothing may leave. `hours`: for how long still, when it is a matter of waiting."""

    reason: Reason
    hours: int = 0


def safe_to_publish(
    facts: Facts, policy: Policy, *, round_seconds: int, now: RoundNumber, override: str = ""
) -> Leave | Refusal:
    """What may leave of an incident in round `now`, or why nothing may. `override`: a person's reason not to wait.

    A report of a round that has not ended counts for nothing: the clock is slow, or a relay lied about its round.
    """
    if not facts.reports:
        return Refusal(Reason.NO_REPORTS)
    if facts.false:
        return Refusal(Reason.FALSE)
    ended = in_ended_rounds(facts, now)
    found = _allowed(ended, policy, round_seconds=round_seconds, now=now, override=override)
    lacks = isinstance(found, Refusal) and found.reason is not Reason.TOO_SOON
    return Refusal(Reason.IN_THE_FUTURE) if lacks and len(ended.reports) < len(facts.reports) else found


def in_ended_rounds(facts: Facts, now: RoundNumber) -> Facts:
    """The same with those of its reports alone whose round has ended."""
    return replace(facts, reports=tuple(seen for seen in facts.reports if seen.round_number < now))


def _allowed(facts: Facts, policy: Policy, *, round_seconds: int, now: RoundNumber, override: str) -> Leave | Refusal:
    confirmed = facts.confirmed_by > 0
    if not facts.reports or (not confirmed and len(facts.reports) < policy.k):
        return Refusal(Reason.TOO_FEW)
    found = _cell(facts, policy)
    if found is None:
        return Refusal(Reason.TOO_FAR_APART)
    cell, counted = found
    single_source = facts.partners == 1 or len(facts.reports) == 1
    reason = _reason(override)
    rounds = sorted(seen.round_number for seen in counted or facts.reports)
    # The wait begins with the report that made it enough: later ones do not put it off, and no alert follows on a
    # report at once.
    enough = rounds[0 if confirmed else policy.k - 1]
    since = enough + 1 + -(-policy.wait_hours * HOUR_SECONDS // round_seconds)
    waits = single_source and not reason
    if waits and now < since:
        left = policy.wait_hours * HOUR_SECONDS - (now - enough - 1) * round_seconds
        return Refusal(Reason.TOO_SOON, -(-left // HOUR_SECONDS))
    first = rounds[0] * round_seconds
    return Leave(
        cell=cell,
        when=first - first % BUCKET_SECONDS,
        confidence=_confidence(facts),
        in_cell=len(counted),
        single_source=single_source,
        override=reason if single_source else "",
        policy=policy,
        since=since if waits else 0,
    )


def _cell(facts: Facts, policy: Policy) -> tuple[Cell, tuple[Seen, ...]] | None:
    """The finest cell around the incident that holds enough reports, and those reports."""
    for resolution in range(policy.resolution, policy.coarsest - 1, -1):
        cell = Cell.around(facts.place, resolution=resolution)
        counted = tuple(seen for seen in facts.reports if seen.place and _lies_in(seen.place, cell))
        if facts.confirmed_by or len(counted) >= policy.k:
            return cell, counted
    return None


def _lies_in(place: Place, cell: Cell) -> bool:
    return Cell.around(place, resolution=cell.resolution) == cell


def _confidence(facts: Facts) -> Confidence:
    if facts.confirmed_by >= 2:
        return Confidence.CONFIRMED_BY_SEVERAL
    return Confidence.CONFIRMED_BY_ONE if facts.confirmed_by else Confidence.UNCONFIRMED


def _reason(override: str) -> str:
    if len(override) > REASON_MAX:
        raise NotAnAlert(f"a reason has at most {REASON_MAX} characters")
    return override.strip()
