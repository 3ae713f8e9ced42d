"""A GIF leaves with its canvas, frames and loop, each written anew (docs/spec/cleaning.md, "GIF")."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from onion_service.clean import lzw
from onion_service.clean.errors import MalformedPhotoError
from onion_service.clean.picture import MAX_PIXELS, CleanPhoto, checked_size, exactly, finished

HEADER: Final = b"GIF89a"
EXTENSION, IMAGE, TRAILER = 0x21, 0x2C, 0x3B
CONTROL, COMMENT, PLAIN_TEXT, APPLICATION = 0xF9, 0xFE, 0x01, 0xFF
LOOPS: Final = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
MAX_FRAMES: Final = 10_000
HAS_TABLE, INTERLACED, TABLE_SIZE = 0x80, 0x40, 0x07
# The depth of colour of the screen it was made on; shown by nobody, so always the same.
COLOUR_RESOLUTION: Final = 0x70
MAX_DISPOSAL: Final = 3
DISPOSAL_TO_BACKGROUND: Final = 2


@dataclass(slots=True)
class _Frames:
    """What was read so far, and the parts of the clean GIF that come after its head."""

    canvas: tuple[int, int]
    removed: Counter[str] = field(default_factory=Counter)
    control: bytes = b""
    loop: bytes = b""
    parts: list[bytes] = field(default_factory=list)
    count: int = 0
    pixels: int = 0
    shows_background: bool = False
    uses_shared_table: bool = False


def clean(data: bytes) -> CleanPhoto:
    """The clean GIF: the same frames, times and loop."""
    screen = exactly(data, len(HEADER), 7)
    size = checked_size(int.from_bytes(screen[:2], "little"), int.from_bytes(screen[2:4], "little"))
    frames = _Frames(size)
    place = len(HEADER) + 7
    table, place = _table(data, place, screen[4])
    place = _read_blocks(data, place, frames, has_shared_table=bool(table))
    if not frames.count:
        raise MalformedPhotoError("no picture")
    frames.removed["trailing"] += place < len(data)
    head = _head(screen, table, frames)
    parts = [HEADER, head, frames.loop if frames.count > 1 else b"", *frames.parts, bytes([TRAILER])]
    return finished(parts, media_type="image/gif", size=size, removed=frames.removed)


def _head(screen: bytes, table: bytes, frames: _Frames) -> bytes:
    """The canvas and the shared colours. The background is kept only where it can be seen."""
    if not (frames.uses_shared_table or frames.shows_background):
        table = b""
    packed = COLOUR_RESOLUTION | (screen[4] & TABLE_SIZE | HAS_TABLE if table else 0)
    background = screen[5] if table and frames.shows_background and screen[5] < len(table) // 3 else 0
    return screen[:4] + bytes([packed, background, 0]) + table


def _table(data: bytes, place: int, packed: int) -> tuple[bytes, int]:
    if not packed & HAS_TABLE:
        return b"", place
    table = exactly(data, place, 3 << ((packed & TABLE_SIZE) + 1))
    return table, place + len(table)


def _read_blocks(data: bytes, place: int, frames: _Frames, *, has_shared_table: bool) -> int:
    """Takes every block up to the trailer; the place after it."""
    while True:
        block = exactly(data, place, 1)[0]
        place += 1
        if block == TRAILER:
            frames.removed["unknown"] += bool(frames.control)
            return place
        if block == IMAGE:
            place = _take_image(data, place, frames, has_shared_table=has_shared_table)
        elif block == EXTENSION:
            label = exactly(data, place, 1)[0]
            blocks, place = _sub_blocks(data, place + 1)
            _take_extension(label, blocks, frames)
        else:
            raise MalformedPhotoError("not a block")


def _sub_blocks(data: bytes, place: int) -> tuple[list[bytes], int]:
    blocks = []
    while length := exactly(data, place, 1)[0]:
        blocks.append(exactly(data, place + 1, length))
        place += 1 + length
    return blocks, place + 1


def _take_extension(label: int, blocks: list[bytes], frames: _Frames) -> None:
    if label == CONTROL and len(blocks) == 1 and len(blocks[0]) == 4:
        frames.removed["unknown"] += bool(frames.control)
        frames.control = _control(blocks[0])
        frames.removed["padding"] += frames.control[3:-1] != blocks[0]
    elif label == APPLICATION and blocks and blocks[0] in LOOPS and not frames.loop:
        _take_loop(blocks, frames)
    elif label == PLAIN_TEXT:
        frames.control = b""
        frames.removed["text"] += 1
    elif label == COMMENT:
        frames.removed["comment"] += 1
    elif label == APPLICATION and blocks and blocks[0].startswith(b"XMP"):
        frames.removed["xmp"] += 1
    elif label == APPLICATION and blocks and blocks[0].startswith(b"ICC"):
        frames.removed["colour"] += 1
    else:
        frames.removed["application" if label == APPLICATION else "unknown"] += 1


def _control(body: bytes) -> bytes:
    """How long a frame stays, what comes after it and which colour is clear; no unused bit."""
    disposal = body[0] >> 2 & 7
    disposal = disposal if disposal <= MAX_DISPOSAL else 0
    clear = body[0] & 1
    return bytes([EXTENSION, CONTROL, 4, disposal << 2 | clear]) + body[1:3] + bytes([body[3] * clear, 0])


def _take_loop(blocks: list[bytes], frames: _Frames) -> None:
    times = next((block[1:3] for block in blocks[1:] if len(block) >= 3 and block[0] & 7 == 1), b"")
    if times:
        frames.loop = bytes([EXTENSION, APPLICATION, 11]) + LOOPS[0] + b"\3\1" + times + b"\0"
    clean_blocks = [LOOPS[0], b"\1" + times]
    frames.removed["application"] += not times or blocks != clean_blocks


def _take_image(data: bytes, place: int, frames: _Frames, *, has_shared_table: bool) -> int:
    descriptor = exactly(data, place, 9)
    left, top, width, height = (int.from_bytes(descriptor[at : at + 2], "little") for at in range(0, 8, 2))
    checked_size(width, height)
    frames.count += 1
    frames.pixels += width * height
    if frames.count > MAX_FRAMES or frames.pixels > MAX_PIXELS * 4:
        raise MalformedPhotoError("more frames than a picture has")
    table, place = _table(data, place + 9, descriptor[8])
    if not table and not has_shared_table:
        raise MalformedPhotoError("a frame without colours")
    code_size = exactly(data, place, 1)[0]
    blocks, place = _sub_blocks(data, place + 1)
    coded, whole = lzw.whole_picture(b"".join(blocks), code_size=code_size, pixels=width * height)
    frames.removed["trailing"] += not whole
    packed = descriptor[8] & (INTERLACED | (HAS_TABLE | TABLE_SIZE if table else 0))
    frames.uses_shared_table |= not table
    covers = (left, top) == (0, 0) and (width, height) == frames.canvas
    to_background = bool(frames.control) and frames.control[3] >> 2 >= DISPOSAL_TO_BACKGROUND
    frames.shows_background |= to_background or (not covers and frames.count == 1)
    frames.parts += [frames.control, bytes([IMAGE]) + descriptor[:8] + bytes([packed]) + table]
    frames.parts += [bytes([code_size]), _in_sub_blocks(coded)]
    frames.control = b""
    return place


def _in_sub_blocks(coded: bytes) -> bytes:
    """Full sub-blocks but for the last, so that their lengths carry nothing."""
    pieces = (coded[place : place + 255] for place in range(0, len(coded), 255))
    return b"".join(bytes([len(piece)]) + piece for piece in pieces) + b"\0"
