"""The memory of a running node, as whoever takes the machine would read it."""

import errno
from pathlib import Path


def process_memory(pid: int) -> bytes:
    """Every readable byte of the node, its own heap and the spool that is mapped into it."""
    parts = []
    with Path(f"/proc/{pid}/maps").open() as maps, Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in maps:
            span, rights = line.split()[:2]
            start, end = (int(number, 16) for number in span.split("-"))
            if not rights.startswith("rw") or "[v" in line:
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
