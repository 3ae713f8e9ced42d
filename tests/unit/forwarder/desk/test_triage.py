"""Every step is in one table; what was public never goes silent, and nothing vanishes."""

from contextlib import suppress
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forwarder.desk.errors import NoSuchState, NoSuchStep, ReasonMissing
from forwarder.desk.triage import PUBLIC, STEPS, Reason, State, possible, state_named, step


def reached_from(start: State, *, without: frozenset[State] = frozenset()) -> set[State]:
    """Every state on a way from `start` that does not pass through `without`."""
    found, waiting = set[State](), [start]
    while waiting:
        for after in possible(waiting.pop()):
            if after not in found and after not in without:
                found.add(after)
                waiting.append(after)
    return found


@given(st.lists(st.sampled_from(State), max_size=30), st.booleans())
def test_every_path_stays_in_a_known_state(asked: list[State], says_why: bool) -> None:
    now = State.NEW
    for after in asked:
        try:
            now = step(now, after, reason="because" if says_why else " ")
        except NoSuchStep:
            assert (now, after) not in STEPS
        except ReasonMissing:
            assert not says_why
            assert STEPS[now, after] is Reason.NEEDED
        assert now in State


def test_every_state_can_be_reached_and_left() -> None:
    assert reached_from(State.NEW) == set(State)
    assert all(possible(state) for state in State)


def test_a_mistake_can_be_mended_from_every_state() -> None:
    assert all(State.CHECKING in reached_from(state) for state in State)


def test_what_is_public_is_never_silently_taken_back() -> None:
    for public in PUBLIC:
        assert reached_from(public, without=frozenset({State.WITHDRAWN})) <= PUBLIC
        assert all(STEPS[public, after] is Reason.NEEDED for after in possible(public))


def test_what_is_false_or_not_looked_into_is_never_published() -> None:
    assert {before for before, after in STEPS if after is State.PUBLISHED} == {State.CONFIRMED, State.UNCONFIRMED}
    judged = frozenset({State.CONFIRMED, State.UNCONFIRMED})
    assert reached_from(State.FALSE, without=judged).isdisjoint(PUBLIC)
    assert reached_from(State.WITHDRAWN, without=judged).isdisjoint(PUBLIC)


@pytest.mark.parametrize(("before", "after"), sorted(set(product(State, State)) - set(STEPS), key=str))
def test_a_step_that_is_not_in_the_table_is_refused_with_what_is_possible(before: State, after: State) -> None:
    with pytest.raises(NoSuchStep) as caught:
        step(before, after, reason="because")
    assert caught.value.hint == f"from {before.value} it can become: {', '.join(s.value for s in possible(before))}"


@given(st.text(max_size=30))
def test_any_word_is_a_state_or_our_error(word: str) -> None:
    with suppress(NoSuchState):
        assert state_named(word).value == word.strip().lower()


def test_a_state_that_does_not_exist_is_said_with_those_that_do() -> None:
    with pytest.raises(NoSuchState) as caught:
        state_named("flase")
    assert all(state.value in caught.value.hint for state in State)
