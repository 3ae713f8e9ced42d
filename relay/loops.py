"""The relay sends cells to itself through its own onion, and knows at the edge how many came back
(docs/spec/company.md).

A loop is cover like anybody's, over a circuit of its own. Which ones are under way is known in memory only, and
forgotten at the edge of their round.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random
from typing import Final, NoReturn, Protocol

from crypto.cells import CellClass
from crypto.layers import RoundKey, RoundNumber, cover, peel
from onion_service.errors import DialError
from onion_service.reporter import ANSWER_MAX, CALL_SECONDS
from relay.gate import Tally
from relay.rounds import Rounds

# Through Tor and back to one's own onion takes seconds; what has not come after a minute is taken for lost.
SETTLE_SECONDS: Final = 60.0
_SETTLE_PART: Final = 0.2
_MARK_LEN: Final = 16

Rest = Callable[[float], Awaitable[None]]


class Post(Protocol):
    """One POST on a circuit of its own (`onion_service.dial.Dialler.post`). Raises DialError."""

    def __call__(self, url: str, body: bytes, *, limit: int, timeout: float) -> Awaitable[object]: ...


@dataclass(slots=True)
class _Round:
    """How many loops of a round have left, and the marks of those that have not come back."""

    sent: int = 0
    out: set[bytes] = field(default_factory=set)


def settling(rounds: Rounds) -> float:
    """How long before its edge the last loop of a round leaves, in seconds."""
    return min(SETTLE_SECONDS, _SETTLE_PART * rounds.period)


def moments(number: RoundNumber, rounds: Rounds, *, count: int, chance: Random) -> list[float]:
    """When the loops of a round leave: as chance wills, in a time as long as a round that ends so long before its edge
    that they can be back."""
    ends = rounds.edge(number) - settling(rounds)
    return sorted(ends - rounds.period * (1 - chance.random()) for _ in range(count))


class Loops:
    """Sends the loops of every round. `post` reaches our own door through Tor; `key`: the round key announced now."""

    def __init__(
        self,
        *,
        per_round: int,
        rounds: Rounds,
        url: str,
        post: Post,
        key: Callable[[], RoundKey],
        now: Callable[[], float],
        until: Rest,
        chance: Random,
    ) -> None:
        self._per_round: Final = per_round
        self._rounds: Final = rounds
        self._url: Final = url
        self._post: Final = post
        self._key: Final = key
        self._now: Final = now
        self._until: Final = until
        self._chance: Final = chance
        self._under_way: dict[RoundNumber, _Round] = {}

    def came(self, inner: bytes) -> None:
        """A cover cell has come through the door; it may be one of ours."""
        for one in self._under_way.values():
            one.out.discard(inner[:_MARK_LEN])

    def tally(self, number: RoundNumber) -> Tally:
        """What became of the loops of a round, at its edge. They are forgotten, those of earlier rounds too."""
        found = self._under_way.get(number, _Round())
        self._under_way = {later: one for later, one in self._under_way.items() if later > number}
        return Tally(wanted=self._per_round, sent=found.sent, back=found.sent - len(found.out))

    async def run(self) -> NoReturn:
        """Send loops until cancelled. What falls before the first moment, or was slept through, is not made up for."""
        settle = settling(self._rounds)
        number = self._rounds.at(self._now() + settle)
        async with asyncio.TaskGroup() as calls:
            while True:
                for moment in moments(number, self._rounds, count=self._per_round, chance=self._chance):
                    await self._until(moment)
                    if self._now() - moment < settle / 2:
                        calls.create_task(self._send(number), name="loop")
                await self._until(self._rounds.edge(number) - settle)
                number = RoundNumber(max(number + 1, self._rounds.at(self._now() + settle)))

    async def _send(self, number: RoundNumber) -> None:
        key = self._key()
        envelope = cover(CellClass.LETTER, route=[key.key.sealing_key])
        mine = self._under_way.setdefault(number, _Round())
        mine.out.add(peel(envelope, key).inner[:_MARK_LEN])
        mine.sent += 1
        try:
            await self._post(self._url, envelope, limit=ANSWER_MAX, timeout=CALL_SECONDS)
        except DialError:
            # What counts is whether it came through the door, not what its sender is told.
            return
