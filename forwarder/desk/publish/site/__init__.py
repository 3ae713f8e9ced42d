"""The site: pages, maps and feeds of places that anybody can read without script, from a mirror or from a folder
(docs/spec/alerts.md, "Site").

The same alerts give the same bytes on one day. What it says is what the alerts say: nothing here knows a report, a
round or a place finer than a published cell. It takes the room that is left, and no more: places are left out first.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from importlib import resources
from types import MappingProxyType
from typing import Final

from crypto.manifest import FILES_MAX, TOTAL_MAX
from crypto.minisign import PublicKey
from forwarder.desk.publish.alert import LANGUAGES, Alert
from forwarder.desk.publish.atom import atom
from forwarder.desk.publish.geojson import geojson
from forwarder.desk.publish.moments import Issue
from forwarder.desk.publish.publisher import Publisher
from forwarder.desk.publish.site.drawing import country_png, font, place_png
from forwarder.desk.publish.site.marks import marked
from forwarder.desk.publish.site.pages import Site, first_pages, lasting_pages, place_pages
from forwarder.desk.publish.site.plan import AboutPlace, plan
from forwarder.desk.publish.site.where import Finder
from forwarder.places.gazetteer import Gazetteer

FONT: Final = "font/dejavu-sans-latin.ttf"
NO_NAMES: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType({})
# What all pages and feeds of places may take: every copy fetches them anew each day that something is signed.
PLACES_BYTES: Final = 16 * 1_048_576
# A first page that leads to fewer places may be longer: then its map leads to months, whose names are longer.
_SLACK: Final = 1_048_576


@dataclass(frozen=True, slots=True)
class Room:
    """How many files the site may have, but for the five that there always are, and how many bytes in all."""

    files: int = FILES_MAX
    length: int = TOTAL_MAX


def site(
    alerts: Iterable[Alert],
    publisher: Publisher,
    gazetteer: Gazetteer,
    *,
    key: PublicKey,
    issue: Issue,
    room: Room = Room(),
    topics: Mapping[str, Mapping[str, str]] = NO_NAMES,
) -> dict[str, bytes]:
    """Every file of the site by its name.

    `alerts`: each as it stands now, the withdrawn too. `key`: what the manifest will be signed with, for the page that
    says how to verify. `topics`: names of topics by id and language; a topic without one is shown by its id.
    """
    ordered = sorted(alerts, key=lambda alert: alert.id)
    finder = Finder(gazetteer)
    country = country_png(gazetteer, marked(ordered, now=issue.day), font(_part(FONT)))
    whole = Site(
        ordered, plan(ordered, finder, room=room.files), finder, gazetteer, publisher, key, topics, country, issue
    )
    files = {"style.css": _part("style.css"), **lasting_pages(whole)}
    first = first_pages(whole)
    about = _places(whole, min(PLACES_BYTES, room.length - _length(files) - _length(first) - _SLACK))
    if len(about) < len(whole.plan.places):
        fewer = replace(whole.plan, places=whole.plan.places[: len(about)])
        first = first_pages(replace(whole, plan=fewer))
    return {**files, **first, **{name: data for place in about for name, data in place.items()}}


def _places(site: Site, room: int) -> list[dict[str, bytes]]:
    """The files of each place of the plan, as many places as fit into so many bytes, the first ones first."""
    letters, names = font(_part(FONT)), site.gazetteer.full_names()
    found: list[dict[str, bytes]] = []
    for about in site.plan.places:
        files = _feeds(about, site.publisher, names[about.place.id])
        if about.standing:
            picture = place_png(site.gazetteer, marked(about.alerts, now=site.issue.day), letters)
            files |= place_pages(site, about, picture)
        room -= _length(files)
        if room < 0:
            break
        found.append(files)
    return found


def _feeds(about: AboutPlace, publisher: Publisher, name: str) -> dict[str, bytes]:
    """The feeds of a place."""
    begin = f"place/{about.place.id}"
    files = {f"{begin}.geojson": geojson(about.fed)}
    for language in LANGUAGES:
        feed = f"{begin}.{language}.atom"
        files[feed] = atom(
            about.fed, publisher, language=language, name=feed.rpartition("/")[2], place=(about.place.id, name)
        )
    return files


def _length(files: Mapping[str, bytes]) -> int:
    return sum(map(len, files.values()))


def _part(name: str) -> bytes:
    return resources.files(__name__).joinpath(name).read_bytes()
