"""A word between desks, "we have this too", which only its sender can have said to this one reader (docs/spec/also.md).

It has no text, no round, no number and no count: nothing in it is one reporter's. The signature binds it to the key
that it is sealed to, so that who gets it cannot pass it on as one to somebody else.
"""

import base64
import re
import secrets
from typing import Final

import msgspec

from crypto import canonical
from crypto.errors import Forged, Malformed
from crypto.signing import SIGNATURE_LEN, SigningKey, Use, VerifyingKey

VERSION: Final = 1
NONCE_LEN: Final = 16
BUCKET_SECONDS: Final = 6 * 3_600
WORD_MAX: Final = 1_024
FINGERPRINT_LEN: Final = 32

_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_BUCKET_MAX: Final = 2**53 // BUCKET_SECONDS


class Word(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one desk says to another. `bucket`: the six hours in which it happened. `sender`: the partner's id in the
    directory. `several`: whether more than one report counts."""

    bucket: int
    sender: str = msgspec.field(name="from")
    nonce: str
    place: str
    several: bool
    signature: str
    topic: str
    v: int

    def __post_init__(self) -> None:
        if self.v != VERSION:
            raise ValueError("a version we do not know")
        if not 0 <= self.bucket <= _BUCKET_MAX:
            raise ValueError("not six hours of a time that we can write")
        if not all(_SLUG.fullmatch(one) for one in (self.sender, self.place, self.topic)):
            raise ValueError("the sender, place or topic is not an id")
        for text, length in ((self.nonce, NONCE_LEN), (self.signature, SIGNATURE_LEN)):
            if len(_bytes(text)) != length:
                raise ValueError("the nonce or the signature has another length")

    def encode(self) -> bytes:
        """The canonical bytes."""
        return canonical.encode(self)

    @classmethod
    def decode(cls, wire: bytes) -> "Word":
        """The word that `wire` spells. Raises Malformed on anything that `encode` would not write."""
        return canonical.decode(wire, cls, limit=WORD_MAX)

    def verify(self, *, key: VerifyingKey, recipient: bytes) -> None:
        """Return when the holder of `key` said this to the partner whose key has the fingerprint `recipient`. Raises
        Forged; it counts for nothing then."""
        key.verify(_bytes(self.signature), _signed(self, recipient), use=Use.WORD)


def say(*, bucket: int, place: str, topic: str, several: bool, sender: str, key: SigningKey, recipient: bytes) -> Word:
    """A word, signed, with a fresh nonce. `recipient`: the fingerprint of the key that it will be sealed to.

    Raises Malformed when a value is not as the format has it.
    """
    nonce = base64.b64encode(secrets.token_bytes(NONCE_LEN)).decode()
    empty = base64.b64encode(bytes(SIGNATURE_LEN)).decode()
    try:
        unsigned = Word(
            bucket=bucket,
            nonce=nonce,
            place=place,
            sender=sender,
            several=several,
            signature=empty,
            topic=topic,
            v=VERSION,
        )
    except ValueError as error:
        raise Malformed(str(error)) from error
    signature = base64.b64encode(key.sign(_signed(unsigned, recipient), use=Use.WORD)).decode()
    return msgspec.structs.replace(unsigned, signature=signature)


def _signed(word: Word, recipient: bytes) -> bytes:
    """The reader's fingerprint, then the word without its signature."""
    if len(recipient) != FINGERPRINT_LEN:
        raise Forged("not the fingerprint of a key")
    plain = msgspec.to_builtins(word)
    del plain["signature"]
    return recipient + canonical.encode(plain)


def _bytes(text: str) -> bytes:
    try:
        return canonical.unbase64(text)
    except Malformed as error:
        raise ValueError(str(error)) from error
