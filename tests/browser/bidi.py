"""WebDriver BiDi over one WebSocket: a command in, its result out, and what the browser tells meanwhile.

Source: W3C WebDriver BiDi (https://w3c.github.io/webdriver-bidi/). Values are plain Python here: `local` writes them as
the protocol wants them, `plain` reads what comes back.
"""

import asyncio
import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self

import aiohttp

from tests.browser.background import Background

COMMAND_SECONDS: Final = 60.0
CONNECT_SECONDS: Final = 20.0

Json = dict[str, Any]
Listener = Callable[[str, Json], None]


class BidiError(Exception):
    """The browser refuses a command, or is gone."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind


class Bidi:
    """One connection to one browser. Events go to `listener`, on another thread, in the order in which they come."""

    def __init__(self, address: str, *, listener: Listener) -> None:
        self._address = address
        self._listener = listener
        self._background = Background("bidi")
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Json]] = {}
        self._session: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reading: asyncio.Task[None] | None = None

    def __enter__(self) -> Self:
        self._background.__enter__()
        try:
            self._background.do(self._connect(), seconds=CONNECT_SECONDS)
        except BaseException:
            self._background.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection. Safe to call twice."""
        if self._session is not None:
            self._background.do(self._disconnect())
        self._background.stop()

    def command(self, method: str, params: Json | None = None, *, seconds: float = COMMAND_SECONDS) -> Json:
        """The result of one command; BidiError when the browser refuses it, TimeoutError when no answer comes."""
        try:
            return self._background.do(self._command(method, params or {}), seconds=seconds)
        except TimeoutError:
            raise TimeoutError(f"the browser has not answered {method} after {seconds:.0f} s") from None

    async def _connect(self) -> None:
        self._session = aiohttp.ClientSession(trust_env=False)
        # A screenshot is one message, and so is a folder of vectors.
        self._socket = await self._session.ws_connect(self._address, max_msg_size=0, autoping=True)
        self._reading = asyncio.create_task(self._read(self._socket))

    async def _disconnect(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
        if self._socket is not None:
            await self._socket.close()
        if self._session is not None:
            await self._session.close()
        self._session = None

    async def _command(self, method: str, params: Json) -> Json:
        if self._socket is None or self._socket.closed:
            raise BidiError("closed", f"the browser is gone; it was to do {method}")
        number = next(self._numbers)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            await self._socket.send_str(json.dumps({"id": number, "method": method, "params": params}))
            result: Json = await answer
            return result
        finally:
            del self._waiting[number]

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            if message.type is not aiohttp.WSMsgType.TEXT:
                break
            self._take(json.loads(message.data))
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(BidiError("closed", "the browser went away before it answered"))

    def _take(self, told: Json) -> None:
        if told["type"] == "event":
            self._listener(told["method"], told["params"])
            return
        answer = self._waiting.get(told["id"] or 0)
        if answer is None or answer.done():
            return
        if told["type"] == "success":
            answer.set_result(told["result"])
        else:
            answer.set_exception(BidiError(told["error"], told["message"]))


def local(value: object) -> Json:
    """A plain value as an argument of a call in the page."""
    match value:
        case None:
            return {"type": "null"}
        case bool():
            return {"type": "boolean", "value": value}
        case int() | float():
            return {"type": "number", "value": value}
        case str():
            return {"type": "string", "value": value}
        case Mapping():
            return {"type": "object", "value": [[str(name), local(item)] for name, item in value.items()]}
        case Sequence():
            return {"type": "array", "value": [local(item) for item in value]}
    raise TypeError(f"cannot be handed to a page: {type(value).__name__}")


def plain(value: Json) -> Any:  # noqa: ANN401 - as loose as what a page returns
    """What a page returned, as a plain value; an element stays the reference that the protocol has for it."""
    match value["type"]:
        case "undefined" | "null":
            return None
        case "string" | "boolean":
            return value["value"]
        case "number":
            return float(value["value"]) if isinstance(value["value"], str) else value["value"]
        case "bigint":
            return int(value["value"])
        case "array" | "nodelist" | "htmlcollection" | "set":
            return [plain(item) for item in value["value"]]
        case "object" | "map":
            return {name if isinstance(name, str) else plain(name): plain(item) for name, item in value["value"]}
        case "node":
            return {"sharedId": value["sharedId"]}
    return value
