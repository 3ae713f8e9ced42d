"""What is filled into desk.toml is what was meant, and nothing else in it changes."""

from pathlib import Path

import pytest
from msgspec import structs

from forwarder.desk.config import SETTINGS_NAME, RelaySettings, Settings, parse_settings, read_settings
from forwarder.desk.errors import AlreadyThere, BadSettings
from forwarder.desk.settings_text import fill_in_relay, settings_text
from tests.unit.forwarder.desk.given import PARTNER, RELAY_SETTINGS
from tests.unit.forwarder.desk.relays import HOST

LATER = structs.replace(RELAY_SETTINGS, partners_onion=HOST)
OWN = "\n[web]\nlock_after_minutes = 3 # ours\n"
BY_HAND = f"""
[ relay ]   # typed by hand
identity = "{RELAY_SETTINGS.identity}"
card = "{RELAY_SETTINGS.card}"
letters = 8
parcels = 4
round_seconds = {RELAY_SETTINGS.round_seconds}
"""


def written(folder: Path, text: str) -> Settings:
    (folder / SETTINGS_NAME).write_text(text, encoding="utf-8")
    return read_settings(folder)


@pytest.mark.parametrize(
    ("text", "relay"),
    [
        (settings_text(PARTNER, None), RELAY_SETTINGS),
        (settings_text(PARTNER, None), LATER),
        (settings_text(PARTNER, None).replace("# identity", "# id"), RELAY_SETTINGS),
        (settings_text(PARTNER, RELAY_SETTINGS), LATER),
        (settings_text(PARTNER, None) + BY_HAND, LATER),
    ],
)
def test_what_is_filled_in_is_what_was_meant_and_nothing_else_changes(
    tmp_path: Path, text: str, relay: RelaySettings
) -> None:
    filled = fill_in_relay(written(tmp_path, text + OWN), relay)
    assert filled == read_settings(tmp_path)
    before = parse_settings((text + OWN).encode(), path=tmp_path)
    assert filled.config == structs.replace(before, relay=relay)
    assert "3 # ours" in (tmp_path / SETTINGS_NAME).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("there", "relay", "error"),
    [
        (RELAY_SETTINGS, RELAY_SETTINGS, AlreadyThere),
        (LATER, structs.replace(LATER, partners_onion=""), AlreadyThere),
        (LATER, LATER, AlreadyThere),
        (RELAY_SETTINGS, structs.replace(LATER, letters=9), AlreadyThere),
        (None, RELAY_SETTINGS, BadSettings),
    ],
)
def test_a_relay_that_is_there_stays(
    tmp_path: Path, there: RelaySettings | None, relay: RelaySettings, error: type[Exception]
) -> None:
    text = settings_text(PARTNER, there)
    settings = written(tmp_path, text)
    if there is None:
        text = text.replace("[partner]", "[partner]\nname_of = 1")
        (tmp_path / SETTINGS_NAME).write_text(text, encoding="utf-8")
    with pytest.raises(error):
        fill_in_relay(settings, relay)
    assert (tmp_path / SETTINGS_NAME).read_text(encoding="utf-8") == text
