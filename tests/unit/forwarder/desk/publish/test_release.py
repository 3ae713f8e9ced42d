"""The signed folder is what the desk has decided, is signed anew in time, and under one key."""

import shutil
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crypto import keys
from crypto.errors import WrongPassphrase
from crypto.keys import AlertsKey, KeyKind
from crypto.minisign import PublicKey
from crypto.signing import SigningKey
from forwarder.copies import read_copy
from forwarder.desk.config import Config, PublishSettings, parse_settings
from forwarder.desk.errors import BadSettings, DeskRuns
from forwarder.desk.inbox import Inbox
from forwarder.desk.periods import keys_in_use
from forwarder.desk.publish import publishing
from forwarder.desk.publish.errors import OtherAlertsKey, TooMuchToPublish
from forwarder.desk.publish.publisher import Publisher
from forwarder.desk.publish.publishing import VALID_SECONDS, publish_all
from forwarder.desk.publish.release import RENEW_SECONDS, alerts_key, new_alerts_key, public_line, release
from forwarder.errors import BadCopy
from tests.unit.forwarder.desk.given import CHEAP, PARTNER, PASSPHRASE
from tests.unit.forwarder.desk.publish.newsroom import NOW, Newsroom

pytestmark = pytest.mark.slow


@pytest.fixture
def desk(tmp_path: Path) -> Newsroom:
    return Newsroom(tmp_path)


def key_of(desk: Newsroom, passphrase: str = PASSPHRASE) -> keys.AlertsKey:
    return alerts_key(desk.settings, desk.inbox.database, passphrase=passphrase, cost=CHEAP)


def test_the_key_is_made_at_its_first_use_and_is_locked(desk: Newsroom) -> None:
    assert public_line(desk.inbox.database) == ""
    key = key_of(desk)
    assert public_line(desk.inbox.database) == str(PublicKey.of(key.signing))
    assert public_line(desk.inbox.database).startswith("RW")
    assert key_of(desk).public == key.public
    assert keys.is_locked(desk.settings.alerts_key_file.read_bytes())
    assert desk.settings.alerts_key_file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(WrongPassphrase):
        key_of(desk, "otra")


def test_a_key_that_was_made_before_a_crash_is_taken_over(desk: Newsroom) -> None:
    made = keys.generate(KeyKind.ALERTS)
    desk.settings.alerts_key_file.write_bytes(keys.lock(made, passphrase=PASSPHRASE, cost=CHEAP))
    assert key_of(desk).public == made.public


def test_another_key_is_refused_and_none_is_made_in_silence(desk: Newsroom) -> None:
    key_of(desk)
    path = desk.settings.alerts_key_file
    honest = path.read_bytes()
    for other in (
        keys.lock(keys.generate(KeyKind.ALERTS), passphrase=PASSPHRASE, cost=CHEAP),
        keys.lock(keys.generate(KeyKind.PARTNER), passphrase=PASSPHRASE, cost=CHEAP),
        b"{}",
    ):
        path.write_bytes(other)
        with pytest.raises(OtherAlertsKey):
            key_of(desk)
    path.unlink()
    with pytest.raises(OtherAlertsKey, match="not there any more"):
        key_of(desk)
    assert not path.exists()
    path.write_bytes(honest)
    key_of(desk)


def test_a_stolen_or_lost_key_has_a_way_out(desk: Newsroom) -> None:
    old = key_of(desk)
    desk.publish(desk.incident())
    before = release(desk.settings, desk.inbox.database, key=old, now=NOW)
    # As an inbox of an older version has it.
    with desk.inbox.database.change() as opened:
        opened.execute("UPDATE publisher SET version = 0")
    desk.settings.alerts_key_file.unlink()
    with keys_in_use(desk.settings), pytest.raises(DeskRuns):
        new_alerts_key(desk.settings, desk.inbox.database, passphrase=PASSPHRASE, cost=CHEAP)
    made = new_alerts_key(desk.settings, desk.inbox.database, passphrase=PASSPHRASE, cost=CHEAP)
    assert key_of(desk).public == made.public != old.public
    assert public_line(desk.inbox.database) == str(PublicKey.of(made.signing))
    # Whoever still holds the old one signs nothing over it.
    with pytest.raises(OtherAlertsKey):
        release(desk.settings, desk.inbox.database, key=old, now=NOW)
    after = release(desk.settings, desk.inbox.database, key=made, now=NOW)
    assert after.version == before.version + 1
    read_copy(desk.settings.alerts_folder, key=PublicKey.of(made.signing))


def test_a_release_holds_every_alert_and_is_not_made_twice(desk: Newsroom) -> None:
    key = key_of(desk)
    number = desk.incident()
    alert = desk.publish(number).alert
    first = release(desk.settings, desk.inbox.database, key=key, now=NOW)
    assert (first.new, first.alerts, first.valid_until) == (True, 1, NOW // 3_600 * 3_600 + VALID_SECONDS)
    again = release(desk.settings, desk.inbox.database, key=key, now=NOW + 3_600)
    assert again == replace(first, new=False)
    desk.correct(number)
    third = release(desk.settings, desk.inbox.database, key=key, now=NOW + 3_600)
    assert third.new
    assert third.version > first.version
    files = read_copy(desk.settings.alerts_folder, key=PublicKey.of(key.signing)).files
    assert b"ya sin armas" in files["alerts.es.atom"]
    assert f"cap/{alert.id}.xml" in files


def test_it_is_signed_anew_when_half_of_its_time_is_over_or_it_is_gone(desk: Newsroom) -> None:
    key = key_of(desk)
    desk.publish(desk.incident())
    first = release(desk.settings, desk.inbox.database, key=key, now=NOW)
    assert not release(desk.settings, desk.inbox.database, key=key, now=first.valid_until - RENEW_SECONDS - 1).new
    later = release(desk.settings, desk.inbox.database, key=key, now=first.valid_until - RENEW_SECONDS)
    assert later.new
    desk.settings.alerts_folder.rename(desk.folder / "gone")
    assert release(desk.settings, desk.inbox.database, key=key, now=first.valid_until).new
    renamed = replace(desk.settings, config=Config(partner=type(PARTNER)(id="red-norte", name="Red del Norte")))
    assert release(renamed, desk.inbox.database, key=key, now=first.valid_until).new


@pytest.mark.parametrize("name", [".~lock.alerts.csv#", "alerts.csv", "manifest.json", "manifest.json.minisig"])
def test_a_stray_or_damaged_file_does_not_keep_a_withdrawal_back(desk: Newsroom, name: str) -> None:
    key, number = key_of(desk), desk.incident()
    desk.publish(number)
    first = release(desk.settings, desk.inbox.database, key=key, now=NOW)
    (desk.settings.alerts_folder / "current" / name).write_bytes(b"x")
    desk.withdraw(number)
    later = release(desk.settings, desk.inbox.database, key=key, now=NOW)
    assert later.new
    assert later.version == first.version + 1
    files = read_copy(desk.settings.alerts_folder, key=PublicKey.of(key.signing)).files
    assert b"Hombres armados" not in files["alerts.csv"]
    assert not release(desk.settings, desk.inbox.database, key=key, now=NOW).new


def test_the_folder_of_somebody_else_is_not_written_over(desk: Newsroom) -> None:
    key = key_of(desk)
    theirs = AlertsKey(SigningKey(bytes(32)))
    publish_all(desk.settings.alerts_folder, [], Publisher("otra", "Otra"), key=theirs, now=NOW)
    desk.publish(desk.incident())
    with pytest.raises(BadCopy):
        release(desk.settings, desk.inbox.database, key=key, now=NOW)
    read_copy(desk.settings.alerts_folder, key=PublicKey.of(theirs.signing))


def test_a_list_that_was_signed_by_a_clock_that_was_ahead_is_signed_anew(desk: Newsroom) -> None:
    key = key_of(desk)
    desk.publish(desk.incident())
    ahead = release(desk.settings, desk.inbox.database, key=key, now=NOW + 3 * 365 * 86_400)
    again = release(desk.settings, desk.inbox.database, key=key, now=NOW)
    assert again.new
    assert again.version == ahead.version + 1
    assert again.valid_until == NOW // 3_600 * 3_600 + VALID_SECONDS
    assert not release(desk.settings, desk.inbox.database, key=key, now=NOW + 60).new


def test_when_the_folder_is_lost_within_the_hour_the_next_list_is_newer(desk: Newsroom) -> None:
    key, number = key_of(desk), desk.incident()
    desk.publish(number)
    versions = [release(desk.settings, desk.inbox.database, key=key, now=NOW).version]
    desk.correct(number)
    versions.append(release(desk.settings, desk.inbox.database, key=key, now=NOW).version)
    shutil.rmtree(desk.settings.alerts_folder)
    versions.append(release(desk.settings, desk.inbox.database, key=key, now=NOW).version)
    assert versions == [NOW // 3_600, NOW // 3_600 + 1, NOW // 3_600 + 2]


def test_what_was_decided_while_another_program_draws_is_not_written_over(
    desk: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, number = key_of(desk), desk.incident()
    desk.publish(number)
    honest, beside = publishing.publish_all, Inbox.open(desk.folder, passphrase=PASSPHRASE)
    other = threading.Thread(target=lambda: release(desk.settings, beside.database, key=key, now=NOW))

    def draws(*given: Any, **more: Any) -> Any:  # noqa: ANN401
        if not other.ident:
            desk.withdraw(number)
            other.start()
            other.join(timeout=0.6)
        return honest(*given, **more)

    monkeypatch.setattr("forwarder.desk.publish.release.publish_all", draws)
    release(desk.settings, desk.inbox.database, key=key, now=NOW)
    other.join()
    files = read_copy(desk.settings.alerts_folder, key=PublicKey.of(key.signing)).files
    assert b"Hombres armados" not in files["alerts.csv"]
    beside.close()


def test_more_than_a_list_can_hold_is_said_and_comes_later(desk: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    key = key_of(desk)
    desk.publish(desk.incident())
    with monkeypatch.context() as small:
        small.setattr("crypto.manifest.FILES_MAX", 5)
        with pytest.raises(TooMuchToPublish, match="at most 5 files"):
            release(desk.settings, desk.inbox.database, key=key, now=NOW)
    assert not (desk.settings.alerts_folder / "current").exists()
    assert release(desk.settings, desk.inbox.database, key=key, now=NOW).alerts == 1


@pytest.mark.parametrize(
    "line",
    [
        "resolution = 9",
        "coarsest = 2",
        "resolution = 5\ncoarsest = 6",
        "k = 1",
        "wait_hours = 337",
        "languages = []",
        'languages = ["es", "es"]',
        'languages = ["fr"]',
        'address = "https://example.org/alerts/"',
        f'address = "http://{"a" * 56}.onion/alerts/"',
        "unknown = 1",
        'serve = "yes"',
    ],
)
def test_a_setting_that_means_nothing_stops_the_start(line: str) -> None:
    text = f'[partner]\nid = "a"\nname = "A"\n[publish]\n{line}\n'
    with pytest.raises(BadSettings):
        parse_settings(text.encode(), path=Path("desk.toml"))


def test_the_settings_that_the_manual_shows_are_the_defaults() -> None:
    shown = (Path(__file__).parents[5] / "docs/partner.md").read_text(encoding="utf-8").partition("    [publish]\n")[2]
    block = "\n".join(line for line in shown.split("\n\n")[0].splitlines())
    config = parse_settings(f'[partner]\nid = "a"\nname = "A"\n[publish]\n{block}'.encode(), path=Path("desk.toml"))
    assert config.publish == PublishSettings()
