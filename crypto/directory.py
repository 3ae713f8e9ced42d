"""The directory: which relays, which partners, under which keys; true because the root key signed it
(docs/spec/directory.md).

Trust rules stand here and nowhere else: bytes in, keys out. A directory that is unsigned, expired, older than the one
held, or different under the same version is refused.
"""

import base64
import re
from dataclasses import dataclass
from typing import Final

import msgspec

from crypto import canonical
from crypto.cells import MAX_RELAYS
from crypto.errors import Expired, Malformed, RolledBack
from crypto.keys import RootKey, fingerprint_words
from crypto.layers import ANNOUNCEMENT_LEN, AnnouncedKey
from crypto.signing import SIGNATURE_LEN, Use, VerifyingKey
from crypto.suite import SealingKey

VERSION: Final = 1
FIRST_LINE: Final = b"veladora-directory-v1\n"
DIRECTORY_MAX: Final = 262_144
ANSWER_STEP: Final = 65_536
PARTNERS_MAX: Final = 32
TOPICS_MAX: Final = 64
PLACES_MAX: Final = 2_000
WORDS_MAX: Final = 400

_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_ONION: Final = re.compile(r"[a-z2-7]{56}\.onion")
# ASCII, so that sorting keys by code point and by UTF-16 unit (RFC 8785) is the same.
_PATH: Final = re.compile(r"/[A-Za-z0-9._/-]{0,255}")
_HEX32: Final = re.compile(r"[0-9a-f]{64}")
_BASE64_SIGNATURE_LEN: Final = -(-SIGNATURE_LEN // 3) * 4
_CARD: Final = re.compile(r"([a-z2-7]{56}\.onion)#([0-9a-f]{64})")


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One short text in Spanish and in English."""

    en: str
    es: str

    def __post_init__(self) -> None:
        if max(len(self.en), len(self.es)) > WORDS_MAX:
            raise ValueError(f"a text is at most {WORDS_MAX} characters")


class Relay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One relay of the route: its identity key (hexadecimal), its name and its onion address."""

    id: str
    name: str
    onion: str

    def __post_init__(self) -> None:
        if not (_HEX32.fullmatch(self.id) and _ONION.fullmatch(self.onion) and 0 < len(self.name) <= WORDS_MAX):
            raise ValueError("a relay has an id of 64 hexadecimal digits, a name and an onion address")

    @property
    def identity(self) -> VerifyingKey:
        """The key that signs this relay's round keys and bundles."""
        return VerifyingKey(bytes.fromhex(self.id))


class Partner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One NGO that reports can be sealed to. `key` is base64 of its X-Wing public key. `signing`: the Ed25519 key, in
    hexadecimal, with which it signs its word to other desks; left out for one that says none."""

    about: Words
    id: str
    key: str
    name: str
    signing: str | msgspec.UnsetType = msgspec.UNSET

    def __post_init__(self) -> None:
        if not (_SLUG.fullmatch(self.id) and 0 < len(self.name) <= WORDS_MAX):
            raise ValueError("a partner has an id of small letters, digits and hyphens, and a name")
        if self.signing is not msgspec.UNSET and not _HEX32.fullmatch(self.signing):
            raise ValueError("a partner's signing key has 64 hexadecimal digits")
        try:
            self.sealing_key  # noqa: B018 - parsed here so that nobody can hold a partner with a bad key
        except Malformed as error:
            raise ValueError(str(error)) from error

    @property
    def sealing_key(self) -> SealingKey:
        """The key that letters to this partner are sealed to."""
        return SealingKey(canonical.unbase64(self.key))

    @property
    def verifying_key(self) -> VerifyingKey | None:
        """The key that signs its word to other desks; None for a partner that says none."""
        return None if self.signing is msgspec.UNSET else VerifyingKey(bytes.fromhex(self.signing))

    @property
    def words(self) -> str:
        """The fingerprint words of its key."""
        return fingerprint_words(self.sealing_key.fingerprint)


class Topic(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a report can be about."""

    id: str
    name: Words

    def __post_init__(self) -> None:
        if not _SLUG.fullmatch(self.id):
            raise ValueError("a topic's id has small letters, digits and hyphens")


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A place of the gazetteer, coarse by design."""

    id: str
    name: str

    def __post_init__(self) -> None:
        if not (_SLUG.fullmatch(self.id) and 0 < len(self.name) <= WORDS_MAX):
            raise ValueError("a place has an id of small letters, digits and hyphens, and a name")


class BundleSizes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many cells leave: letters at every edge, parcels at every `parcel_every`-th."""

    letters: int = 64
    parcel_every: int = 4
    parcels: int = 16

    def __post_init__(self) -> None:
        if not (1 <= self.letters <= 1_024 and 1 <= self.parcels <= 1_024 and 1 <= self.parcel_every <= 96):
            raise ValueError("a bundle holds 1 to 1024 cells, and parcels leave every 1 to 96 rounds")


class Directory(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the root key signs. `expires`: seconds since 1970, UTC. `site`: SHA-256 of what the door serves, by path."""

    expires: int
    partners: list[Partner]
    route: list[Relay]
    version: int
    attachments_max: int = 16_777_216
    bundle: BundleSizes = BundleSizes()
    places: list[Place] = []
    round_seconds: int = 900
    site: dict[str, str] = {}
    topics: list[Topic] = []
    v: int = VERSION

    def __post_init__(self) -> None:
        if self.v != VERSION:
            raise ValueError("a version of the format that we do not know")
        if not (0 < self.version < 2**53 and 0 < self.expires < 2**53):
            raise ValueError("the version and the expiry are positive numbers")
        if not 1 <= len(self.route) <= MAX_RELAYS:
            raise ValueError(f"a route has 1 to {MAX_RELAYS} relays")
        if not 1 <= len(self.partners) <= PARTNERS_MAX:
            raise ValueError(f"a directory has 1 to {PARTNERS_MAX} partners")
        if len(self.topics) > TOPICS_MAX or len(self.places) > PLACES_MAX:
            raise ValueError(f"at most {TOPICS_MAX} topics and {PLACES_MAX} places")
        for named in (self.partners, self.route, self.topics, self.places):
            if len({entry.id for entry in named}) != len(named):
                raise ValueError("two entries have one id")
        if not (5 <= self.round_seconds <= 86_400 and 0 <= self.attachments_max <= 67_108_864):
            raise ValueError("a round is 5 seconds to a day, attachments at most 64 MiB")
        if not all(_PATH.fullmatch(path) and _HEX32.fullmatch(digest) for path, digest in self.site.items()):
            raise ValueError("the site lists paths with SHA-256 hashes")

    def partner(self, partner_id: str) -> Partner:
        """The partner of that id. Raises KeyError when there is none."""
        return {partner.id: partner for partner in self.partners}[partner_id]


@dataclass(frozen=True, slots=True)
class TrustedDirectory:
    """A directory whose signature held and that had not expired when it was read."""

    root: VerifyingKey
    directory: Directory
    signed: bytes

    @classmethod
    def read(cls, signed: bytes, *, root: VerifyingKey, now: int) -> "TrustedDirectory":
        """Check and parse. `now`: seconds since 1970.

        Raises Malformed, Forged (not signed by `root`: do not use it) or Expired (ask the operator for a newer one).
        """
        if len(signed) > DIRECTORY_MAX:
            raise Malformed(f"a directory is at most {DIRECTORY_MAX} bytes")
        if not signed.startswith(FIRST_LINE):
            raise Malformed("not a signed directory")
        line, newline, body = signed[len(FIRST_LINE) :].partition(b"\n")
        if not newline or len(line) != _BASE64_SIGNATURE_LEN:
            raise Malformed("the second line of a directory is its signature")
        root.verify(canonical.unbase64(line), body, use=Use.DIRECTORY)
        directory = canonical.decode(body, Directory, limit=DIRECTORY_MAX)
        if now >= directory.expires:
            raise Expired("the directory has expired; a newer one must be signed")
        return cls(root, directory, signed)

    def updated(self, signed: bytes, *, now: int) -> "TrustedDirectory":
        """The newer of this and `signed`. Raises as `read` does, and RolledBack when `signed` is older than this one or
        differs under the same version."""
        newer = TrustedDirectory.read(signed, root=self.root, now=now)
        if newer.directory.version < self.directory.version:
            raise RolledBack(f"version {newer.directory.version} is older than {self.directory.version}")
        if newer.directory.version == self.directory.version and newer.signed != self.signed:
            raise RolledBack(f"two different directories say they are version {newer.directory.version}")
        return newer


@dataclass(frozen=True, slots=True)
class Card:
    """What a reporter must have from a place they trust: the onion address and the root key."""

    onion: str
    root: VerifyingKey

    def __str__(self) -> str:
        return f"{self.onion}#{self.root.wire.hex()}"

    @classmethod
    def parse(cls, text: str) -> "Card":
        """Raises Malformed on anything but `<onion address>#<root key>`; copy it whole."""
        match = _CARD.fullmatch(text.strip())
        if match is None:
            raise Malformed("a relay's card is <56 characters>.onion#<64 hexadecimal digits>")
        return cls(match[1], VerifyingKey(bytes.fromhex(match[2])))


class _Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    directory: str
    round_keys: list[str]


def sign(directory: Directory, root: RootKey) -> bytes:
    """The signed directory file."""
    body = canonical.encode(directory)
    # Parsed again so that nothing is signed that would be refused on reading.
    canonical.decode(body, Directory, limit=DIRECTORY_MAX - len(FIRST_LINE) - _BASE64_SIGNATURE_LEN - 1)
    signature = root.signing.sign(body, use=Use.DIRECTORY)
    return FIRST_LINE + base64.b64encode(signature) + b"\n" + body


def write_answer(signed: bytes, announcements: list[bytes]) -> bytes:
    """What `GET /directory` answers: the signed directory and each relay's current round key, spaces to the step."""
    round_keys = [base64.b64encode(announcement).decode() for announcement in announcements]
    wire = canonical.encode(_Answer(directory=signed.decode(), round_keys=round_keys))
    return _fill(wire)


def answer_max() -> int:
    """The most bytes that `GET /directory` may answer; the signed text may double in JSON at worst."""
    return 2 * DIRECTORY_MAX + ANSWER_STEP


def read_answer(wire: bytes) -> tuple[bytes, list[bytes]]:
    """The signed directory and the announcements in an answer, unchecked. Raises Malformed."""
    if len(wire) > answer_max():
        raise Malformed(f"an answer is at most {answer_max()} bytes")
    text = wire.rstrip(b" ")
    if _fill(text) != wire:
        raise Malformed("not the length of a directory's answer")
    answer = canonical.decode(text, _Answer, limit=answer_max())
    return answer.directory.encode(), [canonical.unbase64(text) for text in answer.round_keys]


def route_keys(directory: Directory, announcements: list[bytes]) -> list[AnnouncedKey]:
    """The checked round key of each relay on the route. Raises Malformed or Forged; fetch the answer again."""
    if len(announcements) != len(directory.route) or any(len(a) != ANNOUNCEMENT_LEN for a in announcements):
        raise Malformed("one round key for each relay of the route")
    return [
        AnnouncedKey.parse(wire, relay=relay.identity)
        for relay, wire in zip(directory.route, announcements, strict=True)
    ]


def _fill(text: bytes) -> bytes:
    return text.ljust(-(-len(text) // ANSWER_STEP) * ANSWER_STEP)
