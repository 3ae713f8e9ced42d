"""What topics are called, from the relay's directory that this desk has fetched; only for reading by people.

A directory counts when the root key of the relay's card signed it. One that has expired still gives names.
"""

from collections.abc import Mapping

from crypto.directory import Card, TrustedDirectory
from crypto.errors import CryptoError
from forwarder.desk.config import Settings
from forwarder.desk.database import Database


def topic_names(settings: Settings, database: Database) -> Mapping[str, Mapping[str, str]]:
    """Names by the topic's id and by language; none when no directory is here."""
    signed = database.one("SELECT signed FROM directory")
    if signed is None or settings.config.relay is None:
        return {}
    try:
        root = Card.parse(settings.config.relay.card).root
        directory = TrustedDirectory.read(signed, root=root, now=0).directory
    except CryptoError:
        return {}
    return {topic.id: {"es": topic.name.es, "en": topic.name.en} for topic in directory.topics}
