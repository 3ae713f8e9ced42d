"""Alerts on the map of Mexico, and their site, for the tests of this folder."""

import base64
import re
from collections.abc import Mapping
from random import Random
from typing import Final

from crypto.directory import Words as Named
from forwarder.desk.publish.alert import Alert, Words, publish, withdraw
from forwarder.desk.publish.moments import Issue
from forwarder.desk.publish.place import Cell, Place
from forwarder.desk.publish.safety import Confidence, Leave, Policy
from forwarder.desk.publish.site import Room, site
from forwarder.places.gazetteer import VERSION, Gazetteer, Listed, Region, Source
from forwarder.places.shipped import shipped
from tests.unit.forwarder.desk.publish.given import PUBLISHER, WORDS
from tests.unit.forwarder.published import PUBLIC

MEXICO: Final = shipped()
MONTERREY: Final = Place("mx-monterrey", 25.67, -100.32)
DESERT: Final = Place("", 29.0, -113.0)
#: Some hours after the alerts of these tests.
ISSUE: Final = Issue(at=500_010 * 3_600, until=500_346 * 3_600)
#: One place, without any outline: quick to draw.
ISLAND: Final = Gazetteer(
    name=Named(es="Isla", en="Island"),
    places=(Listed(id="x", latitude=1.0, longitude=1.0, name="Equis", people=0, region="r"),),
    regions=(Region(id="r", name="R"),),
    sources=(Source(licence="none", name="nobody"),),
    v=VERSION,
)


def alert_at(
    place: Place,
    number: int,
    *,
    resolution: int = 7,
    confidence: Confidence = Confidence.UNCONFIRMED,
    words: Mapping[str, Words] = WORDS,
    topic: str = "reten",
    hour: int = 500_000,
) -> Alert:
    """An alert about the cell around a place."""
    cell = Cell.around(place, resolution=resolution)
    leave = Leave(cell, hour * 3_600 // 21_600 * 21_600, confidence, 3, False, "", Policy())
    return publish(leave, id=f"{number:032x}", topic=topic, words=words, now=hour * 3_600 + 77)


def files(
    *alerts: Alert, room: Room | None = None, gazetteer: Gazetteer = MEXICO, issue: Issue = ISSUE
) -> dict[str, bytes]:
    return site(alerts, PUBLISHER, gazetteer, key=PUBLIC, issue=issue, room=room or Room())


def many(count: int, seed: int = 3) -> list[Alert]:
    """Alerts all over Mexico, over two years, of some topics, some corrected and some withdrawn."""
    rng = Random(seed)
    places = [Place.listed(place) for place in MEXICO.places]
    text = "Varias personas vieron hombres armados que detienen coches en la salida. " * 6
    words = {"es": Words("Retén en la salida de la ciudad", text, "No pase por ahí."), "en": Words("Roadblock", text)}
    found = []
    for number in range(count):
        alert = alert_at(
            rng.choice(places), number, resolution=rng.choice((6, 7, 7, 8)), confidence=rng.choice(list(Confidence)),
            words=words, topic=f"topic-{rng.randrange(12)}", hour=490_000 + rng.randrange(17_000),
        )  # fmt: skip
        if number % 10 == 1:
            alert = withdraw(alert, words={"es": Words("Retirada", "No era cierto.")}, now=alert.issued[0] + 7_200)
        found.append(alert)
    return found


def html_of(built: Mapping[str, bytes]) -> dict[str, str]:
    return {name: data.decode() for name, data in built.items() if name.endswith(".html")}


def pictures(html: str) -> list[bytes]:
    """Every picture in a page."""
    return [base64.b64decode(data) for data in re.findall(r'src="data:image/png;base64,([^"]*)"', html)]


def chunks(png: bytes) -> list[bytes]:
    found, at = [], 8
    while at < len(png):
        found.append(png[at + 4 : at + 8])
        at += 12 + int.from_bytes(png[at : at + 4], "big")
    return found
