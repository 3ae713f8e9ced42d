"""What a desk thinks of a report or an incident, and every step from one thought to the next, as one table.

A step that is not in the table does not happen. What was once public ends in a correction or a withdrawal, never in
silence; nothing ends in being deleted.

Pure: no clock, disk or chance.
"""

from enum import Enum
from typing import Final

from forwarder.desk.errors import NoSuchState, NoSuchStep, ReasonMissing


class State(Enum):
    """How far a report or an incident has been looked into."""

    NEW = "new"
    CHECKING = "checking"
    CONFIRMED = "confirmed"
    UNCONFIRMED = "unconfirmed"
    FALSE = "false"
    PUBLISHED = "published"
    CORRECTED = "corrected"
    WITHDRAWN = "withdrawn"


class Reason(Enum):
    """Whether a step must say why."""

    NOT_NEEDED = "not needed"
    NEEDED = "needed"


# A step that undoes a judgement, takes a shortcut to one, or changes what is public must say why: colleagues, and
# those who ask in a year, will want to know.
STEPS: Final = {
    (State.NEW, State.CHECKING): Reason.NOT_NEEDED,
    (State.NEW, State.FALSE): Reason.NEEDED,  # an advertisement, a joke: seen at a glance
    (State.CHECKING, State.NEW): Reason.NOT_NEEDED,  # put back: somebody else should look
    (State.CHECKING, State.CONFIRMED): Reason.NOT_NEEDED,
    (State.CHECKING, State.UNCONFIRMED): Reason.NOT_NEEDED,
    (State.CHECKING, State.FALSE): Reason.NOT_NEEDED,
    (State.UNCONFIRMED, State.CHECKING): Reason.NOT_NEEDED,  # more has come
    (State.CONFIRMED, State.CHECKING): Reason.NEEDED,
    (State.FALSE, State.CHECKING): Reason.NEEDED,  # we were wrong
    (State.UNCONFIRMED, State.PUBLISHED): Reason.NOT_NEEDED,
    (State.CONFIRMED, State.PUBLISHED): Reason.NOT_NEEDED,
    (State.PUBLISHED, State.CORRECTED): Reason.NEEDED,
    (State.PUBLISHED, State.WITHDRAWN): Reason.NEEDED,
    (State.CORRECTED, State.CORRECTED): Reason.NEEDED,  # corrected once more
    (State.CORRECTED, State.WITHDRAWN): Reason.NEEDED,
    (State.WITHDRAWN, State.CHECKING): Reason.NEEDED,  # it was right after all, and is checked anew before it is public
}

PUBLIC: Final = frozenset({State.PUBLISHED, State.CORRECTED})


def possible(state: State) -> tuple[State, ...]:
    """The states that can follow, in the order of the table."""
    return tuple(after for before, after in STEPS if before is state)


def step(before: State, after: State, *, reason: str = "") -> State:
    """The state after a step. Raises NoSuchStep, which says what is possible, or ReasonMissing."""
    if (before, after) not in STEPS:
        raise NoSuchStep(before.value, after.value, possible=[one.value for one in possible(before)])
    if STEPS[before, after] is Reason.NEEDED and not reason.strip():
        raise ReasonMissing(before.value, after.value)
    return after


def state_named(name: str) -> State:
    """The state of that name. Raises NoSuchState, which names them all."""
    try:
        return State(name.strip().lower())
    except ValueError:
        raise NoSuchState(name, known=[one.value for one in State]) from None
