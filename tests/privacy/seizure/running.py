"""One relay, from its start to its seizure: rounds pass, reports come, the node is killed, and the power fails at a
moment of chance in a round that stays open.

What is taken: the disk as it had been written by that moment, the disk as it would be had all been written, and the
memory of every process as it stood.
"""

import hashlib
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future, wait
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random, SystemRandom
from typing import Final

from crypto.cells import cell_hash
from onion_service.torrc import SocksAddress
from relay.examiner.examining import Question, examine
from relay.examiner.findings import Row
from relay.examiner.given import Arrival, Given
from tests.privacy.seizure import reporters, same
from tests.privacy.seizure.disk import disk
from tests.privacy.seizure.plans import Plan, Together, wait_until
from tests.privacy.seizure.reporters import Reporters, Told, Written
from tests.privacy.seizure.staging import Staged, Surroundings, prepare, started
from tests.privacy.seizure.tor_asked import tors_of
from tests.privacy.seizure.watching import FiguresWatched
from tests.rig import ask

Say = Callable[[str], None]

_PUBLISHED: Final = "the onion service is published"
_TORS: Final = 2
_AFTER_A_KILL: Final = 0.5
_BURST_SECONDS: Final = 0.25
# The part of a round after which no other kill begins: a node that is down at the edge closes no round.
_LAST_KILL: Final = 0.45
# How far before an edge, or before the cut, the last report of a round comes; those over Tor need longer.
_LAST_SECONDS: Final = 1.0
_ONION_SECONDS: Final = 8.0


@dataclass(frozen=True, slots=True)
class Tor:
    """What a relay with Tor needs around it, and the way in for those who come through its onion."""

    around: Surroundings
    socks: SocksAddress


@dataclass(slots=True)
class Seized:
    """What was taken from one relay, and what is known of it. `rows`: the examiner's, by what it looked at."""

    plan: Plan
    level: str
    window: tuple[float, float] = (0.0, 0.0)
    told: Told = field(default_factory=Told)
    kills: int = 0
    rows: dict[str, list[Row]] = field(default_factory=dict)
    picture: same.Picture = field(default_factory=dict)
    in_bundles: Counter[bytes] = field(default_factory=Counter)
    in_slots: Counter[bytes] = field(default_factory=Counter)
    in_open_round: int = 0
    figures_changed: list[float] = field(default_factory=list)
    late_answer: int = 410
    bytes_on_disk: int = 0


class SeizureFailed(Exception):
    """A relay could not be run to its seizure, so nothing can be said; the text says which and why."""


def results(running: Mapping[str, Future[Seized]]) -> dict[str, Seized]:
    """All of them. Raises what went wrong first; that the others then did not wait any longer says nothing."""
    wait(running.values())
    failures = {name: error for name, one in running.items() if (error := one.exception()) is not None}
    for name, error in failures.items():
        if not isinstance(error, threading.BrokenBarrierError):
            raise SeizureFailed(f"{name}: {error}") from error
    if failures:
        raise SeizureFailed(f"{', '.join(failures)}: the others did not come up in time")
    return {name: one.result() for name, one in running.items()}


def seize(plan: Plan, *, pool: Executor, say: Say, together: Together | None = None, tor: Tor | None = None) -> Seized:
    """Run one relay to its seizure and look at what was taken. `pool`: where the examiner works, beside us."""
    together = together or Together(1, plan.round_seconds)
    try:
        with disk() as under:
            rig, settings = prepare(plan, under, tor.around if tor else None)
            chance = SystemRandom()
            count = plan.reports - plan.parcels
            written = reporters.write(count, to=rig.partners[0], chance=chance, parcels=plan.parcels)
            wait_until(together.begin())
            with started(plan, under, rig, settings) as staged:
                return _Seizure(plan, staged, written, pool, say, tor).through(together)
    except BaseException:
        together.give_up()
        raise


class _Seizure:
    def __init__(
        self, plan: Plan, staged: Staged, written: list[Written], pool: Executor, say: Say, tor: Tor | None
    ) -> None:
        self._plan: Final = plan
        self._staged: Final = staged
        self._written: Final = written
        self._pool: Final = pool
        self._say: Final[Say] = lambda text: say(f"{plan.name}: {text}")
        self._chance: Final[Random] = SystemRandom()
        self._reporters: Final = Reporters(staged.rig, staged.door, socks=tor.socks if tor else None)
        self._bodies: Final = reporters.no_cells(plan.refused, self._chance)
        self._watched: Final = FiguresWatched(staged.settings.state / "figures.json")
        self._past_keys: Final[dict[int, bytes]] = {}
        self._noted: Final[set[float]] = set()
        self._held_back: bytes | None = None
        self._found: Final = Seized(plan, staged.disk.level)

    def through(self, together: Together) -> Seized:
        """The whole way."""
        plan, staged = self._plan, self._staged
        staged.wait_open()
        if plan.with_tor:
            staged.wait_for_line(_PUBLISHED)
        self._say("it can be reached")
        edge = together.first_edge()
        with self._watched, ExitStack() as leaving:
            leaving.callback(self._reporters.leave)
            began = edge
            if plan.whole:
                wait_until(edge + 1, meanwhile=self._note_keys)
                began = self._kills(edge)
                same_from = staged.journal.stat().st_size
                edge = self._whole_rounds(began, edge)
            else:
                wait_until(edge)
                same_from = staged.journal.stat().st_size
            cut = self._open_round(edge)
            self._found.window = (began, cut)
            self._found.told = self._reporters.told
            return self._take(int(edge // plan.round_seconds), same_from)

    # The rounds

    def _kills(self, edge: float) -> float:
        """Kill the node now and then in the first third of a round, in a burst. Returns when that is over. Raises
        SeizureFailed when it is not back by the edge."""
        plan = self._plan
        self._held_back = self._reporters.wrapped(self._written[0].cell) if self._written else None
        gap = plan.round_seconds / 3 / max(1, plan.kills)
        for number in range(plan.kills):
            if number and time.time() > edge + _LAST_KILL * plan.round_seconds:
                break
            moment = edge + 1 + gap * number + self._chance.uniform(0.3, 0.6) * gap
            burst = [partial(self._reporters.send, self._written.pop()) for _ in range(plan.burst)]
            times = reporters.moments(plan.burst, moment - _BURST_SECONDS, moment + 0.05, self._chance)
            sending = threading.Thread(target=self._reporters.at, args=(times, burst))
            sending.start()
            wait_until(moment, meanwhile=self._note_keys)
            if (pid := self._staged.node()) is not None:
                # One of the ends is of the kind that leaves a core where nothing forbids it.
                os.kill(pid, signal.SIGSEGV if number == 0 else signal.SIGKILL)
                self._found.kills += 1
            sending.join()
            self._staged.wait_open()
        self._reporters.done()
        time.sleep(_AFTER_A_KILL)
        if plan.kills and time.time() > edge + plan.round_seconds:
            raise SeizureFailed("the node was not back before its round ended: this machine has too much to do")
        return time.time()

    def _whole_rounds(self, began: float, edge: float) -> float:
        """Reports in what is left of this round and in the next one, both of which close. Returns the last edge."""
        plan, period = self._plan, self._plan.round_seconds
        first, second = edge + period, edge + 2 * period
        half = len(self._bodies) // 2
        bodies = self._bodies[:half], self._bodies[half:]
        self._send(plan.early, began, first, bodies=bodies[0])
        self._send(plan.late + plan.parcels, first, second, bodies=bodies[1], onion=plan.by_onion // 2)
        wait_until(second, meanwhile=self._note_keys)
        self._say(f"two rounds have closed, {len(self._reporters.told.accepted)} reports were taken")
        return second

    def _open_round(self, edge: float) -> float:
        """Reports in the round that does not close, up to the cut. Returns the moment of the cut."""
        plan, period = self._plan, self._plan.round_seconds
        cut = edge + period * self._chance.uniform(0.6, 0.85)
        onion = plan.by_onion - (plan.by_onion // 2 if plan.whole else 0)
        if self._held_back is not None and plan.whole:
            wait_until(edge + 0.1 * period)
            self._found.late_answer = self._late()
        self._send(plan.open, max(edge, time.time()) + 0.2, cut, onion=onion)
        if plan.with_tor:
            tors = tors_of(self._staged.family())
            assert len(tors) == _TORS
            for tor in tors:
                tor.heartbeat()
        wait_until(cut)
        return time.time()

    def _send(
        self, count: int, start: float, end: float, *, onion: int = 0, bodies: list[tuple[bytes, bytes]] | None = None
    ) -> None:
        near = [partial(self._reporters.send, self._written.pop()) for _ in range(count - onion)]
        far = [partial(self._reporters.send_by_onion, self._written.pop()) for _ in range(onion)]
        near += [partial(self._reporters.send_what_is_no_cell, body) for _, body in bodies or ()]
        self._chance.shuffle(near)
        margin = (end - start) / 20 + _LAST_SECONDS
        times = reporters.moments(len(near), start, end - margin, self._chance)
        later = reporters.moments(onion, start, end - margin - _ONION_SECONDS, self._chance)
        over_tor = threading.Thread(target=self._reporters.at, args=(later, far), kwargs={"far": True})
        over_tor.start()
        self._reporters.at(times, near)
        over_tor.join()
        self._reporters.done()

    def _late(self) -> int:
        # An envelope for a key that has retired; asked as anybody would.
        if self._held_back is None:
            return 410
        return ask(self._staged.door, "POST", "/cells", self._held_back).status

    def _note_keys(self) -> None:
        # Once in a round: by then the node has turned to it.
        number, into = divmod(time.time(), self._plan.round_seconds)
        if number not in self._noted and into > 1:
            self._past_keys.update(self._staged.spool().keys)
            self._noted.add(number)

    # The seizure

    def _take(self, number: int, same_from: int) -> Seized:
        staged, found = self._staged, self._found
        staged.freeze()
        platter = staged.disk.platter()
        self._say("the power is cut; its memory is read")
        spool = staged.spool()
        found.in_slots = Counter(cell_hash(one.cell) for one in spool.cells)
        found.figures_changed = self._watched.changes()
        if "live" in self._plan.looks:
            found.rows["live"] = self._live(number, self._given(number, spool.keys, Counter()))
        staged.kill()
        flushed = staged.disk.flushed()
        for cells in staged.rig.cells().values():
            found.in_bundles.update(cell_hash(cell) for cell in cells)
        given = self._given(number, spool.keys, found.in_bundles)
        self._say("its disk is examined")
        # At the level of files there is only what is there now.
        paths = {"platter": platter or flushed} | ({"flushed": flushed} if platter else {})
        looking = {
            name: self._pool.submit(examine, self._timed(Question(paths=(str(path),), given=given)))
            for name, path in paths.items()
            if name in self._plan.looks
        }
        found.picture = same.picture(
            flushed if staged.disk.image else staged.disk.root,
            same.Seen(number, found.window[0], self._plan, same_from),
        )
        found.rows.update({name: one.result() for name, one in looking.items()})
        files = [flushed] if staged.disk.image else [path for path in flushed.rglob("*") if path.is_file()]
        found.bytes_on_disk = sum(path.stat().st_blocks for path in files) * 512
        self._say("done")
        return found

    def _given(self, number: int, keys: dict[int, bytes], gone: Counter[bytes]) -> Given:
        """Everything that is known, for the examiner. `gone`: the cells that lie in bundles, as they should."""
        told = self._found.told
        accepted = told.accepted
        begun = number * self._plan.round_seconds
        here = [one for one in accepted if one.moment >= begun]
        self._found.in_open_round = len(here)
        order = {one.envelope for one in here}
        arrivals = [
            Arrival(one.moment, cell_hash(one.written.cell), hashlib.sha256(one.envelope).digest())
            if one.envelope in order
            else Arrival(one.moment)
            for one in told.sent
            if one.moment >= self._found.window[0]
        ]
        arrivals += [Arrival(moment) for moment, _ in told.refused if moment >= self._found.window[0]]
        past = {seed for round_number, seed in self._past_keys.items() if round_number < number - 1} - set(
            keys.values()
        )
        texts = [one.written.marker for one in told.sent] + [marker for marker, _ in self._bodies]
        open_now = [one.envelope for one in told.sent if one.round_number >= number - 1]
        return Given(
            markers=tuple(dict.fromkeys(texts)),
            cells=tuple({one.written.cell for one in accepted if cell_hash(one.written.cell) not in gone}),
            envelopes=tuple(open_now),
            past_envelopes=tuple(one.envelope for one in told.sent if one.round_number < number - 1),
            open_keys=tuple(keys.values()),
            past_keys=tuple(past),
            arrivals=tuple(sorted(arrivals, key=lambda one: one.moment)),
        )

    def _live(self, number: int, given: Given) -> list[Row]:
        # What was refused may still lie in the buffer that bodies are read into; T13 and docs/limits.md are about that.
        sealed = tuple(one.written.marker for one in self._found.told.sent)
        known = replace(given, markers=sealed)
        question = Question(pids=(self._staged.parent.pid,), given=known, round_now=number)
        if os.geteuid():
            # Some systems let only an ancestor read a process, and the pool's workers are none.
            return examine(self._timed(question))
        return self._pool.submit(examine, self._timed(question)).result()

    def _timed(self, question: Question) -> Question:
        plan = self._plan
        return replace(question, span=self._found.window, round_seconds=plan.round_seconds, slack=plan.slack)
