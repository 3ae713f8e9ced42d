"""What a person types about an alert, read from its form: each fault at its field, and nothing typed is lost."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from forwarder.desk.publish.alert import Words
from forwarder.desk.publish.errors import NotAnAlert
from forwarder.desk.publish.places import Gazetteer
from forwarder.desk.publish.safety import REASON_MAX
from forwarder.desk.publish.stored import Wording
from forwarder.desk.web.catalogues import msg
from forwarder.desk.web.forms import Form

PARTS: Final = ("title", "text", "advice")
OTHERS: Final = ("topic", "place", "confirmed_by", "hurry", "note")


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed, what it asks for when it can be understood, and else a fault for each field."""

    typed: Mapping[str, str]
    wording: Wording | None = None
    faults: Mapping[str, str] = field(default_factory=dict)


def blank(languages: tuple[str, ...]) -> Typed:
    """Nothing typed yet."""
    return Typed(dict.fromkeys((*_names(languages), *OTHERS), ""))


def as_before(words: Mapping[str, Words], languages: tuple[str, ...]) -> Typed:
    """The words that are out, to be mended."""
    said = {
        f"{part}_{language}": getattr(words[language], part)
        for language in languages
        if language in words
        for part in PARTS
    }
    return Typed({**blank(languages).typed, **said})


def typed(form: Form, *, languages: tuple[str, ...], gazetteer: Gazetteer) -> Typed:
    """What the form says."""
    said = {name: form.text(name) for name in (*_names(languages), *OTHERS)}
    faults: dict[str, str] = {}
    words = {language: found for language in languages if (found := _words(said, language, faults)) is not None}
    place = _place(said["place"].strip(), gazetteer)
    if place is None:
        faults["place"] = msg("No está en la lista de lugares. Elija uno de los que se ofrecen al escribir.")
    confirmed_by = form.number("confirmed_by")
    if said["confirmed_by"].strip() and confirmed_by is None:
        faults["confirmed_by"] = msg("Un número de organizaciones, sólo cifras.")
    if len(said["hurry"]) > REASON_MAX:
        faults["hurry"] = msg("El motivo es demasiado largo.")
    if faults or place is None:
        return Typed(said, faults=faults)
    wording = Wording(
        words, topic=said["topic"].strip(), place=place, confirmed_by=confirmed_by, hurry=said["hurry"].strip()
    )
    return Typed(said, wording)


def _names(languages: tuple[str, ...]) -> list[str]:
    return [f"{part}_{language}" for language in languages for part in PARTS]


def _words(said: Mapping[str, str], language: str, faults: dict[str, str]) -> Words | None:
    title, text, advice = (said[f"{part}_{language}"] for part in PARTS)
    if not title.strip():
        faults[f"title_{language}"] = msg("Falta el título.")
    if not text.strip():
        faults[f"text_{language}"] = msg("Falta el texto.")
    if f"title_{language}" in faults or f"text_{language}" in faults:
        return None
    try:
        return Words.cleaned(title=title, text=text, advice=advice)
    except NotAnAlert:
        faults[f"text_{language}"] = msg(
            "El título tiene hasta 120 letras; el texto y el consejo, hasta 4000 cada uno."
        )
        return None


def _place(named: str, gazetteer: Gazetteer) -> str | None:
    """The id of a place that was named by its name or its id; empty when none was named, None when there is none."""
    if not named or named in gazetteer.places:
        return named
    return next((one for one, name in gazetteer.names.items() if name.casefold() == named.casefold()), None)
