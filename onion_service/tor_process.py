"""A tor process of ours; nothing that it prints goes to a disk."""

import os
import subprocess
import threading
from collections import deque
from pathlib import Path
from typing import Final

from onion_service.errors import TorStopped
from onion_service.program import environment

STOP_SECONDS: Final = 10.0
_LAST_WORDS: Final = 20


class Child:
    """A tor process of ours and the last lines it printed; nothing it prints goes to a disk."""

    __slots__ = ("_lines", "_process", "_reader")

    def __init__(self, path: str, torrc: Path) -> None:
        command = [path, "--hush", "--defaults-torrc", os.devnull, "-f", str(torrc)]
        self._process = subprocess.Popen(
            [*command, "__OwningControllerProcess", str(os.getpid())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment(),
        )
        self._lines: deque[str] = deque(maxlen=_LAST_WORDS)
        self._reader = threading.Thread(target=self._read, name="tor's last words", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def check_running(self, *, within: float = 0.0) -> None:
        """Raises TorStopped when the process has ended, or does within so many seconds."""
        try:
            code = self._process.wait(within)
        except subprocess.TimeoutExpired:
            return
        self._reader.join(STOP_SECONDS)
        raise TorStopped(code=code, last_words=" / ".join(self._lines))

    def stop(self) -> None:
        """End the process: asked first, killed when it does not listen. Safe to call twice."""
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(STOP_SECONDS)

    def _read(self) -> None:
        if self._process.stdout is not None:
            with self._process.stdout as printed:
                for line in printed:
                    self._lines.append(line.decode("utf-8", "replace").strip())
