"""Published alerts, served from memory and only as their publisher signed them (docs/spec/alerts.md, "At a relay").

They change at round edges and at no other time. A copy that is altered, older or incomplete is not served: the one
before stays, until its own time is over.
"""

import asyncio
from pathlib import Path
from typing import Final

from crypto.errors import CryptoError, Expired
from crypto.manifest import Signed
from crypto.minisign import PublicKey
from forwarder.copies import read_copy, read_signed
from forwarder.errors import ForwarderError
from onion_service import answers
from onion_service.serving import Answer
from relay.journal import Event, Journal

INDEX: Final = "index.html"


class Alerts:
    """What `GET /alerts/<name>` answers."""

    def __init__(self, folder: Path, *, key: PublicKey, journal: Journal) -> None:
        self._folder: Final = folder
        self._key: Final = key
        self._journal: Final = journal
        self._held: Signed | None = None
        self._answers: dict[str, Answer] = {}
        self._said: tuple[Event, str] | None = None

    def answer(self, name: str) -> Answer:
        """The file of this name, the index for the empty one, or NOT_FOUND."""
        return self._answers.get(name or INDEX, answers.NOT_FOUND)

    async def refresh(self, *, now: int) -> None:
        """Take what is in the folder, when it may take the place of what is held; `now` in seconds since 1970."""
        try:
            signed = await asyncio.to_thread(read_signed, self._folder, key=self._key)
            signed.check_current(now=now, held=self._held)
            if self._held is None or signed.wire != self._held.wire or not self._answers:
                await self._take(now)
        except (CryptoError, ForwarderError) as error:
            over = self._held is None or now >= self._held.manifest.valid_until
            if over:
                self._answers = {}
            if over and isinstance(error, Expired):
                self._say(Event.ALERTS_EXPIRED)
            else:
                self._say(Event.ALERTS_REFUSED, str(error))

    async def _take(self, now: int) -> None:
        copy = await asyncio.to_thread(read_copy, self._folder, key=self._key)
        copy.signed.check_current(now=now, held=self._held)
        self._answers = {name: answers.published(name, wire) for name, wire in copy.everything().items()}
        self._held = copy.signed
        self._say(Event.ALERTS_TAKEN, str(copy.signed.manifest.version))

    def _say(self, event: Event, detail: str = "") -> None:
        # Once, not at every edge for as long as it lasts.
        if self._said != (event, detail):
            self._journal.record(event, detail=detail)
        self._said = (event, detail)
