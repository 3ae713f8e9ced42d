"""EXIF blocks as cameras write them: directories in either byte order, a thumbnail, and makers' own notes."""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED = 1, 2, 3, 4, 5, 7
_FORMATS: Final = {BYTE: "B", SHORT: "H", LONG: "I", RATIONAL: "I"}
_IN_PLACE: Final = 4
BIG, LITTLE = ">", "<"

# What stands in a directory: bytes, numbers, or something that must know where it will lie.
Value = bytes | tuple[int, ...] | Callable[[int], bytes]
Field = tuple[int, int, Value]

ORIENTATION, THUMBNAIL_AT, THUMBNAIL_LEN, DETAILS, PLACE, MAKER_NOTE = 0x0112, 0x0201, 0x0202, 0x8769, 0x8825, 0x927C


def directory(fields: Sequence[Field], *, order: str, start: int, following: int = 0) -> bytes:
    """A directory that lies at `start`, and behind it the values that do not fit into it."""
    entries, values = b"", b""
    free = start + 2 + 12 * len(fields) + 4
    for tag, kind, value in sorted(fields, key=lambda one: one[0]):
        body = _packed(kind, value, order=order, at=free + len(values))
        count = len(body) // (struct.calcsize(_FORMATS[kind]) if kind in _FORMATS else 1) // (1 + (kind == RATIONAL))
        entries += struct.pack(f"{order}HHI", tag, kind, count)
        if len(body) <= _IN_PLACE:
            entries += body.ljust(_IN_PLACE, b"\0")
        else:
            entries += struct.pack(f"{order}I", free + len(values))
            values += body + bytes(len(body) % 2)
    return struct.pack(f"{order}H", len(fields)) + entries + struct.pack(f"{order}I", following) + values


def _packed(kind: int, value: Value, *, order: str, at: int) -> bytes:
    if isinstance(value, bytes):
        return value + b"\0" if kind == ASCII else value
    if isinstance(value, tuple):
        return struct.pack(f"{order}{len(value)}{_FORMATS[kind]}", *value)
    return value(at)


@dataclass(frozen=True, slots=True)
class Exif:
    """The parts of an EXIF block: `main` is its first directory, `details` the camera's, `place` the GPS one."""

    main: tuple[Field, ...] = ()
    details: tuple[Field, ...] = ()
    place: tuple[Field, ...] = ()
    thumbnail: bytes = b""
    order: str = BIG

    def block(self) -> bytes:
        """The block without the label that JPEG puts before it."""
        head = (b"MM" if self.order == BIG else b"II") + struct.pack(f"{self.order}HI", 42, 8)
        parts = {DETAILS: self.details, PLACE: self.place}
        pointers = [tag for tag, fields in parts.items() if fields]
        length = len(self._main(dict.fromkeys(pointers, 0), following=0))
        places, behind = {}, b""
        for tag in pointers:
            places[tag] = 8 + length + len(behind)
            behind += directory(parts[tag], order=self.order, start=places[tag])
        following = 8 + length + len(behind) if self.thumbnail else 0
        return head + self._main(places, following=following) + behind + self._second(following)

    def _main(self, places: dict[int, int], *, following: int) -> bytes:
        fields = [*self.main, *((tag, LONG, (place,)) for tag, place in places.items())]
        return directory(fields, order=self.order, start=8, following=following)

    def _second(self, start: int) -> bytes:
        if not start:
            return b""
        fields: list[Field] = [
            (0x0103, SHORT, (6,)),
            (THUMBNAIL_AT, LONG, (start + 2 + 3 * 12 + 4,)),
            (THUMBNAIL_LEN, LONG, (len(self.thumbnail),)),
        ]
        return directory(fields, order=self.order, start=start) + self.thumbnail


def turned(orientation: int, *, order: str = BIG) -> Exif:
    """Which way up, and who owns the camera."""
    return Exif(main=((ORIENTATION, SHORT, (orientation,)), (0x013B, ASCII, b"SECRET owner")), order=order)


def placed(latitude: tuple[int, int, int], longitude: tuple[int, int, int], refs: bytes, *, order: str = BIG) -> Exif:
    """A place on earth, with height, time of day and the way the camera looked."""
    degrees = [tuple(part for number in angle for part in (number, 1)) for angle in (latitude, longitude)]
    fields: tuple[Field, ...] = (
        (0, BYTE, (2, 3, 0, 0)),
        (1, ASCII, refs[:1]),
        (2, RATIONAL, degrees[0]),
        (3, ASCII, refs[1:]),
        (4, RATIONAL, degrees[1]),
        (5, BYTE, (0,)),
        (6, RATIONAL, (2_240, 1)),
        (7, RATIONAL, (3, 1, 4, 1, 5, 1)),
        (0x10, ASCII, b"T"),
        (0x11, RATIONAL, (271, 1)),
        (0x1B, UNDEFINED, b"ASCII\0\0\0SECRET cell tower"),
        (0x1D, ASCII, b"2026:01:02"),
    )
    return Exif(place=fields, order=order)


def camera() -> Exif:
    """All that a camera tells of itself, its owner and the moment, on one photo."""
    return Exif(
        main=(
            (0x010E, ASCII, b"SECRET title"),
            (0x010F, ASCII, b"SECRET maker"),
            (0x0110, ASCII, b"SECRET model"),
            (0x0131, ASCII, b"SECRET program"),
            (0x0132, ASCII, b"2026:01:02 03:04:05"),
            (0x013B, ASCII, b"Itzel SECRET"),
            (0x013C, ASCII, b"SECRET computer"),
            (0x8298, ASCII, b"(c) SECRET"),
            (0x9C9B, BYTE, tuple("SECRET".encode("utf-16-le"))),
        ),
        details=(
            (0x9003, ASCII, b"2026:01:02 03:04:05"),
            (0x9011, ASCII, b"-06:00"),
            (0x9286, UNDEFINED, b"ASCII\0\0\0SECRET words"),
            (0xA420, ASCII, b"5ec4e700000000000000000000000000"),
            (0xA430, ASCII, b"Itzel SECRET"),
            (0xA431, ASCII, b"SECRET-1234"),
            (0xA434, ASCII, b"SECRET lens"),
            (0xA435, ASCII, b"SECRET-5678"),
        ),
    )


def _noted(maker: bytes, note: Value, *, order: str) -> Exif:
    return Exif(main=((0x010F, ASCII, maker),), details=((MAKER_NOTE, UNDEFINED, note),), order=order)


def makers_notes() -> dict[str, tuple[Exif, str]]:
    """One note of each shape there is, and what exiftool reads from it: where offsets count from differs in each."""
    serial = b"SECRET-1234"
    inner = directory([(0x1D, ASCII, serial)], order=BIG, start=8)
    return {
        "apple": (
            _noted(b"Apple", b"Apple iOS\0\0\1MM" + directory([(0x15, ASCII, serial)], order=BIG, start=14), order=BIG),
            "Apple:ImageUniqueID = SECRET-1234",
        ),
        "canon": (
            _noted(b"Canon", lambda at: directory([(9, ASCII, serial)], order=LITTLE, start=at), order=LITTLE),
            "Canon:OwnerName = SECRET-1234",
        ),
        "fujifilm": (
            _noted(
                b"FUJIFILM",
                b"FUJIFILM\x0c\0\0\0" + directory([(0x10, ASCII, serial)], order=LITTLE, start=12),
                order=LITTLE,
            ),
            "FujiFilm:InternalSerialNumber = SECRET-1234",
        ),
        "nikon": (
            _noted(b"NIKON", b"Nikon\0\x02\x10\0\0MM\0*\0\0\0\x08" + inner, order=BIG),
            "Nikon:SerialNumber = SECRET-1234",
        ),
        "olympus": (
            _noted(
                b"OLYMPUS",
                b"OLYMPUS\0II\3\0" + directory([(0x0404, ASCII, serial)], order=LITTLE, start=12),
                order=LITTLE,
            ),
            "Olympus:SerialNumber = SECRET-1234",
        ),
        "panasonic": (
            _noted(
                b"Panasonic",
                lambda at: b"Panasonic\0\0\0" + directory([(0x25, UNDEFINED, serial)], order=LITTLE, start=at + 12),
                order=LITTLE,
            ),
            "Panasonic:InternalSerialNumber = SECRET-1234",
        ),
        "sony": (
            _noted(
                b"SONY",
                lambda at: b"SONY DSC \0\0\0" + directory([(0xB020, ASCII, serial)], order=LITTLE, start=at + 12),
                order=LITTLE,
            ),
            "Sony:CreativeStyle = SECRET-1234",
        ),
        "unknown": (
            _noted(b"Nadie", b"[SECRET note]" + serial, order=BIG),
            "ExifIFD:MakerNoteUnknownText = [SECRET note]",
        ),
    }
