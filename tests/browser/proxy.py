"""A SOCKS 5 proxy on a unix socket that remembers every name it was asked for, and leads only where a test says.

A name may lead to a unix socket on this machine (a door, a page of the test's own), to a port of it, or to the SOCKS
port of a tor.
Everything else is refused, and remembered all the same (RFC 1928).
"""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from onion_service.torrc import UnixSocket
from tests.both_ways import both_ways
from tests.browser.background import Background

VERSION: Final = 5
NO_LOGIN: Final = 0
CONNECT: Final = 1
IPV4, NAME, IPV6 = 1, 3, 4
GRANTED, REFUSED = 0, 2
# An onion is not found for a moment now and then, and a person asks again.
_TRIES: Final = 4
_PAUSE_SECONDS: Final = 2.0
_NOWHERE: Final = bytes([IPV4, 0, 0, 0, 0, 0, 0])


@dataclass
class Proxy:
    """Where each name leads, and what was asked for."""

    socket: Path
    tor: UnixSocket | None = None
    doors: dict[str, Path] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def lead(self, host: str, to: Path) -> None:
        """From now on this name is answered by the server on a unix socket."""
        self.doors[host] = to

    def lead_to_port(self, host: str, port: int) -> None:
        """From now on this name, asked for at this port, is answered by the server at that port of this machine."""
        self.ports[f"{host}:{port}"] = port

    @property
    def hosts(self) -> set[str]:
        """Every name or address, with its port, that anybody wanted to reach."""
        return set(self.asked)


@contextmanager
def proxying(folder: Path, *, tor: UnixSocket | None = None) -> Iterator[Proxy]:
    """A proxy in `folder` until the block is left; with `tor`, an onion that has no door here is asked for there."""
    proxy = Proxy(folder / "socks", tor)
    with Background("proxy") as background:
        server = background.do(asyncio.start_unix_server(lambda *ends: _serve(proxy, *ends), str(proxy.socket)))
        try:
            yield proxy
        finally:
            background.do(_close(server))


async def _close(server: asyncio.AbstractServer) -> None:
    server.close()


async def _serve(proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        request = await _read_request(reader, writer)
        host, port = _host_of(request), int.from_bytes(request[-2:], "big")
        proxy.asked.append(f"{host}:{port}")
        onward = await _lead_on(proxy, host, request)
        writer.write(bytes([VERSION, GRANTED if onward else REFUSED, 0]) + _NOWHERE)
        await writer.drain()
        if onward is not None:
            await both_ways(reader, writer, onward)
    except (OSError, asyncio.IncompleteReadError):
        return
    finally:
        writer.close()


async def _read_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    _, methods = await reader.readexactly(2)
    await reader.readexactly(methods)
    writer.write(bytes([VERSION, NO_LOGIN]))
    head = await reader.readexactly(4)
    match head[3]:
        case 1:
            rest = await reader.readexactly(4 + 2)
        case 4:
            rest = await reader.readexactly(16 + 2)
        case _:
            length = await reader.readexactly(1)
            rest = length + await reader.readexactly(length[0] + 2)
    return head + rest


def _host_of(request: bytes) -> str:
    match request[3]:
        case 3:
            return request[5:-2].decode("ascii", "backslashreplace")
        case 1:
            return ".".join(map(str, request[4:-2]))
    return request[4:-2].hex(":", 2)


async def _lead_on(proxy: Proxy, host: str, request: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
    if request[1] != CONNECT:
        return None
    try:
        if host in proxy.doors:
            return await asyncio.open_unix_connection(str(proxy.doors[host]))
        port = proxy.ports.get(f"{host}:{int.from_bytes(request[-2:], 'big')}")
        if port is not None:
            return await asyncio.open_connection("127.0.0.1", port)
        if proxy.tor is not None and host.endswith(".onion"):
            return await _through_tor(proxy.tor, request)
    except (OSError, asyncio.IncompleteReadError):
        return None
    return None


async def _through_tor(tor: UnixSocket, request: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
    for _ in range(_TRIES):
        with suppress(asyncio.IncompleteReadError):
            if found := await _asked_of_tor(tor, request):
                return found
        await asyncio.sleep(_PAUSE_SECONDS)
    return None


async def _asked_of_tor(tor: UnixSocket, request: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
    reader, writer = await asyncio.open_unix_connection(str(tor.path))
    granted = False
    try:
        writer.write(bytes([VERSION, 1, NO_LOGIN]))
        await reader.readexactly(2)
        writer.write(request)
        answer = await reader.readexactly(4)
        await reader.readexactly({IPV4: 6, IPV6: 18}.get(answer[3], 6))
        granted = answer[1] == GRANTED
        if not granted:
            print(f"tor did not lead there: {answer[1]:#x}", file=sys.stderr)
    finally:
        if not granted:
            writer.close()
    return (reader, writer) if granted else None
