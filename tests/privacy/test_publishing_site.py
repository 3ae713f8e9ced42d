"""Publishing, the site: no page, map or feed of a place tells more than cell, six hours and k reports.

Random incidents at Mexican towns. All that is published is read back from its bytes, and reports moved inside their
cells and buckets give the same bytes; mutants of the rule and of the site are caught by the same proof.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any, Final

import h3
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from crypto.layers import RoundNumber
from forwarder.desk.publish import alert as alerts
from forwarder.desk.publish.alert import Alert
from forwarder.desk.publish.moments import Issue
from forwarder.desk.publish.place import Place
from forwarder.desk.publish.publishing import VALID_SECONDS, published_files
from forwarder.desk.publish.safety import Facts, Seen
from forwarder.places.gazetteer import Listed
from forwarder.places.shipped import shipped
from tests.privacy.mutants import caught
from tests.privacy.test_publishing import PUBLISHER, Rule, honest, in_cell, moved, one_finer, one_less, published, sets
from tests.unit.forwarder.desk.publish.sites import chunks, pictures
from tests.unit.forwarder.published import PUBLIC

pytestmark = pytest.mark.slow

SETS: Final = 200
_MOMENT: Final = re.compile(r"\d\d:\d\d(?::\d\d)?")
_CELL: Final = re.compile(r"\b8[0-9a-f]{14}\b")
_QUIET_CHUNKS: Final = {b"IHDR", b"PLTE", b"IDAT", b"IEND"}


def at_a_town(facts: Facts, town: Listed) -> Facts:
    """The same incident, moved to a town."""
    east, north = town.longitude - facts.place.longitude, town.latitude - facts.place.latitude

    def there(place: Place) -> Place:
        return Place(place.id, place.latitude + north, (place.longitude + east + 180) % 360 - 180)

    reports = tuple(Seen(seen.round_number, seen.place and there(seen.place)) for seen in facts.reports)
    return replace(facts, place=there(facts.place), reports=reports)


def whole(alert: Alert) -> dict[str, bytes]:
    issue = Issue(at=alert.issued[-1], until=alert.issued[-1] + VALID_SECONDS)
    return published_files([alert], PUBLISHER, key=PUBLIC, gazetteer=shipped(), issue=issue)


def the_site_tells_no_more(rule: Rule, *, count: int, seed: int = 5) -> int:
    """The proof; how many alerts were published in it."""
    rng = Random(seed)
    seen = 0
    for policy, incidents, now in sets(rng, count):
        facts = at_a_town(incidents[0], rng.choice(shipped().places))
        alert = published(facts, policy, rule, now, "")
        if alert is None:
            continue
        seen += 1
        files = whole(alert)
        for name, data in files.items():
            if name != "style.css":
                says_no_more(name, data.decode(), alert, policy.resolution)
            for png in pictures(data.decode()):
                assert set(chunks(png)) <= _QUIET_CHUNKS, f"{name} has a picture that says more than its pixels"
        if alert.how_sure == "unconfirmed":
            assert in_cell(facts, alert.cell.index) >= policy.k, "fewer than k reports in the area"
        again = published(moved(facts, policy), policy, rule, now, "")
        assert again is not None, "whether there is an alert tells more than cell and bucket"
        assert whole(again) == files, "tells more than cell and bucket"
    return seen


def says_no_more(name: str, text: str, alert: Alert, resolution: int) -> None:
    # The one script has neither moments nor cells of any alert; pictures are looked at by themselves.
    text = re.sub(r"<script.*?</script>|data:image/png;base64,[^\"]*", "", text, flags=re.S)
    moments = _MOMENT.findall(text)
    assert all(moment[2:] in (":00", ":00:00") for moment in moments), f"{name} tells a finer time than an hour"
    assert set(_CELL.findall(text)) <= {alert.cell.index}, f"{name} tells of another cell"
    assert h3.get_resolution(alert.cell.index) <= resolution, f"{name} tells a finer cell"


def test_no_page_map_or_feed_of_a_place_tells_more_than_cell_bucket_and_k() -> None:
    assert the_site_tells_no_more(honest, count=SETS) > SETS / 10


@pytest.mark.parametrize("mutant", [one_less, one_finer])
def test_a_rule_that_lets_finer_things_leave_is_caught_on_the_site(mutant: Rule) -> None:
    caught("publishing", f"site: {mutant.__name__}", the_site_tells_no_more, mutant, count=SETS)


def test_the_second_of_publication_is_caught_on_the_site(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "ISSUE_SECONDS", 1)
    caught("publishing", "site: the second of publication", the_site_tells_no_more, honest, count=SETS)


def test_a_picture_that_says_when_it_was_made_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    save: Callable[..., None] = Image.Image.save

    def signed(picture: Image.Image, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        told = PngInfo()
        told.add_text("Creation Time", "2026-11-23")
        save(picture, *args, **kwargs, pnginfo=told)

    monkeypatch.setattr(Image.Image, "save", signed)
    caught("publishing", "site: a time in a picture", the_site_tells_no_more, honest, count=SETS)


def test_a_page_that_names_the_place_of_the_incident_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    honestly = published_files

    def naming(rule: Rule) -> Rule:
        def decided(facts: Facts, policy: Any, now: RoundNumber, override: str) -> Any:  # noqa: ANN401
            leaking.append(facts.place)
            return rule(facts, policy, now, override)

        return decided

    leaking: list[Place] = []

    def leaky(*args: Any, **kwargs: Any) -> dict[str, bytes]:  # noqa: ANN401
        files = honestly(*args, **kwargs)
        files["index.html"] += f"<!-- {leaking[-1].latitude} -->".encode()
        return files

    monkeypatch.setattr("tests.privacy.test_publishing_site.published_files", leaky)
    caught("publishing", "site: the incident's own place", the_site_tells_no_more, naming(honest), count=SETS)
