"""What would keep a relay on this machine from its promises, and what to do about each (promise T12).

Pure: facts go in (`relay.probes` gathers them), findings with remedies come out. Limits and locks a relay sets by
itself; here stands what only the operator can change.
"""

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

# To a program, or into a socket (core(5)).
_COLLECTED: Final = ("|", "@")
_NO_HIBERNATION: Final = "0:0"


@dataclass(frozen=True, slots=True)
class Machine:
    """What the system says about itself; None: it does not tell. `lockable`: bytes, None for no limit."""

    swap_areas: tuple[str, ...] | None
    swap_forbidden: bool
    zswap: str | None
    core_pattern: str | None
    resumes_from: str | None
    crash_kernel: str | None
    lockable: int | None


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to mend, and how."""

    what: str
    remedy: str


def findings(machine: Machine) -> list[Finding]:
    """What is to be mended, the worst first; none is what a relay wants."""
    return [*_swap(machine), *_pictures(machine), *_cores(machine)]


def _swap(machine: Machine) -> list[Finding]:
    if machine.swap_areas is None:
        return [Finding("the system does not say whether there is swap", "run this where /proc/swaps can be read")]
    if not machine.swap_areas:
        return []
    off = "sudo swapoff -a, and take the swap lines out of /etc/fstab"
    compressed = [name for name in machine.swap_areas if PurePosixPath(name).name.startswith("zram")]
    found = []
    if len(compressed) < len(machine.swap_areas):
        found.append(Finding("swap is on: memory may come to lie on a disk, and stay there", off))
    if compressed:
        found.append(
            Finding(
                "swap into compressed memory is on (zram): copies lie where nothing overwrites them",
                "sudo swapoff -a, and remove zram-tools or systemd-zram-generator",
            )
        )
    if machine.zswap == "Y":
        found.append(Finding("zswap is on: it keeps copies of memory in front of the swap", off))
    if machine.lockable is not None and not machine.swap_forbidden:
        found.append(
            Finding(
                f"what is started here may lock {machine.lockable // 1_024} KiB only: a relay's memory may be swapped",
                "start it by deploy/systemd/veladora-relay.service, which locks all of it, or switch swap off",
            )
        )
    return found


def _pictures(machine: Machine) -> list[Finding]:
    found = []
    if machine.resumes_from not in (None, "", _NO_HIBERNATION):
        found.append(
            Finding(
                "this machine may hibernate: that writes all memory to a disk, locked or not",
                "sudo systemctl mask hibernate.target hybrid-sleep.target, and take resume= off the kernel's line",
            )
        )
    if machine.crash_kernel == "1":
        found.append(
            Finding(
                "a crash of the kernel is written to a disk (kdump), with all memory",
                "sudo systemctl disable --now kdump-tools, and take crashkernel= off the kernel's command line",
            )
        )
    return found


def _cores(machine: Machine) -> list[Finding]:
    if machine.core_pattern is None:
        return [Finding("the system does not say where cores go", "run this where /proc/sys can be read")]
    if not machine.core_pattern.startswith(_COLLECTED):
        return []
    program = PurePosixPath(machine.core_pattern.lstrip("|@").split(" ")[0]).name
    return [
        Finding(
            f"cores are given to a program ({program}), whatever the limit: a relay gives it none, other programs do",
            "sudo sysctl kernel.core_pattern=core, lasting in /etc/sysctl.d, and remove the collector",
        )
    ]
