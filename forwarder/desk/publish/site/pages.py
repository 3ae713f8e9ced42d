"""The site's pages in one language, from templates that escape every text; no page names anything outside of the site.

They work without script. The one script, on the first page, is the map's (docs/spec/alerts.md, "Script").
"""

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from crypto.minisign import PublicKey
from forwarder.desk.folding import fold
from forwarder.desk.publish.alert import LANGUAGES, Alert, State, newest_first
from forwarder.desk.publish.moments import Issue
from forwarder.desk.publish.publisher import Publisher
from forwarder.desk.publish.site import vector
from forwarder.desk.publish.site.drawing import PLACE_HEIGHT, PLACE_WIDTH, WIDTH, country_view
from forwarder.desk.publish.site.marks import LOOKS, Mark, Marked, is_old, marked
from forwarder.desk.publish.site.plan import AboutPlace, Plan
from forwarder.desk.publish.site.shown import Showing
from forwarder.desk.publish.site.texts import MARKS, TEXTS, day_line, month_line
from forwarder.desk.publish.site.vector import Vector
from forwarder.desk.publish.site.where import Finder
from forwarder.places.gazetteer import Gazetteer
from onion_service.site import map_script

# Which folder a language has; the first one is at the top.
FOLDERS: Final = {"es": "", "en": "en/"}
_OTHER: Final = {"es": "en", "en": "es"}
NEWEST: Final = 20
OLDER: Final = 20
CHANGES: Final = 50


@dataclass(frozen=True, slots=True)
class Site:
    """What all pages are made of. `alerts`: as they stand now, in the order of their ids. `country`: the map of all, as
    PNG."""

    alerts: Sequence[Alert]
    plan: Plan
    finder: Finder
    gazetteer: Gazetteer
    publisher: Publisher
    key: PublicKey
    topics: Mapping[str, Mapping[str, str]]
    country: bytes
    issue: Issue


def first_pages(site: Site) -> dict[str, bytes]:
    """The first page in each language, by its name in the publication; it leads to every place of the plan."""
    return _written(site, _Pages.index)


def lasting_pages(site: Site) -> dict[str, bytes]:
    """The pages of months and topics, and the one that says how to verify, in each language."""
    return _written(site, _Pages.lasting)


def place_pages(site: Site, about: AboutPlace, picture: bytes) -> dict[str, bytes]:
    """The pages of one place; `picture`: its map, as PNG."""
    return _written(site, lambda one: one.place(about, picture))


class _Pages:
    def __init__(self, site: Site, language: str) -> None:
        self.site = site
        self.language = language
        self.now: Final = site.issue.day
        self.said: Final = TEXTS[language]
        self.showing: Final = Showing(language, site.plan, site.finder, site.gazetteer, site.topics, now=site.issue.day)
        self.done: dict[str, bytes] = {}

    def lasting(self) -> None:
        self._write("verify.html", f"verify.{self.language}.html", self.said["verify"], key=str(self.site.key))
        for topic in self.site.plan.topics:
            heading = self.said["topic_title"].format(topic=self.showing.topic(topic.topic))
            self._write(topic.page, "topic.html", heading, alerts=self._shown(topic.alerts))
        for month in self.site.plan.months:
            heading = self.said["month_title"].format(month=self._month(month.month, month.part))
            self._write(month.page, "month.html", heading, newest=self._shown(month.alerts))

    def index(self) -> None:
        site, said = self.site, self.said
        cells = marked(site.alerts, now=self.now)
        ordered = newest_first(site.alerts)
        drawn = _vector(site.gazetteer, cells, titles=self._titles(cells), hrefs=self._hrefs(cells))
        hidden = len(cells) - len(drawn.spots)
        country = getattr(site.gazetteer.name, self.language)
        view = country_view(site.gazetteer, width=WIDTH)
        self._write(
            "index.html",
            "index.html",
            self._site_title(),
            about=said["about"].format(publisher=site.publisher.name),
            map_alt=said["map_alt"].format(country=country, count=len(drawn.spots)),
            outside=said["outside"].format(count=hidden) if hidden else "",
            picture={"data": _data(site.country), "width": int(view.width), "height": int(view.height)},
            vector=drawn,
            newest=self._shown([one for one in ordered if not is_old(one, now=self.now)][:NEWEST]),
            older=self._shown([one for one in ordered if is_old(one, now=self.now)][:OLDER]),
            changes=self._shown([one for one in ordered if one.state is not State.PUBLISHED][:CHANGES]),
            regions=self._regions(),
            topics=[
                {"page": one.page, "name": self.showing.topic(one.topic), "count": len(one.alerts)}
                for one in site.plan.topics
            ],
            months=[
                {"page": one.page, "name": self._month(one.month, one.part), "count": len(one.alerts)}
                for one in reversed(site.plan.months)
            ],
            # Ours, and known to the relay by its hash; escaping would change it.
            script=Markup(map_script()),  # noqa: S704
        )

    def place(self, about: AboutPlace, picture: bytes) -> None:
        name = self.showing.name(about.place)
        whole, short = about.whole(now=self.now), about.short(now=self.now)
        self._write(
            about.page,
            "place.html",
            self.said["place_title"].format(place=name),
            place_id=about.place.id,
            picture={"data": _data(picture), "width": PLACE_WIDTH, "height": PLACE_HEIGHT},
            map_alt=self.said["place_map_alt"].format(place=name, count=len(marked(about.alerts, now=self.now))),
            newest=self._shown(whole),
            older=self._shown(short),
            more=bool(self.site.plan.months) and len(whole) + len(short) < len(about.alerts),
        )

    def _regions(self) -> list[dict[str, Any]]:
        names = {region.id: region.name for region in self.site.gazetteer.regions}
        ordered = sorted(
            (one for one in self.site.plan.places if one.standing),
            key=lambda one: (fold(names[one.place.region]), fold(one.place.name), one.place.id),
        )
        return [
            {
                "name": names[region],
                "places": [{"page": one.page, "name": one.place.name, "count": one.standing} for one in inside],
            }
            for region, inside in groupby(ordered, key=lambda one: one.place.region)
        ]

    def _titles(self, cells: Sequence[Marked]) -> list[str]:
        found = []
        for one in cells:
            where = self.showing.places(self.site.finder.of(one.cell))
            count = self.said["alerts_here"].format(count=len(one.alerts))
            found.append(f"{MARKS[self.language][one.mark]}: {where}; {count}")
        return found

    def _hrefs(self, cells: Sequence[Marked]) -> list[str]:
        """The page of the largest place in a cell that has one, else that of its newest alert."""
        here = self._root("index.html") + FOLDERS[self.language]
        known = {one.place.id: one.page for one in self.site.plan.places if one.standing}
        found = []
        for one in cells:
            own = (known[place.id] for place in self.site.finder.of(one.cell).places if place.id in known)
            page = next(own, "") or self.site.plan.links.get(one.alerts[0].id, "")
            found.append(here + page if page else "")
        return found

    def _shown(self, alerts: Iterable[Alert]) -> list[Any]:
        return [self.showing.alert(alert) for alert in alerts]

    def _month(self, month: str, part: int) -> str:
        return month_line(month, self.language) + (f" ({part})" if part > 1 else "")

    def _site_title(self) -> str:
        return self.said["title"].format(publisher=self.site.publisher.name)

    def _root(self, name: str) -> str:
        """The way from a page up to where the publication begins."""
        return "../" * (FOLDERS[self.language] + name).count("/")

    def _write(self, name: str, template: str, heading: str, **more: object) -> None:
        root = self._root(name)
        other = _OTHER[self.language]
        text = _template(template)(
            name=name,
            language=self.language,
            t=self.said,
            heading=heading,
            site_title=self._site_title(),
            publisher=self.site.publisher.name,
            root=root,
            here=root + FOLDERS[self.language],
            other=root + FOLDERS[other] + name,
            other_language=other,
            issued=self.said["issued"].format(
                day=day_line(self.site.issue.at, self.language), until=day_line(self.site.issue.until, self.language)
            ),
            sources=self.site.gazetteer.sources,
            marks=[{"name": m.value, "sign": LOOKS[m].sign, "words": MARKS[self.language][m]} for m in reversed(Mark)],
            **more,
        )
        self.done[FOLDERS[self.language] + name] = text.encode()


def _written(site: Site, write: Callable[[_Pages], None]) -> dict[str, bytes]:
    done: dict[str, bytes] = {}
    for language in LANGUAGES:
        pages = _Pages(site, language)
        write(pages)
        done |= pages.done
    return done


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("forwarder.desk.publish.site"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _data(png: bytes) -> str:
    # Inside the page: to some browsers an onion is as good as HTTPS, and they would ask for a picture over that alone.
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def _template(name: str) -> Callable[..., str]:
    return _environment().get_template(name).render


def _vector(gazetteer: Gazetteer, cells: Sequence[Marked], *, titles: Sequence[str], hrefs: Sequence[str]) -> Vector:
    view = vector.view_of(gazetteer)
    return Vector(
        box=f"{view.width:g} {view.height:g}",
        land=vector.land(gazetteer, view),
        names=vector.names(gazetteer, view),
        spots=vector.spots(cells, view, titles=titles, hrefs=hrefs),
    )
