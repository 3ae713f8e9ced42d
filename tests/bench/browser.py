"""How long a reporter's browser works: Firefox with Tor Browser's settings, nothing compiled.

What is measured is what stands between pressing *send* and the first byte on the wire: a report with a photo, sealed to
two partners and wrapped for one relay, and the cover that an open page sends all the time. Tor Browser's clock ticks
sixty times a second, so single figures are that coarse.
"""

import io
import tempfile
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median
from typing import Final

from PIL import Image

from tests.browser.client_in_firefox import firefox_client
from tests.browser.road import Road

TIMES: Final = 7
TEXT: Final = "Vi a tres hombres bajar de una camioneta blanca. " * 20


@dataclass(frozen=True, slots=True)
class Found:
    """Medians, in milliseconds; `start` in seconds, until Firefox could be driven."""

    start: float
    read: float
    clean: float
    seal: float
    wrap: float
    cover: float
    cover_parcel: float

    @property
    def report(self) -> float:
        """From *send* to a letter and a parcel that can leave."""
        return self.clean + self.seal + self.wrap


def measure() -> Found:
    """Every figure once, from one Firefox; the first of each is left out, because it pays for what is made once."""
    road = Road.fresh(1)
    photo = a_photo()
    with tempfile.TemporaryDirectory() as folder, firefox_client(Path(folder)) as firefox:
        took = firefox.figures(
            answer=b64encode(road.answer()).decode(),
            card=road.card(),
            now=road.now,
            to=["partner-0", "partner-1"],
            text=TEXT,
            photo=b64encode(photo).decode(),
            times=TIMES + 1,
        )
        middle = {name: median(times[1:]) for name, times in took.items()}
        return Found(
            start=firefox.start_seconds,
            read=middle["read"],
            clean=middle["clean"],
            seal=middle["seal"],
            wrap=middle["wrap"],
            cover=middle["cover"],
            cover_parcel=middle["coverParcel"],
        )


def a_photo() -> bytes:
    """A photo as a telephone takes it: 4 000 by 3 000 pixels, with a grain that resists packing, so three parcels."""
    chance = Random(1)
    grain = Image.frombytes("L", (500, 375), chance.randbytes(500 * 375)).resize((4_000, 3_000))
    written = io.BytesIO()
    Image.merge("RGB", (grain, grain.rotate(180), grain)).save(written, "JPEG", quality=80)
    return written.getvalue()


def lines(found: Found) -> list[str]:
    """The figures as `make bench` prints them."""
    parts = f"clean {found.clean:.0f}, seal {found.seal:.0f}, wrap {found.wrap:.0f}"
    return [
        f"firefox  {found.start:10.1f} s until it could be driven, with Tor Browser's settings",
        f"report   {found.report:10.0f} ms for one with a photo to two partners: {parts}",
        f"cover    {found.cover:10.0f} ms for a letter, {found.cover_parcel:.0f} ms for a parcel",
        f"opening  {found.read:10.0f} ms to check a directory",
    ]
