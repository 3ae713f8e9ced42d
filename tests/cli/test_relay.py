"""A relay is made and run with two commands; whatever is wrong is said, and nothing is overwritten or half made."""

import re
import subprocess
import time
import tomllib
from pathlib import Path

import msgspec
import pytest

from crypto import directory as directories
from crypto import keys
from crypto.signing import VerifyingKey
from onion_service.site import site_hashes
from relay import config
from tests.cli.typed import COMMAND, ENVIRONMENT, PASSPHRASE, run
from tests.rig import Rig

pytestmark = pytest.mark.slow  # keys are locked at full cost, and relays start

ROOT = "ab" * 32


def test_init_makes_a_whole_relay_and_answers_with_its_card(tmp_path: Path) -> None:
    made = run("init", tmp_path / "relay", "--root", ROOT, "--name", "Veladora Norte")
    assert made.code == 0, made.err
    onion = re.search(r"^onion: ([a-z2-7]{56}\.onion)$", made.out, re.MULTILINE)
    assert onion is not None
    assert f"card:  {onion[1]}#{ROOT}" in made.out
    settings = config.read(tmp_path / "relay" / "relay.toml")
    key = keys.unlock(settings.identity_file.read_bytes(), passphrase=None)
    assert isinstance(key, keys.RelayKey)
    draft = (tmp_path / "relay" / "draft.toml").read_text()
    assert onion[1] in draft
    assert key.public.hex() in draft
    assert (settings.state / "onion" / "hostname").read_text().strip() == onion[1]
    assert tomllib.loads(draft)["site"] == site_hashes(VerifyingKey(bytes.fromhex(ROOT)))
    assert "veladora run" in made.err


def test_a_relay_whose_directory_names_another_page_says_what_to_sign(tmp_path: Path) -> None:
    rig = Rig(tmp_path / "relay")
    rig.write()
    old = msgspec.structs.replace(rig.directory(), site={"/": "0" * 64})
    (rig.folder / "directory.signed").write_bytes(directories.sign(old, rig.root))
    refused = run("run", rig.folder)
    assert refused.code == 1
    told = re.search(r"veladora (directory site [0-9a-f]{64})", refused.err.replace("\n", ""))
    assert told is not None, refused.err
    assert tomllib.loads(run(*told[1].split()).out)["site"] == rig.directory().site


def test_init_can_lock_the_identity(tmp_path: Path) -> None:
    assert run("init", tmp_path / "relay", "--root", ROOT, "--locked", passphrase=PASSPHRASE).code == 0
    assert keys.is_locked((tmp_path / "relay" / "relay.key").read_bytes())


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--root", "12"), 2, "64 hexadecimal digits"),
        (("--root", ROOT, "--name", 'a"b'), 2, "plain characters"),
        (("--root", ROOT, "--tor", "/nonexistent/tor"), 1, "no tor program"),
    ],
)
def test_a_mistake_makes_nothing(tmp_path: Path, arguments: tuple[str, ...], code: int, said: str) -> None:
    refused = run("init", tmp_path / "relay", *arguments)
    assert refused.code == code
    assert said in refused.err
    assert not (tmp_path / "relay").exists()


def test_a_relay_is_never_made_over_another(tmp_path: Path) -> None:
    assert run("init", tmp_path / "relay", "--root", ROOT).code == 0
    before = (tmp_path / "relay" / "relay.key").read_bytes()
    again = run("init", tmp_path / "relay", "--root", ROOT)
    assert again.code == 1
    assert "exists already" in again.err
    assert (tmp_path / "relay" / "relay.key").read_bytes() == before


def test_a_misspelt_setting_stops_the_start_and_is_named(tmp_path: Path) -> None:
    rig = Rig(tmp_path / "relay")
    rig.write()
    with (rig.folder / "relay.toml").open("a") as settings:
        settings.write("[delivery]\nafter_egde = 3\n")
    refused = run("run", rig.folder)
    assert refused.code == 1
    assert "after_egde" in refused.err


def test_settings_that_are_not_there_are_named(tmp_path: Path) -> None:
    refused = run("run", tmp_path)
    assert refused.code == 1
    assert "relay.toml" in refused.err
    assert "veladora init" in refused.err


def test_another_kind_of_key_runs_no_relay(tmp_path: Path) -> None:
    rig = Rig(tmp_path / "relay")
    rig.write()
    (rig.folder / "relay.key").write_bytes(keys.lock(rig.root, passphrase=PASSPHRASE))
    refused = run("run", rig.folder, passphrase=PASSPHRASE)
    assert refused.code == 1
    assert "not a relay's key" in refused.err


def test_a_wrong_passphrase_starts_nothing(tmp_path: Path) -> None:
    rig = Rig(tmp_path / "relay")
    rig.write()
    (rig.folder / "relay.key").write_bytes(keys.lock(rig.relay, passphrase="another one entirely"))
    refused = run("run", rig.folder, passphrase=PASSPHRASE)
    assert refused.code == 1
    assert "passphrase" in refused.err
    assert not (rig.folder / "state").exists()


@pytest.mark.parametrize("missing", ["directory.signed", "relay.key"])
def test_a_missing_file_is_named(tmp_path: Path, missing: str) -> None:
    rig = Rig(tmp_path / "relay")
    rig.write()
    (rig.folder / missing).unlink()
    refused = run("run", rig.folder)
    assert refused.code == 1
    assert missing in refused.err


def test_without_tor_the_relay_says_so_and_ends(tmp_path: Path) -> None:
    rig = Rig(tmp_path / "relay")
    rig.write(more_settings='[tor]\nprogram = "/nonexistent/tor"\n')
    ended = _veladora("run", rig.folder)
    assert ended.returncode == 1
    assert "no tor program: /nonexistent/tor" in ended.stderr
    assert "install tor" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_running_relay_ends_when_it_is_told_to_and_leaves_no_process(tmp_path: Path) -> None:
    rig = Rig(tmp_path / "relay")
    rig.write(more_settings="[tor]\n" + _nowhere())
    with (tmp_path / "said").open("w+") as said:
        process = subprocess.Popen([*COMMAND, "run", str(rig.folder)], stderr=said, env=ENVIRONMENT)
        try:
            _wait_for(tmp_path / "said", "the node is up")
        finally:
            process.terminate()
            code = process.wait(60)
    text = (tmp_path / "said").read_text()
    assert code == 0, text
    assert text.rstrip().endswith("veladora: stopped")
    assert not _processes_with(str(rig.folder))


def _nowhere() -> str:
    """A private network whose authorities are not there: tor starts, and reaches nobody."""
    return "".join(
        f'[[tor.authority]]\nnickname = "a{n}"\nor_port = {n}\ndir_port = {n + 1}\n'
        f'v3_identity = "{"A" * 39}{n}"\nfingerprint = "{"B" * 39}{n}"\n'
        for n in (1, 3, 5)
    )


def _veladora(*words: object) -> "subprocess.CompletedProcess[str]":
    command = [*COMMAND, *(str(word) for word in words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=90, env=ENVIRONMENT)


def _wait_for(path: Path, words: str, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while words not in path.read_text():
        assert time.monotonic() < deadline, path.read_text()
        time.sleep(0.05)


def _processes_with(word: str) -> list[str]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = entry.read_bytes().replace(b"\x00", b" ").decode(errors="replace")
        except OSError:
            continue
        if word in command:
            found.append(command)
    return found
