"""A process shuts itself in, for good, before it sees a byte of what a stranger sent (docs/partner.md, Opening).

Each layer is the kernel's: namespaces, Landlock for files, a filter of system calls, limits. What a layer could not
do is not in the list that `confine` returns; the desk decides whether the rest is enough.
"""

import ctypes
import os
import platform
import resource
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Literal

from forwarder.desk.syscalls import Machine, program

Layer = Literal["network", "files", "processes", "calls", "limits"]

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = (
    0x00020000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000,
)  # fmt: skip
NAMESPACES: Final = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET
MS_NOSUID, MS_NODEV, MS_REC, MS_PRIVATE = 2, 4, 16_384, 1 << 18
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38
SECCOMP_MODE_FILTER: Final = 2
# mount_setattr(2): its number, "from this folder", "and everything below", "read only".
MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE, MOUNT_ATTR_RDONLY = 442, -100, 0x8000, 1
SIGKILL: Final = 9
# landlock(7): the numbers of these calls are the same on every machine.
LANDLOCK_CREATE, LANDLOCK_ADD, LANDLOCK_RESTRICT = 444, 445, 446
LANDLOCK_VERSION, RULE_PATH_BENEATH = 1, 1
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
ACCESSES_V1: Final = (1 << 13) - 1
REFER, TRUNCATE = 1 << 13, 1 << 14
# A user id that no account has, so that root's child is nobody's, not even the system's nobody.
STRANGERS: Final = (1_500_000_000, 1_900_000_000)

_LIBC: Final = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one opening may use: bytes of memory, seconds of processor, bytes in one file, processes beside itself."""

    memory: int
    cpu_seconds: int
    file_size: int
    processes: int
    scratch: int


class _MountAttributes(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_uint64) for name in ("attr_set", "attr_clr", "propagation", "userns_fd"))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def own_namespaces(scratch: str, *, size: int) -> bool:
    """New namespaces for network, files, processes and the rest, where the kernel allows it; the caller goes on in a
    child that is the first in them. All that was mounted is read only there, to everybody, but for `scratch`, which
    becomes a folder in memory of that size.

    Returns whether there are such namespaces. The first process waits for the child and ends as it ends; both end with
    the desk. Raises OSError where the mounts cannot be made so.
    """
    uid, gid = os.getuid(), os.getgid()
    if _LIBC.unshare(NAMESPACES | (CLONE_NEWUSER if uid else 0)):
        return False
    if uid:
        for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:  # noqa: PTH123
                file.write(text)
    end_with_parent()
    _call("mount", b"none", b"/", None, MS_REC | MS_PRIVATE, None)
    # Landlock forbids no chmod, and before Linux 6.2 no truncate; a mount that is read only forbids all of them.
    only_read = _MountAttributes(attr_set=MOUNT_ATTR_RDONLY)
    size_of = ctypes.c_size_t(ctypes.sizeof(only_read))
    _call("syscall", MOUNT_SETATTR, AT_FDCWD, b"/", AT_RECURSIVE, ctypes.byref(only_read), size_of)
    _call("mount", b"scratch", scratch.encode(), b"tmpfs", MS_NOSUID | MS_NODEV, f"size={size},mode=777".encode())
    child = os.fork()
    if child:
        for number in (0, 1):
            os.close(number)
        os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 0x7F)
    end_with_parent()
    return True


def end_with_parent() -> None:
    """The kernel ends this process when its parent ends."""
    _LIBC.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)


def confine(*, readable: Sequence[str], scratch: str, limits: Limits, own_mounts: bool) -> set[Layer]:
    """Give up, for good, what opening a file does not need. Returns the layers that hold from now on.

    `own_mounts`: this process has mounts of its own that can only be read. Without them files are held only where
    Landlock and the filter of calls are both there.
    """
    held: set[Layer] = set()
    _become_a_stranger(scratch)
    # After that: who becomes another user is no longer told that its parent has ended.
    end_with_parent()
    _LIBC.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    _call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _limit(limits)
    held.add("limits")
    files, calls = only_files(readable, scratch=scratch), only_calls(untouched=not own_mounts)
    if files and (own_mounts or calls):
        held.add("files")
    if calls:
        held |= {"calls", "network"}
    return held


def only_files(readable: Sequence[str], *, scratch: str) -> bool:
    """Landlock: what lies under `readable` is opened to read and run, under `scratch` to write, and nothing else."""
    version = _LIBC.syscall(LANDLOCK_CREATE, None, ctypes.c_size_t(0), LANDLOCK_VERSION)
    if version < 1:
        return False
    handled = ACCESSES_V1 | (REFER if version >= 2 else 0) | (TRUNCATE if version >= 3 else 0)
    rules = ctypes.c_uint64(handled)
    rules_fd = _LIBC.syscall(LANDLOCK_CREATE, ctypes.byref(rules), ctypes.c_size_t(8), 0)
    if rules_fd < 0:
        return False
    try:
        for path in readable:
            _allow(rules_fd, path, EXECUTE | READ_FILE | READ_DIR)
        _allow(rules_fd, "/dev/null", READ_FILE | WRITE_FILE)
        _allow(rules_fd, "/dev/urandom", READ_FILE)
        _allow(rules_fd, scratch, handled & ~EXECUTE)
        return not _LIBC.syscall(LANDLOCK_RESTRICT, rules_fd, 0)
    finally:
        os.close(rules_fd)


def only_calls(*, untouched: bool) -> bool:
    """A filter refuses the system calls that reach the network, other processes or the kernel's own workings; with
    `untouched`, also those that change a file without opening it."""
    machine = Machine.of(platform.machine())
    if machine is None:
        return False
    wire = program(machine, untouched=untouched)
    code = ctypes.create_string_buffer(wire, len(wire))

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))

    given = Program(len(wire) // 8, ctypes.addressof(code))
    return not _LIBC.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(given), 0, 0)


def _become_a_stranger(scratch: str) -> None:
    """Root's child takes a number that nobody has; limits on processes do not bind root, and root owns files."""
    if os.getuid():
        return
    with suppress(OSError):
        os.chmod(scratch, 0o777)  # noqa: PTH101, S103 - in a namespace of our own, or a folder only root may enter
    stranger = STRANGERS[0] + secrets.randbelow(STRANGERS[1] - STRANGERS[0])
    os.setgroups([])
    os.setresgid(stranger, stranger, stranger)
    os.setresuid(stranger, stranger, stranger)


def _limit(limits: Limits) -> None:
    for what, most in (
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_CPU, limits.cpu_seconds),
        (resource.RLIMIT_FSIZE, limits.file_size),
        (resource.RLIMIT_NPROC, limits.processes),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        resource.setrlimit(what, (most, most))


def _allow(rules_fd: int, path: str, access: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # What is not there need not be allowed.
    try:
        if not os.path.isdir(path):  # noqa: PTH112
            access &= EXECUTE | READ_FILE | WRITE_FILE | TRUNCATE
        rule = _PathBeneath(access, place)
        if _LIBC.syscall(LANDLOCK_ADD, rules_fd, RULE_PATH_BENEATH, ctypes.byref(rule), 0):
            raise OSError(ctypes.get_errno(), "landlock_add_rule", path)
    finally:
        os.close(place)


def _call(name: str, *arguments: object) -> None:
    if getattr(_LIBC, name)(*arguments):
        raise OSError(ctypes.get_errno(), name)
