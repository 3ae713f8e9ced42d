"""Where a GIF's coded picture ends (docs/spec/cleaning.md, "GIF").

The codes are followed for their lengths only; no picture is built.
"""

from array import array
from typing import Final

from onion_service.clean.errors import MalformedPhotoError

SMALLEST_CODE_SIZE: Final = 2
LARGEST_CODE_SIZE: Final = 8
MOST_BITS: Final = 12
READ_STEP: Final = 64


def whole_picture(coded: bytes, *, code_size: int, pixels: int) -> tuple[bytes, bool]:
    """The codes of exactly this many pixels and the end code, zero bits after it; and whether that was all.

    Codes that stand between the last pixel and the end are left out. Raises MalformedPhotoError when the
    codes give fewer pixels or more, or are not LZW.
    """
    if not SMALLEST_CODE_SIZE <= code_size <= LARGEST_CODE_SIZE:
        raise MalformedPhotoError("a code size that cannot be")
    bit, width = _end_of_pixels(coded, code_size, pixels)
    whole_bytes, bits = divmod(bit, 8)
    head = coded[whole_bytes] & ((1 << bits) - 1) if bits else 0
    tail = head | ((1 << code_size) + 1) << bits
    cut = coded[:whole_bytes] + tail.to_bytes((bits + width + 7) // 8, "little")
    return cut, cut == coded


def _end_of_pixels(coded: bytes, code_size: int, pixels: int) -> tuple[int, int]:
    """The bit after the last pixel's code, and how wide the next code is."""
    clear, end = 1 << code_size, (1 << code_size) + 1
    # How many pixels each code of the dictionary stands for.
    lengths = array("L", [1] * clear + [0, 0]) + array("L", bytes(8 * (1 << MOST_BITS)))
    following, width, before = clear + 2, code_size + 1, 0
    held, held_bits, place, bit = 0, 0, 0, 0
    while pixels:
        while held_bits < width:
            step = coded[place : place + READ_STEP]
            if not step:
                raise MalformedPhotoError("the picture is cut off")
            held |= int.from_bytes(step, "little") << held_bits
            held_bits += 8 * len(step)
            place += len(step)
        code = held & ((1 << width) - 1)
        held >>= width
        held_bits -= width
        bit += width
        if code == clear:
            following, width, before = clear + 2, code_size + 1, 0
            continue
        if code == end or code > following or (code == following and (not before or following >> MOST_BITS)):
            raise MalformedPhotoError("the picture data is not LZW")
        if before and following < 1 << MOST_BITS:
            lengths[following] = before + 1
            following += 1
        before = lengths[code]
        pixels -= before
        if pixels < 0:
            raise MalformedPhotoError("more pixels than the picture has")
        if following == 1 << width and width < MOST_BITS:
            width += 1
    return bit, width
