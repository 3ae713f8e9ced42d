"""The site is whole, the same each time, readable without script, and says nothing that could act."""

import json
import re
import time
from collections.abc import Mapping
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import PurePosixPath
from posixpath import normpath
from typing import Final

import html5lib
import pytest
from hypothesis import given, settings

from crypto.directory import Words as Named
from crypto.keys import AlertsKey
from crypto.manifest import FILE_MAX, FILES_MAX, MANIFEST_MAX, TOTAL_MAX, is_name
from forwarder.desk.publish.alert import Alert, Words, correct, withdraw
from forwarder.desk.publish.feeds import feeds, sign
from forwarder.desk.publish.moments import Issue
from forwarder.desk.publish.place import Cell, Place
from forwarder.desk.publish.publisher import Publisher
from forwarder.desk.publish.publishing import published_files
from forwarder.desk.publish.safety import Confidence, Leave, Policy
from forwarder.desk.publish.site import Room, site
from forwarder.desk.publish.site.plan import ON_A_PAGE
from onion_service.site import map_script
from tests.unit.forwarder.desk.publish.given import PUBLISHER, WORDS, an_alert
from tests.unit.forwarder.desk.publish.sites import (
    DESERT,
    ISLAND,
    ISSUE,
    MEXICO,
    MONTERREY,
    alert_at,
    files,
    html_of,
    many,
)
from tests.unit.forwarder.desk.publish.test_feeds import ATOM, TEXTS, alerts, check_atom, check_geojson, parsed
from tests.unit.forwarder.desk.publish.test_feeds import some as of_every_kind
from tests.unit.forwarder.published import KEY, PUBLIC

pytestmark = pytest.mark.slow

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


@pytest.fixture(scope="module")
def some() -> dict[str, bytes]:
    """A site with something of everything."""
    first, second = an_alert(1), alert_at(MONTERREY, 2, confidence=Confidence.CONFIRMED_BY_SEVERAL, topic="otro")
    again = correct(first, _leave(first), topic="reten", words=WORDS, now=first.issued[0] + 90_000)
    gone = withdraw(alert_at(DESERT, 3), words={"en": Words("Not so", "It was a film.")}, now=500_001 * 3_600)
    return published_files([again, second, gone, *many(30)[4:]], PUBLISHER, key=PUBLIC, gazetteer=MEXICO, issue=ISSUE)


def _leave(alert: Alert) -> Leave:
    assert alert.confidence is not None
    return Leave(alert.cell, alert.when, alert.confidence, 3, False, "", Policy())


# --- files -------------------------------------------------------------------------------------------------------


def test_the_same_alerts_give_the_same_bytes_in_any_order() -> None:
    alerts = many(12)
    assert files(*alerts) == files(*reversed(alerts))


def test_without_an_alert_there_is_a_site_that_says_so() -> None:
    built = files()
    assert sorted(built) == ["en/index.html", "en/verify.html", "index.html", "style.css", "verify.html"]
    assert "Por ahora no hay alertas." in built["index.html"].decode()
    assert "There are no alerts now." in built["en/index.html"].decode()


def test_2_000_alerts_stay_far_below_every_limit() -> None:
    began = time.process_time()
    built = published_files(many(2_000), PUBLISHER, key=PUBLIC, gazetteer=MEXICO, issue=ISSUE)
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
    alerts = many(24)
    before = len(files(*alerts))
    for room in (before - 1, 80, 40, 12, 0):
        built = files(*alerts, room=Room(room))
        assert len(built) <= max(room, 5)
        assert broken_links({**feeds(alerts, PUBLISHER), **built}) == []
    assert {name.partition("/")[0] for name in files(*alerts, room=Room(80))} >= {"month", "topic", "index.html"}


def test_a_page_is_never_longer_than_a_file_may_be() -> None:
    words = {one: Words("&" * 120, "'" * 4_000, '"' * 4_000) for one in ("es", "en")}
    alerts = [alert_at(MONTERREY, number, words=words) for number in range(2 * ON_A_PAGE + 1)]
    built = files(*alerts)
    assert max(map(len, built.values())) < FILE_MAX
    assert {name for name in built if name.startswith("month/")} == {
        "month/2027-01.html", "month/2027-01-2.html", "month/2027-01-3.html",
    }  # fmt: skip


def test_every_page_says_of_which_day_the_list_is_and_until_when_it_is_good(some: dict[str, bytes]) -> None:
    for name, html in html_of(some).items():
        footer = html.partition("<footer>")[2]
        days = ("15 January 2027", "29 January 2027") if name.startswith("en/") else ("15 de enero", "29 de enero")
        assert all(day in footer for day in days), name


def test_a_site_of_one_day_is_the_same_whatever_the_hour() -> None:
    alerts = many(6)
    late = Issue(at=ISSUE.at + 3_600, until=ISSUE.until + 3_600)
    assert files(*alerts, issue=late) == files(*alerts)
    assert files(*alerts, issue=Issue(at=ISSUE.at + 86_400, until=ISSUE.until + 86_400)) != files(*alerts)


def test_what_nobody_renewed_for_a_month_stands_apart_and_says_so() -> None:
    old, fresh = alert_at(MONTERREY, 1), alert_at(MONTERREY, 2, hour=500_700)
    issue = Issue(at=old.current_until + 86_400, until=old.current_until + 2 * 86_400)
    built = files(old, fresh, issue=issue)
    for page in ("index.html", "place/mx-monterrey.html"):
        newest, _, older = built[page].decode().partition('id="older"')
        assert f"#a{fresh.id}" in newest
        assert f"#a{old.id}" in older
        assert f'id="a{old.id}"' not in built[page].decode()
        assert "desde hace más de 30 días" in older
    assert 'class="alert old"' in built["month/2027-01.html"].decode()
    assert "desde hace más de 30 días" not in files(old, fresh)["index.html"].decode()
    alone = files(old, issue=issue)
    assert "No hay alertas nuevas." in alone["index.html"].decode()


def test_a_page_says_when_something_was_reported_and_not_when_it_was(some: dict[str, bytes]) -> None:
    for name, html in html_of(some).items():
        assert "Cuándo:" not in html
        assert "<dt>Cuándo" not in html
        assert "<dt>When" not in html
        assert "<dt>Reportada</dt>" in html or "<dt>Reported</dt>" in html or "<article" not in html, name


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


@settings(max_examples=15, deadline=None)
@given(alerts(), TEXTS.map(lambda text: text.replace("\n", " ") if text.strip() else "x"))
def test_no_text_and_no_name_breaks_out_of_a_page(alert: Alert, name: str) -> None:
    there = replace(alert, cell=Cell.around(Place("x", 1.0, 1.0), resolution=7))
    plain = replace(
        there, words={one: Words("x", "x", "x" if words.advice else "") for one, words in alert.words.items()}
    )
    built = html_of(site([there], Publisher("red", name), ISLAND, key=PUBLIC, issue=ISSUE))
    for page, html in html_of(site([plain], Publisher("red", "x"), ISLAND, key=PUBLIC, issue=ISSUE)).items():
        html5lib.HTMLParser(strict=True).parse(built[page])
        assert [tag for tag, _ in read(built[page]).tags] == [tag for tag, _ in read(html).tags]


def test_the_feeds_of_a_place_keep_the_rules_of_their_formats(some: dict[str, bytes]) -> None:
    feeds_of_places = [name for name in some if name.startswith("place/") and not name.endswith(".html")]
    assert feeds_of_places
    for name in feeds_of_places:
        if name.endswith(".atom"):
            root = parsed(some[name])
            check_atom(root)
            assert root.find(f"{ATOM}link").get("href") == PurePosixPath(name).name  # type: ignore[union-attr]
        else:
            check_geojson(json.loads(some[name]))


def test_alerts_elsewhere_in_the_world_are_on_the_site_too() -> None:
    built = files(*of_every_kind())
    assert broken_links({**feeds(of_every_kind(), PUBLISHER), **built}) == []
    assert "Fuera del mapa quedan estas zonas con alertas: 1." in built["index.html"].decode()


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


def test_a_place_whose_only_alert_was_withdrawn_has_no_page_but_its_feeds_say_so() -> None:
    gone = withdraw(alert_at(MONTERREY, 1), words=WORDS, now=500_001 * 3_600)
    built = files(gone, alert_at(DESERT, 2))
    assert not [name for name in built if name.endswith("place/mx-monterrey.html")]
    assert broken_links({**feeds([gone], PUBLISHER), **feeds([alert_at(DESERT, 2)], PUBLISHER), **built}) == []
    assert gone.id in built["place/mx-monterrey.geojson"].decode()
    assert "Retirada: " in built["place/mx-monterrey.es.atom"].decode()
    both = files(gone, alert_at(MONTERREY, 2))
    assert "Retirada: ya no vale" in both["place/mx-monterrey.html"].decode()
    assert "Monterrey</a> (1)" in both["index.html"].decode()


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
    built = site([an_alert()], PUBLISHER, MEXICO, key=PUBLIC, issue=ISSUE, topics=topics)
    assert '<h1 dir="auto">Alertas sobre Retén</h1>' in built["topic/reten.html"].decode()
    assert "&lt;b&gt;Roadblock" in built["en/topic/reten.html"].decode()
