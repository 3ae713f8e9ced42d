"""T16: a visit looks like a report over Tor too: the page in Firefox, its own pace, at onions of a private network.

What a gate sees between the relay's tor and its door: of two visits that only look and two in which a report is written
and sent, the same requests in the same order, with heads, bodies and answers of the same lengths, on connections used
alike, at the same moments but for GRID_SECONDS. All visits begin in one round, so that the same rounds end in each.
"""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from onion_service.torrc import UnixSocket
from tests.browser import altered
from tests.browser.altered import AlteredRig
from tests.browser.firefox import Firefox
from tests.browser.fixtures import Onion, Reachable, relay_behind, relay_nearby
from tests.browser.gate import Exchange, gate_before
from tests.browser.page import Page
from tests.browser.settings import SAFER
from tests.privacy.mutants import caught
from tests.rig import ONION, Rig
from tests.tor.private_network import PrivateNetwork

pytestmark = [pytest.mark.tor, pytest.mark.slow]

VISITS: Final = 2
TICKS: Final = 3
PACE: Final = 60.0
ROUND_SECONDS: Final = 60
# From when on and until when in a round a visit may begin, so that each tick finds the lists of one more round.
OPENING: Final = (12.0, 30.0)
BEGUN: Final = 55.0
# By how much a cell may come later or sooner than its tick, over Tor and on a busy machine.
GRID_SECONDS: Final = 3.0
LETTER: Final = 32_768
TEXT: Final = "Vi a tres hombres bajar de una camioneta blanca.\nSe llevaron a dos."
FIRST_TICK_SECONDS: Final = 60.0
AFTER_SECONDS: Final = 15.0


@dataclass(frozen=True, slots=True)
class Seen:
    """One visit as the gate saw it, and how many reports came out of its relay."""

    exchanges: tuple[Exchange, ...]
    reports: int

    @property
    def requests(self) -> list[tuple[object, ...]]:
        """Each request and its answer without times: which, and every length; and which of its connections it used."""
        order: dict[int, int] = {}
        return [(order.setdefault(one.connection, len(order)), *shape(one)) for one in self.exchanges]

    @property
    def cells(self) -> list[Exchange]:
        """What was brought to the door."""
        return [one for one in self.exchanges if one.path == "/cells"]

    @property
    def off_grid(self) -> float:
        """By how much the time between the first cell and another was furthest from the grid, in seconds."""
        first, *later = [one.began for one in self.cells]
        return max(abs(at - first - number * PACE) for number, at in enumerate(later, 1))


def shape(one: Exchange) -> tuple[object, ...]:
    """Its shape; the number of a round in its path is the clock's."""
    method, path, *sizes = one.shape
    return (method, "/rounds/n" if path.startswith("/rounds/") else path, *sizes)


def report(page: Page) -> None:
    """Write and send between the first tick and the second, as a person who knows what to say."""
    page.wait_for("document.documentElement.dataset.state === 'write'")
    page.type("#text", TEXT)
    page.click("label[for=when-today]")
    page.click("#to-check")
    page.wait_for("document.documentElement.dataset.state === 'check'")
    page.click("#send")


def visited(relay: Reachable, firefox: Firefox, *, reports: bool) -> Seen:
    """One visit, until the third tick is over; with `reports` its writer also asks whether the report was seen."""
    page = firefox.open(relay.url)
    relay.gate.wait_for("GET", "/directory", seconds=FIRST_TICK_SECONDS)
    over = time.monotonic() + (TICKS - 1) * PACE + AFTER_SECONDS
    if not OPENING[0] <= time.time() % ROUND_SECONDS <= BEGUN:
        raise TimeoutError("the machine is too slow: not all visits have begun in one round")
    if reports:
        report(page)
        page.wait_for("document.documentElement.dataset.state === 'sent'", over - time.monotonic())
        page.click("#ask-round")
        page.wait_for("document.querySelector('#round').innerText.includes('UTC')", over - time.monotonic())
    time.sleep(max(0.0, over - time.monotonic()))
    return Seen(tuple(sorted(relay.gate.exchanges, key=lambda one: one.began)), len(_left(relay)))


def _left(relay: Reachable) -> list[object]:
    return [report for report, _ in relay.rig.reports(relay.rig.partners[0])]


def nothing_tells_them_apart(plain: Sequence[Seen], told: Sequence[Seen]) -> None:
    """The proof."""
    if [one.reports for one in plain] + [one.reports for one in told] != [0] * len(plain) + [1] * len(told):
        raise ValueError("a report was sent where none should be, or the other way round")
    requests = [visit.requests for visit in (*plain, *told)]
    assert [Counter(one) for one in requests] == [Counter(requests[0])] * len(requests)
    assert requests == [requests[0]] * len(requests)
    for visit in (*plain, *told):
        assert len(visit.cells) == TICKS
        assert {(len(one.body), one.status) for one in visit.cells} == {(LETTER, 202)}
        assert visit.off_grid <= GRID_SECONDS


@contextmanager
def onions(network: PrivateNetwork, count: int) -> Iterator[list[Onion]]:
    """Published onions, each with a gate of its own, and one client's tor for all."""
    with ExitStack() as stack:
        folder = network.directory / "visits"
        folder.mkdir()
        gates = [
            stack.enter_context(gate_before(folder / "door", at=folder / f"gate-{number}")) for number in range(count)
        ]
        client, socks = network.launch_dial("visitors")
        stack.callback(network.end, client)
        assert isinstance(socks, UnixSocket)
        with ThreadPoolExecutor(count) as threads:
            launched = [
                threads.submit(network.launch_onion, f"visits-{number}", target=UnixSocket(folder / f"gate-{number}"))
                for number in range(count)
            ]
        tors = [one.result() for one in launched]
        for tor in tors:
            stack.callback(network.end, tor)
        yield [Onion(str(tor.onion_address()), gate, socks) for tor, gate in zip(tors, gates, strict=True)]


def together(relays: Sequence[Reachable], *, reporting: Sequence[bool]) -> list[Seen]:
    """All visits at once, each in a Firefox of its own that was there before."""
    with ExitStack() as stack, ThreadPoolExecutor(len(relays)) as threads:
        firefoxes = [stack.enter_context(Firefox.launch(SAFER, proxy=relay.proxy)) for relay in relays]
        while not OPENING[0] <= time.time() % ROUND_SECONDS <= OPENING[1]:
            time.sleep(0.1)
        begun = [
            threads.submit(visited, relay, firefox, reports=reports)
            for relay, firefox, reports in zip(relays, firefoxes, reporting, strict=True)
        ]
        return [one.result() for one in begun]


# It sends nothing but a report, and asks for everything else as ever.
BROUGHT: Final = "    const brought = await this.#reporter.bring(() => this.#letterOrCover(report));\n"
ONLY_REPORTS: Final = (BROUGHT, f'    if (report === undefined) return "";\n{BROUGHT}')


@contextmanager
def altered_relays(folder: Path) -> Iterator[list[Reachable]]:
    """Two relays whose page sends only when there is a report; without tor, which is not what is altered."""
    site = altered.pages(folder, {"pacing.js": [ONLY_REPORTS]})
    with ExitStack() as stack:
        relays = []
        for place in (folder / "plain", folder / "told"):
            place.mkdir()
            rig = AlteredRig(place / "relay", onion=ONION, round_seconds=ROUND_SECONDS, site=site)
            relays.append(stack.enter_context(relay_nearby(rig, place)))
        yield relays


def test_nothing_tells_reports_from_visits_over_tor(private_network: PrivateNetwork, tmp_path: Path) -> None:
    """All of it, and a page that betrays its reports, in the same minutes."""
    reporting = [False, True] * VISITS
    with ExitStack() as stack:
        altered = stack.enter_context(altered_relays(tmp_path))
        published = stack.enter_context(onions(private_network, len(reporting)))
        relays = list(altered)
        for number, onion in enumerate(published):
            folder = tmp_path / str(number)
            folder.mkdir()
            rig = Rig(folder / "relay", onion=onion.address, round_seconds=ROUND_SECONDS)
            relays.append(stack.enter_context(relay_behind(onion, rig, folder)))
        seen = together(relays, reporting=[False, True, *reporting])
    plain, told = seen[2::2], seen[3::2]
    nothing_tells_them_apart(plain, told)
    worst = max(visit.off_grid for visit in (*plain, *told))
    each = len(plain[0].requests)
    print(f"T16 over tor: {len(seen) - 2} visits of {each} requests each, cells within {worst:.2f} s of their ticks")
    caught("T16", "send only when there is a report, over a gate", nothing_tells_them_apart, seen[:1], seen[1:2])
