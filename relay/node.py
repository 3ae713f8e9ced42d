"""The node: it builds everything from the settings and runs it in one task group (docs/operate.md).

It may be killed at any moment: what it answered for is in the spool's memory, which its parent holds, or on the disk.
"""

import argparse
import asyncio
import gc
import os
import random
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import uvloop

from crypto.cells import CellClass
from crypto.directory import TrustedDirectory
from crypto.layers import RoundNumber
from crypto.minisign import PublicKey
from crypto.signing import SEED_LEN, SigningKey
from forwarder import pulling
from forwarder.bundles import BundleStore
from forwarder.delivery import Deliveries, Partner
from forwarder.delivery import Event as DeliveryEvent
from forwarder.errors import ForwarderError, NoSpace
from onion_service import rinsing
from onion_service.answers import REFUSALS
from onion_service.dial import Dialler
from onion_service.door import door
from onion_service.errors import OnionServiceError
from onion_service.serving import serve_on
from onion_service.torrc import socks_address
from onion_service.unnoticed import keep_no_times_of_access
from relay import config, hygiene, probes, telemetry
from relay.alerts import Alerts
from relay.closing import Closing
from relay.config import ConfigError, Settings
from relay.gate import NEXT, Order, Phase, Seen
from relay.hygiene import HygieneError
from relay.intake import Intake
from relay.journal import Event, Journal
from relay.loops import Loops
from relay.public import Public
from relay.rounds import Rounds
from relay.spool import Spool, SpoolError
from relay.start import RELAYS, StartError, geometry, read_directory

_TICK_SECONDS: Final = 0.5
_BEAT_SECONDS: Final = 0.5

_DELIVERY_EVENTS: Final = {
    DeliveryEvent.DELIVERED: Event.DELIVERED,
    DeliveryEvent.UNREACHABLE: Event.UNREACHABLE,
    DeliveryEvent.REFUSED: Event.REFUSED,
    DeliveryEvent.CONFLICT: Event.CONFLICT,
    DeliveryEvent.DAMAGED: Event.DAMAGED,
    DeliveryEvent.NOT_RECORDED: Event.NOT_RECORDED,
}

_GATE_EVENTS: Final = {Order.FREEZE: Event.FROZEN, Order.RESUME: Event.RELEASED}
_GATE_NAMES: Final[dict[Phase, Literal["waiting", "open", "frozen"]]] = {
    Phase.WAITING: "waiting",
    Phase.OPEN: "open",
    Phase.FROZEN: "frozen",
}


@dataclass(frozen=True, slots=True)
class Given:
    """What the supervisor hands over: the spool's descriptor, the identity, and where tor dials for us."""

    spool_fd: int
    identity: SigningKey
    socks: str


class Node:
    """Everything a relay does, built once."""

    def __init__(
        self, settings: Settings, given: Given, *, journal: Journal, clock: Callable[[], float] = time.time
    ) -> None:
        """Raises StartError, SpoolError or ForwarderError when something it needs is missing."""
        root, own = settings.config.root, given.identity.verifying_key
        trusted = read_directory(settings.directory_file, root=root, identity=own, now=int(clock()))
        sizes = trusted.directory.bundle
        # Before anything is made there: who calls at the door would leave the moment in its socket.
        keep_no_times_of_access(settings.own_folders)
        self._settings: Final = settings
        self._parcels: Final = sizes.parcels
        self._journal: Final = journal
        self._clock: Final = clock
        self._rounds: Final = Rounds(trusted.directory.round_seconds, sizes.parcel_every)
        self._spool: Final = Spool(given.spool_fd, geometry(settings, trusted))
        self._store: Final = BundleStore(settings.state / "bundles", keep_rounds=settings.config.bundles.keep_rounds)
        self._dialler: Final = Dialler(socks=socks_address(given.socks))
        self._loops: Final = self._looping(trusted)
        self._intake: Final = Intake(self._spool, cover_came=self._loops.came if self._loops else lambda _inner: None)
        self._alerts: Final = self._mirrored()
        self._public: Final = Public(trusted, identity=given.identity, journal=journal, alerts=self._alerts)
        self._closing: Final = Closing(
            spool=self._spool,
            store=self._store,
            identity=given.identity,
            rounds=self._rounds,
            sizes=sizes,
            relays=RELAYS,
            rng=random.SystemRandom(),
            beat=self._next_beat,
        )
        self._deliveries: Final = Deliveries(
            [Partner(partner.id, partner.endpoint) for partner in settings.config.partner if partner.endpoint],
            store=self._store,
            folder=settings.state / "partners",
            relay=given.identity,
            round_seconds=trusted.directory.round_seconds,
            post=self._dialler.post,
            journal=self._delivered,
        )

    async def run(self) -> None:
        """Serve until cancelled."""
        number = await self._begin()
        handler = door(accept=self._intake.accept, said=self._public)
        socket = self._settings.door_socket
        socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        keep_no_times_of_access([socket.parent])
        async with serve_on(handler, socket, refusals=REFUSALS, on_fault=self._fault), self._for_partners():
            # What is built now stays for good; the collector need not look at it again and again while cells come.
            gc.freeze()
            self._journal.record(Event.NODE_STARTED)
            if self._loops is None:
                self._journal.record(Event.NO_GATE)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._close_rounds(number), name="rounds")
                tasks.create_task(self._deliveries.run(), name="deliveries")
                tasks.create_task(self._load_old_rounds(), name="old rounds")
                if self._loops is not None:
                    tasks.create_task(self._loops.run(), name="loops")

    @asynccontextmanager
    async def _for_partners(self) -> AsyncIterator[None]:
        """Partners who may come for bundles get them for as long as the block lasts."""
        if not self._settings.pull_keys:
            yield
            return
        after_edge = self._settings.config.delivery.after_edge
        handler = pulling.partners_door(
            self._store, may_go=lambda number: self._rounds.edge(number) + after_edge <= self._clock()
        )
        async with serve_on(
            handler,
            self._settings.partners_socket,
            limits=pulling.limits(self._parcels),
            refusals=pulling.REFUSALS,
            on_fault=self._fault,
        ):
            yield

    def lock_spool(self) -> None:
        """Keep the spool off the swap, or as much of it as may be locked."""
        self._spool.lock()

    def close(self) -> None:
        """Let go of the spool; the supervisor still holds it."""
        self._spool.close()

    async def _begin(self) -> RoundNumber:
        number = self._rounds.at(self._clock())
        self._closing.recover()
        unfinished = [kept for kept in reversed(self._spool.key_numbers()) if kept < number]
        self._turn_to(number)
        if self._alerts is not None:
            await self._alerts.refresh(now=int(self._clock()))
        for missed in unfinished:
            await self._close(missed, push=False)
        return number

    async def _close_rounds(self, number: RoundNumber) -> None:
        while True:
            await self._closing.prepare(number)
            await self._sleep_until(self._rounds.edge(number))
            closing, number = number, RoundNumber(max(number + 1, self._rounds.at(self._clock())))
            self._public.refresh(self._settings.directory_file, now=int(self._clock()))
            self._turn_to(number)
            await self._close(closing)
            await rinsing.rinse()
            if self._alerts is not None:
                await self._alerts.refresh(now=int(self._clock()))

    def _turn_to(self, number: RoundNumber) -> None:
        self._public.turn(self._intake.turn_to(number))

    async def _close(self, number: RoundNumber, *, push: bool = True) -> None:
        hold = not self._may_leave(number)
        try:
            await self._closing.close(number, hold=hold)
        except NoSpace:
            self._refuse(Event.NO_SPACE, number)
        except ForwarderError:
            self._refuse(Event.NOT_CLOSED, number)
        else:
            await self._closed(number, push=push)

    def _may_leave(self, number: RoundNumber) -> bool:
        """Whether cells may leave at the edge of this round."""
        if self._loops is None:
            return True
        closed = self._closing.is_closed(number)
        if self._is_released():
            self._turn_gate(Seen.RELEASED, number)
        order = self._turn_gate(self._loops.tally(number).seen(), number)
        if order is Order.HOLD and not closed:
            self._journal.record(Event.HELD, round_number=number)
        return order is Order.SEND

    def _turn_gate(self, seen: Seen, number: RoundNumber) -> Order:
        self._spool.phase, order = NEXT[self._spool.phase, seen]
        if order in _GATE_EVENTS:
            self._journal.record(_GATE_EVENTS[order], round_number=number)
        return order

    def _is_released(self) -> bool:
        # Taken away at every edge, frozen or not, so that none lies in wait for a freeze that is still to come.
        try:
            self._settings.release_file.unlink()
        except FileNotFoundError:
            return False
        except OSError:
            self._journal.record(Event.UNEXPECTED, detail="the release cannot be taken away, so it does not count")
            return False
        return True

    def _refuse(self, event: Event, number: RoundNumber) -> None:
        self._intake.refusing = True
        self._journal.record(event, round_number=number)
        self._write_figures(number)

    async def _closed(self, number: RoundNumber, *, push: bool) -> None:
        if self._intake.refusing:
            self._intake.refusing = False
            self._journal.record(Event.SPACE_AGAIN)
        self._journal.record(Event.ROUND_CLOSED, round_number=number)
        await asyncio.to_thread(self._store.forget_old, number)
        await self._publish_round(number)
        self._public.forget_rounds(set(self._store.rounds(CellClass.LETTER)))
        await self._deliveries.note()
        if push:
            push_at = self._rounds.edge(number) + self._settings.config.delivery.after_edge
            self._deliveries.closed(number, push_in=push_at - self._clock())
        self._write_figures(number)

    async def _publish_round(self, number: RoundNumber) -> None:
        lists = []
        for cell_class in CellClass:
            try:
                lists.append(await asyncio.to_thread(self._store.hash_list, cell_class, number))
            except (KeyError, ForwarderError):
                continue
        if lists:
            self._public.add_round(number, b"".join(lists))

    async def _load_old_rounds(self) -> None:
        for number in reversed(self._store.rounds(CellClass.LETTER)):
            await self._publish_round(number)

    def _write_figures(self, number: RoundNumber) -> None:
        acknowledged = {
            partner.id: -1 if (last := self._deliveries.acknowledged(partner.id)) is None else int(last)
            for partner in self._settings.config.partner
            if partner.endpoint
        }
        figures = telemetry.Figures(
            round=number,
            bundles_kept=sum(len(self._store.rounds(cell_class)) for cell_class in CellClass),
            gate=_GATE_NAMES[self._spool.phase] if self._loops else "none",
            no_space=self._intake.refusing,
            partners=acknowledged,
        )
        try:
            telemetry.write(figures, self._settings.state / "figures.json")
        except OSError:
            self._journal.record(Event.UNEXPECTED, detail="the figures cannot be written")

    def _looping(self, trusted: TrustedDirectory) -> Loops | None:
        per_round = self._settings.config.loops.per_round
        if not per_round:
            return None
        return Loops(
            per_round=per_round,
            rounds=self._rounds,
            url=f"http://{trusted.directory.route[0].onion}/cells",
            post=self._dialler.post,
            key=lambda: self._intake.key,
            now=self._clock,
            until=self._sleep_until,
            chance=random.SystemRandom(),
        )

    def _mirrored(self) -> Alerts | None:
        mirrored = self._settings.config.alerts
        if mirrored is None:
            return None
        folder = self._settings.folder / mirrored.folder
        return Alerts(folder, key=PublicKey.parse(mirrored.key), journal=self._journal)

    async def _sleep_until(self, moment: float) -> None:
        # Looked at again and again, because the clock may be set while we sleep.
        while (left := moment - self._clock()) > 0:  # noqa: ASYNC110 - there is no event for a clock
            await asyncio.sleep(min(left, _TICK_SECONDS))

    async def _next_beat(self) -> None:
        await self._sleep_until((self._clock() // _BEAT_SECONDS + 1) * _BEAT_SECONDS)

    def _delivered(self, event: DeliveryEvent, *, partner: str, round_number: RoundNumber) -> None:
        self._journal.record(_DELIVERY_EVENTS[event], detail=partner, round_number=round_number)

    def _fault(self, kind: type[BaseException]) -> None:
        self._journal.record(Event.UNEXPECTED, detail=kind.__name__)


async def _serve(settings: Settings, given: Given, life_fd: int, journal: Journal, *, locked: bool) -> None:
    loop = asyncio.get_running_loop()
    # What an unhandled error says may hold what was sent, so only its kind is told (promise T12).
    loop.set_exception_handler(
        lambda _, context: journal.record(Event.UNEXPECTED, detail=type(context.get("exception")).__name__)
    )
    node = Node(settings, given, journal=journal)
    if not locked:
        node.lock_spool()
    if probes.may_swap():
        journal.record(Event.SWAP)
    work = asyncio.ensure_future(node.run())
    loop.add_signal_handler(signal.SIGTERM, work.cancel)
    # The supervisor keeps the other end open for as long as it lives; when it is gone, so is the spool.
    loop.add_reader(life_fd, work.cancel)
    try:
        await work
    except asyncio.CancelledError:
        return
    finally:
        loop.remove_reader(life_fd)
        node.close()


def main() -> int:
    """What the supervisor starts: `python -m relay.node SETTINGS --spool-fd N --life-fd N --socks ADDRESS`."""
    parser = argparse.ArgumentParser(prog="relay.node", description="Started by `veladora run`, not by hand.")
    parser.add_argument("settings", type=Path)
    parser.add_argument("--spool-fd", type=int, required=True)
    parser.add_argument("--life-fd", type=int, required=True)
    parser.add_argument("--socks", required=True)
    arguments = parser.parse_args()
    journal = Journal.alone()
    try:
        locked = hygiene.settle(expendable=True)
        given = Given(arguments.spool_fd, SigningKey(os.read(arguments.life_fd, SEED_LEN)), arguments.socks)
        settings = config.read(arguments.settings)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(settings, given, arguments.life_fd, journal, locked=locked))
    except (ConfigError, HygieneError, StartError, SpoolError, ForwarderError, OnionServiceError) as error:
        journal.record(Event.CANNOT_START, detail=str(error))
        return 2
    except BaseException as error:  # noqa: BLE001 - whatever it is, its text may hold what was sent
        journal.record(Event.UNEXPECTED, detail=type(error).__name__)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
