"""The one way to seal bytes to a public key: HPKE base mode with X-Wing (docs/spec/cells.md, "Suite").

KEM X-Wing (MLKEM768_X25519, 0x647A), HKDF-SHA256, ChaCha20-Poly1305. A key that is not X-Wing cannot be
expressed here, so there is no classical fallback. Sources: RFC 9180, draft-connolly-cfrg-xwing-kem.
"""

import hashlib
import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric import mlkem, x25519

from crypto.errors import Malformed, NotForUs

SEED_LEN: Final = 32
MLKEM_PUBLIC_LEN: Final = 1_184
X25519_LEN: Final = 32
PUBLIC_LEN: Final = MLKEM_PUBLIC_LEN + X25519_LEN
MLKEM_CIPHERTEXT_LEN: Final = 1_088
ENC_LEN: Final = MLKEM_CIPHERTEXT_LEN + X25519_LEN
TAG_LEN: Final = 16
SEAL_OVERHEAD: Final = ENC_LEN + TAG_LEN
FINGERPRINT_LEN: Final = 32

_MLKEM_SEED_LEN: Final = 64
# Any scalar does: with a key of small order the exchange is all zeros, whatever the scalar (RFC 7748, section 6.1).
_PROBE: Final = x25519.X25519PrivateKey.from_private_bytes(bytes(X25519_LEN))
_SUITE: Final = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)


class SealingKey:
    """A public X-Wing key (1 216 bytes) that bytes can be sealed to."""

    __slots__ = ("_key", "fingerprint", "wire")

    def __init__(self, wire: bytes) -> None:
        """Parse a public key. Raises Malformed when it is not one; its giver must send another."""
        if len(wire) != PUBLIC_LEN:
            raise Malformed(f"a public key is {PUBLIC_LEN} bytes long")
        try:
            x25519_key = x25519.X25519PublicKey.from_public_bytes(wire[MLKEM_PUBLIC_LEN:])
            _PROBE.exchange(x25519_key)
            self._key = hpke.MLKEM768X25519PublicKey(
                mlkem.MLKEM768PublicKey.from_public_bytes(wire[:MLKEM_PUBLIC_LEN]), x25519_key
            )
        except ValueError as error:
            raise Malformed("not an X-Wing public key") from error
        self.wire: Final = bytes(wire)
        self.fingerprint: Final = hashlib.sha256(wire).digest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SealingKey) and self.wire == other.wire

    def __hash__(self) -> int:
        return hash(self.wire)

    def __repr__(self) -> str:
        return f"SealingKey({self.fingerprint.hex()[:16]}…)"

    def seal(self, plaintext: bytes, *, purpose: bytes) -> bytes:
        """`plaintext` sealed to this key and bound to `purpose`; 1 136 bytes longer."""
        return _SUITE.encrypt(plaintext, self._key, info=_info(purpose, self.fingerprint))


class OpeningKey:
    """A private X-Wing key, made from a 32-byte seed. Quiet when printed, never equal to another."""

    __slots__ = ("_key", "_seed", "sealing_key")

    def __init__(self, seed: bytes) -> None:
        """Expand a seed (draft-connolly-cfrg-xwing-kem, section 5.2). Raises Malformed on another length."""
        if len(seed) != SEED_LEN:
            raise Malformed(f"a private key is a seed of {SEED_LEN} bytes")
        expanded = hashlib.shake_256(seed).digest(_MLKEM_SEED_LEN + X25519_LEN)
        mlkem_key = mlkem.MLKEM768PrivateKey.from_seed_bytes(expanded[:_MLKEM_SEED_LEN])
        x25519_key = x25519.X25519PrivateKey.from_private_bytes(expanded[_MLKEM_SEED_LEN:])
        self._key = hpke.MLKEM768X25519PrivateKey(mlkem_key, x25519_key)
        self._seed = bytes(seed)
        self.sealing_key: Final = SealingKey(
            mlkem_key.public_key().public_bytes_raw() + x25519_key.public_key().public_bytes_raw()
        )

    @classmethod
    def generate(cls) -> "OpeningKey":
        """A fresh key from the operating system's randomness."""
        return cls(secrets.token_bytes(SEED_LEN))

    def __repr__(self) -> str:
        return "OpeningKey(...)"

    def __reduce__(self) -> str:
        raise TypeError("a private key is not pickled")

    def secret_seed(self) -> bytes:
        """The 32-byte seed, for the key file and for the memory that survives a crash; nowhere else."""
        return self._seed

    def open(self, sealed: bytes | memoryview, *, purpose: bytes) -> bytes:
        """The plaintext of `sealed`. Raises NotForUs when it was sealed to another key or purpose, or altered."""
        try:
            return _SUITE.decrypt(sealed, self._key, info=_info(purpose, self.sealing_key.fingerprint))
        except InvalidTag as error:
            raise NotForUs("not sealed to this key for this purpose, or altered") from error


def _info(purpose: bytes, fingerprint: bytes) -> bytes:
    return b"veladora v1 " + purpose + b"\x00" + fingerprint
