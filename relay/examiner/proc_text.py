"""What the kernel says about a process, read strictly: its mappings, limits, state and environment.

Pure: texts of /proc go in. Each reader accepts, or raises StrangeProc.
"""

import re
from dataclasses import dataclass, field
from typing import Final

_HEAD: Final = re.compile(r"([0-9a-f]{1,16})-([0-9a-f]{1,16}) ([r-][w-][x-][ps]) [0-9a-f]+ \S+ \d+ *(.*)")
_AMOUNT: Final = re.compile(r"([A-Za-z_]+): +(\d{1,15}) kB")
_CORE: Final = re.compile(r"Max core file size +(\S+) +(\S+) +bytes *")
_SECRET: Final = re.compile(
    r"(?i).*(?:PASSWORD|PASSPHRASE|PASSWD|SECRET|TOKEN|PRIVATE_?KEY|API_?KEY|SEED|CREDENTIAL)S?"
)
# Locked, or lent by a driver, which cannot be locked and is not swapped (mm/mlock.c, VM_SPECIAL).
_NEVER_SWAPPED: Final = frozenset({"lo", "io", "pf", "mm", "de"})
DELETED: Final = " (deleted)"


class StrangeProc(ValueError):
    """Not what this system's /proc says; look at the process otherwise."""


@dataclass(frozen=True, slots=True)
class Mapping:
    """A run of addresses of a process. Amounts in kibibytes."""

    start: int
    end: int
    rights: str
    name: str
    swapped: int
    locked: int
    flags: frozenset[str]

    @property
    def may_swap(self) -> bool:
        """Whether something can be written here that may come onto a swap: not locked, nor the kernel's own memory."""
        return self.rights.startswith("rw") and not self.flags & _NEVER_SWAPPED


@dataclass(slots=True)
class _Open:
    head: tuple[int, int, str, str]
    amounts: dict[str, int] = field(default_factory=dict)
    flags: frozenset[str] = frozenset()

    def closed(self) -> Mapping:
        return Mapping(*self.head, self.amounts.get("Swap", 0), self.amounts.get("Locked", 0), self.flags)


def mappings(smaps: str) -> list[Mapping]:
    """The mappings in /proc/PID/smaps. Raises StrangeProc."""
    found: list[Mapping] = []
    at: _Open | None = None
    for line in smaps.splitlines():
        if head := _HEAD.fullmatch(line):
            if at is not None:
                found.append(at.closed())
            start, end = int(head[1], 16), int(head[2], 16)
            if start >= end:
                raise StrangeProc("a mapping ends before it begins")
            at = _Open((start, end, head[3], head[4]))
        elif at is None:
            raise StrangeProc("smaps does not begin with a mapping")
        elif line.startswith("VmFlags:"):
            at.flags = frozenset(line.split()[1:])
        elif amount := _AMOUNT.fullmatch(line):
            at.amounts[amount[1]] = int(amount[2])
    if at is None:
        raise StrangeProc("smaps is empty")
    found.append(at.closed())
    return found


def core_limit(limits: str) -> str:
    """The soft limit of core files, as /proc/PID/limits writes it. Raises StrangeProc."""
    for line in limits.splitlines():
        if match := _CORE.fullmatch(line):
            return match[1]
    raise StrangeProc("limits names no core files")


def status(text: str) -> dict[str, str]:
    """The fields of /proc/PID/status."""
    pairs = (line.partition(":") for line in text.splitlines())
    return {name: value.strip() for name, _, value in pairs}


def swap_devices(text: str) -> int:
    """How many areas /proc/swaps names."""
    return max(0, len([line for line in text.splitlines() if line.strip()]) - 1)


def secret_names(environ: bytes) -> int:
    """How many variables of an environment are named like secrets and hold something that is not a path."""
    count = 0
    for one in environ.split(b"\x00"):
        name, _, value = one.partition(b"=")
        if value and not value.startswith(b"/") and _SECRET.fullmatch(name.decode(errors="replace")):
            count += 1
    return count
