"""The four kinds of long-lived key, and the files they rest in (docs/spec/keys.md).

A key file is either locked by a passphrase (Argon2id, XChaCha20-Poly1305; through PyNaCl) or says plainly that it is
not. Round keys are not here: they never rest anywhere (`crypto.layers.RoundKey`).
"""

import base64
import secrets
import unicodedata
from dataclasses import dataclass
from enum import Enum
from typing import Final

import msgspec
from nacl import pwhash
from nacl.exceptions import CryptoError as NaclError
from nacl.secret import Aead

from crypto import canonical
from crypto.errors import Forged, Malformed, WrongPassphrase
from crypto.signing import SigningKey
from crypto.suite import SEED_LEN, OpeningKey
from crypto.words import WORDS

KEY_FILE_MAX: Final = 16_384
SALT_LEN: Final = pwhash.argon2id.SALTBYTES
MEMORY_MAX: Final = 2**30
OPERATIONS_MAX: Final = 16
FINGERPRINT_WORDS: Final = 12
_WORD_BITS: Final = 11


class KeyKind(Enum):
    """Whose key it is, and so what it can do."""

    ROOT = "root"
    RELAY = "relay"
    PARTNER = "partner"
    ALERTS = "alerts"


@dataclass(frozen=True, slots=True)
class Cost:
    """What one guess at a passphrase costs: passes over memory, and its bytes (RFC 9106)."""

    operations: int = pwhash.argon2id.OPSLIMIT_MODERATE
    memory: int = pwhash.argon2id.MEMLIMIT_MODERATE


class _Kdf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    memory: int
    operations: int
    salt: str

    def __post_init__(self) -> None:
        if not pwhash.argon2id.MEMLIMIT_MIN <= self.memory <= MEMORY_MAX:
            raise ValueError("a memory cost that we do not accept")
        if not pwhash.argon2id.OPSLIMIT_MIN <= self.operations <= OPERATIONS_MAX:
            raise ValueError("an operations cost that we do not accept")


class _KeyFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    box: str
    kdf: _Kdf | None
    kind: str
    public: str
    v: int


@dataclass(frozen=True, slots=True, repr=False)
class RootKey:
    """Signs directories. It belongs on a machine that is never online."""

    signing: SigningKey

    @property
    def public(self) -> bytes:
        """The 32-byte Ed25519 public key."""
        return self.signing.verifying_key.wire

    def __repr__(self) -> str:
        return "RootKey(...)"


@dataclass(frozen=True, slots=True, repr=False)
class RelayKey:
    """A relay's identity: signs round keys, bundles and deliveries. It opens nothing."""

    signing: SigningKey

    @property
    def public(self) -> bytes:
        """The 32-byte Ed25519 public key, which is the relay's id."""
        return self.signing.verifying_key.wire

    def __repr__(self) -> str:
        return "RelayKey(...)"


@dataclass(frozen=True, slots=True, repr=False)
class PartnerKey:
    """Opens the letters sealed to one partner in one period."""

    opening: OpeningKey

    @property
    def public(self) -> bytes:
        """The 1 216-byte X-Wing public key."""
        return self.opening.sealing_key.wire

    def __repr__(self) -> str:
        return "PartnerKey(...)"


@dataclass(frozen=True, slots=True, repr=False)
class AlertsKey:
    """Signs what a partner publishes, so that minisign can check it, and nothing else."""

    signing: SigningKey

    @property
    def public(self) -> bytes:
        """The 32-byte Ed25519 public key."""
        return self.signing.verifying_key.wire

    def __repr__(self) -> str:
        return "AlertsKey(...)"


Key = RootKey | RelayKey | PartnerKey | AlertsKey


def generate(kind: KeyKind) -> Key:
    """A fresh key of this kind."""
    return _from_seed(kind, secrets.token_bytes(SEED_LEN))


def lock(key: Key, *, passphrase: str | None, cost: Cost | None = None) -> bytes:
    """The key file, locked by `passphrase`; None leaves it open, for a machine that must start alone."""
    kind, seed = _kind_and_seed(key)
    public = base64.b64encode(key.public).decode()
    if passphrase is None:
        return canonical.encode(_KeyFile(box=base64.b64encode(seed).decode(), kdf=None, kind=kind, public=public, v=1))
    if not passphrase:
        raise ValueError("an empty passphrase locks nothing")
    cost = cost or Cost()
    salt = base64.b64encode(secrets.token_bytes(SALT_LEN)).decode()
    kdf = _Kdf(memory=cost.memory, operations=cost.operations, salt=salt)
    box = Aead(_stretch(passphrase, kdf)).encrypt(seed, aad=_bound(kind, public, kdf))
    return canonical.encode(_KeyFile(box=base64.b64encode(bytes(box)).decode(), kdf=kdf, kind=kind, public=public, v=1))


def is_locked(key_file: bytes) -> bool:
    """Whether a passphrase is needed. Raises Malformed when it is not a key file."""
    return _parse(key_file).kdf is not None


def unlock(key_file: bytes, *, passphrase: str | None) -> Key:
    """The key in a key file.

    Raises Malformed when it is not one, WrongPassphrase when the passphrase is missing or does not open it, Forged when
    the public key written beside it is another key's.
    """
    parsed = _parse(key_file)
    seed = canonical.unbase64(parsed.box) if parsed.kdf is None else _unlock_seed(parsed, parsed.kdf, passphrase)
    key = _from_seed(KeyKind(parsed.kind), seed)
    if key.public != canonical.unbase64(parsed.public):
        raise Forged("the public key in the file belongs to another key")
    return key


def fingerprint_words(fingerprint: bytes) -> str:
    """The first 132 bits of a SHA-256 fingerprint as twelve Spanish words, to be read aloud and compared."""
    number = int.from_bytes(fingerprint[:32], "big") >> (8 * len(fingerprint[:32]) - FINGERPRINT_WORDS * _WORD_BITS)
    indices = [(number >> (_WORD_BITS * place)) % len(WORDS) for place in reversed(range(FINGERPRINT_WORDS))]
    return " ".join(WORDS[index] for index in indices)


def _parse(key_file: bytes) -> _KeyFile:
    parsed = canonical.decode(key_file.strip(), _KeyFile, limit=KEY_FILE_MAX)
    if parsed.v != 1 or parsed.kind not in {kind.value for kind in KeyKind}:
        raise Malformed("a key file of a version or kind that we do not know")
    return parsed


def _unlock_seed(parsed: _KeyFile, kdf: _Kdf, passphrase: str | None) -> bytes:
    if not passphrase:
        raise WrongPassphrase("this key file is locked by a passphrase")
    try:
        stretched = _stretch(passphrase, kdf)
        return Aead(stretched).decrypt(canonical.unbase64(parsed.box), aad=_bound(parsed.kind, parsed.public, kdf))
    except (NaclError, ValueError) as error:
        raise WrongPassphrase("the passphrase does not open this key file") from error


def _stretch(passphrase: str, kdf: _Kdf) -> bytes:
    salt = canonical.unbase64(kdf.salt)
    if len(salt) != SALT_LEN:
        raise Malformed(f"a salt is {SALT_LEN} bytes long")
    # In one form of Unicode, so that a letter with an accent is the same from every keyboard.
    typed = unicodedata.normalize("NFC", passphrase).encode()
    return pwhash.argon2id.kdf(Aead.KEY_SIZE, typed, salt, opslimit=kdf.operations, memlimit=kdf.memory)


def _bound(kind: str, public: str, kdf: _Kdf) -> bytes:
    return b"veladora v1 key file\x00" + canonical.encode({"kdf": kdf, "kind": kind, "public": public})


def _kind_and_seed(key: Key) -> tuple[str, bytes]:
    match key:
        case RootKey(signing):
            return KeyKind.ROOT.value, signing.secret_seed()
        case RelayKey(signing):
            return KeyKind.RELAY.value, signing.secret_seed()
        case PartnerKey(opening):
            return KeyKind.PARTNER.value, opening.secret_seed()
        case AlertsKey(signing):
            return KeyKind.ALERTS.value, signing.secret_seed()


def _from_seed(kind: KeyKind, seed: bytes) -> Key:
    match kind:
        case KeyKind.ROOT:
            return RootKey(SigningKey(seed))
        case KeyKind.RELAY:
            return RelayKey(SigningKey(seed))
        case KeyKind.PARTNER:
            return PartnerKey(OpeningKey(seed))
        case KeyKind.ALERTS:
            return AlertsKey(SigningKey(seed))
