"""Published alerts are read under a relay's address: at Safest as a list and a picture, with script as a map that
grows; of what a publisher signs no other script runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from PIL import Image

from onion_service.site import map_script
from tests.browser import client
from tests.browser.alerts_site import SITE_SCREENSHOTS, AlertsRig, files, put
from tests.browser.client_in_firefox import serving
from tests.browser.firefox import Firefox
from tests.browser.fixtures import Onion, Reachable, relay_behind, relay_nearby
from tests.browser.page import Page
from tests.browser.proxy import proxying
from tests.browser.settings import PLAIN, SAFER, SAFEST
from tests.browser.test_accessibility import THEMES, WIDTHS, scrollbar, too_wide
from tests.privacy.mutants import caught
from tests.rig import ONION

pytestmark = pytest.mark.slow

PAGES: Final = (
    "index.html", "verify.html", "place/mx-monterrey.html", "topic/reten.html",
    "en/index.html", "en/verify.html", "en/place/mx-tijuana.html", "en/topic/desaparicion.html",
)  # fmt: skip
MONTERREY: Final = ".spot[data-href='place/mx-monterrey.html']"
OWNED: Final = "void (document.documentElement.dataset.owned = 'yes');"
HOSTILE: Final = f"""<!doctype html><html lang="es"><head><meta charset="utf-8"><title>x</title>
<link rel="icon" href="data:,"><script>{OWNED}</script><script type="module">{OWNED}</script>
<script src="evil.js"></script><script type="module" src="evil.js"></script></head>
<body><img src="nothing.png" onerror="{OWNED}" alt=""><a id="go" href="javascript:{OWNED}">go</a>
<div id="map"><div id="map-window"></div><p id="map-chosen"></p><output id="map-zoom"></output>
<img id="map-picture" alt=""><svg id="map-drawing" viewBox="0 0 9 9"><g id="map-shapes">
<g class="spot" data-title="&lt;img src=x onerror={OWNED}&gt;" data-href="javascript:{OWNED}">
<rect id="spot" width="9" height="9"/></g></g></svg></div>
<script type="module">%s</script></body></html>"""


@pytest.fixture(scope="module")
def near(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reachable]:
    folder = tmp_path_factory.mktemp("alerts")
    published = files() | {"evil.html": hostile(), "evil.js": OWNED.encode()}
    rig = AlertsRig(folder / "relay", onion=ONION, round_seconds=86_400, alerts=put(folder / "published", published))
    with relay_nearby(rig, folder) as reachable:
        yield reachable


@pytest.fixture(scope="module")
def able(near: Reachable) -> Iterator[Page]:
    client.node()
    with Firefox.launch(SAFER, proxy=near.proxy) as firefox:
        yield firefox.open(f"{near.url}alerts/")


def hostile() -> bytes:
    return (HOSTILE % map_script()).encode()


def pictures(name: str, page: Page, *, themes: tuple[str, ...] = THEMES) -> None:
    for width in WIDTHS:
        for theme in themes:
            path = SITE_SCREENSHOTS / f"{name}-{width}-{theme}.png"
            page.screenshot(path, width + scrollbar(page, width), 800, dark=theme == "dark")


def zoom(page: Page) -> float:
    found: float = page.evaluate("() => parseFloat(document.querySelector('#map-zoom').textContent)")
    drawn: float = page.evaluate(
        "() => +document.querySelector('#map-shapes').getAttribute('transform').match(/scale\\(([\\d.]+)\\)/)[1]"
    )
    assert found == pytest.approx(drawn, rel=0.1)
    return drawn


def test_with_script_the_map_grows_by_keys_wheel_and_buttons(near: Reachable, able: Page) -> None:
    able.open(f"{near.url}alerts/")
    able.wait_for("!document.querySelector('#map').hidden")
    assert able.evaluate("() => document.querySelector('#map-picture').checkVisibility()") is False
    assert zoom(able) == 1
    pictures("map", able)
    able.set_viewport(1280, 800)
    able.evaluate("() => document.querySelector('#map-window').focus()")
    able.press("+", "+")
    assert zoom(able) == pytest.approx(4)
    able.press("ArrowRight", "-")
    assert zoom(able) == pytest.approx(2)
    before = zoom(able)
    able.turn_wheel("#map-window", -300)
    able.wait_for(f"parseFloat(document.querySelector('#map-zoom').textContent) > {before}")
    able.click("#map-all")
    assert zoom(able) == 1
    able.click("#map-closer")
    for _ in range(6):
        able.turn_wheel(f"{MONTERREY} .rim", -500)
    able.wait_for("parseFloat(document.querySelector('#map-zoom').textContent) > 100")
    assert able.evaluate("() => +document.querySelector('#map-shapes').dataset.level") == 5
    across = able.evaluate("one => one.getBoundingClientRect().width", able.find(f"{MONTERREY} .outline"))
    assert across > 50, "the cell has not grown"
    pictures("map-grown", able, themes=("light",))
    able.set_viewport(1280, 800)
    assert able.errors == []


def test_what_is_pressed_on_is_named_and_leads_to_its_page(near: Reachable, able: Page) -> None:
    able.open(f"{near.url}alerts/en/index.html")
    able.wait_for("!document.querySelector('#map').hidden")
    able.click(".spot[data-href='../en/place/mx-monterrey.html'] .mark")
    able.wait_for("document.querySelector('#map-chosen a')")
    assert "Monterrey, Nuevo León" in able.text("#map-chosen")
    able.click("#map-chosen a")
    able.wait_for("location.pathname.endsWith('/en/place/mx-monterrey.html')")
    assert able.text("h1") == "Alerts in Monterrey, Nuevo León"


def test_axe_objects_to_nothing_and_nothing_is_too_wide_with_script_and_without(near: Reachable, able: Page) -> None:
    objections = {}
    for name in PAGES:
        able.open(f"{near.url}alerts/{name}")
        looks = ["with"]
        if name.endswith("index.html"):
            able.wait_for("!document.querySelector('#map').hidden")
            looks.append("without")
        for look in looks:
            if look == "without":
                # What a browser without script shows.
                able.evaluate("""() => { document.querySelector('#map').hidden = true;
                                         document.querySelector('#map-picture').hidden = false; }""")
            for width in WIDTHS:
                able.set_viewport(width, 800)
                objections[name, look, str(width)] = able.axe()
            able.set_dark(True)
            objections[name, look, "dark"] = able.axe()
            able.set_dark(False)
            objections[name, look, "narrow"] = too_wide(able)
    assert len(objections) == (len(PAGES) + 2) * 4
    assert {where: found for where, found in objections.items() if found} == {}


def nothing_of_the_publisher_runs(page: Page, url: str) -> None:
    page.errors.clear()
    page.open(url)
    page.click("#go")
    page.click("#spot")
    assert page.evaluate("() => document.documentElement.dataset.owned") is None, "a publisher's script ran"
    assert page.evaluate("() => document.querySelector('#map-chosen a')") is None, "a way out of the publication"


def test_no_other_script_of_a_publisher_runs(near: Reachable, able: Page, tmp_path: Path) -> None:
    nothing_of_the_publisher_runs(able, f"{near.url}alerts/evil.html")
    assert any("Content-Security-Policy" in error for error in able.errors)
    # The map's own script did run there.
    assert "onerror" in able.text("#map-chosen")
    answers = {"/alerts/evil.html": ("text/html", hostile()), "/alerts/evil.js": ("text/javascript", OWNED.encode())}
    with (
        serving(answers, at=tmp_path / "pages"),
        proxying(tmp_path) as proxy,
        Firefox.launch(PLAIN, proxy=proxy) as firefox,
    ):
        proxy.lead(ONION, tmp_path / "pages")
        page = firefox.page()
        mutant = "a server without the policy"
        caught("alerts", mutant, nothing_of_the_publisher_runs, page, f"http://{ONION}/alerts/evil.html")


def test_a_copy_is_read_from_the_disk_without_any_server(near: Reachable) -> None:
    assert isinstance(near.rig, AlertsRig)
    place = near.rig.alerts / "current" / "index.html"
    with Firefox.launch(SAFER, proxy=near.proxy) as firefox:
        before = list(near.proxy.asked)
        page = firefox.open(place.as_uri())
        page.wait_for("!document.querySelector('#map').hidden")
        page.evaluate("() => document.querySelector('#map-window').focus()")
        page.press("+")
        assert zoom(page) == pytest.approx(2)
        page.click("a[href='place/mx-monterrey.html']")
        page.wait_for("document.querySelector('.map img')?.naturalWidth > 0")
        assert page.text("h1") == "Alertas en Monterrey, Nuevo León"
        assert near.proxy.asked == before


@pytest.mark.tor
def test_at_safest_over_tor_the_list_and_the_picture_of_the_map_are_read(browser_onion: Onion, tmp_path: Path) -> None:
    rig = AlertsRig(
        tmp_path / "relay",
        onion=browser_onion.address,
        round_seconds=86_400,
        alerts=put(tmp_path / "published", files()),
    )
    with relay_behind(browser_onion, rig, tmp_path) as relay, Firefox.launch(SAFEST, proxy=relay.proxy) as firefox:
        page = firefox.open(f"{relay.url}alerts/")
        assert page.evaluate("() => document.querySelector('#map-picture').naturalWidth") == 1_000
        assert page.evaluate("() => document.querySelector('#map').checkVisibility()") is False
        for words in ("Retén en la salida", "Corregida (versión 2)", "Retirada (versión 2)", "Monterrey"):
            assert words in page.text("main")
        pictures("safest", page, themes=("light",))
        page.set_viewport(1280, 800)
        page.click("#places ~ ul a[href='place/mx-monterrey.html']")
        page.wait_for("location.pathname.endsWith('/place/mx-monterrey.html') && document.readyState === 'complete'")
        assert page.evaluate("() => document.querySelector('.map img').naturalWidth") == 640
        assert "Hombres armados" in page.text("main")
        pictures("safest-place", page, themes=("light",))
        assert page.errors == []
        assert relay.proxy.hosts == {f"{rig.onion}:80"}
        assert {one.status for one in relay.gate.passed("GET", "/alerts/*")} == {200}
    for name in ("safest", "safest-place"):
        with Image.open(SITE_SCREENSHOTS / f"{name}-1280-light.png") as picture:
            assert len(picture.convert("RGB").getcolors(1 << 24) or []) > 30, "a picture of nothing"
