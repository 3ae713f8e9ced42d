"""The names of topics and places for their ids: from the desk's gazetteer, and from the relay's signed directory when
the desk has it. An id without a name is shown as it is.
"""

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from crypto.directory import Card, Directory, TrustedDirectory, Words
from crypto.errors import CryptoError
from forwarder.desk.program import Desk
from forwarder.desk.publish.errors import BadPlaces
from forwarder.desk.publish.places import NOWHERE, read_places


@dataclass(frozen=True, slots=True)
class Names:
    """What ids are called. `directory`: the hash of the one that they come from; empty when there is none."""

    topics: Mapping[str, Words] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)
    directory: bytes = b""

    def topic(self, topic: str, *, language: str) -> str:
        """The topic's name in a language, or its id."""
        words = self.topics.get(topic)
        return topic if words is None else words.en if language == "en" else words.es

    def place(self, place: str) -> str:
        """The place's name, or its id."""
        return self.places.get(place, place)


def names_for(desk: Desk) -> Names:
    """The names that this desk knows. A directory counts when the root key of the relay's card signed it; its names may
    be out of date, so one that has expired still gives them."""
    directory, gazetteer = _directory(desk), NOWHERE
    with suppress(BadPlaces):
        gazetteer = read_places(desk.settings.places_file)
    topics = {} if directory is None else {topic.id: topic.name for topic in directory.topics}
    places = {} if directory is None else {place.id: place.name for place in directory.places}
    return Names(topics, {**places, **gazetteer.names}, _hash(desk))


def names_now(desk: Desk, held: Names) -> Names:
    """The names that this desk knows now: those held, unless another directory has come meanwhile."""
    return held if held.directory == _hash(desk) else names_for(desk)


def _signed(desk: Desk) -> bytes | None:
    found = desk.inbox.database.one("SELECT signed FROM directory")
    return None if found is None else bytes(found)


def _hash(desk: Desk) -> bytes:
    signed = _signed(desk)
    return b"" if signed is None else hashlib.sha256(signed).digest()


def _directory(desk: Desk) -> Directory | None:
    signed = _signed(desk)
    if signed is None or desk.settings.config.relay is None:
        return None
    try:
        root = Card.parse(desk.settings.relay.card).root
        return TrustedDirectory.read(signed, root=root, now=0).directory
    except CryptoError:
        return None
