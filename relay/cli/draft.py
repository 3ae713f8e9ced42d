"""A directory's draft is a TOML file that people can read; a misspelt key stops the signing (docs/spec/directory.md).

Whoever holds the root key reads this file before they sign, so it holds names and words, and the long keys stand in
files of their own beside it: a partner's card (`card_file`), whose words were compared, or a key alone (`key_file`).
"""

import base64
import json
import re
import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from crypto.directory import BundleSizes, Directory, Partner, Place, Relay, Topic, Words
from crypto.signing import VerifyingKey
from forwarder.errors import NotACard, NotAGazetteer
from forwarder.partner_card import CARD_MAX, PartnerCard
from forwarder.places.shipped import read_gazetteer
from onion_service.address import OnionAddress
from onion_service.errors import NotAnOnion, OnionServiceError
from onion_service.site import site_hashes

DRAFT_MAX: Final = 1_048_576
KEY_TEXT_MAX: Final = 16_384

EXAMPLE: Final = """\
expires = 2027-01-31          # the directory is refused from this day on (UTC)
# places_file = "mexico.json" # many places at once: veladora directory places > mexico.json

[[relays]]                    # one or two, in the order a report passes them
name = "Veladora Norte"
onion = "<56 characters>.onion"
id = "<64 hexadecimal digits: veladora keys show relay.key>"

[[partners]]
id = "red-norte"              # small letters, digits, hyphens
name = "Red Norte"
about = { es = "Personas desaparecidas", en = "Missing persons" }
card_file = "red-norte.txt"   # the card that the partner sent: veladora directory partner red-norte.txt

[[topics]]
id = "desaparicion"
name = { es = "Desaparición", en = "Disappearance" }

[[places]]
id = "sonora"
name = "Sonora"

[bundle]                      # cells that leave: letters each round, parcels every so many rounds
letters = 64
parcels = 16
parcel_every = 4

[site]                        # the page, as the relay's version of Veladora serves it: veladora directory site ROOT
"/" = "<64 hexadecimal digits>"
"""


class DraftRefused(OnionServiceError):
    """The draft says something that cannot be signed. Its writer must mend it; nothing was written."""

    hint = "mend the draft and sign again; `veladora directory example` prints one that is right"


@dataclass(frozen=True, slots=True)
class Draft:
    """What a draft describes: the directory that would be signed, and the cards whose keys are in it."""

    directory: Directory
    cards: tuple[PartnerCard, ...]


class _DraftPartner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    name: str
    about: Words
    card_file: str = ""
    key: str = ""
    key_file: str = ""
    signing: str = ""


class _Draft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    expires: Any  # a date or a moment; msgspec does not tell the two apart
    relays: list[Relay]
    partners: list[_DraftPartner]
    version: int | None = None
    topics: list[Topic] = []
    places: list[Place] = []
    places_file: str = ""
    bundle: BundleSizes = BundleSizes()
    round_seconds: int = 900
    attachments_max: int = 16_777_216
    site: dict[str, str] = {}


def read_draft(text: str, *, folder: Path, held_version: int, now: int) -> Draft:
    """The directory that a draft describes, one version above `held_version` unless the draft names a higher one.

    `folder`: where cards, `key_file`s and the `places_file` are looked for. Raises DraftRefused with the place of the
    mistake.
    """
    try:
        draft = msgspec.convert(tomllib.loads(text), type=_Draft)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, RecursionError) as error:
        raise DraftRefused(_in_words(str(error))) from error
    version = draft.version if draft.version is not None else held_version + 1
    if version <= held_version:
        raise DraftRefused(f"version {version} is not above {held_version}, which is signed already")
    expires = _seconds(draft.expires)
    if expires <= now:
        raise DraftRefused("it has expired already: `expires` lies in the past")
    _check_onions(draft.relays)
    cards = {one.id: _card(one, folder) for one in draft.partners if one.card_file}
    try:
        directory = Directory(
            expires=expires,
            partners=[_partner(partner, folder, cards.get(partner.id)) for partner in draft.partners],
            route=draft.relays,
            version=version,
            attachments_max=draft.attachments_max,
            bundle=draft.bundle,
            places=[*_listed_places(draft.places_file, folder), *draft.places],
            round_seconds=draft.round_seconds,
            site=draft.site,
            topics=draft.topics,
        )
    except ValueError as error:
        raise DraftRefused(str(error)) from error
    return Draft(directory, tuple(cards.values()))


def read_card(file: Path) -> PartnerCard:
    """The partner's card in `file`. Raises NotACard, or an OSError when it cannot be read."""
    with file.open("rb") as opened:
        wire = opened.read(CARD_MAX + 1)
    if len(wire) > CARD_MAX:
        raise NotACard(f"it is longer than {CARD_MAX} bytes")
    try:
        return PartnerCard.read(wire.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise NotACard("it is not UTF-8 text") from error


def blocks(card: PartnerCard, *, file: str) -> str:
    """What the operator writes of this card, which lies in `file`: for draft.toml, and for relay.toml."""
    draft = ["# draft.toml", "[[partners]]", f"id = {_quoted(card.id)}", f"name = {_quoted(card.name)}"]
    draft += ['about = { es = "…", en = "…" }', f"card_file = {_quoted(file)}"]
    relay = ["# relay.toml", "[[partner]]", f"id = {_quoted(card.id)}"]
    relay += [f"endpoint = {_quoted(card.endpoint)}"] if card.endpoint else []
    return "\n".join([*draft, "", *relay, f"pull_key = {_quoted(card.pull_key)}"])


def _quoted(text: str) -> str:
    # What JSON writes of printable text is the same string in TOML.
    return json.dumps(text, ensure_ascii=False)


def site_table(root: VerifyingKey) -> str:
    """The `[site]` table of a draft: the page that this version serves under `root`. Raises SiteBroken."""
    return "\n".join(["[site]", *(f'"{path}" = "{digest}"' for path, digest in site_hashes(root).items())])


def _listed_places(file: str, folder: Path) -> list[Place]:
    if not file:
        return []
    try:
        return read_gazetteer(folder / file).directory_places()
    except NotAGazetteer as error:
        raise DraftRefused(f"`places_file`: {error}") from error


def _card(partner: _DraftPartner, folder: Path) -> PartnerCard:
    try:
        card = read_card(folder / partner.card_file)
    except NotACard as error:
        raise DraftRefused(f"partner {partner.id!r}: {partner.card_file}: {error}") from error
    except OSError as error:
        raise DraftRefused(f"partner {partner.id!r}: {partner.card_file}: {error.strerror}") from error
    if card.id != partner.id:
        raise DraftRefused(f"partner {partner.id!r}: {partner.card_file} is the card of {card.id!r}")
    return card


def _partner(partner: _DraftPartner, folder: Path, card: PartnerCard | None) -> Partner:
    given = [name for name in ("card_file", "key", "key_file") if getattr(partner, name)]
    if len(given) != 1:
        raise DraftRefused(f"partner {partner.id!r} needs `card_file`, `key` or `key_file`, one of them")
    if card is not None and partner.signing:
        raise DraftRefused(f"partner {partner.id!r}: `signing` stands on its card; leave it out of the draft")
    key = card.key if card else partner.key or _key_text(folder / partner.key_file, partner.id)
    try:
        signing = (card.signing if card else partner.signing) or msgspec.UNSET
        return Partner(about=partner.about, id=partner.id, key=key, name=partner.name, signing=signing)
    except ValueError as error:
        raise DraftRefused(f"partner {partner.id!r}: {error}") from error


def _key_text(file: Path, partner: str) -> str:
    try:
        with file.open("rb") as opened:
            text = opened.read(KEY_TEXT_MAX).decode("ascii").strip()
        base64.b64decode(text, validate=True)
    except OSError as error:
        raise DraftRefused(f"partner {partner!r}: {file}: {error.strerror}") from error
    except ValueError as error:
        raise DraftRefused(
            f"partner {partner!r}: {file} does not hold a public key; "
            "make it with `veladora keys show --public KEY`, and never list a key file itself"
        ) from error
    return text


def _check_onions(relays: list[Relay]) -> None:
    for relay in relays:
        try:
            OnionAddress(relay.onion)
        except NotAnOnion as error:
            raise DraftRefused(f"relay {relay.name!r}: {error}") from error


def _seconds(expires: object) -> int:
    if not isinstance(expires, date):
        raise DraftRefused("`expires` is a date: write expires = 2027-01-31, without quotes")
    moment = expires if isinstance(expires, datetime) else datetime(*expires.timetuple()[:3], tzinfo=UTC)
    if moment.tzinfo is None:
        raise DraftRefused("`expires` needs a time zone: write 2027-01-31 or 2027-01-31T00:00:00Z")
    return int(moment.timestamp())


def _in_words(problem: str) -> str:
    """msgspec writes places as `$.partners[0].id`; the draft's writer knows them as `partners[0].id`."""
    return re.sub(r"`\$\.?([^`]*)`", lambda match: f"`{match[1] or 'the draft'}`", problem)
