"""Posts on their way: what would be said where, and saying it; a channel in trouble holds up no other.

What a post says is made of the alert alone (wording.py), never of a report. What is said goes through the outlet
(outlet.py) or not at all.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

from forwarder.desk.channels.accounts import PLACE, Channel, Channels, Kind
from forwarder.desk.channels.outlet import Outlet
from forwarder.desk.channels.queue import Post, PostState, Queue
from forwarder.desk.channels.wording import page_text, said, summary
from forwarder.desk.database import Database
from forwarder.desk.errors import BadChannel, DeskError, NoSuchPost, NotSaid
from forwarder.desk.publish.alert import Alert
from forwarder.desk.publish.places import Gazetteer
from forwarder.desk.publish.release import current_alerts
from onion_service.posting import Wiki

# So many channels are spoken to at the same time.
AT_ONCE: Final = 4


@dataclass(frozen=True, slots=True)
class Message:
    """What would be sent, to the letter, and to which kind of service. `page`: of a wiki; empty for a post."""

    channel: str
    kind: Kind
    service: str
    page: str
    title: str
    body: str
    summary: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one post: `trouble` is empty when it was said."""

    post: int
    channel: str
    incident: int
    trouble: str


@dataclass(frozen=True, slots=True, repr=False)
class Turn:
    """What one channel has to say, in order."""

    channel: str
    calls: tuple[tuple[Post, Callable[[Outlet], None]], ...]


class Sending:
    """Readies and settles what is in the queue of an open inbox. `address`: where readers find all alerts, or empty."""

    __slots__ = ("_address", "_channels", "_database", "_gazetteer", "_handed", "_nearest", "_queue")

    def __init__(self, database: Database, *, address: str, gazetteer: Gazetteer) -> None:
        self._database: Final = database
        self._address: Final = address
        self._gazetteer: Final = gazetteer
        self._nearest: Final[dict[str, str]] = {}
        self._handed: Final[set[int]] = set()
        self._channels: Final = Channels(database)
        self._queue: Final = Queue(database)

    def messages(self, channel: Channel, alert: Alert) -> list[Message]:
        """What `channel` would say of `alert`: a post, or each page of a wiki that it stands or stood on. Raises
        BadChannel when its service takes too little."""
        if channel.kind is Kind.MEDIAWIKI:
            return [self._page(channel, alert, title) for title in self._titles(channel, alert)]
        words = said(
            alert,
            language=channel.language,
            title_max=channel.title_max,
            body_max=channel.body_max,
            address=self._address,
        )
        return [Message(channel.name, channel.kind, channel.service, "", words.title, words.body, "")]

    def due(self, *, now: int, channel: str = "") -> list[Turn]:
        """What is due, with everything it takes to say it; with `channel`, what that one has to say, however soon.
        From here on it counts as tried, until `settle`. Raises NoSuchChannel."""
        only = self._channels.named(channel).number if channel else None
        channels = {one.number: one for one in self._channels.all()}
        posts: dict[int, list[Post]] = {}
        for post in self._queue.hand_out(now=now, channel=only):
            posts.setdefault(post.channel, []).append(post)
            self._handed.add(post.number)
        return [
            Turn(channels[number].name, tuple((post, self._call(channels[number], post)) for post in its))
            for number, its in posts.items()
        ]

    def settle(self, outcomes: list[Outcome], *, now: int) -> list[Outcome]:
        """Keep what became of what was due: what was not said is tried again later, what was not tried is as it was. A
        post that is gone meanwhile, with its channel, is nobody else's trouble."""
        for one in outcomes:
            with suppress(NoSuchPost):
                if one.trouble:
                    self._queue.failed(one.post, now=now)
                else:
                    self._queue.sent(one.post)
        self._queue.give_back(self._handed - {one.post for one in outcomes})
        self._handed.clear()
        return outcomes

    def _call(self, channel: Channel, post: Post) -> Callable[[Outlet], None]:
        """Saying one post, with everything it needs in hand."""
        try:
            messages = self.messages(channel, post.alert)
        except BadChannel as error:
            return _failing(str(error))
        if channel.kind is Kind.MEDIAWIKI:
            self._note_pages(channel, post.alert, messages)
            return partial(_edit_all, wiki=self._channels.wiki(channel), messages=messages)
        return partial(_post_all, url=self._channels.url(channel), messages=messages)

    def _page(self, channel: Channel, alert: Alert, title: str) -> Message:
        """A page with everything that belongs there now: this alert, and the others that this channel has had to say.
        One that was published before it was turned on is not said there in passing."""
        rows = self._database.rows(
            "SELECT DISTINCT alerts.id FROM posts JOIN alerts ON posts.alert = alerts.number"
            " WHERE posts.channel = ? AND (posts.state <> ? OR posts.tries > 0)",
            channel.number,
            PostState.DROPPED.value,
        )
        ours = {alert.id, *(one for (one,) in rows)}
        there = [one for one in current_alerts(self._database) if one.id in ours and self._title(channel, one) == title]
        body = page_text(there, language=channel.language, address=self._address)
        about = summary(alert, language=channel.language)
        return Message(channel.name, channel.kind, channel.service, title, "", body, about)

    def _titles(self, channel: Channel, alert: Alert) -> list[str]:
        before = self._database.rows(
            "SELECT title FROM pages WHERE channel = ? AND alert = ?", channel.number, alert.id
        )
        return sorted({self._title(channel, alert), *(title for (title,) in before)})

    def _note_pages(self, channel: Channel, alert: Alert, messages: Sequence[Message]) -> None:
        with self._database.change() as opened:
            opened.executemany(
                "INSERT OR IGNORE INTO pages (channel, alert, title) VALUES (?, ?, ?)",
                [(channel.number, alert.id, message.page) for message in messages],
            )

    def _title(self, channel: Channel, alert: Alert) -> str:
        if PLACE not in channel.service:
            return channel.service
        cell = alert.cell.index
        if cell not in self._nearest:
            self._nearest[cell] = self._gazetteer.nearest(alert.cell)
        place = self._nearest[cell]
        # What cannot stand in the title of a page is left out of the name of a place.
        name = "".join(one for one in self._gazetteer.names.get(place, "") if one not in "#<>[]{}|\n")
        return channel.service.replace(PLACE, name or cell)


def speak(work: Sequence[Turn], outlet: Outlet) -> list[Outcome]:
    """Say it, several channels at once and without touching the inbox. Never raises: an outcome that was lost would be
    said twice."""
    with ThreadPoolExecutor(max_workers=AT_ONCE) as threads:
        return [one for outcomes in threads.map(lambda turn: _in_turn(turn, outlet), work) for one in outcomes]


def _in_turn(turn: Turn, outlet: Outlet) -> list[Outcome]:
    """What became of each post of a channel, in order; after one that failed the rest waits for another time."""
    outcomes = []
    for post, call in turn.calls:
        try:
            call(outlet)
            outcomes.append(Outcome(post.number, turn.channel, post.incident, ""))
        except DeskError as error:
            outcomes.append(Outcome(post.number, turn.channel, post.incident, str(error) or "it failed"))
            break
        # No memory or process for the walls, or a fault of ours: its text may hold what opens the account.
        except Exception as error:  # noqa: BLE001
            trouble = f"what speaks to services does not start: {type(error).__name__}"
            outcomes.append(Outcome(post.number, turn.channel, post.incident, trouble))
            break
    return outcomes


def _edit_all(outlet: Outlet, *, wiki: Wiki, messages: Sequence[Message]) -> None:
    for message in messages:
        outlet.edit(wiki, page=message.page, body=message.body, summary=message.summary)


def _post_all(outlet: Outlet, *, url: str, messages: Sequence[Message]) -> None:
    for message in messages:
        outlet.post(url, title=message.title, body=message.body)


def _failing(trouble: str) -> Callable[[Outlet], None]:
    def call(_: Outlet) -> None:
        raise NotSaid(trouble)

    return call
