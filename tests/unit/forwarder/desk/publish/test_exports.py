"""Tables for Uwazi and Ushahidi hold what is published, in the columns that those read, and no formula."""

import csv
import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forwarder.desk.publish.alert import Words
from forwarder.desk.publish.errors import NotAnAlert
from forwarder.desk.publish.exports import Row, Tool, table
from tests.unit.forwarder.desk.publish.given import an_alert, facts

FORMULAS = "=+-@"


def read(wire: bytes) -> list[dict[str, str]]:
    rows = list(csv.reader(io.StringIO(wire.decode(), newline="")))
    assert {len(row) for row in rows} == {len(rows[0])}
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def test_uwazi_gets_columns_named_as_its_properties() -> None:
    alert = an_alert(incident=facts(3))
    (row,) = read(table(Tool.UWAZI, [Row(alert)], languages=("es", "en"), with_reports=False))
    latitude, longitude = row["location_geolocation"].split("|")
    assert (float(latitude), float(longitude)) == alert.cell.middle
    assert (row["title__es"], row["title__en"]) == ("Retén en la carretera", "Roadblock")
    assert row["text__es"] == "Hombres armados detienen coches. Varios testigos."
    assert row["reported"] == row["reported_between"][:10]
    assert len(row["reported"]) == 10
    assert (row["alert_id"], row["alert_version"], row["state"]) == (alert.id, "1", "published")
    assert "reports" not in row
    (alone,) = read(table(Tool.UWAZI, [Row(alert)], languages=("es",), with_reports=False))
    assert alone["title"] == "Retén en la carretera"


def test_ushahidi_gets_latitude_and_longitude_apart() -> None:
    alert = an_alert()
    (row,) = read(table(Tool.USHAHIDI, [Row(alert)], languages=("en", "es"), with_reports=False))
    assert (float(row["latitude"]), float(row["longitude"])) == alert.cell.middle
    assert (row["title"], row["advice"]) == ("Roadblock", "Take another road.")


@pytest.mark.parametrize("tool", list(Tool))
def test_reports_are_in_it_only_when_asked_for(tool: Tool) -> None:
    row = Row(an_alert(), reports="Vi un retén")
    assert "Vi un retén".encode() not in table(tool, [row], languages=("es",), with_reports=False)
    assert read(table(tool, [row], languages=("es",), with_reports=True))[0]["reports"] == "Vi un retén"
    assert table(tool, [], languages=("es",), with_reports=False).count(b"\r\n") == 1


@given(st.sampled_from(list(Tool)), st.text(min_size=1, max_size=60), st.text(max_size=60))
def test_no_text_is_a_formula(tool: Tool, title: str, reports: str) -> None:
    try:
        words = Words.cleaned(title=f"=HYPERLINK {title}", text=f";=1+1\t@x{title}", advice="-2+3")
    except NotAnAlert:
        return
    alert = replace(an_alert(), words={"es": words})
    wire = table(tool, [Row(alert, reports=f"@{reports}")], languages=("es",), with_reports=True)
    for name, cell in read(wire)[0].items():
        if name not in ("latitude", "longitude", "location_geolocation"):
            for separator in ",;|\t":
                for part in cell.split(separator):
                    assert not part.strip(" \"'").startswith(tuple(FORMULAS)) or "'" in part
