"""A new user's whole way at the desk, in Firefox: set-up, card, unlocking, a report with a photo and a PDF, checking,
merging, publishing, correcting. axe-core objects to nothing on the way, everything fits 320 pixels, and pictures of
each step come to lie in `build/screenshots/desk`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from crypto.report import Report
from forwarder.desk.web.keeper import Stage
from tests.browser.desk_tour import (
    NOTE,
    SCREENSHOTS,
    SOUGHT,
    STEPS,
    TEXT,
    Tour,
    desk_in_firefox,
    in_english,
    lock_and_unlock,
    lock_by_itself,
    look_around,
    merge_and_confirm,
    publish_and_correct,
    read,
    set_up,
    wait_for_its_time,
)
from tests.browser.remains import Remains, look
from tests.browser.settings import PLAIN
from tests.unit.forwarder.desk.given import PASSPHRASE, key_of, letters, new_desk

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Toured:
    """What the whole way brought, and what Firefox had on its disk afterwards."""

    objections: dict[str, list[str]]
    overflows: dict[str, list[str]]
    english: dict[str, list[str]]
    remains: Remains
    passphrase: str


@pytest.fixture(scope="module")
def toured(tmp_path_factory: pytest.TempPathFactory) -> Toured:
    for old in SCREENSHOTS.glob("*.png"):
        old.unlink()
    folder, at = tmp_path_factory.mktemp("desk") / "mesa", tmp_path_factory.mktemp("at")
    with desk_in_firefox(folder, at) as tour:
        passphrase: list[str] = []
        set_up(tour, passphrase)
        lock_and_unlock(tour, passphrase[0])
        read(tour)
        merge_and_confirm(tour)
        publish_and_correct(tour)
        wait_for_its_time(tour)
        look_around(tour)
        english = in_english(tour)
        lock_by_itself(tour)
        assert tour.page.errors == []
    return Toured(tour.objections, tour.overflows, english, look(at / "firefox"), passphrase[0])


def test_axe_objects_to_nothing_on_the_whole_way(toured: Toured) -> None:
    assert tuple(toured.objections) == STEPS
    assert {step: found for step, found in toured.objections.items() if found} == {}
    assert {path: found for path, found in toured.english.items() if found} == {}


def test_nothing_needs_scrolling_sideways_at_320_pixels(toured: Toured) -> None:
    assert {step: found for step, found in toured.overflows.items() if found} == {}


def test_there_is_a_picture_of_every_step(toured: Toured) -> None:
    names = {re.sub(r"^\d\d-|-\d+$", "", path.stem) for path in SCREENSHOTS.glob("*.png")}
    assert names == set(toured.objections) == set(STEPS)
    assert len(list(SCREENSHOTS.glob("*.png"))) == 2 * len(STEPS)


def test_an_ordinary_firefox_keeps_where_it_was_and_nothing_that_it_was_shown_or_told(toured: Toured) -> None:
    typed = (toured.passphrase, "no es la frase", NOTE, SOUGHT, "No fue dentro")
    told = (*typed, TEXT[:40], "placas tapadas", "Personas desaparecidas")
    assert toured.remains.mentions(told) == []
    assert {entry.kind for entry in toured.remains.entries} <= {"visit", "icon", "permission"}
    assert toured.remains.mentions(["127.0.0.1"]) != []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A desk with one report."""
    with new_desk(tmp_path / "mesa") as desk:
        desk.take(letters(1, Report(text=TEXT), to=[key_of(desk)]))
    return tmp_path / "mesa"


def test_with_the_keyboard_alone_a_report_is_read_checked_noted_and_the_desk_locked(
    folder: Path, tmp_path: Path
) -> None:
    with desk_in_firefox(folder, tmp_path) as tour:
        tour.wait_at("unlock")
        tour.page.write(PASSPHRASE)
        tour.page.press("Enter")
        tour.wait_at("inbox")
        tour.tab_to("a.open")
        tour.page.press("Enter")
        tour.wait_at(r"reports\/1")
        tour.tab_to("[data-step=checking]")
        tour.page.press("Enter")
        tour.page.wait_for("document.querySelector('h1 .state')?.dataset.state === 'checking'")
        tour.wait_at(r"reports\/1")
        tour.tab_to("#note-text")
        tour.page.write(NOTE)
        tour.tab_to("form[action$='/note'] button")
        tour.page.press("Enter")
        tour.page.wait_for("document.querySelector('.history')?.innerText.includes('Llamé')")
        tour.wait_at(r"reports\/1")
        tour.page.press("b")
        tour.wait_at("inbox")
        tour.tab_to("button.lock")
        tour.page.press("Enter")
        tour.wait_at("unlock")
        assert tour.house.keeper.stage is Stage.LOCKED


def unlocked(tour: Tour) -> None:
    """The inbox of the desk is in front of the person."""
    tour.wait_at("unlock")
    tour.page.type("#passphrase", PASSPHRASE)
    tour.press("button.main", "inbox")


SHOWN: Final = "document.readyState === 'complete' && !document.querySelector('#main').hidden"


def test_locking_in_one_tab_locks_every_tab_and_one_where_nothing_is_done_locks_none(
    folder: Path, tmp_path: Path
) -> None:
    with desk_in_firefox(folder, tmp_path) as tour:
        unlocked(tour)
        tour.go("/reports/1")
        keeper, other = tour.house.keeper, tour.firefox.page()
        other.open(f"{tour.house.origin}{tour.house.at}/reports/1")
        other.type("#note-text", "a medio escribir")
        tour.clock.by += 100
        tour.wait_until(lambda: keeper.left > 890)  # that somebody wrote was told
        # Nobody has done anything in the first tab for its whole time; in the other somebody writes.
        tour.clock.by += keeper.left - 30
        other.wait_for("!document.querySelector('#locking').hidden")
        other.press("Shift")
        other.wait_for("document.querySelector('#locking').hidden")
        tour.clock.by += 60
        tour.page.wait_for(f"document.querySelector('#locking').hidden && {SHOWN}")
        assert keeper.stage is Stage.OPEN
        assert other.evaluate("() => document.querySelector('#note-text').value") == "a medio escribir"
        assert TEXT in tour.page.text()
        # Both ask the program now and then; that this is not what tells the other tab, it must be there sooner.
        other.evaluate("() => { globalThis.fetch = () => new Promise(() => {}); }")
        tour.page.click("button.lock")
        tour.wait_at("unlock")
        other.wait_for("location.pathname.endsWith('/unlock') && document.readyState === 'complete'")
        assert keeper.stage is Stage.LOCKED
        assert TEXT not in other.text()


def test_a_desk_that_is_locked_from_elsewhere_or_has_ended_shows_nothing_any_more(folder: Path, tmp_path: Path) -> None:
    with desk_in_firefox(folder, tmp_path) as tour:
        unlocked(tour)
        tour.go("/reports/1")
        tour.background.do(tour.house.keeper.lock())
        tour.wait_at("unlock")
        unlocked(tour)
        tour.go("/reports/1")
        tour.page.type("#note-text", "a medio escribir")
        tour.page.evaluate("() => { globalThis.real = fetch; globalThis.fetch = () => Promise.reject(new Error()); }")
        tour.page.wait_for("document.querySelector('#main').hidden")
        assert "no contesta" in tour.page.text()
        assert TEXT not in tour.page.text()
        tour.page.evaluate("() => { globalThis.fetch = real; }")
        tour.page.wait_for("!document.querySelector('#main').hidden")
        assert tour.page.evaluate("() => document.querySelector('#note-text').value") == "a medio escribir"


def test_a_key_that_is_held_down_takes_a_step_once(folder: Path, tmp_path: Path) -> None:
    with desk_in_firefox(folder, tmp_path) as tour:
        unlocked(tour)
        tour.go("/reports/1")
        pressed = """() => {
          let count = 0;
          const button = document.querySelector("[data-step=checking]");
          button.addEventListener("click", (event) => { event.preventDefault(); count += 1; });
          for (const repeat of [false, true, true]) {
            document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "c", repeat, bubbles: true }));
          }
          return count;
        }"""
        assert tour.page.evaluate(pressed) == 1


def test_without_script_a_report_is_found_read_checked_and_the_desk_locked(folder: Path, tmp_path: Path) -> None:
    with desk_in_firefox(folder, tmp_path, {**PLAIN, "javascript.enabled": False}) as tour:
        page = tour.page
        tour.wait_at("unlock")
        page.type("#passphrase", PASSPHRASE)
        tour.press("button.main", "inbox")
        page.type("#words", "camioneta")
        tour.press("form.search button.main", "inbox")
        tour.press("a.open", r"reports\/1")
        tour.press("[data-step=checking]", r"reports\/1")
        page.type("#note-text", NOTE)
        tour.press("form[action$='/note'] button", r"reports\/1")
        assert NOTE in page.text(".history")
        refresh = page.evaluate("() => document.querySelector('meta[http-equiv=refresh]').content")
        assert re.fullmatch(r"\d+;url=.*/still\?idle=yes", refresh)
        assert 900 <= int(refresh.partition(";")[0]) <= 905
        left = tour.house.keeper.left
        tour.go("/still?idle=yes")
        assert "Sigue abierta" in page.evaluate("() => document.title")
        assert tour.house.keeper.left <= left
        assert NOTE not in page.text()
        tour.press("a.button.main", "inbox")
        tour.press("button.lock", "unlock")
        assert tour.house.keeper.stage is Stage.LOCKED
