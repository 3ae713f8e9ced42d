"""At Tor Browser's Safest level the page explains, takes a cell that `veladora seal` made, and keeps nothing else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from onion_service.pasted import LENGTHS
from tests.browser import client, reporting, tour
from tests.browser.firefox import Firefox
from tests.browser.fixtures import Onion, Reachable, relay_behind
from tests.browser.page import Page
from tests.browser.settings import SAFEST
from tests.cli.typed import Ended, run

pytestmark = [pytest.mark.slow, pytest.mark.tor]

TEXT: Final = "Vi algo en la plaza, a las tres."
PLAIN: Final = "Vi algo en la plaza. "
# Long enough for a cell that is sealed to be pasted over tor, for as long as its key is taken.
ROUND_SECONDS: Final = 8
PASTE_SECONDS: Final = 60.0
HEADINGS: Final = {
    202: ("Ya llegó al relevo", "It has reached the relay"),
    400: ("Eso no es un informe cerrado para este relevo", "That is not a sealed report for this relay"),
    410: ("Llegó tarde: la llave ya cambió", "Too late: the key has changed"),
    503: ("El relevo está lleno o en pausa", "The relay is full or paused"),
}


@dataclass(frozen=True, slots=True)
class Safest:
    """The page, where no script runs, and the relay that it came from."""

    relay: Reachable
    page: Page

    def paste(self, text: str) -> int:
        """Paste it into the box on a fresh page; the status of the answer, which says so in both languages."""
        self.relay.gate.forget()
        self.page.open(self.relay.url)
        tour.paste(self.page, text, seconds=PASTE_SECONDS)
        (posted,) = self.relay.gate.passed("POST", "/paste")
        for language, heading in zip(reporting.LANGUAGES, HEADINGS[posted.status], strict=True):
            reporting.speak(self.page, language)
            assert self.page.text("h1") == heading
        assert self.page.text("main p a") in ("Volver", "Back")
        return posted.status


@pytest.fixture(scope="module")
def safest(browser_onion: Onion, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Safest]:
    client.node()
    folder = tmp_path_factory.mktemp("safest")
    rig = reporting.page_rig(folder / "relay", onion=browser_onion.address, round_seconds=ROUND_SECONDS)
    with (
        relay_behind(browser_onion, rig, folder) as relay,
        Firefox.launch(SAFEST, proxy=relay.proxy) as firefox,
    ):
        yield Safest(relay, firefox.open(relay.url))


def sealed(relay: Reachable, folder: Path) -> str:
    """What `veladora seal` prints of a report, under what the relay answers now."""
    answer = folder / "answer"
    answer.write_bytes(relay.running.ask("GET", "/directory").body)
    words = ("seal", relay.rig.card, "-", "--to", "partner-0", "--directory", answer, "--state", folder / "state")
    done: Ended = run(*words, text=TEXT)
    assert done.code == 0, done.err
    return done.out


def test_the_page_explains_and_shows_nothing_that_needs_script(safest: Safest) -> None:
    page = safest.page
    page.open(safest.relay.url)
    for language, words in {"es": "Toca el escudo", "en": "shield"}.items():
        reporting.speak(page, language)
        assert words in page.text("main")
        assert "veladora seal" in page.text("main")
    reporting.speak(page, "es")
    shown = page.evaluate(
        """() => [...document.querySelectorAll("[data-in], #text, #send, #leave")]
          .filter((one) => one.checkVisibility()).map((one) => one.id || one.tagName)"""
    )
    assert shown == []
    assert page.evaluate("() => document.forms.length") == 1
    assert {one.path for one in safest.relay.gate.exchanges} == {"/"}


def test_a_report_sealed_elsewhere_arrives(safest: Safest, tmp_path: Path) -> None:
    assert safest.paste(sealed(safest.relay, tmp_path)) == 202
    partner = safest.relay.rig.partners[0]
    ((report, _),) = reporting.arrived(safest.relay, partner, text=TEXT, seconds=3 * ROUND_SECONDS)
    assert (report.text, report.lang) == (TEXT, "es")
    assert safest.relay.rig.opened(safest.relay.rig.partners[1]) == []


def test_plaintext_is_refused_and_kept_nowhere(
    safest: Safest, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    # Short as a person types, and as long as a cell, so that it is read.
    (shortest, *_) = (span.start for span in LENGTHS.values())
    relay = safest.relay
    for text in (PLAIN, PLAIN * 40, (PLAIN * shortest)[: shortest - len("cell=\r\n")]):
        assert safest.paste(text) == 400
        fd = relay.running.keeper.spool_fd
        assert PLAIN.encode() not in os.pread(fd, os.fstat(fd).st_size, 0)
    relay.running.wait_round(relay.running.announced()[0].round_number, seconds=2 * ROUND_SECONDS)
    for path in relay.rig.folder.rglob("*"):
        assert not path.is_file() or PLAIN.encode() not in path.read_bytes()
    assert PLAIN not in "".join(capfd.readouterr())


def test_a_report_sealed_to_a_key_that_has_retired_is_late(safest: Safest, tmp_path: Path) -> None:
    text = sealed(safest.relay, tmp_path)
    before = len(safest.relay.rig.opened(safest.relay.rig.partners[0]))
    first = safest.relay.running.announced()[0].round_number
    safest.relay.running.wait_round(first + 1, seconds=3 * ROUND_SECONDS)
    assert safest.paste(text) == 410
    safest.relay.running.wait_round(first + 2, seconds=2 * ROUND_SECONDS)
    assert len(safest.relay.rig.opened(safest.relay.rig.partners[0])) == before


def test_a_full_relay_says_so(safest: Safest, tmp_path: Path) -> None:
    tour.fill(safest.relay, seconds=2 * ROUND_SECONDS)
    assert safest.paste(sealed(safest.relay, tmp_path)) == 503
