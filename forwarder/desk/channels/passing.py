"""What passes between the desk and the program that speaks to services (forwarder/desk/passing.py has the frames).

Pure: values. The answer says one word of a closed list, and of a service its name and how much it takes.
"""

from typing import Annotated, Final, Literal

import msgspec

WORDS_MAX: Final = 4 * 1_048_576
ANSWER_MAX: Final = 4_096

Word = Literal["done", "not understood", "not encrypted", "not checked", "refused", "unreachable"]


class Alone(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The child's first words: it has seen that there is no network but tor. Before them it is told nothing."""

    alone: Literal[True] = True


class WikiAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which wiki, as whom."""

    address: str
    user: str
    password: str

    def __repr__(self) -> str:
        return "WikiAccount(...)"


class Task(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to do: with a wiki, put `body` into the page `title`; with a body, send it; else say what the URL means.
    `login` chooses the circuits."""

    login: str
    url: str = ""
    title: str = ""
    body: str = ""
    summary: str = ""
    wiki: WikiAccount | None = None

    def __repr__(self) -> str:
        return "Task(...)"


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What became of it."""

    said: Word
    service: Annotated[str, msgspec.Meta(max_length=100)] = ""
    title_max: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0
    body_max: Annotated[int, msgspec.Meta(ge=0, le=100_000_000)] = 0
