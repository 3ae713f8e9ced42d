"""This desk's own card: its lines come from the keys themselves (forwarder/partner_card.py says what a card is)."""

import base64

from crypto.suite import OpeningKey
from forwarder.desk.config import Settings
from forwarder.desk.database import Database
from forwarder.desk.own_keys import pull_key, signing_key
from forwarder.partner_card import PartnerCard


def card_of(settings: Settings, key: OpeningKey, database: Database) -> PartnerCard:
    """The card of a desk with this current key; without an endpoint while its onion is not made."""
    partner = settings.config.partner
    try:
        endpoint = f"http://{(settings.service_directory / 'hostname').read_text('ascii').strip()}/"
    except (OSError, UnicodeDecodeError):
        endpoint = ""
    return PartnerCard(
        id=partner.id,
        name=partner.name.strip(),
        key=base64.b64encode(key.sealing_key.wire).decode(),
        endpoint=endpoint,
        pull_key=pull_key(database).public,
        signing=signing_key(database).verifying_key.wire.hex(),
    )
