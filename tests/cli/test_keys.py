"""Keys are made once, locked, and never overwritten; every mistake is one sentence and a next step."""

import base64
import json
from pathlib import Path

import pytest

from crypto.keys import PartnerKey, RelayKey, is_locked, unlock
from tests.cli.typed import PASSPHRASE, at_a_terminal, run

pytestmark = pytest.mark.slow  # keys are locked at full cost


@pytest.fixture(scope="module")
def partner_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "partner.key"
    assert run("keys", "new", "partner", "--out", path, passphrase=PASSPHRASE).code == 0
    return path


def test_a_partner_key_is_locked_private_and_opens_with_its_passphrase(partner_file: Path) -> None:
    wire = partner_file.read_bytes()
    assert is_locked(wire)
    assert isinstance(unlock(wire, passphrase=PASSPHRASE), PartnerKey)
    assert partner_file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in partner_file.parent.iterdir()] == ["partner.key"]


def test_the_public_half_and_its_words_are_the_answer(partner_file: Path) -> None:
    shown = run("keys", "show", partner_file, passphrase=PASSPHRASE)
    key = unlock(partner_file.read_bytes(), passphrase=PASSPHRASE)
    kind, words, public = shown.out.splitlines()
    assert kind == "kind    partner"
    assert len(words.split()) == 13
    assert base64.b64decode(public.split()[1]) == key.public
    only = run("keys", "show", "--public", partner_file, passphrase=PASSPHRASE)
    assert only.out == public.split()[1] + "\n"


def test_a_relay_key_may_be_open_and_is_said_to_be(tmp_path: Path) -> None:
    made = run("keys", "new", "relay", "--out", tmp_path / "relay.key", "--open")
    assert made.code == 0
    assert "whoever reads the file is this relay" in made.err
    key = unlock((tmp_path / "relay.key").read_bytes(), passphrase=None)
    assert isinstance(key, RelayKey)
    assert key.public.hex() in made.out
    assert run("keys", "show", tmp_path / "relay.key").code == 0


@pytest.mark.parametrize("kind", ["partner", "root"])
def test_no_other_key_may_be_open(kind: str, tmp_path: Path) -> None:
    refused = run("keys", "new", kind, "--out", tmp_path / "a.key", "--open")
    assert refused.code == 2
    assert "always locked" in refused.err
    assert list(tmp_path.iterdir()) == []


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "relay.key"
    run("keys", "new", "relay", "--out", path, "--open")
    before = path.read_bytes()
    again = run("keys", "new", "relay", "--out", path, "--open")
    assert again.code == 1
    assert "exists already" in again.err
    assert path.read_bytes() == before


def test_a_dangling_link_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "a.key").symlink_to(tmp_path / "elsewhere")
    assert run("keys", "new", "relay", "--out", tmp_path / "a.key", "--open").code == 1
    assert not (tmp_path / "elsewhere").exists()


def test_a_wrong_passphrase_is_said_and_changes_nothing(partner_file: Path) -> None:
    before = partner_file.read_bytes()
    wrong = run("keys", "show", partner_file, passphrase="otra")
    assert wrong.code == 1
    assert wrong.out == ""
    assert "passphrase does not open" in wrong.err
    assert "try again" in wrong.err
    assert partner_file.read_bytes() == before


def test_an_empty_or_missing_passphrase_writes_nothing(tmp_path: Path) -> None:
    empty = run("keys", "new", "root", "--out", tmp_path / "root.key", passphrase="")
    assert (empty.code, "empty passphrase" in empty.err) == (1, True)
    closed = run("keys", "new", "root", "--out", tmp_path / "root.key", "--passphrase-fd", "987")
    assert (closed.code, "file descriptor 987" in closed.err) == (1, True)
    long = run("keys", "new", "root", "--out", tmp_path / "root.key", passphrase="a" * 2_000)
    assert (long.code, "at most" in long.err) == (1, True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("cut", [0, 1, 100, -2])
def test_a_truncated_key_file_is_said_to_be(cut: int, partner_file: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.key"
    broken.write_bytes(partner_file.read_bytes()[:cut])
    shown = run("keys", "show", broken, passphrase=PASSPHRASE)
    assert shown.code == 1
    assert str(broken) in shown.err
    assert "cut off" in shown.err


def test_a_swapped_public_half_is_noticed(partner_file: Path, tmp_path: Path) -> None:
    other = tmp_path / "relay.key"
    run("keys", "new", "relay", "--out", other, "--open")
    parsed = json.loads(other.read_text())
    parsed["public"] = base64.b64encode(bytes(32)).decode()
    other.write_text(json.dumps(parsed, sort_keys=True, separators=(",", ":")))
    shown = run("keys", "show", other)
    assert (shown.code, shown.out) == (1, "")
    assert "another key" in shown.err


def test_missing_large_and_unwritable_files_are_one_sentence(tmp_path: Path) -> None:
    missing = run("keys", "show", tmp_path / "none.key")
    assert missing.code == 1
    assert "No such file" in missing.err
    assert "check the path" in missing.err
    (tmp_path / "large").write_bytes(bytes(100_000))
    assert "longer than" in run("keys", "show", tmp_path / "large").err
    nowhere = run("keys", "new", "relay", "--open", "--out", tmp_path / "no" / "relay.key")
    assert nowhere.code == 1
    assert "Traceback" not in nowhere.err


def test_a_mistyped_kind_is_a_usage_error(tmp_path: Path) -> None:
    assert run("keys", "new", "king", "--out", tmp_path / "a").code == 2
    assert run("keys").code in (0, 2)


def test_on_a_terminal_the_passphrase_is_asked_twice_and_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "root.key"
    done = at_a_terminal(
        ["keys", "new", "root", "--out", path],
        [("new key:", PASSPHRASE + "\n"), ("(again):", PASSPHRASE + "\n")],
    )
    assert done.code == 0, done.err
    assert PASSPHRASE not in done.err + done.out
    assert done.out.startswith("kind    root")
    assert is_locked(path.read_bytes())


def test_two_different_passphrases_write_nothing(tmp_path: Path) -> None:
    done = at_a_terminal(
        ["keys", "new", "root", "--out", tmp_path / "root.key"], [("new key:", "una\n"), ("(again):", "otra\n")]
    )
    assert done.code == 1
    assert "differ" in done.err
    assert list(tmp_path.iterdir()) == []
