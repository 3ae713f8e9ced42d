"""The site: pages, maps and feeds of places that anybody can read without script, from a mirror or from a folder
(docs/spec/alerts.md, "Site").

The same alerts give the same bytes. What it says is what the alerts say: nothing here knows a report, a round or a
place finer than a published cell.
"""

from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from types import MappingProxyType
from typing import Final

from crypto.manifest import FILES_MAX
from crypto.minisign import PublicKey
from forwarder.desk.publish.alert import LANGUAGES, Alert
from forwarder.desk.publish.atom import atom
from forwarder.desk.publish.geojson import geojson
from forwarder.desk.publish.publisher import Publisher
from forwarder.desk.publish.site.drawing import country_png, font, place_png
from forwarder.desk.publish.site.marks import marked
from forwarder.desk.publish.site.pages import Site, pages
from forwarder.desk.publish.site.plan import AboutPlace, plan
from forwarder.desk.publish.site.where import Finder
from forwarder.places.gazetteer import Gazetteer

FONT: Final = "font/dejavu-sans-latin.ttf"
NO_NAMES: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType({})


def site(
    alerts: Iterable[Alert],
    publisher: Publisher,
    gazetteer: Gazetteer,
    *,
    key: PublicKey,
    room: int = FILES_MAX,
    topics: Mapping[str, Mapping[str, str]] = NO_NAMES,
) -> dict[str, bytes]:
    """Every file of the site by its name; at most `room` of them, but for the five that there always are.

    `alerts`: each as it stands now, the withdrawn too. `key`: what the manifest will be signed with, for the page that
    says how to verify. `topics`: names of topics by id and language; a topic without one is shown by its id.
    """
    ordered = sorted(alerts, key=lambda alert: alert.id)
    finder = Finder(gazetteer)
    found = plan(ordered, finder, room=room)
    letters = font(_part(FONT))
    pictures = {about.place.id: place_png(gazetteer, marked(about.alerts), letters) for about in found.places}
    country = country_png(gazetteer, marked(ordered), letters)
    whole = Site(ordered, found, finder, gazetteer, publisher, key, topics, country, pictures)
    files = {"style.css": _part("style.css")}
    for language in LANGUAGES:
        files |= pages(whole, language)
    names = gazetteer.full_names()
    for about in found.places:
        files |= _feeds(about, publisher, names[about.place.id])
    return files


def _feeds(about: AboutPlace, publisher: Publisher, name: str) -> dict[str, bytes]:
    """The feeds of a place."""
    begin = f"place/{about.place.id}"
    alerts: Sequence[Alert] = sorted(about.alerts, key=lambda alert: alert.id)
    files = {f"{begin}.geojson": geojson(alerts)}
    for language in LANGUAGES:
        feed = f"{begin}.{language}.atom"
        files[feed] = atom(
            alerts, publisher, language=language, name=feed.rpartition("/")[2], place=(about.place.id, name)
        )
    return files


def _part(name: str) -> bytes:
    return resources.files(__name__).joinpath(name).read_bytes()
