"""What a browser leaves on disk is found wherever it lies, and Tor Browser's settings leave none of it."""

import struct
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.browser.client_in_firefox import serving
from tests.browser.firefox import Firefox
from tests.browser.proxy import proxying
from tests.browser.remains import Entry, Mention, Remains, look
from tests.browser.settings import PLAIN, SAFER, Value
from tests.browser.unpacking import Damaged, unpack_lz4, unpack_mozlz4, unpack_snappy

ONION: Final = "b" * 56 + ".onion"
TYPED: Final = "camioneta-azul-7731"
STORED: Final = "guardado-5512"
TITLE: Final = "Titulo 8824"
FILE_NAME: Final = "informe-6602.bin"
MARKERS: Final = (ONION, TYPED, STORED, TITLE, FILE_NAME)
KINDS: Final = {"cookie", "storage", "cache", "typed", "visit", "download"}

# Everything that a page should not do if it wants to leave nothing.
PAGE: Final = f"""<!doctype html><meta charset="utf-8"><title>{TITLE}</title><link rel="icon" href="data:,">
<form action="/sent" method="get"><input id="field" name="field"><button id="go">go</button></form>
<a id="get" href="/file" download="{FILE_NAME}">get</a>
<script>
  document.cookie = "{STORED}=1; max-age=100000";
  localStorage.setItem("key", "{STORED} ".repeat(50));
  fetch("/kept.bin").then((answer) => answer.arrayBuffer()).then(() => {{ document.body.dataset.ready = "yes"; }});
</script>""".encode()
PAGES: Final = {
    "/": ("text/html", PAGE),
    "/sent": ("text/html", PAGE),
    "/kept.bin": ("application/octet-stream", b"x" * 5_000),
    "/file": ("application/octet-stream", b"what was downloaded"),
}


def visited(folder: Path, settings: Mapping[str, Value]) -> tuple[Remains, Remains]:
    """A Firefox's folder before and after a visit to a page that tries to leave something of every kind."""
    home = folder / "firefox"
    asks_nothing: dict[str, Value] = {
        "browser.download.folderList": 2,
        "browser.download.dir": str(home / "home" / "Downloads"),
    }
    with serving(PAGES, at=folder / "pages") as asked, proxying(folder) as proxy:
        proxy.lead(ONION, folder / "pages")
        with Firefox.launch({**settings, **asks_nothing}, proxy=proxy, folder=home) as firefox:
            firefox.page().open("about:blank")
        before = look(home)
        with Firefox.launch({**settings, **asks_nothing}, proxy=proxy, folder=home) as firefox:
            page = firefox.open(f"http://{ONION}/")
            page.wait_for("document.body?.dataset.ready === 'yes'")
            page.click("#get")
            page.type("#field", TYPED)
            page.press("Enter")
            page.wait_for("location.pathname === '/sent' && document.body?.dataset.ready === 'yes'")
            _arrived(home / "home" / "Downloads" / FILE_NAME)
        assert {"GET /", "GET /file", "GET /kept.bin", f"GET /sent?field={TYPED}"} <= set(asked)
        return before, look(home)


def _arrived(file: Path, seconds: float = 30.0) -> None:
    """Return when the download lies where it was wanted, and no longer in a half-loaded form of its own."""
    deadline = time.monotonic() + seconds
    while not file.exists() or any(file.parent.glob("*.part")):
        assert time.monotonic() < deadline, "the download does not arrive"
        time.sleep(0.1)


@pytest.mark.slow
def test_whatever_a_page_plants_in_a_plain_firefox_is_found(tmp_path: Path) -> None:
    before, after = visited(tmp_path, PLAIN)
    assert before.mentions(MARKERS) == []
    assert {entry.kind for entry in after.since(before)} >= KINDS
    assert {mention.marker for mention in after.mentions(MARKERS)} == set(MARKERS)
    places = {mention.where for mention in after.mentions([TYPED])}
    assert "profile/formhistory.sqlite:moz_formhistory" in places
    assert any("ls/data.sqlite" in mention.where for mention in after.mentions([STORED]))


@pytest.mark.slow
def test_the_same_page_leaves_nothing_in_a_firefox_with_tor_browsers_settings(tmp_path: Path) -> None:
    before, after = visited(tmp_path, SAFER)
    found = [entry for entry in after.since(before) if entry.kind != "download"]
    assert found == []
    # The file itself, which the person asked for, lies where they wanted it.
    assert {mention.where for mention in after.mentions(MARKERS)} == {f"home/Downloads/{FILE_NAME}"}


def test_a_marker_is_found_however_it_is_spelled(tmp_path: Path) -> None:
    for name, content in {
        "plain": b"..camioneta azul..",
        "wide": "…camioneta azul…".encode("utf-16-le"),
        "address": b"http://x/?q=camioneta+azul",
        "quoted": b"http://x/?q=camioneta%20azul",
        "digits": b"eHgseWNhbWlvbmV0YSBhenVsLi4u",
        "capitals": b"CAMIONETA AZUL",
        "camioneta azul.txt": b"",
        "session": MOZLZ4,
        "nothing": b"camioneta verde",
    }.items():
        (tmp_path / name).write_bytes(content)
    found = look(tmp_path).mentions(["camioneta azul"])
    assert {mention.where for mention in found} == {
        "plain", "wide", "address", "quoted", "digits", "capitals", "camioneta azul.txt", "session:unpacked",
    }  # fmt: skip
    assert Mention("camioneta azul", "digits", "base64") in found


# "ta azul camione", and then the first seven of these once more.
PACKED: Final = bytes([0xF3, 0]) + b"ta azul camione" + bytes([15, 0])
MOZLZ4: Final = b"mozLz40\x00" + struct.pack("<I", 22) + PACKED


def test_packed_bytes_come_out_whole() -> None:
    assert unpack_mozlz4(MOZLZ4) == b"ta azul camioneta azul"
    assert unpack_lz4(bytes([0x32]) + b"abc" + bytes([3, 0]) + bytes([0x10]) + b"!", 100) == b"abcabcabc!"
    assert unpack_lz4(bytes([0xF0, 3]) + b"a" * 18, 100) == b"a" * 18
    assert unpack_snappy(bytes([10, 2 << 2]) + b"abc" + bytes([1 | 2 << 2, 3]) + bytes([0]) + b"!") == b"abcabcabc!"
    assert unpack_snappy(bytes([6, 2 << 2]) + b"abc" + bytes([2 | 2 << 2, 3, 0])) == b"abcabc"


@given(st.binary(max_size=200))
def test_any_bytes_are_unpacked_or_damaged(data: bytes) -> None:
    with suppress(Damaged):
        unpack_mozlz4(b"mozLz40\x00" + data)
    with suppress(Damaged):
        assert len(unpack_lz4(data, 1_000)) <= 1_000 + len(data)
    with suppress(Damaged):
        unpack_snappy(data)


def test_an_entry_that_was_there_before_is_not_new() -> None:
    old, new = Entry("cookie", "a", "1"), Entry("cookie", "a", "2")
    assert Remains(frozenset({old, new}), {}).since(Remains(frozenset({old}), {})) == [new]
