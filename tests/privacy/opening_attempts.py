"""What a program that a file has taken over would try. Its source runs in the sandbox in place of the cleaners.

Each attempt returns normally when it got through. It imports nothing of ours at the top: it is handed over as text.
"""

import ctypes
import fcntl
import mmap
import os
import resource
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path


def connect(words: str) -> None:
    with socket.socket() as line:
        line.settimeout(2)
        line.connect(("127.0.0.1", int(words)))


def make_socket(words: str) -> None:
    socket.socket(getattr(socket, words)).close()


def read(words: str) -> None:
    with open(words, "rb") as file:  # noqa: PTH123
        file.read(1)


def look_into(words: str) -> None:
    os.listdir(words)  # noqa: PTH208


def write(words: str) -> None:
    with open(words, "wb") as file:  # noqa: PTH123
        file.write(b"x")


def truncate(words: str) -> None:
    os.truncate(words, 0)


def empty(words: str) -> None:
    """Opened to be read, and emptied by that: no right to write is asked for."""
    os.close(os.open(words, os.O_RDONLY | os.O_TRUNC))


def chmod(words: str) -> None:
    os.chmod(words, 0o644)  # noqa: PTH101


def utime(words: str) -> None:
    os.utime(words, (1, 1))


def setxattr(words: str) -> None:
    os.setxattr(words, "user.left", b"x")


def chown(words: str) -> None:
    os.chown(words, os.getuid(), os.getgid())


def limit(words: str) -> None:
    resource.prlimit(int(words), resource.RLIMIT_CORE, (0, 0))


def signal_owner(words: str) -> None:
    """A signal to another process, by way of a pipe."""
    reading, _ = os.pipe()
    fcntl.fcntl(reading, fcntl.F_SETOWN, int(words))


def end(words: str) -> None:
    os.kill(int(words), 0)


def become_root(words: str) -> None:
    os.setuid(0)
    if os.getuid():
        raise PermissionError


def new_user_namespace(words: str) -> None:
    if ctypes.CDLL(None, use_errno=True).unshare(0x10000000):
        raise PermissionError


def trace(words: str) -> None:
    if ctypes.CDLL(None, use_errno=True).ptrace(16, int(words), None, None):
        raise PermissionError


def fork(words: str) -> None:
    """Gets through when as many children as it was told to make live at once."""
    for _ in range(int(words)):
        if not os.fork():
            time.sleep(30)
            os._exit(0)


def allocate(words: str) -> None:
    mmap.mmap(-1, int(words)).close()


def fill(words: str) -> None:
    with open("fill", "wb") as file:  # noqa: PTH123
        os.posix_fallocate(file.fileno(), 0, int(words))


def spin(words: str) -> None:
    while True:
        pass


def sleep(words: str) -> None:
    time.sleep(float(words))


def dump_core(words: str) -> None:
    if not resource.getrlimit(resource.RLIMIT_CORE)[0]:
        raise PermissionError


def environment(words: str) -> None:
    if set(os.environ) <= {"PATH", "LC_ALL", "PWD"}:
        raise PermissionError


def flood(words: str) -> None:
    """More than any answer may be, over the pipe of answers."""
    for number in range(3, 32):
        try:
            while True:
                os.write(number, b"\xff" * 65_536)
        except OSError:
            continue


def lie(words: str) -> None:
    """An answer that claims more than it holds."""
    for number in range(3, 32):
        try:
            os.write(number, b"VDSK" + b"\xff" * 8)
        except OSError:
            continue
    os._exit(0)


TRIED: dict[str, Callable[[str], None]] = {
    one.__name__: one
    for one in (
        connect, make_socket, read, look_into, write, end, become_root, new_user_namespace, trace, fork, allocate, fill,
        spin, sleep, dump_core, environment, flood, lie, truncate, empty, chmod, utime, setxattr, chown, limit,
        signal_owner,
    )
}  # fmt: skip


def outcome(asked: str) -> str:
    """ "done" or "refused"."""
    name, _, words = asked.partition(" ")
    try:
        TRIED[name](words)
    except (OSError, MemoryError, ValueError):
        return "refused"
    return "done"


def taken_over(given: str, *, without: tuple[str, ...]) -> None:
    """The child's program with every cleaner replaced; `without` names layers that are left out on purpose."""
    from forwarder.desk import cleaners, confinement, inside
    from forwarder.desk.findings import Outcome
    from forwarder.desk.passing import Answered

    def cleaned(data: bytes, *, media: str, scratch: Path, tools: bool) -> tuple[Answered, bytes]:
        os.chdir(scratch)
        lines = "\n".join(outcome(line) for line in data.decode().split("\n"))
        return Answered(outcome=Outcome.CLEANED, media="text/plain"), lines.encode()

    def nothing(*words: object, **more: object) -> bool:
        return True

    cleaners.cleaned = cleaned
    for layer in without:
        setattr(confinement, layer, nothing)
    inside.main(given)


if __name__ == "__main__":
    taken_over(sys.argv[1], without=tuple(WITHOUT))  # type: ignore[name-defined]  # noqa: F821
