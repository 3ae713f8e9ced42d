"""How long a reporter's browser works: Firefox with Tor Browser's settings, nothing compiled.

What is measured is what stands between pressing *send* and the first byte on the wire: a report with a photo, sealed to
two partners and wrapped for one relay, and the cover that an open page sends all the time.
"""

import tempfile
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from tests.browser.client_in_firefox import firefox_client
from tests.browser.road import Road
from tests.vectors.recipes import load

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
    photo = load("clean-photo/jpeg-colour-hidden.json")["photo"]
    with tempfile.TemporaryDirectory() as folder, firefox_client(Path(folder)) as firefox:
        took = firefox.figures(
            answer=b64encode(road.answer()).decode(),
            card=road.card(),
            now=road.now,
            to=["partner-0", "partner-1"],
            text=TEXT,
            photo=photo,
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


def lines(found: Found) -> list[str]:
    """The figures as `make bench` prints them."""
    return [
        f"firefox  {found.start:10.1f} s until it could be driven, with Tor Browser's settings",
        f"report   {found.report:10.0f} ms for one with a photo to two partners: clean {found.clean:.0f}, "
        f"seal {found.seal:.0f}, wrap {found.wrap:.0f}",
        f"cover    {found.cover:10.0f} ms for a letter, {found.cover_parcel:.0f} ms for a parcel; "
        f"the directory is read in {found.read:.0f} ms",
    ]
