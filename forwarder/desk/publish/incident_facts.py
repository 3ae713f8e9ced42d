"""What counts of an incident, read from the inbox: rounds and places of its reports, partners, confirmations.

A report that was found false, or taken back, counts for nothing. The text of no report is read here.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from crypto.layers import RoundNumber
from forwarder.desk.database import Database
from forwarder.desk.incidents import NOT_COMPARED, Incident
from forwarder.desk.publish.errors import NoPlace, NotConfirmed
from forwarder.desk.publish.place import Place
from forwarder.desk.publish.safety import Facts, Seen
from forwarder.desk.publish.stored import Wording
from forwarder.desk.triage import State

Places = Mapping[str, Place]
_REPORTS: Final = "SELECT round, place, topic FROM received WHERE incident = ? AND state NOT IN (?, ?) ORDER BY number"


@dataclass(frozen=True, slots=True)
class Known:
    """What the desk knows of an incident: the facts that decide, and what its reports are mostly about."""

    facts: Facts
    topic: str


def known(
    database: Database,
    incident: Incident,
    wording: Wording,
    *,
    places: Places,
    confirmed_before: int | None,
    otherwise: Place | None = None,
) -> Known | None:
    """The facts of an incident that has a report that counts, else None. `confirmed_before`: by how many organisations
    the alert that is out was confirmed; None when none is out. `otherwise`: where it is when no place is known.

    Raises NoPlace when no place of the gazetteer is known, or NotConfirmed when more confirmed it than know of it.
    """
    rows = database.rows(_REPORTS, incident.number, *(state.value for state in NOT_COMPARED))
    if not rows:
        return None
    reports = tuple(Seen(RoundNumber(number), places.get(place)) for number, place, _ in rows)
    place = _place(reports, wording.place, places, otherwise)
    facts = Facts(
        reports,
        place,
        partners=incident.partners,
        confirmed_by=_confirmed_by(incident, wording.confirmed_by, confirmed_before),
        false=incident.state is State.FALSE,
    )
    return Known(facts, wording.topic or _most(topic for _, _, topic in rows if topic))


def _place(reports: tuple[Seen, ...], named: str, places: Places, otherwise: Place | None) -> Place:
    if named and named not in places:
        raise NoPlace(f"there is no place {named[:64]!r} in the gazetteer")
    most = named or _most(seen.place.id for seen in reports if seen.place)
    if not most and otherwise is not None:
        return otherwise
    if not most:
        raise NoPlace("none of its reports names a place of the gazetteer")
    return places[most]


def _confirmed_by(incident: Incident, asked: int | None, before: int | None) -> int:
    """By how many organisations it is confirmed: what a person says, within what the desk knows."""
    ours = incident.state is State.CONFIRMED
    if asked is None:
        return min(ours if before is None else before, incident.partners)
    least, most = 0, incident.partners
    if before is None:
        least, most = int(ours), incident.partners if ours else len(incident.also)
    if not least <= asked <= most:
        raise NotConfirmed(asked, least=least, most=most)
    return asked


def _most(ids: Iterable[str]) -> str:
    """The most frequent one; of several the first in the alphabet; empty when there is none."""
    counted = Counter(ids)
    return min(counted, key=lambda one: (-counted[one], one), default="")
