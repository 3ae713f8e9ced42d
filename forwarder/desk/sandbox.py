"""What strangers sent is opened in a child process without network, home or other files, and within limits.

The walls are bubblewrap's where it is installed, otherwise what the kernel gives; `Sandbox.way` says which. Where
neither is enough, nothing is opened. The child's answer is checked like anything that comes from outside (passing.py).
"""

import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Final, Self

import msgspec

from forwarder.desk import walls
from forwarder.desk.confinement import Limits
from forwarder.desk.errors import BadAnswer, NoSandbox, NotOpenedSafely
from forwarder.desk.findings import CleanCopy, Reason, not_cleaned
from forwarder.desk.living import Children
from forwarder.desk.passing import (
    COPY_MAX,
    LAYERS_MAX,
    WORDS_MAX,
    Answered,
    Asked,
    Ready,
    checked_copy,
    checked_texts,
    frame,
    take,
)

MEBIBYTE: Final = 1_048_576
LIMITS: Final = Limits(
    memory=1_536 * MEBIBYTE,
    cpu_seconds=60,
    file_size=256 * MEBIBYTE,
    processes=16,
    scratch=768 * MEBIBYTE,
)
SECONDS: Final = 90.0
# One child for so many texts of a list; a text that is opened alone has a child of its own.
TEXTS_AT_ONCE: Final = 256
READABLE: Final = (*walls.SYSTEM, "/etc/fonts", "/etc/alternatives")
# Where the strongest way seems not to hold, it is asked once more: a moment of no memory must not lower the walls.
TRIES: Final = 2
START: Final = "import sys; sys.path[:0] = sys.argv[2:]; from forwarder.desk.inside import main; main(sys.argv[1])"
UNREADABLE: Final = "�"


class _DoesNotHold(NotOpenedSafely):
    """A child was started, and stopped, lied, or was not shut in."""


class Way(Enum):
    """What makes the walls."""

    BUBBLEWRAP = "bubblewrap"
    NAMESPACES = "namespaces and Landlock of the kernel"
    FILTERS = "Landlock and a filter of system calls; documents, sound and video stay sealed"


NEEDED: Final = {
    Way.BUBBLEWRAP: {"network", "files", "processes", "limits"},
    Way.NAMESPACES: {"network", "files", "processes", "calls", "limits"},
    Way.FILTERS: {"network", "files", "calls", "limits"},
}


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A way to open things, tried and found to hold. `start` is what the child runs, a test may plant another.

    `fell_short`: bubblewrap is installed and did not hold, so that this is a weaker way; a person must be told.
    """

    way: Way
    limits: Limits = LIMITS
    seconds: float = SECONDS
    start: str = START
    children: Children = field(default_factory=Children, repr=False, compare=False)
    fell_short: bool = False

    @classmethod
    def best(cls, *, among: Sequence[Way] = tuple(Way)) -> Self:
        """The strongest way that holds here. Raises NoSandbox when none does; then nothing may be opened.

        Raises NotOpenedSafely when this moment has no room for any child, which says nothing about the walls.
        """
        fell_short = False
        for way in among:
            if way is Way.BUBBLEWRAP and walls.bubblewrap() is None:
                continue
            found = cls(way, fell_short=fell_short)
            for _ in range(TRIES):
                with suppress(_DoesNotHold):
                    found.texts(["a"])
                    return found
            fell_short = fell_short or way is Way.BUBBLEWRAP
        raise NoSandbox("this system has no sandbox that holds")

    def texts(self, texts: Sequence[str]) -> list[str]:
        """Each text cleaned and with nothing in it that could act. Raises NotOpenedSafely."""
        # A lone surrogate is no character, and no pipe would take it.
        asked = [text.encode(errors="replace").decode() for text in texts]
        limits = replace(self.limits, processes=0)
        with self._child(limits) as child:
            return checked_texts(child.ask(Asked(texts=asked), b"")[0], asked=asked)

    def list_of_texts(self, texts: Sequence[str]) -> Iterator[str]:
        """Many texts, some hundred in one child; one that breaks its child is told by a sign and holds up no other."""
        for start in range(0, len(texts), TEXTS_AT_ONCE):
            some = texts[start : start + TEXTS_AT_ONCE]
            try:
                yield from self.texts(some)
            except NotOpenedSafely:
                for one in some:
                    try:
                        yield from self.texts([one])
                    except NotOpenedSafely:
                        yield UNREADABLE

    def attachment(self, data: bytes, *, media: str) -> CleanCopy:
        """The clean copy of an attachment with its list, or its list with the reason why there is none.

        Raises nothing for what the attachment does: a child that stops or lies is itself a finding.
        """
        try:
            with self._child(self.limits) as child:
                answer, copy = child.ask(Asked(media=media), data)
                return checked_copy(answer, copy, given=data, media=media)
        except NotOpenedSafely:
            return CleanCopy(not_cleaned(Reason.LIMIT))

    @contextmanager
    def _child(self, limits: Limits) -> "Iterator[_Child]":
        """A child that said it is shut in, before it has seen anything. Raises NotOpenedSafely."""
        self.children.check()
        with ExitStack() as stack:
            scratch = "/tmp" if self.way is Way.BUBBLEWRAP else stack.enter_context(_scratch())  # noqa: S108
            try:
                process = walls.started(self._command(scratch, limits))
                stack.callback(walls.ended, process)
                watch = threading.Timer(self.seconds, walls.kill, [process])
                watch.daemon = True
                watch.start()
            except (OSError, RuntimeError) as error:
                raise NotOpenedSafely(f"no program could be started: {error}") from error
            stack.callback(watch.cancel)
            stack.enter_context(self.children.counted(process))
            child = _Child(process)
            try:
                if not child.layers() >= NEEDED[self.way]:
                    raise BadAnswer("a layer does not hold")
                yield child
            except (BadAnswer, OSError) as error:
                raise _DoesNotHold(f"the program that opens things stopped: {error}") from error

    def _command(self, scratch: str, limits: Limits) -> list[str]:
        packages = _packages()
        readable = packages.readable(READABLE)
        given = {
            "walled": self.way is Way.BUBBLEWRAP,
            "namespaces": self.way is Way.NAMESPACES,
            "readable": readable,
            "scratch": scratch,
            "tools": self.way is not Way.FILTERS,
            "limits": limits,
        }
        spelled = msgspec.json.encode(given).decode()
        inner = [walls.python(), "-I", "-S", "-B", "-c", self.start, spelled, *packages.folders]
        return [*self._walls(readable, limits), *inner] if self.way is Way.BUBBLEWRAP else inner

    def _walls(self, readable: Sequence[str], limits: Limits) -> list[str]:
        words = [walls.bubblewrap() or "bwrap", *walls.alone()]
        if not os.getuid():
            # Root's child becomes a stranger to the system by itself, which limits on processes need.
            words += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
        # First, so that what lies under the system's own /tmp can be shown in it.
        words += ["--dev", "/dev", "--size", str(limits.scratch), "--tmpfs", "/tmp"]  # noqa: S108
        return [*words, *walls.shown(readable), "--chdir", "/tmp"]  # noqa: S108


@dataclass(frozen=True, slots=True)
class _Child:
    process: "subprocess.Popen[bytes]"

    def layers(self) -> set[str]:
        """What the child says holds it."""
        ready = self._take(Ready, words_max=1_024, data_max=0)[0]
        if len(ready.layers) > LAYERS_MAX:
            raise BadAnswer("too many layers")
        return set(ready.layers)

    def ask(self, asked: Asked, data: bytes) -> tuple[Answered, bytes]:
        """The child's one answer."""
        into = walls.pipe(self.process.stdin)
        into.write(frame(asked, data))
        into.flush()
        answer: tuple[Answered, bytes] = self._take(Answered, words_max=WORDS_MAX, data_max=COPY_MAX)
        if walls.pipe(self.process.stdout).read(1):
            raise BadAnswer("more than one answer")
        return answer

    def _take(self, kind: type[msgspec.Struct], *, words_max: int, data_max: int) -> Any:  # noqa: ANN401
        return take(walls.pipe(self.process.stdout).read, kind, words_max=words_max, data_max=data_max)


@contextmanager
def _scratch() -> Iterator[str]:
    """A folder in memory; on a disk, what is opened could be found later."""
    if not os.path.isdir("/dev/shm"):  # noqa: PTH112, S108
        raise NotOpenedSafely("there is no folder in memory")
    try:
        folder = tempfile.mkdtemp(prefix="veladora-", dir="/dev/shm")
    except OSError as error:
        raise NotOpenedSafely(f"there is no room in memory: {error}") from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _packages() -> walls.Packages:
    """Where our packages lie, and those of others that the child needs."""
    try:
        return walls.Packages.found("msgspec", "PIL")
    except walls.NotInstalled as error:
        raise NoSandbox(str(error)) from error
