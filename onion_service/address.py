"""An `OnionAddress` is a version 3 onion address whose checksum was verified, or it does not exist.

Source: rend-spec-v3, section 6 (address = base32(public key ‖ checksum ‖ version)).
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from hashlib import sha3_256
from typing import Final, Self

from onion_service.errors import NotAnOnion

PUBLIC_KEY_LEN: Final = 32
CHECKSUM_LEN: Final = 2
VERSION: Final = b"\x03"
LABEL_LEN: Final = (PUBLIC_KEY_LEN + CHECKSUM_LEN + len(VERSION)) * 8 // 5
SUFFIX: Final = ".onion"
HOST_LEN: Final = LABEL_LEN + len(SUFFIX)


@dataclass(frozen=True, slots=True)
class OnionAddress:
    """A host name `<56 characters>.onion`, lower case, checksum verified."""

    host: str

    def __post_init__(self) -> None:
        _verify(self.host)

    @classmethod
    def of_public_key(cls, public_key: bytes) -> Self:
        """The address of the service with this Ed25519 public key (32 bytes)."""
        if len(public_key) != PUBLIC_KEY_LEN:
            raise NotAnOnion("an onion service's public key is 32 bytes")
        raw = public_key + _checksum(public_key) + VERSION
        return cls(base64.b32encode(raw).decode("ascii").lower() + SUFFIX)

    def __str__(self) -> str:
        return self.host


def _verify(host: str) -> None:
    if len(host) != HOST_LEN or not host.isascii() or not host.endswith(SUFFIX) or host != host.lower():
        raise NotAnOnion("not a version 3 onion address in lower case")
    try:
        raw = base64.b32decode(host.removesuffix(SUFFIX).upper())
    except binascii.Error:
        raise NotAnOnion("an onion address has only the letters a to z and the digits 2 to 7") from None
    public_key, checksum, version = raw[:PUBLIC_KEY_LEN], raw[PUBLIC_KEY_LEN:-1], raw[-1:]
    if version != VERSION:
        raise NotAnOnion("not a version 3 onion address")
    if checksum != _checksum(public_key):
        raise NotAnOnion("the onion address has a wrong letter: its checksum does not match")


def _checksum(public_key: bytes) -> bytes:
    return sha3_256(b".onion checksum" + public_key + VERSION).digest()[:CHECKSUM_LEN]
