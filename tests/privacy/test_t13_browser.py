"""T13 in the browser: whatever fails in the page's script, nothing is sent after it; only whole cells ever are.

Faults are planted where a report passes: in a copy of the client from which the page was built, and, for errors that
nobody foresaw, in the page itself. What was written stays on the screen of its writer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from crypto.cells import CellClass
from tests.browser import altered, client, reporting
from tests.browser.altered import AlteredRig
from tests.browser.bidi import BidiError
from tests.browser.firefox import Firefox
from tests.browser.fixtures import Reachable, relay_nearby
from tests.browser.gate import gate_before
from tests.browser.page import Page
from tests.browser.settings import SAFER
from tests.privacy.mutants import caught
from tests.rig import ONION

pytestmark = pytest.mark.slow

MARKER: Final = "marca de lo que alguien vio "
PACE: Final = 0.5
QUIET_SECONDS: Final = 2.6 * PACE
WHOLE_CELLS: Final = frozenset(one.wire_length for one in CellClass)
FASTER: Final = {
    "pacing.js": [
        ("export const PACE_SECONDS = 60;", f"export const PACE_SECONDS = {PACE};"),
        ("export const PARCEL_SECONDS = 20;", "export const PARCEL_SECONDS = 1;"),
        ("const LONGEST_WAIT = 120;", "const LONGEST_WAIT = 1;"),
    ]
}


# Each fault lies still until a test names it in the page.
_PLACES: Final = {
    "cleaning a text": ("writing.js", "  const said = cleanText(text);"),
    "cleaning a file": ("writing.js", "  const plain = plainText(name, data);"),
    "marking what identifies": ("page/check.js", "  const findings = identifying(draft.text);"),
    "sealing a report": ("letter.js", "  return seal(concat(Uint8Array.of(REPORT_KIND)"),
    "sealing a part": ("letter.js", "  return seal(concat(Uint8Array.of(PART_KIND)"),
    "wrapping": ("layers.js", "  return wrapped(letter, Kind.PASS, route);"),
    "making cover": ("layers.js", "  return wrapped(randomBytes("),
    "telling how far it is": ("page/progress.js", '  set("line", ...lineWords(progress));'),
}
_PLANTED: Final = 'if (globalThis.planted === "%s") throw new Error("planted");'
# Errors from nowhere: what a page does when its browser, or an add-on, breaks something in it.
_OUTSIDE: Final = {
    "an exception": "() => { setTimeout(() => { throw new Error('planted'); }); }",
    "a rejection": "() => { void Promise.reject(new Error('planted')); }",
    "an event": "() => { window.dispatchEvent(new ErrorEvent('error', { message: 'planted' })); }",
}
FAULTS: Final = (*_PLACES, *_OUTSIDE)
# The page's requests that begin after it has ended, and those that it gave up, as it does with one on its way then.
_COUNT: Final = """() => {
  const { fetch } = globalThis;
  Object.assign(globalThis, { late: 0, givenUp: 0 });
  globalThis.fetch = async (...request) => {
    if (document.documentElement.dataset.state === "error") globalThis.late += 1;
    try {
      return await fetch(...request);
    } catch (error) {
      globalThis.givenUp += 1;
      throw error;
    }
  };
}"""
_ENDED: Final = "location.pathname !== '/' || document.documentElement.dataset.state === 'error'"


def faults() -> dict[str, list[tuple[str, str]]]:
    """The client with every fault in its place."""
    return altered.merged(
        *({module: [(line, f"  {_PLANTED % name}\n{line}")]} for name, (module, line) in _PLACES.items())
    )


def relay(folder: Path, *changes: client.Changes) -> AlteredRig:
    """A relay whose page has the faults, and these changes too."""
    site = altered.pages(folder, altered.merged(FASTER, faults(), *changes))
    rig: AlteredRig = reporting.page_rig(folder / "relay", AlteredRig, onion=ONION, site=site)
    return rig


@dataclass(frozen=True, slots=True)
class Reporter:
    """A browser and the relay that it visits."""

    near: Reachable
    firefox: Firefox


@pytest.fixture(scope="module")
def reporter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reporter]:
    client.node()
    folder = tmp_path_factory.mktemp("near")
    with relay_nearby(relay(folder), folder) as near, Firefox.launch(SAFER, proxy=near.proxy) as firefox:
        yield Reporter(near, firefox)


def report(page: Page, picture: Path) -> None:
    """Do all that a reporter does, for as long as the page goes along."""
    steps: tuple[Callable[[], object], ...] = (
        lambda: page.set_files("#files", [picture]),
        lambda: page.wait_for(f"{_ENDED} || document.querySelector('#file-list li button')"),
        lambda: page.type("#where", "cerca del mercado"),
        lambda: page.press("Enter"),
        lambda: page.click("#to-check"),
        lambda: page.click("#send"),
    )
    for step in steps:
        if page.evaluate(f"() => {_ENDED}"):
            return
        try:
            step()
        except BidiError:
            # What is to be clicked is gone when the page ends just now.
            if not page.evaluate(f"() => {_ENDED}"):
                raise


def only_whole_cells(near: Reachable) -> None:
    """Nothing but whole cells has come to the door, none of them by a form, and none that shows what was written."""
    asked = reporting.asked(near.gate)
    assert {path for _, path, _ in asked if not path.startswith("/rounds/")} <= {"/", "/directory", "/cells"}
    assert {(method, path) for method, path, length in asked if method != "GET" or length} <= {("POST", "/cells")}
    assert {length for method, _, length in asked if method == "POST"} <= WHOLE_CELLS
    assert not any(MARKER.encode() in one.head + one.body for one in tuple(near.gate.exchanges))


@contextmanager
def opened(reporter: Reporter) -> Iterator[Page]:
    """The page, ready to write, in a tab that is closed afterwards whatever came of it."""
    page = reporter.firefox.open(reporter.near.url)
    try:
        reporting.wait_state(page, "write")
        yield page
    finally:
        page.close()


def nothing_is_sent_after(fault: str, reporter: Reporter, folder: Path) -> None:
    """The proof."""
    near = reporter.near
    picture = folder / "playa.jpg"
    picture.write_bytes(reporting.photo())
    with opened(reporter) as page:
        page.evaluate(_COUNT)
        page.type("#text", MARKER)
        near.gate.wait_for("POST", "/cells")
        if fault in _OUTSIDE:
            page.evaluate(_OUTSIDE[fault])
        else:
            page.evaluate("name => { globalThis.planted = name; }", fault)
            report(page, picture)
        page.wait_for(_ENDED)
        ended = time.monotonic()
        time.sleep(QUIET_SECONDS)
        if page.prompts:
            # A hurried reporter says yes to whatever the browser asks.
            page.answer_prompt(accept=True)
            time.sleep(QUIET_SECONDS)
        only_whole_cells(near)
        late, given_up = page.evaluate("() => [globalThis.late, globalThis.givenUp]")
        assert late == 0
        # A page has one request on its way at most, which may be at the gate only after the page has ended.
        later = [one.path for one in tuple(near.gate.exchanges) if one.began > ended]
        assert len(later) <= min(given_up, 1), later
        assert reporting.value(page, "#text") == MARKER
        assert "dejó de mandar por completo" in page.text("#error")
        assert page.text("#error-kept") != ""


@pytest.mark.parametrize("fault", FAULTS)
def test_after_any_error_of_the_script_nothing_is_sent(fault: str, reporter: Reporter, tmp_path: Path) -> None:
    reporter.near.gate.forget()
    nothing_is_sent_after(fault, reporter, tmp_path)


def test_a_report_goes_as_whole_cells_and_never_through_the_form(reporter: Reporter, tmp_path: Path) -> None:
    """That the faults above are what stops it: without them all of it leaves."""
    near = reporter.near
    near.gate.forget()
    picture = tmp_path / "playa.jpg"
    picture.write_bytes(reporting.photo())
    with opened(reporter) as page:
        page.type("#text", f"{MARKER}y salió bien")
        report(page, picture)
        reporting.wait_state(page, "sent")
    only_whole_cells(near)
    assert {length for method, _, length in reporting.asked(near.gate) if method == "POST"} == WHOLE_CELLS
    assert len(reporting.arrived(near, near.rig.partners[0], text="y salió bien")) == 1


MUTANTS: Final[dict[str, tuple[str, client.Changes]]] = {
    "a plain form around what is written, for when the script fails": (
        "cleaning a text",
        {
            "page/page.html": [
                (
                    '<section data-in="opening write">',
                    '<section data-in="opening write"><form method="post" action="/paste" enctype="text/plain">',
                ),
                ('<textarea id="text" rows', '<textarea id="text" name="cell" rows'),
                ('<button type="button" id="to-check"', '<button type="submit" id="to-check"'),
                (
                    '<p class="hint">{{ t("Tu informe todavía no sale.") }}</p>\n</section>',
                    '<p class="hint">{{ t("Tu informe todavía no sale.") }}</p>\n</form></section>',
                ),
            ],
            "page/main.js": [
                (
                    'at("to-check").addEventListener("click", () => this.#check());',
                    'at("to-check").addEventListener("click", (event) => { this.#check(); event.preventDefault(); });',
                )
            ],
        },
    ),
    "go on sending after an error": (
        "an exception",
        {"page/main.js": [("  #fail(error) {\n    this.#pacer?.stop();\n", "  #fail(error) {\n")]},
    ),
    "send one more cell, at once, when it has failed": (
        "an event",
        {
            "page/main.js": [
                (
                    '    this.#show("error");\n  }\n',
                    f"""    this.#show("error");
    void fetch("/cells", {{ method: "POST", body: new Uint8Array({CellClass.LETTER.wire_length}) }});
  }}
""",
                )
            ]
        },
    ),
    "tell the relay what was being written when it failed": (
        "a rejection",
        {
            "page/main.js": [
                (
                    "    this.#isOpen = false;\n    const outcome",
                    """    void fetch("/cells", { method: "POST", body: this.#form.draft.text });
    this.#isOpen = false;
    const outcome""",
                )
            ]
        },
    ),
}


@contextmanager
def visiting(reporter: Reporter, rig: AlteredRig, folder: Path) -> Iterator[Reporter]:
    """The same browser at another relay under the same address."""
    proxy, own = reporter.near.proxy, reporter.near.proxy.doors[ONION]
    with rig.running() as running, gate_before(running.socket, at=folder / "gate") as gate:
        proxy.lead(ONION, folder / "gate")
        # Connections that are open lead to the relay of before.
        reporter.near.gate.refuse()
        try:
            yield Reporter(Reachable(running, gate, proxy), reporter.firefox)
        finally:
            reporter.near.gate.let_through()
            proxy.lead(ONION, own)


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_page_that_sends_something_after_an_error_is_caught(mutant: str, reporter: Reporter, tmp_path: Path) -> None:
    fault, changes = MUTANTS[mutant]
    with visiting(reporter, relay(tmp_path, changes), tmp_path) as visitor:
        caught("T13", mutant, nothing_is_sent_after, fault, visitor, tmp_path)
