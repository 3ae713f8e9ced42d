"""However much a desk publishes, the list can be signed, the newest is in it, and a withdrawal always is."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import example, given, settings

from crypto.keys import AlertsKey
from crypto.manifest import FILE_MAX, FILES_MAX, MANIFEST_MAX, TOTAL_MAX
from forwarder.desk.publish import room
from forwarder.desk.publish.alert import WITHDRAWN_WORDS, Alert, Words, withdraw
from forwarder.desk.publish.atom import atom
from forwarder.desk.publish.cap import cap
from forwarder.desk.publish.feeds import feeds, sign
from forwarder.desk.publish.geojson import geojson
from forwarder.desk.publish.hxl import hxl
from forwarder.desk.publish.place import Cell, Place
from forwarder.desk.publish.publishing import published_files
from forwarder.desk.publish.room import ALERTS_MAX, FEED_BYTES, WITHDRAWN_DAYS, carried, longest, newest_within, weight
from forwarder.desk.publish.site import PLACES_BYTES, Room
from forwarder.desk.publish.site.texts import NAMED_MAX
from tests.privacy.mutants import caught
from tests.unit.forwarder.desk.publish.given import PUBLISHER, an_alert
from tests.unit.forwarder.desk.publish.sites import ISLAND, ISSUE, MEXICO, MONTERREY, alert_at, files
from tests.unit.forwarder.desk.publish.test_feeds import alerts
from tests.unit.forwarder.desk.publish.test_site import broken_links
from tests.unit.forwarder.published import KEY, PUBLIC

DAY = 86_400
SENTENCE = "Varias personas vieron hombres armados en la salida. "
NAMED = NAMED_MAX * max(len(name) + 2 for name in ISLAND.full_names().values())


def of_length(text: int, advice: int, sentence: str = SENTENCE) -> dict[str, Words]:
    """Words in both languages, of so many signs each."""
    whole = sentence * (4_000 // len(sentence) + 1)
    return {one: Words(whole[:120], whole[:text], whole[:advice]) for one in ("es", "en")}


def fullest_cell() -> Place:
    """A place in the cell of resolution 4 that has more towns than any other one."""
    cells = Counter(Cell.around(Place.listed(one), resolution=4) for one in MEXICO.places)
    cell, towns = cells.most_common(1)[0]
    assert towns > 30
    return next(there for one in MEXICO.places if Cell.around(there := Place.listed(one), resolution=4) == cell)


def in_one_cell(count: int, words: Mapping[str, Words]) -> list[Alert]:
    there = fullest_cell()
    return [
        alert_at(there, number, resolution=4, words=words, topic=f"topic-{number % 9}", hour=500_000 - number)
        for number in range(count)
    ]


def a_list_can_be_signed(found: list[Alert]) -> dict[str, bytes]:
    """The proof; the files."""
    built = published_files(found, PUBLISHER, key=PUBLIC, gazetteer=MEXICO, issue=ISSUE)
    largest, whole = max(map(len, built.values())), sum(map(len, built.values()))
    print(f"{len(found)} alerts: {len(built)} files, {whole} bytes, the largest {largest}")
    assert len(built) <= FILES_MAX
    assert largest <= FILE_MAX
    assert whole <= TOTAL_MAX
    assert len(sign(built, version=1, valid_until=2, key=AlertsKey(KEY)).wire) <= MANIFEST_MAX
    return built


@pytest.mark.slow
@pytest.mark.parametrize(
    ("count", "words"),
    [
        (400, of_length(600, 200)),
        (900, of_length(4_000, 4_000)),
        (300, of_length(4_000, 4_000, "\N{FIRE}")),
        (300, {"es": of_length(4_000, 4_000, "'")["es"]}),
    ],
    ids=["600 signs", "full length", "signs of 12 bytes", "signs of 5 bytes"],
)
def test_however_much_is_published_about_one_cell_the_list_can_be_signed(count: int, words: dict[str, Words]) -> None:
    found = in_one_cell(count, words)
    # The oldest is the one that is withdrawn: what changed last is the newest.
    gone = withdraw(found[-1], words=WITHDRAWN_WORDS, now=500_005 * 3_600)
    built = a_list_can_be_signed([*found[:-1], gone])
    for name in ("alerts.geojson", "alerts.csv", f"cap/{gone.id}.xml", "index.html"):
        assert b"Alerta retirada" in built[name]
    assert f"cap/{found[0].id}.xml" in built
    assert sum(len(data) for name, data in built.items() if "place/" in name) <= PLACES_BYTES


@pytest.mark.slow
def test_more_alerts_than_a_list_holds_leave_the_oldest_out(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [alert_at(MONTERREY, number, hour=500_000 - number) for number in range(ALERTS_MAX + 500)]
    built = a_list_can_be_signed(found)
    assert sum(name.startswith("cap/") for name in built) <= ALERTS_MAX
    assert f"cap/{found[0].id}.xml" in built
    assert f"cap/{found[-1].id}.xml" not in built
    monkeypatch.setattr(room, "ALERTS_MAX", len(found))
    monkeypatch.setattr(room, "ALERTS_BYTES", TOTAL_MAX)
    monkeypatch.setattr("forwarder.desk.publish.feeds.newest_within", lambda alerts, **_: list(alerts))
    caught(
        "publishing",
        "everything is published for good",
        a_list_can_be_signed,
        in_one_cell(1_600, of_length(4_000, 4_000)),
    )


@pytest.mark.slow
def test_places_are_left_out_before_anything_else_and_nothing_leads_to_them() -> None:
    found = in_one_cell(40, of_length(600, 200))
    whole = files(*found)
    others = sum(len(data) for name, data in whole.items() if "place/" not in name)
    short = files(*found, room=Room(length=others + 2 * 1_048_576))
    assert 0 < sum("place/" in name for name in short) < sum("place/" in name for name in whole)
    assert {name for name in whole if "place/" not in name} == {name for name in short if "place/" not in name}
    assert sum(map(len, short.values())) <= others + 2 * 1_048_576
    assert broken_links({**feeds(found, PUBLISHER), **short}) == []


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(alerts())
@example(an_alert(words={"es": Words("=" * 120, ",=" * 2_000, '"' * 4_000)}))
@example(an_alert(words={"en": Words("&" * 120, "<'" * 2_000, "\N{FIRE}" * 4_000)}))
def test_no_alert_takes_more_room_than_is_counted_for_it(alert: Alert) -> None:
    alert = replace(alert, cell=Cell.around(Place("x", 1.0, 1.0), resolution=7))
    counted = weight(alert)
    assert len(geojson([alert])) <= counted
    assert len(hxl([alert])) - len(hxl([])) <= counted
    in_both = [atom([alert], PUBLISHER, language=language, name="x") for language in ("es", "en")]
    assert sum(map(len, in_both)) - 2 * 700 <= counted
    assert len(cap(alert, PUBLISHER)) <= counted
    other = replace(an_alert(99), cell=alert.cell)
    with_it, without = (files(*some, gazetteer=ISLAND) for some in ([alert, other], [other]))
    for page in ("month/2027-01.html", "topic/reten.html"):
        both = sum(len(with_it[name]) - len(without[name]) for name in (page, f"en/{page}"))
        assert both <= weight(alert, named=NAMED)


def test_every_version_of_an_alert_counts_for_its_message() -> None:
    alert = an_alert()
    often = replace(withdraw(alert, words=alert.words, now=0), issued=tuple(range(1_000)))
    assert len(cap(often, PUBLISHER)) <= weight(often)


def test_the_newest_come_first_and_a_withdrawn_one_leaves_when_its_time_is_over() -> None:
    found = [alert_at(MONTERREY, number, hour=500_000 + number) for number in range(5)]
    gone = withdraw(found[0], words=WITHDRAWN_WORDS, now=500_010 * 3_600)
    now = gone.issued[-1] + WITHDRAWN_DAYS * DAY
    assert carried([gone, *found[1:]], now=now - 1) == [gone, *found[:0:-1]]
    assert carried([gone, *found[1:]], now=now) == found[:0:-1]
    assert newest_within(found, most=2, room=FEED_BYTES) == [found[4], found[3]]
    assert newest_within(found, most=9, room=2 * weight(found[0])) == [found[4], found[3]]


def test_a_text_is_never_counted_shorter_than_it_is() -> None:
    assert longest("abc") >= len("abc")
    assert longest("\N{FIRE}") >= len("\\ud83d\\udd25")
    assert longest("<>") >= len("\\u003c\\u003e")
    assert longest('"=') >= len('""\'=')
