"""The memory of a running node, as whoever takes the machine would read it."""

import errno
import os
from pathlib import Path

import pytest

from relay.examiner.live import SPOOL


def process_memory(pid: int) -> bytes:
    """Every readable byte of the node, its own heap and the spool that is mapped into it."""
    return _memory(pid, leave_out=("[v",))


def outside_the_spool(pid: int) -> bytes:
    """The same without the spool."""
    return _memory(pid, leave_out=("[v", SPOOL, "anon_inode:"))


def _memory(pid: int, *, leave_out: tuple[str, ...]) -> bytes:
    if os.geteuid():
        pytest.skip("only root may look into a node (T12)")
    parts = []
    with Path(f"/proc/{pid}/maps").open() as maps, Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in maps:
            span, rights = line.split()[:2]
            start, end = (int(number, 16) for number in span.split("-"))
            if not rights.startswith("rw") or any(name in line for name in leave_out):
                continue
            memory.seek(start)
            while start < end:
                try:
                    part = memory.read(min(1 << 20, end - start))
                except OSError as error:
                    # Given back to the system since we read the map: nothing is there any more.
                    if error.errno != errno.EIO:
                        raise
                    break
                if not part:
                    break
                parts.append(part)
                start += len(part)
    return b"".join(parts)
