"""What channels still have to say: a queue on the disk, in which every version of an alert has its place.

A version takes the place of those before it that have not been said yet. What fails is tried again, each time later,
until it is too old; one channel's trouble never holds up another's.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from forwarder.desk.database import Database
from forwarder.desk.errors import NoSuchPost
from forwarder.desk.publish.alert import Alert
from forwarder.desk.publish.alert import State as AlertState
from forwarder.desk.publish.stored import read_alert

HOUR_SECONDS: Final = 3_600
# Hours until the next try, after so many. In whole hours: when somebody sat at the desk is nobody's business.
BACKOFF: Final = (1, 1, 2, 4, 8, 24)
# What could not be said for two weeks is said no more.
EXPIRES_HOURS: Final = 14 * 24


class PostState(Enum):
    """What became of a post."""

    WAITING = "waiting"
    SENT = "sent"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class Post:
    """One version of an alert on its way into one channel. `not_before`: in hours since 1970."""

    number: int
    channel: int
    incident: int
    alert: Alert
    state: PostState
    tries: int
    not_before: int


def enqueue(opened: Any, *, alert_row: int, alert: Alert) -> None:  # noqa: ANN401
    """Inside the change that makes `alert` the current version: every channel that is on has it to say.

    A withdrawal is not said where nothing of the alert was ever tried; a page is brought up in any case.
    """
    versions = "SELECT number FROM alerts WHERE id = ?"
    opened.execute(
        f"UPDATE posts SET state = ? WHERE state = ? AND alert IN ({versions})",  # noqa: S608 - our own words
        (PostState.SUPERSEDED.value, PostState.WAITING.value, alert.id),
    )
    for channel, kind in list(opened.execute("SELECT number, kind FROM channels WHERE active = 1 ORDER BY number")):
        tried = opened.execute(
            f"SELECT 1 FROM posts WHERE channel = ? AND tries > 0 AND alert IN ({versions}) LIMIT 1",  # noqa: S608
            (channel, alert.id),
        ).fetchone()
        if alert.state is AlertState.WITHDRAWN and tried is None and kind != "mediawiki":
            continue
        opened.execute("INSERT INTO posts (channel, alert) VALUES (?, ?)", (channel, alert_row))


class Queue:
    """The posts of an open inbox. Every `now` is in seconds since 1970."""

    __slots__ = ("_database",)

    def __init__(self, database: Database) -> None:
        self._database: Final = database

    def due(self, *, now: int, channel: int | None = None) -> list[Post]:
        """What may be tried now, by channels that are on, oldest first; with `channel` that one's, however soon."""
        self._expire(now)
        posts = [post for post in self.posts() if post.state is PostState.WAITING and self._is_on(post.channel)]
        if channel is not None:
            return [post for post in posts if post.channel == channel]
        return [post for post in posts if post.not_before <= now // HOUR_SECONDS]

    def posts(self) -> list[Post]:
        """Every post, oldest first."""
        rows = self._database.rows(
            "SELECT posts.number, channel, incident, wire, posts.state, tries, not_before"
            " FROM posts JOIN alerts ON posts.alert = alerts.number ORDER BY posts.number"
        )
        return [
            Post(number, channel, incident, read_alert(wire), PostState(state), tries, not_before)
            for number, channel, incident, wire, state, tries, not_before in rows
        ]

    def sent(self, number: int) -> None:
        """It was said. Raises NoSuchPost."""
        self._settle(number, "state = 'sent', tries = tries + 1")

    def failed(self, number: int, *, now: int) -> None:
        """It was not said, or nobody knows whether it was; it is tried again later. Raises NoSuchPost."""
        tries = self._database.one("SELECT tries FROM posts WHERE number = ?", number)
        later = now // HOUR_SECONDS + BACKOFF[min(int(tries or 0), len(BACKOFF) - 1)]
        self._settle(number, f"tries = tries + 1, not_before = {later:d}")

    def _settle(self, number: int, change: str) -> None:
        with self._database.change() as opened:
            done = opened.execute(f"UPDATE posts SET {change} WHERE number = ?", (number,))  # noqa: S608
            if not done.rowcount:
                raise NoSuchPost(number)

    def _expire(self, now: int) -> None:
        old = [
            post.number
            for post in self.posts()
            if post.state is PostState.WAITING and now - post.alert.issued[-1] > EXPIRES_HOURS * HOUR_SECONDS
        ]
        if old:
            with self._database.change() as opened:
                opened.executemany("UPDATE posts SET state = 'expired' WHERE number = ?", [(one,) for one in old])

    def _is_on(self, channel: int) -> bool:
        return bool(self._database.one("SELECT active FROM channels WHERE number = ?", channel))
