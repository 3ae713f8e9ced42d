"""Incidents, alerts and words for the tests of this folder."""

from typing import Final

from crypto.layers import RoundNumber
from forwarder.desk.publish.alert import Alert, Words, alert_id, publish
from forwarder.desk.publish.place import Place
from forwarder.desk.publish.publisher import Publisher
from forwarder.desk.publish.safety import Facts, Leave, Policy, Refusal, Seen, safe_to_publish

ROUND: Final = 900
NOW: Final = RoundNumber(2_000_000)
HOURS: Final = 4  # rounds in an hour
CENTRE: Final = Place("ciudad-de-mexico", 19.4326, -99.1332)
NEARBY: Final = Place("ecatepec", 19.6010, -99.0500)
FAR: Final = Place("tijuana", 32.5149, -117.0382)
PUBLISHER: Final = Publisher("red-norte", "Red Norte")
WORDS: Final = {
    "es": Words("Retén en la carretera", "Hombres armados detienen coches.\nVarios testigos.", "No vaya por ahí."),
    "en": Words("Roadblock", "Armed men stop cars.", "Take another road."),
}


def seen(*places: Place | None, ago: int = 100) -> tuple[Seen, ...]:
    """A report for each place, all in one round."""
    return tuple(Seen(RoundNumber(NOW - ago), place) for place in places)


def facts(count: int = 3, *, partners: int = 1, confirmed_by: int = 0, ago: int = 100) -> Facts:
    """So many reports of one place."""
    return Facts(seen(*[CENTRE] * count, ago=ago), CENTRE, partners=partners, confirmed_by=confirmed_by)


def decided(incident: Facts, policy: Policy | None = None, *, override: str = "") -> Leave | Refusal:
    """What the rule says now."""
    return safe_to_publish(incident, policy or Policy(), round_seconds=ROUND, now=NOW, override=override)


def leave(incident: Facts | None = None, policy: Policy | None = None, *, override: str = "") -> Leave:
    """What may leave of an incident that may leave."""
    found = decided(incident or facts(), policy, override=override)
    assert isinstance(found, Leave)
    return found


def an_alert(
    number: int = 1, *, incident: Facts | None = None, words: dict[str, Words] | None = None, topic: str = "reten"
) -> Alert:
    """An alert, another one for each number."""
    identifier = alert_id(number.to_bytes(16, "big"))
    return publish(leave(incident), id=identifier, topic=topic, words=words or WORDS, now=NOW * ROUND + 77)
