"""A preview says in words exactly what would leave the desk, what stays, and why it is safe (docs/spec/alerts.md).

Pure: no clock, no disk, no chance. What it shows of an alert is what the feeds say, read from the same alert.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from forwarder.desk.publish.alert import Alert, State
from forwarder.desk.publish.moments import zulu
from forwarder.desk.publish.phrases import confidence_line, reported_line
from forwarder.desk.publish.room import WITHDRAWN_DAYS
from forwarder.desk.publish.safety import Confidence, Leave, Reason, Refusal

TOWNS_MAX: Final = 12
NO_NAME: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True)
class Preview:
    """Lines for a person: what leaves, why it is safe, and what stays here."""

    leaves: tuple[str, ...]
    why: tuple[str, ...]
    stays: tuple[str, ...]


_STATE: Final = {
    "es": {State.PUBLISHED: "publicada", State.CORRECTED: "corregida", State.WITHDRAWN: "retirada"},
    "en": {State.PUBLISHED: "published", State.CORRECTED: "corrected", State.WITHDRAWN: "withdrawn"},
}
_LEAVES: Final = {
    "es": "identificador {id}, versión {version}, {state}|tema: {topic}|zona: la celda {cell}, de unos {area} km²|"
    "{reported}: cuándo llegó el primer reporte, no cuándo pasó",
    "en": "id {id}, version {version}, {state}|topic: {topic}|area: the cell {cell}, of some {area} km²|"
    "{reported}: when the first report came, not when it happened",
}
_SURE: Final = {"es": "confianza: {}", "en": "confidence: {}"}
_STAYS: Final = {
    "es": (
        "los textos, adjuntos y rondas de los reportes",
        "cuántos reportes hay, y de cuántas organizaciones",
        "qué lugar dijeron los reportes, o usted",
        "el motivo de publicar sin esperar, si lo hubo",
    ),
    "en": (
        "the reports' texts, attachments and rounds",
        "how many reports there are, and of how many organisations",
        "which place the reports, or you, named",
        "the reason for not waiting, if there was one",
    ),
}
# The site finds them from the area alone (site/where.py).
_TOWNS: Final = {
    "es": {
        "named": "páginas y mensajes CAP la ponen con: {}",
        "more": "; y {} más",
        "none": "páginas y mensajes CAP no la ponen con ninguna ciudad",
        "unknown": "páginas y mensajes CAP la ponen con las ciudades que hay en esa zona",
    },
    "en": {
        "named": "pages and CAP messages put it with: {}",
        "more": "; and {} more",
        "none": "pages and CAP messages put it with no town",
        "unknown": "pages and CAP messages put it with the towns in that area",
    },
}
_CALLED: Final = {
    "es": "las páginas ({language}) llaman así al tema: {name}",
    "en": "the pages ({language}) call the topic: {name}",
}
_WHY: Final = {
    "es": {
        "cell": "la zona no es más fina que la resolución de esta mesa ({resolution})",
        "coarser": "la zona se agrandó hasta que en ella hubo al menos {k} reportes",
        "enough": "en la zona hay al menos {k} reportes",
        "confirmed": "está confirmada, así que no depende del número de reportes",
        "bucket": "del tiempo sólo se dice en qué seis horas llegó el primer reporte",
        "waited": "viene de una sola fuente y esperó {hours} horas",
        "kept": "viene de una sola fuente y no espera: la zona y el tiempo ya son públicos, y no se dicen más finos",
        "override": "viene de una sola fuente y no esperó, por decisión de una persona: {reason}",
        "waits": "viene de una sola fuente y espera hasta {leaves_at} UTC; hasta entonces no sale nada",
        "withdrawn": "deja de decirse lo que decía y qué tan seguro era; de la zona sólo queda la celda más grande "
        "que la rodea",
        "stays": "quedan el tema y las seis horas en que llegó el primer reporte; a los {days} días sale de las listas",
        "words": "ningún programa entiende los textos: léalos pensando en quién pudo contar esto",
    },
    "en": {
        "cell": "the area is not finer than this desk's resolution ({resolution})",
        "coarser": "the area was made larger until at least {k} reports were in it",
        "enough": "at least {k} reports are in the area",
        "confirmed": "it is confirmed, so it does not depend on the number of reports",
        "bucket": "of the time only the six hours are told in which the first report came",
        "waited": "it comes from one source and has waited {hours} hours",
        "kept": "it comes from one source and does not wait: area and time are public already, and are told no finer",
        "override": "it comes from one source and did not wait, by a person's decision: {reason}",
        "waits": "it comes from one source and waits until {leaves_at} UTC; until then nothing leaves",
        "withdrawn": "what it said and how sure it was is said no longer; of the area only the largest cell around it "
        "stays",
        "stays": "topic and the six hours in which the first report came stay; after {days} days it leaves the lists",
        "words": "no program understands the texts: read them thinking of who can have told this",
    },
}
_REFUSED: Final = {
    "es": {
        Reason.NO_REPORTS: "no hay reportes en este incidente",
        Reason.FALSE: "el incidente resultó falso",
        Reason.TOO_FEW: "hay menos reportes de los que se necesitan y nadie lo confirmó: espere otros o confírmelo",
        Reason.TOO_FAR_APART: "muy pocos de sus reportes son de una misma zona y nadie lo confirmó: "
        "divídalo o confírmelo",
        Reason.TOO_SOON: "todo viene de una sola fuente: espere, o decida no esperar y diga por qué",
        Reason.IN_THE_FUTURE: "hacen falta reportes de una ronda que no ha terminado: espere, o ponga el reloj en hora",
    },
    "en": {reason: reason.value for reason in Reason},
}


def preview(
    alert: Alert,
    leave: Leave | None,
    *,
    language: str,
    leaves_at: int = 0,
    towns: Sequence[str] | None = None,
    named: Mapping[str, str] = NO_NAME,
) -> Preview:
    """What `alert` would tell the world, in `language` ("es" or "en"), and why that is safe.

    `leave` is None for a withdrawal; `leaves_at`: until when it waits, in seconds since 1970, or 0. `towns`: those that
    the site names because of its area; None when they are not known here. `named`: what it calls the topic.
    """
    said = _LEAVES[language].format(
        id=alert.id,
        version=alert.version,
        state=_STATE[language][alert.state],
        topic=alert.topic,
        cell=alert.cell.index,
        area=f"{alert.cell.square_kilometres:.1f}",
        reported=reported_line(alert, language),
    )
    sure = [_SURE[language].format(line)] if (line := confidence_line(alert, language)) else []
    texts = [
        f"{spoken}: {line}"
        for spoken, words in sorted(alert.words.items())
        for part in (words.title, words.text, words.advice)
        for line in part.splitlines()
        if line.strip()
    ]
    leaves = (*said.split("|"), *sure, _towns(towns, language), *_called(named, language), *texts)
    return Preview(leaves, tuple(_why(leave, language, leaves_at)), _STAYS[language])


def _towns(towns: Sequence[str] | None, language: str) -> str:
    if not towns:
        return _TOWNS[language]["unknown" if towns is None else "none"]
    more = _TOWNS[language]["more"].format(len(towns) - TOWNS_MAX) if len(towns) > TOWNS_MAX else ""
    return _TOWNS[language]["named"].format("; ".join(towns[:TOWNS_MAX]) + more)


def _called(named: Mapping[str, str], language: str) -> list[str]:
    """Every name, in whatever language: all of them leave. Where there is none the pages show the id."""
    return [_CALLED[language].format(language=spoken, name=name) for spoken, name in sorted(named.items()) if name]


def refused(refusal: Refusal, *, language: str) -> str:
    """Why nothing may leave, in one sentence for a person."""
    said = _REFUSED[language][refusal.reason]
    return f"{said} ({refusal.hours} h)" if refusal.hours else said


def _why(leave: Leave | None, language: str, leaves_at: int) -> list[str]:
    if leave is None:
        return [_WHY[language][ground].format(days=WITHDRAWN_DAYS) for ground in ("withdrawn", "stays", "words")]
    policy = leave.policy
    grounds = ["cell"]
    if leave.kept and leave.confidence is Confidence.UNCONFIRMED:
        grounds.append("enough")
    elif leave.confidence is not Confidence.UNCONFIRMED:
        grounds.append("confirmed")
    else:
        grounds.append("coarser" if leave.cell.resolution < policy.resolution else "enough")
    grounds.append("bucket")
    if leave.kept:
        grounds.append("kept")
    elif leave.single_source:
        grounds.append("override" if leave.override else "waits" if leaves_at else "waited")
    facts = {
        "resolution": policy.resolution,
        "k": policy.k,
        "hours": policy.wait_hours,
        "reason": leave.override,
        "leaves_at": zulu(leaves_at),
    }
    return [_WHY[language][ground].format(**facts) for ground in (*grounds, "words")]
