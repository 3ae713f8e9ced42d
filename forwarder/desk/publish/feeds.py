"""All that is published, as files: the same alerts give the same bytes, and each version reaches every feed.

Pure: no clock, no disk, no chance. A feed with all alerts holds the newest that there is room for; each alert has a
message of its own besides.
"""

from collections.abc import Callable, Iterable, Mapping

from crypto.keys import AlertsKey
from crypto.manifest import Signed
from forwarder.desk.publish.alert import LANGUAGES, Alert
from forwarder.desk.publish.atom import atom
from forwarder.desk.publish.cap import NOWHERE, cap
from forwarder.desk.publish.errors import NotAnAlert
from forwarder.desk.publish.geojson import geojson
from forwarder.desk.publish.hxl import hxl
from forwarder.desk.publish.publisher import Publisher
from forwarder.desk.publish.room import FEED_BYTES, newest_within
from forwarder.desk.publish.site.texts import places_line
from forwarder.desk.publish.site.where import Finder
from forwarder.places.gazetteer import Gazetteer


def feeds(alerts: Iterable[Alert], publisher: Publisher, gazetteer: Gazetteer | None = None) -> dict[str, bytes]:
    """Every file by its name. `alerts`: each as it stands now, the withdrawn too. `gazetteer`: the places that are
    named for an area. Raises NotAnAlert when ids repeat."""
    ordered = sorted(alerts, key=lambda alert: alert.id)
    if len({alert.id for alert in ordered}) != len(ordered):
        raise NotAnAlert("two alerts have one id")
    fed = sorted(newest_within(ordered, most=len(ordered), room=FEED_BYTES), key=lambda alert: alert.id)
    files = {"alerts.geojson": geojson(fed), "alerts.csv": hxl(fed)}
    for language in LANGUAGES:
        name = f"alerts.{language}.atom"
        files[name] = atom(fed, publisher, language=language, name=name)
    where = _areas(gazetteer)
    files |= {f"cap/{alert.id}.xml": cap(alert, publisher, where=where(alert)) for alert in ordered}
    return files


def _areas(gazetteer: Gazetteer | None) -> Callable[[Alert], Mapping[str, str]]:
    """What is said of the area of an alert, by language."""
    if gazetteer is None:
        return lambda _: NOWHERE
    finder, names = Finder(gazetteer), gazetteer.full_names()
    return lambda alert: {language: places_line(finder.of(alert.cell), names, language) for language in LANGUAGES}


def sign(files: Mapping[str, bytes], *, version: int, valid_until: int, key: AlertsKey) -> Signed:
    """The signed list of these files. Raises Malformed when they are more or larger than a mirror takes."""
    return Signed.make(files, version=version, valid_until=valid_until, key=key.signing)
