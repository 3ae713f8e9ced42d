"""A photo leaves with its picture and nothing about who took it, where or when (docs/spec/cleaning.md).

Bytes in, bytes out. The picture's compressed data is copied, so every decoded pixel stays what it was;
around it only the parts on an allow-list are written anew, and no byte is taken over that a decoder does
not need.
"""

from onion_service.clean import gif, jpeg, png, webp
from onion_service.clean.errors import NotAPhotoError, TooLargePhotoError
from onion_service.clean.kinds import PHOTO_KINDS, kind_of
from onion_service.clean.picture import MAX_PHOTO_LEN, CleanPhoto


def clean_photo(data: bytes) -> CleanPhoto:
    """The photo with only its picture, its orientation and, for a GIF or WebP, its animation.

    A clean photo is its own clean form. Raises a `CleanError`; the writer must act as its docstring says.
    """
    if len(data) > MAX_PHOTO_LEN:
        raise TooLargePhotoError(f"more than {MAX_PHOTO_LEN} bytes")
    kind = kind_of(data)
    if kind not in PHOTO_KINDS:
        raise NotAPhotoError(f"not a photo that can be cleaned: {kind}")
    clean = {"jpeg": jpeg.clean, "png": png.clean, "webp": webp.clean, "gif": gif.clean}[kind]
    return clean(data)
