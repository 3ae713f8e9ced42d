"""Of tor's `state` only its guards go on, and of a guard only who it is and since when: no count, no time of use.

Pure: bytes in, bytes out (docs/adr/0006-tors-own-traces.md). The format is that of tor's doc/state-contents.txt and
guard-spec; tor itself moves every time in a guard's line back by days of chance.
"""

import re
from typing import Final

from onion_service.errors import StrangeState

STATE_MAX: Final = 1 << 20
# tor samples at most 60 (guard-spec, MAX_SAMPLE_SIZE).
GUARDS_MAX: Final = 256

_TIME: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
_NUMBER: Final = r"[0-9]{1,6}"
# What is not named here is dropped: pb_…, which count circuits, and whatever a later tor adds.
_KEPT: Final = {
    "in": re.compile("default"),
    "rsa_id": re.compile("[0-9A-F]{40}"),
    "sampled_on": re.compile(_TIME),
    "sampled_idx": re.compile(_NUMBER),
    "listed": re.compile("[01]"),
    "unlisted_since": re.compile(_TIME),
    "confirmed_on": re.compile(_TIME),
    "confirmed_idx": re.compile(_NUMBER),
}
_NEEDED: Final = frozenset({"in", "rsa_id", "sampled_on", "listed"})
_TEXT: Final = re.compile(rb"[\t\n\r\x20-\x7e]*")


def guards_only(state: bytes) -> bytes:
    """The guards of a `state`, a line each, as tor reads them; empty when there are none.

    A line, or a field of a guard, that is not on the list is dropped, and so is a guard whose fields are not what they
    should be: tor chooses another. Raises StrangeState for what is no text, or longer than a `state` can be.
    """
    if len(state) > STATE_MAX:
        raise StrangeState(f"longer than {STATE_MAX} bytes")
    if not _TEXT.fullmatch(state):
        raise StrangeState("not plain text")
    guards = [guard for line in state.decode("ascii").split("\n") if (guard := _guard(line))]
    if len(guards) > GUARDS_MAX:
        raise StrangeState(f"more than {GUARDS_MAX} guards")
    return "".join(f"{guard}\n" for guard in guards).encode()


def _guard(line: str) -> str | None:
    """The line of a guard with what may stay; None when it is none, or a broken one."""
    keyword, _, rest = line.partition(" ")
    if keyword != "Guard":
        return None
    fields: dict[str, str] = {}
    for field in rest.split():
        name, _, value = field.partition("=")
        if name in fields:
            return None
        if name in _KEPT:
            if not _KEPT[name].fullmatch(value):
                return None
            fields[name] = value
    if not fields.keys() >= _NEEDED or ("confirmed_on" in fields) != ("confirmed_idx" in fields):
        return None
    return " ".join(["Guard", *(f"{name}={fields[name]}" for name in _KEPT if name in fields)])
