"""The desk behind the pages: not made yet, locked, or open; and what happens when it changes from one to another.

Locking closes the inbox, drops the keys and everything that was opened, and ends receiving. It happens by hand, after
some minutes in which nobody did anything, and when the program ends.
"""

import asyncio
import gc
import math
import time
from collections.abc import Awaitable, Callable
from enum import Enum
from pathlib import Path
from typing import Final, TypeVar

from crypto import keys
from crypto.errors import CryptoError, WrongPassphrase
from crypto.keys import Cost
from forwarder.desk import program
from forwarder.desk.config import SETTINGS_NAME, PartnerSettings, RelaySettings, Settings, read_settings
from forwarder.desk.errors import DeskLocked, NotOpened, TryLater
from forwarder.desk.program import Desk
from forwarder.desk.publish.errors import OtherAlertsKey
from forwarder.desk.settings_text import fill_in_relay
from forwarder.desk.web.names import Names, names_for
from forwarder.desk.web.opened import Opened
from forwarder.desk.web.receiver import Receiver
from forwarder.desk.web.session import Guesses

MINUTE: Final = 60.0
LOOK_SECONDS: Final = 1.0

Result = TypeVar("Result")
Fault = Callable[[type[BaseException]], None]


def boot_clock() -> float:
    """Seconds that never go back, and go on while the computer sleeps: a closed lid is time without anybody."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Stage(Enum):
    """What there is of a desk."""

    NONE = "none"
    LOCKED = "locked"
    OPEN = "open"


class Keeper:
    """One folder and the desk in it. `clock` never goes back; `cost` is for a desk that is made here."""

    def __init__(
        self,
        folder: Path,
        *,
        clock: Callable[[], float] = boot_clock,
        cost: Cost | None = None,
        receives: bool = True,
    ) -> None:
        self.folder: Final = folder
        self.guesses: Final = Guesses()
        self.locked_by_itself = False
        # Counts openings and lockings, so that what was asked of one opening is not answered in another.
        self.opening = 0
        self._clock: Final = clock
        self._cost: Final = cost
        self._receives: Final = receives
        self._turn: Final = asyncio.Lock()
        self._desk: Desk | None = None
        self._opened: Opened | None = None
        self._receiver: Receiver | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self._touched = clock()
        self.names = Names()
        self._when_locked: list[Callable[[], None]] = []

    @property
    def stage(self) -> Stage:
        """Where the desk stands now."""
        if self._desk is not None:
            return Stage.OPEN
        return Stage.LOCKED if (self.folder / SETTINGS_NAME).is_file() else Stage.NONE

    @property
    def desk(self) -> Desk:
        """The open desk. Raises DeskLocked."""
        if self._desk is None:
            raise DeskLocked
        return self._desk

    @property
    def opened(self) -> Opened:
        """What was opened in it. Raises DeskLocked."""
        if self._opened is None:
            raise DeskLocked
        return self._opened

    @property
    def receiver(self) -> Receiver:
        """What receives for it. Raises DeskLocked."""
        if self._receiver is None:
            raise DeskLocked
        return self._receiver

    @property
    def settings(self) -> Settings:
        """The desk's settings, as they are on the disk now. Raises BadSettings."""
        return read_settings(self.folder)

    @property
    def lock_seconds(self) -> float:
        """After how long without anybody the desk locks itself."""
        return self.desk.settings.config.web.lock_after_minutes * MINUTE

    def when_locked(self, told: Callable[[], None]) -> None:
        """`told` is called whenever the desk has just been locked."""
        self._when_locked.append(told)

    def touch(self) -> None:
        """Somebody did something."""
        self._touched = self._clock()

    @property
    def left(self) -> int:
        """Whole seconds until an open desk locks itself if nobody does anything. Raises DeskLocked."""
        return max(0, math.ceil(self._touched + self.lock_seconds - self._clock()))

    async def lock_if_due(self) -> None:
        """An open desk at which nobody has done anything for its time is locked when this returns."""
        if self._desk is not None and self.left == 0:
            await self.lock(by_itself=True)

    def wait(self) -> int:
        """Whole seconds until a passphrase may be tried again."""
        return self.guesses.wait(now=self._clock())

    async def make(self, partner: PartnerSettings, *, passphrase: str) -> None:
        """A new desk in the folder, and open. Raises AlreadyThere, NotWritten or a TorError."""
        async with self._turn:
            await asyncio.to_thread(
                program.create, self.folder, partner, relay=None, passphrase=passphrase, cost=self._cost
            )
            await self._open(passphrase)

    async def unlock(self, passphrase: str) -> bool:
        """Open the desk and begin to receive; returns whether this did it, and not another try before it.

        The passphrase is the right one when this returns, also where the desk was open already. Raises TryLater,
        WrongPassphrase or NotOpened, after which the next try must wait, or BadSettings.
        """
        async with self._turn:
            # Asked again here: several tries may have come at once.
            self._check_wait()
            if self._desk is not None:
                await self._check_passphrase(passphrase)
                return False
            await asyncio.gather(*self._ending)
            try:
                await self._open(passphrase)
            except (WrongPassphrase, NotOpened):
                self.guesses.failed(now=self._clock())
                raise
            self.guesses.right()
            return True

    async def lock(self, *, by_itself: bool = False) -> None:
        """The inbox is closed and the keys are dropped when this returns, whoever still holds the desk; tor ends beside
        it (see `end`)."""
        desk, opened, receiver = self._desk, self._opened, self._receiver
        if desk is None or opened is None or receiver is None:
            return
        self._desk = self._opened = self._receiver = None
        # At once, and not when those let go of the desk who use it: what receives needs some seconds to end.
        desk.forget()
        self.names = Names()
        self.opening += 1
        self.locked_by_itself = by_itself
        # First of all that tor is told to stop; it needs some seconds for it.
        ending = asyncio.create_task(receiver.stop(), name="receiver ends")
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)
        try:
            for told in self._when_locked:
                told()
            await opened.close()
        finally:
            await asyncio.to_thread(_close, desk)
        del desk, opened, receiver
        gc.collect()

    async def end(self) -> None:
        """Lock, also what is just being opened, and return when tor has ended too."""
        await self.lock()
        async with self._turn:
            await self.lock()
        await asyncio.gather(*self._ending)
        gc.collect()

    async def fill_in(self, relay: RelaySettings) -> None:
        """Write down the relay and begin to receive. Raises AlreadyThere, BadSettings or NotWritten."""
        async with self._turn:
            settings = await asyncio.to_thread(fill_in_relay, self.desk.settings, relay)
            # The same keys and inbox under the new settings: nobody has to type the passphrase again for that.
            before, opened = self.desk, self.opened
            self._desk = before.under(settings)
            self._opened = Opened(self._desk)
            before.forget()
            await opened.close()
            await self._receive_again()

    async def receive_again(self) -> None:
        """Try to receive once more, after it failed."""
        async with self._turn:
            await self._receive_again()

    async def read(self, work: Callable[[Desk], Result]) -> Result:
        """What `work` returns, in a thread, with the inbox for itself. Raises DeskLocked."""
        desk = self.desk

        def alone() -> Result:
            with desk.alone:
                if self._desk is not desk:
                    raise DeskLocked
                return work(desk)

        return await asyncio.to_thread(alone)

    async def check_passphrase(self, passphrase: str) -> None:
        """Return when this is the desk's passphrase. Raises TryLater, WrongPassphrase or DeskLocked."""
        async with self._turn:
            self._check_wait()
            await self._check_passphrase(passphrase)

    async def watch(
        self, *, on_fault: Fault | None = None, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        """Lock the desk when nobody has done anything for its time; until cancelled. `on_fault` hears the class of what
        went wrong at that, after which it goes on."""
        while True:
            await sleep(LOOK_SECONDS)
            try:
                await self.lock_if_due()
            except Exception as error:  # noqa: BLE001 - one fault must not end the locking for good
                if on_fault is not None:
                    on_fault(type(error))

    def _check_wait(self) -> None:
        if wait := self.wait():
            raise TryLater(wait)

    async def _check_passphrase(self, passphrase: str) -> None:
        path = self.desk.settings.key_files[0]
        try:
            await asyncio.to_thread(lambda: keys.unlock(path.read_bytes(), passphrase=passphrase))
        except CryptoError:
            self.guesses.failed(now=self._clock())
            raise WrongPassphrase("the passphrase does not open the desk's key") from None
        self.guesses.right()

    async def _open(self, passphrase: str) -> None:
        settings = await asyncio.to_thread(read_settings, self.folder)
        desk = await asyncio.to_thread(_unlocked, settings, passphrase, self._cost)
        self.touch()
        self.locked_by_itself = False
        self._desk, self._opened, self._receiver = desk, Opened(desk), Receiver(desk)
        self.opening += 1
        try:
            self.names = await self.read(names_for)
        except BaseException:
            await self.lock()
            raise
        if self._receives:
            self.receiver.start()

    async def _receive_again(self) -> None:
        await self.receiver.stop()
        self._receiver = Receiver(self.desk)
        if self._receives:
            self._receiver.start()


def _unlocked(settings: Settings, passphrase: str, cost: Cost | None) -> Desk:
    """The desk, able to sign what it publishes; without its alerts key it still opens, and cannot publish."""
    try:
        return program.unlock(settings, passphrase=passphrase, signing=True, cost=cost)
    except OtherAlertsKey:
        return program.unlock(settings, passphrase=passphrase)


def _close(desk: Desk) -> None:
    with desk.alone:
        desk.inbox.close()
