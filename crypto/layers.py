"""Layers around a letter, one for each relay, and the keys that open them (docs/spec/layers.md).

A relay learns from its layer whether the cell passes on or is cover, and nothing about any other layer.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, NewType

from crypto.cells import KIND_LEN, LAYER_OVERHEAD, MAX_RELAYS, ROUND_TAG_LEN, CellClass, class_and_depth
from crypto.errors import Malformed, NotForUs
from crypto.signing import RELAY_ID_LEN, SIGNATURE_LEN, SigningKey, Use, VerifyingKey
from crypto.suite import PUBLIC_LEN, OpeningKey, SealingKey

RoundNumber = NewType("RoundNumber", int)

ROUND_LEN: Final = 8
ROUND_MAX: Final = 2**53 - 1
ANNOUNCEMENT_LEN: Final = RELAY_ID_LEN + ROUND_LEN + PUBLIC_LEN + SIGNATURE_LEN


class Kind(Enum):
    """What the relay of a layer does with the inner cell: pass it on, or (the last relay only) drop it."""

    PASS = b"\x01"
    COVER = b"\x02"


@dataclass(frozen=True, slots=True)
class RoundKey:
    """A relay's private key for one round. It lives in memory only and is overwritten when it retires."""

    round_number: RoundNumber
    key: OpeningKey

    @classmethod
    def generate(cls, round_number: RoundNumber) -> "RoundKey":
        """A fresh key."""
        return cls(round_number, OpeningKey.generate())

    @property
    def tag(self) -> bytes:
        """The 16 bytes by which an envelope says which round key it is sealed to."""
        return round_tag(self.key.sealing_key)

    def announce(self, relay: SigningKey) -> bytes:
        """The public half, signed by the relay's identity key."""
        body = relay.verifying_key.wire + _round_bytes(self.round_number) + self.key.sealing_key.wire
        return body + relay.sign(body, use=Use.ROUND_KEY)


@dataclass(frozen=True, slots=True)
class AnnouncedKey:
    """A relay's public key for one round, its signature checked."""

    relay: VerifyingKey
    round_number: RoundNumber
    key: SealingKey

    @classmethod
    def parse(cls, wire: bytes, *, relay: VerifyingKey) -> "AnnouncedKey":
        """Raises Malformed on another length or relay, Forged when `relay` did not sign it; fetch it again."""
        if len(wire) != ANNOUNCEMENT_LEN:
            raise Malformed(f"an announcement is {ANNOUNCEMENT_LEN} bytes long")
        if wire[:RELAY_ID_LEN] != relay.wire:
            raise Malformed("announced by another relay")
        body, signature = wire[:-SIGNATURE_LEN], wire[-SIGNATURE_LEN:]
        relay.verify(signature, body, use=Use.ROUND_KEY)
        number = int.from_bytes(body[RELAY_ID_LEN : RELAY_ID_LEN + ROUND_LEN], "big")
        if number > ROUND_MAX:
            raise Malformed("a round number that no clock will reach")
        return cls(relay, RoundNumber(number), SealingKey(body[RELAY_ID_LEN + ROUND_LEN :]))


@dataclass(frozen=True, slots=True)
class Peeled:
    """What a layer held."""

    kind: Kind
    inner: bytes


def round_tag(key: SealingKey) -> bytes:
    """The 16 bytes by which an envelope says which round key it is sealed to."""
    return key.fingerprint[:ROUND_TAG_LEN]


def wrap(letter: bytes, *, route: Sequence[SealingKey]) -> bytes:
    """The envelope of a letter for the relays of `route`, first relay first. Raises Malformed when the letter is not
    the length that leaves after that many relays."""
    return _wrap(letter, Kind.PASS, route)


def cover(cell_class: CellClass, *, route: Sequence[SealingKey]) -> bytes:
    """An envelope that the last relay of `route` drops; to everybody before it, one like any other."""
    return _wrap(secrets.token_bytes(cell_class.length_after(len(route))), Kind.COVER, route)


def top_up_layer(cell_class: CellClass) -> bytes:
    """What the first of two relays fills a bundle with: one real seal to a throw-away key, like every cell that is on
    its way to a second relay. The second relay cannot open it and drops it."""
    plaintext = bytes(cell_class.length_after(1) - LAYER_OVERHEAD + KIND_LEN)
    return OpeningKey.generate().sealing_key.seal(plaintext, purpose=_purpose(cell_class, 1))


def peel(cell: bytes, key: RoundKey) -> Peeled:
    """Open one layer: of an envelope (behind its round tag) or of a cell that has passed a relay already.

    Raises NotForUs when it is not sealed to `key` or was altered, round tag included; Malformed when its length is not
    one of a cell that still has a layer, or when its sender sealed something that is not a layer.
    """
    cell_class, depth = class_and_depth(len(cell))
    if depth == MAX_RELAYS:
        raise Malformed("no layer is left on a cell of this length")
    sealed = memoryview(cell)[ROUND_TAG_LEN if depth == 0 else 0 :]
    plaintext = key.key.open(sealed, purpose=_purpose(cell_class, depth))
    # Looked at after the opening, so that a wrong tag takes as long as any other fault (promise T14).
    if depth == 0 and cell[:ROUND_TAG_LEN] != key.tag:
        raise NotForUs("not the tag of this round key")
    try:
        return Peeled(Kind(plaintext[:KIND_LEN]), plaintext[KIND_LEN:])
    except ValueError:
        raise Malformed("a kind of layer we do not know") from None


def _wrap(letter: bytes, kind: Kind, route: Sequence[SealingKey]) -> bytes:
    cell_class, depth = class_and_depth(len(letter))
    if depth == 0 or depth != len(route):
        raise Malformed("the letter does not have the length for this route")
    cell = letter
    for position in reversed(range(len(route))):
        byte = kind.value if position == len(route) - 1 else Kind.PASS.value
        cell = route[position].seal(byte + cell, purpose=_purpose(cell_class, position))
    return round_tag(route[0]) + cell


def _purpose(cell_class: CellClass, depth: int) -> bytes:
    return b"layer " + bytes([cell_class.value, depth])


def _round_bytes(number: int) -> bytes:
    return number.to_bytes(ROUND_LEN, "big")
