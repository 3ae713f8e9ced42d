"""How long a reporter's browser works: Firefox with Tor Browser's settings at Safer, nothing compiled.

What is measured is the page's own script, alone (`Work`), and the page itself at a relay without tor (`Way`): the way
from its first byte to the relay's 202 for a report's letter, less the wait for the letter's tick, which is the pace's.
"""

import io
import tempfile
import time
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median
from typing import Final

from PIL import Image, ImageDraw

from onion_service import site
from tests.browser import altered
from tests.browser.altered import AlteredRig
from tests.browser.client_in_firefox import firefox_client
from tests.browser.firefox import Firefox
from tests.browser.fixtures import relay_nearby
from tests.browser.page import Page
from tests.browser.road import Road as Keys
from tests.browser.settings import SAFER
from tests.rig import Rig

TIMES: Final = 5
SIZE: Final = (4_000, 3_000)
_SENTENCE: Final = "Vi a tres hombres bajar de una camioneta blanca, placas ABC-12-34, frente al 55 1234 5678. "
LONGEST: Final = (_SENTENCE * 300)[:20_000]
SHORT: Final = _SENTENCE * 10
# The wait for the tick is taken off; with a quick pace it is not waited for first.
QUICK: Final = {"pacing.js": [("PACE_SECONDS = 60;", "PACE_SECONDS = 10;")]}
ROUND_SECONDS: Final = 3_600
_QUEUED: Final = "Tu informe sale en menos de un minuto."


@dataclass(frozen=True, slots=True)
class Work:
    """Medians of the script's work in milliseconds, and how large the two photos of `SIZE` are."""

    start_seconds: float
    took: dict[str, float]
    jpeg_bytes: int
    png_bytes: int


@dataclass(frozen=True, slots=True)
class Way:
    """A report's way: what was asked for until it had left, bytes with their heads, and seconds for each step."""

    requests: int
    down: int
    up: int
    opened: float
    checked: float
    sealed: float
    brought: float


def photos() -> tuple[bytes, bytes]:
    """A JPEG and a PNG of twelve million pixels, about as large as a telephone makes them."""
    chance = Random(12)
    picture = Image.merge("RGB", [Image.effect_noise(SIZE, 20) for _ in range(3)])
    draw = ImageDraw.Draw(picture)
    for _ in range(130):
        x, y, size = chance.randrange(SIZE[0]), chance.randrange(SIZE[1]), chance.randrange(20, 500)
        draw.ellipse((x, y, x + size, y + size), fill=(chance.randrange(256), chance.randrange(256), 99))
    jpeg, png = io.BytesIO(), io.BytesIO()
    picture.save(jpeg, "JPEG", quality=85)
    # As of a screen: few colours, and less noise than a lens has.
    picture.quantize(32).convert("RGB").save(png, "PNG")
    return jpeg.getvalue(), png.getvalue()


def work(times: int = TIMES) -> Work:
    """What the script takes; the first of each is left out, because it pays for what is made once."""
    keys = Keys.fresh(1)
    jpeg, png = photos()
    paths = {"jpeg": "/photo.jpg", "png": "/photo.png"}
    with (
        tempfile.TemporaryDirectory() as folder,
        firefox_client(Path(folder), photos={"/photo.jpg": jpeg, "/photo.png": png}) as firefox,
    ):
        took = firefox.figures(
            answer=b64encode(keys.answer()).decode(),
            card=keys.card(),
            now=keys.now,
            to=["partner-0", "partner-1"],
            text=LONGEST,
            times=times + 1,
            photos=paths,
        )
        return Work(firefox.start_seconds, {name: median(each[1:]) for name, each in took.items()}, len(jpeg), len(png))


def way() -> Way:
    """One report on the page as it is served, but with a quick pace, and written in no time."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rig = AlteredRig(folder / "relay", round_seconds=ROUND_SECONDS, site=altered.pages(folder, QUICK))
        with (
            relay_nearby(rig, folder) as relay,
            Firefox.launch(SAFER, proxy=relay.proxy) as firefox,
        ):
            page = firefox.page()
            page.open(relay.url, wait="none")
            page.wait_for("document.documentElement.dataset.state === 'write'")
            opened = time.monotonic()
            page.evaluate("text => { document.querySelector('#text').value = text; }", SHORT)
            checked = _seconds(page, "#to-check", "document.documentElement.dataset.state === 'check'")
            sealed = _seconds(page, "#send", f"document.querySelector('#progress').textContent.includes('{_QUEUED}')")
            queued = time.monotonic()
            page.wait_for("document.documentElement.dataset.state === 'sent'")
            passed = sorted(relay.gate.exchanges, key=lambda one: one.began)
    letter = next(one for one in passed if one.path == "/cells" and one.began > queued)
    until = [one for one in passed if one.began <= letter.began]
    return Way(
        requests=len(until),
        down=sum(len(one.answer_head) + one.answer_size for one in until),
        up=sum(len(one.head) + len(one.body) for one in until),
        opened=opened - passed[0].began,
        checked=checked,
        sealed=sealed,
        brought=letter.ended - letter.began,
    )


def _seconds(page: Page, button: str, until: str) -> float:
    """From the moment that a button is pressed until something is so."""
    element = page.find(button)
    began = time.monotonic()
    page.evaluate("element => { element.click(); }", element)
    page.wait_for(until)
    return time.monotonic() - began


def lines(work: Work, way: Way) -> list[str]:
    """The figures as `make bench` prints them."""
    took = work.took
    built = len(site.page(Rig(Path()).root.signing.verifying_key))
    wrap = took["wrap"] / 1_000
    steps = {"open": way.opened, "check": way.checked, "seal": way.sealed, "wrap": wrap, "bring": way.brought}
    cleaned = {"JPEG": (took["jpeg"], work.jpeg_bytes), "PNG": (took["png"], work.png_bytes)}
    pixels = f"{SIZE[0]} x {SIZE[1]}"
    return [
        f"page     {built:10,} bytes built, {site.PAGE_LEN:,} served; Firefox started in {work.start_seconds:.1f} s",
        f"letter   {took['seal']:10.0f} ms to seal it to 2 partners, {took['wrap']:.0f} ms to wrap it",
        f"cover    {took['cover']:10.0f} ms; the directory is read in {took['read']:.0f} ms",
        f"parcel   {took['parcel']:10.0f} ms to seal it to 2 partners, {took['wrapParcel']:.0f} ms to wrap it",
        *(
            f"photo    {milliseconds:10.0f} ms to clean a {kind} of {pixels} pixels and {size / 1e6:.1f} MB"
            for kind, (milliseconds, size) in cleaned.items()
        ),
        f"marks    {took['identify']:10.0f} ms to find what may identify a writer in {len(LONGEST):,} characters",
        f"way      {sum(steps.values()):10.2f} s from the page's first byte to the 202 of a letter, without the pace: "
        + ", ".join(f"{step} {seconds:.2f}" for step, seconds in steps.items()),
        f"         {way.requests:10} requests until it had left, {way.down:,} bytes down, {way.up:,} up; without tor",
    ]
