"""The browser's client in Firefox: the very modules that a page is built from, asked the way `client.py` asks Node."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from aiohttp import web

from tests.browser import client
from tests.browser.background import Background
from tests.browser.firefox import Firefox
from tests.browser.page import Page
from tests.browser.proxy import proxying
from tests.browser.settings import SAFER
from tests.rig import ONION

ASK_SECONDS: Final = 300.0
_PAGE: Final = b'<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script src="/script.js"></script>'


@dataclass(frozen=True, slots=True)
class FirefoxClient:
    """The client, loaded into a page of its own."""

    page: Page
    start_seconds: float

    def ask(self, do: str, **question: object) -> Any:  # noqa: ANN401 - an answer is plain JSON
        """What the client answers to one question (onion_service/client/tests/deeds.js)."""
        call = "async (what, asked) => JSON.stringify(await veladora.deeds[what](JSON.parse(asked)))"
        return json.loads(self.page.evaluate(call, do, json.dumps(question), seconds=ASK_SECONDS))

    def vectors(self, *, change: str = "") -> tuple[list[str], dict[str, str]]:
        """The names of the vector cases that pass here, and of those that fail with their reasons.

        `change` is a planted fault: JavaScript that alters `spelled`, the vectors by their file names.
        """
        call = f"""async () => {{
          const {{ spelled, folders }} = await (await fetch("/vectors.json")).json();
          {change}
          return JSON.stringify(await veladora.vectors(spelled, folders));
        }}"""
        found = json.loads(self.page.evaluate(call, seconds=ASK_SECONDS))
        return found["passed"], found["failed"]

    def figures(self, **asked: object) -> dict[str, list[float]]:
        """Milliseconds for each thing that a reporter waits for (onion_service/client/tests/in_firefox.js)."""
        call = "async asked => JSON.stringify(await veladora.figures(JSON.parse(asked)))"
        took: dict[str, list[float]] = json.loads(self.page.evaluate(call, json.dumps(asked), seconds=ASK_SECONDS))
        return took


@contextmanager
def firefox_client(folder: Path, *, photos: Mapping[str, bytes] = MappingProxyType({})) -> Iterator[FirefoxClient]:
    """The client in a Firefox with Tor Browser's settings, until the block is left; `photos` by paths it may fetch."""
    built = client.run("tests/bundle.js", str(folder / "script.js"))
    assert built.returncode == 0, built.stderr
    spelled = client.run("tests/spelled.js")
    assert spelled.returncode == 0, spelled.stderr
    answers = {
        "/": ("text/html", _PAGE),
        "/script.js": ("text/javascript", (folder / "script.js").read_bytes()),
        "/vectors.json": ("application/json", spelled.stdout.encode()),
        **{path: ("application/octet-stream", photo) for path, photo in photos.items()},
    }
    with proxying(folder) as proxy, serving(answers, at=folder / "pages"):
        proxy.lead(ONION, folder / "pages")
        with Firefox.launch(SAFER, proxy=proxy) as firefox:
            yield FirefoxClient(firefox.open(f"http://{ONION}/"), firefox.start_seconds)


@contextmanager
def serving(answers: dict[str, tuple[str, bytes]], *, at: Path) -> Iterator[list[str]]:
    """Pages of a test's own on a unix socket: path to type and body. What was asked for is added to the list."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(f"{request.method} {request.path_qs}")
        kind, body = answers.get(request.path, ("text/plain", b""))
        return web.Response(status=200 if request.path in answers else 404, body=body, content_type=kind)

    async def start() -> web.AppRunner:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.UnixSite(runner, str(at)).start()
        return runner

    with Background("pages") as background:
        runner = background.do(start())
        try:
            yield asked
        finally:
            background.do(runner.cleanup())
