"""A crash of this process leaves nothing: no core file, no temporary file, no memory on the swap (promise T12).

`settle` is called before anything secret is read. A limit that the kernel does not grant stops the start; locked memory
may be had in part only, and then the caller says so (docs/operate.md, "Swap, core files and crashes").
"""

import ctypes
import mmap
import os
import resource
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

# Below a device nobody can make a folder, not even root: what asks for a temporary file gets an error and no file.
NOWHERE: Final = "/dev/null/nowhere"
# Added to what the system counts when memory is short. A node that is ended loses nothing; its parent's end would.
EXPENDABLE: Final = 500
_SELF: Final = Path("/proc/self")
_PR_SET_DUMPABLE: Final = 4
_MCL_CURRENT: Final = 1
_MCL_FUTURE: Final = 2
_MCL_ONFAULT: Final = 4
_FAILED_MAP: Final = ctypes.c_void_p(-1).value
_INFINITY: Final = resource.RLIM_INFINITY

_libc: Final = ctypes.CDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_void_p
_libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
for _call in (_libc.munmap, _libc.mlock):
    _call.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
_libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]


class HygieneError(Exception):
    """The system refuses what keeps memory off the disk. The operator must act; the text says how."""


def settle(*, expendable: bool = False) -> bool:
    """Make a crash of this process leave nothing. Returns whether all its memory is locked, now and from now on.

    `expendable`: end this one first when memory is short. Raises HygieneError. From now on only root may look into this
    process (proc(5)), its own user no longer.
    """
    os.umask(0o077)
    tempfile.tempdir = NOWHERE
    # Children keep these two, and tor cannot forbid pictures of itself (docs/limits.md).
    _limit_cores()
    with suppress(OSError):
        (_SELF / "coredump_filter").write_text("0")
    # What is in /proc/self can be written until the next line only.
    if expendable:
        _be_expendable()
    _close_memory()
    return _lock_everything()


def lock(memory: memoryview) -> bool:
    """Keep these bytes, which must be writable, off the swap for as long as they are mapped; False when we may not."""
    return not _libc.mlock(ctypes.addressof(ctypes.c_char.from_buffer(memory)), len(memory))


class Pin:
    """Keeps the memory behind a descriptor off the swap while no other process maps it; it cannot be written here."""

    __slots__ = ("_address", "_length")

    def __init__(self, fd: int) -> None:
        """When the system does not allow as much locked memory, nothing is held and `holds` is False."""
        self._length = os.fstat(fd).st_size
        populated = mmap.MAP_SHARED | mmap.MAP_POPULATE
        address = _libc.mmap(None, self._length, mmap.PROT_READ, populated, fd, 0)
        self._address = None if address == _FAILED_MAP else address
        if self._address is None:
            return
        _libc.madvise(self._address, self._length, mmap.MADV_DONTDUMP)
        if _libc.mlock(self._address, self._length):
            self.release()

    @property
    def holds(self) -> bool:
        """Whether it is locked."""
        return self._address is not None

    def release(self) -> None:
        """Let go. Safe to call twice."""
        if self._address is not None:
            _libc.munmap(self._address, self._length)
        self._address = None


def _limit_cores() -> None:
    # Zero is no limit for a program that collects cores; one byte is refused to programs and is too little for a file
    # (fs/coredump.c, RLIMIT_CORE of 1).
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    least = 0 if hard == 0 else 1
    resource.setrlimit(resource.RLIMIT_CORE, (least, least))


def _be_expendable() -> None:
    own = _SELF / "oom_score_adj"
    with suppress(OSError, ValueError):
        own.write_text(str(min(1_000, int(own.read_text()) + EXPENDABLE)))


def _close_memory() -> None:
    if _libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0):
        raise HygieneError("the system does not let this program forbid pictures of its memory (prctl): allow it")


def _lock_everything() -> bool:
    """Lock what is there and what is to come, page by page as it is used.

    Only without a limit: with one, memory that is asked for later would be refused although there is enough.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    # With a limit of zero only who stands above the limit (CAP_IPC_LOCK) may lock at all.
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (_INFINITY if hard == _INFINITY else 0, hard))
    try:
        return not _libc.mlockall(_MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT)
    finally:
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (hard, hard))
