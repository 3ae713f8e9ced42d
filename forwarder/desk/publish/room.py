"""How many alerts a publication carries: never more than fit into one signed list, and the newest before all others.

Pure: no clock, no disk, no chance. So a desk can always sign, and what it takes back or corrects now is always in the
list. Every size here is an upper bound, which tests hold against the files themselves.
"""

import json
from collections.abc import Callable, Iterable
from html import escape
from typing import Final

from forwarder.desk.publish.alert import LANGUAGES, Alert, State, Words, newest_first

# How many alerts are published at all, and how much room they may take, as `weight` counts it.
ALERTS_MAX: Final = 3_000
ALERTS_BYTES: Final = 14 * 1_048_576
# How much of it one feed with all alerts may take.
FEED_BYTES: Final = 7 * 1_048_576
# A withdrawn alert stays for so long as withdrawn: longer than any list that said something else is good.
WITHDRAWN_DAYS: Final = 90
_DAY_SECONDS: Final = 86_400
# What stands around the words of an alert in one file, for each language; in a CAP message a line for each version.
_AROUND: Final = 1_536
_A_VERSION: Final = 160
# A page says a title three times.
_TITLES: Final = 3
# Signs that JSON in a page cannot have as they are, and how long each is there.
_ESCAPED: Final = "<>&\x7f"
# Signs that get another one before them in a table (hxl.py).
_DOUBLED: Final = '"=+-@＝＋－﹢﹣＠'
_ESCAPE_LEN: Final = len("\\u003c")


def carried(alerts: Iterable[Alert], *, now: int, named: int = 0) -> list[Alert]:
    """The alerts that are published, the newest first. `now`: seconds since 1970; `named`: how many bytes the names of
    an alert's places can take on a page."""
    gone = now - WITHDRAWN_DAYS * _DAY_SECONDS
    kept = (alert for alert in alerts if alert.state is not State.WITHDRAWN or alert.issued[-1] > gone)
    return newest_within(kept, most=ALERTS_MAX, room=ALERTS_BYTES, weigh=lambda alert: weight(alert, named=named))


def newest_within(
    alerts: Iterable[Alert], *, most: int, room: int, weigh: Callable[[Alert], int] | None = None
) -> list[Alert]:
    """The newest of them, the newest first: at most so many, and together no heavier than `room`."""
    found: list[Alert] = []
    left = room
    for alert in newest_first(alerts)[:most]:
        left -= (weigh or weight)(alert)
        if left < 0:
            break
        found.append(alert)
    return found


def weight(alert: Alert, *, named: int = 0) -> int:
    """At least as many bytes as an alert takes in any one feed, or on its pages in all languages together."""
    spoken = sum(_length(alert.in_language(language)) for language in LANGUAGES)
    return spoken + len(LANGUAGES) * (_AROUND + named) + _A_VERSION * alert.version


def _length(words: Words) -> int:
    return _TITLES * longest(words.title) + longest(words.text) + longest(words.advice)


def longest(text: str) -> int:
    """How many bytes a text takes where it takes most: in JSON, in a page, or in a table."""
    in_json = len(json.dumps(text)) + (_ESCAPE_LEN - 1) * sum(map(text.count, _ESCAPED))
    in_a_table = len(text.encode()) + sum(map(text.count, _DOUBLED))
    return max(in_json, len(escape(text).encode()), in_a_table)
