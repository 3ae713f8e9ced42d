"""A partner's card: whoever changes any line of it changes the words that are read over the telephone.

What a relay's operator and the holder of the root key must know of a partner; nothing of it is secret, and all of it
must be right (docs/spec/keys.md, "A partner's card"). Desk and operator compute the words with the same function, each
from what they hold: words that came along with a card prove nothing.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Final, Self

from crypto import canonical
from crypto.errors import CryptoError
from crypto.keys import fingerprint_words
from crypto.minisign import PublicKey
from crypto.signing import VerifyingKey
from crypto.suite import SealingKey
from forwarder.errors import NotACard
from onion_service.client_auth import check_public
from onion_service.dial import OnionUrl
from onion_service.errors import OnionServiceError

CARD_MAX: Final = 16_384
_LABEL: Final = b"veladora v1 partner card\x00"
_BOUND: Final = ("id", "name", "key", "endpoint", "pull_key", "signing", "alerts")
_MAY_LACK: Final = frozenset({"endpoint", "alerts"})
_SHOWN: Final = ("id", "name", "key", "key_words", "endpoint", "pull_key", "signing", "alerts", "words")
_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_HEX32: Final = re.compile(r"[0-9a-f]{64}")
_NAME_MAX: Final = 400


@dataclass(frozen=True, slots=True)
class PartnerCard:
    """What others must know of a partner. `endpoint` and `alerts` are empty while there is none."""

    id: str
    name: str
    key: str
    endpoint: str
    pull_key: str
    signing: str
    alerts: str = ""

    @property
    def key_words(self) -> str:
        """The fingerprint words of the key alone: what a reporter's page shows, so what a partner may publish."""
        return fingerprint_words(SealingKey(canonical.unbase64(self.key)).fingerprint)

    @property
    def words(self) -> str:
        """Twelve words of the whole card, to be read aloud and compared."""
        lines = {name: value for name in _BOUND if (value := getattr(self, name))}
        return fingerprint_words(hashlib.sha256(_LABEL + canonical.encode(lines)).digest())

    @property
    def text(self) -> str:
        """The card as lines to send."""
        return "".join(f"{name:<9} {value}\n" for name in _SHOWN if (value := getattr(self, name)))

    @classmethod
    def read(cls, text: str) -> Self:
        """The card of these lines. Raises NotACard; whoever sent it must send it again, and words that stand on it and
        are not its own mean that somebody changed it on the way."""
        lines = _lines(text)
        lacking = [name for name in _BOUND if name not in lines and name not in _MAY_LACK]
        if lacking:
            raise NotACard(f"it has no line {lacking[0]}")
        _check(lines)
        card = cls(**{name: lines.get(name, "") for name in _BOUND})
        for name, own in (("words", card.words), ("key_words", card.key_words)):
            if lines.get(name, own) != own:
                raise NotACard(f"its {name} are those of another card: somebody changed it, or it was copied badly")
        return card


def _lines(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, _, value = line.strip().partition(" ")
        if not name:
            continue
        if name not in _SHOWN or not value.strip() or not value.isprintable():
            raise NotACard("a line of it is none of a card's: there must be nothing else, and no line broken in two")
        if name in found:
            raise NotACard(f"it has two lines {name}")
        found[name] = value.strip()
    return found


def _check(lines: dict[str, str]) -> None:
    if not _ID.fullmatch(lines["id"]) or len(lines["name"]) > _NAME_MAX:
        raise NotACard("an id has small letters, digits and hyphens, and a name at most 400 characters")
    if not _HEX32.fullmatch(lines["signing"]):
        raise NotACard("signing: it has 64 hexadecimal digits")
    try:
        SealingKey(canonical.unbase64(lines["key"]))
        VerifyingKey(bytes.fromhex(lines["signing"]))
        check_public(lines["pull_key"])
        if "endpoint" in lines:
            OnionUrl.parse(lines["endpoint"])
        if "alerts" in lines:
            PublicKey.parse(lines["alerts"])
    except (CryptoError, OnionServiceError) as error:
        raise NotACard(str(error)) from error
