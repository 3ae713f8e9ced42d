"""What was opened since the desk was unlocked: clean texts and clean copies, in memory only, gone when it is locked.

A text or an attachment is opened in the sandbox once; two people who look at it do not make it be opened twice.
"""

import asyncio
import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from crypto.errors import CryptoError
from forwarder.desk.errors import NoSuchAttachment
from forwarder.desk.escapes import printable
from forwarder.desk.findings import CleanCopy, Reason, not_cleaned
from forwarder.desk.program import Desk
from forwarder.desk.sandbox import Sandbox

COPIES_BYTES: Final = 268_435_456
COPIES_MAX: Final = 64
OPENINGS_MAX: Final = 4_000
AT_ONCE: Final = 2
# How a page lies in the PDFs that pixels.document writes, which are the only ones that are ever clean copies.
_PAGE: Final = re.compile(rb"/Filter/DCTDecode/Length (\d{1,9})>>\nstream\n")
JPEG_BEGINS: Final = b"\xff\xd8\xff"
JPEG_ENDS: Final = b"\xff\xd9"

Which = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Words:
    """A report's own words, cleaned."""

    where: str
    text: str


class Opened:
    """The openings of one unlocked desk. Used from the event loop; the work is done in threads."""

    __slots__ = ("_copies", "_desk", "_gate", "_openings", "_sandbox", "_tasks")

    def __init__(self, desk: Desk, sandbox: Sandbox | None = None) -> None:
        self._desk: Final = desk
        self._sandbox = sandbox
        self._gate: Final = asyncio.Semaphore(AT_ONCE)
        self._openings: OrderedDict[int, str] = OrderedDict()
        self._copies: OrderedDict[Which, CleanCopy] = OrderedDict()
        self._tasks: dict[Which, asyncio.Task[CleanCopy]] = {}

    async def sandbox(self) -> Sandbox:
        """The strongest that holds here, tried once. Raises NoSandbox; then nothing is opened."""
        if self._sandbox is None:
            self._sandbox = await asyncio.to_thread(Sandbox.best)
        return self._sandbox

    async def openings(self, found: Sequence[tuple[int, str]]) -> list[str]:
        """How the texts of these reports begin, cleaned: pairs of number and what came."""
        new = [(number, text) for number, text in found if number not in self._openings]
        if new:
            sandbox = await self.sandbox()
            cleaned = await asyncio.to_thread(lambda: list(sandbox.list_of_texts([text for _, text in new])))
            # Checked once more: what a taken-over child said must not act, whatever was looked at on its way here.
            shown = [printable(text) for text in cleaned]
            self._openings.update(zip((number for number, _ in new), shown, strict=True))
        openings = [self._openings[number] for number, _ in found]
        while len(self._openings) > OPENINGS_MAX:
            self._openings.popitem(last=False)
        return openings

    async def words(self, *, where: str, text: str) -> Words:
        """A report's own words, cleaned in a child of their own. Raises NotOpenedSafely or NoSandbox."""
        sandbox = await self.sandbox()
        return Words(*map(printable, await asyncio.to_thread(sandbox.texts, [where, text])))

    async def copies(self, number: int, places: Sequence[int], *, seconds: float) -> dict[int, CleanCopy | None]:
        """The clean copies of a report's attachments that are there within some seconds; None for what goes on."""
        tasks = {place: self._task((number, place)) for place in places}
        if tasks:
            await asyncio.wait(list(tasks.values()), timeout=seconds)
        return {place: task.result() if task.done() else None for place, task in tasks.items()}

    async def copy(self, number: int, place: int) -> CleanCopy:
        """The clean copy of an attachment, waited for. Raises NoSuchReport, NoSuchAttachment or NoSandbox."""
        return await asyncio.shield(self._task((number, place)))

    async def close(self) -> None:
        """Forget all of it."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        for kept in (self._tasks, self._copies, self._openings):
            kept.clear()

    def _task(self, which: Which) -> asyncio.Task[CleanCopy]:
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
            copy = await asyncio.to_thread(self._clean, which, sandbox)
        self._copies[which] = copy
        while len(self._copies) > COPIES_MAX or sum(len(one.data) for one in self._copies.values()) > COPIES_BYTES:
            self._copies.popitem(last=False)
            if not self._copies:
                break
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
