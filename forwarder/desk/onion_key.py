"""The key of the endpoint's onion, made before tor first runs, so that its address can be told from the start.

Source of the two file formats: tor's rend-spec-v3, appendix "Hidden service directory format"; the key is expanded as
in RFC 8032, section 5.1.5.
"""

import hashlib
from pathlib import Path
from typing import Final

from crypto.signing import SigningKey
from forwarder.durable import write_durably
from onion_service.address import OnionAddress

_SECRET_HEAD: Final = b"== ed25519v1-secret: type0 ==\x00\x00\x00"
_PUBLIC_HEAD: Final = b"== ed25519v1-public: type0 ==\x00\x00\x00"
_SECRET_NAME: Final = "hs_ed25519_secret_key"  # noqa: S105 - the name of a file
_PUBLIC_NAME: Final = "hs_ed25519_public_key"


def make_onion(service_directory: Path) -> OnionAddress:
    """A fresh onion address, whose key lies in `service_directory` for tor to find. Raises NotWritten."""
    key = SigningKey.generate()
    address = OnionAddress.of_public_key(key.verifying_key.wire)
    service_directory.mkdir(mode=0o700, parents=True)
    write_durably(service_directory / _SECRET_NAME, [_SECRET_HEAD, _expanded(key.secret_seed())])
    write_durably(service_directory / _PUBLIC_NAME, [_PUBLIC_HEAD, key.verifying_key.wire])
    write_durably(service_directory / "hostname", [f"{address}\n".encode()])
    return address


def _expanded(seed: bytes) -> bytes:
    digest = bytearray(hashlib.sha512(seed).digest())
    digest[0] &= 0b1111_1000
    digest[31] &= 0b0111_1111
    digest[31] |= 0b0100_0000
    return bytes(digest)
