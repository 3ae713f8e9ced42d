"""Six hours pass for tor: it is asked for the lines that it writes by itself four times a day (promise T9)."""

import os
import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from relay.examiner.live import Process, Role

_CONTROL: Final = re.compile(r'^ControlPort unix:"(.+)"$', re.MULTILINE)
_COOKIE: Final = "control_auth_cookie"
_ANSWER_MAX: Final = 4_096
_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class RunningTor:
    """A tor as it was started. `folder`: where it works, in memory; `control`: the socket where it is asked."""

    folder: Path
    control: Path

    @classmethod
    def of(cls, process: Process) -> Self | None:
        """The tor of this process; None when it is none, or ends meanwhile."""
        if process.role is not Role.TOR:
            return None
        try:
            words = (process.folder / "cmdline").read_bytes().split(b"\x00")
            torrc = Path(os.fsdecode(words[words.index(b"-f") + 1]))
            said = _CONTROL.search(torrc.read_text())
        except (OSError, ValueError):
            return None
        return None if said is None else cls(torrc.parent, Path(said[1]))

    def heartbeat(self) -> None:
        """Ask for it (control-spec, SIGNAL HEARTBEAT). Raises OSError when tor does not obey."""
        cookie = (self.folder / _COOKIE).read_bytes()
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(_SECONDS)
            line.connect(str(self.control))
            for words in (f"AUTHENTICATE {cookie.hex()}", "SIGNAL HEARTBEAT"):
                line.sendall(f"{words}\r\n".encode())
                if not line.recv(_ANSWER_MAX).startswith(b"250"):
                    raise ConnectionError(f"the tor of {self.control} does not take {words.partition(' ')[0]}")


def tors_of(processes: Iterable[Process]) -> list[RunningTor]:
    """The tors among some processes."""
    return [found for process in processes if (found := RunningTor.of(process)) is not None]
