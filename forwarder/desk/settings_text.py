"""The text of desk.toml, as a new desk has it and as it is filled in: read again before it is written, always."""

import json

from forwarder.desk.config import SETTINGS_NAME, PartnerSettings, RelaySettings, Settings, parse_settings
from forwarder.desk.errors import AlreadyThere, BadSettings
from forwarder.durable import write_durably


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
    """The settings with the relay that a desk was made without, written to its folder; nothing else in them changes.

    Raises AlreadyThere when there is a relay in them, NotWritten, or BadSettings; then they are as they were.
    """
    path = settings.folder / SETTINGS_NAME
    if settings.config.relay is not None:
        raise AlreadyThere(path)
    wire = path.read_bytes()
    parse_settings(wire, path=path)
    text, empty, lines = wire.decode(), "\n".join(_relay_lines(None)), "\n".join(_relay_lines(relay))
    text = text.replace(empty, lines, 1) if empty in text else f"{text.rstrip()}\n\n{lines}\n"
    filled = Settings(parse_settings(text.encode(), path=path), settings.folder)
    if filled.config.relay != relay:
        raise BadSettings(path, "there is something in it after which no [relay] can be written")
    write_durably(path, [text.encode()])
    return filled


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
