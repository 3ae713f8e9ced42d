"""A misspelt setting stops the start, and the message names it."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from onion_service.client_auth import ClientKey
from relay import config
from relay.config import CONFIG_MAX, ConfigError

ROOT = "ab" * 32
RELAY = f'[relay]\nroot = "{ROOT}"\n'
ENDPOINT = f"http://{'a' * 56}.onion/"
PULL = ClientKey(bytes(range(32))).public
OTHER = f"http://{'b' * 56}.onion:8080/in?k=1"
ATTACH = '[tor]\nmode = "attach"\nsocks = "127.0.0.1:9050"\ncontrol = "/run/tor/control"\nservice = "/var/lib/tor/v"\n'


def _partner(name: str = "red-norte", endpoint: str = ENDPOINT) -> str:
    return f'[[partner]]\nid = "{name}"\nendpoint = "{endpoint}"\n'


def _pulling(name: str) -> str:
    return f'[[partner]]\nid = "{name}"\npull_key = "{PULL}"\n'


def test_a_partner_is_pushed_to_or_comes_or_both(tmp_path: Path) -> None:
    path = tmp_path / "relay.toml"
    path.write_text(f"{RELAY}{_partner()}{_pulling('sur')}")
    found = config.read(path)
    assert [bool(partner.endpoint) for partner in found.config.partner] == [True, False]
    assert found.pull_keys == (("sur", PULL),)
    path.write_text(f'{RELAY}{_partner()}pull_key = "{PULL}"\n')
    both = config.read(path)
    assert both.pull_keys == (("red-norte", PULL),)
    assert both.config.partner[0].endpoint == ENDPOINT


def test_the_least_that_must_be_said_is_the_root_key() -> None:
    found = config.parse(RELAY)
    assert found.root.wire.hex() == ROOT
    assert (found.spool.letters, found.spool.parcels) == (2_048, 64)
    assert found.loops.per_round == 48
    assert found.tor.mode == "launch"
    assert found.partner == []


def test_everything_can_be_said() -> None:
    found = config.parse(
        f'{RELAY}identity = "k"\ndirectory = "d"\nstate = "/var/lib/veladora"\n'
        f"[spool]\nletters = 16\nparcels = 4\n[bundles]\nkeep_rounds = 4\n[delivery]\nafter_edge = 0\n"
        f"[loops]\nper_round = 0\n"
        f"{ATTACH}{_partner()}{_partner('sur', OTHER)}"
    )
    assert [partner.id for partner in found.partner] == ["red-norte", "sur"]
    assert found.tor.socks == "127.0.0.1:9050"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "relay"),
        ("[relay]\n", "root"),
        ('[relay]\nroot = "abc"\n', "root"),
        (f'[relay]\nroot = "{ROOT.upper()}"\n', "root"),
        (f'[relay]\nroot = "{ROOT}\\n"\n', "root"),
        ("[relay]\nroot = 5\n", "relay.root"),
        (f'{RELAY}Root = "x"\n', "Root"),
        (f"{RELAY}[spol]\n", "spol"),
        (f"{RELAY}[spool]\nlettres = 64\n", "lettres"),
        (f"{RELAY}[spool]\nletters = 15\n", "letters"),
        (f"{RELAY}[loops]\nper_rounds = 48\n", "per_rounds"),
        (f"{RELAY}[loops]\nper_round = 3\n", "per_round"),
        (f"{RELAY}[loops]\nper_round = 481\n", "per_round"),
        (f"{RELAY}[loops]\nper_round = -4\n", "per_round"),
        (f"{RELAY}[loops]\nper_round = false\n", "loops.per_round"),
        (f"{RELAY}[spool]\nletters = 65537\n", "letters"),
        (f"{RELAY}[spool]\nparcels = 3\n", "parcels"),
        (f"{RELAY}[spool]\nparcels = 4097\n", "parcels"),
        (f'{RELAY}[spool]\nletters = "64"\n', "spool.letters"),
        (f"{RELAY}[spool]\nletters = 64.0\n", "spool.letters"),
        (f"{RELAY}[spool]\nletters = true\n", "spool.letters"),
        (f"{RELAY}[bundles]\nkeep_rounds = 3\n", "keep_rounds"),
        (f"{RELAY}[bundles]\nkeep_rounds = 100001\n", "keep_rounds"),
        (f"{RELAY}[bundles]\nkeep = 9\n", "keep"),
        (f"{RELAY}[delivery]\nafter_edge = -1\n", "after_edge"),
        (f"{RELAY}[delivery]\nafter_edge = 3601\n", "after_edge"),
        (f'{RELAY}[tor]\nmode = "clear"\n', "mode"),
        (f'{RELAY}[tor]\nmode = "attach"\n', "attach needs"),
        (RELAY + ATTACH.replace("127.0.0.1", "10.0.0.1"), "socks"),
        (RELAY + ATTACH.replace("/run/tor", "run/tor"), "control"),
        (f'{RELAY}[tor]\nsocks = "127.0.0.1:9050"\n', "socks"),
        (f'{RELAY}[[tor.authority]]\nnickname = "a"\n', "or_port"),
        (RELAY + _partner("Red Norte"), "id"),
        (RELAY + _partner(""), "id"),
        (RELAY + _partner(endpoint="https://example.org/"), "no clear web"),
        (RELAY + _partner(endpoint="http://example.org/"), "no clear web"),
        (RELAY + _partner(endpoint=f"http://{'a' * 56}.onion.example.org/"), "no clear web"),
        (RELAY + _partner(endpoint=f"http://{'a' * 55}.onion/"), "endpoint"),
        (RELAY + _partner() + _partner(), "two partners have one id"),
        (f'{RELAY}[[partner]]\nid = "x"\n', "endpoint"),
        (f'{RELAY}[[partner]]\nid = "x"\npull_key = "{PULL.lower()}"\n', "pull_key"),
        (f'{RELAY}[[partner]]\nid = "x"\npull_key = "{"A" * 52}"\n', "let everybody in"),
        (f'{RELAY}[[partner]]\nid = "x"\npull_keys = "{PULL}"\n', "pull_keys"),
        (f'{RELAY}{_pulling("x")}{_pulling("y")}', "two partners have one pull_key"),
        (f'{RELAY}{ATTACH}{_pulling("x")}', "pull_key needs"),
        ("relay = [", "not TOML"),
        (f"{RELAY}{RELAY}", "not TOML"),
        (f"{RELAY}a = " + 3_000 * "[", "not TOML"),
        (f"{RELAY}a = " + 5_000 * "9", "not TOML"),
    ],
)  # fmt: skip
def test_a_mistake_is_named(text: str, named: str) -> None:
    with pytest.raises(ConfigError) as raised:
        config.parse(text)
    assert named in str(raised.value)


_SHORT = (
    """[relay]|root=|"abab"|[spool]|letters=|64|[[partner]]|id='x'|=|[|]|{|'''|1979-05-27|inf|0x|"\\u|#|relay.root"""
)
TOML_PIECES = st.sampled_from([*_SHORT.split("|"), "\n", "\x00", f'"{ROOT}"', "9" * 5_000, "[" * 3_000])


@given(st.text(max_size=300) | st.lists(TOML_PIECES | st.text(max_size=4), max_size=30).map("".join))
@example("a=" + "[" * 60_000)
def test_any_text_is_a_config_or_a_config_error(text: str) -> None:
    with suppress(ConfigError):
        assert config.parse(text).relay.root


def test_a_file_is_read_with_the_folder_it_lies_in(tmp_path: Path) -> None:
    path = tmp_path / "relay.toml"
    path.write_text(f'{RELAY}state = "/var/lib/veladora"\n')
    found = config.read(path)
    assert found.identity_file == tmp_path / "relay.key"
    assert found.directory_file == tmp_path / "directory.signed"
    assert found.state == Path("/var/lib/veladora")


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (None, "veladora init"),
        (b"\xff\xfe", "UTF-8"),
        (b"#" * (CONFIG_MAX + 1), "longer than"),
        (b"[relay]\nroot = 1\n", "relay.root"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, content: bytes | None, named: str) -> None:
    path = tmp_path / "relay.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError) as raised:
        config.read(path)
    assert named in str(raised.value)
    assert str(path) in str(raised.value)
