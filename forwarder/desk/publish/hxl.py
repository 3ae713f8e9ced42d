"""Alerts as a table: CSV (RFC 4180) with a row of HXL hashtags under the head, one row for each alert.

Pure: no clock, no disk, no chance; the same bytes for the same alerts. A spreadsheet that opens it, whatever it takes
for the sign between cells, finds no cell that it would calculate.
"""

import csv
import io
import re
from collections.abc import Iterable
from typing import Final

from forwarder.desk.publish.alert import LANGUAGES, Alert
from forwarder.desk.publish.moments import span, zulu

MEDIA_TYPE: Final = "text/csv"

_COLUMNS: Final = (
    ("id", "#meta+id"),
    ("version", "#meta+version"),
    ("state", "#status+state"),
    ("topic", "#event+type"),
    ("h3", "#geo+cell+h3"),
    ("latitude of the cell's middle", "#geo+lat"),
    ("longitude of the cell's middle", "#geo+lon"),
    ("reported from", "#date+reported+start"),
    ("reported to", "#date+reported+end"),
    ("confidence", "#status+confidence"),
    ("published", "#date+published"),
    ("updated", "#date+updated"),
    ("current until", "#date+current+end"),
    *(
        (f"{part} ({language})", f"#description+{part}+i_{language}")
        for language in LANGUAGES
        for part in ("title", "text", "advice")
    ),
)
# A cell that begins with one of these is a formula to some program. Programs differ in what they take for the end of a
# cell, so the sign is disarmed behind every one of those too.
_FORMULA: Final = re.compile(r"(^|[,;|\t])([\s\"']*)(?=[=+\-@＝＋－﹢﹣＠])")


def hxl(alerts: Iterable[Alert]) -> bytes:
    """The table in UTF-8, in the order given."""
    into = io.StringIO(newline="")
    writer = csv.writer(into, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([head for head, _ in _COLUMNS])
    writer.writerow([tag for _, tag in _COLUMNS])
    for alert in alerts:
        writer.writerow(_row(alert))
    return into.getvalue().encode()


def disarmed(text: str) -> str:
    """`text` on one line, with a `'` before each sign that would begin a formula."""
    return _FORMULA.sub(r"\1\2'", " ".join(text.split()))


def _row(alert: Alert) -> list[str]:
    latitude, longitude = alert.cell.middle
    begin, end = span(alert.when)
    words = [alert.words.get(language) for language in LANGUAGES]
    texts = [part for one in words for part in ((one.title, one.text, one.advice) if one else ("", "", ""))]
    return [
        alert.id,
        str(alert.version),
        alert.state.value,
        alert.topic,
        alert.cell.index,
        f"{latitude:.6f}",
        f"{longitude:.6f}",
        begin,
        end,
        alert.how_sure,
        zulu(alert.issued[0]),
        zulu(alert.issued[-1]),
        zulu(alert.current_until),
        *(disarmed(text) for text in texts),
    ]
