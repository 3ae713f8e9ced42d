"""A photo with something planted in it, and how one can see that it is really there."""

from dataclasses import dataclass, field
from typing import Final

UPRIGHT: Final = 1


@dataclass(frozen=True, slots=True)
class Planted:
    """A photo made from the plain photo `plain`, with facts hidden in it.

    `tells`: the beginnings of lines "group:tag = value" which exiftool must say of it. With none, exiftool is blind for
    this place, and the hidden word itself stands in the bytes.
    """

    photo: bytes = field(repr=False)
    plain: str
    tells: tuple[str, ...] = ()
    orientation: int = UPRIGHT
