"""What passes between the desk and the sandboxed program that opens things: frames of limited length, nothing else.

Pure: bytes and values. The desk trusts nothing in an answer: lengths are checked before anything is allocated, words
come from closed lists, and the bytes of a copy must begin as the kind that it says it is, which must be one that its
cleaner makes.
"""

from collections.abc import Callable
from enum import Enum
from typing import Final, Literal

import msgspec

from crypto.report import ATTACHMENT_MAX, MEDIA_TYPES
from forwarder.desk.errors import BadAnswer
from forwarder.desk.findings import CleanCopy, Findings, Outcome, Reason, Remains, Removed, Unchecked
from onion_service.clean.kinds import MEDIA_TYPE_OF_KIND, UNKNOWN, kind_of, media_type_of

MAGIC: Final = b"VDSK"
HEAD_LEN: Final = len(MAGIC) + 4 + 4
WORDS_MAX: Final = 8 * 1_048_576
COPY_MAX: Final = 2 * ATTACHMENT_MAX
LAYERS_MAX: Final = 16
TEXT_MAX: Final = 1_048_576
# What clean_text promises: at most six times as many characters; each has at most four bytes.
TEXT_GROWS: Final = 6
BYTES_GROW: Final = 4 * TEXT_GROWS
# Pictures are written anew as one of two kinds; these others keep their own.
PICTURES: Final = frozenset({"jpeg", "png", "webp", "gif", "tiff", "avif"})
AS_THEY_ARE: Final = frozenset({"pdf", "zip", "mp3", "ogg", "wav", "flac", "mp4", "avi"})

Read = Callable[[int], bytes]


class Ready(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The child's first words, before it has seen a byte of what is to be opened: which layers hold it."""

    layers: list[Literal["network", "files", "processes", "calls", "limits"]]


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to do: make these texts plain, or make a copy of the attachment that follows."""

    texts: list[str] | None = None
    media: str = ""


class Answered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was done. `texts` answers texts; the rest answers an attachment, and its copy follows."""

    texts: list[str] | None = None
    outcome: Outcome = Outcome.NOT_CLEANED
    media: str = ""
    office: Literal["", ".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp"] = ""
    removed: list[Removed] = []
    remains: list[Remains] = []
    unchecked: list[Unchecked] = []
    reason: Reason | None = None


def frame(words: msgspec.Struct, data: bytes = b"") -> bytes:
    """`words` and `data` as they cross a pipe."""
    head = msgspec.msgpack.encode(words)
    return MAGIC + len(head).to_bytes(4, "big") + len(data).to_bytes(4, "big") + head + data


def take(read: Read, kind: type[msgspec.Struct], *, words_max: int, data_max: int) -> tuple[msgspec.Struct, bytes]:
    """One frame from `read`, which gives exactly as many bytes as it is asked for or fewer at the end.

    Raises BadAnswer on anything else than a whole frame of that kind within these limits.
    """
    head = read(HEAD_LEN)
    if len(head) != HEAD_LEN or head[: len(MAGIC)] != MAGIC:
        raise BadAnswer("not a frame")
    words_len, data_len = int.from_bytes(head[4:8], "big"), int.from_bytes(head[8:12], "big")
    if words_len > words_max or data_len > data_max:
        raise BadAnswer("a frame over the limit")
    words, data = read(words_len), read(data_len)
    if len(words) != words_len or len(data) != data_len:
        raise BadAnswer("a frame that is cut off")
    try:
        return msgspec.msgpack.decode(words, type=kind, strict=True), data
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadAnswer("not the words we know") from error


def checked_texts(answer: Answered, *, asked: list[str]) -> list[str]:
    """The plain texts, one for each that was asked for. Raises BadAnswer when one of them could act."""
    texts = answer.texts
    if texts is None or len(texts) != len(asked):
        raise BadAnswer("not as many texts as were asked for")
    if any(len(text) > TEXT_GROWS * len(one) for text, one in zip(texts, asked, strict=True)):
        raise BadAnswer("a text that grew")
    if not all(one == "\n" or one.isprintable() for text in texts for one in text):
        raise BadAnswer("a text with characters that act")
    return texts


def checked_copy(answer: Answered, copy: bytes, *, given: bytes, media: str) -> CleanCopy:
    """The copy of `given` and what the answer says of it. `media`: what the sender said.

    Raises BadAnswer when the two do not fit, or when no cleaner makes such a copy of such a file.
    """
    lists: tuple[list[Enum], ...] = ([*answer.removed], [*answer.remains], [*answer.unchecked])
    if answer.texts is not None or any(len(set(one)) != len(one) for one in lists):
        raise BadAnswer("an answer to something else")
    there = answer.outcome is not Outcome.NOT_CLEANED
    if there != bool(copy) or there != (answer.media in MEDIA_TYPES) or there == (answer.reason is not None):
        raise BadAnswer("a copy that does not fit its answer")
    if there and answer.media != "text/plain" and media_type_of(copy) != answer.media:
        raise BadAnswer("a copy that is not what it says")
    if there and answer.media not in copies_of(given, media=media):
        raise BadAnswer("a copy of another kind than its cleaner makes")
    if bool(answer.office) != (answer.media == "application/zip"):
        raise BadAnswer("a zip file that is no office document")
    if answer.media == "text/plain" and len(copy) > BYTES_GROW * len(given) + 1:
        raise BadAnswer("a text that grew")
    if answer.media == "text/plain" and not _is_plain(copy):
        raise BadAnswer("a text with characters that act")
    findings = Findings(
        answer.outcome, tuple(answer.removed), tuple(answer.remains), tuple(answer.unchecked), answer.reason
    )
    return CleanCopy(findings, answer.media, answer.office, copy)


def copies_of(given: bytes, *, media: str) -> frozenset[str]:
    """The media types that a copy of these bytes may have; none where there is no cleaner. `media`: what was said."""
    kind = kind_of(given)
    if kind == UNKNOWN:
        return frozenset({"text/plain"} if media == "text/plain" and len(given) <= TEXT_MAX else ())
    if kind in PICTURES:
        return frozenset({"image/jpeg", "image/png"})
    return frozenset({MEDIA_TYPE_OF_KIND[kind]} if kind in AS_THEY_ARE else ())


def _is_plain(copy: bytes) -> bool:
    try:
        return all(one == "\n" or one.isprintable() for one in copy.decode())
    except UnicodeDecodeError:
        return False
