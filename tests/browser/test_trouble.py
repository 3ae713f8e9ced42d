"""When something goes wrong the text stays, its writer hears what happened and what to do, and it arrives once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from crypto import directory as directories
from tests.browser import altered, client, reporting
from tests.browser.altered import AlteredRig
from tests.browser.firefox import Firefox
from tests.browser.fixtures import Reachable, relay_nearby
from tests.browser.page import Page
from tests.browser.settings import SAFER
from tests.rig import ONION, Running

pytestmark = pytest.mark.slow

# A report that is in no list is given up sooner here, and seen to be.
IMPATIENT: Final = {"watching.js": [("export const ROUNDS_TO_WATCH = 8;", "export const ROUNDS_TO_WATCH = 1;")]}
MINUTE: Final = 60
DAY: Final = 86_400
# A node starts in less, on a machine with much to do too.
START_SECONDS: Final = 10


@pytest.fixture(scope="module")
def near(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reachable]:
    client.node()
    folder = tmp_path_factory.mktemp("near")
    site = altered.pages(folder, altered.merged(altered.QUICK, IMPATIENT))
    rig = reporting.page_rig(folder / "relay", AlteredRig, onion=ONION, site=site)
    with relay_nearby(rig, folder) as reachable:
        yield reachable


@pytest.fixture(scope="module")
def firefox(near: Reachable) -> Iterator[Firefox]:
    with Firefox.launch(SAFER, proxy=near.proxy) as launched:
        yield launched


@pytest.fixture
def page(near: Reachable, firefox: Firefox) -> Iterator[Page]:
    """The page before it has a directory: the relay is busy."""
    near.gate.lead_to(near.running.socket)
    near.gate.answer_503("/directory")
    opened = firefox.open(near.url)
    reporting.wait_text(opened, "#line", "lleno")
    yield opened
    near.gate.let_through()
    near.gate.lead_to(near.running.socket)
    opened.evaluate("() => { document.querySelector('#text').value = ''; }")
    opened.close()


def text_of(request: pytest.FixtureRequest) -> str:
    """A text by which this test's report is known."""
    return f"Vi algo: {request.node.name}"


def arrives_once(near: Reachable, text: str) -> None:
    """One report with that text, and no second one in the round after."""
    assert len(reporting.arrived(near, near.rig.partners[0], text=text)) == 1
    near.running.wait_round(near.running.announced()[0].round_number)
    assert len(reporting.arrived(near, near.rig.partners[0], text=text)) == 1


def let_through_anew(near: Reachable, door: Path) -> None:
    """Connections that are open end, and new ones lead to that door."""
    near.gate.lead_to(door)
    near.gate.refuse()
    near.gate.let_through()


def set_clock(page: Page, seconds: int) -> None:
    """The writer's clock is wrong by so much."""
    page.evaluate(
        "by => { globalThis.trueNow ??= Date.now; Date.now = () => globalThis.trueNow() + by * 1000; }", seconds
    )


def test_a_relay_that_does_not_answer_gets_it_when_it_is_back(
    near: Reachable, page: Page, request: pytest.FixtureRequest
) -> None:
    near.gate.let_through()
    reporting.write(page, text_of(request))
    reporting.check(page)
    near.gate.refuse()
    page.click("#send")
    reporting.wait_text(page, "#progress", "no contesta")
    assert "tu texto sigue aquí" in page.text("#progress")
    assert reporting.state(page) == "sending"
    assert reporting.value(page, "#text") == text_of(request)
    near.gate.let_through()
    reporting.wait_state(page, "sent")
    assert reporting.value(page, "#text") == ""
    arrives_once(near, text_of(request))


@contextmanager
def other_relay(
    near: Reachable, folder: Path, *, expires_in: int = DAY, is_root_same: bool = True
) -> Iterator[Running]:
    """Another relay under the same address: of another root key, or with a directory that expires soon."""
    rig: AlteredRig = reporting.page_rig(folder / "other", AlteredRig, onion=ONION, site=near.rig.site)  # type: ignore[attr-defined]
    if is_root_same:
        rig = replace(rig, root=near.rig.root, relay=near.rig.relay, partners=near.rig.partners)
    settings = rig.write()
    signed = directories.sign(rig.directory(expires_in=expires_in), rig.root)
    settings.directory_file.write_bytes(signed)
    with rig.running(settings) as running:
        yield running


def stops_with(page: Page, *, happened: str, to_do: str) -> None:
    """The page says so in its error state, and keeps the text."""
    reporting.wait_state(page, "error")
    assert happened in page.text("#error")
    assert to_do in page.text("#error")
    assert "Tu texto sigue aquí" in page.text("#error-kept")
    assert reporting.value(page, "#text") == reporting.TEXT


def tries_again(near: Reachable, page: Page) -> None:
    """Once it is mended, the button leads back to the form, with the text in it."""
    let_through_anew(near, near.running.socket)
    page.click("#retry")
    reporting.wait_state(page, "write")
    assert reporting.value(page, "#text") == reporting.TEXT
    reporting.check(page)


def test_a_directory_that_another_key_signed_is_not_believed(near: Reachable, page: Page, tmp_path: Path) -> None:
    page.type("#text", reporting.TEXT)
    with other_relay(near, tmp_path, is_root_same=False) as forged:
        near.gate.forget()
        let_through_anew(near, forged.socket)
        stops_with(page, happened="no está firmado como debe", to_do="No mandes nada por aquí")
        assert near.gate.passed("POST", "*") == []
    tries_again(near, page)


def test_a_directory_that_has_expired_is_not_used(near: Reachable, page: Page, tmp_path: Path) -> None:
    page.type("#text", reporting.TEXT)
    with other_relay(near, tmp_path, expires_in=START_SECONDS) as stale:
        time.sleep(START_SECONDS)
        near.gate.forget()
        let_through_anew(near, stale.socket)
        stops_with(page, happened="ya venció", to_do="intenta otro día")
        assert "si la fecha de tu aparato está bien" in page.text("#error")
        assert near.gate.passed("POST", "*") == []
    tries_again(near, page)


@pytest.mark.parametrize("wrong", [-DAY // 2, DAY // 2])
def test_a_wrong_clock_is_named(near: Reachable, page: Page, wrong: int) -> None:
    page.type("#text", reporting.TEXT)
    set_clock(page, wrong)
    near.gate.forget()
    near.gate.let_through()
    stops_with(page, happened="El reloj de tu aparato está mal", to_do="Pon la hora y la zona horaria correctas")
    assert near.gate.passed("POST", "*") == []
    set_clock(page, 0)
    tries_again(near, page)


def test_a_key_that_has_rotated_is_fetched_and_the_report_arrives_once(
    near: Reachable, page: Page, request: pytest.FixtureRequest
) -> None:
    # A clock that is a minute slow: the page believes that its key is of now when it has retired.
    set_clock(page, -MINUTE)
    near.gate.let_through()
    reporting.write(page, text_of(request))
    reporting.check(page)
    near.gate.forget()
    near.running.wait_round(near.running.announced()[0].round_number + 1)
    reporting.send(page)
    statuses = [one.status for one in near.gate.passed("POST", "/cells")]
    assert {202, 410} == set(statuses)
    assert statuses[-1] == 202
    arrives_once(near, text_of(request))


def test_what_the_relay_does_not_list_is_not_sent_and_can_be_changed(near: Reachable, page: Page) -> None:
    near.gate.let_through()
    reporting.write(page)
    reporting.check(page)
    page.evaluate("() => { document.querySelector('#topics input:checked').value = 'gone'; }")
    page.click("#back")
    reporting.check(page)
    page.click("#send")
    reporting.wait_text(page, "#send-trouble", "cambió su lista")
    assert reporting.state(page) == "check"
    page.click("#back")
    assert reporting.value(page, "#text") == reporting.TEXT


def early_in_a_round(near: Reachable) -> None:
    """Return when a round has just begun."""
    near.running.wait_round(near.running.announced()[0].round_number)


def test_a_report_that_is_in_no_round_is_offered_again(
    firefox: Firefox, near: Reachable, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """A relay whose memory went with its power, after it had taken the report."""
    rig = replace(near.rig, folder=tmp_path / "relay", round_seconds=8)
    settings = rig.write()
    near.gate.let_through()
    with rig.running(settings) as first:
        let_through_anew(near, first.socket)
        page = firefox.open(near.url)
        reporting.write(page, text_of(request))
        reporting.check(page)
        early_in_a_round(Reachable(first, near.gate, near.proxy))
        reporting.send(page)
        near.gate.refuse()
        lost = first.announced()[0].round_number
    assert rig.opened(rig.partners[0]) == []
    with rig.running(settings) as second:
        let_through_anew(near, second.socket)
        reporting.wait_state(page, "check", seconds=2 * reporting.SOON)
        assert "no aparece en ninguna ronda" in page.text("#send-trouble")
        assert page.text("#review-text") == text_of(request)
        second.wait_round(lost + 1)
        assert rig.opened(rig.partners[0]) == []
        reporting.send(page)
        arrives_once(Reachable(second, near.gate, near.proxy), text_of(request))
        page.close()
    let_through_anew(near, near.running.socket)
