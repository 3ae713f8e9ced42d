"""A reporter at a bench: the real dialler, a relay on loopback, and time that passes only when somebody waits."""

import asyncio
from collections.abc import Awaitable
from random import Random
from typing import Final, TypeVar

from onion_service.dial import Dialler
from onion_service.reporter import News, Sender, Surroundings
from onion_service.trust import Trust
from onion_service.writing import Draft, File, Prepared, clean, prepare
from tests.loopback_relay import Road, World

ResultT = TypeVar("ResultT")
START: Final = 1_000_000.0


class Clock:
    """Time that passes only when somebody waits."""

    def __init__(self) -> None:
        self.time = START
        self.waits: list[float] = []

    def now(self) -> float:
        return self.time

    async def rest(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.time += seconds
        await asyncio.sleep(0)


class Bench:
    """One world, one road to it, and a reporter's surroundings."""

    def __init__(self, world: World, built: Road, clock: Clock) -> None:
        self.world = world
        self.road = built
        self.clock = clock
        self.news: list[News] = []
        self.around = Surroundings(
            dialler=Dialler(socks=built.socks), now=clock.now, rest=clock.rest, chance=Random(1), told=self.news.append
        )
        self.trust = Trust(world.card)
        self.sender = Sender(self.trust, self.around, patience=300)

    def prepared(self, *files: File, to: tuple[str, ...] = ("norte",), allow_uncleaned: bool = False) -> Prepared:
        written = clean(Draft(text="Vi algo."), files, allow_uncleaned=allow_uncleaned)
        return prepare(written, directory=self.world.directory, to=to)


def run(call: Awaitable[ResultT]) -> ResultT:
    async def awaited() -> ResultT:
        return await call

    return asyncio.run(awaited())
