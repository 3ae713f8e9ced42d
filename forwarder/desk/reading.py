"""A report as a person at the desk gets to see it: cleaned once more, its time no finer than the round.

What is shown or written here was opened in a sandbox and cannot act: no control or direction characters, no name chosen
by the sender, and nothing of an attachment but its clean copy.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from crypto.errors import CryptoError
from crypto.word import BUCKET_SECONDS
from forwarder.desk.casework import By, Casework, Kind, Subject
from forwarder.desk.errors import AlreadyThere, NoSuchAttachment
from forwarder.desk.escapes import OTHER_ENDING, attachment_name, in_json
from forwarder.desk.findings import Findings, Reason, not_cleaned
from forwarder.desk.inbox import Entry, Inbox
from forwarder.desk.original import Acknowledged, Original
from forwarder.desk.sandbox import Sandbox
from forwarder.desk.searching import Found
from forwarder.durable import write_durably

REPORT_NAME: Final = "report.json"
# Year 9999; a round beyond it is shown by its number alone.
_LAST_SECOND: Final = 253_402_300_799


@dataclass(frozen=True, slots=True)
class Copy:
    """A clean copy of an attachment under a name of ours, and its list; no bytes and no name when there is none."""

    place: int
    name: str
    data: bytes
    findings: Findings


def edges(entry: Entry | Found, *, round_seconds: int) -> tuple[str, str]:
    """The beginning and the end (UTC) of the round a report came in: all that is known of when it was sent."""
    start = entry.round_number * round_seconds
    return edge(start), edge(start + round_seconds)


def document(inbox: Inbox, entry: Entry, *, round_seconds: int, sandbox: Sandbox) -> dict[str, Any]:
    """Everything about a report, ready to be shown or written as JSON; its words went through the sandbox.

    Raises NotOpenedSafely.
    """
    where, text = sandbox.texts([entry.report.where, entry.report.text])
    return _document(inbox, entry, where=where, text=text, round_seconds=round_seconds)


def documents(
    inbox: Inbox, entries: Sequence[Entry], *, round_seconds: int, sandbox: Sandbox
) -> Iterator[dict[str, Any]]:
    """The same of many reports, opened some hundred at once; one that cannot be opened holds up no other."""
    texts = sandbox.list_of_texts([text for entry in entries for text in (entry.report.where, entry.report.text)])
    for entry in entries:
        yield _document(inbox, entry, where=next(texts), text=next(texts), round_seconds=round_seconds)


def _document(inbox: Inbox, entry: Entry, *, where: str, text: str, round_seconds: int) -> dict[str, Any]:
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
        # One line: the sandbox makes one of ours out of what a stranger's program takes for an end of a line.
        "where": " ".join(where.split()),
        "when": report.when.value,
        "text": text,
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


def copies(inbox: Inbox, entry: Entry, *, sandbox: Sandbox) -> Iterator[Copy]:
    """A clean copy of each whole attachment of a report, or why there is none; each in a child of its own."""
    for place, attachment in enumerate(entry.report.attachments, start=1):
        try:
            data = inbox.attachment(attachment)
        except CryptoError:
            # Its parts are there and are not what the report says; nothing that a sender writes stops an export.
            yield Copy(place, "", b"", not_cleaned(Reason.BROKEN))
            continue
        if data is not None:
            yield clean_copy(data, media=attachment.media, place=place, sandbox=sandbox)


def clean_copy(data: bytes, *, media: str, place: int, sandbox: Sandbox) -> Copy:
    """The clean copy of an attachment; what it is told by its bytes, and its name is ours."""
    found = sandbox.attachment(data, media=media)
    name = attachment_name(found.media, number=place, office=found.office) if found.data else ""
    return Copy(place, name, found.data, found.findings)


def original(inbox: Inbox, entry: Entry, place: int) -> Original:
    """An attachment as it came, still sealed. Raises NoSuchAttachment when it is not there, not whole or forged."""
    attachments = entry.report.attachments
    data = None
    with suppress(CryptoError):
        data = inbox.attachment(attachments[place - 1]) if 1 <= place <= len(attachments) else None
    if data is None:
        raise NoSuchAttachment(entry.number, place)
    return Original(data)


def export(inbox: Inbox, entry: Entry, *, into: Path, round_seconds: int, sandbox: Sandbox) -> Path:
    """A new folder in `into` with the report's text, clean copies of its attachments and report.json.

    What could not be cleaned is not written; report.json says why. Raises AlreadyThere (nothing is overwritten),
    NotOpenedSafely or NotWritten.
    """
    folder = folder_of(entry, into=into)
    found = document(inbox, entry, round_seconds=round_seconds, sandbox=sandbox) | {"opened_by": sandbox.way.value}
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        raise AlreadyThere(folder) from None
    for copy in copies(inbox, entry, sandbox=sandbox):
        if copy.name:
            write_durably(folder / copy.name, [copy.data])
        about = {"file": copy.name, "cleaned_here": bool(copy.name), "findings": copy.findings.spoken()}
        found["attachments"][copy.place - 1] |= about
    write_durably(folder / "text.txt", [found["text"].encode(), b"\n"])
    # Written last: a folder with report.json in it is whole.
    write_durably(folder / REPORT_NAME, [in_json(found).encode(), b"\n"])
    return folder


def folder_of(entry: Entry, *, into: Path) -> Path:
    """Where `export` writes a report; it is whole when there is a report.json in it."""
    return into / f"report-{entry.number:06}"


@dataclass(frozen=True, slots=True)
class Taking:
    """Somebody takes an original: whether they have read the warning, who they are, and what their colleagues read."""

    acknowledged: Acknowledged | None
    by: By
    note: str


def unsealed(inbox: Inbox, entry: Entry, place: int, *, taking: Taking) -> bytes:
    """An attachment as it came; that it was taken, and by whom, stands in the report's history before it is given.

    Raises NotAcknowledged, NoSuchAttachment, BadWords or NotStored; then nothing is given.
    """
    data = original(inbox, entry, place).release(acknowledged=taking.acknowledged)
    Casework(inbox.database).note(Subject(Kind.REPORT, entry.number), taking.note, by=taking.by)
    return data


def release(inbox: Inbox, entry: Entry, place: int, *, into: Path, taking: Taking) -> Path:
    """The original of an attachment in a file of ours, which no program opens by itself.

    Raises AlreadyThere, NotWritten, or what `unsealed` does.
    """
    path = into / f"report-{entry.number:06}-attachment-{place:03}-ORIGINAL{OTHER_ENDING}"
    if path.exists():
        raise AlreadyThere(path)
    data = unsealed(inbox, entry, place, taking=taking)
    into.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_durably(path, [data])
    return path


def hours(bucket: int, *, between: str) -> str:
    """The six hours (UTC) of a word; `unknown` for those that no calendar has. `between` stands before their end."""
    begin, end = (one * BUCKET_SECONDS for one in (bucket, bucket + 1))
    if not 0 <= begin < end <= _LAST_SECOND:
        return "unknown"
    first, last = (datetime.fromtimestamp(one, UTC) for one in (begin, end))
    return f"{first:%Y-%m-%d %H:%M}{between}{last:%H:%M} UTC"


def edge(seconds: int) -> str:
    """An edge of a round (UTC), from its seconds since 1970; `unknown` for one that no calendar has."""
    if not 0 <= seconds <= _LAST_SECOND:
        return "unknown"
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
