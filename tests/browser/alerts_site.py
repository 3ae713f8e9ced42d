"""A relay that serves published alerts, as a browser meets it under `/alerts/`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from crypto.keys import AlertsKey
from crypto.manifest import Signed
from forwarder.copies import Copy, write_copy
from forwarder.desk.publish.alert import CURRENT_SECONDS, Alert, Words, correct, publish, withdraw
from forwarder.desk.publish.moments import Issue
from forwarder.desk.publish.place import Cell, Place
from forwarder.desk.publish.publisher import Publisher
from forwarder.desk.publish.publishing import published_files
from forwarder.desk.publish.safety import Confidence, Leave, Policy
from forwarder.places.shipped import shipped
from relay.config import Settings
from tests.browser.test_accessibility import SCREENSHOTS
from tests.rig import Rig
from tests.unit.forwarder.published import KEY, PUBLIC

#: Pictures of the site lie beside those of the reporter's page.
SITE_SCREENSHOTS: Final = SCREENSHOTS / "alerts"
PUBLISHER: Final = Publisher("red-norte", "Red Norte")
TOPICS: Final = {
    "desaparicion": {"es": "Desaparición", "en": "Disappearance"},
    "reten": {"es": "Retén", "en": "Roadblock"},
}
_SEEN: Final = (
    ("mx-monterrey", "reten", 7, Confidence.CONFIRMED_BY_SEVERAL),
    ("mx-guadalajara", "desaparicion", 7, Confidence.UNCONFIRMED),
    ("mx-tijuana", "reten", 6, Confidence.CONFIRMED_BY_ONE),
    ("mx-merida", "desaparicion", 8, Confidence.UNCONFIRMED),
    ("mx-ciudad-de-mexico", "desaparicion", 5, Confidence.CONFIRMED_BY_ONE),
    ("mx-culiacan", "reten", 4, Confidence.UNCONFIRMED),
)
_WORDS: Final = {
    "reten": {
        "es": Words("Retén en la salida", "Hombres armados detienen coches.\nVarias personas lo vieron.", "No pase."),
        "en": Words("Roadblock at the way out", "Armed men stop cars.\nSeveral people saw it.", "Do not pass."),
    },
    "desaparicion": {"es": Words("Se llevaron a dos personas", "Una camioneta blanca, cerca del mercado.")},
}


def alerts() -> list[Alert]:
    """Some of each confidence and state; one is about a cell far from every town."""
    places = {place.id: Place.listed(place) for place in shipped().places} | {"desert": Place("", 29.0, -113.4)}
    hour = int(time.time()) // 3_600 - 40
    found = []
    for number, (place, topic, resolution, confidence) in enumerate(
        (
            *_SEEN,
            ("mx-puebla-puebla", "reten", 7, Confidence.CONFIRMED_BY_ONE),
            ("desert", "reten", 7, Confidence.UNCONFIRMED),
            ("mx-hermosillo", "reten", 7, Confidence.CONFIRMED_BY_ONE),
        ),
        start=1,
    ):
        cell = Cell.around(places[place], resolution=resolution)
        # One is so old that nobody should take for granted that it still holds.
        when = (hour - number) * 3_600 - (place == "mx-hermosillo") * CURRENT_SECONDS
        leave = Leave(cell, when - when % 21_600, confidence, 3, False, "", Policy())
        alert = publish(leave, id=f"{number:032x}", topic=topic, words=_WORDS[topic], now=when + 90)
        if place == "mx-puebla-puebla":
            alert = withdraw(alert, words={"es": Words("No era así", "Era una obra en la calle.")}, now=when + 7_200)
        if place == "mx-tijuana":
            sure = replace(leave, confidence=Confidence.CONFIRMED_BY_SEVERAL)
            alert = correct(alert, sure, topic=topic, words=_WORDS[topic], now=when + 7_200)
        found.append(alert)
    return found


def files() -> dict[str, bytes]:
    """Everything that is published of them."""
    now = int(time.time())
    issue = Issue(at=now, until=now + 86_400)
    return published_files(alerts(), PUBLISHER, key=PUBLIC, gazetteer=shipped(), issue=issue, topics=TOPICS)


def put(folder: Path, published: Mapping[str, bytes]) -> Path:
    """The folder that a relay serves, signed for today."""
    now = int(time.time())
    signed = Signed.make(published, version=now // 3_600, valid_until=now + 86_400, key=AlertsKey(KEY).signing)
    write_copy(folder, Copy(signed, published))
    return folder


@dataclass(frozen=True, slots=True)
class AlertsRig(Rig):
    """A relay that serves the copy in `alerts`."""

    alerts: Path = Path()

    def write(self, *, more_settings: str = "") -> Settings:
        """With the folder and the key in its settings."""
        served = f'[alerts]\nfolder = "{self.alerts}"\nkey = "{PUBLIC}"\n'
        return Rig.write(self, more_settings=more_settings + served)
