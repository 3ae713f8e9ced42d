"""What a running desk does on its own account: it comes for the rounds that it missed (catching_up.py), keeps the
relay's directory, and brings its words to other desks to the door like any report (telling.py).

That it cannot is told and ends nothing: a desk that is called by its relay goes on receiving.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from random import Random, SystemRandom
from typing import TYPE_CHECKING, Final

from crypto.cells import CellClass
from crypto.errors import CryptoError
from forwarder.desk import rounds, telling
from forwarder.desk.calling import calling
from forwarder.desk.catching_up import CatchingUp, News
from forwarder.desk.config import SETTINGS_NAME
from forwarder.desk.errors import BadSettings, NothingToTell
from forwarder.desk.listener import Failure, Trouble
from forwarder.desk.own_keys import pull_key, signing_key
from forwarder.desk.telling import Due
from forwarder.errors import ForwarderError
from onion_service.dial import Dialler
from onion_service.errors import OnionServiceError
from onion_service.reporter import Sender, Surroundings
from onion_service.socks import Login
from onion_service.trust import Trust
from onion_service.writing import Sealed

if TYPE_CHECKING:
    from forwarder.desk.program import Desk

AGAIN_SECONDS: Final = 30.0
ASLEEP_SECONDS: Final = 180.0
DIRECTORY_SECONDS: Final = 86_400.0
DIRECTORY_AGAIN_SECONDS: Final = 600.0
# For one call to the door; after that it is tried anew at the next look.
PATIENCE_SECONDS: Final = 300.0

Failed = Callable[[Failure], None]


@asynccontextmanager
async def going_out(desk: Desk, *, told: Callable[[News], None], failed: Failed) -> AsyncIterator[None]:
    """The desk goes out for as long as the block lasts. `told` hears how far it is with what it missed, `failed` why
    something does not work."""
    chance = SystemRandom()
    # Noted also where nobody can come: from now on a round that is not here is missing.
    await asyncio.to_thread(desk.wanted, now=time.time())
    await asyncio.to_thread(put_off, desk, now=time.time(), chance=chance)
    task = asyncio.create_task(_go_out(desk, told, failed, chance), name="going out")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def put_off(desk: Desk, *, now: float, chance: Random) -> None:
    """Words that should have left while the desk was off do not leave at the moment at which it is unlocked."""
    with desk.alone:
        telling.put_off(desk.inbox.database, now=now, chance=chance)


async def _go_out(desk: Desk, told: Callable[[News], None], failed: Failed, chance: Random) -> None:
    with desk.alone:
        key = pull_key(desk.inbox.database)
    if desk.settings.socks is None:
        why = BadSettings(desk.settings.folder / SETTINGS_NAME, "[tor] names no socks to go out by")
        failed(Failure(Trouble.ONLY_CALLED, why))
        return
    while True:
        try:
            async with calling(desk.settings, key=key) as dialler, asyncio.TaskGroup() as tasks:
                failed(Failure(Trouble.NO_WAY_OUT, None))
                if desk.settings.relay.partners_onion:
                    tasks.create_task(_catch_up(desk, dialler, told), name="catching up")
                mouth = Mouth(desk, dialler, failed, chance)
                tasks.create_task(mouth.keep_directory(), name="directory")
                tasks.create_task(mouth.speak(), name="words")
        # Whatever it is, receiving goes on.
        except* Exception as errors:  # noqa: BLE001
            for error in errors.exceptions:
                failed(Failure(Trouble.NO_WAY_OUT, error))
        await asyncio.sleep(AGAIN_SECONDS)


async def _catch_up(desk: Desk, dialler: Dialler, told: Callable[[News], None]) -> None:
    relay = desk.settings.relay
    await CatchingUp(
        desk,
        relay,
        line=lambda: dialler.line(f"http://{relay.partners_onion}/", login=Login()),
        now=time.time,
        rest=asyncio.sleep,
        told=told,
    ).run()


@dataclass(frozen=True, slots=True)
class Mouth:
    """Says words at the relay's door, each on a circuit of its own, as a report is brought there."""

    desk: Desk
    dialler: Dialler
    failed: Failed
    chance: Random

    async def keep_directory(self) -> None:
        """The relay's directory is fetched now and about once a day."""
        while True:
            again = DIRECTORY_SECONDS
            try:
                await self._sender().directory()
                await asyncio.to_thread(self._put_right)
            except (CryptoError, ForwarderError, OnionServiceError) as error:
                again = DIRECTORY_AGAIN_SECONDS
                self.failed(Failure(Trouble.NO_DIRECTORY, error))
            else:
                self.failed(Failure(Trouble.NO_DIRECTORY, None))
            await asyncio.sleep(again * self.chance.uniform(0.5, 1.5))

    def _put_right(self) -> None:
        """The relay's round keys are of now, so our clock is right (onion_service/trust.py, `check_clock`)."""
        relay = self.desk.settings.relay
        with self.desk.alone:
            rounds.put_right(self.desk.inbox.database, closed=rounds.settled(time.time(), relay=relay), relay=relay)

    async def speak(self) -> None:
        """Words whose moment has come leave; until cancelled."""
        # Those whose moment came while there was no way out do not leave when there is one.
        await asyncio.to_thread(put_off, self.desk, now=time.time(), chance=self.chance)
        looked = time.time()
        while True:
            # A laptop that was closed meanwhile is as one that was switched off.
            if time.time() - looked > ASLEEP_SECONDS:
                await asyncio.to_thread(put_off, self.desk, now=time.time(), chance=self.chance)
            for one in await asyncio.to_thread(self._due):
                try:
                    await self.say(one)
                except (CryptoError, ForwarderError, OnionServiceError) as error:
                    self.failed(Failure(Trouble.WORD_WAITS, error))
                else:
                    self.failed(Failure(Trouble.WORD_WAITS, None))
            looked = time.time()
            await asyncio.sleep(AGAIN_SECONDS)

    async def say(self, one: Due) -> None:
        """Bring one word to the door. Raises CryptoError, OnionServiceError or DeskError; it is tried again then."""
        sender = self._sender()
        directory = await sender.directory()
        own = self.desk.settings.config.partner.id
        with self.desk.alone:
            key = signing_key(self.desk.inbox.database)
        cell = await asyncio.to_thread(telling.sealed_word, one, directory=directory, own=own, key=key)
        await sender.send([Sealed(cell, CellClass.LETTER)])
        await asyncio.to_thread(self._note_sent, one)

    def _due(self) -> list[Due]:
        with self.desk.alone:
            seconds = self.desk.settings.relay.round_seconds
            return telling.due(
                self.desk.inbox.database, now=time.time(), round_seconds=seconds, forgotten=self._forgotten
            )

    def _forgotten(self, incident: int) -> None:
        why = NothingToTell(f"what is to be told of incident {incident} has changed since a person saw it")
        self.failed(Failure(Trouble.WORD_FORGOTTEN, why))

    def _note_sent(self, one: Due) -> None:
        with self.desk.alone:
            telling.note_sent(self.desk.inbox.database, one.number)

    def _sender(self) -> Sender:
        directory = self.desk.directory
        around = Surroundings(
            dialler=self.dialler, now=time.time, rest=asyncio.sleep, chance=self.chance, told=lambda _: None
        )
        return Sender(Trust(directory.card, held=directory), around, patience=PATIENCE_SECONDS)
