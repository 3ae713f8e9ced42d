"""The system calls that opening a file never needs, and the filter that refuses them.

Pure: numbers and bytes. Anything on a machine that is not listed here has no filter, and the desk is told so. The
numbers are the kernel's own (asm/unistd_64.h, asm-generic/unistd.h); the filter's form is seccomp(2)'s.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

# linux/bpf_common.h: load a word, jump if equal, jump if any bit is set, return.
LOAD, EQUAL, AT_LEAST, ANY_BIT, ANSWER = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER_AT, MACHINE_AT, FIRST_ARGUMENT_AT = 0, 4, 16
KILL, ALLOW, REFUSE = 0x80000000, 0x7FFF0000, 0x00050000
EPERM, ENOSYS = 1, 38
# fcntl(2): F_SETOWN, F_SETOWN_EX. open(2): O_TRUNC. ioctl(2): TCGETS, FIONCLEX, FIOCLEX, which Python uses.
SIGNALS_OTHERS: Final = (8, 15)
O_TRUNC: Final = 0o1000
HARMLESS_IOCTLS: Final = (0x5401, 0x5450, 0x5451)
X32: Final = 0x40000000
NEW_NAMESPACES: Final = 0x7E020080


class Machine(Enum):
    """A kind of processor, by its AUDIT_ARCH number."""

    X86_64 = 0xC000003E
    AARCH64 = 0xC00000B7

    @classmethod
    def of(cls, name: str) -> "Machine | None":
        """The machine that uname(2) calls so, if we have its numbers."""
        return {"x86_64": cls.X86_64, "aarch64": cls.AARCH64}.get(name)


# From 424 on the numbers are the same everywhere: pidfd_send_signal, io_uring (3), open_tree, move_mount, fsopen,
# fsconfig, fsmount, fspick, pidfd_open, pidfd_getfd, mount_setattr, quotactl_fd, memfd_secret, process_mrelease.
_NEWER: Final = (424, 425, 426, 427, 428, 429, 430, 431, 432, 433, 434, 438, 442, 443, 447, 448)
DENIED: Final[Mapping[Machine, tuple[int, ...]]] = {
    Machine.X86_64: (
        # socket connect accept sendto recvfrom sendmsg recvmsg shutdown bind listen accept4 recvmmsg sendmmsg
        41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 288, 299, 307,
        # kill tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo ptrace setpgid setsid
        62, 200, 234, 129, 297, 101, 109, 112,
        # process_vm_readv process_vm_writev kcmp personality unshare setns
        310, 311, 312, 135, 272, 308,
        # mount umount2 pivot_root chroot swapon swapoff reboot acct quotactl sethostname setdomainname
        165, 166, 155, 161, 167, 168, 169, 163, 179, 170, 171,
        # init_module delete_module finit_module kexec_load kexec_file_load iopl ioperm
        175, 176, 313, 246, 320, 172, 173,
        # bpf perf_event_open userfaultfd add_key request_key keyctl name_to_handle_at open_by_handle_at
        321, 298, 323, 248, 249, 250, 303, 304,
        # shmget msgget semget mq_open syslog settimeofday clock_settime
        29, 68, 64, 240, 103, 164, 227,
        *_NEWER,
    ),
    Machine.AARCH64: (
        198, 203, 202, 206, 207, 211, 212, 210, 200, 201, 242, 243, 269,
        129, 130, 131, 138, 240, 117, 154, 157,
        270, 271, 272, 92, 97, 268,
        40, 39, 41, 51, 224, 225, 142, 89, 60, 161, 162,
        105, 106, 273, 104, 294,
        280, 241, 282, 217, 218, 219, 264, 265,
        194, 186, 190, 180, 116, 170, 112,
        *_NEWER,
    ),
}  # fmt: skip
# What Landlock leaves open, and a child needs only in mounts of its own: to change a file without opening it to write.
_FILES_NEWER: Final = (437, 452, 463, 466, 469)  # openat2 fchmodat2 setxattrat removexattrat file_setattr
UNTOUCHED: Final[Mapping[Machine, tuple[int, ...]]] = {
    Machine.X86_64: (
        # creat truncate chmod fchmod fchmodat chown fchown lchown fchownat
        85, 76, 90, 91, 268, 92, 93, 94, 260,
        # utime utimes futimesat utimensat
        132, 235, 261, 280,
        # setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr
        188, 189, 190, 197, 198, 199,
        # inotify_add_watch fanotify_init fanotify_mark
        254, 300, 301,
        # setpriority ioprio_set sched_setparam sched_setscheduler sched_setaffinity sched_setattr
        # migrate_pages move_pages
        141, 251, 142, 144, 203, 314, 256, 279,
        # semop semctl semtimedop msgsnd msgrcv msgctl shmat shmctl mq_unlink
        65, 66, 220, 69, 70, 71, 30, 31, 241,
        *_FILES_NEWER,
    ),
    Machine.AARCH64: (
        45, 52, 53, 54, 55,
        88,
        5, 6, 7, 14, 15, 16,
        27, 262, 263,
        140, 30, 118, 119, 122, 274, 238, 239,
        193, 191, 192, 189, 188, 187, 196, 195, 181,
        *_FILES_NEWER,
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Judged:
    """A call that is judged by one of its arguments: which one, and for which values it is refused or, with `only`, let
    through. With `bits`, a value stands for its bits."""

    number: int
    argument: int
    values: tuple[int, ...]
    bits: bool = False
    only: bool = False


# clone, whose first argument may ask for new namespaces; prlimit64 of another process; fcntl that signals others.
JUDGED: Final[Mapping[Machine, tuple[Judged, ...]]] = {
    Machine.X86_64: (
        Judged(56, 0, (NEW_NAMESPACES,), bits=True),
        Judged(302, 0, (0,), only=True),
        Judged(72, 1, SIGNALS_OTHERS),
    ),
    Machine.AARCH64: (
        Judged(220, 0, (NEW_NAMESPACES,), bits=True),
        Judged(261, 0, (0,), only=True),
        Judged(25, 1, SIGNALS_OTHERS),
    ),
}
# open and openat that empty a file, for which no right to write is asked; ioctl that changes a file's flags.
UNTOUCHED_BY: Final[Mapping[Machine, tuple[Judged, ...]]] = {
    Machine.X86_64: (
        Judged(2, 1, (O_TRUNC,), bits=True),
        Judged(257, 2, (O_TRUNC,), bits=True),
        Judged(16, 1, HARMLESS_IOCTLS, only=True),
    ),
    Machine.AARCH64: (
        Judged(56, 2, (O_TRUNC,), bits=True),
        Judged(29, 1, HARMLESS_IOCTLS, only=True),
    ),
}
# clone3 hides its flags from filters; it is answered "no such call", so that libraries use clone.
CLONE3: Final = 435


def program(machine: Machine, *, untouched: bool) -> bytes:
    """The filter as the kernel reads it: wrong machine, end; a denied call, EPERM; anything else goes on.

    `untouched`: also what would change a file that was not opened to be written. A child in mounts of its own, which
    may be read only, does not need that, and the programs that it starts do such things to their own files.
    """
    denied = DENIED[machine] + (UNTOUCHED[machine] if untouched else ())
    judged = JUDGED[machine] + (UNTOUCHED_BY[machine] if untouched else ())
    lines = [
        _line(LOAD, MACHINE_AT),
        _line(EQUAL, machine.value, true=1),
        _line(ANSWER, KILL),
        _line(LOAD, NUMBER_AT),
        _line(AT_LEAST, X32, false=1),
        _line(ANSWER, REFUSE | EPERM),
        _line(EQUAL, CLONE3, false=1),
        _line(ANSWER, REFUSE | ENOSYS),
    ]
    for number in denied:
        lines += [_line(EQUAL, number, false=1), _line(ANSWER, REFUSE | EPERM)]
    for one in judged:
        lines += _judging(one)
    return b"".join([*lines, _line(ANSWER, ALLOW)])


def _judging(one: Judged) -> list[bytes]:
    """One call, judged by the lower half of an argument: the kernel itself reads no more of these."""
    match, count = (ANY_BIT if one.bits else EQUAL), len(one.values)
    found, other = (ALLOW, REFUSE | EPERM) if one.only else (REFUSE | EPERM, ALLOW)
    lines = [_line(LOAD, FIRST_ARGUMENT_AT + 8 * one.argument)]
    # Each test jumps to the last line, over the tests that are left and the answer to what matched none.
    lines += [_line(match, value, true=count - place) for place, value in enumerate(one.values)]
    lines += [_line(ANSWER, other), _line(ANSWER, found)]
    return [_line(EQUAL, one.number, false=len(lines)), *lines]


def _line(code: int, value: int, *, true: int = 0, false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, true, false, value)
