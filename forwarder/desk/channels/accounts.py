"""The channels of a desk: where alerts are said beside the feeds, each off until a person turns it on.

What opens an account lies encrypted in the inbox and in no other place: not in the settings, not in a message, not in
what a channel prints of itself.
"""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

import msgspec

from crypto import canonical
from crypto.errors import Malformed
from forwarder.desk.channels.queue import drop
from forwarder.desk.database import Database
from forwarder.desk.errors import BadChannel, NoSuchChannel, Unreadable
from forwarder.desk.publish.alert import LANGUAGES
from onion_service.address import SUFFIX
from onion_service.posting import Service, Wiki

SECRET_MAX: Final = 4_096
CHANNELS_MAX: Final = 64
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_PAGE: Final = re.compile(r"[^\x00-\x1f#<>\[\]{}|]{1,200}")
# Where the name of the nearest place of the gazetteer goes in the title of a page.
PLACE: Final = "{place}"


class Kind(Enum):
    """How a channel is spoken to."""

    APPRISE = "apprise"
    MEDIAWIKI = "mediawiki"


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel, without what opens it. `service`: what kind of service it is, or which pages of a wiki."""

    number: int
    name: str
    kind: Kind
    service: str
    language: str
    title_max: int
    body_max: int
    active: bool


class _Account(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    address: str
    password: str
    user: str


class Channels:
    """The channels of an open inbox."""

    __slots__ = ("_database",)

    def __init__(self, database: Database) -> None:
        self._database: Final = database

    def add(self, name: str, url: str, *, service: Service, language: str) -> Channel:
        """A channel through an Apprise URL, off. `service`: what `describe` said of it. Raises BadChannel."""
        if not 0 < len(url) <= SECRET_MAX:
            raise BadChannel(f"an Apprise URL has 1 to {SECRET_MAX} characters")
        return self._add(name, Kind.APPRISE, service.name, url, language, service.title_max, service.body_max)

    def add_wiki(self, name: str, wiki: Wiki, *, page: str, language: str) -> Channel:
        """A channel into pages of a MediaWiki, off; `{place}` in the title `page` makes it one page for each place.

        Raises BadChannel.
        """
        if not _PAGE.fullmatch(page.replace(PLACE, "X", 1)):
            raise BadChannel("the title of a page has 1 to 200 characters, none of # < > [ ] { | }, but for {place}")
        scheme, _, rest = wiki.address.partition("://")
        onion = rest.partition("/")[0].partition(":")[0].endswith(SUFFIX)
        if not (scheme == "https" or (scheme == "http" and onion)) or "/" not in rest or not rest.endswith("/"):
            raise BadChannel("the address of a wiki: https://host/w/, where its api.php lies, with the / at its end")
        if max(len(wiki.address), len(wiki.user), len(wiki.password)) > SECRET_MAX // 4:
            raise BadChannel("the wiki's address, user or password is too long")
        secret = canonical.encode(_Account(wiki.address, wiki.password, wiki.user)).decode()
        return self._add(name, Kind.MEDIAWIKI, page, secret, language, 0, 0)

    def turn(self, name: str, *, on: bool) -> None:
        """On: from the next version of an alert on it is said there, and what corrects or takes back something that it
        said before it was off. Off: nothing is said, and what it had to say of anything else is dropped."""
        channel = self.named(name)
        with self._database.change() as opened:
            opened.execute("UPDATE channels SET active = ? WHERE number = ?", (int(on), channel.number))
            if not on:
                drop(opened, channel=channel.number)

    def remove(self, name: str) -> None:
        """Forget a channel, what opens it, and what it was to say. Raises NoSuchChannel."""
        channel = self.named(name)
        with self._database.change() as opened:
            opened.execute("DELETE FROM posts WHERE channel = ?", (channel.number,))
            opened.execute("DELETE FROM pages WHERE channel = ?", (channel.number,))
            opened.execute("DELETE FROM channels WHERE number = ?", (channel.number,))

    def all(self) -> list[Channel]:
        """Every channel, in the order of their names."""
        rows = self._database.rows(f"SELECT {_COLUMNS} FROM channels ORDER BY name")  # noqa: S608 - our own words
        return [_channel(row) for row in rows]

    def named(self, name: str) -> Channel:
        """The channel of that name. Raises NoSuchChannel."""
        row = self._database.row(f"SELECT {_COLUMNS} FROM channels WHERE name = ?", name)  # noqa: S608
        if row is None:
            raise NoSuchChannel(name)
        return _channel(row)

    def url(self, channel: Channel) -> str:
        """The Apprise URL of a channel, for nobody but the service itself."""
        return str(self._secret(channel, Kind.APPRISE))

    def wiki(self, channel: Channel) -> Wiki:
        """The account on a wiki, for nobody but the wiki itself."""
        try:
            said = canonical.decode(self._secret(channel, Kind.MEDIAWIKI).encode(), _Account, limit=2 * SECRET_MAX)
        except Malformed as error:
            raise Unreadable("the account of a channel is damaged") from error
        return Wiki(said.address, said.user, said.password)

    def _secret(self, channel: Channel, kind: Kind) -> str:
        found = self._database.one(
            "SELECT secret FROM channels WHERE number = ? AND kind = ?", channel.number, kind.value
        )
        if found is None:
            raise NoSuchChannel(channel.name)
        return str(found)

    def _add(
        self, name: str, kind: Kind, service: str, secret: str, language: str, title_max: int, body_max: int
    ) -> Channel:
        if not _NAME.fullmatch(name):
            raise BadChannel("a channel's name: 1 to 32 small letters, digits and hyphens")
        if language not in LANGUAGES:
            raise BadChannel(f"a channel speaks one of: {', '.join(LANGUAGES)}")
        with self._database.change() as opened:
            if self._database.one("SELECT 1 FROM channels WHERE name = ?", name):
                raise BadChannel(f"there is a channel {name} already")
            if self._database.one("SELECT count(*) FROM channels") >= CHANNELS_MAX:
                raise BadChannel(f"a desk has at most {CHANNELS_MAX} channels")
            opened.execute(
                "INSERT INTO channels (name, kind, service, secret, language, title_max, body_max)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (name, kind.value, service[:200], secret, language, title_max, body_max),
            )
        return self.named(name)


_COLUMNS: Final = "number, name, kind, service, language, title_max, body_max, active"


def _channel(row: tuple[int, str, str, str, str, int, int, int]) -> Channel:
    number, name, kind, service, language, title_max, body_max, active = row
    return Channel(number, name, Kind(kind), service, language, title_max, body_max, bool(active))
