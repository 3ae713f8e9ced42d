"""`veladora release` lets a frozen relay go, once, and says so of one that is not frozen."""

from pathlib import Path

import pytest

from deploy.demo.stage import Stage
from onion_service.torrc import Authority, PrivateNet
from relay import telemetry
from relay.config import Settings
from relay.telemetry import Figures
from tests.cli.typed import run
from tests.rig import Rig


@pytest.fixture
def relay(tmp_path: Path) -> Settings:
    settings = Rig(tmp_path / "relay").write(more_settings="[loops]\nper_round = 48\n")
    settings.release_file.parent.mkdir(parents=True)
    return settings


def figures(relay: Settings, gate: str) -> None:
    found = Figures(round=7, bundles_kept=3, gate=gate, no_space=False, partners={})  # type: ignore[arg-type]
    telemetry.write(found, relay.state / "figures.json")


@pytest.mark.parametrize("named", ["", "relay.toml"])
def test_a_frozen_relay_is_let_go_at_the_next_edge(relay: Settings, named: str) -> None:
    figures(relay, "frozen")
    done = run("release", relay.folder / named)
    assert (done.code, done.out) == (0, "")
    assert "round 8" in done.err
    assert relay.release_file.read_bytes() == b""
    assert relay.release_file.stat().st_mode & 0o777 == 0o600
    again = run("release", relay.folder / named)
    assert again.code == 1
    assert "released already" in again.err


@pytest.mark.parametrize("gate", ["open", "waiting", "none"])
def test_what_is_not_frozen_is_not_released(relay: Settings, gate: str) -> None:
    figures(relay, gate)
    done = run("release", relay.folder)
    assert done.code == 1
    assert "was not frozen at the edge of round 7" in done.err
    assert not relay.release_file.exists()


def test_a_relay_that_has_not_run_has_nothing_to_release(relay: Settings) -> None:
    done = run("release", relay.folder)
    assert done.code == 1
    assert "not closed a round yet" in done.err
    assert run("release", relay.folder / "nowhere").code == 1


def test_the_demonstrations_operator_lets_a_frozen_relay_go_once_a_round(relay: Settings) -> None:
    said: list[str] = []
    nobody = Authority(nickname="a", or_port=1, dir_port=2, v3_identity="A" * 40, fingerprint="B" * 40)
    stage = Stage(relay.folder.parent, PrivateNet((nobody,)), said.append)
    stage.look_after_the_relay()
    figures(relay, "open")
    stage.look_after_the_relay()
    assert (said, relay.release_file.exists()) == ([], False)
    figures(relay, "frozen")
    stage.look_after_the_relay()
    assert relay.release_file.exists()
    assert "froze in round 7" in said[0]
    stage.look_after_the_relay()
    assert len(said) == 2
