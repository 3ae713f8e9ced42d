"""What strangers sent is opened in a child process without network, home or other files, and within limits.

The walls are bubblewrap's where it is installed, otherwise what the kernel gives; `Sandbox.way` says which. Where
neither is enough, nothing is opened. The child's answer is checked like anything that comes from outside (passing.py).
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import IO, Any, Final, Self

import msgspec

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
READABLE: Final = (
    *("/usr", "/bin", "/lib", "/lib64"),
    *("/etc/ld.so.cache", "/etc/mime.types", "/etc/fonts", "/etc/alternatives"),
)
OURS: Final = ("crypto", "onion_service", "forwarder")
START: Final = "import sys; sys.path[:0] = sys.argv[2:]; from forwarder.desk.inside import main; main(sys.argv[1])"
UNREADABLE: Final = "�"


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
    """A way to open things, tried and found to hold. `start` is what the child runs, a test may plant another."""

    way: Way
    limits: Limits = LIMITS
    seconds: float = SECONDS
    start: str = START
    children: Children = field(default_factory=Children, repr=False, compare=False)

    @classmethod
    def best(cls, *, among: Sequence[Way] = tuple(Way)) -> Self:
        """The strongest way that holds here. Raises NoSandbox when none does; then nothing may be opened."""
        for way in among:
            if way is Way.BUBBLEWRAP and not shutil.which("bwrap"):
                continue
            found = cls(way)
            with suppress(NotOpenedSafely):
                found.texts(["a"])
                return found
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
                return checked_copy(answer, copy)
        except NotOpenedSafely:
            return CleanCopy(not_cleaned(Reason.LIMIT))

    @contextmanager
    def _child(self, limits: Limits) -> "Iterator[_Child]":
        """A child that said it is shut in, before it has seen anything. Raises NotOpenedSafely."""
        self.children.check()
        with ExitStack() as stack:
            scratch = "/tmp" if self.way is Way.BUBBLEWRAP else stack.enter_context(_scratch())  # noqa: S108
            process = subprocess.Popen(
                self._command(scratch, limits),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
                start_new_session=True,
            )
            stack.callback(_end, process)
            watch = threading.Timer(self.seconds, _kill, [process])
            watch.daemon = True
            watch.start()
            stack.callback(watch.cancel)
            stack.enter_context(self.children.counted(process))
            child = _Child(process)
            try:
                if not child.layers() >= NEEDED[self.way]:
                    raise BadAnswer("a layer does not hold")
                yield child
            except (BadAnswer, OSError) as error:
                raise NotOpenedSafely(f"the program that opens things stopped: {error}") from error

    def _command(self, scratch: str, limits: Limits) -> list[str]:
        readable = _readable()
        given = {
            "walled": self.way is Way.BUBBLEWRAP,
            "namespaces": self.way is Way.NAMESPACES,
            "readable": readable,
            "scratch": scratch,
            "tools": self.way is not Way.FILTERS,
            "limits": limits,
        }
        python = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
        inner = [python, "-I", "-S", "-B", "-c", self.start, msgspec.json.encode(given).decode(), *_module_folders()]
        return [*self._walls(readable, limits), *inner] if self.way is Way.BUBBLEWRAP else inner

    def _walls(self, readable: Sequence[str], limits: Limits) -> list[str]:
        walls = [shutil.which("bwrap") or "bwrap", "--die-with-parent", "--new-session", "--clearenv"]
        walls += ["--setenv", "PATH", "/usr/bin:/bin", "--setenv", "LC_ALL", "C.UTF-8"]
        walls += ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
        if os.getuid():
            walls += ["--unshare-user", "--disable-userns", "--cap-drop", "ALL"]
        else:
            # Root's child becomes a stranger to the system by itself, which limits on processes need.
            walls += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
        # Folders that bubblewrap makes by itself could not be entered by a stranger.
        parents = {str(parent): None for path in readable for parent in reversed(Path(path).parents) if parent.name}
        for parent in parents:
            walls += ["--perms", "0755", "--dir", parent]
        for path in readable:
            if os.path.islink(path):  # noqa: PTH114
                walls += ["--symlink", os.readlink(path), path]  # noqa: PTH115
            else:
                walls += ["--ro-bind-try", path, path]
        return [*walls, "--dev", "/dev", "--size", str(limits.scratch), "--tmpfs", "/tmp", "--chdir", "/tmp"]  # noqa: S108


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
        into = _pipe(self.process.stdin)
        into.write(frame(asked, data))
        into.flush()
        answer: tuple[Answered, bytes] = self._take(Answered, words_max=WORDS_MAX, data_max=COPY_MAX)
        if _pipe(self.process.stdout).read(1):
            raise BadAnswer("more than one answer")
        return answer

    def _take(self, kind: type[msgspec.Struct], *, words_max: int, data_max: int) -> Any:  # noqa: ANN401
        return take(_pipe(self.process.stdout).read, kind, words_max=words_max, data_max=data_max)


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise BadAnswer("no pipe")
    return pipe


def _end(process: "subprocess.Popen[bytes]") -> None:
    _kill(process)
    for pipe in (process.stdin, process.stdout):
        with suppress(OSError):
            _pipe(pipe).close()
    process.wait()


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """Ends the child and all it has started: nothing in it can leave its group or its process namespace."""
    with suppress(OSError):
        os.killpg(process.pid, 9)


@contextmanager
def _scratch() -> Iterator[str]:
    """A folder in memory; on a disk, what is opened could be found later."""
    if not os.path.isdir("/dev/shm"):  # noqa: PTH112, S108
        raise NotOpenedSafely("there is no folder in memory")
    folder = tempfile.mkdtemp(prefix="veladora-", dir="/dev/shm")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _module_folders() -> list[str]:
    """Where our packages lie, and those of others that the child needs."""
    folders = [_parent("forwarder.desk.sandbox", 3), _parent("msgspec", 2), _parent("PIL", 2)]
    return list(dict.fromkeys(folders))


def _parent(module: str, steps: int) -> str:
    found = importlib.util.find_spec(module)
    if found is None or found.origin is None:
        raise NoSandbox(f"{module} is not installed")
    return str(Path(found.origin).resolve().parents[steps - 1])


def _readable() -> list[str]:
    """What the child may read: the system's programs, Python, and our packages; no home, no settings, no desk."""
    ours, *others = _module_folders()
    paths = [*READABLE, os.path.realpath(sys.base_prefix), *(f"{ours}/{name}" for name in OURS), *others]
    return list(dict.fromkeys(paths))
