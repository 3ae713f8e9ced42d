"""Alerts as an Atom feed (RFC 4287), one for each language, newest first.

Pure: no clock, no disk, no chance; the same bytes for the same alerts. A correction or a withdrawal is the same entry
with a later `updated`, so readers replace what they showed. All texts are plain text: a reader has no markup to
interpret.
"""

import hashlib
from collections.abc import Sequence
from typing import Final
from xml.etree.ElementTree import Element

from forwarder.desk.publish.alert import Alert, State, newest_first
from forwarder.desk.publish.moments import zulu
from forwarder.desk.publish.phrases import about
from forwarder.desk.publish.publisher import Publisher
from forwarder.desk.publish.xml_text import XML_LANG, add, document

MEDIA_TYPE: Final = "application/atom+xml"

_TITLE: Final = {"es": "Alertas de {}", "en": "Alerts of {}"}
_TITLE_THERE: Final = {"es": "Alertas de {}: {}", "en": "Alerts of {}: {}"}
_STATE: Final = {
    "es": {State.PUBLISHED: "", State.CORRECTED: "Corregida: ", State.WITHDRAWN: "Retirada: "},
    "en": {State.PUBLISHED: "", State.CORRECTED: "Corrected: ", State.WITHDRAWN: "Withdrawn: "},
}


def atom(
    alerts: Sequence[Alert], publisher: Publisher, *, language: str, name: str, place: tuple[str, str] | None = None
) -> bytes:
    """The feed in `language`; `name` is the name of its own file, for its link to itself. `place`: id and name of the
    place that all of these alerts are about, if there is one."""
    root = Element("feed", {"xmlns": "http://www.w3.org/2005/Atom", XML_LANG: language})
    title = (
        _TITLE_THERE[language].format(publisher.name, place[1]) if place else _TITLE[language].format(publisher.name)
    )
    add(root, "title", title)
    label = f"veladora v1 feed {publisher.id} {language}" + (f" {place[0]}" if place else "")
    add(root, "id", _urn(hashlib.sha256(label.encode()).hexdigest()[:32]))
    add(root, "updated", zulu(max((alert.issued[-1] for alert in alerts), default=0)))
    add(add(root, "author"), "name", publisher.name)
    add(root, "link", rel="self", type=MEDIA_TYPE, href=name)
    for alert in newest_first(alerts):
        _entry(root, alert, language)
    return document(root)


def _entry(root: Element, alert: Alert, language: str) -> None:
    words = alert.in_language(language)
    entry = add(root, "entry")
    add(entry, "title", f"{_STATE[language][alert.state]}{words.title}", type="text")
    add(entry, "id", _urn(alert.id))
    add(entry, "published", zulu(alert.issued[0]))
    add(entry, "updated", zulu(alert.issued[-1]))
    add(entry, "category", term=alert.topic)
    first = " ".join(map(_sentence, about(alert, language)))
    paragraphs = [first, words.text, *([words.advice] if words.advice else []), f"H3 {alert.cell.index}"]
    add(entry, "content", "\n\n".join(paragraphs), type="text")


def _sentence(line: str) -> str:
    return f"{line[0].upper()}{line[1:]}."


def _urn(digits: str) -> str:
    return "urn:uuid:" + "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
