"""T11: killed with signal 9 at any moment, the node loses no cell that it answered 202 and sends none twice.

The real node in its own process, under the keeper that holds its memory; reporters who send all the time and, when
their connection breaks, send the same bytes again. At the end only what lies on the disk counts.
"""

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

import pytest

from crypto import letter
from crypto.bundle import Bundle
from crypto.cells import CellClass, cell_hash
from crypto.directory import BundleSizes
from crypto.layers import wrap
from crypto.suite import SealingKey
from relay import supervisor
from tests.privacy import mutant_node
from tests.privacy.mutants import caught
from tests.rig import Rig, Running

KILLS: Final = 200
# Relays that are killed at the same time: each mostly waits for its next round or its node's start.
RELAYS: Final = 4
_SENDERS: Final = 3
_UP_FIRST: Final = 0.75
# Cells a second of one sender: together a little more than a bundle holds in a round, so that some cells wait.
_PACE: Final = {CellClass.LETTER: 5.0, CellClass.PARCEL: 0.3}


@dataclass(slots=True)
class Reporters:
    """People at the door, each with a connection for each cell; they remember what was answered 202."""

    running: Running
    answered: Counter[bytes] = field(default_factory=Counter)
    broken: int = 0
    _over: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, cell_class: CellClass) -> None:
        """Send cells, each another one, until it is over."""
        route: list[SealingKey] | None = None
        while not self._over.is_set():
            began = time.monotonic()
            cell = letter.top_up(cell_class, relays=1)
            route = route or self._route()
            if route is None:
                continue
            status = self._until_answered(wrap(cell, route=route))
            if status == 202:
                with self._lock:
                    self.answered[cell_hash(cell)] += 1
            elif status == 410:
                route = None
            else:
                assert status in (None, 503), status
            self._over.wait(max(0.0, 1 / _PACE[cell_class] - (time.monotonic() - began)))

    def stop(self) -> None:
        """Everybody goes home."""
        self._over.set()

    def _route(self) -> list[SealingKey] | None:
        while not self._over.is_set():
            with suppress(OSError):
                return self.running.route()
            self._over.wait(0.02)
        return None

    def _until_answered(self, envelope: bytes) -> int | None:
        while not self._over.is_set():
            try:
                status = self.running.post(envelope)
            except OSError:
                with self._lock:
                    self.broken += 1
                self._over.wait(0.02)
                continue
            if status != 503:
                return status
            self._over.wait(0.5)
        return None


def _next_kill(rng: Random, now: float, period: int) -> float:
    """A random moment soon; four times in five just around the edge and the beats after it, when there is one near."""
    edge = (now // period + 1) * period
    if edge - now < 2.0 and rng.random() < 0.8:
        return edge + rng.uniform(-0.1, 1.1)
    return now + rng.uniform(0.05, 1.8)


def _kill(running: Running, kills: int, rng: Random) -> None:
    for _ in range(kills):
        # Else a machine with much to do would be killed while it starts, and hardly ever under load.
        if rng.random() < _UP_FIRST:
            running.wait_open()
        moment = _next_kill(rng, time.time(), running.rig.round_seconds)
        while time.time() < moment:
            running.keeper.look()
            time.sleep(0.002)
        running.kill()


def _on_disk(rig: Rig) -> Counter[bytes]:
    store, found = rig.store(), Counter[bytes]()
    for cell_class in CellClass:
        for number in store.rounds(cell_class):
            bundle = Bundle.parse(store.read(cell_class, number), relay=rig.relay.signing.verifying_key)
            found.update(cell_hash(cell) for cell in bundle.cells)
    return found


def _let_all_leave(running: Running, answered: Counter[bytes], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not answered.keys() <= _on_disk(running.rig).keys():
        running.keeper.look()
        time.sleep(0.5)


def every_accepted_cell_leaves_once(
    rig: Rig, *, kills: int, program: str, seed: int, patience: float
) -> tuple[int, int]:
    """The proof. Returns how many cells were answered 202 and how many connections broke on the way."""
    with rig.running(program=program) as running, ThreadPoolExecutor(_SENDERS + 1) as people:
        reporters = Reporters(running)
        classes = [CellClass.LETTER] * _SENDERS + [CellClass.PARCEL]
        sending = [people.submit(reporters.send, cell_class) for cell_class in classes]
        try:
            _kill(running, kills, Random(seed))
        finally:
            reporters.stop()
        for sender in sending:
            sender.result()
        running.wait_open()
        _let_all_leave(running, reporters.answered, patience)
        found = _on_disk(rig)
    answered = reporters.answered
    once = sum(found[cell] == 1 for cell in answered)
    more = sum(found[cell] > 1 for cell in answered)
    print(f"{kills} kills: {len(answered)} cells answered 202, {once} in exactly one bundle, {more} in more")
    assert once == len(answered)
    assert max(found.values()) == 1
    return len(answered), reporters.broken


def _rig(folder: Path) -> Rig:
    return Rig(folder, sizes=BundleSizes(letters=64, parcels=4, parcel_every=2), letters=512, parcels=32)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The keeper does not take its time over a node that dies again and again."""
    monkeypatch.setattr(supervisor, "_BACKOFF_SECONDS", (0.0,))


@pytest.mark.slow
def test_two_hundred_kills_lose_nothing_and_send_nothing_twice(tmp_path: Path) -> None:
    with ThreadPoolExecutor(RELAYS) as threads:
        running = [
            threads.submit(
                every_accepted_cell_leaves_once,
                _rig(tmp_path / str(number)),
                kills=KILLS // RELAYS,
                program="relay.node",
                seed=11 + number,
                patience=90.0,
            )
            for number in range(RELAYS)
        ]
    answered, broken = (sum(counted) for counted in zip(*(one.result() for one in running), strict=True))
    # Else it was not under load, or nobody noticed that the node was killed.
    assert answered > 5 * KILLS
    assert broken > KILLS / 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "kills"),
    [
        (mutant_node.answer_before_the_cell_is_in_its_slot.__name__, 6),
        (mutant_node.forget_that_a_bundle_was_stored.__name__, 12),
    ],
)
def test_the_mutants_are_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, kills: int) -> None:
    monkeypatch.setenv(mutant_node.VARIABLE, name)
    caught(
        "T11",
        name.replace("_", " "),
        every_accepted_cell_leaves_once,
        _rig(tmp_path / "relay"),
        kills=kills,
        program=mutant_node.PROGRAM,
        seed=12,
        patience=11.0,
    )
