"""What a program that is shut in may see: the system's programs, Python, and the packages that it needs.

No home, no settings, no desk. The program that opens things (sandbox.py) and the one that speaks to services
(channels/outlet.py) are walled in by these same lines; where our packages lie beside those of others, as after
`pip install .`, or in a tree of their own, makes no difference.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Self

from forwarder.desk.errors import BadAnswer

OURS: Final = ("crypto", "onion_service", "forwarder")
ENVIRONMENT: Final[Mapping[str, str]] = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
SYSTEM: Final = ("/usr", "/bin", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/mime.types")


class NotInstalled(Exception):
    """A package that the program needs is not there."""


@dataclass(frozen=True, slots=True)
class Packages:
    """The folder that our packages lie in, and those of the packages of others; they may be one and the same."""

    ours: str
    others: tuple[str, ...]

    @classmethod
    def found(cls, *others: str) -> Self:
        """Ours, and these of others. Raises NotInstalled."""
        return cls(_folder("forwarder"), tuple(_folder(name) for name in others))

    @property
    def folders(self) -> list[str]:
        """Where Python looks for them, each folder once."""
        return list(dict.fromkeys([self.ours, *self.others]))

    def readable(self, system: Iterable[str] = SYSTEM) -> list[str]:
        """Every path that the program may read; of the folder that ours lie in, only ours."""
        paths = [*system, os.path.realpath(sys.base_prefix), *(f"{self.ours}/{name}" for name in OURS), *self.others]
        return list(dict.fromkeys(paths))


def python() -> str:
    """The Python that runs inside."""
    return os.path.realpath(getattr(sys, "_base_executable", sys.executable))


def bubblewrap() -> str | None:
    """Where bubblewrap is, if it is installed."""
    return shutil.which("bwrap")


def alone() -> list[str]:
    """What bubblewrap is told so that its program shares nothing with the system but what is shown to it."""
    words = ["--die-with-parent", "--new-session", "--clearenv"]
    words += [word for name, value in ENVIRONMENT.items() for word in ("--setenv", name, value)]
    words += ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
    words += ["--hostname", "localhost", "--cap-drop", "ALL"]
    return [*words, "--unshare-user", "--disable-userns"] if os.getuid() else words


def shown(readable: Sequence[str]) -> list[str]:
    """What bubblewrap is told so that these paths are there, to be read only."""
    # Folders that bubblewrap makes by itself could not be entered by a stranger.
    parents = {str(parent): None for path in readable for parent in reversed(Path(path).parents) if parent.name}
    words = [word for parent in parents for word in ("--perms", "0755", "--dir", parent)]
    for path in readable:
        if os.path.islink(path):  # noqa: PTH114
            words += ["--symlink", os.readlink(path), path]  # noqa: PTH115
        else:
            words += ["--ro-bind-try", path, path]
    return words


def started(command: Sequence[str]) -> "subprocess.Popen[bytes]":
    """The program, with a pipe to it and one from it, in a session of its own. Raises OSError."""
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env=dict(ENVIRONMENT),
        start_new_session=True,
    )


def pipe(end: IO[bytes] | None) -> IO[bytes]:
    """An end of a pipe. Raises BadAnswer when there is none."""
    if end is None:
        raise BadAnswer("no pipe")
    return end


def ended(process: "subprocess.Popen[bytes]") -> None:
    """The program and all that it has started are gone when this returns."""
    kill(process)
    for one in (process.stdin, process.stdout):
        with suppress(OSError):
            pipe(one).close()
    process.wait()


def kill(process: "subprocess.Popen[bytes]") -> None:
    """Ends the program and all it has started: nothing in it can leave its group or its process namespace."""
    with suppress(OSError):
        os.killpg(process.pid, 9)


def _folder(module: str) -> str:
    """The folder that a module or package lies in."""
    found = importlib.util.find_spec(module)
    if found is None or found.origin is None:
        raise NotInstalled(f"{module} is not installed")
    origin = Path(found.origin).resolve()
    return str(origin.parents[1] if origin.name == "__init__.py" else origin.parent)
