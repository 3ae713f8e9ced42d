"""The far end of a desk's channels: a SOCKS proxy on a unix socket, as tor's is, that leads every name to a web server.

The server takes Apprise's JSON and speaks as much of MediaWiki's api.php as mwclient asks for: siteinfo, userinfo,
tokens, login, info, revisions and edit. Everything is real HTTP over real sockets, in a thread of its own.
"""

import asyncio
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from aiohttp import web

ONION: Final = "a" * 56 + ".onion"
PASSWORD: Final = "clave-del-bot"
_TOKEN: Final = "token+\\"


@dataclass
class FarEnd:
    """What came, and what is answered."""

    folder: Path
    posts: list[dict[str, Any]] = field(default_factory=list)
    agents: set[str] = field(default_factory=set)
    pages: dict[str, str] = field(default_factory=dict)
    edits: list[tuple[str, str]] = field(default_factory=list)
    names: list[tuple[str, int]] = field(default_factory=list)
    logins: list[bytes] = field(default_factory=list)
    status: int = 200
    hangs: bool = False
    port: int = 0

    @property
    def socks(self) -> Path:
        return self.folder / "socks"

    @property
    def listens_at(self) -> Path:
        """The server's own socket, for a tor that leads to it."""
        return self.folder / "web"

    async def note(self, request: web.Request) -> web.Response:
        self.agents.add(request.headers.get("User-Agent", ""))
        if self.hangs:
            await asyncio.sleep(3_600)
        if self.status == 200:
            self.posts.append(await request.json())
        return web.Response(status=self.status)

    async def api(self, request: web.Request) -> web.Response:
        asked = {key: str(value) for key, value in [*request.query.items(), *(await request.post()).items()]}
        self.agents.add(request.headers.get("User-Agent", ""))
        found = getattr(self, f"_{asked['action']}")(asked)
        return web.Response(text=json.dumps(found), content_type="application/json")

    def _query(self, asked: dict[str, str]) -> dict[str, Any]:
        rights = ["read", "edit", "writeapi", "createpage"]
        found: dict[str, Any] = {"userinfo": {"id": 7, "name": "Ana", "groups": ["user"], "rights": rights}}
        if "tokens" in asked.get("meta", ""):
            found["tokens"] = {f"{asked['type']}token": _TOKEN}
        if "siteinfo" in asked.get("meta", ""):
            found["general"] = {"generator": "MediaWiki 1.43.0", "case": "first-letter"}
            found["namespaces"] = {"0": {"id": 0, "*": ""}}
        if "titles" in asked:
            found["pages"] = {"1": self._page(asked["titles"], revisions="revisions" in asked["prop"])}
        return {"query": found}

    def _page(self, title: str, *, revisions: bool) -> dict[str, Any]:
        page: dict[str, Any] = {"ns": 0, "title": title, "protection": []}
        if title not in self.pages:
            return {**page, "missing": ""}
        if revisions:
            page["revisions"] = [{"slots": {"main": {"*": self.pages[title]}}, "timestamp": "2033-01-14T00:00:00Z"}]
        return {**page, "pageid": 1, "touched": "2033-01-14T00:00:00Z", "lastrevid": 1}

    def _login(self, asked: dict[str, str]) -> dict[str, Any]:
        if (asked["lgname"], asked["lgpassword"]) != ("Ana@alertas", PASSWORD):
            return {"login": {"result": "Failed", "reason": f"not {asked['lgpassword']}"}}
        return {"login": {"result": "Success", "lgusername": "Ana"}}

    def _edit(self, asked: dict[str, str]) -> dict[str, Any]:
        self.pages[asked["title"]] = asked["text"]
        self.edits.append((asked["title"], asked["summary"]))
        return {"edit": {"result": "Success", "newtimestamp": "2033-01-14T00:00:01Z"}}

    async def proxy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection through the proxy (RFC 1928, RFC 1929)."""
        with suppress(OSError, asyncio.IncompleteReadError), _closing(writer):
            _, count = await reader.readexactly(2)
            methods = await reader.readexactly(count)
            assert 2 in methods, "a login is offered, so that tor keeps circuits apart"
            writer.write(b"\x05\x02")
            _, length = await reader.readexactly(2)
            name = await reader.readexactly(length)
            await reader.readexactly((await reader.readexactly(1))[0])
            self.logins.append(name)
            writer.write(b"\x01\x00")
            _, command, _, kind = await reader.readexactly(4)
            assert (command, kind) == (1, 3), "a name is never looked up on our side"
            host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
            port = int.from_bytes(await reader.readexactly(2), "big")
            self.names.append((host, port))
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self.port)
            with _closing(inner_writer):
                writer.write(b"\x05\x00\x00\x01" + bytes(6))
                await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer))


@contextmanager
def _closing(writer: asyncio.StreamWriter) -> Iterator[None]:
    try:
        yield
    finally:
        writer.transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await reader.read(65_536):
            writer.write(piece)
            await writer.drain()
        writer.write_eof()


@contextmanager
def far_end(folder: Path, *, tls: ssl.SSLContext | None = None) -> Iterator[FarEnd]:
    """The far end, for as long as the block lasts."""
    made, ready, loop = FarEnd(folder), threading.Event(), asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        app = web.Application()
        app.router.add_post("/alerts", made.note)
        app.router.add_route("*", "/w/api.php", made.api)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        made.port = runner.addresses[0][1]
        await web.UnixSite(runner, str(folder / "web")).start()
        server = await asyncio.start_unix_server(made.proxy, path=made.socks)
        ready.set()
        await stop.wait()
        server.close()
        await runner.cleanup()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield made
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()
