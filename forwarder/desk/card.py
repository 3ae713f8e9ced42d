"""A partner's card: what a relay's operator and the holder of the root key must know of it; nothing of it is secret."""

import base64
from dataclasses import dataclass

from crypto.keys import fingerprint_words
from crypto.suite import OpeningKey
from forwarder.desk.config import Settings
from forwarder.desk.database import Database
from forwarder.desk.own_keys import pull_key, signing_key


@dataclass(frozen=True, slots=True)
class PartnerCard:
    """What the relay's operator and the holder of the root key must know of a partner; nothing of it is secret."""

    id: str
    name: str
    key: str
    words: str
    endpoint: str
    pull_key: str
    signing: str
    alerts: str = ""


def card_of(settings: Settings, key: OpeningKey, database: Database) -> PartnerCard:
    """The card of a desk with this current key; without an endpoint while its onion is not made."""
    partner = settings.config.partner
    public = key.sealing_key
    try:
        endpoint = f"http://{(settings.service_directory / 'hostname').read_text('ascii').strip()}/"
    except (OSError, UnicodeDecodeError):
        endpoint = ""
    return PartnerCard(
        id=partner.id,
        name=partner.name,
        key=base64.b64encode(public.wire).decode(),
        words=fingerprint_words(public.fingerprint),
        endpoint=endpoint,
        pull_key=pull_key(database).public,
        signing=signing_key(database).verifying_key.wire.hex(),
    )
