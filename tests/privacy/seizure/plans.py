"""What is to happen to one relay before its power is cut, and the rounds that several relays share."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

READY_SECONDS: Final = 240.0
_PREPARE_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Plan:
    """One relay's fate.

    `kills` at most: fewer where the node is so slow to come back that they would not end in their round. Reports:
    `burst` around each kill of the node, `early` and `late` in the two whole rounds, `open` in the round that
    does not close; `by_onion` of the last two kinds come through the onion service. `refused`: bodies that are no cell.
    `slack`: how long after an edge the relay's own work may take. `mutant`: what is planted in the node. Without
    `whole` only the open round is lived through. `looks`: at what the examiner looks: the memory, the disk as it was
    written, and as it would be had all been written.
    """

    name: str
    round_seconds: int
    slack: float
    burst: int = 0
    early: int = 0
    late: int = 0
    open: int = 0
    by_onion: int = 0
    parcels: int = 0
    refused: int = 0
    kills: int = 0
    whole: bool = True
    with_tor: bool = False
    mutant: str = ""
    tors_defaults: bool = False
    core_limit: str = "0"
    looks: tuple[str, ...] = ("live", "platter", "flushed")

    @property
    def reports(self) -> int:
        """How many reports are sent."""
        return self.burst * self.kills + self.early + self.late + self.open + self.parcels


class Together:
    """Relays that are to be compared live through the same rounds: they start and are laden at the same moments."""

    def __init__(self, parties: int, period: int) -> None:
        self._period: Final = period
        self._begin: Final = threading.Barrier(parties, action=self._set_begin)
        self._first: Final = threading.Barrier(parties, action=self._set_first)
        self._began = 0.0
        self._edge = 0.0

    def begin(self) -> float:
        """When to start the relay: early in a round, the same for all."""
        self._begin.wait(READY_SECONDS)
        return self._began

    def first_edge(self) -> float:
        """The edge at which the first whole round begins, once all relays can be reached."""
        self._first.wait(READY_SECONDS)
        return self._edge

    def give_up(self) -> None:
        """One failed: the others wait no longer."""
        self._begin.abort()
        self._first.abort()

    def _set_begin(self) -> None:
        now = time.time()
        self._began = now if now % self._period < self._period / 3 else self._next_edge(now) + 0.5

    def _set_first(self) -> None:
        self._edge = self._next_edge(time.time() + _PREPARE_SECONDS)

    def _next_edge(self, now: float) -> float:
        return (now // self._period + 1) * self._period


def wait_until(moment: float, *, meanwhile: Callable[[], object] = lambda: None) -> None:
    """Return at that moment."""
    while (left := moment - time.time()) > 0:
        meanwhile()
        time.sleep(min(left, 0.02))
