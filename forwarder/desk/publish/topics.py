"""What topics are called on the pages: by names that a person saw in a preview, and by no others.

They come from the relay's directory that this desk has fetched, if the root key of the relay's card signed it; one that
has expired still gives names. What a directory says later is on no page before somebody has seen it.
"""

from collections.abc import Mapping
from typing import Any

from crypto.directory import Card, TrustedDirectory
from crypto.errors import CryptoError
from forwarder.desk.database import Database

Named = Mapping[str, str]


def topic_name(database: Database, topic: str, *, card: str) -> Named:
    """What a topic is called by now, by language; empty when nothing is known of it. `card`: the relay's, or empty."""
    return _in_directory(database, topic, card) or seen_name(database, topic)


def seen_name(database: Database, topic: str) -> Named:
    """What a topic is called on the pages, by language; empty when nobody has seen a name."""
    return seen_names(database).get(topic, {})


def seen_names(database: Database) -> Mapping[str, Named]:
    """The names that people have seen in what they published, by the topic's id and by language."""
    return {topic: {"es": es, "en": en} for topic, es, en in database.rows("SELECT topic, es, en FROM topic_names")}


def note_name(opened: Any, topic: str, named: Named) -> None:  # noqa: ANN401
    """Inside the change that keeps what a person decided: this is what they saw the topic called."""
    if named:
        opened.execute("INSERT OR REPLACE INTO topic_names VALUES (?, ?, ?)", (topic, named["es"], named["en"]))


def _in_directory(database: Database, topic: str, card: str) -> Named:
    signed = database.one("SELECT signed FROM directory")
    if signed is None or not card:
        return {}
    try:
        directory = TrustedDirectory.read(signed, root=Card.parse(card).root, now=0).directory
    except CryptoError:
        return {}
    return next(({"es": one.name.es, "en": one.name.en} for one in directory.topics if one.id == topic), {})
