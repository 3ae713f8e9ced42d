"""Whether each line of a journal is one of the closed events, and nothing more (promise T8).

A line may carry what syslog puts before it.
"""

import re
from collections.abc import Iterator
from typing import Final

from relay.journal import Event

_SYSLOG: Final = r"(?:[A-Z][a-z]{2} [ 0-3]\d \d\d:\d\d:\d\d \S{1,255} \S{1,64}\[\d{1,10}\]: )?"
_ID: Final = r"[a-z0-9][a-z0-9-]{0,63}"
_SENTENCE: Final = r"[^\x00-\x1f\x7f]{1,400}"
_DETAIL: Final = {
    Event.TOR_STARTING: r"the tor [a-z ]{1,40}",
    Event.TOR_LOST: r"the tor [a-z ]{1,40}",
    Event.TOR_FOUND: r"the tor [a-z ]{1,40}",
    Event.DELIVERED: _ID,
    Event.UNREACHABLE: _ID,
    Event.REFUSED: _ID,
    Event.CONFLICT: _ID,
    Event.NOT_RECORDED: _ID,
    Event.DIRECTORY_TAKEN: r"\d{1,16}",
    # The name of an error's kind, or a sentence of ours without any figure.
    Event.UNEXPECTED: r"[A-Za-z_]{1,64}|[a-z ]{1,64}",
}
# `veladora run` says these on the same stream.
_SAID: Final = (
    r"card: [a-z2-7]{56}\.onion#[0-9a-f]{64}",
    r"tor \([a-z ]{1,40}\): \d{1,3} % [A-Za-z ,.'/()-]{0,120}",
)


def _pattern(event: Event) -> str:
    text = re.escape(event.value)
    text = text.replace(re.escape("{round}"), r"\d{1,16}")
    return "veladora: " + text.replace(re.escape("{detail}"), f"(?:{_DETAIL.get(event, _SENTENCE)})")


_CLOSED: Final = re.compile(f"{_SYSLOG}(?:{'|'.join([*map(_pattern, Event), *_SAID])})")
_OPENS: Final = re.compile(rb"^(?:[^\n]{0,400}: )?veladora: ", re.MULTILINE)


def is_journal(head: bytes) -> bool:
    """Whether the beginning of a file reads like a relay's journal."""
    return _OPENS.search(head) is not None


def strange_lines(journal: bytes) -> Iterator[int]:
    """Where each line begins that no event wrote.

    Zeros are none: where the power was cut, the length of a file may have reached the disk before its last line.
    """
    at = 0
    for raw in journal.splitlines(keepends=True):
        line = raw.rstrip(b"\r\n").lstrip(b"\x00")
        try:
            closed = not line or _CLOSED.fullmatch(line.decode()) is not None
        except UnicodeDecodeError:
            closed = False
        if not closed:
            yield at
        at += len(raw)
