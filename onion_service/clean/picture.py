"""What a cleaned photo is, and the limits that all formats share (docs/spec/cleaning.md, "Photos")."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from onion_service.clean.errors import MalformedPhotoError, TooLargePhotoError

MAX_PHOTO_LEN: Final = 64 * 1_048_576
MAX_PIXELS: Final = 268_435_456


@dataclass(frozen=True, slots=True)
class CleanPhoto:
    """A clean photo, and how many parts of each kind were removed or written anew, by kind."""

    data: bytes
    media_type: str
    width: int
    height: int
    removed: tuple[tuple[str, int], ...]


def finished(parts: list[bytes], *, media_type: str, size: tuple[int, int], removed: Counter[str]) -> CleanPhoto:
    """The parts as one photo."""
    return CleanPhoto(
        data=b"".join(parts),
        media_type=media_type,
        width=size[0],
        height=size[1],
        removed=tuple(sorted((+removed).items())),
    )


def checked_size(width: int, height: int) -> tuple[int, int]:
    """Width and height, when a picture can have them and a desk can open it."""
    if not width or not height:
        raise MalformedPhotoError("a picture without width or height")
    if width * height > MAX_PIXELS:
        raise TooLargePhotoError(f"more than {MAX_PIXELS} pixels")
    return width, height


def exactly(data: bytes, start: int, length: int) -> bytes:
    """That many bytes from there, or the photo is cut off."""
    if start + length > len(data):
        raise MalformedPhotoError("the photo is cut off")
    return data[start : start + length]
