"""All that is published, as files: the same alerts give the same bytes, and each version reaches every feed.

Pure: no clock, no disk, no chance.
"""

from collections.abc import Iterable, Mapping

from crypto.keys import AlertsKey
from crypto.manifest import Signed
from forwarder.desk.publish.alert import LANGUAGES, Alert
from forwarder.desk.publish.atom import atom
from forwarder.desk.publish.cap import cap
from forwarder.desk.publish.errors import NotAnAlert
from forwarder.desk.publish.geojson import geojson
from forwarder.desk.publish.hxl import hxl
from forwarder.desk.publish.publisher import Publisher


def feeds(alerts: Iterable[Alert], publisher: Publisher) -> dict[str, bytes]:
    """Every file by its name. `alerts`: each as it stands now, the withdrawn too. Raises NotAnAlert when ids repeat."""
    ordered = sorted(alerts, key=lambda alert: alert.id)
    if len({alert.id for alert in ordered}) != len(ordered):
        raise NotAnAlert("two alerts have one id")
    files = {"alerts.geojson": geojson(ordered), "alerts.csv": hxl(ordered)}
    for language in LANGUAGES:
        name = f"alerts.{language}.atom"
        files[name] = atom(ordered, publisher, language=language, name=name)
    files |= {f"cap/{alert.id}.xml": cap(alert, publisher) for alert in ordered}
    return files


def sign(files: Mapping[str, bytes], *, version: int, valid_until: int, key: AlertsKey) -> Signed:
    """The signed list of these files. Raises Malformed when they are more or larger than a mirror takes."""
    return Signed.make(files, version=version, valid_until=valid_until, key=key.signing)
