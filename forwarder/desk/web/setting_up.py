"""What a new desk is asked, checked field by field: the same rules as desk.toml's, and each fault at its own field."""

import re
import tomllib
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from msgspec import structs

from crypto.errors import CryptoError
from crypto.words import WORDS
from forwarder.desk.config import NAME_MAX, PartnerSettings, RelaySettings
from forwarder.desk.passphrases import Flaw, flaw
from forwarder.desk.web.catalogues import msg
from forwarder.desk.web.forms import Form, whole_number

#: Words that every keyboard types alike.
PLAIN_WORDS: Final = tuple(word for word in WORDS if word.isascii())
OFFERED: Final = 6
PASTED_MAX: Final = 4_096
ID_MAX: Final = 64
NUMBERS: Final = ("round_seconds", "letters", "parcels", "parcel_every", "keep_rounds")
RELAY_FIELDS: Final = ("identity", "card", *NUMBERS, "partners_onion")

_GOOD: Final[Mapping[str, object]] = {"identity": "d7" + "5a" * 31, "card": f"{'a' * 56}.onion#{'0' * 64}"}
_ADVICE: Final[Mapping[str, str]] = {
    "identity": msg("Son 64 cifras y letras de la a a la f. Cópielas completas de lo que le mandó el operador."),
    "card": msg("Es la tarjeta del relevo, completa: 56 letras y números, .onion, # y otras 64 cifras y letras."),
    "round_seconds": msg("Es un número entero de 5 a 86400. Lo común es 900."),
    "letters": msg("Es un número entero de 1 a 1024. Lo común es 64."),
    "parcels": msg("Es un número entero de 1 a 1024. Lo común es 16."),
    "parcel_every": msg("Es un número entero de 1 a 96. Lo común es 4."),
    "keep_rounds": msg("Es un número entero de 4 a 100000. Lo común es 672, una semana."),
    "partners_onion": msg("Son 56 letras y números y .onion al final, o nada si el operador no la dio."),
}
_FLAWS: Final[Mapping[Flaw, str]] = {
    Flaw.SHORT: msg("Es muy corta. Use las seis palabras de arriba, u otras seis elegidas al azar."),
    Flaw.ALIKE: msg("Casi todos sus signos son iguales. Use las seis palabras de arriba."),
    Flaw.LONG: msg("Es demasiado larga."),
    Flaw.UNSEEN: msg("Tiene signos que no se ven."),
}

# What is left of a message may stand before a line: marks of quoting, and the # of the settings file. No value has a
# space in it, and a long one may have been put on a line of its own.
_LINE: Final = re.compile(r"^[>#\s]*([A-Za-z_]+)[^\S\n]*=[^\S\n]*(?:\n[>#\s]*)?(\S+)", re.MULTILINE)
_QUOTES: Final = "\"'“”„«»‘’"

Choose = Callable[[Sequence[str]], str]


@dataclass(frozen=True, slots=True)
class Checked:
    """What was typed, what it means when all of it is right, and else a fault for each field."""

    typed: Mapping[str, str]
    faults: Mapping[str, str] = field(default_factory=dict)
    partner: PartnerSettings | None = None
    relay: RelaySettings | None = None


def offered_passphrase(choose: Choose) -> str:
    """Six words drawn by `choose` from a list that everybody may know; each one adds some ten bits."""
    return " ".join(choose(PLAIN_WORDS) for _ in range(OFFERED))


def id_from(name: str) -> str:
    """A short id made of a name's letters; empty when it has none."""
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", letters).strip("-")[:ID_MAX].rstrip("-")


def check_partner(form: Form) -> Checked:
    """The name and id of a new desk, and its passphrase typed twice."""
    name, partner_id = " ".join(form.word("name").split()), form.word("id").lower()
    typed = {"name": form.text("name"), "id": partner_id or id_from(name)}
    faults = {}
    if not (0 < len(name) <= NAME_MAX and name.isprintable()):
        faults["name"] = msg("Escriba el nombre de su organización, en una línea.")
    elif _partner(typed["id"], name) is None:
        faults["id"] = msg("Sólo letras pequeñas sin acentos, números y guiones, y empieza con letra o número.")
    passphrase = form.text("passphrase")
    if (wrong := flaw(passphrase)) is not None:
        faults["passphrase"] = _FLAWS[wrong]
    elif form.text("again") != passphrase:
        faults["again"] = msg("No es igual a la de arriba. Escríbala otra vez, despacio.")
    return Checked(typed, faults, partner=None if faults else _partner(typed["id"], name))


def check_relay(form: Form) -> Checked:
    """The relay's lines, each in its field."""
    typed = {name: form.word(name) for name in RELAY_FIELDS}
    values = {name: whole_number(typed[name]) if name in NUMBERS else typed[name] for name in RELAY_FIELDS}
    faults = {name: _ADVICE[name] for name in RELAY_FIELDS if _relay({**_GOOD, name: values[name]}) is None}
    relay = None if faults else _relay(values)
    if relay is None and not faults:
        faults["identity"] = _ADVICE["identity"]
    return Checked(typed, faults, relay=relay)


def check_pasted(form: Form) -> Checked:
    """The relay's lines as they were pasted together, put into their fields for a person to look at."""
    pasted = form.text("pasted")
    typed = {name: form.word(name) for name in RELAY_FIELDS} | {"pasted": pasted}
    lines = _lines(pasted) if len(pasted) <= PASTED_MAX else {}
    if not lines:
        return Checked(typed, {"pasted": msg("Ahí no están las líneas del relevo. Cópielas completas del mensaje.")})
    if not lines.keys() <= set(RELAY_FIELDS):
        return Checked(typed, {"pasted": msg("Hay líneas que no son de las que se piden. Quítelas.")})
    if any(len(values) > 1 for values in lines.values()):
        return Checked(typed, {"pasted": msg("Hay dos líneas del mismo nombre que no dicen lo mismo. Quite la vieja.")})
    found = {name: value for name, (value, *_) in lines.items()}
    return Checked(typed | found | {"pasted": ""})


def check_onion(form: Form, relay: RelaySettings) -> Checked:
    """Where the desk may come for what it missed, which the operator told later; the whole block is taken too."""
    pasted = form.word("partners_onion")
    typed = {"partners_onion": pasted}
    values = _lines(pasted).get("partners_onion", (pasted,)) if len(pasted) <= PASTED_MAX else ()
    try:
        (onion,) = values
        found = structs.replace(relay, partners_onion=onion)
    except ValueError:
        found = relay
    if not found.partners_onion:
        fault = msg(
            "Son 56 letras y números y .onion al final. Pegue la línea partners_onion que le mandó el operador."
        )
        return Checked(typed, {"partners_onion": fault})
    return Checked(typed, relay=found)


def _lines(pasted: str) -> Mapping[str, tuple[str, ...]]:
    """The values of each `name = value` line, wherever in a message they stand; a line that is none is passed by.

    A name that is not one of ours counts only where its value is written as in desk.toml: then it is a misspelt
    setting, and not a word of the message.
    """
    found: dict[str, dict[str, None]] = {}
    for name, value in _LINE.findall(pasted):
        if name in RELAY_FIELDS or _is_setting(name, value):
            found.setdefault(name, {})[value.strip(_QUOTES)] = None
    return {name: tuple(values) for name, values in found.items()}


def _is_setting(name: str, value: str) -> bool:
    try:
        return bool(tomllib.loads(f"{name} = {value}"))
    except (tomllib.TOMLDecodeError, RecursionError):
        return False


def _partner(partner_id: str, name: str) -> PartnerSettings | None:
    try:
        return PartnerSettings(id=partner_id, name=name)
    except ValueError:
        return None


def _relay(values: Mapping[str, object]) -> RelaySettings | None:
    """The settings, when a desk would accept them."""
    if any(value is None for value in values.values()):
        return None
    try:
        relay = RelaySettings(**values)  # type: ignore[arg-type]
        relay.verifying_key  # noqa: B018 - not every number of that length is a key
    except (ValueError, TypeError, CryptoError):
        return None
    return relay
