"""Figures that exist per round only (promise T10).

They are written once at each edge, whatever happened, and none of them counts reports or cells.
"""

from pathlib import Path

import msgspec


class Figures(msgspec.Struct, frozen=True):
    """What an operator may watch of the round that closed last.

    `partners`: the last round that each partner has acknowledged, -1 for none. `frozen`: whether cells are refused.
    """

    round: int
    bundles_kept: int
    frozen: bool
    partners: dict[str, int]


def write(figures: Figures, path: Path) -> None:
    """Replace the figures of the round before; after a crash there are the old ones or the new ones."""
    fresh = path.with_suffix(".new")
    fresh.write_bytes(msgspec.json.format(msgspec.json.encode(figures)) + b"\n")
    fresh.replace(path)


def read(path: Path) -> Figures:
    """The figures last written. Raises FileNotFoundError before the first edge."""
    return msgspec.json.decode(path.read_bytes(), type=Figures)
