"""A PNG leaves with its header, palette, transparency and picture data (docs/spec/cleaning.md, "PNG")."""

import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from onion_service.clean.errors import MalformedPhotoError, UnsupportedPhotoError
from onion_service.clean.orientation import UPRIGHT, orientation_in, smallest_exif
from onion_service.clean.picture import CleanPhoto, checked_size, exactly, finished

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
MAX_CHUNK_LEN: Final = 2**31 - 1
# The same deflate data is valid under any window size that is not smaller and any hint about effort.
ZLIB_HEADER: Final = b"\x78\x01"
INFLATE_STEP: Final = 65_536

GREY, RGB, PALETTE, GREY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6
DEPTHS: Final = {
    GREY: (1, 2, 4, 8, 16),
    RGB: (8, 16),
    PALETTE: (1, 2, 4, 8),
    GREY_ALPHA: (8, 16),
    RGB_ALPHA: (8, 16),
}
CHANNELS: Final = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGB_ALPHA: 4}
TRANSPARENCY_LEN: Final = {GREY: 2, RGB: 6}
# Adam7: for each pass first column, first row, column step, row step.
PASSES: Final = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)

KIND_OF_CHUNK: Final = {
    b"tEXt": "text",
    b"zTXt": "text",
    b"iTXt": "text",
    b"tIME": "time",
    b"eXIf": "exif",
    b"iCCP": "colour",
    b"gAMA": "colour",
    b"cHRM": "colour",
    b"sRGB": "colour",
    b"cICP": "colour",
    b"mDCV": "colour",
    b"cLLI": "colour",
    b"sBIT": "colour",
    b"pHYs": "density",
    b"acTL": "animation",
    b"fcTL": "animation",
    b"fdAT": "animation",
}


@dataclass(slots=True)
class _Kept:
    """What was read so far that the clean PNG is made of."""

    header: bytes = b""
    palette: bytes = b""
    transparency: bytes = b""
    orientation: int = UPRIGHT
    pieces: list[bytes] = field(default_factory=list)
    last: bytes = b""

    def take(self, name: bytes, body: bytes, removed: Counter[str]) -> None:
        """Keeps the chunk when it is on the allow-list, and counts it when it is not."""
        if (name == b"IHDR") != (not self.last):
            raise MalformedPhotoError("the header must come first, once")
        match name:
            case b"IHDR":
                self.header = body
            case b"PLTE":
                self.palette = self._palette(body)
                removed["colour"] += not self.palette
            case b"tRNS":
                self.transparency = self._transparency(body)
            case b"IDAT":
                self._take_piece(body)
            case b"eXIf":
                self._take_exif(body, removed)
            case b"IEND":
                pass
            case _ if not name[0] & 0x20:
                raise UnsupportedPhotoError("a part that a reader must know and we do not")
            case _:
                removed[KIND_OF_CHUNK.get(name, "unknown")] += 1
        self.last = name

    def _take_piece(self, body: bytes) -> None:
        if self.pieces and self.last != b"IDAT":
            raise MalformedPhotoError("the picture data is not in one place")
        self.pieces.append(body)

    def _take_exif(self, body: bytes, removed: Counter[str]) -> None:
        if self.orientation == UPRIGHT:
            self.orientation = orientation_in(body)
        removed["exif"] += body != smallest_exif(self.orientation) or self.orientation == UPRIGHT

    def _palette(self, body: bytes) -> bytes:
        """The palette of a palette picture; a mere suggestion for others is nothing."""
        colour, depth = self.header[9], self.header[8]
        after = self.palette or self.transparency or self.pieces
        if after or len(body) % 3 or not 3 <= len(body) <= 768 or colour in (GREY, GREY_ALPHA):
            raise MalformedPhotoError("a palette that cannot be")
        if colour != PALETTE:
            return b""
        if len(body) > 3 << depth:
            raise MalformedPhotoError("a palette with more colours than the picture can use")
        return body

    def _transparency(self, body: bytes) -> bytes:
        colour, depth = self.header[9], self.header[8]
        most = len(self.palette) // 3
        fits = len(body) <= most if colour == PALETTE else len(body) == TRANSPARENCY_LEN.get(colour, -1)
        if self.transparency or self.pieces or not fits or not body:
            raise MalformedPhotoError("a transparency that cannot be")
        if colour == PALETTE:
            return body
        mask = (1 << depth) - 1
        values = (int.from_bytes(body[place : place + 2], "big") & mask for place in range(0, len(body), 2))
        return b"".join(value.to_bytes(2, "big") for value in values)


def clean(data: bytes) -> CleanPhoto:
    """The clean PNG; of an animated one, the picture that programs without animation show."""
    removed: Counter[str] = Counter()
    kept = _Kept()
    size = (0, 0)
    for name, body in _chunks(data, removed):
        if not kept.last and name == b"IHDR":
            size = _size(body)
        kept.take(name, body, removed)
    if kept.header[9] == PALETTE and not kept.palette:
        raise MalformedPhotoError("the palette is missing")
    parts = [SIGNATURE, _chunk(b"IHDR", kept.header)]
    parts += [_chunk(b"eXIf", smallest_exif(kept.orientation))] if kept.orientation != UPRIGHT else []
    parts += [_chunk(b"PLTE", kept.palette)] if kept.palette else []
    parts += [_chunk(b"tRNS", kept.transparency)] if kept.transparency else []
    picture = _picture(b"".join(kept.pieces), kept.header, removed)
    parts += [_chunk(b"IDAT", picture), _chunk(b"IEND", b"")]
    return finished(parts, media_type="image/png", size=size, removed=removed)


def _chunks(data: bytes, removed: Counter[str]) -> Iterator[tuple[bytes, bytes]]:
    """Every chunk up to the end mark, with a checksum that holds. What comes after is left behind."""
    place = len(SIGNATURE)
    while True:
        length = int.from_bytes(exactly(data, place, 4), "big")
        name = exactly(data, place + 4, 4)
        if length > MAX_CHUNK_LEN or not name.isalpha() or not name.isascii():
            raise MalformedPhotoError("not a chunk")
        body = exactly(data, place + 8, length)
        if zlib.crc32(name + body).to_bytes(4, "big") != exactly(data, place + 8 + length, 4):
            raise MalformedPhotoError("a chunk's checksum does not hold")
        yield name, body
        place += 12 + length
        if name == b"IEND":
            removed["trailing"] += place < len(data)
            removed["unknown"] += bool(body)
            return


def _size(header: bytes) -> tuple[int, int]:
    if len(header) != 13:
        raise MalformedPhotoError("the header has the wrong length")
    depth, colour, compression, filtering, interlace = header[8:]
    if depth not in DEPTHS.get(colour, ()) or compression or filtering or interlace > 1:
        raise MalformedPhotoError("no PNG is made so")
    return checked_size(int.from_bytes(header[:4], "big"), int.from_bytes(header[4:8], "big"))


def _picture(compressed: bytes, header: bytes, removed: Counter[str]) -> bytes:
    """The zlib stream of the picture and no byte more, when it holds exactly this picture."""
    inflater = zlib.decompressobj()
    left = _inflated_length(header)
    used = 0
    try:
        while not inflater.eof:
            step = compressed[used : used + INFLATE_STEP]
            used += len(step)
            left -= _inflated(inflater, step, at_most=left)
            if not step:
                raise MalformedPhotoError("the picture data is cut off")
    except zlib.error as error:
        raise MalformedPhotoError("the picture data does not unpack") from error
    if left:
        raise MalformedPhotoError("less picture data than the picture has")
    end = used - len(inflater.unused_data)
    removed["trailing"] += end < len(compressed)
    return ZLIB_HEADER + compressed[2:end]


def _inflated(inflater: "zlib._Decompress", step: bytes, *, at_most: int) -> int:
    """How many bytes this step of the stream unpacks to, never holding more than a step of them."""
    length = len(inflater.decompress(step, INFLATE_STEP))
    # After the end of the stream the tail may still be there, and would be for ever.
    while inflater.unconsumed_tail and not inflater.eof and length <= at_most:
        length += len(inflater.decompress(inflater.unconsumed_tail, INFLATE_STEP))
    if length > at_most:
        raise MalformedPhotoError("more picture data than the picture has")
    return length


def _inflated_length(header: bytes) -> int:
    width, height = int.from_bytes(header[:4], "big"), int.from_bytes(header[4:8], "big")
    bits = CHANNELS[header[9]] * header[8]
    passes = PASSES if header[12] else ((0, 0, 1, 1),)
    sizes = (
        (max(0, width - column + across - 1) // across, max(0, height - row + down - 1) // down)
        for column, row, across, down in passes
    )
    return sum(rows * (1 + (columns * bits + 7) // 8) for columns, rows in sizes if columns)


def _chunk(name: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")
