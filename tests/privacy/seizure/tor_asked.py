"""Six hours pass for tor: it is asked for the lines that it writes by itself four times a day (promise T9)."""

import os
import socket
from pathlib import Path
from typing import Final

_ANSWER_MAX: Final = 4_096
_SECONDS: Final = 20.0


def ask_tors_for_a_heartbeat(state: Path) -> None:
    """Both tors of a relay, over their control sockets (control-spec, SIGNAL HEARTBEAT). Raises OSError when one does
    not obey."""
    for name in ("dial", "onion"):
        control = state / "run" / f"{name}.control"
        cookie = _unnoticed(
            control.with_name(f"{control.name}.authcookie"), state / f"tor-{name}" / "control_auth_cookie"
        )
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(_SECONDS)
            line.connect(str(control))
            for words in (f"AUTHENTICATE {cookie.hex()}", "SIGNAL HEARTBEAT"):
                line.sendall(f"{words}\r\n".encode())
                if not line.recv(_ANSWER_MAX).startswith(b"250"):
                    raise ConnectionError(f"the tor of {control} does not take {words.partition(' ')[0]}")


def _unnoticed(*paths: Path) -> bytes:
    """What the first of these files that is there holds; its time of access stays."""
    path = next(path for path in paths if path.exists())
    descriptor = os.open(path, os.O_RDONLY | os.O_NOATIME)
    try:
        return os.read(descriptor, _ANSWER_MAX)
    finally:
        os.close(descriptor)
