"""What tor may leave behind that counts or dates its circuits: lines of its log and of its state (promise T9).

Pure: bytes go in, places come out. The strings are those of tor 0.4.9.
"""

import re
from collections.abc import Iterator
from typing import Final

# As tor begins it, and as we keep it (onion_service/tor_state.py).
STATE_HEADS: Final = (b"# Tor state file", b"Guard in=")
# The literal part is looked for first; a program of tor's has the same texts with a % in the place of the number.
_TRACES: Final[tuple[tuple[str, bytes, re.Pattern[bytes]], ...]] = (
    ("heartbeat line", b"Heartbeat: ", re.compile(rb"Heartbeat: (?!%)[A-Z][^\n%]{0,200}\d")),
    ("count of introductions", b" v3 INTRODUCE2 cells", re.compile(rb"\d v3 INTRODUCE2 cells")),
    ("circuit build times", b"CircuitBuildTimeBin ", re.compile(rb"CircuitBuildTimeBin \d")),
    ("count of circuits", b"TotalBuildTimes ", re.compile(rb"TotalBuildTimes \d")),
    ("count of circuits", b"CircuitBuildAbandonedCount ", re.compile(rb"CircuitBuildAbandonedCount \d")),
    ("count of circuits through a guard", b"pb_", re.compile(rb"pb_[a-z_]{3,40}=\d")),
    ("count of circuits through a guard", b"EntryGuardPath", re.compile(rb"EntryGuardPath(?:Use)?Bias \S")),
    ("time since tor was used", b"MinutesSinceUserActivity ", re.compile(rb"MinutesSinceUserActivity \d")),
    ("count of bytes", b"Accounting", re.compile(rb"Accounting(?:Bytes|Seconds|Expected)[A-Z][A-Za-z]{3,24} \d")),
    ("count of descriptors", b"HidServRevCounter ", re.compile(rb"HidServRevCounter \S")),
    ("bandwidth history", b"BWHistory", re.compile(rb"BWHistory(?:IPv6|Dir)?(?:Read|Write)[A-Z][a-z]{3,12} \S")),
)
_LOG: Final = re.compile(
    rb"^[A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d\.\d{3} \[(?:debug|info|notice|warn|err)\] ", re.MULTILINE
)
# Who the guards are is kept on purpose, and tor itself blurs their times by days; what counts circuits is not.
_GUARD: Final = re.compile(rb"^Guard [^\n]*", re.MULTILINE)
_OF_A_GUARD: Final = re.compile(rb"(?<!\S)(?!pb_)\S+")
_PUBLIC: Final = re.compile(r"(?:cached-|unverified-|diff-cache$|geoip|keys$|router-stability)")


def is_tors(head: bytes) -> bool:
    """Whether the beginning of a file is a tor's state or log."""
    return head.startswith(STATE_HEADS) or _LOG.search(head) is not None


def is_public(name: str) -> bool:
    """Whether a file of tor's folder is a copy of what the whole network has."""
    return _PUBLIC.match(name) is not None


def traces(data: bytes) -> Iterator[tuple[str, int]]:
    """The kind and the place of each trace."""
    for kind, literal, pattern in _TRACES:
        at = data.find(literal)
        while at >= 0:
            start = max(0, at - 1) if literal.startswith(b" ") else at
            if pattern.match(data, start):
                yield kind, at
            at = data.find(literal, at + 1)


def without_guards(state: bytes) -> bytes:
    """A state with its guards blanked but for what counts their circuits; everything else in its place."""
    return _GUARD.sub(lambda guard: _OF_A_GUARD.sub(lambda field: b" " * len(field[0]), guard[0]), state)
