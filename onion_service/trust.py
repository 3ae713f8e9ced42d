"""What a sender believes of a relay: a directory the root signed, only ever newer, and round keys that are of now.

Everything a relay says of itself is checked here before a cell is wrapped for it (docs/spec/directory.md).
"""

from __future__ import annotations

from typing import Final, Protocol

from crypto import directory as directories
from crypto.cells import CellClass
from crypto.directory import Card, Directory, TrustedDirectory
from crypto.errors import Malformed
from crypto.layers import AnnouncedKey, RoundNumber, cover, wrap
from crypto.suite import SealingKey
from onion_service.refusals import ClockWrong, RouteChanged, WrongRelay
from onion_service.writing import Sealed

CLOCK_SLACK: Final = 120
# A relay that is not first keeps its keys for a day, since cells reach it late.
INNER_KEY_AGE: Final = 86_400


class Held(Protocol):
    """Where the last directory that was trusted is kept: `HeldDirectory`, or a desk's inbox."""

    def load(self) -> TrustedDirectory | None:
        """The directory kept, expired or not; None when none was."""

    def keep(self, trusted: TrustedDirectory) -> None:
        """Replace what was kept."""


class Trust:
    """One relay as its card and its directory describe it."""

    __slots__ = ("_held", "_route", "_trusted", "card")

    def __init__(self, card: Card, *, held: Held | None = None) -> None:
        """`held` None: nothing is kept, and a replayed directory that has not expired is noticed only within the life
        of this object."""
        self.card: Final = card
        self._held = held
        self._trusted: TrustedDirectory | None = None
        self._route: list[AnnouncedKey] = []

    def take(self, answer: bytes, *, now: float) -> Directory:
        """The directory in an answer to `GET /directory`, now believed. Nothing is believed when this raises.

        Raises Forged, Expired, RolledBack or Malformed (do not send to this relay), WrongRelay or ClockWrong.
        """
        signed, announcements = directories.read_answer(answer)
        held = self._trusted or (self._held.load() if self._held else None)
        seconds = int(now)
        if held is None:
            trusted = TrustedDirectory.read(signed, root=self.card.root, now=seconds)
        else:
            trusted = held.updated(signed, now=seconds)
        found = trusted.directory
        if found.route[0].onion != self.card.onion:
            raise WrongRelay(f"the directory's first relay is {found.route[0].onion}, the card's {self.card.onion}")
        route = directories.route_keys(found, announcements)
        for position, announced in enumerate(route):
            check_clock(announced.round_number, now=seconds, period=found.round_seconds, first=position == 0)
        if self._held is not None and (held is None or held.signed != signed):
            self._held.keep(trusted)
        self._trusted, self._route = trusted, route
        return found

    @property
    def directory(self) -> Directory:
        """The directory believed now."""
        if self._trusted is None:
            raise RuntimeError("no directory was taken yet")
        return self._trusted.directory

    @property
    def first_key(self) -> SealingKey:
        """The round key of the first relay."""
        return self._route[0].key

    @property
    def key_round(self) -> RoundNumber:
        """The round of the first relay's key; the relay takes it in that round and the next."""
        return self._route[0].round_number

    def is_fresh(self, *, now: float) -> bool:
        """Whether the relay still takes what is wrapped with the keys we hold."""
        return self._trusted is not None and self.key_round + 1 >= self.round_at(now)

    def round_at(self, now: float) -> RoundNumber:
        """The round of that moment."""
        return RoundNumber(int(now) // self.directory.round_seconds)

    def wrap(self, sealed: Sealed) -> bytes:
        """The envelope of one cell under the route's round keys. Raises RouteChanged."""
        try:
            return wrap(sealed.cell, route=[announced.key for announced in self._route])
        except Malformed as error:
            raise RouteChanged("the route has another number of relays now") from error

    def cover(self, cell_class: CellClass) -> bytes:
        """A cover cell under the route's round keys."""
        return cover(cell_class, route=[announced.key for announced in self._route])


def check_clock(announced: RoundNumber, *, now: int, period: int, first: bool = True) -> None:
    """Return when a round key of round `announced` can be in use at `now`. Raises ClockWrong with the difference.

    A key is used in its round and the next one; a relay that is not first keeps its keys for a day.
    """
    opened, ends = announced * period, (announced + 2) * period
    if not first:
        ends += INNER_KEY_AGE
    if now < opened - CLOCK_SLACK:
        raise ClockWrong(f"your clock is slow or the relay's is fast, by {_span(opened - now)} or more")
    if now >= ends + CLOCK_SLACK:
        raise ClockWrong(f"your clock is fast or the relay's is slow, by {_span(now - ends)} or more")


def _span(seconds: int) -> str:
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}s"
    return f"{seconds} seconds"
