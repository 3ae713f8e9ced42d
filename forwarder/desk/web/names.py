"""The names of topics and places for their ids, from a relay's signed directory when the desk has one.

The file `directory.signed` in the desk's folder is read when the root key of the relay's card signed it; what it names
may be out of date, so an expired one still gives names. An id without a name is shown as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from crypto.directory import DIRECTORY_MAX, Card, TrustedDirectory, Words
from crypto.errors import CryptoError
from forwarder.desk.config import Settings

DIRECTORY_NAME: Final = "directory.signed"


@dataclass(frozen=True, slots=True)
class Names:
    """What ids are called."""

    topics: Mapping[str, Words] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)

    def topic(self, topic: str, *, language: str) -> str:
        """The topic's name in a language, or its id."""
        words = self.topics.get(topic)
        return topic if words is None else words.en if language == "en" else words.es

    def place(self, place: str) -> str:
        """The place's name, or its id."""
        return self.places.get(place, place)


def names_for(settings: Settings) -> Names:
    """The names in the desk's folder; none when there is no directory that its relay's root key signed."""
    relay = settings.config.relay
    if relay is None:
        return Names()
    try:
        with (settings.folder / DIRECTORY_NAME).open("rb") as file:
            signed = file.read(DIRECTORY_MAX + 1)
        directory = TrustedDirectory.read(signed, root=Card.parse(relay.card).root, now=0).directory
    except (OSError, CryptoError):
        return Names()
    return Names(
        topics={topic.id: topic.name for topic in directory.topics},
        places={place.id: place.name for place in directory.places},
    )
