"""Figures that exist per round only (promise T10).

They are written once at each edge, whatever happened, and none of them counts reports or cells.
"""

from pathlib import Path
from typing import Literal

import msgspec


class Figures(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an operator may watch of the round that closed last.

    `gate`: "open", "waiting" (it is not proved yet that others can reach us), "frozen", or "none" without loops.
    `no_space`: whether cells are refused because a bundle could not be written. `partners`: the last round that each
    partner has acknowledged, -1 for none.
    """

    round: int
    bundles_kept: int
    gate: Literal["open", "waiting", "frozen", "none"]
    no_space: bool
    partners: dict[str, int]

    @property
    def frozen(self) -> bool:
        """Whether cells wait until the operator lets them go."""
        return self.gate == "frozen"


def write(figures: Figures, path: Path) -> None:
    """Replace the figures of the round before; after a crash there are the old ones or the new ones."""
    fresh = path.with_suffix(".new")
    fresh.write_bytes(msgspec.json.format(msgspec.json.encode(figures)) + b"\n")
    fresh.replace(path)


def read(path: Path) -> Figures:
    """The figures last written. Raises FileNotFoundError before the first edge."""
    return msgspec.json.decode(path.read_bytes(), type=Figures)
