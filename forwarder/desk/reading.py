"""A report as a person at the desk gets to see it: cleaned once more, its time no finer than the round.

What is shown or written here cannot act: no control or direction characters, no name chosen by the sender.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from crypto.report import Attachment
from forwarder.desk.errors import AlreadyThere
from forwarder.desk.folding import plain as plain
from forwarder.desk.inbox import Entry, Inbox
from forwarder.desk.searching import Found
from forwarder.durable import write_durably
from onion_service.clean.errors import CleanError
from onion_service.clean.photo import clean_photo

# The only endings a file can get; the media type chooses, never the sender's name for it.
ENDINGS: Final = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "image/heic": ".heic",
    "image/avif": ".avif",
    "image/tiff": ".tiff",
    "application/pdf": ".pdf",
    "application/rtf": ".rtf",
    "application/x-ole-storage": ".doc",
    "application/zip": ".zip",
    "audio/aac": ".aac",
    "audio/flac": ".flac",
    "video/x-msvideo": ".avi",
    "audio/mpeg": ".mp3",
    "audio/mp4": ".m4a",
    "audio/ogg": ".ogg",
    "audio/wav": ".wav",
    "audio/amr": ".amr",
    "video/mp4": ".mp4",
    "video/quicktime": ".mov",
    "video/webm": ".webm",
    "video/3gpp": ".3gp",
    "text/plain": ".txt",
}
OTHER_ENDING: Final = ".bin"
CLEANABLE: Final = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})
_NOT_CLEANED: Final = "-not-cleaned"
# Year 9999; a round beyond it is shown by its number alone.
_LAST_SECOND: Final = 253_402_300_799


@dataclass(frozen=True, slots=True)
class File:
    """An attachment as it may be written: a name of ours, and whether it was cleaned here."""

    name: str
    data: bytes
    cleaned_here: bool


def edges(entry: Entry | Found, *, round_seconds: int) -> tuple[str, str]:
    """The beginning and the end (UTC) of the round a report came in: all that is known of when it was sent."""
    start = entry.round_number * round_seconds
    return _moment(start), _moment(start + round_seconds)


def document(inbox: Inbox, entry: Entry, *, round_seconds: int) -> dict[str, Any]:
    """Everything about a report, ready to be shown or written as JSON."""
    report = entry.report
    begin, end = edges(entry, round_seconds=round_seconds)
    return {
        "number": entry.number,
        "round": entry.round_number,
        "from": begin,
        "until": end,
        "lang": report.lang,
        "topic": report.topic,
        "place": report.place,
        "where": plain(report.where),
        "when": report.when.value,
        "text": plain(report.text),
        "attachments": [
            {
                "number": place,
                "media": attachment.media,
                "size": attachment.size,
                "cleaned_by_sender": attachment.cleaned,
                "missing_parts": inbox.missing(attachment),
            }
            for place, attachment in enumerate(report.attachments, start=1)
        ],
    }


def files(inbox: Inbox, entry: Entry) -> Iterator[File]:
    """The complete attachments of a report, photos cleaned again."""
    for place, attachment in enumerate(entry.report.attachments, start=1):
        data = inbox.attachment(attachment)
        if data is not None:
            yield attachment_file(attachment, data, number=place)


def attachment_file(attachment: Attachment, data: bytes, *, number: int) -> File:
    """An attachment under a name of ours. What the sender did not clean, or cannot be cleaned here, says so in it."""
    stem = f"attachment-{number:03}"
    if attachment.media in CLEANABLE:
        try:
            photo = clean_photo(data)
        except CleanError:
            # It says it is a photo and is not one we can read; an ending of a photo would invite to open it.
            return File(f"{stem}{_NOT_CLEANED}{OTHER_ENDING}", data, cleaned_here=False)
        return File(f"{stem}{ENDINGS[photo.media_type]}", photo.data, cleaned_here=True)
    mark = "" if attachment.cleaned else _NOT_CLEANED
    return File(f"{stem}{mark}{ENDINGS.get(attachment.media, OTHER_ENDING)}", data, cleaned_here=False)


def export(inbox: Inbox, entry: Entry, *, into: Path, round_seconds: int) -> Path:
    """A new folder in `into` with the report's text, its attachments and report.json.

    Raises AlreadyThere (nothing is overwritten) or NotWritten.
    """
    folder = into / f"report-{entry.number:06}"
    found = document(inbox, entry, round_seconds=round_seconds)
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        raise AlreadyThere(folder) from None
    for file in files(inbox, entry):
        write_durably(folder / file.name, [file.data])
        place = int(file.name[len("attachment-") :][:3])
        found["attachments"][place - 1] |= {"file": file.name, "cleaned_here": file.cleaned_here}
    write_durably(folder / "text.txt", [found["text"].encode(), b"\n"])
    # Written last: a folder with report.json in it is whole.
    write_durably(folder / "report.json", [to_json(found).encode(), b"\n"])
    return folder


def to_json(found: dict[str, Any]) -> str:
    """JSON of printable ASCII only, so that no terminal or page can be made to act by it."""
    return json.dumps(found, ensure_ascii=True, indent=2).replace("<", "\\u003c").replace("\x7f", "\\u007f")


def _moment(seconds: int) -> str:
    if not 0 <= seconds <= _LAST_SECOND:
        return "unknown"
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
