"""Which pages the site has: one for each place and topic with alerts, and for each month; never more than is room for.

Pure: no clock, no disk, no chance. When room is short, places go first, those with the fewest alerts before others;
what is left out has no link to it, and every alert stays with its month.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Final

from forwarder.desk.publish.alert import LANGUAGES, Alert, State, newest_first
from forwarder.desk.publish.room import newest_within
from forwarder.desk.publish.site.marks import is_old
from forwarder.desk.publish.site.where import Finder
from forwarder.places.gazetteer import Listed

# So that no page is longer than a published file may be, however long the words are.
ON_A_PAGE: Final = 64
# On the page of a place: so many with all of their words, so many more with a line each, and so much in its feeds. A
# large cell has dozens of places, and each of its alerts is repeated for all of them.
WHOLE_AT_A_PLACE: Final = 16
SHORT_AT_A_PLACE: Final = 48
IN_A_PLACE_FEED: Final = 64
PLACE_FEED_BYTES: Final = 262_144
TOPICS_MAX: Final = 64
PLACES_MAX: Final = 300
# Start and verification in each language, and the style.
_ALWAYS: Final = 2 * len(LANGUAGES) + 1
# A page and an Atom feed in each language, and GeoJSON.
_FOR_A_PLACE: Final = 2 * len(LANGUAGES) + 1


@dataclass(frozen=True, slots=True)
class AboutPlace:
    """A place and its alerts, the newest first."""

    place: Listed
    alerts: tuple[Alert, ...]

    @property
    def page(self) -> str:
        return f"place/{self.place.id}.html"

    @property
    def standing(self) -> int:
        """How many of them are not withdrawn. A withdrawn one is about all places of a large area: where there is no
        other, a place has no page, but its feeds say so to those who had the one before."""
        return sum(one.state is not State.WITHDRAWN for one in self.alerts)

    def whole(self, *, now: int) -> list[Alert]:
        """Those that its page shows with all of their words, at `now` (seconds since 1970): none that is old or
        withdrawn."""
        fresh = [one for one in self.alerts if one.state is not State.WITHDRAWN and not is_old(one, now=now)]
        return newest_within(fresh, most=WHOLE_AT_A_PLACE, room=PLACE_FEED_BYTES)

    def short(self, *, now: int) -> list[Alert]:
        """Those that it has a line for, of the others."""
        whole = {alert.id for alert in self.whole(now=now)}
        return [alert for alert in self.alerts if alert.id not in whole][:SHORT_AT_A_PLACE]

    @property
    def fed(self) -> list[Alert]:
        """Those in its feeds, in the order of their ids."""
        found = newest_within(self.alerts, most=IN_A_PLACE_FEED, room=PLACE_FEED_BYTES)
        return sorted(found, key=lambda alert: alert.id)


@dataclass(frozen=True, slots=True)
class AboutTopic:
    """A topic and its alerts, the newest first."""

    topic: str
    alerts: tuple[Alert, ...]

    @property
    def page(self) -> str:
        return f"topic/{self.topic}.html"


@dataclass(frozen=True, slots=True)
class Month:
    """The alerts that were first published in a month (`2026-11`), or a part of them, in the order of publication."""

    month: str
    part: int
    alerts: tuple[Alert, ...]

    @property
    def page(self) -> str:
        return f"month/{self.month}.html" if self.part == 1 else f"month/{self.month}-{self.part}.html"


@dataclass(frozen=True, slots=True)
class Plan:
    """All pages, and where an alert stands for good (`links`, by its id). `places`: those with most alerts first."""

    places: tuple[AboutPlace, ...]
    topics: tuple[AboutTopic, ...]
    months: tuple[Month, ...]
    links: Mapping[str, str]


def plan(alerts: Sequence[Alert], finder: Finder, *, room: int) -> Plan:
    """What fits into so many files. Places are wishes: how many bytes each takes is known when it is made."""
    left = room - _ALWAYS
    months = _months(alerts)
    if len(months) * len(LANGUAGES) > left:
        months = []
    left -= len(months) * len(LANGUAGES)
    topics = _topics(alerts)[: max(0, min(TOPICS_MAX, left // len(LANGUAGES)))]
    left -= len(topics) * len(LANGUAGES)
    places = _places(alerts, finder)[: max(0, min(PLACES_MAX, left // _FOR_A_PLACE))]
    return Plan(
        places=tuple(places),
        topics=tuple(sorted(topics, key=lambda one: one.topic)),
        months=tuple(months),
        links={alert.id: f"{month.page}#a{alert.id}" for month in months for alert in month.alerts},
    )


def _months(alerts: Sequence[Alert]) -> list[Month]:
    # By the first version, which never changes: so an alert keeps its page.
    ordered = sorted(alerts, key=lambda alert: (alert.issued[0], alert.id))
    return [
        Month(month, 1 + at // ON_A_PAGE, inside[at : at + ON_A_PAGE])
        for month, some in groupby(ordered, key=lambda alert: _month(alert.issued[0]))
        for inside in [tuple(some)]
        for at in range(0, len(inside), ON_A_PAGE)
    ]


def _month(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m")


def _topics(alerts: Sequence[Alert]) -> list[AboutTopic]:
    found: dict[str, list[Alert]] = defaultdict(list)
    for alert in alerts:
        found[alert.topic].append(alert)
    ordered = sorted(found.items(), key=lambda one: (-len(one[1]), one[0]))
    return [AboutTopic(topic, tuple(newest_first(inside))) for topic, inside in ordered]


def _places(alerts: Sequence[Alert], finder: Finder) -> list[AboutPlace]:
    found: dict[str, tuple[Listed, list[Alert]]] = {}
    for alert in alerts:
        for place in finder.of(alert.cell).places:
            found.setdefault(place.id, (place, []))[1].append(alert)
    about = [AboutPlace(place, tuple(newest_first(inside))) for place, inside in found.values()]
    return sorted(about, key=lambda one: (-one.standing, -len(one.alerts), -one.place.people, one.place.id))
