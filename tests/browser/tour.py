"""Every state that a reporter can see the page in, one after the other, on a relay that a test opens and shuts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from crypto import letter
from crypto.cells import CellClass, armour
from crypto.layers import wrap
from tests.browser import reporting
from tests.browser.firefox import Firefox
from tests.browser.fixtures import Reachable
from tests.browser.page import Page

#: With script, in the order in which they come, and what the page calls each (docs/spec/page.md).
STATES: Final = {
    "opening": "opening",
    "empty": "write",
    "trouble": "write",
    "filled": "write",
    "check": "check",
    "sending": "sending",
    "waiting": "sending",
    "parcels": "sending",
    "sent": "sent",
    "round": "sent",
    "error": "error",
}
#: Without script.
SAFEST_STATES: Final = ("safest", "pasted-202", "pasted-400", "pasted-410", "pasted-503")

Look = Callable[[str, Page], None]


def with_script(relay: Reachable, firefox: Firefox, folder: Path, look: Look) -> None:
    """Go through STATES and have a look in each. The page of `relay` is a quick one (altered.QUICK)."""
    gate = relay.gate
    gate.answer_503("/directory")
    page = firefox.open(relay.url)
    page.wait_for("document.querySelector('#line').innerText !== ''")
    look("opening", page)
    gate.let_through()
    reporting.wait_state(page, "write")
    look("empty", page)
    page.click("#to-check")
    page.wait_for("document.querySelector('#text-trouble').innerText !== ''")
    look("trouble", page)
    _fill(page, folder)
    look("filled", page)
    page.click("#file-list li:nth-child(2) .row button")
    page.click("#places button[data-id=san-juan]")
    reporting.check(page)
    page.wait_for("document.querySelector('#review-files img')")
    look("check", page)
    _send(relay, page, look)
    page.click("#ask-round")
    reporting.wait_text(page, "#round", "UTC")
    look("round", page)
    page.click("#another")
    page.type("#text", reporting.TEXT)
    reporting.break_script(page)
    look("error", page)
    page.close()


def _fill(page: Page, folder: Path) -> None:
    """Everything that the form can show at once: a file that waits for a word, a fold open, places found."""
    picture, paper = folder / "playa.jpg", folder / "denuncia.pdf"
    picture.write_bytes(reporting.photo())
    paper.write_bytes(b"%PDF-1.7 nothing in it")
    reporting.write(page, files=[picture, paper])
    page.click("#partners summary")
    page.type("#place", "san")
    page.wait_for("document.querySelectorAll('#places button').length === 2")


def _send(relay: Reachable, page: Page, look: Look) -> None:
    """From the button to the last part; the relay does not answer for a while, and once more between the parts."""
    reporting.hold_clock(page)
    page.click("#send")
    reporting.wait_text(page, "#progress", "minuto")
    look("sending", page)
    relay.gate.refuse()
    reporting.release_clock(page)
    reporting.wait_text(page, "#progress", "no contesta")
    look("waiting", page)
    relay.gate.let_through()
    reporting.wait_text(page, "#progress", "Faltan los archivos")
    page.wait_for("document.querySelector('#parcels').value === 1")
    reporting.hold_clock(page)
    relay.gate.refuse()
    look("parcels", page)
    relay.gate.let_through()
    reporting.release_clock(page)
    reporting.wait_state(page, "sent")
    look("sent", page)


def without_script(relay: Reachable, firefox: Firefox, look: Look) -> None:
    """Go through SAFEST_STATES and have a look in each."""
    cell = letter.top_up(CellClass.LETTER, relays=1)
    old = wrap(cell, route=relay.running.route())
    page = firefox.open(relay.url)
    look("safest", page)
    relay.running.wait_round(relay.running.announced()[0].round_number + 1)
    pasted: dict[str, Callable[[], str]] = {
        "202": lambda: armour(wrap(cell, route=relay.running.route())),
        "400": lambda: "Vi algo en la plaza. " * 2_200,
        "410": lambda: armour(old),
        "503": lambda: fill(relay),
    }
    for verdict, made in pasted.items():
        page.open(relay.url)
        paste(page, made())
        look(f"pasted-{verdict}", page)
    page.close()


def fill(relay: Reachable, *, seconds: float = reporting.SOON) -> str:
    """Bring cells until the relay takes no more, early in a round, so that it stays full for a while; returns the one
    that it has not taken, in armour."""
    relay.running.wait_round(relay.running.announced()[0].round_number, seconds)
    for _ in range(relay.rig.letters + 1):
        envelope = wrap(letter.top_up(CellClass.LETTER, relays=1), route=relay.running.route())
        if relay.running.post(envelope) == 503:
            return armour(envelope)
    raise AssertionError("the relay takes more than it has places for")


def paste(page: Page, text: str, *, seconds: float = reporting.SOON) -> None:
    """Put a text into the box for sealed reports, as from the clipboard, and send it."""
    page.evaluate("(element, text) => { element.value = text; }", page.find("#cell"), text)
    page.click("#paste")
    page.wait_for("location.pathname === '/paste' && document.readyState === 'complete'", seconds)
