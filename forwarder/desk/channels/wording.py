"""What a channel says of an alert: words of the alert and nothing else, whole or shortened, never without its id.

Pure: no clock, no disk, no chance. Corrections and withdrawals say in their first word that they are one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from forwarder.desk.errors import BadChannel
from forwarder.desk.publish.alert import Alert, State, newest_first
from forwarder.desk.publish.phrases import about, confidence_line

LONGEST: Final = 8_000
SHORTENED: Final = "…"
# Less than this says nothing.
SHORTEST: Final = 30
ID_LEN: Final = 32
SHORT_ID_LEN: Final = 8
BEGIN: Final = "<!-- veladora: begin -->"
END: Final = "<!-- veladora: end -->"

# From a beginning to the next end with no other beginning between: a mark that somebody has lost takes no text along.
_OURS: Final = re.compile(f"{re.escape(BEGIN)}(?:(?!{re.escape(BEGIN)}).)*?{re.escape(END)}", re.DOTALL)

_STATE: Final = {
    "es": {State.PUBLISHED: "ALERTA", State.CORRECTED: "CORREGIDA", State.WITHDRAWN: "RETIRADA"},
    "en": {State.PUBLISHED: "ALERT", State.CORRECTED: "CORRECTED", State.WITHDRAWN: "WITHDRAWN"},
}
_NONE: Final = {"es": "Ninguna alerta vigente.", "en": "No alert at present."}
_SUMMARY: Final = {"es": "Alerta {id}, versión {version}", "en": "Alert {id}, version {version}"}


@dataclass(frozen=True, slots=True)
class Said:
    """A title, empty where a service has none, and a text."""

    title: str
    body: str


def said(alert: Alert, *, language: str, title_max: int, body_max: int, address: str) -> Said:
    """`alert` as a post of at most so many characters (0: a service without titles, or without a limit of its own).

    `address`: where readers find all alerts; empty when nobody serves them. State, confidence, id and address are in it
    whatever must be shortened. Raises BadChannel where they do not fit.
    """
    words = alert.in_language(language)
    head = f"{_STATE[language][alert.state]}: {words.title}"
    most = min(body_max or LONGEST, LONGEST)
    title = ""
    if title_max >= SHORTEST:
        # Many services count title and text together.
        title = _shortened(head, min(title_max, most // 2))
        head, most = "", most - len(title) - 1
    text = [part for part in (head, words.text, words.advice) if part]
    whole = "\n\n".join([*text, _about(alert, language), _tail(alert, address, ID_LEN)])
    if len(whole) <= most:
        return Said(title, whole)
    tail = "\n".join(filter(None, (confidence_line(alert, language), _tail(alert, address, SHORT_ID_LEN))))
    room = most - len(tail) - 1
    if room < SHORTEST:
        raise BadChannel(f"a post there has at most {body_max} characters: too few for an alert and where to find it")
    return Said(title, f"{_shortened(_line(text), room)}\n{tail}")


def page_text(alerts: Sequence[Alert], *, language: str, address: str) -> str:
    """Our part of a wiki page: every alert given, the newest first. Nothing in it acts as markup of the wiki."""
    ordered = newest_first(alerts)
    parts = [BEGIN]
    for alert in ordered:
        words = alert.in_language(language)
        head = f"{_STATE[language][alert.state]}: {words.title}"
        texts = (words.text, words.advice, _about(alert, language), f"id {alert.id} v{alert.version}")
        parts += [f"== {in_wikitext(head)} ==", *(in_wikitext(one) for one in texts if one)]
    if not ordered:
        parts.append(_NONE[language])
    if address:
        parts.append(in_wikitext(address))
    return "\n\n".join([*parts, END])


def placed(page: str, ours: str) -> str:
    """`page` with our part in the place of the one that was there, or at its end; the rest is others' and stays."""
    if _OURS.search(page):
        return _OURS.sub(lambda _: ours, page, count=1)
    return f"{page.rstrip()}\n\n{ours}".lstrip() + "\n"


def summary(alert: Alert, *, language: str) -> str:
    """What the wiki's history says of the change."""
    return _SUMMARY[language].format(id=alert.id, version=alert.version)


def in_wikitext(text: str) -> str:
    """`text` in which nothing is markup or becomes a link: every sign that could act is written as its number."""
    return "<br />".join(
        "".join(one if one.isalnum() or one in " ,.()/" else f"&#{ord(one)};" for one in line.strip())
        for line in text.split("\n")
    )


def _about(alert: Alert, language: str) -> str:
    return ", ".join(about(alert, language))


def _tail(alert: Alert, address: str, digits: int) -> str:
    return "\n".join(part for part in (address, f"id {alert.id[:digits]} v{alert.version}") if part)


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + SHORTENED


def _line(parts: Sequence[str]) -> str:
    return " · ".join(" ".join(part.split()) for part in parts)
