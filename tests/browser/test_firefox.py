"""Firefox as the tests drive it: its settings hold, it has one way out, and a person's deeds reach the page."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psutil
import pytest
from PIL import Image

from onion_service.site import PAGE_LEN
from tests.browser.bidi import BidiError
from tests.browser.client_in_firefox import serving
from tests.browser.firefox import Firefox
from tests.browser.fixtures import Reachable, near_relay, onion_relay
from tests.browser.page import Page, ScriptError
from tests.browser.proxy import Proxy, proxying
from tests.browser.settings import PLAIN, SAFER, SAFEST, user_js

__all__ = ["near_relay", "onion_relay"]

pytestmark = pytest.mark.slow

HOST: Final = "c" * 56 + ".onion"
URL: Final = f"http://{HOST}/"
GOOD: Final = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Good</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; img-src data:;
 style-src 'unsafe-inline'; require-trusted-types-for 'script'; trusted-types 'none'">
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<style>body { background: #fff; color: #000 } button, input { min-height: 44px }
@media (prefers-color-scheme: dark) { body { background: #000; color: #fff } }</style></head>
<body><main><h1>Good</h1><label>Words <textarea id="words"></textarea></label>
<label>Files <input id="files" type="file" multiple></label><button id="count">Count</button>
<noscript><p id="without">Without script.</p></noscript></main>
<script>
  document.querySelector("#count").addEventListener("click", () => { document.title += "!"; });
  let escapes = 0;
  addEventListener("keydown", ({ key }) => { if (key === "Escape") document.body.dataset.escapes = ++escapes; });
  addEventListener("beforeunload", (event) => { if (document.querySelector("#words").value) event.preventDefault(); });
</script></body></html>"""
BAD: Final = GOOD.replace("<main>", "<main><img src='data:,'><p style='width: 700px'>wide</p>")
LOOP: Final = """() => {
  let [best, sum] = [Infinity, 0];
  for (let time = 0; time < 5; time += 1) {
    const began = performance.now();
    for (let step = 0; step < 2e6; step += 1) sum = (sum * 31 + step) | 0;
    best = Math.min(best, performance.now() - began);
  }
  return best;
}"""


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    """A proxy that leads to two pages of these tests."""
    pages = {"/": ("text/html", GOOD.encode()), "/bad": ("text/html", BAD.encode())}
    with serving(pages, at=tmp_path / "pages"), proxying(tmp_path) as built:
        built.lead(HOST, tmp_path / "pages")
        yield built


@pytest.fixture
def page(proxy: Proxy) -> Iterator[Page]:
    """The good page in a Firefox with Tor Browser's settings."""
    with Firefox.launch(SAFER, proxy=proxy) as firefox:
        yield firefox.open(URL)


@pytest.mark.tor
def test_firefox_opens_the_onion_through_the_private_network(onion_relay: Reachable) -> None:
    with Firefox.launch(SAFER, proxy=onion_relay.proxy) as firefox:
        page = firefox.page()
        page.open(onion_relay.url)
        page.wait_for("document.documentElement.dataset.state === 'write'", 60)
        assert page.evaluate("() => [isSecureContext, typeof WebAssembly, origin]") == [
            True, "undefined", onion_relay.url.rstrip("/"),
        ]  # fmt: skip
        (got,) = onion_relay.gate.passed("GET", "/")
        assert (got.status, got.answer_size) == (200, PAGE_LEN)
    assert onion_relay.proxy.hosts == {f"{onion_relay.rig.onion}:80"}
    assert {one.path for one in onion_relay.gate.exchanges} <= {"/", "/directory", "/cells"}


def test_the_same_page_is_reached_without_tor(near_relay: Reachable) -> None:
    with Firefox.launch(SAFER, proxy=near_relay.proxy) as firefox:
        page = firefox.page()
        # The filling behind the page is a comment, so that it costs no layout (docs/spec/page.md).
        assert page.open(near_relay.url) < 5
        page.wait_for("document.documentElement.dataset.state === 'write'", 30)
    near_relay.gate.refuse()
    with Firefox.launch(SAFER, proxy=near_relay.proxy) as firefox, pytest.raises(BidiError):
        firefox.open(near_relay.url)


@pytest.mark.parametrize("settings", [SAFER, SAFEST], ids=["safer", "safest"])
def test_every_setting_is_in_effect(proxy: Proxy, settings: dict[str, bool | int | str]) -> None:
    with Firefox.launch(settings, proxy=proxy) as firefox:
        firefox.open(URL)
        assert {name: firefox.setting(name) for name in settings} == dict(settings)
        assert firefox.setting("veladora.no.such.setting") is None


def test_nothing_is_compiled_in_tor_browsers_settings(proxy: Proxy) -> None:
    took = {}
    for name, settings in (("interpreted", SAFER), ("compiled", PLAIN)):
        with Firefox.launch(settings, proxy=proxy) as firefox:
            page = firefox.open(URL)
            took[name] = page.evaluate(LOOP)
            assert page.evaluate("() => typeof WebAssembly") == {"interpreted": "undefined", "compiled": "object"}[name]
    # About five times as long; compiled code would be as quick as the other.
    assert took["interpreted"] > 2 * took["compiled"]


def test_firefox_asks_for_nothing_but_what_it_is_sent_to(proxy: Proxy) -> None:
    with Firefox.launch(SAFER, proxy=proxy) as firefox:
        firefox.open(URL)
        time.sleep(5)
        assert proxy.hosts == {f"{HOST}:80"}
        for elsewhere in ("http://example.com/", "http://127.0.0.1:8080/", "http://[::1]/"):
            with pytest.raises(BidiError):
                firefox.page().open(elsewhere)
    assert proxy.hosts == {f"{HOST}:80", "example.com:80", "127.0.0.1:8080", "::1:80"}


def test_a_connection_past_the_proxy_ends_firefox(proxy: Proxy) -> None:
    past = {**PLAIN, "network.proxy.type": 0, "network.dns.disabled": False}
    with Firefox.launch(past, proxy=proxy) as firefox, pytest.raises(BidiError, match="closed"):
        firefox.page().open("http://192.0.2.1/")
    assert proxy.asked == []


def test_it_ends_with_all_its_processes_and_leaves_no_folder(proxy: Proxy) -> None:
    with Firefox.launch(SAFER, proxy=proxy) as firefox:
        firefox.open(URL)
        family = [psutil.Process(firefox.pid), *psutil.Process(firefox.pid).children(recursive=True)]
        folder = firefox.folder
        assert len(family) > 2
        assert folder.is_dir()
    assert psutil.wait_procs(family, timeout=10)[1] == []
    assert not folder.exists()


def broken_off(proxy: Proxy, pids: list[int]) -> None:
    with Firefox.launch(SAFER, proxy=proxy) as firefox:
        pids.append(firefox.pid)
        firefox.page().find("#nowhere")


def test_it_ends_when_a_test_breaks_off(proxy: Proxy) -> None:
    pids: list[int] = []
    with pytest.raises(LookupError):
        broken_off(proxy, pids)
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


def test_a_persons_deeds_reach_the_page(page: Page, tmp_path: Path) -> None:
    words = "Vi a tres hombres. ¿Ñandú? 👁\nAdiós."
    page.type("#words", words)
    assert page.evaluate("() => document.querySelector('#words').value") == words
    page.press("a", holding=["Control"])
    page.press("Delete")
    assert page.evaluate("() => document.querySelector('#words').value") == ""
    page.press("Tab", "Tab")
    assert page.evaluate("() => document.activeElement.id") == "count"
    page.press("Enter")
    page.click("#count")
    page.wait_for("document.title === 'Good!!'")
    page.press("Escape", "Escape", "Escape")
    page.wait_for("document.body.dataset.escapes === '3'")
    for name in ("one.jpg", "two.pdf"):
        (tmp_path / name).write_bytes(name.encode())
    page.set_files("#files", [tmp_path / "one.jpg", tmp_path / "two.pdf"])
    read = "async (one) => Promise.all([...one.files].map(async (file) => [file.name, await file.text()]))"
    assert page.evaluate(read, page.find("#files")) == [["one.jpg", "one.jpg"], ["two.pdf", "two.pdf"]]
    assert page.errors == []


def test_a_page_that_is_left_may_ask_first(page: Page) -> None:
    page.type("#words", "x")
    page.leave_for("about:blank")
    page.wait_prompt("beforeunload")
    page.answer_prompt(accept=False)
    assert page.evaluate("() => document.querySelector('#words').value") == "x"
    page.leave_for("about:blank")
    page.wait_prompt("beforeunload")
    page.answer_prompt(accept=True)
    page.wait_for("location.href === 'about:blank'")


def test_what_goes_wrong_in_a_page_is_kept(page: Page) -> None:
    page.evaluate("() => { setTimeout(() => { throw new Error('on purpose'); }); }")
    page.evaluate("() => { const one = new Image(); one.src = '/not-allowed.png'; document.body.append(one); }")
    deadline = time.monotonic() + 10
    while len(page.errors) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert any("on purpose" in error for error in page.errors)
    assert any("Content-Security-Policy" in error and "not-allowed.png" in error for error in page.errors)
    with pytest.raises(ScriptError, match="in the test"):
        page.evaluate("async () => { throw new TypeError('in the test'); }")
    with pytest.raises(LookupError):
        page.find("#nowhere")
    with pytest.raises(TimeoutError):
        page.wait_for("false", seconds=0.2)


def test_a_page_is_looked_at_in_the_dark_in_every_width_and_enlarged(page: Page, tmp_path: Path) -> None:
    for width, dark, colour in ((360, True, (0, 0, 0)), (1280, False, (255, 255, 255)), (320, True, (0, 0, 0))):
        with Image.open(page.screenshot(tmp_path / "shots" / "one.png", width, 700, dark=dark)) as picture:
            assert picture.size[0] == width
            assert picture.convert("RGB").getpixel((2, 2)) == colour
    assert page.evaluate("() => matchMedia('(prefers-color-scheme: dark)').matches") is False
    page.set_viewport(1280, 900)
    page.set_zoom(2)
    assert page.evaluate("() => innerWidth") == 640


def test_axe_and_the_ruler_object_to_what_is_wrong_and_to_nothing_else(page: Page) -> None:
    page.set_viewport(320, 640)
    assert (page.axe(), page.overflows(), page.errors) == ([], [], [])
    page.open(f"{URL}bad")
    assert [found.split(" ")[0] for found in page.axe()] == ["image-alt"]
    assert page.overflows()[1:] == [found for found in page.overflows() if found.startswith("p: ")]
    assert page.overflows()[0].startswith("the page scrolls sideways: ")


def test_at_safest_a_page_has_no_script_and_can_still_be_looked_at(proxy: Proxy, page: Page) -> None:
    with Firefox.launch(SAFEST, proxy=proxy) as firefox:
        still = firefox.open(f"{URL}bad")
        assert still.text("#without") == "Without script."
        still.type("#words", "x")
        still.click("#count")
        assert still.evaluate("() => [document.title, document.querySelector('#words').value]") == ["Good", "x"]
        still.copy_to(page)
    assert page.text("#without") == "Without script."
    assert [found.split(" ")[0] for found in page.axe()] == ["image-alt"]


def test_a_setting_that_could_say_something_else_is_not_written() -> None:
    assert user_js({"a": True, "b": 1, "c": "d"}) == 'user_pref("a", true);\nuser_pref("b", 1);\nuser_pref("c", "d");\n'
    for value in ('"', "\\", "\n"):
        with pytest.raises(ValueError, match="not a value"):
            user_js({"a": value})
