"""The children that run now, so that locking the desk ends those that hold what somebody sent."""

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from forwarder.desk.errors import NotOpenedSafely


class Children:
    """The children that run now. Once they were ended there are no others."""

    __slots__ = ("_ended", "_lock", "_running")

    def __init__(self) -> None:
        self._lock: Final = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._ended = False

    def check(self) -> None:
        """Return while there may be children. Raises NotOpenedSafely."""
        if self._ended:
            raise NotOpenedSafely("the desk was locked")

    @contextmanager
    def counted(self, process: "subprocess.Popen[bytes]") -> Iterator[None]:
        """It is one of them for as long as the block lasts, which is left before it is waited for: after that its
        number may be another's. A child that comes too late is ended at once."""
        with self._lock:
            self._running.add(process)
            if self._ended:
                _kill(process)
        try:
            yield
        finally:
            with self._lock:
                self._running.discard(process)

    def end(self) -> None:
        """All that run are ended, with what they have started, and so is each that would still begin."""
        with self._lock:
            self._ended = True
            for process in self._running:
                _kill(process)


def _kill(process: "subprocess.Popen[bytes]") -> None:
    with suppress(OSError):
        os.killpg(process.pid, 9)
