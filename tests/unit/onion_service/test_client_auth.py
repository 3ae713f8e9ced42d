"""A closed onion service is closed: its list of clients is written whole, is never empty, and lets nobody else in."""

import base64
import pickle
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onion_service.client_auth import FOLDER, KEY_LEN, ClientKey, admit, check_public
from onion_service.errors import ClientsNotWritten, UnsafeSetting

NORTE = ClientKey(bytes(range(32)))
SUR = ClientKey(bytes(range(1, 33)))


def listed(service: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in (service / FOLDER).iterdir()}


def test_a_key_is_quiet_and_its_public_half_is_in_tor_s_spelling() -> None:
    assert repr(NORTE) == "ClientKey(...)"
    with pytest.raises(TypeError):
        pickle.dumps(NORTE)
    assert check_public(NORTE.public) == NORTE.public
    assert len(NORTE.public) == 52
    assert base64.b64decode(NORTE.secret_for_tor()) == bytes(range(32))
    assert NORTE.public != SUR.public
    with pytest.raises(UnsafeSetting):
        ClientKey(bytes(KEY_LEN - 1))


def test_the_list_holds_each_client_and_nobody_who_was_taken_off(tmp_path: Path) -> None:
    service = tmp_path / "state" / "partners-onion"
    admit(service, {"norte": NORTE.public, "sur": SUR.public})
    assert listed(service) == {
        "norte.auth": f"descriptor:x25519:{NORTE.public}\n",
        "sur.auth": f"descriptor:x25519:{SUR.public}\n",
    }
    (service / FOLDER / "old.auth").write_text("descriptor:x25519:x\n")
    (service / FOLDER / ".unfinished-sur.auth").write_text("descri")
    admit(service, {"sur": SUR.public})
    assert set(listed(service)) == {"sur.auth"}
    assert [oct(path.stat().st_mode & 0o777) for path in (service, service / FOLDER)] == ["0o700", "0o700"]


def test_a_list_that_is_right_is_not_written_again(tmp_path: Path) -> None:
    admit(tmp_path, {"norte": NORTE.public})
    before = (tmp_path / FOLDER / "norte.auth").stat()
    admit(tmp_path, {"norte": NORTE.public})
    after = (tmp_path / FOLDER / "norte.auth").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


@pytest.mark.parametrize(
    "clients",
    [
        {},
        {"norte": ""},
        {"norte": NORTE.public.lower()},
        {"norte": NORTE.public[:-1] + "B"},
        {"norte": NORTE.public + "="},
        {"norte": "A" * 52},
        {"norte": base64.b32encode(b"\x01" + bytes(31)).decode().rstrip("=")},
        {"../norte": NORTE.public},
        {"norte": f"{NORTE.public}\ndescriptor:x25519:{SUR.public}"},
    ],
)
def test_a_list_that_would_let_everybody_in_is_refused_and_nothing_is_written(
    tmp_path: Path, clients: Mapping[str, str]
) -> None:
    with pytest.raises(UnsafeSetting):
        admit(tmp_path / "service", clients)
    assert not (tmp_path / "service").exists()


def test_a_list_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "service").write_text("a file where the folder should be")
    with pytest.raises(ClientsNotWritten, match="cannot write who may find"):
        admit(tmp_path / "service", {"norte": NORTE.public})


@given(st.text(max_size=60) | st.binary(min_size=32, max_size=33).map(lambda wire: base64.b32encode(wire).decode()))
def test_any_text_is_a_key_or_refused(text: str) -> None:
    with suppress(UnsafeSetting):
        assert check_public(text) == text
        assert len(base64.b32decode(text + "====")) == KEY_LEN
