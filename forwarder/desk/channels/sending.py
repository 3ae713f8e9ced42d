"""Posts on their way: what would be said where, and saying it; a channel in trouble holds up no other.

What a post says is made of the alert alone (wording.py), never of a report. What is said goes through the outlet
(outlet.py) or not at all.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from forwarder.desk.channels.accounts import PLACE, Channel, Channels, Kind
from forwarder.desk.channels.outlet import Outlet
from forwarder.desk.channels.queue import Post, Queue
from forwarder.desk.channels.wording import page_text, said, summary
from forwarder.desk.database import Database
from forwarder.desk.errors import BadChannel, DeskError, NotSaid
from forwarder.desk.publish.alert import Alert
from forwarder.desk.publish.places import Gazetteer
from forwarder.desk.publish.release import current_alerts

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


class Sending:
    """Sends what is in the queue of an open inbox. `address`: where readers find all alerts, or empty."""

    __slots__ = ("_address", "_channels", "_database", "_gazetteer", "_queue")

    def __init__(self, database: Database, *, address: str, gazetteer: Gazetteer) -> None:
        self._database: Final = database
        self._address: Final = address
        self._gazetteer: Final = gazetteer
        self._channels: Final = Channels(database)
        self._queue: Final = Queue(database)

    def message(self, channel: Channel, alert: Alert) -> Message:
        """What `channel` would say of `alert`. Raises BadChannel when its service takes too little."""
        if channel.kind is Kind.MEDIAWIKI:
            return self._page(channel, alert)
        words = said(
            alert,
            language=channel.language,
            title_max=channel.title_max,
            body_max=channel.body_max,
            address=self._address,
        )
        return Message(channel.name, channel.kind, channel.service, "", words.title, words.body, "")

    def send_due(self, outlet: Outlet, *, now: int, channel: str = "") -> list[Outcome]:
        """Try everything that is due; with `channel`, what that one has to say, however soon. What was not said is
        tried again later. Never raises for what a service does."""
        only = self._channels.named(channel).number if channel else None
        channels = {one.number: one for one in self._channels.all()}
        due: dict[int, list[Post]] = {}
        for post in self._queue.due(now=now, channel=only):
            due.setdefault(post.channel, []).append(post)
        # Everything is read before the first is sent: the threads touch no database.
        work = [(posts, [self._call(channels[number], post) for post in posts]) for number, posts in due.items()]
        outcomes = []
        with ThreadPoolExecutor(max_workers=AT_ONCE) as threads:
            troubles = threads.map(lambda one: _in_turn(one[1], outlet), work)
            for (posts, _), found in zip(work, troubles, strict=True):
                for post, trouble in zip(posts, found, strict=False):
                    if trouble:
                        self._queue.failed(post.number, now=now)
                    else:
                        self._queue.sent(post.number)
                    outcomes.append(Outcome(post.number, channels[post.channel].name, post.incident, trouble))
        return outcomes

    def _call(self, channel: Channel, post: Post) -> Callable[[Outlet], None]:
        """Saying one post, with everything it needs in hand."""
        try:
            message = self.message(channel, post.alert)
        except BadChannel as error:
            return _failing(str(error))
        if channel.kind is Kind.MEDIAWIKI:
            wiki = self._channels.wiki(channel)
            return lambda outlet: outlet.edit(wiki, page=message.page, body=message.body, summary=message.summary)
        url = self._channels.url(channel)
        return lambda outlet: outlet.post(url, title=message.title, body=message.body)

    def _page(self, channel: Channel, alert: Alert) -> Message:
        """The page that an alert belongs on, with everything that belongs there now."""
        title = self._title(channel, alert)
        there = [one for one in current_alerts(self._database) if self._title(channel, one) == title]
        body = page_text(there, language=channel.language, address=self._address)
        about = summary(alert, language=channel.language)
        return Message(channel.name, channel.kind, channel.service, title, "", body, about)

    def _title(self, channel: Channel, alert: Alert) -> str:
        if PLACE not in channel.service:
            return channel.service
        place = self._gazetteer.nearest(alert.cell)
        # What cannot stand in the title of a page is left out of the name of a place.
        name = "".join(one for one in self._gazetteer.names.get(place, "") if one not in "#<>[]{}|\n")
        return channel.service.replace(PLACE, name or alert.cell.index)


def _in_turn(calls: Sequence[Callable[[Outlet], None]], outlet: Outlet) -> list[str]:
    """What became of each call, in order; after the first that failed the rest of that channel waits for its turn."""
    found = []
    for call in calls:
        try:
            call(outlet)
            found.append("")
        except DeskError as error:
            found.append(str(error) or "it failed")
            break
    return found


def _failing(trouble: str) -> Callable[[Outlet], None]:
    def call(_: Outlet) -> None:
        raise NotSaid(trouble)

    return call
