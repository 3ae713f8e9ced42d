"""The way to a tor's control port: a socket of stem's that is closed when nobody listens."""

from __future__ import annotations

import socket

import stem
import stem.socket
from stem.control import Controller

from onion_service.torrc import LoopbackPort, UnixSocket


def open_controller(control: UnixSocket | LoopbackPort) -> Controller:
    """A controller at that address, which has not logged in yet. Raises stem.SocketError or OSError."""
    if isinstance(control, UnixSocket):
        return Controller(_UnixControl(str(control.path)))
    return Controller(_PortControl(control.host, control.port))


class _UnixControl(stem.socket.ControlSocketFile):  # type: ignore[misc]
    """stem's control socket, which would stay open when nobody listens."""

    def _make_socket(self) -> socket.socket:
        return _connected(socket.AF_UNIX, self.path)


class _PortControl(stem.socket.ControlPort):  # type: ignore[misc]
    """stem's control port, which would stay open when nobody listens."""

    def _make_socket(self) -> socket.socket:
        return _connected(socket.AF_INET, (self.address, self.port))


def _connected(family: socket.AddressFamily, address: str | tuple[str, int]) -> socket.socket:
    sock = socket.socket(family)
    try:
        sock.connect(address)
    except OSError as error:
        sock.close()
        raise stem.SocketError(error.strerror or str(error)) from error
    return sock
