"""PNGs with every sort of fact that programs put around the picture."""

import struct
import zlib
from typing import Final

from tests.privacy.photos import exif, facts
from tests.privacy.photos.planted import Planted
from tests.unit.onion_service.clean.making import SECRET, chunk, with_chunks

PLAIN: Final = "colour.png"
END_LEN: Final = 12
Chunks = tuple[tuple[bytes, ...], tuple[str, ...]]


def planted(plain: dict[str, bytes]) -> dict[str, Planted]:
    """Each by a name that says what is planted."""
    whole = plain[PLAIN]
    made = {name: Planted(with_chunks(whole, *parts), PLAIN, tells) for name, (parts, tells) in _chunks().items()}
    for orientation in range(1, 9):
        made[f"orientation_{orientation}"] = Planted(
            with_chunks(whole, chunk(b"eXIf", exif.turned(orientation).block())),
            PLAIN,
            ("IFD0:Orientation", "IFD0:Artist = SECRET owner"),
            orientation,
        )
    made |= _in_odd_places(plain)
    return {f"{name}.png": photo for name, photo in made.items()}


def _chunks() -> dict[str, Chunks]:
    """Chunks after the header, and what exiftool reads from them."""
    international = b"\0\0es\0Autora\0"
    packed = zlib.compress(SECRET)
    return {
        "exif_gps": (
            (chunk(b"eXIf", exif.placed((19, 25, 57), (99, 7, 59), b"NW").block()),),
            ("GPS:GPSLatitude = 19 deg 25' 57",),
        ),
        "exif_camera": ((chunk(b"eXIf", exif.camera().block()),), ("ExifIFD:SerialNumber = SECRET-1234",)),
        "text": (
            (chunk(b"tEXt", b"Author\0" + SECRET), chunk(b"tEXt", b"Software\0SECRET")),
            ("PNG:Author = SECRET", "PNG:Software = SECRET"),
        ),
        "packed_text": ((chunk(b"zTXt", b"Comment\0\0" + packed),), ("PNG:Comment = SECRET",)),
        "international_text": (
            (chunk(b"iTXt", b"Author\0" + international + SECRET), chunk(b"iTXt", b"Title\0\1\0\0\0" + packed)),
            ("PNG:Author", "PNG:Title = SECRET"),
        ),
        "xmp": (
            (chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + facts.xmp()),),
            ("XMP-exif:GPSLatitude", "XMP-photoshop:City = SECRET"),
        ),
        "raw_exif": ((_raw(b"exif", facts.labelled_exif(exif.camera().block())),), ("IFD0:Artist = Itzel SECRET",)),
        "raw_iptc": ((_raw(b"iptc", facts.photoshop()),), ("IPTC:City = SECRET",)),
        "raw_xmp": ((_raw(b"xmp", facts.xmp()),), ("XMP-photoshop:City = SECRET",)),
        "time": ((chunk(b"tIME", bytes([7, 0xEA, 1, 2, 3, 4, 5])),), ("PNG:ModifyDate = 2026:01:02 03:04:05",)),
        "density": ((chunk(b"pHYs", struct.pack(">IIB", 2834, 2835, 1)),), ("PNG-pHYs:PixelsPerUnitX = 2834",)),
        "profile": (
            (chunk(b"iCCP", b"SECRET\0\0" + zlib.compress(facts.profile())),),
            ("PNG:ProfileName = SECRET", "ICC_Profile:ProfileDescription = Itzel's SECRET screen"),
        ),
        "colours": (
            (
                chunk(b"gAMA", struct.pack(">I", 45_455)),
                chunk(b"cHRM", struct.pack(">8I", *range(31_270, 31_278))),
                chunk(b"sBIT", b"\5\6\5"),
            ),
            ("PNG:Gamma", "PNG:WhitePointX", "PNG:SignificantBits"),
        ),
        "suggested_palette": ((chunk(b"sPLT", b"SECRET\0\x08" + bytes(6)),), ("PNG:SuggestedPalette",)),
        "place_on_a_page": (
            (chunk(b"oFFs", struct.pack(">iiB", 19, -99, 1)), chunk(b"sCAL", b"\0011.5\0002.5")),
            ("PNG:ImageOffset", "PNG:SubjectPixelWidth = 1.5"),
        ),
        "virtual_page": ((chunk(b"vpAg", struct.pack(">IIB", 1943, 9913, 1)),), ("PNG:VirtualImageWidth = 1943",)),
        "private_chunks": (
            (chunk(b"teLL", SECRET), chunk(b"prVW", SECRET), chunk(b"iDOT", SECRET)),
            ("PNG:AppleDataOffsets",),
        ),
        "content_credentials": (
            (chunk(b"caBX", facts.content_credentials()),),
            ("JUMBF:JUMDLabel = c2pa", "JSON:Author = Itzel SECRET"),
        ),
    }


def _raw(kind: bytes, body: bytes) -> bytes:
    """A block as ImageMagick stores it: as a text of hexadecimal digits."""
    digits = body.hex().encode()
    lines = b"\n".join(digits[at : at + 72] for at in range(0, len(digits), 72))
    text = b"\n%s\n%8d\n%s\n" % (kind, len(body), lines)
    return chunk(b"zTXt", b"Raw profile type " + kind + b"\0\0" + zlib.compress(text))


def _in_odd_places(plain: dict[str, bytes]) -> dict[str, Planted]:
    """After the picture data, behind the end, in the stream, and in the frames of an animation."""
    whole = plain[PLAIN]
    late = chunk(b"eXIf", exif.turned(6).block()) + chunk(b"tEXt", b"Author\0" + SECRET)
    said = chunk(b"tEXt", b"Author\0" + SECRET)
    animated, palette = plain["animated.png"], plain["palette.png"]
    named_end = chunk(b"IEND", SECRET)
    start = whole.index(b"IDAT") - 4
    stream = whole[start + 8 : -END_LEN - 4]
    pieces = b"".join(chunk(b"IDAT", piece) for piece in (stream[:7], b"", stream[7:] + SECRET))
    return {
        "after_the_picture": Planted(
            whole[:-END_LEN] + late + whole[-END_LEN:],
            PLAIN,
            ("IFD0:Orientation", "IFD0:Artist = SECRET owner", "PNG:Author = SECRET"),
            6,
        ),
        "behind_text": Planted(whole + SECRET, PLAIN, ("ExifTool:Warning",)),
        "behind_zip": Planted(whole + facts.archive(), PLAIN, ("ExifTool:Warning",)),
        "behind_photo": Planted(whole + facts.second_photo(), PLAIN, ("ExifTool:Warning",)),
        "behind_film": Planted(whole + facts.film(), PLAIN, ("ExifTool:Warning",)),
        "in_the_end": Planted(whole[:-END_LEN] + named_end, PLAIN),
        "in_the_stream": Planted(whole[:start] + pieces + whole[-END_LEN:], PLAIN),
        "animated_text": Planted(
            animated[:-END_LEN] + said + animated[-END_LEN:], "animated.png", ("PNG:AnimationFrames = 3", "PNG:Author")
        ),
        "palette_profile": Planted(
            with_chunks(palette, chunk(b"iCCP", b"SECRET\0\0" + zlib.compress(facts.profile()))),
            "palette.png",
            ("PNG:ProfileName = SECRET",),
        ),
        "deep_text": Planted(with_chunks(plain["deep.png"], said), "deep.png", ("PNG:Author = SECRET",)),
        "interlaced_text": Planted(
            with_chunks(plain["interlaced.png"], said), "interlaced.png", ("PNG:Author = SECRET",)
        ),
    }
