"""A JPEG leaves with its tables, frame and scans, each written anew (docs/spec/cleaning.md, "JPEG").

Tables are written only when a scan is about to use them, so a table that no scan uses carries nothing out.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from onion_service.clean.errors import MalformedPhotoError, UnsupportedPhotoError
from onion_service.clean.orientation import EXIF_LABEL, UPRIGHT, orientation_in, smallest_exif
from onion_service.clean.picture import CleanPhoto, checked_size, exactly, finished

SOI, EOI, SOS, DQT, DHT, DRI, COM, APP0, APP1, APP2, APP13, APP14 = (
    0xD8, 0xD9, 0xDA, 0xDB, 0xC4, 0xDD, 0xFE, 0xE0, 0xE1, 0xE2, 0xED, 0xEE,
)  # fmt: skip
BASELINE, EXTENDED, PROGRESSIVE = 0xC0, 0xC1, 0xC2
FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {DHT, 0xC8, 0xCC}
RESTARTS: Final = frozenset(range(0xD0, 0xD8))
MAX_SCANS: Final = 256

# Version 1.1, no unit, square pixels, no thumbnail: the least that says "these colours are YCbCr".
JFIF: Final = b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"
JFIF_HEAD_LEN: Final = 14
ADOBE: Final = b"Adobe\0\x64\0\0\0\0"
ADOBE_LEN: Final = 12
RGB_IDS: Final = b"RGB"


@dataclass(frozen=True, slots=True)
class _Component:
    """One colour of the frame: how densely it is sampled and which quantization table it uses."""

    name: int
    sampling: int
    table: int


@dataclass(slots=True)
class _Reading:
    """What was read so far, and the parts of the clean JPEG that come after its head."""

    removed: Counter[str]
    jfif: bool = False
    adobe: int | None = None
    orientation: int = UPRIGHT
    frame: int = 0
    precision: int = 0
    size: tuple[int, int] = (0, 0)
    components: list[_Component] = field(default_factory=list)
    begun: set[int] = field(default_factory=set)
    scans: int = 0
    tables: dict[tuple[int, int], bytes] = field(default_factory=dict)
    written: dict[tuple[int, int], bytes] = field(default_factory=dict)
    restart: int = 0
    restart_written: int = 0
    parts: list[bytes] = field(default_factory=list)


def clean(data: bytes) -> CleanPhoto:
    """The clean JPEG: the same coefficients in the same scans."""
    reading = _Reading(Counter())
    place = 2
    while True:
        place, marker = _marker(data, place, reading.removed)
        if marker == EOI:
            break
        body = exactly(data, place + 2, _body_length(data, place))
        place += 2 + len(body)
        if marker == SOS:
            end = _scan_end(data, place)
            _take_scan(reading, body, data[place:end])
            place = end
        else:
            _take_segment(reading, marker, body)
    if not reading.scans or len(reading.begun) != len(reading.components):
        raise MalformedPhotoError("a part of the picture is missing")
    reading.removed["trailing"] += place < len(data)
    reading.removed["unused_table"] += len(reading.tables.keys() - reading.written.keys())
    parts = [_bare(SOI), *_head(reading), *reading.parts, _bare(EOI)]
    return finished(parts, media_type="image/jpeg", size=reading.size, removed=reading.removed)


def _marker(data: bytes, place: int, removed: Counter[str]) -> tuple[int, int]:
    """The next marker and the place after it. Fill bytes before it are left behind."""
    if exactly(data, place, 1) != b"\xff":
        raise MalformedPhotoError("bytes between the parts")
    end = place
    while exactly(data, end, 1) == b"\xff":
        end += 1
    removed["padding"] += end - place > 1
    return end + 1, data[end]


def _body_length(data: bytes, place: int) -> int:
    """A segment's length counts its own two bytes."""
    length = int.from_bytes(exactly(data, place, 2), "big") - 2
    if length < 0:
        raise MalformedPhotoError("a segment shorter than its length")
    return length


def _take_segment(reading: _Reading, marker: int, body: bytes) -> None:
    if marker == DQT:
        _take_quantization(reading, body)
    elif marker == DHT:
        _take_huffman(reading, body)
    elif marker == DRI:
        if len(body) != 2:
            raise MalformedPhotoError("a restart interval of the wrong length")
        reading.restart = int.from_bytes(body, "big")
    elif marker in FRAMES:
        _take_frame(reading, marker, body)
    elif APP0 <= marker <= 0xEF:
        _take_application(reading, marker, body)
    elif marker == COM:
        reading.removed["comment"] += 1
    elif 0xC0 <= marker <= 0xDF or marker in (0, 1):
        raise UnsupportedPhotoError(f"a JPEG with marker {marker:02x}")
    else:
        reading.removed["unknown"] += 1


def _take_application(reading: _Reading, marker: int, body: bytes) -> None:
    """Counts what the segment was, after taking the three facts out of it that the picture needs."""
    if marker == APP0 and body[:5] == JFIF[:5] and len(body) >= JFIF_HEAD_LEN:
        reading.jfif = reading.jfif or not reading.scans
        reading.removed["density"] += body[:JFIF_HEAD_LEN] != JFIF
        reading.removed["thumbnail"] += len(body) > JFIF_HEAD_LEN
    elif marker == APP14 and body[:5] == ADOBE[:5] and len(body) >= ADOBE_LEN:
        reading.adobe = reading.adobe if reading.scans else body[11]
        reading.removed["application"] += body[:11] != ADOBE or len(body) > ADOBE_LEN
    elif marker == APP1 and body[:6] == EXIF_LABEL:
        if reading.orientation == UPRIGHT:
            reading.orientation = orientation_in(body)
        reading.removed["exif"] += body[6:] != smallest_exif(reading.orientation) or reading.orientation == UPRIGHT
    else:
        reading.removed[_kind_of_application(marker, body)] += 1


def _kind_of_application(marker: int, body: bytes) -> str:
    if marker == APP1 and body.startswith(b"http://ns.adobe.com/"):
        return "xmp"
    if marker == APP2 and body.startswith(b"ICC_PROFILE\0"):
        return "colour"
    if marker == APP2 and body.startswith(b"MPF\0"):
        return "extra_picture"
    if marker == APP0 and body.startswith(b"JFXX\0"):
        return "thumbnail"
    return "iptc" if marker == APP13 else "application"


def _take_quantization(reading: _Reading, body: bytes) -> None:
    place = 0
    while place < len(body):
        precision, slot = body[place] >> 4, body[place] & 15
        length = 1 + 64 * (precision + 1)
        if precision > 1 or slot > 3:
            raise MalformedPhotoError("a quantization table that cannot be")
        reading.tables[DQT, slot] = exactly(body, place, length)
        place += length


def _take_huffman(reading: _Reading, body: bytes) -> None:
    place = 0
    while place < len(body):
        symbols = sum(exactly(body, place + 1, 16))
        if body[place] & 0xEC or symbols > 256:
            raise MalformedPhotoError("a Huffman table that cannot be")
        length = 1 + 16 + symbols
        reading.tables[DHT, body[place]] = exactly(body, place, length)
        place += length


def _take_frame(reading: _Reading, marker: int, body: bytes) -> None:
    if marker not in (BASELINE, EXTENDED, PROGRESSIVE):
        raise UnsupportedPhotoError("a lossless, hierarchical or arithmetic JPEG")
    if reading.frame or len(body) < 6 or len(body) != 6 + 3 * body[5]:
        raise MalformedPhotoError("a frame that cannot be")
    if not body[1:3].strip(b"\0") or body[5] not in (1, 3, 4) or body[0] not in (8, 12):
        raise UnsupportedPhotoError("a JPEG of a rare sort")
    if body[0] == 12 and marker == BASELINE:
        raise MalformedPhotoError("a baseline frame has eight bits")
    reading.frame, reading.precision = marker, body[0]
    reading.size = checked_size(int.from_bytes(body[3:5], "big"), int.from_bytes(body[1:3], "big"))
    reading.components = [_Component(*body[place : place + 3]) for place in range(6, len(body), 3)]
    names = {component.name for component in reading.components}
    if len(names) != body[5] or any(not _sampled(component) for component in reading.components):
        raise MalformedPhotoError("components that cannot be")


def _sampled(component: _Component) -> bool:
    return 1 <= component.sampling >> 4 <= 4 and 1 <= component.sampling & 15 <= 4 and component.table <= 3


def _scan_end(data: bytes, place: int) -> int:
    """Where the coded data ends: at the first marker that is not a restart and not a stuffed zero."""
    while True:
        place = data.find(b"\xff", place)
        if place < 0 or place + 1 >= len(data):
            raise MalformedPhotoError("the photo is cut off")
        if data[place + 1] == 0 or data[place + 1] in RESTARTS:
            place += 2
        elif data[place + 1] == 0xFF and _fill_before_restart(data, place):
            place = _fill_before_restart(data, place)
        else:
            return place


def _fill_before_restart(data: bytes, place: int) -> int:
    """The place of the last fill byte before a restart marker, or 0 when these are not such fill bytes."""
    end = place
    while end < len(data) and data[end] == 0xFF:
        end += 1
    return end - 1 if end < len(data) and data[end] in RESTARTS else 0


def _take_scan(reading: _Reading, body: bytes, coded: bytes) -> None:
    """Writes the tables the scan needs, its header and its data."""
    count = body[0] if body else 0
    reading.scans += 1
    if not reading.frame or not 1 <= count <= 4 or len(body) != 4 + 2 * count or reading.scans > MAX_SCANS:
        raise MalformedPhotoError("a scan that cannot be")
    start, end, approximation = _band(reading, body, count)
    order = {component.name: number for number, component in enumerate(reading.components)}
    picked = [(order.get(body[place], -1), body[place + 1]) for place in range(1, 1 + 2 * count, 2)]
    numbers = [number for number, _ in picked]
    if -1 in numbers or numbers != sorted(set(numbers)):
        raise MalformedPhotoError("a scan of components that the frame does not have")
    header = bytearray([count])
    needed: list[tuple[int, int]] = [
        (DQT, reading.components[number].table) for number in numbers if number not in reading.begun
    ]
    for number, selectors in picked:
        direct, alternating = selectors >> 4, selectors & 15
        uses_direct = start == 0 and not approximation >> 4
        uses_alternating = end > 0
        needed += [(DHT, direct)] if uses_direct else []
        needed += [(DHT, 0x10 | alternating)] if uses_alternating else []
        header += bytes([number + 1, (direct << 4) * uses_direct | alternating * uses_alternating])
    reading.begun.update(numbers)
    _write_tables(reading, needed)
    header += bytes([start, end, approximation])
    reading.parts += [_segment(SOS, bytes(header)), _restarted_in_order(reading, coded)]


def _band(reading: _Reading, body: bytes, count: int) -> tuple[int, int, int]:
    """Which coefficients the scan holds. A sequential scan holds all, whatever its header says."""
    start, end, approximation = body[-3:]
    if reading.frame != PROGRESSIVE:
        return 0, 63, 0
    high, low = approximation >> 4, approximation & 15
    of_one_sort = end == 0 if start == 0 else start <= end <= 63 and count == 1
    if not of_one_sort or low > 13 or (high and high != low + 1):
        raise MalformedPhotoError("a progressive scan that cannot be")
    return start, end, approximation


def _write_tables(reading: _Reading, needed: list[tuple[int, int]]) -> None:
    for key in dict.fromkeys(needed):
        table = reading.tables.get(key)
        if table is None:
            raise MalformedPhotoError("a table is missing")
        if reading.written.get(key) != table:
            reading.parts.append(_segment(key[0], table))
            reading.written[key] = table
    if reading.scans == 1:
        reading.parts.append(_frame(reading))
    if reading.restart != reading.restart_written:
        reading.parts.append(_segment(DRI, reading.restart.to_bytes(2, "big")))
        reading.restart_written = reading.restart


def _frame(reading: _Reading) -> bytes:
    width, height = reading.size
    body = bytearray([reading.precision])
    body += height.to_bytes(2, "big") + width.to_bytes(2, "big") + bytes([len(reading.components)])
    for number, component in enumerate(reading.components, start=1):
        body += bytes([number, component.sampling, component.table])
    return _segment(reading.frame, bytes(body))


def _restarted_in_order(reading: _Reading, coded: bytes) -> bytes:
    """The coded data with its restart markers, which must count 0 to 7 round and round, and no fill bytes."""
    pieces = []
    place = start = count = 0
    while (place := coded.find(b"\xff", place)) >= 0:
        if coded[place + 1] == 0xFF:
            pieces.append(coded[start:place])
            place = start = _fill_before_restart(coded, place)
            reading.removed["padding"] += 1
        if coded[place + 1] in RESTARTS:
            if not reading.restart or coded[place + 1] != 0xD0 + count % 8:
                raise MalformedPhotoError("a restart out of order")
            count += 1
        place += 2
    return b"".join((*pieces, coded[start:]))


def _head(reading: _Reading) -> Iterator[bytes]:
    """The application segments that the colours and the orientation need, and no other."""
    names = bytes(component.name for component in reading.components)
    is_rgb = not reading.jfif and (reading.adobe == 0 or (reading.adobe is None and names == RGB_IDS))
    if len(names) < 4 and not (len(names) == 3 and is_rgb):
        yield _segment(APP0, JFIF)
    if reading.orientation != UPRIGHT:
        yield _segment(APP1, EXIF_LABEL + smallest_exif(reading.orientation))
    if len(names) == 3 and is_rgb:
        yield _segment(APP14, ADOBE + b"\0")
    if len(names) == 4 and reading.adobe is not None:
        yield _segment(APP14, ADOBE + (b"\2" if reading.adobe else b"\0"))


def _segment(marker: int, body: bytes) -> bytes:
    return _bare(marker) + (len(body) + 2).to_bytes(2, "big") + body


def _bare(marker: int) -> bytes:
    return bytes([0xFF, marker])
