"""One SOCKS5 CONNECT with a login of its own; nobody is asked for a name, and no login means no connection.

Only the login method is offered, so a proxy that would ignore it, and with it tor's isolation of circuits,
refuses us instead. Sources: RFC 1928, RFC 1929, tor's socks-extensions and proposal 304 (replies from 0xF0).
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from dataclasses import dataclass, field
from typing import Final

from onion_service.address import OnionAddress
from onion_service.errors import NotAnOnion, OnionUnreachable, TorUnreachable
from onion_service.torrc import SocksAddress, UnixSocket

_VERSION: Final = 5
_LOGIN: Final = 2
_LOGIN_VERSION: Final = 1
_CONNECT: Final = 1
_NAME: Final = 3
_ADDRESS_LEN: Final = {1: 4, 4: 16}
_BAD_ADDRESS: Final = 0xF6
_REFUSED: Final = {
    0x01: "tor could not reach it",
    0x02: "tor's rules forbid it",
    0x03: "tor has no network",
    0x04: "it is not to be found, or down",
    0x05: "it refused the connection",
    0x06: "it did not answer in time",
    0xF0: "its descriptor is not to be found: it is down, or new",
    0xF1: "its descriptor is not valid",
    0xF2: "it could not be introduced to us",
    0xF3: "the meeting with it failed",
    0xF4: "it wants a client key",
    0xF5: "it does not know our client key",
    0xF7: "it did not answer the introduction in time",
}


@dataclass(frozen=True, slots=True)
class Login:
    """A fresh name and password; tor gives each its own circuits."""

    name: bytes = field(default_factory=lambda: secrets.token_hex(16).encode("ascii"), repr=False)
    password: bytes = field(default_factory=lambda: secrets.token_hex(16).encode("ascii"), repr=False)


async def connect(proxy: SocksAddress, *, to: OnionAddress, port: int, login: Login) -> socket.socket:
    """A non-blocking socket that leads to `to`; the caller closes it.

    Raises TorUnreachable (start tor), OnionUnreachable (the other side must act) or NotAnOnion. Has no
    deadline of its own; cancelling closes the socket.
    """
    loop = asyncio.get_running_loop()
    sock = socket.socket(socket.AF_UNIX if isinstance(proxy, UnixSocket) else socket.AF_INET)
    try:
        sock.setblocking(False)
        try:
            await loop.sock_connect(sock, _kernel_address(proxy))
        except OSError as error:
            raise TorUnreachable(str(proxy), error.strerror or str(error)) from error
        try:
            await _shake_hands(loop, sock, proxy, login)
            await _ask(loop, sock, proxy, to, port)
        except (OSError, EOFError) as error:
            raise TorUnreachable(str(proxy), "it hung up; it may not be tor's SOCKS port") from error
    except BaseException:
        sock.close()
        raise
    return sock


async def _shake_hands(loop: asyncio.AbstractEventLoop, sock: socket.socket, proxy: SocksAddress, login: Login) -> None:
    await loop.sock_sendall(sock, bytes((_VERSION, 1, _LOGIN)))
    if await _read(loop, sock, 2) != bytes((_VERSION, _LOGIN)):
        raise TorUnreachable(str(proxy), "it does not take a login, so calls would share circuits")
    name, password = login.name, login.password
    await loop.sock_sendall(sock, bytes((_LOGIN_VERSION, len(name))) + name + bytes((len(password),)) + password)
    if (await _read(loop, sock, 2))[1] != 0:
        raise TorUnreachable(str(proxy), "it refused our login")


async def _ask(
    loop: asyncio.AbstractEventLoop, sock: socket.socket, proxy: SocksAddress, to: OnionAddress, port: int
) -> None:
    host = to.host.encode("ascii")
    await loop.sock_sendall(sock, bytes((_VERSION, _CONNECT, 0, _NAME, len(host))) + host + port.to_bytes(2, "big"))
    version, reply, _, kind = await _read(loop, sock, 4)
    if version != _VERSION:
        raise TorUnreachable(str(proxy), "it does not speak SOCKS5")
    if reply == _BAD_ADDRESS:
        raise NotAnOnion("tor says this is no onion address")
    if reply:
        raise OnionUnreachable(_REFUSED.get(reply, f"tor refused, with code {reply}"))
    length = _ADDRESS_LEN[kind] if kind in _ADDRESS_LEN else (await _read(loop, sock, 1))[0]
    await _read(loop, sock, length + 2)


async def _read(loop: asyncio.AbstractEventLoop, sock: socket.socket, length: int) -> bytes:
    """Exactly `length` bytes, and never one more: what follows belongs to HTTP."""
    read = b""
    while len(read) < length:
        part = await loop.sock_recv(sock, length - len(read))
        if not part:
            raise EOFError
        read += part
    return read


def _kernel_address(proxy: SocksAddress) -> str | tuple[str, int]:
    return str(proxy.path) if isinstance(proxy, UnixSocket) else (proxy.host, proxy.port)
