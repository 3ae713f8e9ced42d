"""What is published, as tables that Uwazi and Ushahidi import (docs/partner.md, "Export").

Pure: no clock, no disk, no chance; the same bytes for the same alerts. No text in it is a formula to a spreadsheet.
Sources: huridocs/uwazi, wiki "Import CSV" and app/api/csv/typeParsers (columns are named as properties; `lat|lon` in a
`_geolocation` column; `__es` for a language; dates as YYYY-MM-DD; `|` parts values). Ushahidi Platform, data import: a
head line, and columns that a person assigns to the fields of a survey, latitude and longitude each for itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from forwarder.desk.escapes import in_csv
from forwarder.desk.publish.alert import Alert
from forwarder.desk.publish.hxl import disarmed
from forwarder.desk.publish.moments import span, zulu

DAY_LEN: Final = len("2033-01-14")


class Tool(Enum):
    """For which program a table is."""

    UWAZI = "uwazi"
    USHAHIDI = "ushahidi"


@dataclass(frozen=True, slots=True)
class Row:
    """One alert for a table; `reports`: texts of its reports, where a person asked for them, else empty."""

    alert: Alert
    reports: str = ""


def table(tool: Tool, rows: Sequence[Row], *, languages: Sequence[str], with_reports: bool) -> bytes:
    """The whole table in UTF-8 (RFC 4180), a head line first, in the order given. `languages`: at least one; Ushahidi's
    has the first only."""
    heads = [*(_HEADS[tool](languages)), *(["reports"] if with_reports else [])]
    lines = [",".join(f'"{head}"' for head in heads)]
    for row in rows:
        cells = dict(_CELLS[tool](row.alert, languages))
        # A number is ours and is no formula; a sign before it must stay what it is.
        line = [f'"{cells[head]}"' if head in _NUMBERS else _safe(cells[head]) for head in heads[: len(cells)]]
        lines.append(",".join([*line, *([_safe(row.reports)] if with_reports else [])]))
    return "".join(f"{line}\r\n" for line in lines).encode()


def _uwazi_heads(languages: Sequence[str]) -> list[str]:
    spoken = [f"{part}{ending}" for part in ("title", "text", "advice") for ending in _endings(languages).values()]
    return [*spoken, "reported", "reported_between", "location_geolocation", *_ABOUT]


def _uwazi_cells(alert: Alert, languages: Sequence[str]) -> Iterator[tuple[str, str]]:
    for language, ending in _endings(languages).items():
        words = alert.in_language(language)
        yield from (
            (f"title{ending}", words.title),
            (f"text{ending}", words.text),
            (f"advice{ending}", words.advice),
        )
    latitude, longitude = alert.cell.middle
    yield "reported", span(alert.when)[0][:DAY_LEN]
    yield "reported_between", " - ".join(span(alert.when))
    yield "location_geolocation", f"{latitude:.6f}|{longitude:.6f}"
    yield from _about(alert).items()


def _ushahidi_heads(_: Sequence[str]) -> list[str]:
    return ["title", "description", "advice", "reported", "reported_between", "latitude", "longitude", *_ABOUT]


def _ushahidi_cells(alert: Alert, languages: Sequence[str]) -> Iterator[tuple[str, str]]:
    words = alert.in_language(languages[0])
    latitude, longitude = alert.cell.middle
    yield from (("title", words.title), ("description", words.text), ("advice", words.advice))
    yield "reported", span(alert.when)[0][:DAY_LEN]
    yield "reported_between", " - ".join(span(alert.when))
    yield from (("latitude", f"{latitude:.6f}"), ("longitude", f"{longitude:.6f}"))
    yield from _about(alert).items()


def _about(alert: Alert) -> dict[str, str]:
    said = (
        alert.topic,
        alert.how_sure,
        alert.state.value,
        alert.id,
        str(alert.version),
        alert.cell.index,
        zulu(alert.issued[-1]),
    )
    return dict(zip(_ABOUT, said, strict=True))


def _endings(languages: Sequence[str]) -> Mapping[str, str]:
    """What stands behind a column's name for each language; nothing when there is only one."""
    return {one: f"__{one}" if len(languages) > 1 else "" for one in languages}


def _safe(text: str) -> str:
    # In Uwazi a bar parts values.
    return in_csv(disarmed(text.replace("|", "/")))


_ABOUT: Final = ("topic", "confidence", "state", "alert_id", "alert_version", "cell", "updated")
_NUMBERS: Final = frozenset({"location_geolocation", "latitude", "longitude", "alert_version"})
_HEADS: Final = {Tool.UWAZI: _uwazi_heads, Tool.USHAHIDI: _ushahidi_heads}
_CELLS: Final = {Tool.UWAZI: _uwazi_cells, Tool.USHAHIDI: _ushahidi_cells}
