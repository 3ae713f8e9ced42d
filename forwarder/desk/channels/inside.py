"""The program that speaks to services: it sees that it has no network but tor, says so, does one thing, and ends.

It is started by `forwarder.desk.channels.outlet` and by nothing else, in walls that make its network an empty one; its
words go over two pipes. What it is told is read once; what it answers comes from a closed list.
"""

import os
import resource
from functools import partial
from pathlib import Path

from forwarder.desk.channels.passing import WORDS_MAX, Alone, Answer, Task
from forwarder.desk.channels.wording import placed
from forwarder.desk.passing import frame, take
from onion_service.only_tor import no_other_way, only_tor
from onion_service.torrc import UnixSocket

MEMORY_MAX = 1_073_741_824


def main(socket: str) -> None:
    """Runs to the end of the process. `socket`: tor's, or empty for what connects to nobody."""
    answers = os.dup(1)
    nothing = os.open("/dev/null", os.O_RDWR)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX))
    no_other_way()
    _write(answers, frame(Alone()))
    task, _ = take(_read, Task, words_max=WORDS_MAX, data_max=0)
    if isinstance(task, Task):
        if socket:
            only_tor(UnixSocket(Path(socket)), name=task.login, password=task.login)
        _write(answers, frame(_done(task)))
    os._exit(0)


def _done(task: Task) -> Answer:
    # Loaded only now, when no socket is left that does not lead through tor.
    from onion_service import posting

    if task.wiki is not None:
        wiki = posting.Wiki(task.wiki.address, task.wiki.user, task.wiki.password)
        said = posting.edit(wiki, page=task.title, summary=task.summary, change=partial(_changed, ours=task.body))
        return Answer(said=said.value)
    if task.body:
        return Answer(said=posting.post(task.url, title=task.title, body=task.body).value)
    service = posting.describe(task.url)
    if isinstance(service, posting.Said):
        return Answer(said=service.value)
    return Answer(said="done", service=service.name, title_max=service.title_max, body_max=service.body_max)


def _changed(page: str, *, ours: str) -> str:
    return placed(page, ours)


def _read(length: int) -> bytes:
    pieces = []
    while length and (piece := os.read(0, length)):
        pieces.append(piece)
        length -= len(piece)
    return b"".join(pieces)


def _write(number: int, wire: bytes) -> None:
    rest = memoryview(wire)
    while rest:
        rest = rest[os.write(number, rest) :]
