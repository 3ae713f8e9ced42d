"""The closed list of events a relay tells its operator; the only module that logs (promise T8).

An event is about the relay, a round or a partner. There is no event about a report, so the journals of a quiet day and
of a busy one are the same but for their rounds.
"""

import faulthandler
import logging
import os
import sys
import threading
import warnings
from enum import Enum
from typing import Final, Self, TextIO

from crypto.layers import RoundNumber


class Event(Enum):
    """Everything that can be said; the value is the text. `{round}` and `{detail}` are filled in."""

    STOPPED = "stopped"
    NODE_STARTED = "the node is up"
    NODE_DIED = "the node ended and is started again"
    CANNOT_START = "cannot start: {detail}"
    TOR_STARTING = "starting: {detail}"
    TOR_SLOW = "not in the network yet: {detail}"
    TOR_LOST = "{detail} does not answer; it is started again"
    TOR_FOUND = "{detail} answers again"
    PUBLISHED = "the onion service is published"
    ROUND_CLOSED = "round {round} is closed"
    NOT_CLOSED = "could not write the bundle of round {round}; its cells wait in memory"
    NO_SPACE = "no space for the bundle of round {round}; its cells wait in memory, new ones are refused"
    NO_GATE = "there are no loops: nobody will notice when others are held back"
    HELD = "nothing but top-up left in round {round}: it is not proved that others could reach us; cells wait in memory"
    FROZEN = "frozen in round {round}: others are held back, and cells wait in memory until the operator releases it"
    RELEASED = "released after round {round}; cells leave again with the next round whose loops come back"
    SPACE_AGAIN = "there is space for bundles again"
    DELIVERED = "{detail} has everything up to round {round}"
    UNREACHABLE = "{detail} does not answer; it will get what it missed"
    REFUSED = "{detail} did not take round {round}; it will be offered again"
    CONFLICT = "{detail} has another bundle for round {round} and keeps it: ask whether its relay key is right"
    DAMAGED = "our copy of round {round} is unreadable and is left out: check the disk"
    NOT_RECORDED = "could not note that {detail} has everything up to round {round}: check the disk"
    DIRECTORY_TAKEN = "took directory version {detail}"
    DIRECTORY_REFUSED = "kept the old directory: {detail}"
    DIRECTORY_EXPIRED = "the directory has expired: sign a newer one, or nobody can send"
    ALERTS_TAKEN = "took alerts version {detail}"
    ALERTS_REFUSED = "kept the alerts as they were: {detail}"
    ALERTS_EXPIRED = "the alerts are past their time and are not served: the publisher must sign them again"
    SWAP = "there is swap, and not all memory can be locked: switch swap off, or start the relay by its unit"
    UNEXPECTED = "unexpected: {detail}"


class Journal:
    """Writes events to one stream, a line each, and nothing else ever does."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream: Final = stream if stream is not None else sys.stderr

    @classmethod
    def alone(cls) -> Self:
        """A journal that has this process's standard error to itself, as descriptor 1; from now on descriptor 2 leads
        nowhere, so the last words of the interpreter or of a library, which may hold what was sent, are lost."""
        os.dup2(2, 1)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)
        journal = cls(os.fdopen(1, "w", encoding="utf-8", closefd=False))
        sys.stdout = sys.stderr
        journal.listen()
        return journal

    def listen(self) -> None:
        """From now on an error that nobody caught is one line with its kind: what it says may hold what was sent, and
        so may a warning, or what a library logs, which nobody hears."""
        logging.disable()
        warnings.simplefilter("ignore")
        faulthandler.disable()
        sys.excepthook = lambda kind, _error, _trace: self._unexpected(kind)
        sys.unraisablehook = lambda fault: self._unexpected(fault.exc_type)
        threading.excepthook = lambda fault: self._unexpected(fault.exc_type)

    def record(self, event: Event, *, round_number: RoundNumber | None = None, detail: str = "") -> None:
        """One line. `detail` is the name of a partner, a version or a kind of error: never anything that was sent."""
        text = event.value.format(round="" if round_number is None else round_number, detail=detail)
        self._stream.write(f"veladora: {text}\n")
        self._stream.flush()

    def _unexpected(self, kind: type[BaseException]) -> None:
        if kind is not SystemExit:
            self.record(Event.UNEXPECTED, detail=kind.__name__)
