"""The real node in a hurry: rounds of three eighths of a second, and all that follows an edge closer together.

Only the lengths of time are others than a relay's; what is done in which order is its own. VELADORA_MUTANT breaks it.
"""

import os
import sys
from pathlib import Path
from typing import Any, Final

import msgspec

from relay import config, node
from relay.config import Settings
from relay.rounds import Rounds
from tests.privacy.mutant_node import MUTANTS, VARIABLE

PROGRAM: Final = "tests.privacy.quick_node"
# Sums of powers of two, so that every edge is exact.
ROUND_SECONDS: Final = 0.375
BEAT_SECONDS: Final = 0.0625
AFTER_EDGE: Final = 0.1875


def hurry() -> None:
    """Shorten the rounds, the beats, and the time from an edge to its delivery."""
    read, length = config.read, Rounds.__init__

    def quick_rounds(self: Rounds, period: float, parcel_every: int) -> None:
        length(self, ROUND_SECONDS, parcel_every)  # type: ignore[arg-type]

    def quick_settings(path: Path) -> Settings:
        settings = read(path)
        delivery: Any = msgspec.structs.replace(settings.config.delivery, after_edge=AFTER_EDGE)
        return msgspec.structs.replace(settings, config=msgspec.structs.replace(settings.config, delivery=delivery))

    Rounds.__init__ = quick_rounds  # type: ignore[method-assign]
    config.read = quick_settings
    node._BEAT_SECONDS = BEAT_SECONDS  # type: ignore[misc]


if __name__ == "__main__":
    hurry()
    for mutant in filter(None, os.environ.get(VARIABLE, "").split(",")):
        MUTANTS[mutant]()
    sys.exit(node.main())
