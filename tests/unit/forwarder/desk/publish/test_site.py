"""The site is whole, the same each time, readable without script, and says nothing that could act."""

import base64
import io
import json
import re
import time
from collections.abc import Mapping
from dataclasses import replace
from html.parser import HTMLParser
from math import cos, radians
from pathlib import PurePosixPath
from posixpath import normpath
from random import Random
from typing import Final

import html5lib
import pytest
from PIL import Image

from crypto.directory import Words as Named
from crypto.keys import AlertsKey
from crypto.manifest import FILE_MAX, FILES_MAX, MANIFEST_MAX, TOTAL_MAX, is_name
from forwarder.desk.publish.alert import Alert, State, Words, correct, publish, withdraw
from forwarder.desk.publish.feeds import feeds, sign
from forwarder.desk.publish.place import Cell, Place
from forwarder.desk.publish.publishing import published_files
from forwarder.desk.publish.safety import Confidence, Leave, Policy
from forwarder.desk.publish.site import site
from forwarder.desk.publish.site.drawing import WIDTH, country_view
from forwarder.desk.publish.site.marks import LOOKS, Mark, marked
from forwarder.desk.publish.site.plan import ON_A_PAGE
from forwarder.desk.publish.site.view import View
from forwarder.desk.publish.site.where import NEAR_KILOMETRES, Finder
from forwarder.places.gazetteer import VERSION, Gazetteer, Listed, Region, Source
from forwarder.places.shipped import shipped
from onion_service.site import map_script
from tests.unit.forwarder.desk.publish.given import PUBLISHER, WORDS, an_alert
from tests.unit.forwarder.published import KEY, PUBLIC

MEXICO: Final = shipped()
MONTERREY: Final = Place("mx-monterrey", 25.67, -100.32)
DESERT: Final = Place("", 29.0, -113.0)
HOSTILE: Final = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</title></style></textarea>",
    "{{ 7 * 7 }} {% raw %}",
    "javascript:alert(1)",
    "&lt;b&gt; &amp; ]]> --> <!-- <![CDATA[",
    "שלום مرحبا abc",
    "' onmouseover='x",
)


def alert_at(
    place: Place,
    number: int,
    *,
    resolution: int = 7,
    confidence: Confidence = Confidence.UNCONFIRMED,
    words: Mapping[str, Words] = WORDS,
    topic: str = "reten",
    hour: int = 500_000,
) -> Alert:
    """An alert about the cell around a place."""
    cell = Cell.around(place, resolution=resolution)
    leave = Leave(cell, hour * 3_600 // 21_600 * 21_600, confidence, 3, False, "", Policy())
    return publish(leave, id=f"{number:032x}", topic=topic, words=words, now=hour * 3_600 + 77)


def files(*alerts: Alert, room: int = FILES_MAX, gazetteer: Gazetteer = MEXICO) -> dict[str, bytes]:
    return site(alerts, PUBLISHER, gazetteer, key=PUBLIC, room=room)


def many(count: int, seed: int = 3) -> list[Alert]:
    """Alerts all over Mexico, over two years, of some topics, some corrected and some withdrawn."""
    rng = Random(seed)
    places = [Place.listed(place) for place in MEXICO.places]
    text = "Varias personas vieron hombres armados que detienen coches en la salida. " * 6
    words = {"es": Words("Retén en la salida de la ciudad", text, "No pase por ahí."), "en": Words("Roadblock", text)}
    found = []
    for number in range(count):
        alert = alert_at(
            rng.choice(places), number, resolution=rng.choice((6, 7, 7, 8)), confidence=rng.choice(list(Confidence)),
            words=words, topic=f"topic-{rng.randrange(12)}", hour=490_000 + rng.randrange(17_000),
        )  # fmt: skip
        if number % 10 == 1:
            alert = withdraw(alert, words={"es": Words("Retirada", "No era cierto.")}, now=alert.issued[0] + 7_200)
        found.append(alert)
    return found


@pytest.fixture(scope="module")
def some() -> dict[str, bytes]:
    """A site with something of everything."""
    first, second = an_alert(1), alert_at(MONTERREY, 2, confidence=Confidence.CONFIRMED_BY_SEVERAL, topic="otro")
    again = correct(first, _leave(first), topic="reten", words=WORDS, now=first.issued[0] + 90_000)
    gone = withdraw(alert_at(DESERT, 3), words={"en": Words("Not so", "It was a film.")}, now=500_001 * 3_600)
    return published_files([again, second, gone, *many(30)[4:]], PUBLISHER, key=PUBLIC, gazetteer=MEXICO)


def _leave(alert: Alert) -> Leave:
    return Leave(alert.cell, alert.when, alert.confidence, 3, False, "", Policy())


def html_of(built: Mapping[str, bytes]) -> dict[str, str]:
    return {name: data.decode() for name, data in built.items() if name.endswith(".html")}


# --- files -------------------------------------------------------------------------------------------------------


def test_the_same_alerts_give_the_same_bytes_in_any_order() -> None:
    alerts = many(12)
    assert files(*alerts) == files(*reversed(alerts))


def test_without_an_alert_there_is_a_site_that_says_so() -> None:
    built = files()
    assert sorted(built) == ["en/index.html", "en/verify.html", "index.html", "style.css", "verify.html"]
    assert "Por ahora no hay alertas." in built["index.html"].decode()
    assert "There are no alerts now." in built["en/index.html"].decode()


@pytest.mark.slow
def test_2_000_alerts_stay_far_below_every_limit() -> None:
    began = time.process_time()
    built = published_files(many(2_000), PUBLISHER, key=PUBLIC, gazetteer=MEXICO)
    took = time.process_time() - began
    assert all(map(is_name, built))
    signed = sign(built, version=1, valid_until=2, key=AlertsKey(KEY))
    largest, whole = max(map(len, built.values())), sum(map(len, built.values()))
    print(
        f"2 000 alerts: {len(built)} files, {whole} bytes, the largest {largest}, list {len(signed.wire)}, {took:.1f} s"
    )
    assert len(built) <= FILES_MAX
    assert largest < FILE_MAX / 2
    assert whole < TOTAL_MAX * 0.6
    assert len(signed.wire) < MANIFEST_MAX * 0.7
    # Half a minute on a slow machine is long, but nobody waits longer for a correction.
    assert took < 60


def test_where_room_is_short_places_go_first_and_nothing_leads_to_them() -> None:
    alerts = many(40)
    before = len(files(*alerts))
    for room in (before - 1, 120, 60, 30, 12, 5, 0):
        built = files(*alerts, room=room)
        assert len(built) <= max(room, 5)
        assert broken_links({**feeds(alerts, PUBLISHER), **built}) == []
    assert {name.partition("/")[0] for name in files(*alerts, room=60)} >= {"month", "topic", "index.html"}


def test_a_page_is_never_longer_than_a_file_may_be() -> None:
    words = {one: Words("&" * 120, "'" * 4_000, '"' * 4_000) for one in ("es", "en")}
    alerts = [alert_at(MONTERREY, number, words=words) for number in range(2 * ON_A_PAGE + 1)]
    built = files(*alerts)
    assert max(map(len, built.values())) < FILE_MAX
    assert {name for name in built if name.startswith("month/")} == {
        "month/2027-01.html", "month/2027-01-2.html", "month/2027-01-3.html",
    }  # fmt: skip


# --- pages -------------------------------------------------------------------------------------------------------


def test_every_page_is_valid_html(some: dict[str, bytes]) -> None:
    hostile = many(1) + [
        alert_at(MONTERREY, 99 + at, words={"es": Words(one, one, one)}) for at, one in enumerate(HOSTILE)
    ]
    for built in (some, files(*hostile), files()):
        for name, html in html_of(built).items():
            parser = html5lib.HTMLParser(strict=True)
            tree = parser.parse(html)
            ids = [element.get("id") for element in tree.iter() if element.get("id")]
            assert len(ids) == len(set(ids)), name
            assert html.startswith("<!doctype html>")


class _Leads(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.ids: set[str] = set()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        for name, value in attrs:
            if name in ("href", "src", "data-href") and value:
                self.found.append((name, value))
            if name == "id" and value:
                self.ids.add(value)


def read(html: str) -> _Leads:
    found = _Leads()
    found.feed(html)
    return found


def broken_links(built: Mapping[str, bytes]) -> list[str]:
    """Every way out of a page that does not lead to a file of the publication, or to an element of it."""
    pages = {name: read(html) for name, html in html_of(built).items()}
    broken = []
    for name, page in pages.items():
        for _, value in page.found:
            if value.startswith("data:"):
                continue
            path, _, anchor = value.partition("#")
            target = normpath(str(PurePosixPath(name).parent / path)) if path else name
            there = target in built or target in ("manifest.json", "manifest.json.minisig")
            if not there or (anchor and anchor not in pages[target].ids):
                broken.append(f"{name}: {value}")
    return broken


def test_every_link_leads_to_a_file_of_the_publication(some: dict[str, bytes]) -> None:
    assert broken_links(some) == []
    assert all(is_name(name) for name in some)


def test_a_page_names_nothing_outside_and_has_one_script_on_the_first_page_only(some: dict[str, bytes]) -> None:
    for name, html in html_of(some).items():
        page = read(html)
        tags = [tag for tag, _ in page.tags]
        assert tags.count("script") == (PurePosixPath(name).name == "index.html")
        assert not {"iframe", "object", "embed", "form", "base", "style", "video"} & set(tags)
        assert not [
            a for _, attrs in page.tags for a in attrs if a.startswith("on") or a in ("style", "srcset", "ping")
        ]
        assert not re.search(r"(?:src|href)=\"(?!data:)(?:[a-z]+:|//|/)", html)
        assert html.count(map_script()) == tags.count("script")


def test_hostile_words_are_text_and_nothing_else() -> None:
    words = {one: Words(text, text, text) for one, text in (("es", " ".join(HOSTILE)[:120]), ("en", HOSTILE[0]))}
    alerts = [
        alert_at(MONTERREY, at, words={"es": Words(one[:120], one, one), "en": words["en"]})
        for at, one in enumerate(HOSTILE)
    ]
    built = files(*alerts)
    plain = files(*[replace(alert, words={"es": Words("x", "x", "x"), "en": Words("x", "x", "x")}) for alert in alerts])
    for name, html in html_of(built).items():
        assert [tag for tag, _ in read(html).tags] == [tag for tag, _ in read(plain[name].decode()).tags]
    tree = html5lib.parse(built["month/2027-01.html"].decode(), namespaceHTMLElements=False)
    said = {(element.text or "") for element in tree.iter() if "words" in (element.get("class") or "")}
    assert said >= set(HOSTILE)
    for element in tree.iter():
        if "words" in (element.get("class") or ""):
            assert element.get("dir") == "auto"


def test_an_alert_stands_with_its_place_its_topic_and_its_month(some: dict[str, bytes]) -> None:
    second = f"{2:032x}"
    for name in ("place/mx-monterrey.html", "topic/otro.html", "month/2027-01.html", "en/place/mx-monterrey.html"):
        assert second in some[name].decode()
    assert f'month/2027-01.html#a{second}"' in some["place/mx-monterrey.html"].decode()
    for feed in ("place/mx-monterrey.geojson", "place/mx-monterrey.es.atom", "place/mx-monterrey.en.atom"):
        assert second[-1:] in some[feed].decode()
    inside = json.loads(some["place/mx-monterrey.geojson"])["features"]
    assert second in [feature["id"] for feature in inside]
    assert len(inside) < len(json.loads(some["alerts.geojson"])["features"])
    ids = {re.findall(rb"<id>([^<]*)</id>", some[name])[0] for name in some if name.endswith(".atom")}
    assert len(ids) == sum(name.endswith(".atom") for name in some)


def test_corrections_and_withdrawals_stand_on_the_first_page_in_words(some: dict[str, bytes]) -> None:
    for name, corrected, withdrawn in (
        ("index.html", "Corregida (versión 2)", "Retirada (versión 2)"),
        ("en/index.html", "Corrected (version 2)", "Withdrawn (version 2)"),
    ):
        section = some[name].decode().partition('id="changes"')[2].partition("</section>")[0]
        assert corrected in section
        assert withdrawn in section
        assert "Not so" in section


def test_words_in_another_language_than_the_page_s_are_marked_as_such(some: dict[str, bytes]) -> None:
    assert 'lang="en">Not so<' in some["index.html"].decode()


def test_who_verifies_reads_the_key_and_the_command(some: dict[str, bytes]) -> None:
    for name in ("verify.html", "en/verify.html"):
        assert f"minisign -V -m manifest.json -P {PUBLIC}" in some[name].decode()


def test_every_page_names_sources_and_licences(some: dict[str, bytes]) -> None:
    for name, html in html_of(some).items():
        assert "GeoNames" in html, name
        assert "CC BY 4.0" in html
        assert "Natural Earth" in html


def test_a_topic_has_the_name_that_the_desk_gives() -> None:
    named = Named(es="Retén", en="Roadblock")
    topics = {"reten": {"es": named.es, "en": "<b>Roadblock"}}
    built = site([an_alert()], PUBLISHER, MEXICO, key=PUBLIC, topics=topics)
    assert '<h1 dir="auto">Alertas sobre Retén</h1>' in built["topic/reten.html"].decode()
    assert "&lt;b&gt;Roadblock" in built["en/topic/reten.html"].decode()


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
    here = Listed(id="x", latitude=1.0, longitude=1.0, name="Equis", people=0, region="r")
    bare = Gazetteer(
        name=Named(es="Isla", en="Island"), places=(here,), regions=(Region(id="r", name="R"),),
        sources=(Source(licence="none", name="nobody"),), v=VERSION,
    )  # fmt: skip
    built = files(alert_at(Place("", 1.0, 1.0), 1), alert_at(MONTERREY, 2), gazetteer=bare)
    assert "place/x.html" in built
    assert "lejos de los lugares" in built["index.html"].decode()
    assert "Fuera del mapa" in built["index.html"].decode()


# --- maps --------------------------------------------------------------------------------------------------------


def test_a_map_has_no_text_no_time_and_the_size_that_the_page_says(some: dict[str, bytes]) -> None:
    for name, html in html_of(some).items():
        found = pictures(html)
        assert len(found) == ("place/" in name or name.endswith("index.html"))
        for png in found:
            assert set(chunks(png)) <= {b"IHDR", b"PLTE", b"IDAT", b"IEND"}
            with Image.open(io.BytesIO(png)) as picture:
                assert f'width="{picture.width}" height="{picture.height}"' in html


def pictures(html: str) -> list[bytes]:
    """Every picture in a page."""
    return [base64.b64decode(data) for data in re.findall(r'src="data:image/png;base64,([^"]*)"', html)]


def chunks(png: bytes) -> list[bytes]:
    found, at = [], 8
    while at < len(png):
        found.append(png[at + 4 : at + 8])
        at += 12 + int.from_bytes(png[at : at + 4], "big")
    return found


def test_every_confidence_has_a_shape_and_a_colour_of_its_own_that_can_be_seen() -> None:
    assert len({(look.square, look.full) for look in LOOKS.values()}) == len(Mark)
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
    alert = alert_at(MONTERREY, 1, confidence=Confidence.CONFIRMED_BY_SEVERAL)
    built = files(alert)
    latitude, longitude = alert.cell.middle
    x, y = country_view(MEXICO, width=WIDTH).point(longitude, latitude)
    (png,) = pictures(built["index.html"].decode())
    with Image.open(io.BytesIO(png)) as picture:
        there, elsewhere = (picture.convert("RGB").getpixel((round(x) + off, round(y))) for off in (0, 60))
    assert there == pytest.approx(LOOKS[Mark.BY_SEVERAL].colour, abs=12)
    assert elsewhere != pytest.approx(LOOKS[Mark.BY_SEVERAL].colour, abs=12)
    drawn = re.findall(r'<path class="rim" d="M([\d.]+) ([\d.]+)h0"', built["index.html"].decode())
    assert [(float(one), float(other)) for one, other in drawn] == [pytest.approx((x, y), abs=0.01)]


def test_of_several_alerts_in_a_cell_the_surest_is_marked_and_a_withdrawn_one_last() -> None:
    unsure, sure = alert_at(MONTERREY, 1), alert_at(MONTERREY, 2, confidence=Confidence.CONFIRMED_BY_ONE)
    gone = withdraw(sure, words=WORDS, now=sure.issued[0])
    assert [one.mark for one in marked([unsure, sure])] == [Mark.BY_ONE]
    assert [one.mark for one in marked([unsure, gone])] == [Mark.UNCONFIRMED]
    assert [one.mark for one in marked([gone])] == [Mark.WITHDRAWN]
    assert gone.state is State.WITHDRAWN


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
