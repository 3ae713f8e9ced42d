"""A WebP leaves with its picture or frames, in a container written anew (docs/spec/cleaning.md, "WebP")."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from onion_service.clean.errors import MalformedPhotoError, UnsupportedPhotoError
from onion_service.clean.orientation import UPRIGHT, orientation_in, smallest_exif
from onion_service.clean.picture import CleanPhoto, checked_size, exactly, finished

RIFF_HEAD_LEN: Final = 12
EXTENDED_LEN, LOOP_LEN, FRAME_HEAD_LEN = 10, 6, 16
ANIMATED, WITH_EXIF, WITH_ALPHA = 0x02, 0x08, 0x10
LOSSY_HEAD_LEN, LOSSLESS_HEAD_LEN = 10, 5
LOSSY_START: Final = b"\x9d\x01\x2a"
LOSSLESS_START: Final = 0x2F
MAX_FRAMES: Final = 10_000
KIND_OF_CHUNK: Final = {b"ICCP": "colour", b"XMP ": "xmp", b"EXIF": "exif"}


@dataclass(frozen=True, slots=True)
class _Picture:
    """One picture: its chunks as they are written, its size, and whether some of it can be seen through."""

    chunks: bytes
    size: tuple[int, int]
    clear: bool
    lossless: bool


@dataclass(slots=True)
class _Reading:
    """What was read so far."""

    removed: Counter[str]
    extended: bytes = b""
    loop: bytes = b""
    alpha: bytes = b""
    orientation: int = UPRIGHT
    picture: _Picture | None = None
    frames: list[bytes] = field(default_factory=list)
    clear: bool = False


def clean(data: bytes) -> CleanPhoto:
    """The clean WebP: the same picture, or the same frames, times and loop."""
    reading = _Reading(Counter())
    end = int.from_bytes(data[4:8], "little") + 8
    exactly(data, 0, max(end, RIFF_HEAD_LEN))
    reading.removed["trailing"] += end < len(data)
    for number, (name, body) in enumerate(_chunks(data, RIFF_HEAD_LEN, end, reading.removed)):
        _take(reading, number, name, body)
    if reading.alpha or bool(reading.frames) == bool(reading.picture):
        raise MalformedPhotoError("no picture, or more than one")
    inner, size = _animated(reading) if reading.frames else _still(reading)
    body = b"WEBP" + inner
    parts = [b"RIFF", len(body).to_bytes(4, "little"), body]
    return finished(parts, media_type="image/webp", size=size, removed=reading.removed)


def _chunks(data: bytes, place: int, end: int, removed: Counter[str]) -> Iterator[tuple[bytes, bytes]]:
    while place < end:
        if place + 8 > end:
            raise MalformedPhotoError("bytes that are no chunk")
        length = int.from_bytes(data[place + 4 : place + 8], "little")
        if place + 8 + length + (length & 1) > end:
            raise MalformedPhotoError("the photo is cut off")
        body = data[place + 8 : place + 8 + length]
        removed["padding"] += bool(length & 1 and data[place + 8 + length])
        yield data[place : place + 4], body
        place += 8 + length + (length & 1)


def _take(reading: _Reading, number: int, name: bytes, body: bytes) -> None:
    match name:
        case b"VP8X":
            reading.extended = _only(body, EXTENDED_LEN, already=bool(number))
        case b"ANIM":
            loop = _only(body, LOOP_LEN, already=bool(reading.loop))
            reading.loop = bytes(4) + loop[4:]
            reading.removed["colour"] += bool(loop[:4].strip(b"\0"))
        case b"ANMF":
            _take_frame(reading, body)
        case b"ALPH" if not reading.alpha and not reading.picture:
            reading.alpha = _alpha(body)
        case b"VP8 " | b"VP8L" if not reading.picture:
            reading.picture = _picture(name, body, reading.alpha)
            reading.alpha = b""
        case b"ALPH" | b"VP8 " | b"VP8L":
            raise MalformedPhotoError("more than one picture")
        case b"EXIF":
            _take_exif(reading, body)
        case _:
            reading.removed[KIND_OF_CHUNK.get(name, "unknown")] += 1


def _only(body: bytes, length: int, *, already: bool) -> bytes:
    if already or len(body) != length:
        raise MalformedPhotoError("a head that cannot be")
    return body


def _take_exif(reading: _Reading, body: bytes) -> None:
    if reading.orientation == UPRIGHT:
        reading.orientation = orientation_in(body)
    reading.removed["exif"] += body != smallest_exif(reading.orientation) or reading.orientation == UPRIGHT


def _alpha(body: bytes) -> bytes:
    """The transparency, when its coding is one that exists; the two unused bits zero."""
    if len(body) < 2 or body[0] & 3 > 1 or body[0] >> 4 & 3 > 1:
        raise MalformedPhotoError("a transparency that cannot be")
    return bytes([body[0] & 0x3F]) + body[1:]


def _picture(name: bytes, body: bytes, alpha: bytes) -> _Picture:
    if name == b"VP8L":
        if alpha:
            raise MalformedPhotoError("transparency twice")
        return _lossless(body)
    if len(body) < LOSSY_HEAD_LEN or body[3:6] != LOSSY_START:
        raise MalformedPhotoError("not a VP8 picture")
    tag = int.from_bytes(body[:3], "little")
    is_key, profile, is_shown, first_part = not tag & 1, tag >> 1 & 7, tag >> 4 & 1, tag >> 5
    if not is_key or profile > 3 or not is_shown or first_part > len(body) - LOSSY_HEAD_LEN:
        raise MalformedPhotoError("a VP8 picture that cannot be")
    width, height = (int.from_bytes(body[at : at + 2], "little") & 0x3FFF for at in (6, 8))
    size = checked_size(width, height)
    # The two bits over each side ask for enlarging, which no WebP reader does.
    head = body[:6] + width.to_bytes(2, "little") + height.to_bytes(2, "little")
    chunks = (_chunk(b"ALPH", alpha) if alpha else b"") + _chunk(b"VP8 ", head + body[LOSSY_HEAD_LEN:])
    return _Picture(chunks, size, clear=bool(alpha), lossless=False)


def _lossless(body: bytes) -> _Picture:
    if len(body) < LOSSLESS_HEAD_LEN or body[0] != LOSSLESS_START:
        raise MalformedPhotoError("not a VP8L picture")
    bits = int.from_bytes(body[1:5], "little")
    if bits >> 29:
        raise UnsupportedPhotoError("a VP8L version that is not known")
    size = checked_size((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    return _Picture(_chunk(b"VP8L", body), size, clear=bool(bits >> 28 & 1), lossless=True)


def _take_frame(reading: _Reading, body: bytes) -> None:
    head = exactly(body, 0, FRAME_HEAD_LEN)
    inner = _Reading(reading.removed)
    for name, chunk in _chunks(body, FRAME_HEAD_LEN, len(body), reading.removed):
        if name in (b"ALPH", b"VP8 ", b"VP8L"):
            _take(inner, 1, name, chunk)
        else:
            reading.removed["unknown"] += 1
    size = (_three(head, 6) + 1, _three(head, 9) + 1)
    if inner.picture is None or inner.alpha or inner.picture.size != size or len(reading.frames) >= MAX_FRAMES:
        raise MalformedPhotoError("a frame that cannot be")
    left, top = (_three(head, at) * 2 for at in (0, 3))
    canvas = _canvas(reading)
    if left + size[0] > canvas[0] or top + size[1] > canvas[1]:
        raise MalformedPhotoError("a frame outside the picture")
    reading.clear = reading.clear or inner.picture.clear
    reading.removed["padding"] += head[15] > 3
    reading.frames.append(_chunk(b"ANMF", head[:15] + bytes([head[15] & 3]) + inner.picture.chunks))


def _canvas(reading: _Reading) -> tuple[int, int]:
    if not reading.extended:
        raise MalformedPhotoError("the head is missing")
    return checked_size(_three(reading.extended, 4) + 1, _three(reading.extended, 7) + 1)


def _three(data: bytes, place: int) -> int:
    return int.from_bytes(data[place : place + 3], "little")


def _still(reading: _Reading) -> tuple[bytes, tuple[int, int]]:
    """The plain container where it is enough, the extended one for orientation or a separate transparency."""
    picture = reading.picture
    if picture is None or (reading.extended and _canvas(reading) != picture.size):
        raise MalformedPhotoError("the picture is not of the size that the head says")
    needs_head = reading.orientation != UPRIGHT or (picture.clear and not picture.lossless)
    head = _head(reading, picture.size, WITH_ALPHA * picture.clear) if needs_head else b""
    return head + picture.chunks + _exif(reading), picture.size


def _animated(reading: _Reading) -> tuple[bytes, tuple[int, int]]:
    if not reading.loop:
        raise MalformedPhotoError("the loop is missing")
    size = _canvas(reading)
    head = _head(reading, size, ANIMATED | WITH_ALPHA * reading.clear)
    return head + _chunk(b"ANIM", reading.loop) + b"".join(reading.frames) + _exif(reading), size


def _head(reading: _Reading, size: tuple[int, int], flags: int) -> bytes:
    flags |= WITH_EXIF if reading.orientation != UPRIGHT else 0
    sides = b"".join((side - 1).to_bytes(3, "little") for side in size)
    return _chunk(b"VP8X", bytes([flags, 0, 0, 0]) + sides)


def _exif(reading: _Reading) -> bytes:
    return _chunk(b"EXIF", smallest_exif(reading.orientation)) if reading.orientation != UPRIGHT else b""


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + len(body).to_bytes(4, "little") + body + bytes(len(body) & 1)
