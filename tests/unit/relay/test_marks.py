"""The set of marks is a set, says nothing of order, and loses no mark when its process is killed."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.marks import MARK_LEN, Marks, MarksFull
from tests.unit.relay.given import Budget, Killed, dying

PLACES = 32
# Few homes, so that marks displace one another.
MARKS = st.builds(
    lambda home, rest: home.to_bytes(8, "big") + rest.to_bytes(8, "big"),
    st.integers(0, 3) | st.integers(PLACES - 2, PLACES - 1),
    st.integers(1, 200),
)


def _fresh() -> bytearray:
    return bytearray(PLACES * MARK_LEN)


def _filled(marks: list[bytes]) -> bytearray:
    memory = _fresh()
    table = Marks(memoryview(memory))
    for mark in marks:
        table.add(mark)
    return memory


@given(st.lists(MARKS, max_size=PLACES // 2), st.lists(MARKS, max_size=20))
def test_it_is_a_set(added: list[bytes], asked: list[bytes]) -> None:
    table = Marks(memoryview(_filled(added)))
    assert all(mark in table for mark in added)
    assert {mark for mark in asked if mark in table} == set(asked) & set(added)
    assert len(table) == len(set(added))


@given(st.lists(MARKS, max_size=PLACES // 2, unique=True), st.randoms(use_true_random=False))
def test_the_layout_does_not_depend_on_the_order_of_arrival(marks: list[bytes], rng: Random) -> None:
    shuffled = rng.sample(marks, len(marks))
    assert _filled(marks) == _filled(shuffled)


@given(st.lists(MARKS, max_size=PLACES // 2 - 1, unique=True), MARKS)
def test_a_kill_between_two_writes_loses_no_mark(marks: list[bytes], last: bytes) -> None:
    for writes in range(PLACES):
        memory = _filled(marks)
        try:
            Marks(dying(memoryview(memory), Budget(writes))).add(last)
        except Killed:
            found = Marks(memoryview(memory))
            assert all(mark in found for mark in marks)
            found.add(last, mending=True)
            assert last in found
            assert all(mark in found for mark in marks)
        else:
            break
    assert last in Marks(memoryview(memory))


def test_half_of_the_places_is_all_it_takes() -> None:
    table = Marks(memoryview(memory := _fresh()))
    for number in range(PLACES // 2):
        assert table.has_room
        table.add(bytes(15) + bytes([number + 1]))
    assert not table.has_room
    before = bytes(memory)
    with pytest.raises(MarksFull):
        table.add(b"\xff" * MARK_LEN)
    assert bytes(memory) == before
    table.add(bytes(15) + b"\x01")
    assert len(table) == PLACES // 2


def test_mending_never_fills_the_last_place() -> None:
    table = Marks(memoryview(_fresh()))
    for number in range(PLACES - 1):
        table.add(bytes(15) + bytes([number + 1]), mending=True)
    with pytest.raises(MarksFull):
        table.add(b"\xff" * MARK_LEN, mending=True)
    assert b"\xff" * MARK_LEN not in table


@pytest.mark.parametrize("mark", [b"", bytes(MARK_LEN), b"\x01" * 15, b"\x01" * 17])
def test_what_is_no_mark_is_refused(mark: bytes) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        Marks(memoryview(_fresh())).add(mark)


def test_nothing_is_left_after_clearing() -> None:
    memory = _filled([b"\x01" * MARK_LEN, b"\x02" * MARK_LEN])
    table = Marks(memoryview(memory))
    table.clear()
    assert memory == _fresh()
    assert len(table) == 0
    assert b"\x01" * MARK_LEN not in table
    table.release()
