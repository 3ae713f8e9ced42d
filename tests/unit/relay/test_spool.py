"""Fixed slots in memory: whole after a kill at any write, silent about order, and empty of what has left."""

import os
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.cells import CellClass, cell_hash
from crypto.layers import RoundNumber
from crypto.suite import OpeningKey
from relay import spool
from relay.gate import Phase
from relay.spool import Geometry, Put, Spool, SpoolError
from tests.unit.relay.given import ROUND, SMALL, Killed, attached, cell, dump, identity, let_die, memory

L, P = CellClass.LETTER, CellClass.PARCEL
_MOST_WRITES = 200


def _put(held: Spool, number: int, cell_class: CellClass = L) -> Put:
    return held.put(cell_class, cell(number, SMALL, cell_class), identity=identity(number))


def _killed_after(fd: int, writes: int, act: Callable[[Spool], object]) -> bool:
    """Whether the process that acts is killed before it is done, so many writes from now."""
    held = Spool(fd, SMALL)
    let_die(held, writes)
    try:
        act(held)
    except Killed:
        return True
    finally:
        held.close()
    return False


def _kills(act: Callable[[Spool], object], before: Callable[[Spool], object], after: Callable[[int], None]) -> None:
    """Kill `act` after each of its writes in turn; `after` looks at the memory."""
    for writes in range(_MOST_WRITES):
        with memory() as fd:
            with attached(fd) as held:
                before(held)
            killed = _killed_after(fd, writes, act)
            after(fd)
        if not killed:
            assert writes > 2
            return
    raise AssertionError("it never ends")


def test_a_kill_at_any_write_keeps_a_cell_whole_or_not_at_all_and_a_second_try_keeps_it_once() -> None:
    def before(held: Spool) -> None:
        held.turn_to(ROUND)
        _put(held, 1)

    def after(fd: int) -> None:
        with attached(fd) as held:
            assert set(held.held(L).values()) <= {cell_hash(cell(1)), cell_hash(cell(2))}
            assert cell_hash(cell(1)) in held.held(L).values()
            if cell_hash(cell(2)) not in held.held(L).values():
                # The end of a cell that was cut off is nowhere, nor is its beginning.
                assert cell(2)[:40] not in dump(fd)
            assert _put(held, 2) in (Put.STORED, Put.DUPLICATE)
            assert sorted(held.held(L).values()) == sorted([cell_hash(cell(1)), cell_hash(cell(2))])
            assert _put(held, 2) is Put.DUPLICATE

    _kills(lambda held: _put(held, 2), before, after)


def test_a_kill_at_any_write_leaves_a_dropped_cell_whole_or_gone() -> None:
    def before(held: Spool) -> None:
        held.turn_to(ROUND)
        for number in range(3):
            _put(held, number)

    def after(fd: int) -> None:
        with attached(fd) as held:
            found = set(held.held(L).values())
            assert found <= {cell_hash(cell(number)) for number in range(3)}
            for number in range(3):
                assert (cell_hash(cell(number)) in found) is (cell(number)[:24] in dump(fd))
                assert _put(held, number) is Put.DUPLICATE

    _kills(lambda held: held.drop(L, held.held(L)), before, after)


def test_a_kill_at_any_write_of_a_new_key_leaves_only_accepted_keys_and_their_tags() -> None:
    old: list[bytes] = []

    def before(held: Spool) -> None:
        for number in (ROUND, ROUND + 1):
            held.turn_to(RoundNumber(number))
            held.put(L, cell(number), identity=identity(number))
        old[:] = [key.key.secret_seed() for key in held.round_keys()]

    def after(fd: int) -> None:
        with attached(fd) as held:
            keys = held.turn_to(RoundNumber(ROUND + 2))
            assert [key.round_number for key in keys] == [ROUND + 2, ROUND + 1]
            assert keys[1].key.secret_seed() == old[0]
            # Not even half of the retired key.
            assert old[1][:8] not in dump(fd)
            assert old[1][-8:] not in dump(fd)
            assert {key.tag for key in keys} <= held.tags()
            assert held.put(L, cell(ROUND + 1), identity=identity(ROUND + 1)) is Put.DUPLICATE
            assert len(held._marks[(ROUND + 2) % 2]) <= 1

    _kills(lambda held: held.turn_to(RoundNumber(ROUND + 2)), before, after)


def test_half_a_retired_key_is_gone_after_rounds_that_nobody_ran() -> None:
    with memory() as fd:
        with attached(fd) as held:
            held.turn_to(ROUND)
            seed = held.turn_to(RoundNumber(ROUND + 1))[0].key.secret_seed()
        assert _killed_after(fd, 0, lambda held: held.turn_to(RoundNumber(ROUND + 7)))
        with attached(fd) as held:
            held.turn_to(RoundNumber(ROUND + 8))
        assert seed[-8:] not in dump(fd)


def test_the_next_node_finds_what_the_one_before_answered_for() -> None:
    with memory() as fd:
        with attached(fd) as held:
            keys = held.turn_to(ROUND)
            assert _put(held, 1) is Put.STORED
            assert _put(held, 2, P) is Put.STORED
        with attached(fd) as held:
            assert [key.key.secret_seed() for key in held.round_keys()] == [key.key.secret_seed() for key in keys]
            assert [held.read(L, slot) for slot in held.held(L)] == [cell(1)]
            assert [held.read(P, slot) for slot in held.held(P)] == [cell(2, SMALL, P)]
            assert _put(held, 1) is Put.DUPLICATE
            assert held.key_numbers() == [ROUND]


def test_a_copy_is_known_for_as_long_as_its_key_is_accepted() -> None:
    with memory() as fd:
        with attached(fd) as held:
            held.turn_to(ROUND)
            _put(held, 1)
            held.drop(L, held.held(L))
        with attached(fd) as held:
            held.turn_to(RoundNumber(ROUND + 1))
            assert _put(held, 1) is Put.DUPLICATE
            assert held.held(L) == {}
            held.turn_to(RoundNumber(ROUND + 2))
            # Its key is gone, so nothing sealed to it can come any more.
            assert _put(held, 1) is Put.STORED


def test_turning_to_the_same_round_again_changes_nothing() -> None:
    with memory() as fd, attached(fd) as held:
        held.turn_to(ROUND)
        _put(held, 1)
        before = dump(fd)
        held.turn_to(ROUND)
        assert dump(fd) == before


def test_a_clock_that_is_set_back_leaves_no_key_of_the_future() -> None:
    with memory() as fd, attached(fd) as held:
        ahead = held.turn_to(ROUND)[0].key.secret_seed()
        assert [key.round_number for key in held.turn_to(RoundNumber(ROUND - 10))] == [ROUND - 10]
        assert ahead not in dump(fd)


def test_full_is_said_and_what_is_held_stays() -> None:
    with memory() as fd, attached(fd) as held:
        held.turn_to(ROUND)
        assert {_put(held, number) for number in range(SMALL.letters)} == {Put.STORED}
        before = dump(fd)
        assert _put(held, 99) is Put.FULL
        assert dump(fd) == before
        assert _put(held, 0) is Put.DUPLICATE
        assert _put(held, 100, P) is Put.STORED
        held.drop(L, [0])
        held.drop(P, held.held(P))
        assert _put(held, 99) is Put.STORED


def test_a_round_never_marks_more_than_its_table_holds() -> None:
    with memory() as fd, attached(fd) as held:
        held.turn_to(ROUND)
        answers = []
        for number in range(4 * SMALL.letters):
            answers.append(_put(held, number))
            held.drop(L, held.held(L))
        assert answers.count(Put.STORED) == SMALL.letters + SMALL.parcels
        assert set(answers) == {Put.STORED, Put.FULL}


def test_what_has_left_is_nowhere_in_memory() -> None:
    with memory() as fd, attached(fd) as held:
        held.turn_to(ROUND)
        _put(held, 1)
        _put(held, 2)
        assert cell(1) in dump(fd)
        held.drop(L, [slot for slot in held.held(L) if held.read(L, slot) == cell(1)])
        assert cell(1)[:24] not in dump(fd)
        assert cell(2) in dump(fd)
        assert identity(1) not in dump(fd)


def test_a_key_that_retires_is_overwritten() -> None:
    with memory() as fd, attached(fd) as held:
        seeds = [held.turn_to(RoundNumber(ROUND + later))[0].key.secret_seed() for later in range(4)]
        assert [seed in dump(fd) for seed in seeds] == [False, False, True, True]
        assert all(OpeningKey(seed).sealing_key.fingerprint[:16] in held.tags() for seed in seeds)


def test_a_cover_cell_takes_no_slot_and_leaves_no_mark() -> None:
    with memory() as fd, attached(fd) as held:
        held.turn_to(ROUND)
        held.discard(cell(1), identity=identity(1))
        held.discard(cell(2, SMALL, P), identity=identity(2))
        assert held.held(L) == held.held(P) == {}
        assert _put(held, 1) is Put.STORED


def test_slots_are_of_chance() -> None:
    letters, trials = SMALL.letters, 1_600
    seen = dict.fromkeys(range(letters), 0)
    with memory() as fd, attached(fd) as held:
        for number in range(trials):
            if number % 10 == 0:
                held.turn_to(RoundNumber(ROUND + number // 10))
            assert _put(held, number) is Put.STORED
            (slot,) = held.held(L)
            seen[slot] += 1
            held.drop(L, [slot])
    expected = trials / letters
    # Chi-square with 15 degrees of freedom at 1e-4.
    assert sum((count - expected) ** 2 / expected for count in seen.values()) <= 44.27


def test_a_kill_while_the_last_mark_of_a_full_round_is_noted_does_not_stop_the_next_node() -> None:
    everything = SMALL.letters + SMALL.parcels
    for writes in range(4, 40):
        with memory() as fd:
            with attached(fd) as held:
                held.turn_to(ROUND)
                for number in range(everything - 1):
                    assert _put(held, number) is Put.STORED
                    if number < SMALL.parcels:
                        held.drop(L, held.held(L))
            killed = _killed_after(fd, writes, lambda held: _put(held, everything))
            with attached(fd) as held:
                assert cell_hash(cell(everything)) in held.held(L).values()
                assert _put(held, everything) is Put.DUPLICATE
        if not killed:
            return
    raise AssertionError("it never ends")


@pytest.mark.parametrize("count", [SMALL.letters - 1, SMALL.letters])
def test_the_last_free_slots_are_found(count: int) -> None:
    with memory() as fd, attached(fd) as held:
        held.turn_to(ROUND)
        for number in range(count):
            assert _put(held, number) is Put.STORED
        assert len(held.held(L)) == count


@pytest.mark.parametrize(
    "other",
    [
        Geometry(letters=17, letter_length=700, parcels=4, parcel_length=5_000),
        Geometry(letters=16, letter_length=701, parcels=4, parcel_length=5_000),
        Geometry(letters=16, letter_length=700, parcels=4, parcel_length=5_001),
        Geometry(letters=16, letter_length=700, parcels=4, parcel_length=5_000, keys=3),
        Geometry(letters=64, letter_length=700, parcels=4, parcel_length=5_000),
    ],
)
def test_a_memory_made_for_other_settings_is_refused(other: Geometry) -> None:
    with memory() as fd, pytest.raises(SpoolError, match="other settings"):
        Spool(fd, other)


def test_memory_that_cannot_be_had_is_the_operators_matter() -> None:
    with pytest.raises(SpoolError, match="lower \\[spool\\]"):
        spool.create(Geometry(letters=2**31 - 1, letter_length=2**31 - 1, parcels=2**20, parcel_length=2**31 - 1))


def test_a_cell_of_another_length_is_a_fault_of_ours() -> None:
    with memory() as fd, attached(fd) as held:
        held.turn_to(ROUND)
        with pytest.raises(ValueError, match="length"):
            held.put(L, b"short", identity=b"1")


def test_nothing_is_kept_before_the_first_round() -> None:
    with memory() as fd, attached(fd) as held:
        with pytest.raises(SpoolError, match="turn to a round"):
            _put(held, 1)
        assert held.held(L) == {}


def test_the_memory_is_on_no_disk_and_has_the_size_that_its_geometry_says() -> None:
    with memory() as fd:
        assert str(Path(f"/proc/self/fd/{fd}").readlink()).startswith("/memfd:")
        assert os.fstat(fd).st_size == SMALL.total
        assert os.fstat(fd).st_blocks * 512 >= SMALL.total


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["put", "again", "drop", "restart", "turn"]), max_size=40), st.integers())
def test_whatever_happens_every_cell_is_held_until_it_is_dropped(steps: list[str], seed: int) -> None:
    rng, number, turns = Random(seed), 0, 0
    expected: dict[bytes, int] = {}
    with memory() as fd:
        held = Spool(fd, SMALL)
        held.turn_to(ROUND)
        for step in steps:
            if step == "put":
                number += 1
                if _put(held, number) is Put.STORED:
                    expected[cell_hash(cell(number))] = number
            elif step == "again" and expected and not turns:
                assert _put(held, rng.choice(list(expected.values()))) is Put.DUPLICATE
            elif step == "drop" and (slots := held.held(L)):
                slot = rng.choice(list(slots))
                held.drop(L, [slot])
                del expected[slots[slot]]
            elif step == "restart":
                held.close()
                held = Spool(fd, SMALL)
            elif step == "turn":
                turns += 1
                held.turn_to(RoundNumber(ROUND + turns))
            assert set(held.held(L).values()) == set(expected)
        held.close()


def test_how_the_gate_stands_outlives_the_node_and_begins_shut() -> None:
    with memory() as fd:
        with attached(fd) as held:
            assert held.phase is Phase.WAITING
            held.phase = Phase.FROZEN
            before = dump(fd)
        with attached(fd) as held:
            held.turn_to(ROUND)
            assert held.phase is Phase.FROZEN
        assert len(dump(fd)) == len(before)
