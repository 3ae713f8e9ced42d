"""An alert as a message of the Common Alerting Protocol 1.2 (OASIS): Alert, then Update, then Cancel.

Pure: no clock, no disk, no chance; the same bytes for the same alert. Urgency and severity are Unknown: what people
report says neither. It has no `onset`: the bucket is that of a report, and no field says when a thing happened.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from xml.etree.ElementTree import Element

from forwarder.desk.publish.alert import Alert, State, Words
from forwarder.desk.publish.moments import cap_time
from forwarder.desk.publish.publisher import Publisher
from forwarder.desk.publish.safety import BUCKET_SECONDS, Confidence
from forwarder.desk.publish.xml_text import add, document

MEDIA_TYPE: Final = "application/cap+xml"
NAMESPACE: Final = "urn:oasis:names:tc:emergency:cap:1.2"

NOWHERE: Final[Mapping[str, str]] = MappingProxyType({})
_KIND: Final = {State.PUBLISHED: "Alert", State.CORRECTED: "Update", State.WITHDRAWN: "Cancel"}
_CERTAINTY: Final = {
    Confidence.UNCONFIRMED: "Possible",
    Confidence.CONFIRMED_BY_ONE: "Likely",
    Confidence.CONFIRMED_BY_SEVERAL: "Observed",
}


def cap(alert: Alert, publisher: Publisher, *, where: Mapping[str, str] = NOWHERE) -> bytes:
    """The newest version of an alert; the versions before are named in `references`, as CAP wants it. `where`: what is
    said of its area, by language; without it that is the cell's index alone."""
    root = Element("alert", {"xmlns": NAMESPACE})
    add(root, "identifier", _identifier(alert, alert.version))
    add(root, "sender", publisher.id)
    add(root, "sent", cap_time(alert.issued[-1]))
    add(root, "status", "Actual")
    add(root, "msgType", _KIND[alert.state])
    add(root, "scope", "Public")
    if alert.version > 1:
        earlier = enumerate(alert.issued[:-1], start=1)
        add(
            root,
            "references",
            " ".join(f"{publisher.id},{_identifier(alert, number)},{cap_time(sent)}" for number, sent in earlier),
        )
    for language, words in sorted(alert.words.items()):
        _info(root, alert, publisher, language=language, words=words, where=where.get(language, ""))
    return document(root)


def _info(root: Element, alert: Alert, publisher: Publisher, *, language: str, words: Words, where: str) -> None:
    info = add(root, "info")
    add(info, "language", language)
    add(info, "category", "Security")
    add(info, "event", alert.topic)
    add(info, "urgency", "Unknown")
    add(info, "severity", "Unknown")
    add(info, "certainty", "Unknown" if alert.confidence is None else _CERTAINTY[alert.confidence])
    add(info, "expires", cap_time(alert.current_until))
    add(info, "senderName", publisher.name)
    add(info, "headline", words.title)
    add(info, "description", words.text)
    if words.advice:
        add(info, "instruction", words.advice)
    reported = "/".join(cap_time(moment) for moment in (alert.when, alert.when + BUCKET_SECONDS))
    for name, value in (("veladora:confidence", alert.how_sure), ("veladora:reported", reported)):
        if value:
            parameter = add(info, "parameter")
            add(parameter, "valueName", name)
            add(parameter, "value", value)
    area = add(info, "area")
    add(area, "areaDesc", f"{where} (H3 {alert.cell.index})" if where else f"H3 {alert.cell.index}")
    for ring in alert.cell.rings():
        add(area, "polygon", " ".join(f"{latitude:.6f},{longitude:.6f}" for longitude, latitude in ring))
    geocode = add(area, "geocode")
    add(geocode, "valueName", "H3")
    add(geocode, "value", alert.cell.index)


def _identifier(alert: Alert, version: int) -> str:
    return f"{alert.id}-{version}"
