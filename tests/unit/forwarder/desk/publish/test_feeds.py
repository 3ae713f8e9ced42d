"""Every feed is valid by its own standard's rules, says the same bytes for the same alerts, and no text breaks out."""

import csv
import io
import itertools
import json
import re
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any, Final
from xml.etree import ElementTree

import pytest
import xmlschema
from hypothesis import example, given, settings
from hypothesis import strategies as st

from forwarder.desk.publish.alert import CURRENT_SECONDS, Alert, Words, correct, withdraw
from forwarder.desk.publish.atom import atom
from forwarder.desk.publish.cap import cap
from forwarder.desk.publish.errors import NotAnAlert
from forwarder.desk.publish.feeds import feeds
from forwarder.desk.publish.geojson import geojson
from forwarder.desk.publish.hxl import disarmed, hxl
from forwarder.desk.publish.place import Cell, Place
from forwarder.desk.publish.publisher import Publisher
from forwarder.desk.publish.safety import Facts
from forwarder.places.shipped import shipped
from tests.unit.forwarder.desk.publish.given import (
    NOW,
    PUBLISHER,
    ROUND,
    WORDS,
    an_alert,
    facts,
    leave,
    seen,
)
from tests.vectors.shared import FOLDER

CAP: Final = "{urn:oasis:names:tc:emergency:cap:1.2}"
ATOM: Final = "{http://www.w3.org/2005/Atom}"
LATER: Final = NOW * ROUND + 50_000
SORRY: Final = {"es": Words("No era cierto", "Se retira.")}


@cache
def cap_schema() -> xmlschema.XMLSchema:
    path = FOLDER / "schema" / "CAP-v1.2.xsd"
    if not path.is_file():
        pytest.skip(f"no schema at {path}; set VELADORA_SHARED to the folder that has schema/{path.name}")
    return xmlschema.XMLSchema(path)


def parsed(wire: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(wire)  # noqa: S314 - what we wrote ourselves


def some() -> list[Alert]:
    """An alert of each state, and one across the antimeridian."""
    corrected = correct(an_alert(2), leave(facts(confirmed_by=1)), topic="reten", words=WORDS, now=LATER)
    withdrawn = withdraw(correct(an_alert(3), leave(), topic="a", words=WORDS, now=LATER), words=SORRY, now=LATER)
    far = Place("fiji", -16.8, 179.9995)
    across = an_alert(4, incident=Facts(seen(far, far, far), far))
    return [an_alert(1), corrected, withdrawn, replace(across, cell=Cell.around(far, resolution=5))]


HOSTILE: Final = (
    "</text></feed><script>alert(1)</script>",
    "]]><!ENTITY x SYSTEM 'file:///etc/passwd'>&x;&lt;&#60;",
    '"},{"type":"Feature"}]} // \\" \\u003c',
    '=HYPERLINK("http://x";"y")',
    "a;=1+1",
    "a,\t@SUM(A1)",
    "+1,-1\n=2",
    "'=cmd|' /C calc'!A0",
    "＝1＋1",
    '" , =1',
    "#meta+id,#geo",
    "${jndi:ldap://x} {{7*7}} %s {0}",
    "javascript:alert(1) onload=x",
)
TEXTS: Final = st.one_of(st.sampled_from(HOSTILE), st.text(min_size=1, max_size=80)).map(
    lambda text: "".join(one if one.isprintable() or one == "\n" else "?" for one in text)
)


@st.composite
def words(draw: st.DrawFn) -> Words:
    """Words that an alert takes, as hostile as they can be."""
    title, text, advice = draw(TEXTS).replace("\n", " "), draw(TEXTS), draw(st.one_of(st.just(""), TEXTS))
    return Words(title if title.strip() else "x", text if text.strip() else "x", advice)


@st.composite
def alerts(draw: st.DrawFn) -> Alert:
    return replace(an_alert(), words={"es": draw(words()), "en": draw(words())})


# --- CAP -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", range(4))
def test_every_kind_of_message_is_valid_by_the_schema_of_oasis(place: int) -> None:
    cap_schema().validate(cap(some()[place], PUBLISHER).decode())


def test_an_update_and_a_cancel_name_every_message_before_them() -> None:
    root = parsed(cap(some()[2], PUBLISHER))
    assert root.findtext(f"{CAP}msgType") == "Cancel"
    named = (root.findtext(f"{CAP}references") or "").split(" ")
    assert [one.split(",")[:2] for one in named] == [["red-norte", f"{3:032x}-{number}"] for number in (1, 2)]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d-00:00", named[0].split(",")[2])
    assert parsed(cap(some()[0], PUBLISHER)).find(f"{CAP}references") is None
    assert parsed(cap(some()[1], PUBLISHER)).findtext(f"{CAP}msgType") == "Update"


def test_no_message_says_when_a_thing_happened_and_each_says_until_when_it_holds() -> None:
    alert = some()[1]
    root = parsed(cap(alert, PUBLISHER))
    for info in root.findall(f"{CAP}info"):
        assert info.find(f"{CAP}onset") is None
        expires = datetime.fromisoformat(info.findtext(f"{CAP}expires") or "")
        assert expires.timestamp() == alert.issued[-1] + CURRENT_SECONDS
        told = {one.findtext(f"{CAP}valueName"): one.findtext(f"{CAP}value") for one in info.findall(f"{CAP}parameter")}
        begin, end = (datetime.fromisoformat(one) for one in (told["veladora:reported"] or "").split("/"))
        assert (begin.timestamp(), end.timestamp()) == (alert.when, alert.when + 21_600)
    said = json.loads(geojson([alert]))["features"][0]["properties"]
    assert not {"from", "until", "onset"} & said.keys()
    assert said["reported_from"] == begin.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert datetime.fromisoformat(said["current_until"]) == expires
    assert "#date+reported+start" in hxl([alert]).decode()
    assert said["current_until"] in hxl([alert]).decode()
    assert "#date+start" not in hxl([alert]).decode()


def test_an_area_is_named_by_its_towns_in_each_language() -> None:
    alert = an_alert(1)
    wire = feeds([alert], PUBLISHER, shipped())[f"cap/{alert.id}.xml"]
    cap_schema().validate(wire.decode())
    named = [info.findtext(f"{CAP}area/{CAP}areaDesc") or "" for info in parsed(wire).findall(f"{CAP}info")]
    assert ["Ciudad de México" in one and f"(H3 {alert.cell.index})" in one for one in named] == [True, True]
    assert named[0].startswith("near ")
    assert named[1].startswith("cerca de ")


def test_the_schema_notices_a_message_that_is_not_valid() -> None:
    wrong = cap(an_alert(), PUBLISHER).replace(b"<status>Actual</status>", b"<status>Real</status>")
    assert not cap_schema().is_valid(wrong.decode())


@settings(max_examples=60, deadline=None)
@given(alerts())
def test_no_text_breaks_out_of_cap(alert: Alert) -> None:
    wire = cap(alert, PUBLISHER)
    cap_schema().validate(wire.decode())
    infos = parsed(wire).findall(f"{CAP}info")
    for info, language in zip(infos, ("en", "es"), strict=True):
        spoken = alert.words[language]
        assert info.findtext(f"{CAP}headline") == spoken.title
        assert info.findtext(f"{CAP}description") == spoken.text
        assert (info.findtext(f"{CAP}instruction") or "") == spoken.advice


# --- GeoJSON -------------------------------------------------------------------------------------------------------


def check_geojson(document: dict[str, Any]) -> None:
    """The rules of RFC 7946 that a collection of polygons can break."""
    assert document.keys() == {"type", "features"}
    assert document["type"] == "FeatureCollection"
    for feature in document["features"]:
        assert feature.keys() == {"type", "id", "geometry", "properties"}
        assert feature["type"] == "Feature"
        geometry = feature["geometry"]
        assert geometry.keys() == {"type", "coordinates"}
        polygons = {"Polygon": [geometry["coordinates"]], "MultiPolygon": geometry["coordinates"]}[geometry["type"]]
        for [ring] in polygons:
            assert len(ring) >= 4
            assert ring[0] == ring[-1], "closed (3.1.6)"
            assert sum(x * b - a * y for (x, y), (a, b) in itertools.pairwise(ring)) > 0, "right-hand rule"
            assert all(-180 <= x <= 180 and -90 <= y <= 90 for x, y in ring), "longitude, latitude (3.1.1)"
            assert max(x for x, _ in ring) - min(x for x, _ in ring) < 180, "cut at the antimeridian (3.1.9)"


def test_geojson_keeps_the_rules_of_its_rfc() -> None:
    document = json.loads(geojson(some()))
    check_geojson(document)
    assert [feature["geometry"]["type"] for feature in document["features"]] == ["Polygon"] * 3 + ["MultiPolygon"]


@settings(max_examples=60, deadline=None)
@given(alerts())
def test_no_text_breaks_out_of_geojson_nor_of_a_page_that_it_is_put_into(alert: Alert) -> None:
    wire = geojson([alert])
    document = json.loads(wire)
    check_geojson(document)
    assert document["features"][0]["properties"]["words"]["es"]["text"] == alert.words["es"].text
    assert wire.isascii()
    assert not set(b"<>&") & set(wire)


# --- Atom ----------------------------------------------------------------------------------------------------------


def check_atom(root: ElementTree.Element) -> None:
    """The rules of RFC 4287 for a feed and its entries."""
    assert root.tag == f"{ATOM}feed"
    for element in [root, *root.findall(f"{ATOM}entry")]:
        for name in ("id", "title", "updated"):
            assert len(element.findall(f"{ATOM}{name}")) == 1
        assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", element.findtext(f"{ATOM}id") or "")
        assert datetime.fromisoformat(element.findtext(f"{ATOM}updated") or "").tzinfo is not None
    assert len(root.findall(f"{ATOM}author/{ATOM}name")) == 1, "else every entry needs one (4.1.1)"
    assert [link.get("rel") for link in root.findall(f"{ATOM}link")] == ["self"]
    ids = [entry.findtext(f"{ATOM}id") for entry in root.findall(f"{ATOM}entry")]
    assert len(set(ids)) == len(ids)
    for entry in root.findall(f"{ATOM}entry"):
        content = entry.find(f"{ATOM}content")
        assert content is not None, "an entry without a link must have content (4.1.2)"
        assert content.get("type") == "text"
        assert not list(content), "plain text has no child elements (4.1.3.3)"


@pytest.mark.parametrize("language", ["es", "en"])
def test_atom_keeps_the_rules_of_its_rfc(language: str) -> None:
    root = parsed(atom(some(), PUBLISHER, language=language, name="x.atom"))
    check_atom(root)
    updates = [entry.findtext(f"{ATOM}updated") for entry in root.findall(f"{ATOM}entry")]
    assert updates == sorted(updates, key=lambda text: text or "", reverse=True)
    assert root.findtext(f"{ATOM}updated") == updates[0]


@settings(max_examples=60, deadline=None)
@given(alerts())
def test_no_text_breaks_out_of_atom(alert: Alert) -> None:
    root = parsed(atom([alert], PUBLISHER, language="es", name="x.atom"))
    check_atom(root)
    assert root.findtext(f"{ATOM}entry/{ATOM}title") == alert.words["es"].title
    assert alert.words["es"].text in (root.findtext(f"{ATOM}entry/{ATOM}content") or "")


# --- CSV and HXL ---------------------------------------------------------------------------------------------------

HASHTAG: Final = re.compile(r"#[a-z][a-z0-9_]*(\+[a-z][a-z0-9_]*)*")
FORMULA: Final = "=+-@＝＋－＠"


def test_the_second_row_is_one_of_hashtags_and_every_row_has_every_column() -> None:
    table = list(csv.reader(io.StringIO(hxl(some()).decode(), newline=""), strict=True))
    assert len({len(row) for row in table}) == 1
    assert all(HASHTAG.fullmatch(tag) for tag in table[1])
    assert len(set(table[1])) == len(table[1])
    assert [row[2] for row in table[2:]] == ["published", "corrected", "withdrawn", "published"]


@settings(max_examples=200, deadline=None)
@given(alerts())
def test_no_text_becomes_a_formula_whatever_parts_the_cells(alert: Alert) -> None:
    wire = hxl([alert]).decode()
    table = list(csv.reader(io.StringIO(wire, newline=""), strict=True))
    assert len(table) == 3
    for text in table[2][13:]:
        assert "\n" not in text
        for piece in re.split(r"[,;|\t]", text):
            assert not piece.lstrip(' "').startswith(tuple(FORMULA))


@pytest.mark.parametrize(
    ("text", "plain"),
    [("=1", "'=1"), (" +1", "'+1"), ("a;=1", "a;'=1"), ("a\n=1", "a =1"), ("a - b", "a - b"), ("x, -1", "x, '-1")],
)
def test_a_sign_that_would_begin_a_formula_is_disarmed(text: str, plain: str) -> None:
    assert disarmed(text) == plain


# --- all of them ---------------------------------------------------------------------------------------------------


def test_the_same_alerts_in_another_order_give_the_same_bytes() -> None:
    assert feeds(some(), PUBLISHER) == feeds(reversed(some()), PUBLISHER)


def test_a_withdrawal_reaches_every_feed_and_what_was_said_leaves_them() -> None:
    alert = an_alert()
    before, after = feeds([alert], PUBLISHER), feeds([withdraw(alert, words=SORRY, now=LATER)], PUBLISHER)
    assert before.keys() == after.keys()
    for name, wire in after.items():
        assert wire != before[name]
        assert b"withdrawn" in wire or b"Withdrawn" in wire or b"Retirada" in wire or b"Cancel" in wire
        assert b"Hombres armados" in before[name] or b"Armed men" in before[name]
        assert b"Hombres armados" not in wire
        assert b"Armed men" not in wire


def test_nothing_says_how_sure_a_withdrawn_alert_was() -> None:
    alert = an_alert(incident=facts(partners=2, confirmed_by=2))
    before = feeds([alert], PUBLISHER)
    after = feeds([withdraw(alert, words=SORRY, now=LATER)], PUBLISHER)
    sure = re.compile(rb"confirm|>Observed<", re.I)
    for name, wire in after.items():
        assert sure.search(before[name])
        assert not sure.search(wire.replace(b"#status+confidence", b"").replace(b'"confidence"', b""))
    assert json.loads(after["alerts.geojson"])["features"][0]["properties"]["confidence"] is None
    assert [b">Unknown<" in wire for name, wire in after.items() if name.startswith("cap/")] == [True]


def test_a_correction_reaches_every_feed() -> None:
    alert = an_alert()
    other = {"es": replace(WORDS["es"], text="Ya no hay retén."), "en": replace(WORDS["en"], text="It is gone.")}
    corrected = correct(alert, leave(), topic="reten", words=other, now=LATER)
    for name, wire in feeds([corrected], PUBLISHER).items():
        assert wire != feeds([alert], PUBLISHER)[name]
        assert b"Ya no hay" in wire or b"It is gone" in wire


def test_nothing_to_say_is_said_in_valid_feeds() -> None:
    files = feeds([], PUBLISHER)
    assert sorted(files) == ["alerts.csv", "alerts.en.atom", "alerts.es.atom", "alerts.geojson"]
    check_geojson(json.loads(files["alerts.geojson"]))
    check_atom(parsed(files["alerts.es.atom"]))


def test_two_alerts_of_one_id_are_refused() -> None:
    with pytest.raises(NotAnAlert):
        feeds([an_alert(1), an_alert(1, topic="otro")], PUBLISHER)


@pytest.mark.parametrize(("id_", "name"), [("Red Norte", "x"), ("a,b", "x"), ("red", ""), ("red", "a\nb")])
def test_a_publisher_has_a_plain_id_and_name(id_: str, name: str) -> None:
    with pytest.raises(NotAnAlert):
        Publisher(id_, name)


@settings(max_examples=60, deadline=None)
@given(TEXTS.map(lambda text: text.replace("\n", " ")))
@example('"><script>')
def test_no_publisher_s_name_breaks_out(name: str) -> None:
    files = feeds([an_alert()], Publisher("red", name))
    assert parsed(files["alerts.en.atom"]).findtext(f"{ATOM}author/{ATOM}name") == name
