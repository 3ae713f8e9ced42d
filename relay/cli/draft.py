"""A directory's draft is a TOML file that people can read; a misspelt key stops the signing (docs/spec/directory.md).

Whoever holds the root key reads this file before they sign, so it holds names and words, and the long keys may
stand in files of their own beside it (`key_file`).
"""

import base64
import re
import tomllib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from crypto.directory import BundleSizes, Directory, Partner, Place, Relay, Topic, Words
from crypto.signing import VerifyingKey
from forwarder.errors import NotAGazetteer
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
key_file = "red-norte.pub"    # veladora keys show --public partner.key > red-norte.pub
signing = "<64 hexadecimal digits>"   # from the partner's card; leave it out and other desks do not hear this one

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


class _DraftPartner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    name: str
    about: Words
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


def read_draft(text: str, *, folder: Path, held_version: int, now: int) -> Directory:
    """The directory that a draft describes, one version above `held_version` unless the draft names a higher one.

    `folder`: where `key_file`s and the `places_file` are looked for. Raises DraftRefused with the place of the mistake.
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
    try:
        return Directory(
            expires=expires,
            partners=[_partner(partner, folder) for partner in draft.partners],
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


def _partner(partner: _DraftPartner, folder: Path) -> Partner:
    if bool(partner.key) == bool(partner.key_file):
        raise DraftRefused(f"partner {partner.id!r} needs `key` or `key_file`, one of them")
    key = partner.key or _key_text(folder / partner.key_file, partner.id)
    try:
        signing = partner.signing or msgspec.UNSET
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
