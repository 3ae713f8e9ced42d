"""A misspelt setting stops the desk; it never changes the meaning."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.cells import CellClass
from forwarder.desk.config import SETTINGS_MAX, parse_settings, read_settings
from forwarder.desk.errors import BadSettings
from onion_service.torrc import LoopbackPort, UnixSocket
from tests.unit.forwarder.desk.given import CARD
from tests.unit.forwarder.given import RELAY

HEX = RELAY.verifying_key.wire.hex()
GOOD = f"""
[partner]
id = "red-norte"
name = "Red Norte"
older_keys = ["2025.key"]
[relay]
identity = "{HEX}"
card = "{CARD}"
round_seconds = 10
[tor]
mode = "launch"
"""
WHERE = Path("desk.toml")


def test_settings_are_read_whole(tmp_path: Path) -> None:
    (tmp_path / "desk.toml").write_text(GOOD)
    settings = read_settings(tmp_path)
    assert settings.relay.verifying_key == RELAY.verifying_key
    assert [settings.relay.cells(one) for one in CellClass] == [64, 16]
    assert [settings.relay.step(one) for one in CellClass] == [1, 4]
    assert settings.key_files == [tmp_path / "partner.key", tmp_path / "2025.key"]
    tor = settings.onion_tor()
    assert tor.service_directory == tmp_path / "tor" / "service"
    assert tor.target == settings.endpoint_socket
    assert tor.private_net is None


def test_a_running_tor_can_be_named(tmp_path: Path) -> None:
    for control, found in (
        ("127.0.0.1:9051", LoopbackPort(9051)),
        ("unix:/run/tor/control", UnixSocket(Path("/run/tor/control"))),
    ):
        text = GOOD.replace('mode = "launch"', f'mode = "attach"\ncontrol = "{control}"\nservice = "/var/lib/tor/desk"')
        (tmp_path / "desk.toml").write_text(text)
        settings = read_settings(tmp_path)
        assert settings.control == found
        assert settings.service_directory == Path("/var/lib/tor/desk")


def test_a_private_network_can_be_named(tmp_path: Path) -> None:
    authority = f"""[[tor.authority]]
nickname = "auth1"
or_port = 5000
dir_port = 5001
v3_identity = "{"A" * 40}"
fingerprint = "{"B" * 40}"
"""
    (tmp_path / "desk.toml").write_text(GOOD + authority)
    net = read_settings(tmp_path).onion_tor().private_net
    assert net is not None
    assert net.authorities[0].nickname == "auth1"


def test_where_to_come_to_for_what_was_missed_can_be_named(tmp_path: Path) -> None:
    onion = "2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion"
    (tmp_path / "desk.toml").write_text(
        GOOD.replace("round_seconds = 10", f'partners_onion = "{onion}"\nkeep_rounds = 96')
    )
    settings = read_settings(tmp_path)
    assert (settings.relay.partners_onion, settings.relay.keep_rounds) == (onion, 96)
    dial = settings.dial_tor()
    assert (settings.socks, dial.private_net) == (dial.socks, None)
    assert dial.data_directory != settings.onion_tor().data_directory
    assert dial.control != settings.onion_tor().control


def test_a_running_tor_dials_only_where_it_is_said(tmp_path: Path) -> None:
    attach = 'mode = "attach"\ncontrol = "127.0.0.1:9051"\nservice = "/var/lib/tor/desk"'
    (tmp_path / "desk.toml").write_text(GOOD.replace('mode = "launch"', attach))
    assert read_settings(tmp_path).socks is None
    (tmp_path / "desk.toml").write_text(GOOD.replace('mode = "launch"', f'{attach}\nsocks = "127.0.0.1:9050"'))
    assert read_settings(tmp_path).socks == LoopbackPort(9050)


def test_a_relay_that_is_not_filled_in_is_named(tmp_path: Path) -> None:
    (tmp_path / "desk.toml").write_text(GOOD.split("[relay]")[0])
    with pytest.raises(BadSettings, match=r"\[relay\] part is not filled in"):
        _ = read_settings(tmp_path).relay


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ((f'"{HEX}"', f'"{HEX[:-1]}"'), "identity"),
        ((CARD, "card"), "card"),
        (("round_seconds = 10", "round_seconds = 1"), "round_seconds"),
        (("round_seconds = 10", "round_second = 10"), "round_second"),
        (("round_seconds = 10", 'round_seconds = "10"'), "round_seconds"),
        (("round_seconds = 10", "letters = 0"), "letters"),
        (("round_seconds = 10", "parcels = 1025"), "parcels"),
        (("round_seconds = 10", "keep_rounds = 3"), "keep_rounds"),
        (("round_seconds = 10", f'partners_onion = "{"a" * 56}.onion"'), "partners_onion"),
        (("round_seconds = 10", 'partners_onion = "example.org"'), "partners_onion"),
        (('mode = "launch"', 'socks = "127.0.0.1:9050"'), "socks"),
        (('id = "red-norte"', 'id = "Red Norte"'), "id"),
        (('id = "red-norte"', ""), "id"),
        (('name = "Red Norte"', 'name = "Red\\u001bNorte"'), "name"),
        (('["2025.key"]', str(["x"] * 17)), "older_keys"),
        (('mode = "launch"', 'mode = "attatch"'), "mode"),
        (('mode = "launch"', 'mode = "attach"'), "control"),
        (('mode = "launch"', 'control = "unix:/x"\nservice = "/y"'), "control"),
        (("[tor]", "[rot]"), "rot"),
        (("[tor]", "[tor"), "line"),
    ],
)
def test_a_setting_that_is_wrong_is_named(change: tuple[str, str], named: str) -> None:
    assert change[0] in GOOD
    with pytest.raises(BadSettings, match=named) as caught:
        parse_settings(GOOD.replace(*change).encode(), path=WHERE)
    assert "docs/partner.md" in caught.value.hint


def test_no_settings_and_endless_settings_are_our_error(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="cannot be read"):
        read_settings(tmp_path)
    (tmp_path / "desk.toml").write_bytes(b"#" * (SETTINGS_MAX + 1))
    with pytest.raises(BadSettings, match="longer than"):
        read_settings(tmp_path)


@given(st.binary(max_size=400) | st.tuples(st.integers(0, len(GOOD)), st.binary(max_size=8)).map(
    lambda cut: GOOD.encode()[: cut[0]] + cut[1] + GOOD.encode()[cut[0] :]
))  # fmt: skip
def test_any_bytes_are_settings_or_refused(wire: bytes) -> None:
    with suppress(BadSettings):
        assert parse_settings(wire, path=WHERE).partner.id
