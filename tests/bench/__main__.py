"""`python -m tests.bench`: the door's speed beside a bare server's and one opening, the node's memory, a desk
with 100 000 reports, and how long the page works in a browser without a JIT.

Slow is no failure; a run that breaks is.
"""

import sys

import pytest

from tests.bench import browser, door, inbox, memory


def main() -> int:
    """Print every figure with its aim."""
    found = door.measure()
    print(f"door     {found.door:10,.0f} letters accepted a second, one process, {door.CONNECTIONS} connections")
    print(f"bare     {found.bare:10,.0f} bodies a second, the same server doing nothing")
    print(f"opening  {found.opening * 1e6:10.0f} us for one layer")
    print(f"ratio    {found.ratio:10.2f} of 1 / (bare request + one opening); the aim is {door.AIM}", flush=True)
    beyond = memory.measure()
    print(
        f"memory   {beyond.idle:10.1f} MiB idle, beyond the {beyond.slots:.0f} MiB of slots; "
        f"the aim is {memory.AIM_MIB:.0f}"
    )
    print(f"         {beyond.after_a_batch:10.1f} MiB after {memory.BATCH:,} reports")
    print(f"         {beyond.after_all:10.1f} MiB after {memory.REPORTS:,} reports")
    for line in inbox.lines(inbox.measure()):
        print(line, flush=True)
    try:
        for line in browser.lines(browser.work(), browser.way()):
            print(line, flush=True)
    except pytest.skip.Exception as missing:
        print(f"page     not measured: {missing}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
