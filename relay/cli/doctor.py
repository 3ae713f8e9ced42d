"""`veladora doctor`: what would keep a relay on this machine from its promises, and what to do about it."""

from relay.cli.console import answer, fail, say


def doctor() -> None:
    """Look at this machine, before a relay runs on it and now and then after, and say what to mend.

    It looks at what a relay cannot set for itself: swap on disks and in compressed memory, hibernation, crash dumps of
    the kernel, programs that collect cores, and how much memory may be locked. It changes nothing. For a relay that
    runs, `veladora examine --live` looks at the processes themselves.

    Exit codes: 0 nothing to mend; 1 something is.
    """
    from relay import probes
    from relay.doctor import findings

    found = findings(probes.machine())
    for one in found:
        answer(f"{one.what}\n  → {one.remedy}")
    if found:
        fail(f"{len(found)} to mend", hint="mend it before a relay runs here, and ask again")
    say("nothing to mend")
