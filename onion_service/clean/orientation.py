"""Which way up a photo is: the one fact of its EXIF that is kept (docs/spec/cleaning.md, "Orientation").

Reading never fails: an EXIF block that does not hold a proper orientation says "upright".
"""

from typing import Final, Literal

UPRIGHT: Final = 1
EXIF_LABEL: Final = b"Exif\0\0"
_ORIENTATION_TAG: Final = 0x0112
_SHORT: Final = 3
_ENTRY_LEN: Final = 12


def orientation_in(exif: bytes) -> int:
    """The orientation, 1 to 8, that an EXIF block (with or without its label) gives; 1 when it gives none."""
    tiff = exif.removeprefix(EXIF_LABEL)
    order: Literal["big", "little"]
    if tiff[:4] == b"MM\0*":
        order = "big"
    elif tiff[:4] == b"II*\0":
        order = "little"
    else:
        return UPRIGHT
    start = int.from_bytes(tiff[4:8], order)
    count = int.from_bytes(tiff[start : start + 2], order)
    for place in range(start + 2, min(start + 2 + count * _ENTRY_LEN, len(tiff) - _ENTRY_LEN + 1), _ENTRY_LEN):
        entry = tiff[place : place + _ENTRY_LEN]
        if int.from_bytes(entry[:2], order) == _ORIENTATION_TAG:
            is_one_short = int.from_bytes(entry[2:4], order) == _SHORT and int.from_bytes(entry[4:8], order) == 1
            value = int.from_bytes(entry[8:10], order)
            return value if is_one_short and 1 <= value <= 8 else UPRIGHT
    return UPRIGHT


def smallest_exif(orientation: int) -> bytes:
    """An EXIF block, without its label, that says the orientation and nothing else."""
    header = b"MM\0*" + (8).to_bytes(4, "big")
    entry = b"".join(
        (_ORIENTATION_TAG.to_bytes(2, "big"), _SHORT.to_bytes(2, "big"), (1).to_bytes(4, "big"))
    ) + orientation.to_bytes(2, "big").ljust(4, b"\0")
    return header + (1).to_bytes(2, "big") + entry + bytes(4)
