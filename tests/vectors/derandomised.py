"""The suite, letters and layers once more, with every random byte given, for the vector files only.

Written from docs/spec/cells.md, letter.md and layers.md over other code than the product's: ML-KEM from kyber-py, the
key schedule of RFC 9180 over hmac. Its known answers are in tests/unit/crypto/test_suite.py. It is not fit for secrets.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric import x25519
from kyber_py.ml_kem import ML_KEM_768
from nacl.signing import SigningKey

from tests.vectors.recipes import Recipe, based, hexed, join, make, repeat, sealed

SUITE_ID: Final = b"HPKE" + bytes.fromhex("647a00010003")
CLASSICAL_SUITE_ID: Final = b"HPKE" + bytes.fromhex("002000010003")
LETTER_LENGTHS: Final = (32_768, 31_615, 30_478)
PARCEL_LENGTHS: Final = (1_048_576, 1_047_423, 1_046_286)
HEAD_LEN: Final = 4 * 1_168 + 32
SLOT_PURPOSE: Final = b"letter slot"


def chance(name: str, length: int) -> bytes:
    """The bytes that stand for chance in the vectors: SHAKE256 of a name."""
    return hashlib.shake_256(b"veladora vectors: " + name.encode()).digest(length)


@dataclass(frozen=True, slots=True)
class Pair:
    """An X-Wing key pair, from its seed."""

    seed: bytes

    @property
    def public(self) -> bytes:
        """ML-KEM-768 encapsulation key, X25519 public key."""
        expanded = hashlib.shake_256(self.seed).digest(96)
        encapsulation_key, _ = ML_KEM_768._keygen_internal(expanded[:32], expanded[32:64])
        private = x25519.X25519PrivateKey.from_private_bytes(expanded[64:])
        return bytes(encapsulation_key) + private.public_key().public_bytes_raw()

    @property
    def fingerprint(self) -> bytes:
        """SHA-256 of the public key."""
        return hashlib.sha256(self.public).digest()


@dataclass(frozen=True, slots=True)
class Signer:
    """An Ed25519 key pair, from its seed."""

    seed: bytes

    @property
    def public(self) -> bytes:
        """32 bytes."""
        return bytes(SigningKey(self.seed).verify_key)

    def sign(self, label: bytes, message: bytes) -> bytes:
        """64 bytes over the label and the message."""
        return bytes(SigningKey(self.seed).sign(label + message).signature)


@dataclass(frozen=True, slots=True)
class Context:
    """What RFC 9180's key schedule gives for the first and only message."""

    enc: bytes
    shared_secret: bytes
    key: bytes
    nonce: bytes

    def seal(self, plaintext: Recipe, aad: bytes = b"") -> Recipe:
        """enc, ciphertext and tag, as a recipe."""
        return join(based(self.enc), sealed(key=self.key, nonce=self.nonce, aad=hexed(aad), plaintext=plaintext))


def encapsulate(public: bytes, eseed: bytes) -> tuple[bytes, bytes]:
    """X-Wing's shared secret and ciphertext from 64 given bytes (draft-connolly-cfrg-xwing-kem, section 5.4)."""
    mlkem_public, x25519_public = public[:1_184], public[1_184:]
    mlkem_secret, mlkem_ciphertext = ML_KEM_768._encaps_internal(mlkem_public, eseed[:32])
    ephemeral = x25519.X25519PrivateKey.from_private_bytes(eseed[32:])
    share = ephemeral.public_key().public_bytes_raw()
    x25519_secret = ephemeral.exchange(x25519.X25519PublicKey.from_public_bytes(x25519_public))
    secret = hashlib.sha3_256(mlkem_secret + x25519_secret + share + x25519_public + b"\\.//^\\").digest()
    return secret, bytes(mlkem_ciphertext) + share


def context(public: bytes, *, info: bytes, eseed: bytes) -> Context:
    """HPKE base mode with X-Wing, sender's side (RFC 9180, section 5.1)."""
    secret, enc = encapsulate(public, eseed)
    return _schedule(SUITE_ID, secret, enc, info)


def classical_context(x25519_public: bytes, *, info: bytes, eseed: bytes) -> Context:
    """HPKE base mode with DHKEM(X25519), the suite that is never accepted (RFC 9180, section 4.1)."""
    ephemeral = x25519.X25519PrivateKey.from_private_bytes(eseed)
    enc = ephemeral.public_key().public_bytes_raw()
    shared = ephemeral.exchange(x25519.X25519PublicKey.from_public_bytes(x25519_public))
    kem = b"KEM" + CLASSICAL_SUITE_ID[4:6]
    root = _labeled_extract(kem, b"", b"eae_prk", shared)
    secret = _labeled_expand(kem, root, b"shared_secret", enc + x25519_public, 32)
    return _schedule(CLASSICAL_SUITE_ID, secret, enc, info)


def label(purpose: bytes, to: bytes) -> bytes:
    """The info that binds a seal to its purpose and to the recipient's key."""
    return b"veladora v1 " + purpose + b"\x00" + hashlib.sha256(to).digest()


def seal(plaintext: Recipe, *, to: bytes, purpose: bytes, eseed: bytes) -> Recipe:
    """Sealed under Veladora's info label for this purpose."""
    return context(to, info=label(purpose, to), eseed=eseed).seal(plaintext)


def letter(padded: Recipe, *, slots: Sequence[tuple[bytes, bytes]], content_key: bytes, name: str) -> Recipe:
    """A letter of an already padded content; each slot is a public key and the content key it is given."""
    assert len(slots) == 4
    head = b"".join(
        make(seal(hexed(given), to=public, purpose=SLOT_PURPOSE, eseed=chance(f"{name} slot {place}", 64)))
        for place, (public, given) in enumerate(slots)
    )
    head += expand(content_key, b"commitment")
    assert len(head) == HEAD_LEN
    body = sealed(key=expand(content_key, b"body"), nonce=bytes(12), aad=based(head), plaintext=padded)
    return join(based(head), body)


def padded(content: Recipe, length: int) -> Recipe:
    """Content behind its length in four bytes, zeros up to `length`."""
    size = len(make(content))
    return join(hexed(size.to_bytes(4, "big")), content, repeat(b"\x00", length - 4 - size))


def layer(inner: Recipe, *, kind: bytes, to: bytes, cell_class: int, depth: int, name: str) -> Recipe:
    """One layer, without a round tag."""
    purpose = b"layer " + bytes([cell_class, depth])
    return seal(join(hexed(kind), inner), to=to, purpose=purpose, eseed=chance(f"{name} layer {depth}", 64))


def expand(content_key: bytes, use: bytes) -> bytes:
    """HKDF-Expand to 32 bytes, which is one block (RFC 5869, section 2.3)."""
    return hmac.digest(content_key, b"veladora v1 letter " + use + b"\x01", "sha256")


def _schedule(suite_id: bytes, secret: bytes, enc: bytes, info: bytes) -> Context:
    psk_id_hash = _labeled_extract(suite_id, b"", b"psk_id_hash", b"")
    info_hash = _labeled_extract(suite_id, b"", b"info_hash", info)
    schedule = b"\x00" + psk_id_hash + info_hash
    root = _labeled_extract(suite_id, secret, b"secret", b"")
    key = _labeled_expand(suite_id, root, b"key", schedule, 32)
    nonce = _labeled_expand(suite_id, root, b"base_nonce", schedule, 12)
    return Context(enc, secret, key, nonce)


def _labeled_extract(suite_id: bytes, salt: bytes, label: bytes, ikm: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite_id + label + ikm, "sha256")


def _labeled_expand(suite_id: bytes, prk: bytes, label: bytes, info: bytes, length: int) -> bytes:
    assert length <= 32
    labeled = length.to_bytes(2, "big") + b"HPKE-v1" + suite_id + label + info
    return hmac.digest(prk, labeled + b"\x01", "sha256")[:length]
