"""Where files may lie that no disk must see: a folder in memory, or an error (docs/adr/0006-tors-own-traces.md).

Memory can still be swapped; that is the system's to forbid (docs/operate.md).
"""

import os
import re
import resource
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from onion_service.errors import NoMemoryFolder

SHARED: Final = Path("/dev/shm")  # noqa: S108 - looked at before it is used, and only a folder of our own in it
_STATUS: Final = Path("/proc/self/status")
_EFFECTIVE: Final = re.compile(r"^CapEff:\t([0-9a-f]{16})$", re.MULTILINE)
_CAP_IPC_LOCK: Final = 1 << 14
_MOUNTS: Final = Path("/proc/self/mountinfo")
_IN_MEMORY: Final = frozenset({"tmpfs", "ramfs"})
# The path of a unix socket in it must fit the kernel.
_LONGEST: Final = 60
_ESCAPED: Final = re.compile(r"\\([0-7]{3})")


def place() -> Path:
    """The system's folder in memory for a program of ours: systemd's, the session's, or the one that all share.

    Raises NoMemoryFolder when none of them is there, ours to write to, and in memory.
    """
    mounts = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape") if _MOUNTS.exists() else ""
    for folder in _candidates(os.environ):
        found = Path(os.path.realpath(folder))
        usable = len(bytes(found)) <= _LONGEST and found.is_dir() and os.access(found, os.W_OK | os.X_OK)
        if usable and in_memory(found, mounts):
            return found
    raise NoMemoryFolder


def in_memory(path: Path, mounts: str) -> bool:
    """Whether an absolute path without links lies in memory. `mounts`: the text of /proc/self/mountinfo (proc(5))."""
    kind, longest = "", -1
    for line in mounts.splitlines():
        fields, _, rest = line.partition(" - ")
        words = fields.split(" ")
        if len(words) < 5 or not rest:
            continue
        point = Path(_ESCAPED.sub(lambda found: chr(int(found[1], 8)), words[4]))
        # Of two mounts at one place the later one is seen.
        if (path == point or point in path.parents) and len(point.parts) >= longest:
            kind, longest = rest.split(" ")[0], len(point.parts)
    return kind in _IN_MEMORY


def may_lock() -> bool:
    """Whether a tor of ours may lock all its memory (`DisableAllSwap`); one that may not does not start with it.

    A limit that is high but finite is not enough: under a flood tor would reach it and end.
    """
    status = _STATUS.read_text(encoding="ascii", errors="replace") if _STATUS.exists() else ""
    return resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] == resource.RLIM_INFINITY or has_ipc_lock(status)


def has_ipc_lock(status: str) -> bool:
    """Whether CAP_IPC_LOCK is in force (capabilities(7)). `status`: the text of /proc/self/status."""
    found = _EFFECTIVE.search(status)
    return found is not None and bool(int(found[1], 16) & _CAP_IPC_LOCK)


def _candidates(environment: Mapping[str, str]) -> Iterator[Path]:
    for name in ("RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR"):
        if (first := environment.get(name, "").partition(":")[0]).startswith("/"):
            yield Path(first)
    yield SHARED
