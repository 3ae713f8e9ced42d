"""A sender can see for themselves that their cells left for the partners: each round's hashes are public and signed.

The lists asked for are those of the last relay of the route, because its bundles are what partners get; the hash of a
letter there is the one its sender computed, however often it was wrapped anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from crypto.bundle import HEADER_LEN, MAX_CELLS, HashList
from crypto.cells import CELL_HASH_LEN, CellClass
from crypto.directory import Directory
from crypto.errors import Malformed
from crypto.layers import RoundNumber
from crypto.signing import SIGNATURE_LEN
from onion_service.refusals import DoorBroken, NotSeen
from onion_service.reporter import CALL_SECONDS, PASSING, Doing, News, Sent, Surroundings

LISTS_MAX: Final = 2 * (HEADER_LEN + MAX_CELLS * CELL_HASH_LEN + SIGNATURE_LEN)
# More cells than a bundle holds wait for a later one; a page of rounds is more than that ever took in simulation.
ROUNDS_TO_WATCH: Final = 8
# Parts of a round after its edge at which a list is asked for; chance moves each by as much again.
ASK_AFTER: Final = (0.05, 0.2, 0.4, 0.7, 1.0)


@dataclass(frozen=True, slots=True)
class Seen:
    """Every cell stood in a signed list; these are the rounds, in order."""

    rounds: tuple[RoundNumber, ...]


async def await_rounds(
    sent: Sent, directory: Directory, around: Surroundings, *, rounds: int = ROUNDS_TO_WATCH
) -> Seen:
    """Watch the public hash lists until each cell that was sent has shown up.

    `rounds`: how many rounds later than its own a letter may leave, and how many parcel rounds later a parcel. Raises
    NotSeen when time is up (send the report again), Forged or Malformed when a list is not the relay's.
    """
    wanted = {sealed.hash: sealed.cell_class for sealed in sent.cells}
    of = len(wanted)
    found: list[RoundNumber] = []
    unread = 0
    last = sent.first_round
    for number in _rounds_to_watch(sent, directory, rounds):
        if not _may_hold(number, directory, set(wanted.values())):
            continue
        last = number
        around.told(News(Doing.WATCHING, of - len(wanted), of, f"round {number}"))
        before = len(wanted)
        lists = await _lists(number, directory, around)
        unread += lists is None
        for listed in lists or ():
            for digest in listed.hashes:
                if wanted.get(digest) is listed.header.cell_class:
                    del wanted[digest]
        if len(wanted) < before:
            found.append(number)
        if not wanted:
            return Seen(tuple(found))
    raise NotSeen(
        seen=of - len(wanted), unseen=len(wanted), first_round=sent.first_round, last_round=last, unread=unread
    )


def read_lists(wire: bytes, *, number: RoundNumber, directory: Directory) -> list[HashList]:
    """The hash lists of one round, as the last relay of the route serves them. Raises Malformed or Forged."""
    relay = directory.route[-1].identity
    expected = [CellClass.LETTER, CellClass.PARCEL] if _has_parcels(number, directory) else [CellClass.LETTER]
    lists = []
    for cell_class in expected:
        listed, wire = HashList.take(wire, relay=relay)
        header = listed.header
        if header.round_number != number or header.cell_class is not cell_class:
            raise Malformed("a hash list of another round or class")
        if header.cell_length != cell_class.length_after(len(directory.route)):
            raise Malformed("a hash list of cells that have not passed every relay")
        lists.append(listed)
    if wire:
        raise Malformed("something follows the hash lists of a round")
    return lists


def _rounds_to_watch(sent: Sent, directory: Directory, rounds: int) -> Iterator[RoundNumber]:
    step = directory.bundle.parcel_every if any(s.cell_class is CellClass.PARCEL for s in sent.cells) else 1
    end = sent.last_round + len(directory.route) + rounds * step
    return (RoundNumber(number) for number in range(sent.first_round, end))


def _may_hold(number: RoundNumber, directory: Directory, classes: set[CellClass]) -> bool:
    return CellClass.LETTER in classes or _has_parcels(number, directory)


def _has_parcels(number: RoundNumber, directory: Directory) -> bool:
    every = directory.bundle.parcel_every
    return number % every == every - 1


async def _lists(number: RoundNumber, directory: Directory, around: Surroundings) -> list[HashList] | None:
    """The lists of a round, empty when the relay never had that round (it may have been down); None when it did not
    say."""
    url = f"http://{directory.route[-1].onion}/rounds/{number}"
    period = directory.round_seconds
    lists: list[HashList] | None = None
    for part in ASK_AFTER:
        due = (number + 1 + part * around.chance.uniform(1, 2)) * period
        await around.rest(max(0.0, due - around.now()))
        try:
            answer = await around.dialler.get(url, limit=LISTS_MAX, timeout=CALL_SECONDS)
        except PASSING:
            continue
        if answer.status == HTTPStatus.OK:
            return read_lists(answer.body, number=number, directory=directory)
        if answer.status not in (HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE):
            raise DoorBroken(f"the relay answered {answer.status} when asked for round {number}")
        if answer.status == HTTPStatus.NOT_FOUND:
            lists = []
    return lists
