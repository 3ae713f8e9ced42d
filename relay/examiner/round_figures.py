"""Whether a file of figures holds what is written at a round's edge, and nothing else (promise T10)."""

import re
from typing import Final

import msgspec

from relay.telemetry import Figures

FILES: Final = frozenset({"figures.json", "figures.new"})
# How others name files of measurements; this relay has none.
_OTHERS: Final = re.compile(r"(?i)(?:.*\.(?:prom|rrd|metrics)|metrics(?:[._-].*)?|stats(?:[._-].*)?)")
FIGURES_MAX: Final = 1 << 20


def are_of_a_round(data: bytes) -> bool:
    """Whether these are the figures of a round, each of them a figure that a relay keeps."""
    try:
        msgspec.json.decode(data, type=Figures)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return True


def is_of_others(name: str) -> bool:
    """Whether a file is named like measurements that this relay does not write."""
    return _OTHERS.fullmatch(name) is not None
