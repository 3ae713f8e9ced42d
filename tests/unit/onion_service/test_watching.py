"""A sender sees their cells in the signed lists of the last relay, or is told to send again."""

from contextlib import suppress
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import CryptoError, Forged, Malformed
from onion_service.refusals import (
    NotSeen,
)
from onion_service.watching import await_rounds, read_lists
from onion_service.writing import File
from tests.loopback_relay import SIZES, World
from tests.loopback_reporter import START, Bench, run

_WORLD: Final = World(now=lambda: START)


def test_the_cells_are_seen_in_the_public_lists(bench: Bench) -> None:
    prepared = bench.prepared(File("a.txt", b"x"))
    sent = run(bench.sender.send(prepared.cells))
    seen = run(await_rounds(sent, bench.world.directory, bench.around))
    assert seen.rounds
    assert seen.rounds[-1] % SIZES.parcel_every == SIZES.parcel_every - 1
    assert set(bench.road.hosts[-1:]) == {bench.world.onions[-1]}


def test_a_round_that_was_lost_is_told(bench: Bench) -> None:
    bench.world.lost_rounds.update(range(10**6))
    sent = run(bench.sender.send(bench.prepared().cells))
    with pytest.raises(NotSeen, match="1 of 1 cells are in no bundle") as stopped:
        run(await_rounds(sent, bench.world.directory, bench.around, rounds=2))
    assert stopped.value.unseen == 1
    assert stopped.value.unread == 0
    assert "again" in stopped.value.hint


def test_a_list_that_could_not_be_read_is_told_and_is_not_a_list_without_the_cell(bench: Bench) -> None:
    sent = run(bench.sender.send(bench.prepared().cells))
    bench.world.onions.clear()
    with pytest.raises(NotSeen, match="of their lists could not be read, and they may be there") as stopped:
        run(await_rounds(sent, bench.world.directory, bench.around, rounds=2))
    assert (stopped.value.unseen, stopped.value.unread) == (1, len(bench.world.directory.route) + 2)


def test_a_round_the_relay_never_had_does_not_stop_the_watch(bench: Bench) -> None:
    bench.world.missing_rounds.update(range(10**6))
    sent = run(bench.sender.send(bench.prepared().cells))
    with pytest.raises(NotSeen):
        run(await_rounds(sent, bench.world.directory, bench.around, rounds=2))


def test_lists_of_another_round_or_relay_are_refused(bench: Bench) -> None:
    number = bench.world.round
    wire = bench.world.lists(number)
    assert read_lists(wire, number=number, directory=bench.world.directory)
    with pytest.raises(Malformed):
        read_lists(bench.world.lists(number + 2), number=number, directory=bench.world.directory)
    with pytest.raises(Malformed):
        read_lists(wire + b"x", number=number, directory=bench.world.directory)
    stranger = World(now=bench.clock.now, route_length=bench.world.route_length)
    with pytest.raises(CryptoError):
        read_lists(wire, number=number, directory=stranger.directory)
    with pytest.raises(Forged):
        read_lists(wire[:-1] + bytes([wire[-1] ^ 1]), number=number, directory=bench.world.directory)


@given(st.binary(max_size=600))
def test_any_bytes_are_lists_or_our_error(wire: bytes) -> None:
    with suppress(CryptoError):
        read_lists(b"VLB1" + wire, number=_WORLD.round, directory=_WORLD.directory)
