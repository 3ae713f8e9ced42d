"""What we sign, the program minisign accepts; what it signs, we accept; and neither takes anything else."""

import base64
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.errors import CryptoError, Forged, Malformed
from crypto.minisign import SIGNATURE_FILE_MAX, PublicKey, sign
from crypto.signing import SigningKey
from tests.unit.crypto.strategies import near

KEY = SigningKey(bytes(range(32)))
PUBLIC = PublicKey.of(KEY)
MESSAGE = b'{"files":[]}'
SIGNED = sign(MESSAGE, comment="veladora v1 alerts version 1", key=KEY)


def minisign(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["minisign", *words], capture_output=True, text=True, timeout=30)


def test_minisign_accepts_our_signature_and_shows_its_comment(tmp_path: Path) -> None:
    (file := tmp_path / "manifest.json").write_bytes(MESSAGE)
    (tmp_path / "manifest.json.minisig").write_bytes(SIGNED)
    (key := tmp_path / "alerts.pub").write_bytes(PUBLIC.key_file())
    for pinned in (("-P", str(PUBLIC)), ("-p", key)):
        done = minisign("-V", "-H", "-m", file, *pinned)
        assert done.returncode == 0, done.stderr
        assert "Trusted comment: veladora v1 alerts version 1" in done.stdout
    file.write_bytes(MESSAGE + b" ")
    assert minisign("-V", "-m", file, "-P", str(PUBLIC)).returncode != 0


def test_minisign_refuses_another_trusted_comment(tmp_path: Path) -> None:
    (file := tmp_path / "m").write_bytes(MESSAGE)
    (tmp_path / "m.minisig").write_bytes(SIGNED.replace(b"version 1", b"version 2"))
    assert minisign("-V", "-m", file, "-P", str(PUBLIC)).returncode != 0
    with pytest.raises(Forged):
        PUBLIC.verify(SIGNED.replace(b"version 1", b"version 2"), MESSAGE)


def test_we_accept_what_minisign_signs_and_not_its_older_format(tmp_path: Path) -> None:
    (file := tmp_path / "m").write_bytes(MESSAGE)
    public, secret = tmp_path / "k.pub", tmp_path / "k.key"
    assert minisign("-G", "-W", "-p", public, "-s", secret).returncode == 0
    key = PublicKey.parse(public.read_text().splitlines()[1])
    assert minisign("-S", "-W", "-s", secret, "-m", file, "-t", "hola").returncode == 0
    signature = (tmp_path / "m.minisig").read_bytes()
    assert key.verify(signature, MESSAGE) == "hola"
    with pytest.raises(Forged):
        key.verify(signature, MESSAGE + b"!")
    with pytest.raises(Forged):
        PUBLIC.verify(signature, MESSAGE)
    assert minisign("-S", "-l", "-W", "-s", secret, "-m", file).returncode == 0
    with pytest.raises(Malformed):
        key.verify((tmp_path / "m.minisig").read_bytes(), MESSAGE)


@pytest.mark.parametrize(("line", "length"), [(1, 74), (3, 64)])
def test_a_changed_bit_of_the_signature_is_refused(line: int, length: int) -> None:
    for place in range(length):
        lines = SIGNED.split(b"\n")
        lines[line] = _flip(lines[line], place)
        with pytest.raises((Forged, Malformed)):
            PUBLIC.verify(b"\n".join(lines), MESSAGE)


def _flip(line: bytes, place: int) -> bytes:
    raw = bytearray(base64.b64decode(line))
    raw[place] ^= 1
    return base64.b64encode(bytes(raw))


@settings(max_examples=300, deadline=None)
@given(near(SIGNED))
def test_any_bytes_are_our_signature_or_refused(wire: bytes) -> None:
    with suppress(CryptoError):
        assert PUBLIC.verify(wire, MESSAGE) == "veladora v1 alerts version 1"


@settings(max_examples=300, deadline=None)
@given(near(str(PUBLIC).encode()))
def test_any_text_is_a_key_or_malformed(text: bytes) -> None:
    said = text.decode("latin-1")
    with suppress(Malformed):
        assert str(PublicKey.parse(said)) == said.strip()


@settings(deadline=None)
@given(st.text(max_size=250))
def test_a_comment_is_one_plain_line_or_refused(comment: str) -> None:
    with suppress(Malformed):
        assert PUBLIC.verify(sign(MESSAGE, comment=comment, key=KEY), MESSAGE) == comment


def test_a_signature_that_is_too_long_is_not_read() -> None:
    with pytest.raises(Malformed):
        PUBLIC.verify(SIGNED + b"x" * SIGNATURE_FILE_MAX, MESSAGE)
