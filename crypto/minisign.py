"""Ed25519 signatures that anybody can check with the program `minisign` (docs/spec/alerts.md, "Signature").

What is signed is the BLAKE2b-512 hash of a file, and then that signature with the trusted comment. minisign fixes both,
so there is no room for a label; the key that signs so signs nothing else. Source: minisign's own description of its
format (prehashed, `ED`); the older format that signs the file itself is refused.
"""

import base64
import hashlib
from dataclasses import dataclass
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey as _NaclVerifyKey

from crypto import canonical
from crypto.errors import Forged, Malformed
from crypto.signing import PUBLIC_LEN, SIGNATURE_LEN, SigningKey

KEY_ID_LEN: Final = 8
COMMENT_MAX: Final = 200
SIGNATURE_FILE_MAX: Final = 2_048

_PUBLIC: Final = b"Ed"
_PREHASHED: Final = b"ED"
_UNTRUSTED: Final = "untrusted comment: "
_TRUSTED: Final = "trusted comment: "


@dataclass(frozen=True, slots=True)
class PublicKey:
    """What others pin: an Ed25519 public key under minisign's 8-byte id for it."""

    key_id: bytes
    wire: bytes

    def __post_init__(self) -> None:
        if len(self.key_id) != KEY_ID_LEN or len(self.wire) != PUBLIC_LEN:
            raise Malformed("not the lengths of a minisign public key")

    @classmethod
    def of(cls, key: SigningKey) -> Self:
        """The public half of `key`; its id is the beginning of a hash of it."""
        wire = key.verifying_key.wire
        return cls(hashlib.sha256(b"veladora v1 minisign key id\x00" + wire).digest()[:KEY_ID_LEN], wire)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The key that the text `RW…` spells. Raises Malformed; whoever gave it must give it again."""
        raw = _unbase64(text.strip(), len(_PUBLIC) + KEY_ID_LEN + PUBLIC_LEN)
        if not raw.startswith(_PUBLIC):
            raise Malformed("not a minisign public key")
        return cls(raw[2 : 2 + KEY_ID_LEN], raw[2 + KEY_ID_LEN :])

    def __str__(self) -> str:
        return base64.b64encode(_PUBLIC + self.key_id + self.wire).decode()

    def key_file(self) -> bytes:
        """The file that `minisign -V -p` reads."""
        return f"{_UNTRUSTED}minisign public key {self.key_id[::-1].hex().upper()}\n{self}\n".encode()

    def verify(self, signature_file: bytes, message: bytes) -> str:
        """The trusted comment of a signature that holds for `message`.

        Raises Malformed when it is not a prehashed minisign signature, Forged when it does not hold for this key.
        """
        signature, comment, over_both = _parse(signature_file, self.key_id)
        try:
            key = _NaclVerifyKey(self.wire)
            key.verify(_digest(message), signature)
            key.verify(signature + comment.encode(), over_both)
        except BadSignatureError as error:
            raise Forged("the minisign signature does not hold") from error
        return comment


def sign(message: bytes, *, comment: str, key: SigningKey) -> bytes:
    """The signature file for `message`; `comment` is signed with it. Raises Malformed on a comment of another form."""
    if len(comment) > COMMENT_MAX or not (comment.isascii() and comment.isprintable()):
        raise Malformed(f"a trusted comment is one line of at most {COMMENT_MAX} ASCII characters")
    private = Ed25519PrivateKey.from_private_bytes(key.secret_seed())
    signature = private.sign(_digest(message))
    over_both = private.sign(signature + comment.encode())
    head = base64.b64encode(_PREHASHED + PublicKey.of(key).key_id + signature).decode()
    tail = base64.b64encode(over_both).decode()
    return f"{_UNTRUSTED}signature of a list of alerts\n{head}\n{_TRUSTED}{comment}\n{tail}\n".encode()


def _digest(message: bytes) -> bytes:
    return hashlib.blake2b(message).digest()


def _parse(signature_file: bytes, key_id: bytes) -> tuple[bytes, str, bytes]:
    if len(signature_file) > SIGNATURE_FILE_MAX:
        raise Malformed(f"a signature file has at most {SIGNATURE_FILE_MAX} bytes")
    try:
        lines = signature_file.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise Malformed("not a minisign signature") from error
    if len(lines) != 5 or lines[4] or not lines[0].startswith(_UNTRUSTED) or not lines[2].startswith(_TRUSTED):
        raise Malformed("not a minisign signature")
    raw = _unbase64(lines[1], len(_PREHASHED) + KEY_ID_LEN + SIGNATURE_LEN)
    comment = lines[2].removeprefix(_TRUSTED)
    if not raw.startswith(_PREHASHED) or len(comment) > COMMENT_MAX or not comment.isprintable():
        raise Malformed("not a prehashed minisign signature")
    if raw[2 : 2 + KEY_ID_LEN] != key_id:
        raise Forged("signed by another key")
    return raw[2 + KEY_ID_LEN :], comment, _unbase64(lines[3], SIGNATURE_LEN)


def _unbase64(text: str, length: int) -> bytes:
    raw = canonical.unbase64(text)
    if len(raw) != length:
        raise Malformed("not the length of a minisign key or signature")
    return raw
