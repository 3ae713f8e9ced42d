"""A report written with Tor Browser's settings, at an onion of the private Tor network, is read at a partner's desk,
its photo clean."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Final

import pytest
from PIL import Image, ImageChops

from crypto.cells import CellClass
from onion_service.site import served
from tests.browser import client, reporting
from tests.browser.firefox import Firefox
from tests.browser.fixtures import Onion, Reachable, relay_behind
from tests.browser.partners_desk import PartnersDesk
from tests.browser.settings import SAFER
from tests.privacy.photos import judge

pytestmark = [pytest.mark.slow, pytest.mark.tor]

# A report leaves with the next tick of the page's own pace, and tor takes its time.
LEAVES_SECONDS: Final = 60.0 + 60.0
OPENS_SECONDS: Final = 120.0
# A JPEG written anew at quality 95 lies about 1 of 255 from the first, in every block; one with a spot painted over
# lies more than ten away where the spot is.
REBUILT_MAX: Final = 4
BLOCK: Final = 8


def pixels(photo: bytes) -> bytes:
    with Image.open(io.BytesIO(photo)) as image:
        return image.convert("RGB").tobytes()


def furthest(photo: bytes, other: bytes) -> int:
    """How far the shades of two photos lie apart, of 255, on average in the block and the colour where they do most."""
    with Image.open(io.BytesIO(photo)) as one, Image.open(io.BytesIO(other)) as two:
        assert one.size == two.size
        apart = ImageChops.difference(one.convert("RGB"), two.convert("RGB")).reduce(BLOCK)
    return max(apart.tobytes())


def painted_over(photo: bytes) -> bytes:
    """The photo with one small spot in it changed, as something that hides or adds a detail would."""
    wire = io.BytesIO()
    with Image.open(io.BytesIO(photo)) as image:
        changed = image.convert("RGB")
    changed.paste((0, 0, 0), (40, 40, 44, 44))
    changed.save(wire, "JPEG", quality=95, subsampling=0)
    return wire.getvalue()


def test_a_report_with_a_photo_is_read_at_a_desk(browser_onion: Onion, tmp_path: Path) -> None:
    client.node()
    rig = reporting.page_rig(tmp_path / "relay", onion=browser_onion.address)
    photo = reporting.photo()
    assert any(tag.startswith("GPS:") for tag in judge.told({"before.jpg": photo}, tmp_path)["before.jpg"])
    picture = tmp_path / "IMG_20260102_en_mi_casa.jpg"
    picture.write_bytes(photo)
    desk = PartnersDesk.of(rig, rig.partners[0], tmp_path / "desk")
    with (
        relay_behind(browser_onion, rig, tmp_path) as relay,
        Firefox.launch(SAFER, proxy=relay.proxy) as firefox,
    ):
        assert relay.running.ask("GET", "/").body == served(rig.root.signing.verifying_key)
        page = firefox.open(relay.url)
        reporting.wait_state(page, "write", seconds=OPENS_SECONDS)
        reporting.write(page, files=[picture])
        reporting.check(page)
        assert [mark for mark in ("Mi hermano", "55 1234 5678") if mark not in page.text("#warnings")] == []
        assert "lugar, hora y aparato" in page.text("#removed")
        reporting.send(page, seconds=LEAVES_SECONDS)
        ((report, (arrived,)),) = reporting.arrived(relay, rig.partners[0])
        only_cells_have_passed(relay, picture.name)
        assert page.errors == []
    desk.take(rig)
    (entry,) = desk.listed()
    assert (entry["text"], entry["lang"]) == (reporting.TEXT, "es")
    assert (entry["topic"], entry["place"], entry["when"]) == ("disappearance", "oaxaca", "this_week")
    assert entry["where"] == "cerca del mercado"
    assert (report.text, report.attachments[0].cleaned) == (reporting.TEXT, True)
    for line in reporting.TEXT.splitlines():
        assert line in desk.shown(1).replace("\n    ", " ")
    exported = desk.exported(1, into=tmp_path / "out") / "attachment-001.jpg"
    # What came is judged too: the desk cleans again.
    photos = {"arrived.jpg": arrived, "exported.jpg": exported.read_bytes()}
    assert judge.betrayals(photos, tmp_path) == []
    assert pixels(arrived) == pixels(photo)
    # The desk writes every pixel anew, so that nothing of the file's own coding is left.
    assert furthest(exported.read_bytes(), photo) <= REBUILT_MAX < furthest(painted_over(photo), photo)


def only_cells_have_passed(relay: Reachable, name: str) -> None:
    """Nothing went up the line but whole cells, and nothing showed the file's name or a word of the text."""
    bodies = {len(one.body) for one in relay.gate.exchanges if one.method == "POST"}
    assert bodies == {one.wire_length for one in CellClass}
    assert {one.path for one in relay.gate.exchanges if one.method == "POST"} == {"/cells"}
    for words in (name, "muchachos", "mercado"):
        assert not any(words.encode() in one.head + one.body for one in relay.gate.exchanges)
