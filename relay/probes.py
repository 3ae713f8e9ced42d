"""What this machine does with memory, as `relay.doctor` judges it: read from the system, nothing is changed."""

import resource
from contextlib import suppress
from pathlib import Path
from typing import Final

from relay.doctor import Machine

_PROC: Final = Path("/proc")
_SYS: Final = Path("/sys")
_UNLIMITED: Final = resource.RLIM_INFINITY


def machine() -> Machine:
    """The facts. What the system does not tell, or not to us, is None."""
    _, lockable = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    return Machine(
        swap_areas=swap_areas(),
        swap_forbidden=swap_is_forbidden((_PROC / "self/cgroup").read_text()),
        zswap=_said(_SYS / "module/zswap/parameters/enabled"),
        core_pattern=_said(_PROC / "sys/kernel/core_pattern"),
        resumes_from=_said(_SYS / "power/resume"),
        crash_kernel=_said(_SYS / "kernel/kexec_crash_loaded"),
        lockable=None if lockable == _UNLIMITED else lockable,
    )


def may_swap() -> bool:
    """Whether memory of this process may come onto a swap: there is one, and nothing keeps this process off it."""
    areas = swap_areas()
    return (areas is None or bool(areas)) and not swap_is_forbidden((_PROC / "self/cgroup").read_text())


def swap_areas() -> tuple[str, ...] | None:
    """The names of the swap areas that are on; None when the system does not tell."""
    text = _said(_PROC / "swaps")
    if text is None:
        return None
    return tuple(line.split()[0] for line in text.splitlines()[1:] if line.strip())


def swap_is_forbidden(cgroup: str) -> bool:
    """Whether the group of a process, or one above it, may not swap; `cgroup`: its /proc/PID/cgroup."""
    top = _SYS / "fs/cgroup"
    for line in cgroup.splitlines():
        if line.startswith("0::/"):
            group = top / line.removeprefix("0::/")
            above = [one for one in group.parents if one.is_relative_to(top)]
            return any(_said(one / "memory.swap.max") == "0" for one in (group, *above))
    return False


def _said(path: Path) -> str | None:
    with suppress(OSError):
        return path.read_text(errors="replace").strip()
    return None
