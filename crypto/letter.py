"""A letter: content sealed to one to four partners, of constant length (docs/spec/letter.md).

Who holds no key learns nothing: not the content, not its length, not how many partners it is for. Every partner who
opens it sees the same content, because the commitment fixes the content key for all four slots.
"""

import hmac
import secrets
from collections.abc import Iterable, Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from crypto.cells import (
    COMMITMENT_LEN,
    CONTENT_KEY_LEN,
    LETTER_HEAD_LEN,
    SLOT_LEN,
    SLOTS,
    CellClass,
    class_and_depth,
    pad,
    unpad,
)
from crypto.errors import Forged, Malformed, NotForUs
from crypto.report import PART_MAX, Report
from crypto.suite import TAG_LEN, OpeningKey, SealingKey
from crypto.word import Word

REPORT_KIND: Final = b"\x01"
PART_KIND: Final = b"\x02"
# A word between desks (crypto/word.py): only desks read it, so `parse_content` does not know it.
WORD_KIND: Final = b"\x03"

_SLOT_PURPOSE: Final = b"letter slot"
# The body key seals one body and is never used again, so the nonce may be constant.
_NONCE: Final = bytes(12)


def seal_report(report: Report, *, to: Sequence[SealingKey], relays: int) -> bytes:
    """The letter cell of a report, as it leaves after `relays` relays. Raises Malformed when it is too long."""
    return seal(REPORT_KIND + report.encode(), to=to, cell_class=CellClass.LETTER, relays=relays)


def seal_part(data: bytes, *, to: Sequence[SealingKey], relays: int) -> bytes:
    """The parcel cell of one part of an attachment, as it leaves after `relays` relays."""
    if not 0 < len(data) <= PART_MAX:
        raise Malformed(f"a part has 1 to {PART_MAX} bytes")
    return seal(PART_KIND + data, to=to, cell_class=CellClass.PARCEL, relays=relays)


def seal_word(word: Word, *, to: SealingKey, relays: int) -> bytes:
    """The letter cell of a word to one partner, as it leaves after `relays` relays."""
    return seal(WORD_KIND + word.encode(), to=[to], cell_class=CellClass.LETTER, relays=relays)


def top_up(cell_class: CellClass, *, relays: int) -> bytes:
    """A letter for nobody: four real seals to throw-away keys. The last relay of a route fills its bundles with these;
    a relay before it fills them with layers (`crypto.layers.top_up_layer`)."""
    return seal(b"", to=(), cell_class=cell_class, relays=relays)


def seal(content: bytes, *, to: Sequence[SealingKey], cell_class: CellClass, relays: int) -> bytes:
    """`content` sealed to at most four different keys, in slots of random order; the rest go to throw-away keys."""
    if len(to) > SLOTS or len(set(to)) != len(to):
        raise ValueError(f"a letter is for at most {SLOTS} different partners")
    length = cell_class.length_after(relays)
    padded = pad(content, length - LETTER_HEAD_LEN - TAG_LEN)
    content_key = secrets.token_bytes(CONTENT_KEY_LEN)
    keys = [*to, *(OpeningKey.generate().sealing_key for _ in range(SLOTS - len(to)))]
    secrets.SystemRandom().shuffle(keys)
    slots = b"".join(key.seal(content_key, purpose=_SLOT_PURPOSE) for key in keys)
    head = slots + _derive(content_key, b"commitment")
    return head + ChaCha20Poly1305(_derive(content_key, b"body")).encrypt(_NONCE, padded, head)


def open_letter(cell: bytes, keys: Iterable[OpeningKey]) -> Report | bytes:
    """The report, or the data of an attachment's part, in a cell out of a bundle.

    Raises NotForUs when no key opens a slot (drop it quietly), Forged when a slot opens but the letter was altered, and
    Malformed when it was sealed right but its content is not ours.
    """
    return parse_content(open_content(cell, keys))


def open_content(cell: bytes, keys: Iterable[OpeningKey]) -> bytes:
    """The content bytes in a cell, its kind byte first. Raises as `open_letter` does."""
    if class_and_depth(len(cell))[1] == 0:
        raise Malformed("still in its envelope")
    content_key = _content_key(cell[: SLOTS * SLOT_LEN], keys)
    head, body = cell[:LETTER_HEAD_LEN], cell[LETTER_HEAD_LEN:]
    if not hmac.compare_digest(_derive(content_key, b"commitment"), head[-COMMITMENT_LEN:]):
        raise Forged("the slot's key is not the one the letter commits to")
    try:
        padded = ChaCha20Poly1305(_derive(content_key, b"body")).decrypt(_NONCE, body, head)
    except InvalidTag as error:
        raise Forged("the letter was altered") from error
    return unpad(padded)


def parse_content(content: bytes) -> Report | bytes:
    """A report, or the data of a part. Raises Malformed on a kind we do not know."""
    kind, payload = content[:1], content[1:]
    if kind == REPORT_KIND:
        return Report.decode(payload)
    if kind == PART_KIND and 0 < len(payload) <= PART_MAX:
        return payload
    raise Malformed("a kind of content we do not know")


def _content_key(slots: bytes, keys: Iterable[OpeningKey]) -> bytes:
    for key in keys:
        for start in range(0, len(slots), SLOT_LEN):
            try:
                content_key = key.open(slots[start : start + SLOT_LEN], purpose=_SLOT_PURPOSE)
            except NotForUs:
                continue
            return content_key
    raise NotForUs("no slot opens with our keys")


def _derive(content_key: bytes, use: bytes) -> bytes:
    # The content key is uniformly random, so HKDF's extract step has nothing to do (RFC 5869, section 3.3).
    return HKDFExpand(algorithm=SHA256(), length=CONTENT_KEY_LEN, info=b"veladora v1 letter " + use).derive(content_key)
