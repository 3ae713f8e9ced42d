"""What is published is signed, whole and newer each time, and mirrors take it over."""

import asyncio
from pathlib import Path

import pytest

from crypto.errors import RolledBack
from crypto.keys import AlertsKey
from forwarder.copies import CURRENT, read_copy
from forwarder.desk.publish.alert import withdraw
from forwarder.desk.publish.errors import NotAnAlert
from forwarder.desk.publish.publishing import VALID_SECONDS, publish_all
from forwarder.errors import BadCopy
from forwarder.mirror import Mirror
from tests.unit.forwarder.desk.publish.given import PUBLISHER, WORDS, an_alert
from tests.unit.forwarder.published import KEY, NOW, PUBLIC, URL, Served

pytestmark = pytest.mark.slow

ALERTS = AlertsKey(KEY)


def test_each_publication_is_newer_and_good_for_two_weeks_from_the_hour(tmp_path: Path) -> None:
    first = publish_all(tmp_path, [an_alert()], PUBLISHER, key=ALERTS, now=NOW + 77)
    again = publish_all(tmp_path, [an_alert()], PUBLISHER, key=ALERTS, now=NOW + 78)
    later = publish_all(tmp_path, [], PUBLISHER, key=ALERTS, now=NOW + 86_400)
    versions = [copy.signed.manifest.version for copy in (first, again, later)]
    assert versions == [NOW // 3_600, NOW // 3_600 + 1, NOW // 3_600 + 24]
    assert first.signed.manifest.valid_until == NOW + VALID_SECONDS
    assert first.files == again.files
    assert read_copy(tmp_path, key=PUBLIC) == later


def test_a_desk_that_lost_its_folder_still_publishes_what_mirrors_take_for_newer(tmp_path: Path) -> None:
    before = publish_all(tmp_path / "a", [an_alert()], PUBLISHER, key=ALERTS, now=NOW)
    mirror = Mirror(URL, PUBLIC, tmp_path / "mirror", Served(before.everything()).get)
    asyncio.run(mirror.fetch(now=NOW))
    after = publish_all(tmp_path / "b", [an_alert()], PUBLISHER, key=ALERTS, now=NOW + 3_600)
    newer = Mirror(URL, PUBLIC, tmp_path / "mirror", Served(after.everything()).get)
    assert asyncio.run(newer.fetch(now=NOW + 3_600)).new
    with pytest.raises(RolledBack):
        asyncio.run(mirror.fetch(now=NOW + 3_600))


def test_a_desk_that_lost_its_folder_within_the_hour_knows_the_last_number_itself(tmp_path: Path) -> None:
    before = [publish_all(tmp_path / "a", [an_alert()], PUBLISHER, key=ALERTS, now=NOW) for _ in range(3)][-1]
    after = publish_all(
        tmp_path / "b", [], PUBLISHER, key=ALERTS, now=NOW + 60, last=before.signed.manifest.version
    ).signed
    assert after.manifest.version == before.signed.manifest.version + 1


def test_a_withdrawal_reaches_a_mirror(tmp_path: Path) -> None:
    alert = an_alert()
    publish_all(tmp_path / "a", [alert], PUBLISHER, key=ALERTS, now=NOW)
    gone = withdraw(alert, words={"es": WORDS["es"]}, now=NOW)
    served = Served(publish_all(tmp_path / "a", [gone], PUBLISHER, key=ALERTS, now=NOW).everything())
    asyncio.run(Mirror(URL, PUBLIC, tmp_path / "mirror", served.get).fetch(now=NOW))
    assert b"Cancel" in read_copy(tmp_path / "mirror", key=PUBLIC).files[f"cap/{alert.id}.xml"]


def test_what_cannot_be_published_leaves_what_was(tmp_path: Path) -> None:
    before = publish_all(tmp_path, [an_alert()], PUBLISHER, key=ALERTS, now=NOW)
    with pytest.raises(NotAnAlert):
        publish_all(tmp_path, [an_alert(), an_alert()], PUBLISHER, key=ALERTS, now=NOW)
    assert read_copy(tmp_path, key=PUBLIC) == before
    ((tmp_path / CURRENT).resolve() / "manifest.json").write_bytes(b"{}")
    with pytest.raises(BadCopy):
        publish_all(tmp_path, [an_alert()], PUBLISHER, key=ALERTS, now=NOW)
