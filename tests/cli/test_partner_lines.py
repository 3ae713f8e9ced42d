"""`veladora partner-lines`: a partner's desk takes what it prints, and only those who may come learn where."""

import tomllib
from pathlib import Path
from urllib.parse import urlencode

import msgspec
import pytest

from forwarder.desk.config import RelaySettings
from forwarder.desk.web.forms import Form
from forwarder.desk.web.setting_up import check_pasted, check_relay
from onion_service.client_auth import ClientKey
from relay import config
from tests.cli.typed import run
from tests.rig import Rig
from tests.unit.forwarder.desk.relays import HOST


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """A relay of which one partner may come for bundles and another may not."""
    made = Rig(tmp_path / "relay")
    key = ClientKey(bytes(range(32))).public
    made.write(
        more_settings="[bundles]\nkeep_rounds = 77\n"
        f'[[partner]]\nid = "norte"\npull_key = "{key}"\n[[partner]]\nid = "sur"\nendpoint = "http://{HOST}/"\n'
    )
    return made


def taken(printed: str) -> RelaySettings:
    """What a desk makes of it, from its page and from desk.toml."""
    fields = check_pasted(Form.parse(urlencode({"pasted": f"Hola:\n\n{printed}\nSaludos"}).encode())).typed
    relay = check_relay(Form.parse(urlencode(dict(fields)).encode())).relay
    assert relay == msgspec.convert(tomllib.loads(printed)["relay"], RelaySettings)
    return relay


def test_a_desk_takes_the_lines_as_they_are_and_only_who_may_come_learns_where(rig: Rig) -> None:
    settings = config.read(rig.folder / "relay.toml")
    before = run("partner-lines", rig.folder, "norte")
    assert before.code == 0, before.err
    assert "run the relay with its pull_key" in before.err
    relay = taken(before.out)
    found = rig.directory()
    assert (relay.identity, relay.card) == (rig.relay.public.hex(), rig.card)
    assert (relay.round_seconds, relay.keep_rounds, relay.partners_onion) == (found.round_seconds, 77, "")
    assert (relay.letters, relay.parcels, relay.parcel_every) == (8, 4, 2)
    settings.partners_onion.mkdir(parents=True)
    (settings.partners_onion / "hostname").write_text(f"{HOST}\n")
    after = run("partner-lines", rig.folder / "relay.toml", "norte")
    assert taken(after.out) == msgspec.structs.replace(relay, partners_onion=HOST)
    assert "for norte and for nobody else" in after.err
    other = run("partner-lines", rig.folder, "sur")
    assert taken(other.out) == relay
    assert HOST not in other.out + other.err
    assert "no pull_key" in other.err
    assert "does not name sur yet" in " ".join(other.err.split())


def test_what_is_missing_is_said(rig: Rig, tmp_path: Path) -> None:
    nobody = run("partner-lines", rig.folder, "oeste")
    assert (nobody.code, nobody.out) == (1, "")
    assert "in it: norte, sur" in " ".join(nobody.err.split())
    (rig.folder / "directory.signed").write_bytes(b"x")
    assert run("partner-lines", rig.folder, "sur").code == 1
    (rig.folder / "directory.signed").unlink()
    unsigned = run("partner-lines", rig.folder, "sur")
    assert (unsigned.code, unsigned.out) == (1, "")
    assert "sign it first" in unsigned.err
    assert "veladora run" in run("partner-lines", tmp_path, "sur").err
