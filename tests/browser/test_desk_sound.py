"""Where Firefox puts a long sound while it plays it: what docs/limits.md says of the disk is so, and what
docs/partner.md says against it helps.
"""

from __future__ import annotations

import io
import os
import secrets
import time
import wave
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final
from unittest import mock

import psutil
import pytest

from crypto.report import Report
from forwarder.desk.findings import CleanCopy, Findings, Outcome
from forwarder.desk.web.file_pages import IN_MEMORY_MAX
from forwarder.desk.web.opened import Opened
from tests.browser.desk_tour import desk_in_firefox
from tests.browser.settings import PLAIN, Value
from tests.unit.forwarder.desk.given import PASSPHRASE, attached, key_of, letters, new_desk, parcels

pytestmark = pytest.mark.slow

IN_MEMORY: Final = {"browser.privatebrowsing.autostart": True, "browser.privatebrowsing.forceMediaMemoryCache": True}
PLAYED_SECONDS: Final = 3.0
FRAME_LEN: Final = 4
RATE: Final = 44_100


def sound(length: int) -> bytes:
    """Noise of so many bytes, as WAV."""
    wire = io.BytesIO()
    with wave.open(wire, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(secrets.token_bytes(length))
    return wire.getvalue()


def on_the_disk(firefox: int, *, but: set[str]) -> dict[str, int]:
    """The files that Firefox has open and has deleted already, and how long they are; none of those in memory."""
    found = {}
    for process in [psutil.Process(firefox), *psutil.Process(firefox).children(recursive=True)]:
        with suppress(OSError):
            for link in Path(f"/proc/{process.pid}/fd").iterdir():
                with suppress(OSError):
                    name = os.readlink(link)  # noqa: PTH115 - a deleted file's name is no path
                    if name.endswith("(deleted)") and not name.startswith(("/memfd:", "/dev/shm")):
                        found[name] = link.stat().st_size
    return {name: size for name, size in found.items() if name not in but}


@pytest.mark.parametrize(("settings", "spills"), [({}, True), (IN_MEMORY, False)], ids=["ordinary", "in memory"])
def test_a_long_sound_reaches_the_disk_in_an_ordinary_firefox_and_not_as_the_guide_says(
    tmp_path: Path, settings: Mapping[str, Value], spills: bool
) -> None:
    attachment, parts = attached(b"any", media="audio/wav")
    with new_desk(tmp_path / "mesa") as desk:
        desk.take(letters(1, Report(text="Lo grabé.", attachments=[attachment]), to=[key_of(desk)]))
        desk.take(parcels(3, *parts, to=[key_of(desk)]))
    copy = CleanCopy(Findings(Outcome.CLEANED), "audio/wav", "", sound(2 * IN_MEMORY_MAX))
    chosen = {**PLAIN, "media.autoplay.default": 0, **settings}
    with (
        mock.patch.object(Opened, "_clean", return_value=copy),
        desk_in_firefox(tmp_path / "mesa", tmp_path, chosen) as tour,
    ):
        page, pid = tour.page, tour.firefox.pid
        tour.wait_at("unlock")
        page.type("#passphrase", PASSPHRASE)
        tour.press("button.main", "inbox")
        tour.go("/reports/1")
        assert "pasa de 8 MiB" in page.text()
        before = set(on_the_disk(pid, but=set()))
        page.evaluate("() => { const one = document.querySelector('audio'); one.muted = true; return one.play(); }")
        most, played = 0, 0.0
        while played < PLAYED_SECONDS:
            most = max(most, *on_the_disk(pid, but=before).values(), 0)
            played = page.evaluate("() => document.querySelector('audio').currentTime")
            time.sleep(0.1)
        read = page.evaluate("() => document.querySelector('audio').buffered.end(0)") * RATE * FRAME_LEN
    # So much was there to be kept in one place or the other.
    assert read > 1_048_576
    assert (most > 1_048_576) is spills
