"""A whole report is written, checked and sent by keyboard alone; the cursor is always seen, and caught nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.browser import altered, client, reporting
from tests.browser.altered import AlteredRig
from tests.browser.firefox import Firefox
from tests.browser.fixtures import Reachable, relay_nearby
from tests.browser.page import Page
from tests.browser.settings import SAFER
from tests.rig import ONION

pytestmark = pytest.mark.slow

MOST_TABS: Final = 60
# Tab pressed again before the browser has drawn, as no person could, makes it forget where it was moving to.
_DRAWN: Final = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"

# Where the cursor is; whether a person sees that it is there, and whether nothing lies above it.
_CURSOR: Final = """() => {
  const one = document.activeElement;
  if (one === null || one === document.body) return null;
  const shown = one.matches("input[name=lang], input[type=file]") ? one.nextElementSibling : one;
  const { outlineStyle, outlineWidth } = getComputedStyle(shown);
  const { top, bottom, left, right } = shown.getBoundingClientRect();
  const bar = document.querySelector(".bar");
  const free = bar.contains(one) ? 0 : bar.getBoundingClientRect().bottom;
  return {
    what: one.id || one.textContent.trim().slice(0, 40),
    isSeen: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2,
    isInView: bottom > free && top < innerHeight && right > 0 && left < innerWidth,
  };
}"""

# Every stop of the Tab key that is shown, in the order of the page; of radio buttons in a group the chosen one.
_STOPS: Final = """() => {
  const all = [...document.querySelectorAll("a[href], button, input, textarea, summary")];
  return all.filter((one) => one.checkVisibility() && !one.disabled && (one.type !== "radio" || one.checked))
    .map((one) => one.id || one.textContent.trim().slice(0, 40));
}"""


@pytest.fixture(scope="module")
def near(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reachable]:
    client.node()
    folder = tmp_path_factory.mktemp("near")
    rig = reporting.page_rig(folder / "relay", AlteredRig, onion=ONION, site=altered.pages(folder))
    with relay_nearby(rig, folder) as reachable:
        yield reachable


@pytest.fixture(scope="module")
def firefox(near: Reachable) -> Iterator[Firefox]:
    with Firefox.launch(SAFER, proxy=near.proxy) as launched:
        yield launched


@pytest.fixture
def page(near: Reachable, firefox: Firefox) -> Page:
    """The form, in a window as small as a telephone's."""
    opened = firefox.open(near.url)
    opened.set_viewport(360, 640)
    reporting.wait_state(opened, "write")
    return opened


def step(page: Page, *, back: bool = False) -> str:
    """One press of Tab, or of Shift and Tab; where the cursor is then, which is seen."""
    page.press("Tab", holding=("Shift",) if back else ())
    page.evaluate(_DRAWN)
    at = page.evaluate(_CURSOR)
    if at is None:
        return ""
    assert at["isSeen"], f"the cursor is on {at['what']} and cannot be seen"
    assert at["isInView"], f"the cursor is on {at['what']}, out of view"
    what: str = at["what"]
    return what


def go(page: Page, css: str, *, back: bool = False) -> None:
    """Press Tab until the cursor is there."""
    for _ in range(MOST_TABS):
        step(page, back=back)
        if page.evaluate("css => document.activeElement.matches(css)", css):
            return
    raise AssertionError(f"the Tab key does not come to {css}")


def on_heading(page: Page) -> bool:
    """Whether the cursor is on the heading that is shown."""
    found: bool = page.evaluate(
        "() => document.activeElement.tagName === 'H1' && document.activeElement.checkVisibility()"
    )
    return found


def fill_in(page: Page, picture: Path) -> None:
    """All of the form, after a look at the other language and at the advice."""
    go(page, "#l-es")
    page.press("ArrowRight")
    assert "Tell what you saw" in page.text("main")
    page.press("ArrowLeft")
    go(page, "#leave")
    go(page, "summary")
    page.press("Enter")
    assert "No pongas tu nombre" in page.text("main")
    go(page, "#text")
    page.write("Se llevaron a dos muchachos.\nMi hermano lo vio.")
    go(page, "input[name=topic]")
    page.press("ArrowUp")
    go(page, "#place")
    page.write("oax")
    go(page, "#places button[data-id=oaxaca]")
    page.press("Enter")
    assert page.evaluate("() => document.activeElement.id") == "place-clear"
    go(page, "#where")
    page.write("cerca del mercado")
    go(page, "input[name=when]")
    page.press("ArrowUp")
    go(page, "#files")
    picture.write_bytes(reporting.photo())
    # The dialog is the browser's and needs a person.
    page.set_files("#files", [picture, picture])
    page.wait_for("document.querySelectorAll('#file-list li button').length === 2")
    go(page, "#file-list li:last-child button")
    page.press("Enter")
    assert page.evaluate("() => document.activeElement.id") == "files"
    go(page, "#partner-partner-1")
    page.press("Space")
    go(page, "summary")
    page.press("Space")
    assert page.evaluate("() => document.activeElement.parentElement.open")
    go(page, "#partner-partner-0", back=True)


def test_a_whole_report_is_sent_without_a_mouse(near: Reachable, page: Page, tmp_path: Path) -> None:
    fill_in(page, tmp_path / "playa.jpg")
    go(page, "#to-check")
    page.press("Enter")
    reporting.wait_state(page, "check")
    assert on_heading(page)
    go(page, "#back")
    page.press("Enter")
    reporting.wait_state(page, "write")
    assert on_heading(page)
    go(page, "#to-check")
    page.press("Space")
    reporting.wait_state(page, "check")
    assert "2" not in page.text("#review-files")
    go(page, "#send")
    page.press("Enter")
    reporting.wait_state(page, "sending", "sent")
    assert on_heading(page)
    reporting.wait_state(page, "sent")
    assert on_heading(page)
    go(page, "#ask-round")
    page.press("Enter")
    reporting.wait_text(page, "#round", "UTC")
    go(page, "#another")
    page.press("Enter")
    assert on_heading(page)
    assert reporting.value(page, "#text") == ""
    ((report, photos),) = reporting.arrived(near, near.rig.partners[0])
    assert (report.topic, report.place, report.where) == ("extortion", "oaxaca", "cerca del mercado")
    assert (report.when.value, report.text) == ("earlier", "Se llevaron a dos muchachos.\nMi hermano lo vio.")
    assert len(photos) == len(report.attachments) == 1
    assert near.rig.reports(near.rig.partners[1]) == []


def test_the_cursor_comes_to_everything_in_order_and_is_caught_nowhere(page: Page, tmp_path: Path) -> None:
    picture, paper = tmp_path / "playa.jpg", tmp_path / "denuncia.pdf"
    picture.write_bytes(reporting.photo())
    paper.write_bytes(b"%PDF-1.7 nothing in it")
    reporting.write(page, files=[picture, paper])
    page.type("#place", "san")
    round_trip(page)
    page.click("#file-list li:nth-child(2) .row button")
    reporting.check(page)
    round_trip(page)
    page.click("#back")
    reporting.break_script(page)
    assert on_heading(page)
    round_trip(page)
    go(page, "#retry")
    page.press("Enter")
    reporting.wait_state(page, "write")
    assert reporting.value(page, "#text") == reporting.TEXT


def round_trip(page: Page) -> None:
    """From the page's beginning to its end by Tab, and back."""
    stops = page.evaluate(_STOPS)
    assert len(stops) >= 3
    page.evaluate("() => document.activeElement.blur()")
    page.evaluate("() => { getSelection().removeAllRanges(); scrollTo(0, 0); }")
    page.evaluate("() => document.querySelector('input[name=lang]:checked').focus()")
    assert [stops[0], *(step(page) for _ in stops[1:])] == stops
    assert [stops[-1], *(step(page, back=True) for _ in stops[1:])] == stops[::-1]
