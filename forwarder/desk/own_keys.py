"""The desk's keys that open no report: with one it may pull bundles, with the other it signs its word to other desks.

They are made with the inbox and rest in it, so the passphrase guards them too, and a copy of the folder has them.
"""

import secrets
from typing import Any, Final

from crypto.signing import SEED_LEN, SigningKey
from forwarder.desk.database import Database
from onion_service.client_auth import KEY_LEN, ClientKey

_PULL: Final = "pull"
_WORD: Final = "word"


def make(opened: Any) -> None:  # noqa: ANN401 - sqlcipher3 has no types
    """Fresh keys, inside a change."""
    opened.execute("INSERT INTO own_keys VALUES (?, ?)", (_PULL, secrets.token_bytes(KEY_LEN)))
    opened.execute("INSERT INTO own_keys VALUES (?, ?)", (_WORD, secrets.token_bytes(SEED_LEN)))


def pull_key(database: Database) -> ClientKey:
    """The key with which this desk finds the partners' onion of its relay."""
    return ClientKey(_secret(database, _PULL))


def signing_key(database: Database) -> SigningKey:
    """The key that signs this desk's word to other desks."""
    return SigningKey(_secret(database, _WORD))


def _secret(database: Database, name: str) -> bytes:
    return bytes(database.one("SELECT secret FROM own_keys WHERE name = ?", name))
