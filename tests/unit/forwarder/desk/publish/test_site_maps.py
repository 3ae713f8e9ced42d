"""The maps show what the alerts say, by shape and colour, and names of places follow from cells alone."""

import io
import re
from math import cos, radians

import pytest
from PIL import Image

from forwarder.desk.publish.alert import State, withdraw
from forwarder.desk.publish.place import Cell, Place
from forwarder.desk.publish.safety import Confidence
from forwarder.desk.publish.site.drawing import WIDTH, country_view
from forwarder.desk.publish.site.marks import LOOKS, Mark, marked
from forwarder.desk.publish.site.view import View
from forwarder.desk.publish.site.where import NEAR_KILOMETRES, Finder
from tests.unit.forwarder.desk.publish.given import WORDS
from tests.unit.forwarder.desk.publish.sites import (
    ISLAND,
    ISSUE,
    MEXICO,
    MONTERREY,
    alert_at,
    chunks,
    files,
    html_of,
    many,
    pictures,
)

# --- places ------------------------------------------------------------------------------------------------------


def test_a_place_follows_from_the_cell_alone() -> None:
    finder = Finder(MEXICO)
    cell = Cell.around(MONTERREY, resolution=7)
    assert [place.id for place in finder.of(cell).within] == ["mx-monterrey"]
    wide = finder.of(Cell.around(MONTERREY, resolution=4))
    assert {"mx-monterrey", "mx-guadalupe-nuevo-leon"} <= {place.id for place in wide.within} or len(wide.within) > 3
    assert wide.within[0].people == 1_000_000
    beside = finder.of(Cell.around(Place("", 25.9, -100.9), resolution=8))
    assert not beside.within
    assert beside.near is not None
    assert finder.of(Cell.around(Place("", -40.0, 100.0), resolution=8)).places == ()
    assert NEAR_KILOMETRES == 50


def test_without_outlines_or_near_places_there_is_a_map_all_the_same() -> None:
    built = files(alert_at(Place("", 1.0, 1.0), 1), alert_at(MONTERREY, 2), gazetteer=ISLAND)
    assert "place/x.html" in built
    assert "lejos de los lugares" in built["index.html"].decode()
    assert "Fuera del mapa" in built["index.html"].decode()


# --- maps --------------------------------------------------------------------------------------------------------


def test_a_map_has_no_text_no_time_and_the_size_that_the_page_says() -> None:
    for name, html in html_of(files(*many(12))).items():
        found = pictures(html)
        assert len(found) == ("place/" in name or name.endswith("index.html"))
        for png in found:
            assert set(chunks(png)) <= {b"IHDR", b"PLTE", b"IDAT", b"IEND"}
            with Image.open(io.BytesIO(png)) as picture:
                assert f'width="{picture.width}" height="{picture.height}"' in html


def test_every_confidence_has_a_shape_and_a_colour_of_its_own_that_can_be_seen() -> None:
    assert len({(look.square, look.full, look.small) for look in LOOKS.values()}) == len(Mark)
    assert len({look.sign for look in LOOKS.values()}) == len({look.colour for look in LOOKS.values()}) == len(Mark)
    for look in LOOKS.values():
        for ground in ((247, 243, 233), (214, 226, 234), (255, 255, 255)):
            assert contrast(look.colour, ground) >= 4.5


def contrast(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    """As WCAG 2 counts it."""

    def light(colour: tuple[int, int, int]) -> float:
        parts = [part / 255 for part in colour]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    lighter, darker = sorted((light(one), light(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_a_mark_stands_where_its_cell_is_in_picture_and_vector() -> None:
    alert = alert_at(MONTERREY, 1, confidence=Confidence.CONFIRMED_BY_ONE)
    built = files(alert)
    latitude, longitude = alert.cell.middle
    x, y = country_view(MEXICO, width=WIDTH).point(longitude, latitude)
    (png,) = pictures(built["index.html"].decode())
    with Image.open(io.BytesIO(png)) as picture:
        there, elsewhere = (picture.convert("RGB").getpixel((round(x) + off, round(y))) for off in (0, 60))
    assert there == pytest.approx(LOOKS[Mark.BY_ONE].colour, abs=2)
    assert elsewhere != pytest.approx(LOOKS[Mark.BY_ONE].colour, abs=2)
    drawn = re.findall(r'<path class="rim" d="M([\d.]+) ([\d.]+)h0"', built["index.html"].decode())
    assert [(float(one), float(other)) for one, other in drawn] == [pytest.approx((x, y), abs=0.01)]


def test_of_several_alerts_in_a_cell_the_surest_is_marked_and_a_withdrawn_one_in_its_large_cell() -> None:
    unsure, sure = alert_at(MONTERREY, 1), alert_at(MONTERREY, 2, confidence=Confidence.CONFIRMED_BY_ONE)
    gone = withdraw(sure, words=WORDS, now=sure.issued[0])
    assert [one.mark for one in marked([unsure, sure], now=ISSUE.at)] == [Mark.BY_ONE]
    assert [one.mark for one in marked([unsure, gone], now=ISSUE.at)] == [Mark.WITHDRAWN, Mark.UNCONFIRMED]
    assert [one.mark for one in marked([gone], now=ISSUE.at)] == [Mark.WITHDRAWN]
    assert gone.state is State.WITHDRAWN


def test_an_alert_that_nobody_renewed_is_marked_as_old_and_below_those_that_hold() -> None:
    sure, unsure = (
        alert_at(MONTERREY, 1, confidence=Confidence.CONFIRMED_BY_SEVERAL),
        alert_at(MONTERREY, 2, hour=501_000),
    )
    assert [one.mark for one in marked([sure], now=sure.current_until - 1)] == [Mark.BY_SEVERAL]
    assert [one.mark for one in marked([sure], now=sure.current_until)] == [Mark.OLD]
    assert [one.mark for one in marked([sure, unsure], now=sure.current_until)] == [Mark.UNCONFIRMED]


def test_a_view_shows_all_of_what_it_is_made_around() -> None:
    ring = ((-117.0, 14.5), (-86.7, 14.5), (-86.7, 32.7), (-117.0, 14.5))
    for view in (View.around([ring], width=1_000), View.around([ring], width=640, height=480)):
        assert all(view.shows(x, y) for x, y in ring)
        assert all(0 <= x <= view.width and 0 <= y <= view.height for x, y in view.ring(ring))
        # As long to the east as to the north at its middle.
        middle = (view.south + view.north) / 2
        east = view.point(view.west + 1, middle)[0]
        north = view.height - view.point(view.west, view.south + 1)[1]
        assert east == pytest.approx(north * cos(radians(middle)), rel=0.01)
