"""The relay's directory as this desk last trusted it: who the other partners are, and with which keys they speak.

It lies in the inbox. An older one, or another under the same version, does not take its place (docs/spec/directory.md).
"""

import threading
from dataclasses import dataclass

from crypto.directory import Card, TrustedDirectory
from crypto.errors import CryptoError, Forged
from forwarder.desk import words
from forwarder.desk.database import Database
from forwarder.desk.errors import Unreadable


@dataclass(frozen=True, slots=True)
class DeskDirectory:
    """Where it is kept; `alone` is held while the inbox is used. `own`: this partner's id."""

    database: Database
    card: Card
    alone: threading.RLock
    own: str

    def load(self) -> TrustedDirectory | None:
        """The directory kept, expired or not; None when none was, or one under another root key. Raises Unreadable."""
        with self.alone:
            signed = self.database.one("SELECT signed FROM directory")
        if signed is None:
            return None
        try:
            # At time zero nothing has expired: an expired directory still tells which version came last.
            return TrustedDirectory.read(bytes(signed), root=self.card.root, now=0)
        except Forged:
            # The inbox vouches for every byte of it, so it is whole: the card was changed, and the root key of the old
            # card says nothing any more. What comes under the new one takes its place.
            return None
        except CryptoError as error:
            raise Unreadable(f"the directory in the inbox is damaged: {error}") from error

    def current(self, *, now: float) -> TrustedDirectory | None:
        """The same, and None when it has expired: then nobody's word can be told from another's."""
        held = self.load()
        return None if held is None or now >= held.directory.expires else held

    def believed(self, *, now: float) -> TrustedDirectory | None:
        """The same, and None too when it cannot be read: then no sender is known, and no report is turned away."""
        try:
            return self.current(now=now)
        except Unreadable:
            return None

    def keep(self, trusted: TrustedDirectory) -> None:
        """Replace what was kept; words that waited for it are looked at again. Raises NotStored."""
        with self.alone, self.database.change() as opened:
            opened.execute("INSERT OR REPLACE INTO directory VALUES (1, ?)", (trusted.signed,))
            words.settle(opened, directory=trusted.directory, own=self.own)
