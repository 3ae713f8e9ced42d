"""The whole way of a new user, with nothing left out: a desk is set up in Firefox, a real relay takes it in, a report
with a photo and a PDF is written at the relay's page and comes over the private Tor network, and is published and
corrected.

Pictures of each step come to lie in `build/screenshots/desk-over-tor`.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Final

import pytest

from deploy.demo.stage import Stage
from forwarder.desk.config import SETTINGS_NAME
from forwarder.desk.program import Desk
from forwarder.desk.web.receiver import Phase
from onion_service.torrc import UnixSocket
from tests.browser import desk_tour, reporting
from tests.browser.desk_tour import ALIKE, LISTED, TEXT, Tour, desk_in_firefox
from tests.browser.firefox import Firefox
from tests.browser.proxy import proxying
from tests.browser.settings import SAFER
from tests.tor.private_network import PrivateNetwork

pytestmark = [pytest.mark.slow, pytest.mark.tor]

SCREENSHOTS: Final = desk_tour.SCREENSHOTS.with_name("desk-over-tor")
TOPIC: Final = "desaparicion"
PLACE: Final = ("reynosa", "mx-reynosa")
HURRY: Final = "Hay familias que van a esa hora al mercado."
_SECONDS: Final = 180.0
_LOOK_SECONDS: Final = 0.5


def until(found: Callable[[], bool], *, what: str) -> None:
    deadline = time.monotonic() + _SECONDS
    while not found():
        assert time.monotonic() < deadline, what
        time.sleep(_LOOK_SECONDS)


def is_whole(desk: Desk, *, reports: int) -> bool:
    """Whether so many reports are here, with all of their attachments."""
    entries = list(desk.inbox.entries())
    missing = sum(desk.inbox.missing(one) for entry in entries for one in entry.report.attachments)
    return len(entries) == reports and missing == 0


def wait_for_reports(tour: Tour, relay: Stage, count: int) -> None:
    keeper = tour.house.keeper

    def have_come() -> bool:
        relay.look_after_the_relay()
        return tour.background.do(keeper.read(lambda desk: is_whole(desk, reports=count)))

    until(have_come, what=f"{count} reports have not come")


def take_in(tour: Tour, relay: Stage) -> None:
    """The card goes to the operator, who starts the relay and gives the lines for the desk's settings."""
    relay.make_relay()
    card = tour.background.do(tour.house.keeper.read(lambda desk: desk.card))
    relay.admit([asdict(card)])
    running = relay.start_relay()
    with (tour.house.keeper.folder / SETTINGS_NAME).open("a", encoding="utf-8") as settings:
        settings.write(relay.authorities())
    lines = relay.run("partner-lines", str(relay.relay), card.id)
    desk_tour.give_relay(tour, f"Hola, Red Norte:\n\n{lines}\nSaludos", identity=relay.relay_id)
    running.wait_for("the onion service is published")


def write_at_the_page(relay: Stage, socks: UnixSocket, folder: Path) -> None:
    """A report with a photo and a PDF, written with Tor Browser's settings."""
    picture, paper = folder / "playa.jpg", folder / "denuncia.pdf"
    picture.write_bytes(reporting.photo())
    paper.write_bytes(desk_tour.pdf())
    with proxying(folder, tor=socks) as proxy, Firefox.launch(SAFER, proxy=proxy, folder=folder / "firefox") as firefox:
        page = firefox.open(f"http://{relay.card.partition('#')[0]}/")
        reporting.wait_state(page, "write", seconds=_SECONDS)
        reporting.write(page, TEXT, files=[picture, paper], topic=TOPIC, place=PLACE)
        page.click("#file-list li:nth-child(2) .row button")
        reporting.check(page)
        reporting.send(page, seconds=_SECONDS)
        assert page.errors == []


def test_a_new_desk_publishes_and_corrects_what_came_over_tor(private_network: PrivateNetwork) -> None:
    for old in SCREENSHOTS.glob("*.png"):
        old.unlink()
    client, socks = private_network.launch_dial("reporters")
    assert isinstance(socks, UnixSocket)
    # Short, because sockets lie in it.
    with tempfile.TemporaryDirectory(prefix="v-") as short:
        folder = Path(short)
        for name in ("relay", "desk", "writer"):
            (folder / name).mkdir()
        relay = Stage(folder / "relay", private_network.net, print)
        try:
            with desk_in_firefox(folder / "mesa", folder / "desk", receives=True, pictures=SCREENSHOTS) as tour:
                passphrase: list[str] = []
                desk_tour.make(tour, passphrase)
                take_in(tour, relay)
                desk_tour.lock_and_unlock(tour, passphrase[0])
                keeper = tour.house.keeper
                until(lambda: keeper.receiver.standing.phase is Phase.RECEIVING, what="the desk receives nothing")
                write_at_the_page(relay, socks, folder / "writer")
                wait_for_reports(tour, relay, 1)
                relay.run(
                    *("send", relay.card, "-", "--topic", TOPIC, "--place", PLACE[1], "--when", "today"),
                    *("--socks", f"unix:{socks.path}", "--yes", "--pace", "1"),
                    stdin=ALIKE,
                )
                wait_for_reports(tour, relay, 2)
                desk_tour.look_at_it(tour, listed=LISTED)
                desk_tour.merge_and_confirm(tour)
                desk_tour.publish_and_correct(tour, hurry=HURRY)
                assert tour.page.errors == []
        finally:
            # Shown when the test fails; the folder is gone by then.
            for program in relay.programs:
                print(f"{program.name} said:\n{program.log.read_text(encoding='utf-8')}")
            relay.stop()
            private_network.end(client)
    assert {step: found for step, found in tour.objections.items() if found} == {}
    assert {step: found for step, found in tour.overflows.items() if found} == {}
