"""The program that opens what strangers sent: it shuts itself in, says so, takes one task, answers, and ends.

It is started by `forwarder.desk.sandbox` and by nothing else; its words go over two pipes (forwarder/desk/passing.py).
"""

import os
from pathlib import Path

import msgspec

from crypto.report import ATTACHMENT_MAX
from forwarder.desk import cleaners
from forwarder.desk.confinement import Limits, confine, own_namespaces
from forwarder.desk.passing import WORDS_MAX, Answered, Asked, Ready, frame, take


class Given(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How to shut itself in. `walled`: somebody else has made the namespaces already."""

    walled: bool
    namespaces: bool
    readable: list[str]
    scratch: str
    tools: bool
    limits: Limits


def main(spelled: str) -> None:
    """Runs to the end of the process."""
    given = msgspec.json.decode(spelled, type=Given, strict=True)
    walled = given.walled or (given.namespaces and own_namespaces(given.scratch, size=given.limits.scratch))
    # What a program that is started here writes must not look like an answer of ours.
    answers = os.dup(1)
    nothing = os.open("/dev/null", os.O_RDWR)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    held = confine(readable=given.readable, scratch=given.scratch, limits=given.limits, own_mounts=walled)
    if walled:
        held |= {"network", "processes"}
    if given.walled:
        held.add("files")
    _write(answers, frame(Ready(layers=sorted(held))))
    asked, data = take(_read, Asked, words_max=WORDS_MAX, data_max=ATTACHMENT_MAX)
    nothing_in = os.open("/dev/null", os.O_RDONLY)
    os.dup2(nothing_in, 0)
    _write(answers, _answer(asked, data, given) if isinstance(asked, Asked) else b"")
    os._exit(0)


def _answer(asked: Asked, data: bytes, given: Given) -> bytes:
    if asked.texts is not None:
        return frame(Answered(texts=cleaners.plain_texts(asked.texts)))
    answer, copy = cleaners.cleaned(data, media=asked.media, scratch=Path(given.scratch), tools=given.tools)
    return frame(answer, copy)


def _read(length: int) -> bytes:
    pieces = []
    while length and (piece := os.read(0, min(length, 1_048_576))):
        pieces.append(piece)
        length -= len(piece)
    return b"".join(pieces)


def _write(number: int, wire: bytes) -> None:
    rest = memoryview(wire)
    while rest:
        rest = rest[os.write(number, rest) :]
