"""Leaving takes everything away at once; closing a page that holds something unsent is asked about, and no other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final

import pytest

from tests.browser import altered, client, reporting
from tests.browser.altered import AlteredRig
from tests.browser.bidi import BidiError
from tests.browser.firefox import Firefox
from tests.browser.fixtures import Reachable, relay_nearby
from tests.browser.page import Page
from tests.browser.settings import SAFER
from tests.rig import ONION

pytestmark = pytest.mark.slow

ESCAPE_SECONDS: Final = 2.0
# Longer than the page's pace, so that what goes on would be seen.
QUIET_SECONDS: Final = 2.5 * altered.PACE
ON_ITS_WAY_SECONDS: Final = altered.PACE


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
def page(near: Reachable, firefox: Firefox) -> Iterator[Page]:
    """The form, with another page of the relay behind it in the tab's history."""
    near.gate.let_through()
    opened = firefox.open(f"{near.url}rounds/0")
    opened.open(near.url)
    reporting.wait_state(opened, "write")
    yield opened
    opened.close()


def click_leave(page: Page) -> None:
    """The button that is always in view."""
    page.click("#leave")


def press_escape(page: Page) -> None:
    """Three times, quickly."""
    page.press("Escape", "Escape", "Escape")


def is_gone(near: Reachable, page: Page) -> None:
    """The proof: a blank page, nothing on the line any more, and no way back to what was written."""
    page.wait_for("location.href === 'about:blank'")
    # What left the browser before that may still have been on its way to the gate.
    time.sleep(ON_ITS_WAY_SECONDS)
    asked = reporting.asked(near.gate)
    time.sleep(QUIET_SECONDS)
    assert reporting.asked(near.gate) == asked
    assert page.prompts == []
    page.back()
    page.wait_for("location.pathname === '/rounds/0'")
    assert reporting.TEXT[:20] not in page.text()
    page.evaluate("() => { history.forward(); }")
    page.wait_for("location.href === 'about:blank'")
    assert page.text() == ""


@pytest.mark.parametrize("leave", [click_leave, press_escape])
def test_leaving_takes_the_page_and_what_was_written_away(
    near: Reachable, page: Page, leave: Callable[[Page], None]
) -> None:
    reporting.write(page)
    leave(page)
    is_gone(near, page)


def test_leaving_takes_what_is_on_its_way_away_too(near: Reachable, page: Page) -> None:
    near.gate.answer_503("/cells")
    reporting.write(page)
    reporting.check(page)
    page.click("#send")
    reporting.wait_text(page, "#progress", "lleno")
    press_escape(page)
    near.gate.let_through()
    is_gone(near, page)
    near.running.wait_round(near.running.announced()[0].round_number)
    assert near.rig.reports(near.rig.partners[0]) == []


def test_two_escapes_do_nothing_and_neither_does_a_slow_third(page: Page) -> None:
    page.type("#text", reporting.TEXT)
    page.press("Escape", "Escape")
    time.sleep(ESCAPE_SECONDS + 0.1)
    page.press("Escape")
    assert (reporting.state(page), reporting.value(page, "#text")) == ("write", reporting.TEXT)


def is_asked(near: Reachable, page: Page) -> bool:
    """Whether the browser asks before it goes elsewhere; where it asks, it is told to stay."""
    page.prompts.clear()
    page.leave_for(f"{near.url}rounds/1")
    deadline = time.monotonic() + reporting.SOON
    while not page.prompts:
        if page.url.endswith("/rounds/1"):
            return False
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert page.prompts == ["beforeunload"]
    page.answer_prompt(accept=False)
    return True


def test_the_browser_asks_as_long_as_something_is_unsent(near: Reachable, page: Page) -> None:
    reporting.write(page)
    assert is_asked(near, page)
    assert reporting.value(page, "#text") == reporting.TEXT
    reporting.check(page)
    assert is_asked(near, page)
    near.gate.answer_503("/cells")
    page.click("#send")
    reporting.wait_text(page, "#progress", "lleno")
    assert is_asked(near, page)
    near.gate.let_through()
    reporting.wait_state(page, "sent")
    assert not is_asked(near, page)


def test_the_browser_does_not_ask_where_nothing_was_written(near: Reachable, page: Page) -> None:
    page.click("label[for=when-today]")
    page.type("#text", "x")
    page.press("Backspace")
    assert not is_asked(near, page)


def close(page: Page) -> None:
    """Close the tab as a person does: the page is asked first."""
    with suppress(BidiError, TimeoutError):
        page.close(warn=True)


def load_again(page: Page) -> None:
    """Load the page again as a person does."""
    with suppress(BidiError, TimeoutError):
        page.reload()


@pytest.mark.parametrize("go", [close, load_again])
def test_closing_and_loading_again_are_asked_about_too(
    near: Reachable, firefox: Firefox, go: Callable[[Page], None]
) -> None:
    page = firefox.open(near.url)
    page.type("#text", "Vi algo.")
    # The browser does not answer a test either while it waits for a person's answer.
    going = threading.Thread(target=go, args=(page,), daemon=True)
    going.start()
    deadline = time.monotonic() + reporting.SOON
    while not page.prompts and time.monotonic() < deadline:
        time.sleep(0.05)
    assert page.prompts == ["beforeunload"]
    page.answer_prompt(accept=False)
    assert reporting.value(page, "#text") == "Vi algo."
    page.click("#leave")
    page.wait_for("location.href === 'about:blank'")


def test_after_an_error_what_was_written_is_still_asked_about(near: Reachable, page: Page) -> None:
    reporting.write(page)
    reporting.break_script(page)
    assert is_asked(near, page)
    assert reporting.value(page, "#text") == reporting.TEXT
