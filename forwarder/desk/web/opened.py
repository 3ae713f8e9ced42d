"""What was opened since the desk was unlocked: clean texts and clean copies, in memory only, gone when it is locked.

A text or an attachment is opened in the sandbox once; two people who look at it do not make it be opened twice. What is
being opened when the desk is locked is ended, child and all.
"""

import asyncio
import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from crypto.errors import CryptoError
from forwarder.desk.errors import DeskLocked, NoSuchAttachment
from forwarder.desk.escapes import printable
from forwarder.desk.findings import CleanCopy, Reason, not_cleaned
from forwarder.desk.program import Desk
from forwarder.desk.sandbox import Sandbox

COPIES_BYTES: Final = 268_435_456
COPIES_MAX: Final = 64
OPENINGS_MAX: Final = 4_000
AT_ONCE: Final = 2
# A child that was killed is gone at once; what waits for the inbox is waited for at another place.
END_SECONDS: Final = 5.0
# How a page lies in the PDFs that pixels.document writes, which are the only ones that are ever clean copies.
_PAGE: Final = re.compile(rb"/Filter/DCTDecode/Length (\d{1,9})>>\nstream\n")
JPEG_BEGINS: Final = b"\xff\xd8\xff"
JPEG_ENDS: Final = b"\xff\xd9"

Which = tuple[int, int]
ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class Words:
    """A report's own words, cleaned."""

    where: str
    text: str


class Opened:
    """The openings of one unlocked desk. Used from the event loop; the work is done in threads."""

    __slots__ = ("_closed", "_copies", "_desk", "_gate", "_let_go", "_openings", "_running", "_sandbox", "_tasks")

    def __init__(self, desk: Desk, sandbox: Sandbox | None = None) -> None:
        self._desk: Final = desk
        self._sandbox = sandbox
        self._gate: Final = asyncio.Semaphore(AT_ONCE)
        self._openings: OrderedDict[int, str] = OrderedDict()
        self._copies: OrderedDict[Which, CleanCopy] = OrderedDict()
        # The lists of copies for which there was no more room, without the copies.
        self._let_go: OrderedDict[Which, CleanCopy] = OrderedDict()
        self._tasks: dict[Which, asyncio.Task[CleanCopy]] = {}
        self._running: set[asyncio.Task[Any]] = set()
        self._closed = False

    async def sandbox(self) -> Sandbox:
        """The strongest that holds here, tried once. Raises NoSandbox; then nothing is opened. Raises DeskLocked."""
        if self._sandbox is None:
            found = await asyncio.to_thread(Sandbox.best)
            self._sandbox = self._sandbox or found
        if self._closed:
            raise DeskLocked
        return self._sandbox

    async def openings(self, found: Sequence[tuple[int, str]]) -> list[str]:
        """How the texts of these reports begin, cleaned: pairs of number and what came."""
        new = [(number, text) for number, text in found if number not in self._openings]
        if new:
            sandbox = await self.sandbox()
            cleaned = await self._aside(lambda: list(sandbox.list_of_texts([text for _, text in new])))
            # Checked once more: what a taken-over child said must not act, whatever was looked at on its way here.
            shown = [printable(text) for text in cleaned]
            self._openings.update(zip((number for number, _ in new), shown, strict=True))
        openings = [self._openings[number] for number, _ in found]
        while len(self._openings) > OPENINGS_MAX:
            self._openings.popitem(last=False)
        return openings

    async def words(self, *, where: str, text: str) -> Words:
        """A report's own words, cleaned in a child of their own. Raises NotOpenedSafely, NoSandbox or DeskLocked."""
        sandbox = await self.sandbox()
        return Words(*map(printable, await self._aside(lambda: sandbox.texts([where, text]))))

    async def copies(self, number: int, places: Sequence[int], *, seconds: float) -> dict[int, CleanCopy | None]:
        """The clean copies of a report's attachments that are there within some seconds; None for what goes on.

        One for which there was no room beside the others comes as its list alone: a page that asks again and again
        would make them be opened again and again. Raises DeskLocked.
        """
        found: dict[int, CleanCopy | None] = {place: self._let_go.get((number, place)) for place in places}
        tasks = {place: self._task((number, place)) for place, let_go in found.items() if let_go is None}
        if tasks:
            await asyncio.wait(list(tasks.values()), timeout=seconds)
        if self._closed:
            raise DeskLocked
        return found | {place: task.result() if task.done() else None for place, task in tasks.items()}

    async def copy(self, number: int, place: int) -> CleanCopy:
        """The clean copy of an attachment, waited for. Raises NoSuchReport, NoSuchAttachment, NoSandbox, DeskLocked."""
        task = self._task((number, place))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                raise DeskLocked from None
            raise

    async def close(self) -> None:
        """Forget all of it; what is being opened is ended, with the child that has it."""
        self._closed = True
        if self._sandbox is not None:
            self._sandbox.children.end()
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        if self._running:
            await asyncio.wait(self._running, timeout=END_SECONDS)
        for kept in (self._tasks, self._copies, self._let_go, self._openings):
            kept.clear()

    async def _aside(self, work: Callable[[], ResultT]) -> ResultT:
        """What `work` returns, in a thread that `close` waits for. Raises DeskLocked when it was closed meanwhile."""
        running = asyncio.create_task(asyncio.to_thread(work), name="opening aside")
        self._running.add(running)
        running.add_done_callback(self._ended)
        result = await asyncio.shield(running)
        if self._closed:
            raise DeskLocked
        return result

    def _ended(self, running: asyncio.Task[Any]) -> None:
        self._running.discard(running)
        if not running.cancelled():
            running.exception()

    def _task(self, which: Which) -> asyncio.Task[CleanCopy]:
        if self._closed:
            raise DeskLocked
        task = self._tasks.get(which)
        if task is None:
            task = self._tasks[which] = asyncio.create_task(self._open(which), name="opening")
            task.add_done_callback(lambda done: self._done(which, done))
        return task

    def _done(self, which: Which, task: asyncio.Task[CleanCopy]) -> None:
        self._tasks.pop(which, None)
        if not task.cancelled():
            # Looked at here, so that a failure nobody waits for is no complaint of asyncio's.
            task.exception()

    async def _open(self, which: Which) -> CleanCopy:
        kept = self._copies.get(which)
        if kept is not None:
            self._copies.move_to_end(which)
            return kept
        sandbox = await self.sandbox()
        async with self._gate:
            copy = await self._aside(lambda: self._clean(which, sandbox))
        self._let_go.pop(which, None)
        self._copies[which] = copy
        while len(self._copies) > COPIES_MAX or sum(len(one.data) for one in self._copies.values()) > COPIES_BYTES:
            other, let_go = self._copies.popitem(last=False)
            self._let_go[other] = replace(let_go, data=b"")
        while len(self._let_go) > OPENINGS_MAX:
            self._let_go.popitem(last=False)
        return copy

    def _clean(self, which: Which, sandbox: Sandbox) -> CleanCopy:
        number, place = which
        try:
            with self._desk.alone:
                entry = self._desk.inbox.entry(number)
                if not 1 <= place <= len(entry.report.attachments):
                    raise NoSuchAttachment(number, place)
                attachment = entry.report.attachments[place - 1]
                data = self._desk.inbox.attachment(attachment)
        except CryptoError:
            return CleanCopy(not_cleaned(Reason.BROKEN))
        if data is None:
            raise NoSuchAttachment(number, place)
        return sandbox.attachment(data, media=attachment.media)


def pages_of(copy: CleanCopy) -> list[bytes]:
    """The pictures of a clean PDF's pages, in their order; nothing else of such a PDF is worth showing."""
    if copy.media != "application/pdf":
        return []
    pages = []
    for found in _PAGE.finditer(copy.data):
        picture = copy.data[found.end() : found.end() + int(found[1])]
        if len(picture) == int(found[1]) and picture.startswith(JPEG_BEGINS) and picture.endswith(JPEG_ENDS):
            pages.append(picture)
    return pages
