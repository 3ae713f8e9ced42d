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
    """Whether a tor of ours may lock its memory (`DisableAllSwap`).

    It takes away its own limit for that, and does not start when it may not (src/lib/process/setuid.c).
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    if hard == resource.RLIM_INFINITY:
        return True
    try:
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (soft, resource.RLIM_INFINITY))
    except (OSError, ValueError):
        return False
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (soft, hard))
    return True


def _candidates(environment: Mapping[str, str]) -> Iterator[Path]:
    for name in ("RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR"):
        if (first := environment.get(name, "").partition(":")[0]).startswith("/"):
            yield Path(first)
    yield SHARED
