"""From `only_tor` on, every connection of this process leads through tor's SOCKS socket, names included, or fails.

It is for a process that has no other way out in the first place: `no_other_way` looks at its network and refuses one in
which there is more than the loopback of its own. So what a library does behind our back, by a system call, a resolver
or a plain socket, reaches nobody. Sources: RFC 1928, RFC 1929, tor's socks-extensions; PySocks for Python's sockets.
"""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import suppress
from typing import Any, Final, NoReturn

import socks

from onion_service.address import SUFFIX
from onion_service.errors import HasAnotherWay
from onion_service.torrc import UnixSocket

LOOPBACK: Final = "127.0.0.1"
PIECE: Final = 65_536
# Without encryption of its own, what leaves Tor could be read by whoever runs the exit.
PLAIN_PORTS: Final = frozenset({21, 23, 25, 80, 110, 143, 8_080})
# Who connects is not told the name of this machine.
NOBODY: Final = "localhost"

# Kept before anything is replaced. `ssl` must be loaded by then too: its sockets are of the honest class, take over a
# connection that is there, and reach nobody by themselves.
_HONEST: Final = socket.socket
_TLS: Final = ssl.SSLSocket


def no_other_way() -> None:
    """Return when this process has no network but a loopback of its own. Raises HasAnotherWay."""
    others = [name for _, name in socket.if_nameindex() if name != "lo"]
    if others:
        raise HasAnotherWay(len(others))


def only_tor(proxy: UnixSocket, *, name: str, password: str) -> None:
    """Replace Python's sockets and resolver for good; `name` and `password` choose tor's circuits.

    Raises HasAnotherWay where there is more network than a loopback. Call it before any library that connects is
    imported.
    """
    no_other_way()
    port = _bridge(str(proxy.path))
    socks.set_default_proxy(socks.SOCKS5, LOOPBACK, port, rdns=True, username=name, password=password)
    replaced: dict[str, Any] = {
        "socket": _ThroughTor,
        "SocketType": _ThroughTor,
        "getaddrinfo": _unresolved,
        "gethostname": lambda: NOBODY,
        "getfqdn": lambda _name="": NOBODY,
        "gethostbyname": _refuse,
        "gethostbyname_ex": _refuse,
        "gethostbyaddr": _refuse,
        "getnameinfo": _refuse,
    }
    for attribute, value in replaced.items():
        setattr(socket, attribute, value)


class _ThroughTor(socks.socksocket):  # type: ignore[misc]
    """A socket that connects through the proxy and does nothing else."""

    def __init__(
        self,
        family: int = socket.AF_INET,
        type: int = socket.SOCK_STREAM,  # noqa: A002 - as the class it stands for calls it
        _proto: int = 0,
        *args: Any,  # noqa: ANN401
        **more: Any,  # noqa: ANN401
    ) -> None:
        if family not in (-1, socket.AF_INET, socket.AF_INET6) or (type != -1 and not type & socket.SOCK_STREAM):
            raise OSError("only streams through tor")
        super().__init__(socket.AF_INET, socket.SOCK_STREAM, 0, *args, **more)

    def connect(self, address: Any, *args: Any, **more: Any) -> None:  # noqa: ANN401
        host, port = address[:2]
        if port in PLAIN_PORTS and not str(host).endswith(SUFFIX):
            raise OSError("a port without encryption, outside of onion addresses")
        super().connect((host, port), *args, **more)


def _unresolved(host: Any, port: Any, *_: Any, **__: Any) -> list[tuple[Any, ...]]:  # noqa: ANN401
    """A name stays a name; the far end of Tor looks it up."""
    name = host.decode("ascii") if isinstance(host, bytes) else str(host or NOBODY)
    return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (name, int(port or 0)))]


def _refuse(*_: object, **__: object) -> NoReturn:
    raise socket.gaierror("names are not looked up here")


def _bridge(path: str) -> int:
    """A port of our own loopback that leads to the socket at `path`, and nowhere else."""
    listening = _HONEST(socket.AF_INET, socket.SOCK_STREAM)
    listening.bind((LOOPBACK, 0))
    listening.listen()
    port = int(listening.getsockname()[1])
    threading.Thread(target=_accept, args=(listening, path), daemon=True).start()
    return port


def _accept(listening: socket.socket, path: str) -> None:
    while True:
        # Not `accept`: it would make a socket of the class that is there by now.
        number, _ = listening._accept()  # type: ignore[attr-defined]
        inner = _HONEST(socket.AF_INET, socket.SOCK_STREAM, fileno=number)
        outer = _HONEST(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            outer.connect(path)
        except OSError:
            inner.close()
            outer.close()
            continue
        for one, other in ((inner, outer), (outer, inner)):
            threading.Thread(target=_copy, args=(one, other), daemon=True).start()


def _copy(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while piece := one.recv(PIECE):
            other.sendall(piece)
    with suppress(OSError):
        other.shutdown(socket.SHUT_WR)
