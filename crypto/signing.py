"""Ed25519 signatures that hold for one use only (docs/spec/cells.md, "Signatures").

The label of the use is signed with the message, so a signature made for one use fails for every other.
Source: RFC 8032. PyNaCl verifies, because it refuses what others let pass (keys of small order); `cryptography` signs,
because it does not copy a bundle several times over to do so. Both make the same bytes.
"""

import secrets
from enum import Enum
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey as _NaclVerifyKey

from crypto.errors import Forged, Malformed

SEED_LEN: Final = 32
PUBLIC_LEN: Final = 32
SIGNATURE_LEN: Final = 64
# A relay is known by its public identity key.
RELAY_ID_LEN: Final = PUBLIC_LEN


class Use(Enum):
    """What a signature is for; the value is the label that is signed before the message."""

    DIRECTORY = b"veladora v1 directory\x00"
    ROUND_KEY = b"veladora v1 round key\x00"
    BUNDLE = b"veladora v1 bundle\x00"
    WORD = b"veladora v1 word\x00"
    # Standard Webhooks fixes what is signed ("id.timestamp.body"), so there is no room for a label. An id
    # never begins with "veladora v1", so these signatures cannot be mistaken for the ones above.
    DELIVERY = b""


class VerifyingKey:
    """A public Ed25519 key (32 bytes)."""

    __slots__ = ("_key", "wire")

    def __init__(self, wire: bytes) -> None:
        """Parse a public key. Raises Malformed when it is not 32 bytes."""
        if len(wire) != PUBLIC_LEN:
            raise Malformed(f"a verifying key is {PUBLIC_LEN} bytes long")
        self._key = _NaclVerifyKey(bytes(wire))
        self.wire: Final = bytes(wire)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, VerifyingKey) and self.wire == other.wire

    def __hash__(self) -> int:
        return hash(self.wire)

    def __repr__(self) -> str:
        return f"VerifyingKey({self.wire.hex()})"

    def verify(self, signature: bytes, message: bytes, *, use: Use) -> None:
        """Return when the signature holds. Raises Forged when it does not; drop the message."""
        if len(signature) != SIGNATURE_LEN:
            raise Forged("not the length of a signature")
        try:
            self._key.verify(use.value + message, bytes(signature))
        except BadSignatureError as error:
            raise Forged(f"the signature does not hold for: {use.name.lower().replace('_', ' ')}") from error


class SigningKey:
    """A private Ed25519 key, made from a 32-byte seed. Quiet when printed."""

    __slots__ = ("_key", "verifying_key")

    def __init__(self, seed: bytes) -> None:
        """Make the key of a seed. Raises Malformed on another length."""
        if len(seed) != SEED_LEN:
            raise Malformed(f"a signing key is a seed of {SEED_LEN} bytes")
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifying_key: Final = VerifyingKey(self._key.public_key().public_bytes_raw())

    @classmethod
    def generate(cls) -> "SigningKey":
        """A fresh key from the operating system's randomness."""
        return cls(secrets.token_bytes(SEED_LEN))

    def __repr__(self) -> str:
        return "SigningKey(...)"

    def __reduce__(self) -> str:
        raise TypeError("a private key is not pickled")

    def secret_seed(self) -> bytes:
        """The 32-byte seed, for the key file only."""
        return self._key.private_bytes_raw()

    def sign(self, message: bytes, *, use: Use) -> bytes:
        """The 64-byte signature of `message` for this use."""
        return self._key.sign(use.value + message if use.value else message)
