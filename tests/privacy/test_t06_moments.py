"""T6: volume is hidden in time too: when a bundle is stored, published and delivered does not tell how full it is.

The real node in a process of its own, in a hurry (tests/privacy/quick_node.py); rounds of no report and of as many as a
bundle holds, as chance has it. As many cells are brought to its real door in either: reports, or cover, which it drops;
so the machine has as much to do, and rounds that it was too slow for are left out of both. Seen from outside: when the
bundle's file was written (as it stands on the disk), when the public list of the round answers, when the delivery
reaches the partner's endpoint.

5 000 rounds of either kind would take an hour, so these are 400, and the bands are those of 400 by the same formulas
(tests/privacy/bands.py): 0.080 for the area, 0.158 for the distance. Sixteen top-ups that are made when they are sent
take some 20 ms, where the moments of an honest relay spread over a few.
"""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

import pytest
from aiohttp import web

from crypto.cells import CellClass
from crypto.directory import BundleSizes
from crypto.layers import cover, wrap
from onion_service.address import OnionAddress
from relay.config import Settings
from tests.loopback_relay import way
from tests.privacy import mutant_node
from tests.privacy.bands import Told
from tests.privacy.mutants import caught
from tests.privacy.quick_node import BEAT_SECONDS, PROGRAM, ROUND_SECONDS
from tests.rig import Rig, Running, any_cell

ROUNDS: Final = 400
ROUNDS_OF_A_MUTANT: Final = 20
LETTERS: Final = 16
L: Final = CellClass.LETTER
ENDPOINT: Final = str(OnionAddress.of_public_key(bytes(range(32))))
# In a round nothing is brought before its list is out, nor so late that it might fall into the next.
LATEST: Final = ROUND_SECONDS - 0.05
_LOOK_SECONDS: Final = 0.002
# A bundle is half a megabyte, and nothing touches it once it has been delivered.
KEPT_ROUNDS: Final = 40
_TOUCHED_ROUNDS: Final = 2


@dataclass
class Endpoint:
    """A partner's, which remembers when the bundle of a round began to come."""

    came: dict[str, float] = field(default_factory=dict)

    async def take(self, request: web.Request) -> web.Response:
        """Take anything."""
        self.came.setdefault(request.headers["webhook-id"], time.time())
        await request.read()
        return web.Response(status=204)


@dataclass(frozen=True, slots=True)
class Moments:
    """When things were seen of one round, in seconds after its edge."""

    stored: float
    published: float
    delivered: float


@dataclass
class Scene:
    """A node in a hurry, its door, and the partner's endpoint."""

    running: Running
    endpoint: Endpoint
    chance: Random
    published: dict[int, float] = field(default_factory=dict)
    stored: dict[int, float] = field(default_factory=dict)
    kinds: dict[int, bool] = field(default_factory=dict)

    def watch(self, rounds: int) -> None:
        """Rounds of both kinds, until there are so many of each that were not disturbed."""
        while min(sum(kind is full for kind in self.kinds.values()) for full in (True, False)) < rounds:
            full = self.chance.random() < 0.5
            number = self._begun()
            if self._brought(edge_of(number), full=full) and self._listed(number):
                self.kinds[number] = full
            self._look_at_files(before=number - _TOUCHED_ROUNDS)

    def _begun(self) -> int:
        """The round that now begins, once the list of the one before is out."""
        while self.running.hashes((number := int(time.time() // ROUND_SECONDS)) - 1) is None:
            self.running.keeper.look()
            time.sleep(_LOOK_SECONDS)
        return number

    def _brought(self, edge: float, *, full: bool) -> bool:
        """Whether as many reports as there is room for, or cover cells, were taken in time."""
        route = self.running.route()
        made = [wrap(any_cell(), route=route) if full else cover(L, route=route) for _ in range(LETTERS)]
        taken = sum(self.running.post(cell) == 202 for cell in made)
        return taken == LETTERS and time.time() < edge - ROUND_SECONDS + LATEST

    def _listed(self, number: int) -> bool:
        """Whether its list was seen to come out: not there at one look, and there at the next."""
        time.sleep(max(0.0, edge_of(number) + BEAT_SECONDS - time.time()))
        looks = 0
        while self.running.ask("GET", f"/rounds/{number}").status != 200:
            looks += 1
            time.sleep(_LOOK_SECONDS)
        self.published[number] = time.time()
        return looks > 0

    def _look_at_files(self, *, before: int) -> None:
        """When the files of these rounds were written."""
        for number in self.kinds.keys() - self.stored.keys():
            if number < before:
                path = self.running.rig.folder / "state" / "bundles" / f"letters-{number}.bundle"
                self.stored[number] = path.stat().st_mtime

    def moments(self, *, full: bool) -> list[Moments]:
        """Those of the rounds of one kind."""
        self._look_at_files(before=max(self.kinds) + 1)
        found = []
        for number, kind in self.kinds.items():
            name = f"letters-{number}"
            if kind is full and name in self.endpoint.came:
                seen = (self.stored[number], self.published[number], self.endpoint.came[name])
                found.append(Moments(*(at - edge_of(number) for at in seen)))
        return found


def edge_of(number: int) -> float:
    """When it closes."""
    return (number + 1) * ROUND_SECONDS


@contextmanager
def scene(folder: Path) -> Iterator[Scene]:
    """All of it."""
    rig = Rig(folder, sizes=BundleSizes(letters=LETTERS, parcels=1, parcel_every=96), letters=64)
    settings: Settings = rig.write(
        more_settings=f'[[partner]]\nid = "partner-0"\nendpoint = "http://{ENDPOINT}/"\n'
        f"[bundles]\nkeep_rounds = {KEPT_ROUNDS}\n"
    )
    endpoint, app = Endpoint(), web.Application(client_max_size=2**24)
    app.router.add_post("/", endpoint.take)
    with (
        tempfile.TemporaryDirectory() as short,
        way([ENDPOINT], Path(short) / "endpoint", Path(short) / "socks", app=app) as road,
        rig.running(settings, program=PROGRAM, socks=str(road.socks)) as running,
    ):
        yield Scene(running, endpoint, Random(6))


def measured(folder: Path, rounds: int) -> dict[str, Told]:
    """How far apart each moment lies in rounds of either kind."""
    with scene(folder) as seen:
        seen.watch(rounds)
        empty, full = seen.moments(full=False), seen.moments(full=True)
    told = {
        what: Told.of([getattr(one, what) for one in empty], [getattr(one, what) for one in full])
        for what in ("stored", "published", "delivered")
    }
    print("T6:", "; ".join(f"{what}: {found}" for what, found in told.items()))
    return told


def no_moment_tells_how_full_a_bundle_is(folder: Path, rounds: int) -> dict[str, Told]:
    """The proof. What chance does not explain must show again in a second run, or six looks were six chances to err."""
    told = measured(folder / "first", rounds)
    apart = {what for what, found in told.items() if found.apart}
    if apart:
        apart &= {what for what, found in measured(folder / "second", rounds).items() if found.apart}
    assert apart == set()
    return told


@pytest.mark.slow
def test_no_moment_tells_how_full_a_bundle_is(tmp_path: Path) -> None:
    told = no_moment_tells_how_full_a_bundle_is(tmp_path, ROUNDS)
    assert min(min(found.ones, found.others) for found in told.values()) >= 0.9 * ROUNDS


@pytest.mark.slow
def test_top_ups_made_when_they_are_sent_are_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = mutant_node.make_top_ups_when_they_are_sent.__name__
    monkeypatch.setenv(mutant_node.VARIABLE, name)
    caught("T6", name.replace("_", " "), no_moment_tells_how_full_a_bundle_is, tmp_path, ROUNDS_OF_A_MUTANT)
