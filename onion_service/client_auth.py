"""An onion service that only those with a key can find: tor's client authorisation (rend-spec-v3, appendix G).

Who is not on its list cannot read its descriptor, so does not learn where it could be met. The list is written before
tor starts, and an empty one is refused: tor takes it for "everybody".
"""

import base64
import binascii
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from onion_service import durable
from onion_service.errors import ClientsNotWritten, UnsafeSetting

KEY_LEN: Final = 32
FOLDER: Final = "authorized_clients"
_SUFFIX: Final = ".auth"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_TEXT: Final = re.compile(r"[A-Z2-7]{52}")
_PADDING: Final = "===="


class ClientKey:
    """A client's private key (X25519). Quiet when printed."""

    __slots__ = ("_key",)

    def __init__(self, secret: bytes) -> None:
        """The key of 32 random bytes."""
        if len(secret) != KEY_LEN:
            raise UnsafeSetting(f"a client's key is {KEY_LEN} bytes long")
        self._key: Final = X25519PrivateKey.from_private_bytes(secret)

    def __repr__(self) -> str:
        return "ClientKey(...)"

    def __reduce__(self) -> str:
        raise TypeError("a private key is not pickled")

    @property
    def public(self) -> str:
        """What the service's operator is given: 52 letters and digits, in tor's spelling."""
        return base64.b32encode(self._key.public_key().public_bytes_raw()).decode().rstrip("=")

    def secret_for_tor(self) -> str:
        """The private key as tor's control protocol takes it."""
        return base64.b64encode(self._key.private_bytes_raw()).decode()


def check_public(text: str) -> str:
    """`text`, when it is a client's public key as `ClientKey.public` spells it. Raises UnsafeSetting."""
    try:
        wire = base64.b32decode(text + _PADDING) if _TEXT.fullmatch(text) else b""
    except binascii.Error:
        wire = b""
    if len(wire) != KEY_LEN or base64.b32encode(wire).decode().rstrip("=") != text:
        raise UnsafeSetting("not a client's public key: 52 capital letters and digits, from the partner's card")
    try:
        # What is agreed with a point of small order is zero, whoever agrees: such a key lets everybody in.
        X25519PrivateKey.from_private_bytes(bytes(range(KEY_LEN))).exchange(X25519PublicKey.from_public_bytes(wire))
    except ValueError:
        raise UnsafeSetting("this client's key would let everybody in: ask the partner for another card") from None
    return text


def admit(service_directory: Path, clients: Mapping[str, str]) -> None:
    """From the next start of its tor the service can be found by these clients and by nobody else.

    `clients`: a public key for each name. Raises UnsafeSetting when there is none or one is not a key,
    ClientsNotWritten when the list cannot be written; then tor must not be started.
    """
    if not clients or not all(_NAME.fullmatch(name) for name in clients):
        raise UnsafeSetting("a service for clients alone needs a client, and each of them a plain name")
    wanted = {f"{name}{_SUFFIX}": f"descriptor:x25519:{check_public(key)}\n" for name, key in clients.items()}
    folder = service_directory / FOLDER
    try:
        for place in (service_directory, folder):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            place.chmod(0o700)
        for path in folder.iterdir():
            if path.name not in wanted:
                path.unlink()
        for name, line in wanted.items():
            if _there(folder / name) != line:
                durable.replace(folder / name, [line.encode("ascii")])
        durable.sync_folder(folder)
    except OSError as error:
        raise ClientsNotWritten(folder, error.strerror or "unknown reason") from error


def _there(path: Path) -> str:
    try:
        return path.read_text("ascii")
    except (FileNotFoundError, UnicodeDecodeError):
        return ""
