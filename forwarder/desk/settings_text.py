"""The text of desk.toml, as a new desk has it and as it is filled in: read again before it is written, always."""

import json
import re
from typing import Final

from msgspec import structs

from forwarder.desk.config import SETTINGS_NAME, PartnerSettings, RelaySettings, Settings, parse_settings
from forwarder.desk.errors import AlreadyThere, BadSettings
from forwarder.durable import write_durably

_NO_ONION: Final = re.compile(r"^[ \t]*partners_onion[ \t]*=[ \t]*(?:\"\"|'')[ \t]*$", re.MULTILINE)
_RELAY: Final = re.compile(r"^[ \t]*\[[ \t]*relay[ \t]*\][ \t]*(?:#.*)?$", re.MULTILINE)


def settings_text(partner: PartnerSettings, relay: RelaySettings | None) -> str:
    """The desk.toml of a new desk; without a relay it says what the operator must be asked for."""
    lines = [
        "# The settings of this desk; docs/partner.md says what each line means.",
        "",
        "[partner]",
        f"id = {toml_text(partner.id)}",
        f"name = {toml_text(partner.name)}",
        f"key = {toml_text(partner.key)}",
        "older_keys = []",
        "",
    ]
    return "\n".join([*lines, *_relay_lines(relay), "", "[tor]", 'mode = "launch"', 'program = "tor"', ""])


def fill_in_relay(settings: Settings, relay: RelaySettings) -> Settings:
    """The settings with the relay that a desk was made without, or with the `partners_onion` that its relay was
    without, written to its folder; nothing else in them changes.

    Raises AlreadyThere when there is another relay in them, NotWritten, or BadSettings; then they are as they were.
    """
    path = settings.folder / SETTINGS_NAME
    wire = path.read_bytes()
    there, text = parse_settings(wire, path=path).relay, wire.decode()
    if there is None:
        text = _with_relay(text, relay)
    elif not there.partners_onion and structs.replace(relay, partners_onion="") == there != relay:
        text = _with_onion(text, relay.partners_onion)
    else:
        raise AlreadyThere(path)
    filled = Settings(parse_settings(text.encode(), path=path), settings.folder)
    if filled.config.relay != relay:
        raise BadSettings(path, "there is something in it after which this cannot be written")
    write_durably(path, [text.encode()])
    return filled


def _with_relay(text: str, relay: RelaySettings) -> str:
    empty, lines = "\n".join(_relay_lines(None)), "\n".join(_relay_lines(relay))
    return text.replace(empty, lines, 1) if empty in text else f"{text.rstrip()}\n\n{lines}\n"


def _with_onion(text: str, onion: str) -> str:
    line = f"partners_onion = {toml_text(onion)}"
    filled, times = _NO_ONION.subn(line, text, count=1)
    return filled if times else _RELAY.sub(rf"\g<0>\n{line}", text, count=1)


def _relay_lines(relay: RelaySettings | None) -> list[str]:
    if relay is None:
        return [
            "# Ask the operator of the relay for these, and take the # away.",
            "# [relay]",
            '# identity = "64 hexadecimal digits"',
            '# card = "<56 characters>.onion#<64 hexadecimal digits>"',
            "# round_seconds = 900",
            "# letters = 64",
            "# parcels = 16",
            "# parcel_every = 4",
            "# keep_rounds = 672",
            '# partners_onion = "<56 characters>.onion"',
        ]
    return [
        "[relay]",
        f"identity = {toml_text(relay.identity)}",
        f"card = {toml_text(relay.card)}",
        f"round_seconds = {relay.round_seconds}",
        f"letters = {relay.letters}",
        f"parcels = {relay.parcels}",
        f"parcel_every = {relay.parcel_every}",
        f"keep_rounds = {relay.keep_rounds}",
        f"partners_onion = {toml_text(relay.partners_onion)}",
    ]


def toml_text(text: str) -> str:
    """A text as desk.toml spells it."""
    # A basic string of TOML is one of JSON as long as nothing outside ASCII is escaped.
    return json.dumps(text, ensure_ascii=False)
