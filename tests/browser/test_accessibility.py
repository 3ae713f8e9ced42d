"""Everybody can use the page: in every state and language axe-core objects to nothing, and nothing needs scrolling
sideways at 320 pixels or at 200 %. Pictures to look at come to lie in `build/screenshots`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
from PIL import Image, ImageStat

from tests.browser import altered, client, reporting, tour
from tests.browser.altered import AlteredRig
from tests.browser.firefox import Firefox
from tests.browser.fixtures import Reachable, relay_nearby
from tests.browser.page import Page
from tests.browser.settings import SAFER, SAFEST
from tests.browser.test_page import third_language
from tests.rig import ONION

pytestmark = pytest.mark.slow

SCREENSHOTS: Final = Path(__file__).parents[2] / "build" / "screenshots"
WIDTHS: Final = (360, 1280)
THEMES: Final = ("light", "dark")
# Windows in which nothing may reach beyond the sides: width, and the browser's zoom.
NARROW: Final = ((320, 1.0), (640, 2.0))
HEIGHT: Final = 800
ALL_STATES: Final = (*tour.STATES, *tour.SAFEST_STATES)


@dataclass
class Seen:
    """What was found in each state and language."""

    objections: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    overflows: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def look(self, name: str, page: Page, *, language: str, other: Page | None = None) -> None:
        """Take pictures, ask axe, and make the window narrow. `other`: the same page where it has script."""
        able = other or page
        for width in WIDTHS:
            for theme, shown in zip(THEMES, (page, able), strict=True):
                path = picture(name, language, width, theme)
                shown.screenshot(path, width + scrollbar(shown, width), HEIGHT, dark=theme == "dark")
        self.objections[name, language] = able.axe()
        self.overflows[name, language] = too_wide(page)


def picture(name: str, language: str, width: int, theme: str) -> Path:
    """Where a picture of that state lies."""
    return SCREENSHOTS / f"{name}-{language}-{width}-{theme}.png"


def scrollbar(page: Page, width: int) -> int:
    """How much of a window of this width the bar at its side takes, which is on no picture."""
    page.set_viewport(width, HEIGHT)
    taken: int = page.evaluate("() => innerWidth - document.documentElement.clientWidth")
    return taken


def too_wide(page: Page) -> list[str]:
    """What does not fit a narrow window or a large zoom."""
    found = []
    for width, zoom in NARROW:
        page.set_viewport(width, HEIGHT)
        page.set_zoom(zoom)
        page.wait_for(f"document.documentElement.clientWidth <= {width / zoom}")
        found += page.overflows()
    page.set_zoom(1)
    page.set_viewport(1280, HEIGHT)
    return found


def relay(folder: Path, site: dict[str, bytes]) -> AlteredRig:
    rig: AlteredRig = reporting.page_rig(folder / "relay", AlteredRig, onion=ONION, site=site)
    return rig


@pytest.fixture(scope="module")
def near(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reachable]:
    client.node()
    folder = tmp_path_factory.mktemp("near")
    with relay_nearby(relay(folder, altered.pages(folder)), folder) as reachable:
        yield reachable


@pytest.fixture(scope="module")
def seen(near: Reachable, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """Every state in every language, with script and without."""
    found = Seen()
    for old in SCREENSHOTS.glob("*.png"):
        old.unlink()

    def look(name: str, page: Page) -> None:
        for language in reporting.LANGUAGES:
            reporting.speak(page, language)
            page.evaluate("() => scrollTo(0, 0)")
            found.look(name, page, language=language)
            assert reporting.state(page) == tour.STATES[name]
        reporting.speak(page, "es")

    with Firefox.launch(SAFER, proxy=near.proxy) as able:
        tour.with_script(near, able, tmp_path_factory.mktemp("files"), look)
        copy = able.page()

        def look_still(name: str, page: Page) -> None:
            page.copy_to(copy)
            for language in reporting.LANGUAGES:
                reporting.speak(page, language)
                reporting.speak(copy, language)
                found.look(name, page, language=language, other=copy)

        with Firefox.launch(SAFEST, proxy=near.proxy) as still:
            tour.without_script(near, still, look_still)
    return found


def test_axe_objects_to_nothing_in_any_state_or_language(seen: Seen) -> None:
    assert sorted(seen.objections) == sorted((name, one) for name in ALL_STATES for one in reporting.LANGUAGES)
    assert {where: found for where, found in seen.objections.items() if found} == {}


def test_nothing_needs_scrolling_sideways_at_320_pixels_or_200_percent(seen: Seen) -> None:
    assert len(seen.overflows) == len(ALL_STATES) * len(reporting.LANGUAGES)
    assert {where: found for where, found in seen.overflows.items() if found} == {}


def test_there_is_a_picture_of_every_state_in_every_language_width_and_theme(seen: Seen) -> None:
    wanted = {
        picture(name, language, width, theme)
        for name in ALL_STATES
        for language in reporting.LANGUAGES
        for width in WIDTHS
        for theme in THEMES
    }
    assert set(SCREENSHOTS.glob("*.png")) == wanted
    assert len({hashlib.sha256(path.read_bytes()).digest() for path in wanted}) == len(wanted)
    for path in wanted:
        with Image.open(path) as image:
            assert image.width == int(path.stem.split("-")[-2])
            (brightness,) = ImageStat.Stat(image.convert("L")).mean
        assert brightness < 80 if path.stem.endswith("dark") else brightness > 175, path.name


def test_a_language_written_from_right_to_left_fits_too(tmp_path: Path) -> None:
    locale = tmp_path / "locale"
    locale.mkdir()
    third_language(locale)
    found: dict[str, list[str]] = {}

    def look(name: str, page: Page) -> None:
        reporting.speak(page, "ar")
        assert page.evaluate("() => getComputedStyle(document.body).direction") == "rtl"
        found[name] = too_wide(page)
        reporting.speak(page, "es")

    site = altered.pages(tmp_path, locale=locale)
    with (
        relay_nearby(relay(tmp_path, site), tmp_path) as reachable,
        Firefox.launch(SAFER, proxy=reachable.proxy) as able,
        Firefox.launch(SAFEST, proxy=reachable.proxy) as still,
    ):
        tour.with_script(reachable, able, tmp_path, look)
        tour.without_script(reachable, still, look)
    assert found == {name: [] for name in ALL_STATES}
