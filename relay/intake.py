"""A cell comes in: one layer is peeled, copies are dropped, the rest is kept; nothing else is known of it
(docs/spec/door.md, "POST /cells"; promises T13, T14).

Whatever comes costs one opening, so that the time to answer does not tell why a cell was refused.
"""

from collections.abc import Callable
from typing import Final

from crypto.cells import ROUND_TAG_LEN, class_and_depth
from crypto.errors import Malformed, NotForUs
from crypto.layers import Kind, RoundKey, RoundNumber, peel
from crypto.suite import ENC_LEN
from onion_service.answers import Verdict
from relay.spool import Put, Spool

_VERDICTS: Final = {Put.STORED: Verdict.ACCEPTED, Put.DUPLICATE: Verdict.ACCEPTED, Put.FULL: Verdict.FULL}


class Intake:
    """Accepts cells for the rounds whose keys are in the spool. `cover_came` is given what a cover cell held."""

    def __init__(self, spool: Spool, *, cover_came: Callable[[bytes], None] = lambda _inner: None) -> None:
        self._spool = spool
        self._cover_came = cover_came
        self._keys: dict[bytes, RoundKey] = {}
        self._newest: RoundKey | None = None
        self._known: set[bytes] = set()
        self.refusing = False

    @property
    def key(self) -> RoundKey:
        """The newest key."""
        if self._newest is None:
            raise RuntimeError("no round was turned to yet")
        return self._newest

    def turn_to(self, number: RoundNumber) -> RoundKey:
        """Accept the keys of round `number` from now on; what retires is overwritten. Returns the newest key."""
        keys = self._spool.turn_to(number)
        self._keys = {key.tag: key for key in keys}
        self._known = self._spool.tags()
        self._newest = keys[0]
        return keys[0]

    def accept(self, envelope: bytes) -> Verdict:
        """The answer to one body. When it is ACCEPTED the cell is in memory that outlives this process."""
        if self._newest is None:
            return Verdict.FULL
        try:
            cell_class, depth = class_and_depth(len(envelope))
        except Malformed:
            return Verdict.REFUSED
        if depth:
            return Verdict.REFUSED
        tag = envelope[:ROUND_TAG_LEN]
        try:
            peeled = peel(envelope, self._keys.get(tag, self._newest))
        except (NotForUs, Malformed):
            return Verdict.ROTATED if tag in self._known and tag not in self._keys else Verdict.REFUSED
        if peeled.kind is Kind.COVER:
            self._cover_came(peeled.inner)
        if self.refusing:
            return Verdict.FULL
        # The same letter, in the same envelope or wrapped again for a newer key, is another try to send one cell: it
        # begins with an encapsulated key that nothing else begins with.
        identity = peeled.inner[:ENC_LEN]
        if peeled.kind is Kind.COVER:
            self._spool.discard(peeled.inner, identity=identity)
            return Verdict.ACCEPTED
        return _VERDICTS[self._spool.put(cell_class, peeled.inner, identity=identity)]
