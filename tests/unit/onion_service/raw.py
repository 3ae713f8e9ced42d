"""Raw bytes for the door, what it says to them, and everything that it may say."""

import re
import socket
from contextlib import suppress
from pathlib import Path
from typing import Final

from onion_service.answers import CELLS, CUT_OFF, NOT_FOUND, PASTED, PASTED_BUSY, PASTED_CUT_OFF, REFUSALS
from onion_service.serving import Answer

HEAD: Final = re.compile(rb"HTTP/1\.1 (\d{3}) [A-Za-z ]+\r\nContent-Length: (\d+)\r\n")
CLOSE: Final = (b"Connection: close\r\n",)


def wires(answer: Answer) -> set[bytes]:
    """What an answer can be on the wire: kept alive, last, and the heads of both."""
    return {b"".join(parts) for parts in (answer._kept, answer._last)} | {answer._kept[0], answer._last[0]}


CONSTANTS: Final = frozenset().union(
    *map(
        wires,
        (
            *(*CELLS.values(), CUT_OFF, NOT_FOUND, REFUSALS.malformed, REFUSALS.missing, REFUSALS.fault),
            *(*PASTED.values(), PASTED_CUT_OFF, PASTED_BUSY),
        ),
    )
)


def form(text: str) -> bytes:
    """What a browser sends of the form with this text in its field (HTML, "text/plain encoding algorithm")."""
    return b"cell=" + "\r\n".join(text.split("\n")).encode() + b"\r\n"


def request(method: str, target: str, body: bytes = b"", headers: tuple[bytes, ...] = CLOSE) -> bytes:
    """A request on the wire; its length is said when it has a body."""
    length = b"Content-Length: %d\r\n" % len(body) if body else b""
    return f"{method} {target} HTTP/1.1\r\nHost: x\r\n".encode() + length + b"".join(headers) + b"\r\n" + body


def say(path: Path, sent: bytes, *, hang_up: bool = False, seconds: float = 20.0) -> bytes:
    """Everything the door says to these bytes until it ends the connection, or stays silent for so many seconds."""
    heard = b""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(seconds)
        line.connect(str(path))
        with suppress(BrokenPipeError, ConnectionResetError):
            line.sendall(sent)
            if hang_up:
                line.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError, TimeoutError):
            while part := line.recv(65_536):
                heard += part
    return heard


def split(heard: bytes) -> list[bytes]:
    """One piece for each answer."""
    found = []
    while heard:
        head = HEAD.match(heard)
        assert head is not None, heard[:200]
        end = heard.index(b"\r\n\r\n") + 4 + int(head[2])
        found.append(heard[:end])
        heard = heard[end:]
    return found


def status(heard: bytes) -> int:
    (one,) = split(heard)
    found = HEAD.match(one)
    assert found is not None
    return int(found[1])
