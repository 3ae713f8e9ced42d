"""What channels still have to say: a queue on the disk, in which every version of an alert has its place.

A version takes the place of those before it that have not been said yet. What is handed out counts as tried before
anything is said, so that whatever may have been heard is taken back. What fails is tried again, each time later, until
it is too old; one channel's trouble never holds up another's.
"""

from collections.abc import Iterable
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
# What could not be said for two weeks is said no more. A withdrawal ends by its tries alone, which take as long: there
# is nothing else that takes back what was said.
EXPIRES_HOURS: Final = 14 * 24
TRIES_MAX: Final = len(BACKOFF) - 1 + EXPIRES_HOURS // BACKOFF[-1]


class PostState(Enum):
    """What became of a post."""

    WAITING = "waiting"
    SENT = "sent"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    DROPPED = "dropped"


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
    """Inside the change that makes `alert` the current version: every channel that is on has it to say, and every one
    that is off and may have said the alert, for when it is on again.

    A withdrawal is not said where nothing of the alert was ever tried; a page is brought up in any case.
    """
    versions = "SELECT number FROM alerts WHERE id = ?"
    opened.execute(
        f"UPDATE posts SET state = ? WHERE state = ? AND alert IN ({versions})",  # noqa: S608 - our own words
        (PostState.SUPERSEDED.value, PostState.WAITING.value, alert.id),
    )
    for channel, kind, active in list(opened.execute("SELECT number, kind, active FROM channels ORDER BY number")):
        tried = opened.execute(
            f"SELECT 1 FROM posts WHERE channel = ? AND tries > 0 AND alert IN ({versions}) LIMIT 1",  # noqa: S608
            (channel, alert.id),
        ).fetchone()
        if tried is None and (not active or (alert.state is AlertState.WITHDRAWN and kind != "mediawiki")):
            continue
        opened.execute("INSERT INTO posts (channel, alert) VALUES (?, ?)", (channel, alert_row))


def drop(opened: Any, *, channel: int) -> None:  # noqa: ANN401
    """Inside the change that turns a channel off: what it had to say is dropped, but for what corrects or takes back
    something that it may have said."""
    opened.execute(
        "UPDATE posts SET state = ? WHERE state = ? AND channel = ? AND NOT EXISTS"
        " (SELECT 1 FROM posts AS heard JOIN alerts AS one ON heard.alert = one.number"
        " JOIN alerts AS this ON this.number = posts.alert WHERE heard.channel = posts.channel AND heard.tries > 0"
        " AND one.id = this.id AND one.version < this.version)",
        (PostState.DROPPED.value, PostState.WAITING.value, channel),
    )


class Queue:
    """The posts of an open inbox. Every `now` is in seconds since 1970."""

    __slots__ = ("_database",)

    def __init__(self, database: Database) -> None:
        self._database: Final = database

    def due(self, *, now: int, channel: int | None = None) -> list[Post]:
        """What may be tried now, by channels that are on, oldest first; with `channel` that one's, however soon."""
        self._expire(now)
        return self._due(now, channel)

    def hand_out(self, *, now: int, channel: int | None = None) -> list[Post]:
        """What is due, to be said now. On the disk each counts as tried when this returns: whatever comes between
        here and its outcome, a withdrawal or the end of the program, it may have been heard."""
        self._expire(now)
        with self._database.change() as opened:
            posts = self._due(now, channel)
            opened.executemany("UPDATE posts SET tries = tries + 1 WHERE number = ?", [(one.number,) for one in posts])
        return posts

    def give_back(self, numbers: Iterable[int]) -> None:
        """Those were handed out, and it is certain that nobody was called for them."""
        with self._database.change() as opened:
            opened.executemany(
                "UPDATE posts SET tries = tries - 1 WHERE number = ? AND tries > 0", [(one,) for one in numbers]
            )

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
        """What was handed out was said. Raises NoSuchPost."""
        self._settle(number, "state = 'sent'")

    def failed(self, number: int, *, now: int) -> None:
        """What was handed out was not said, or nobody knows whether it was; it is tried again later. Raises
        NoSuchPost."""
        tries = int(self._database.one("SELECT tries FROM posts WHERE number = ?", number) or 0)
        later = now // HOUR_SECONDS + BACKOFF[min(max(tries - 1, 0), len(BACKOFF) - 1)]
        self._settle(number, f"not_before = {later:d}")

    def _settle(self, number: int, change: str) -> None:
        with self._database.change() as opened:
            done = opened.execute(f"UPDATE posts SET {change} WHERE number = ?", (number,))  # noqa: S608
            if not done.rowcount:
                raise NoSuchPost(number)

    def _due(self, now: int, channel: int | None) -> list[Post]:
        posts = [post for post in self.posts() if post.state is PostState.WAITING and self._is_on(post.channel)]
        if channel is not None:
            return [post for post in posts if post.channel == channel]
        hour = now // HOUR_SECONDS
        # Later than any try can be put off: that was noted by a clock that was ahead.
        return [post for post in posts if post.not_before <= hour or post.not_before > hour + BACKOFF[-1]]

    def _expire(self, now: int) -> None:
        old = [post.number for post in self.posts() if post.state is PostState.WAITING and _is_old(post, now)]
        if old:
            with self._database.change() as opened:
                opened.executemany("UPDATE posts SET state = 'expired' WHERE number = ?", [(one,) for one in old])

    def _is_on(self, channel: int) -> bool:
        return bool(self._database.one("SELECT active FROM channels WHERE number = ?", channel))


def _is_old(post: Post, now: int) -> bool:
    """Tries count for what the clock cannot: a version that was issued by one that was ahead is never old by it."""
    if post.tries >= TRIES_MAX:
        return True
    withdrawn = post.alert.state is AlertState.WITHDRAWN
    return not withdrawn and now - post.alert.issued[-1] > EXPIRES_HOURS * HOUR_SECONDS
