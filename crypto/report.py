"""What a person writes, and the parts of what they attach (docs/spec/report.md).

A report says what its writer chose to say. It has no sender, no time finer than the writer's own words, no file
name and no number. Its nonce only lets a desk drop the second copy of one report.
"""

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Final

import msgspec

from crypto import canonical
from crypto.cells import CellClass
from crypto.errors import Forged, Malformed

VERSION: Final = 1
NONCE_LEN: Final = 16
REPORT_MAX: Final = CellClass.LETTER.payload_max
PART_MAX: Final = CellClass.PARCEL.payload_max
TEXT_MAX: Final = 20_000
WORDS_MAX: Final = 400
ATTACHMENTS_MAX: Final = 16
PARTS_MAX: Final = 64
ATTACHMENT_MAX: Final = PARTS_MAX * PART_MAX

MEDIA_TYPES: Final = frozenset(
    {
        "application/octet-stream",
        "application/pdf",
        "application/rtf",
        "application/x-ole-storage",
        "application/zip",
        "audio/aac",
        "audio/amr",
        "audio/flac",
        "audio/mp4",
        "audio/mpeg",
        "audio/ogg",
        "audio/wav",
        "image/avif",
        "image/gif",
        "image/heic",
        "image/jpeg",
        "image/png",
        "image/tiff",
        "image/webp",
        "text/plain",
        "video/3gpp",
        "video/mp4",
        "video/quicktime",
        "video/webm",
        "video/x-msvideo",
    }
)

_LANG: Final = re.compile(r"[a-z]{2,3}")
_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}|")
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
_CONTROL_OR_LINE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class When(Enum):
    """When it happened, in the writer's words and no finer."""

    UNSAID = "unsaid"
    NOW = "now"
    TODAY = "today"
    THIS_WEEK = "this_week"
    EARLIER = "earlier"


class Attachment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a report says of one attachment: its kind, its bytes, whether it was cleaned, and its parts' hashes."""

    cleaned: bool
    media: str
    parts: list[str]
    size: int

    def __post_init__(self) -> None:
        if self.media not in MEDIA_TYPES:
            raise ValueError("not a media type we know")
        if not all(_HASH.fullmatch(part) for part in self.parts):
            raise ValueError("a part is named by 64 hexadecimal digits")
        if not 0 < self.size <= ATTACHMENT_MAX or len(self.parts) != -(-self.size // PART_MAX):
            raise ValueError("the size and the number of parts disagree")


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One report. Only `text` is required; everything else may be left unsaid.

    `lang`: the language of the text, ISO 639. `topic` and `place`: ids from the directory. `where`: the place in the
    writer's own words. `nonce`: base64 of 16 random bytes, fresh for each report.
    """

    text: str
    nonce: str = msgspec.field(default_factory=lambda: base64.b64encode(secrets.token_bytes(NONCE_LEN)).decode())
    attachments: list[Attachment] = []
    lang: str = "es"
    place: str = ""
    topic: str = ""
    v: int = VERSION
    when: When = When.UNSAID
    where: str = ""

    def __post_init__(self) -> None:
        if self.v != VERSION:
            raise ValueError("a version we do not know")
        if len(_nonce(self.nonce)) != NONCE_LEN:
            raise ValueError(f"the nonce is {NONCE_LEN} bytes")
        if not self.text.strip():
            raise ValueError("the text is empty")
        if len(self.text.encode(errors="surrogatepass")) > TEXT_MAX or _CONTROL.search(self.text):
            raise ValueError(f"the text is over {TEXT_MAX} bytes or has control characters")
        if len(self.where) > WORDS_MAX or _CONTROL_OR_LINE.search(self.where):
            raise ValueError(f"the place is over {WORDS_MAX} characters or has control characters")
        if not (_LANG.fullmatch(self.lang) and _SLUG.fullmatch(self.topic) and _SLUG.fullmatch(self.place)):
            raise ValueError("the language, topic or place is not an id")
        if len(self.attachments) > ATTACHMENTS_MAX or sum(len(a.parts) for a in self.attachments) > PARTS_MAX:
            raise ValueError(f"at most {ATTACHMENTS_MAX} attachments in {PARTS_MAX} parts")

    def encode(self) -> bytes:
        """The canonical bytes. Raises Malformed when they do not fit one letter; shorten the text."""
        wire = canonical.encode(self)
        if len(wire) > REPORT_MAX:
            raise Malformed(f"the report is {len(wire)} bytes long; a letter holds {REPORT_MAX}")
        return wire

    @classmethod
    def decode(cls, wire: bytes) -> "Report":
        """The report that `wire` spells. Raises Malformed on anything that `encode` would not write."""
        return canonical.decode(wire, cls, limit=REPORT_MAX)


def attach(data: bytes, *, media: str, cleaned: bool) -> tuple[Attachment, list[bytes]]:
    """What the report says of `data`, and the parts to send, one in each parcel. Raises Malformed when it is empty,
    too large, or of a kind we do not know."""
    parts = [data[start : start + PART_MAX] for start in range(0, len(data), PART_MAX)]
    try:
        attachment = Attachment(media=media, size=len(data), cleaned=cleaned, parts=[part_name(p) for p in parts])
    except ValueError as error:
        raise Malformed(str(error)) from error
    return attachment, parts


def part_name(data: bytes) -> str:
    """A part is known by the SHA-256 of its data and by nothing else."""
    return hashlib.sha256(data).hexdigest()


def join(attachment: Attachment, parts: Mapping[str, bytes]) -> bytes:
    """The attachment's bytes from parts found by name. Raises KeyError while one is missing, Forged when the parts
    are not what the report says."""
    data = b"".join(parts[name] for name in attachment.parts)
    if len(data) != attachment.size or [part_name(parts[name]) for name in attachment.parts] != attachment.parts:
        raise Forged("the parts are not what the report says")
    return data


def missing(attachment: Attachment, have: Sequence[str]) -> list[str]:
    """The names of the parts that have not come yet."""
    return [name for name in attachment.parts if name not in have]


def _nonce(text: str) -> bytes:
    try:
        return canonical.unbase64(text)
    except Malformed as error:
        raise ValueError(str(error)) from error
