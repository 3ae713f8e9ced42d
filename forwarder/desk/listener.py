"""Who hears how a running desk is doing, beside its log: its pages.

What is heard comes from closed lists and errors, and says nothing about a report.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from crypto.errors import CryptoError
from forwarder.desk.catching_up import News
from forwarder.desk.endpoint import Refusal
from forwarder.desk.tending import Told
from forwarder.errors import ForwarderError
from onion_service.errors import OnionServiceError


class Trouble(Enum):
    """What a desk could not do on its own account; the value is the sentence."""

    ONLY_CALLED = "this desk only waits to be called"
    NO_WAY_OUT = "cannot go out"
    NO_DIRECTORY = "the relay's directory could not be fetched"
    WORD_WAITS = "a word to another desk has not left"
    WORD_FORGOTTEN = "a word to another desk does not leave any more"


@dataclass(frozen=True, slots=True)
class Failure:
    """What does not work, and why; without an error it works again."""

    what: Trouble
    error: Exception | None

    def __str__(self) -> str:
        return self.what.value if self.error is None else f"{self.what.value}: {in_words(self.error)}"


def in_words(error: Exception) -> str:
    """The words of an error of ours. Those of another may hold what came, so of it only its kind is told."""
    foreseen = isinstance(error, CryptoError | ForwarderError | OnionServiceError | OSError)
    return str(error) if foreseen else type(error).__name__


def _nothing(_: object) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True)
class Listener:
    """What is called when something is to be heard. `reachable`: the address, once the desk can be called; `coming`:
    how far it is with what it missed; `refused`: why a delivery was refused, None when one was taken; `failed`: what
    does not work, or works again; `tended`: what was done with what is published, and what went wrong."""

    reachable: Callable[[str], None] = _nothing
    coming: Callable[[News], None] = _nothing
    refused: Callable[[Refusal | None], None] = _nothing
    failed: Callable[[Failure], None] = _nothing
    tended: Callable[[Told], None] = _nothing


NOBODY: Final = Listener()
