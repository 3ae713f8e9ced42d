"""What a new desk is asked, checked field by field: the same rules as desk.toml's, and each fault at its own field."""

import re
import tomllib
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from crypto.errors import CryptoError
from crypto.words import WORDS
from forwarder.desk.config import NAME_MAX, PartnerSettings, RelaySettings
from forwarder.desk.web.catalogues import msg
from forwarder.desk.web.forms import Form, whole_number

#: Words that every keyboard types alike.
PLAIN_WORDS: Final = tuple(word for word in WORDS if word.isascii())
OFFERED: Final = 6
PASSPHRASE_MIN: Final = 16
PASSPHRASE_MAX: Final = 1_024
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
    if len(passphrase) < PASSPHRASE_MIN:
        faults["passphrase"] = msg("Es muy corta. Use las seis palabras de arriba, u otras seis elegidas al azar.")
    elif len(passphrase) > PASSPHRASE_MAX or not passphrase.isprintable():
        faults["passphrase"] = msg("Es demasiado larga, o tiene signos que no se ven.")
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
    lines = _lines(pasted) if len(pasted) <= PASTED_MAX else None
    if not lines:
        return Checked(typed, {"pasted": msg("Ahí no están las líneas del relevo. Cópielas completas del mensaje.")})
    if not lines.keys() <= set(RELAY_FIELDS):
        return Checked(typed, {"pasted": msg("Hay líneas que no son de las que se piden. Quítelas.")})
    found = {name: str(lines[name]) for name in RELAY_FIELDS if name in lines}
    return Checked(typed | found | {"pasted": ""})


def _lines(pasted: str) -> Mapping[str, object] | None:
    """The values of `name = value` lines, with `[relay]` before them or without; None when they are none."""
    # What is left of a message: marks of quoting, and the # of the settings file.
    plain = "\n".join(re.sub(r"^[>#\s]+", "", line) for line in pasted.splitlines())
    try:
        found = tomllib.loads(plain)
    except (tomllib.TOMLDecodeError, RecursionError):
        return None
    inner = found.get("relay", found)
    return inner if isinstance(inner, dict) else None


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
