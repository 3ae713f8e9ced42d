"""What the site says besides the alerts, in Spanish and in English.

Pure: no clock, no disk, no chance.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from forwarder.desk.publish.alert import CURRENT_SECONDS, Alert, State
from forwarder.desk.publish.moments import DAY_SECONDS
from forwarder.desk.publish.phrases import CONFIDENCE
from forwarder.desk.publish.safety import BUCKET_SECONDS
from forwarder.desk.publish.site.marks import SURE, Mark
from forwarder.desk.publish.site.where import Where

# How many places are named for one cell.
NAMED_MAX: Final = 4
OLD_DAYS: Final = CURRENT_SECONDS // DAY_SECONDS
TEXTS: Final[dict[str, dict[str, str]]] = {
    "es": {
        "title": "Alertas de {publisher}",
        "other_language": "English",
        "skip": "Ir al contenido",
        "home": "Todas las alertas",
        "about": "Lo que vieron personas que no damos a conocer, revisado por {publisher}. De cada alerta se dice una "
        "zona y en qué seis horas llegó el primer reporte, y nada más fino. Cuándo pasó sólo lo dicen sus palabras.",
        "none": "Por ahora no hay alertas.",
        "map": "Mapa",
        "map_alt": "Mapa de {country} con las zonas que tienen alertas: {count}. Las mismas alertas están en la lista.",
        "place_map_alt": "Mapa de los alrededores de {place} con las zonas que tienen alertas: {count}. Las mismas "
        "alertas están en la lista.",
        "outside": "Fuera del mapa quedan estas zonas con alertas: {count}. Están en la lista.",
        "legend": "Qué significa cada signo",
        "zoom_in": "Acercar",
        "zoom_out": "Alejar",
        "zoom_all": "Ver todo",
        "zoom_is": "Aumento:",
        "map_help": "Con el teclado: + y − para acercar y alejar, flechas para mover, 0 para ver todo.",
        "newest": "Lo más reciente",
        "changes": "Correcciones y retiros",
        "changes_none": "Ninguna alerta se ha corregido ni retirado.",
        "by_place": "Por ciudad",
        "by_topic": "Por tema",
        "by_month": "Por mes de publicación",
        "place_title": "Alertas en {place}",
        "topic_title": "Alertas sobre {topic}",
        "month_title": "Alertas publicadas en {month}",
        "place_note": "Aquí están las alertas cuya zona incluye este lugar, o que quedan cerca de él. Una zona grande "
        "puede incluir varios lugares.",
        "older": "Anteriores",
        "none_new": "No hay alertas nuevas.",
        "months_have": "Las demás están en las páginas por mes",
        "old": "desde hace más de {days} días nadie ha dicho que siga igual",
        "issued": "Lista del {day}. Vale hasta el {until}; después busque otra más nueva, porque en esta puede faltar "
        "lo que se corrigió o se retiró.",
        "what": "Tema",
        "where": "Zona",
        "when": "Reportada",
        "published": "Publicada",
        "changed": "Último cambio",
        "advice": "Qué hacer",
        "link": "Enlace a esta alerta",
        "area": "una celda de unos {area} km²",
        "within": "incluye {places}",
        "near": "cerca de {place}",
        "far": "lejos de los lugares de la lista",
        "more": "y {count} más",
        "and": "y",
        "utc": "Las horas son UTC; en el centro de México son seis menos.",
        "feeds": "Para recibirlas",
        "feeds_here": "Sólo las de este lugar",
        "verify": "Cómo comprobar estas alertas",
        "sources": "De dónde vienen los mapas y los nombres",
        "licence": "Licencia",
        "in_other": "en inglés",
        "cells": "Zonas con alertas",
        "alerts_here": "alertas: {count}",
    },
    "en": {
        "title": "Alerts of {publisher}",
        "other_language": "Español",
        "skip": "Skip to the content",
        "home": "All alerts",
        "about": "What people whom we do not name have seen, checked by {publisher}. Of each alert an area is told, "
        "and in which six hours the first report came, and nothing finer. When it happened only its words say.",
        "none": "There are no alerts now.",
        "map": "Map",
        "map_alt": "Map of {country} with the areas that have alerts: {count}. The same alerts are in the list.",
        "place_map_alt": "Map of what lies around {place}, with the areas that have alerts: {count}. The same alerts "
        "are in the list.",
        "outside": "These areas with alerts are outside of the map: {count}. They are in the list.",
        "legend": "What each sign means",
        "zoom_in": "Closer",
        "zoom_out": "Farther",
        "zoom_all": "Show all",
        "zoom_is": "Zoom:",
        "map_help": "With the keyboard: + and − for closer and farther, arrows to move, 0 to show all.",
        "newest": "The newest",
        "changes": "Corrections and withdrawals",
        "changes_none": "No alert has been corrected or withdrawn.",
        "by_place": "By city",
        "by_topic": "By topic",
        "by_month": "By month of publication",
        "place_title": "Alerts in {place}",
        "topic_title": "Alerts about {topic}",
        "month_title": "Alerts published in {month}",
        "place_note": "Here are the alerts whose area includes this place, or that are near it. A large area may "
        "include several places.",
        "older": "Earlier ones",
        "none_new": "There are no new alerts.",
        "months_have": "The others are on the pages by month",
        "old": "for more than {days} days nobody has said that it still holds",
        "issued": "List of {day}. It is good until {until}; after that look for a newer one, since what was corrected "
        "or withdrawn may be missing in this one.",
        "what": "Topic",
        "where": "Area",
        "when": "Reported",
        "published": "Published",
        "changed": "Last change",
        "advice": "What to do",
        "link": "Link to this alert",
        "area": "a cell of some {area} km²",
        "within": "it includes {places}",
        "near": "near {place}",
        "far": "far from the places of the list",
        "more": "and {count} more",
        "and": "and",
        "utc": "Hours are UTC; in central Mexico it is six hours earlier.",
        "feeds": "To receive them",
        "feeds_here": "Those of this place only",
        "verify": "How to verify these alerts",
        "sources": "Where maps and names come from",
        "licence": "Licence",
        "in_other": "in Spanish",
        "cells": "Areas with alerts",
        "alerts_here": "alerts: {count}",
    },
}
STATES: Final = {
    "es": {State.PUBLISHED: "", State.CORRECTED: "Corregida", State.WITHDRAWN: "Retirada"},
    "en": {State.PUBLISHED: "", State.CORRECTED: "Corrected", State.WITHDRAWN: "Withdrawn"},
}
_VERSION: Final = {"es": "versión {}", "en": "version {}"}
MARKS: Final = {
    "es": {
        **{mark: CONFIDENCE["es"][sure].capitalize() for mark, sure in SURE.items()},
        Mark.OLD: f"De hace más de {OLD_DAYS} días",
        Mark.WITHDRAWN: "Retirada: ya no vale",
    },
    "en": {
        **{mark: CONFIDENCE["en"][sure].capitalize() for mark, sure in SURE.items()},
        Mark.OLD: f"More than {OLD_DAYS} days old",
        Mark.WITHDRAWN: "Withdrawn: no longer valid",
    },
}
_MONTHS: Final = {
    "es": [
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ],
    "en": [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
}


def state_line(alert: Alert, language: str) -> str:
    """`Corregida (versión 3)`, or nothing for an alert as it was first published."""
    said = STATES[language][alert.state]
    return f"{said} ({_VERSION[language].format(alert.version)})" if said else ""


def span_line(when: int, language: str) -> str:
    """A bucket: `23 de noviembre de 2026, 06:00–12:00 UTC`."""
    begin, end = (datetime.fromtimestamp(moment, UTC) for moment in (when, when + BUCKET_SECONDS))
    # The last bucket of a day ends at midnight, which is 24:00 of that day.
    until = f"{end:%H:%M}" if end.date() == begin.date() else "24:00"
    return f"{_day(begin, language)}, {begin:%H:%M}–{until} UTC"


def hour_line(moment: int, language: str) -> str:
    """The hour in which a version was issued: `23 de noviembre de 2026, 06:00 UTC`."""
    then = datetime.fromtimestamp(moment, UTC)
    return f"{_day(then, language)}, {then:%H}:00 UTC"


def day_line(moment: int, language: str) -> str:
    """The day of a moment (UTC): `23 de noviembre de 2026`."""
    return _day(datetime.fromtimestamp(moment, UTC), language)


def places_line(where: Where, names: Mapping[str, str], language: str, *, most: int = NAMED_MAX) -> str:
    """`incluye A, B y 3 más`, or what it is near to. `names`: of places by their ids."""
    said = TEXTS[language]
    if not where.within:
        return said["near"].format(place=names[where.near.id]) if where.near else said["far"]
    named = [names[place.id] for place in where.within[:most]]
    more = len(where.within) - len(named)
    return said["within"].format(places="; ".join(named) + (" " + said["more"].format(count=more) if more else ""))


def month_line(month: str, language: str) -> str:
    """`2026-11` in words."""
    year, number = month.split("-")
    said = _MONTHS[language][int(number) - 1]
    return f"{said} de {year}" if language == "es" else f"{said} {year}"


def topic_line(topic: str, names: Mapping[str, Mapping[str, str]], language: str) -> str:
    """The name of a topic, or its id in words where the desk has given none."""
    return names.get(topic, {}).get(language) or topic.replace("-", " ")


def _day(then: datetime, language: str) -> str:
    month = _MONTHS[language][then.month - 1]
    return f"{then.day} de {month} de {then.year}" if language == "es" else f"{then.day} {month} {then.year}"
