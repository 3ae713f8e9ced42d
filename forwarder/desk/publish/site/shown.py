"""What a page says of one alert, in one language, ready for a template; every text is still plain and not yet escaped.

Pure: no clock, no disk, no chance.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from forwarder.desk.publish.alert import LANGUAGES, Alert
from forwarder.desk.publish.moments import zulu
from forwarder.desk.publish.place import Cell
from forwarder.desk.publish.site.marks import LOOKS, Mark, mark_of
from forwarder.desk.publish.site.plan import Plan
from forwarder.desk.publish.site.texts import (
    MARKS,
    NAMED_MAX,
    OLD_DAYS,
    TEXTS,
    hour_line,
    places_line,
    span_line,
    state_line,
    topic_line,
)
from forwarder.desk.publish.site.where import Finder, Where
from forwarder.places.gazetteer import Gazetteer, Listed


@dataclass(frozen=True, slots=True)
class Shown:
    """An alert as a template needs it. `link`: the page where it stands for good, from the start of its language;
    `lang`: the language of its own words."""

    id: str
    lang: str
    title: str
    text: str
    advice: str
    mark: str
    sign: str
    confidence: str
    old: str
    state: str
    topic: str
    topic_page: str
    where: str
    where_short: str
    cell: str
    begin: str
    when: str
    first: str
    first_said: str
    last: str
    last_said: str
    link: str


class Showing:
    """Says alerts in one language."""

    __slots__ = ("_finder", "_names", "_now", "_pages", "_plan", "_topics", "language")

    def __init__(
        self,
        language: str,
        plan: Plan,
        finder: Finder,
        gazetteer: Gazetteer,
        topics: Mapping[str, Mapping[str, str]],
        *,
        now: int,
    ) -> None:
        self.language = language
        self._now = now
        self._plan = plan
        self._finder = finder
        self._topics = topics
        self._names = gazetteer.full_names()
        self._pages = {one.topic: one.page for one in plan.topics}

    def alert(self, alert: Alert) -> Shown:
        """What a page says of it."""
        language = self.language
        words = alert.in_language(language)
        mark = mark_of(alert, now=self._now)
        where = self._finder.of(alert.cell)
        return Shown(
            id=alert.id,
            lang=next(one for one in (language, *LANGUAGES) if one in alert.words),
            title=words.title,
            text=words.text,
            advice=words.advice,
            mark=mark.value,
            sign=LOOKS[mark].sign,
            confidence=MARKS[language][mark_of(alert, now=alert.issued[-1])],
            old=TEXTS[language]["old"].format(days=OLD_DAYS) if mark is Mark.OLD else "",
            state=state_line(alert, language),
            topic=self.topic(alert.topic),
            topic_page=self._pages.get(alert.topic, ""),
            where=f"{self._area(alert.cell)}, {self.places(where)}",
            where_short=self.places(where, most=1),
            cell=alert.cell.index,
            begin=zulu(alert.when),
            when=span_line(alert.when, language),
            first=zulu(_hour(alert.issued[0])),
            first_said=hour_line(alert.issued[0], language),
            last=zulu(_hour(alert.issued[-1])),
            last_said=hour_line(alert.issued[-1], language),
            link=self._plan.links.get(alert.id, ""),
        )

    def name(self, place: Listed) -> str:
        """A place with its region."""
        return self._names[place.id]

    def topic(self, topic: str) -> str:
        """The name of a topic."""
        return topic_line(topic, self._topics, self.language)

    def places(self, where: Where, *, most: int = NAMED_MAX) -> str:
        """`incluye A, B y 3 más`, or what it is near to."""
        return places_line(where, self._names, self.language, most=most)

    def _area(self, cell: Cell) -> str:
        area = cell.square_kilometres
        return TEXTS[self.language]["area"].format(area=f"{area:.1f}" if area < 10 else f"{area:.0f}")


def _hour(moment: int) -> int:
    # Versions within one hour are a second apart (alert.py); a page tells the hour.
    return moment - moment % 3_600
