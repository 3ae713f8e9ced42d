"""The system calls that opening a file never needs, and the filter that refuses them.

Pure: numbers and bytes. Anything on a machine that is not listed here has no filter, and the desk is told so. The
numbers are the kernel's own (asm/unistd_64.h, asm-generic/unistd.h); the filter's form is seccomp(2)'s.
"""

import struct
from collections.abc import Mapping
from enum import Enum
from typing import Final

# linux/bpf_common.h: load a word, jump if equal, jump if any bit is set, return.
LOAD, EQUAL, AT_LEAST, ANY_BIT, ANSWER = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER_AT, MACHINE_AT, FIRST_ARGUMENT_AT = 0, 4, 16
KILL, ALLOW, REFUSE = 0x80000000, 0x7FFF0000, 0x00050000
EPERM, ENOSYS = 1, 38
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
# clone, whose first argument may ask for new namespaces; clone3, which hides its flags from filters.
FILTERED: Final[Mapping[Machine, tuple[int, int]]] = {Machine.X86_64: (56, 435), Machine.AARCH64: (220, 435)}


def program(machine: Machine, denied: tuple[int, ...], cloning: tuple[int, int]) -> bytes:
    """The filter as the kernel reads it: wrong machine, end; a denied number, EPERM; anything else goes on.

    clone3 is answered "no such call", so that libraries use clone, and clone may not make namespaces.
    """
    clone, clone3 = cloning
    lines = [
        _line(LOAD, MACHINE_AT),
        _line(EQUAL, machine.value, true=1),
        _line(ANSWER, KILL),
        _line(LOAD, NUMBER_AT),
        _line(AT_LEAST, X32, false=1),
        _line(ANSWER, REFUSE | EPERM),
        _line(EQUAL, clone3, false=1),
        _line(ANSWER, REFUSE | ENOSYS),
    ]
    for number in denied:
        lines += [_line(EQUAL, number, false=1), _line(ANSWER, REFUSE | EPERM)]
    lines += [
        _line(EQUAL, clone, false=3),
        _line(LOAD, FIRST_ARGUMENT_AT),
        _line(ANY_BIT, NEW_NAMESPACES, false=1),
        _line(ANSWER, REFUSE | EPERM),
        _line(ANSWER, ALLOW),
    ]
    return b"".join(lines)


def _line(code: int, value: int, *, true: int = 0, false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, true, false, value)
