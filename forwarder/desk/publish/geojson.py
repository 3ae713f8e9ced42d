"""Alerts as GeoJSON (RFC 7946): for each a polygon, the outline of its cell, and what it says.

Pure: no clock, no disk, no chance; the same bytes for the same alerts. Everything outside ASCII, and what HTML would
take for markup, is escaped.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from forwarder.desk.publish.alert import Alert
from forwarder.desk.publish.moments import span, zulu
from forwarder.desk.publish.place import Ring

MEDIA_TYPE = "application/geo+json"


def geojson(alerts: Iterable[Alert]) -> bytes:
    """One FeatureCollection with the newest version of each alert, in the order given."""
    collection = {"type": "FeatureCollection", "features": [_feature(alert) for alert in alerts]}
    text = json.dumps(collection, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for sign in "<>&\x7f":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text.encode("ascii") + b"\n"


def _feature(alert: Alert) -> dict[str, Any]:
    begin, end = span(alert.when)
    return {
        "type": "Feature",
        "id": alert.id,
        "geometry": _geometry(alert.cell.rings()),
        "properties": {
            "version": alert.version,
            "state": alert.state.value,
            "topic": alert.topic,
            "cell": alert.cell.index,
            "reported_from": begin,
            "reported_to": end,
            "confidence": alert.how_sure or None,
            "published": zulu(alert.issued[0]),
            "updated": zulu(alert.issued[-1]),
            "current_until": zulu(alert.current_until),
            "words": {
                language: {"title": words.title, "text": words.text, "advice": words.advice}
                for language, words in sorted(alert.words.items())
            },
        },
    }


def _geometry(rings: Sequence[Ring]) -> dict[str, Any]:
    if len(rings) == 1:
        return {"type": "Polygon", "coordinates": rings}
    return {"type": "MultiPolygon", "coordinates": [[ring] for ring in rings]}
