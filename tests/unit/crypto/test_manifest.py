"""A manifest vouches for exactly its files, for its time, and never for less than was known before."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto import canonical, minisign
from crypto.errors import CryptoError, Expired, Forged, Malformed, RolledBack
from crypto.manifest import FILE_MAX, FILES_MAX, MANIFEST_MAX, File, Manifest, Signed, is_name
from crypto.signing import SigningKey
from tests.unit.crypto.strategies import near

KEY = SigningKey(bytes(range(32)))
PUBLIC = minisign.PublicKey.of(KEY)
FILES = {"alerts.csv": b"id\r\n", "cap/0.xml": b"<alert/>", "alerts.geojson": b"{}"}
END = 2_000_000_000


def made(files: dict[str, bytes] | None = None, *, version: int = 5, valid_until: int = END) -> Signed:
    return Signed.make(FILES if files is None else files, version=version, valid_until=valid_until, key=KEY)


def test_what_was_signed_opens_and_has_its_files() -> None:
    signed = Signed.open(made().wire, made().signature, key=PUBLIC)
    assert signed == made()
    assert [file.name for file in signed.manifest.files] == sorted(FILES)
    signed.check_files(FILES)
    signed.check_current(now=END - 1, held=None)


@pytest.mark.parametrize(
    "files",
    [
        FILES | {"alerts.csv": b"id\r\r"},
        FILES | {"alerts.csv": b"id\r\n\n"},
        FILES | {"more.txt": b""},
        {name: data for name, data in FILES.items() if name != "cap/0.xml"},
        {},
    ],
    ids=["changed", "longer", "one too many", "one missing", "none"],
)
def test_files_that_are_not_the_ones_are_refused(files: dict[str, bytes]) -> None:
    with pytest.raises(Forged):
        made().check_files(files)


def test_no_older_list_and_no_second_one_of_a_version_takes_its_place() -> None:
    held = made()
    made(version=6).check_current(now=1, held=held)
    held.check_current(now=1, held=held)
    with pytest.raises(RolledBack):
        made(version=4).check_current(now=1, held=held)
    with pytest.raises(RolledBack):
        made({"alerts.csv": b""}).check_current(now=1, held=held)


def test_a_list_ends_at_its_time() -> None:
    made().check_current(now=END - 1, held=None)
    with pytest.raises(Expired):
        made().check_current(now=END, held=None)


def test_another_key_and_a_comment_of_another_version_are_refused() -> None:
    other = SigningKey(bytes(32))
    with pytest.raises(Forged):
        Signed.open(made().wire, Signed.make(FILES, version=5, valid_until=END, key=other).signature, key=PUBLIC)
    with pytest.raises(Forged):
        Signed.open(made().wire, minisign.sign(made().wire, comment="hola", key=KEY), key=PUBLIC)


@pytest.mark.parametrize(
    "name",
    [
        "", "/etc/passwd", "../x", "a/../b", "a//b", "a/", ".hidden", "a/.b", "A", "a b", "a\n", "a..b", "ñ", "a" * 81,
        "a/b/c/d/e", "manifest.json", "manifest.json.minisig", "manifest.json/x", "a\\b", "a%2fb", "x" * 201,
    ],
)  # fmt: skip
def test_no_name_leads_out_of_the_folder_or_hides_the_manifest(name: str) -> None:
    assert not is_name(name)
    with pytest.raises(Malformed):
        made({name: b""})


@pytest.mark.parametrize(
    ("files", "version", "valid_until"),
    [
        ({"a": b"", "a/b": b""}, 1, END),
        ({"a-b": b"", "a": b"", "a/b": b""}, 1, END),
        ({f"f{number}": b"" for number in range(FILES_MAX + 1)}, 1, END),
        ({"a": bytes(FILE_MAX + 1)}, 1, END),
        ({f"a{number}": bytes(FILE_MAX) for number in range(9)}, 1, END),
        ({}, 0, END),
        ({}, 1, 0),
        ({}, 2**53, END),
    ],
)
def test_what_is_over_a_limit_is_not_signed(files: dict[str, bytes], version: int, valid_until: int) -> None:
    with pytest.raises(Malformed):
        made(files, version=version, valid_until=valid_until)


def signed_anyway(wire: bytes) -> None:
    """Opened with a signature that holds, whatever it is over."""
    with suppress(CryptoError):
        comment = "veladora v1 alerts version 5 until 2000000000"
        opened = Signed.open(wire, minisign.sign(wire, comment=comment, key=KEY), key=PUBLIC)
        assert canonical.encode(opened.manifest) == wire


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=200), near(made().wire)))
def test_any_bytes_are_a_manifest_or_refused(wire: bytes) -> None:
    signed_anyway(wire)


@pytest.mark.parametrize(
    "wire",
    [
        made().wire.replace(b'"v":1', b'"v":2'),
        made().wire.replace(b'"v":1', b'"v":1,"w":1'),
        made().wire.replace(b"alerts.csv", b"../rts.csv"),
        made().wire.replace(b'"length":4', b'"length":-4'),
        made().wire + b"\n",
        b"[" * 10_000,
        b"",
    ],
)
def test_a_manifest_of_another_form_is_malformed_even_when_it_is_signed(wire: bytes) -> None:
    comment = "veladora v1 alerts version 5 until 2000000000"
    with pytest.raises(Malformed):
        Signed.open(wire, minisign.sign(wire, comment=comment, key=KEY), key=PUBLIC)


def test_a_longer_manifest_than_there_is_is_not_looked_at() -> None:
    with pytest.raises(Malformed):
        Signed.open(b" " * (MANIFEST_MAX + 1), made().signature, key=PUBLIC)


def test_the_order_of_files_is_one() -> None:
    files = made().manifest.files
    with pytest.raises(ValueError, match="ascending"):
        Manifest(files=[files[1], files[0]], v=1, valid_until=1, version=1)
    with pytest.raises(ValueError, match="ascending"):
        Manifest(files=[files[0], files[0]], v=1, valid_until=1, version=1)
    with pytest.raises(ValueError, match="hexadecimal"):
        File(length=1, name="a", sha256="x")
