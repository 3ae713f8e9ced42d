"""JPEGs with every sort of fact that programs and cameras put around the picture."""

import struct
from typing import Final

from tests.privacy.photos import exif, facts
from tests.privacy.photos.planted import Planted
from tests.unit.onion_service.clean.making import SECRET, picture, saved, segment, with_segments

PLAIN: Final = "baseline.jpg"
APP0, APP1, APP2, APP11, APP13, COMMENT = 0xE0, 0xE1, 0xE2, 0xEB, 0xED, 0xFE
JFIF_HEAD_LEN: Final = 20


def planted(plain: dict[str, bytes]) -> dict[str, Planted]:
    """Each by a name that says what is planted."""
    whole = plain[PLAIN]
    made = {
        name: Planted(with_segments(whole, *parts), PLAIN, tells)
        for name, (parts, tells) in (_from_cameras() | _from_programs()).items()
    }
    made |= {name: Planted(whole + behind, PLAIN, tells) for name, (behind, tells) in _behind().items()}
    made |= _turned(whole) | _with_other_pictures(whole) | _in_odd_places(plain)
    return {f"{name}.jpg": photo for name, photo in made.items()}


def _exif(block: exif.Exif) -> bytes:
    return segment(APP1, facts.labelled_exif(block.block()))


Segments = tuple[tuple[bytes, ...], tuple[str, ...]]


def _from_cameras() -> dict[str, Segments]:
    """EXIF after the start, with a note of each maker, and what exiftool reads from it."""
    found: dict[str, Segments] = {
        "gps_north_west": (
            (_exif(exif.placed((19, 25, 57), (99, 7, 59), b"NW")),),
            ("GPS:GPSLatitude = 19 deg 25' 57", "GPS:GPSAltitude = 2240", "GPS:GPSProcessingMethod = SECRET"),
        ),
        "gps_south_east": (
            (_exif(exif.placed((33, 52, 4), (151, 12, 26), b"SE", order=exif.LITTLE)),),
            ("GPS:GPSLongitude = 151 deg 12' 26", "GPS:GPSDateStamp = 2026"),
        ),
        "camera": (
            (_exif(exif.camera()),),
            ("IFD0:Artist = Itzel SECRET", "ExifIFD:SerialNumber = SECRET-1234", "ExifIFD:LensSerialNumber"),
        ),
        "two_exif": (
            (_exif(exif.camera()), _exif(exif.placed((1, 2, 3), (4, 5, 6), b"NE"))),
            ("IFD0:Artist = Itzel SECRET", "GPS:GPSLatitude = 1 deg"),
        ),
        "exif_thumbnail": (
            (_exif(exif.Exif(main=((0x0110, exif.ASCII, b"SECRET"),), thumbnail=_small())),),
            ("IFD1:ThumbnailImage", "IFD1:ThumbnailLength"),
        ),
    }
    notes = exif.makers_notes()
    return found | {f"maker_note_{maker}": ((_exif(block),), (tells,)) for maker, (block, tells) in notes.items()}


def _from_programs() -> dict[str, Segments]:
    """Other segments after the start, and what exiftool reads from them."""
    return {
        "xmp": (
            (segment(APP1, facts.XMP_LABEL + facts.xmp()),),
            ("XMP-exif:GPSLatitude", "XMP-photoshop:City = SECRET"),
        ),
        "xmp_extended": (
            tuple(segment(APP1, body) for body in facts.extended_xmp()),
            ("XMP-xmpNote:HasExtendedXMP", "XMP-photoshop:Instructions = SECRET extension"),
        ),
        "iptc": (
            (segment(APP13, b"Photoshop 3.0\0" + facts.photoshop()),),
            ("IPTC:City = SECRET", "IPTC:By-line = Itzel SECRET", "Photoshop:PhotoshopThumbnail", "Photoshop:URL"),
        ),
        "profile": (
            (segment(APP2, b"ICC_PROFILE\0\1\1" + facts.profile()),),
            ("ICC_Profile:ProfileDescription = Itzel's SECRET screen", "ICC_Profile:DeviceModelDesc = SECRET model"),
        ),
        "profile_in_pieces": (_profile_in_pieces(), ("ICC_Profile:ProfileDescription = Itzel's SECRET screen",)),
        "comments": (
            (segment(COMMENT, b"SECRET " + SECRET), segment(COMMENT, "SECRETO".encode("utf-16"))),
            ("File:Comment = SECRET",),
        ),
        "content_credentials": (
            (segment(APP11, b"JP\0\1\0\0\0\1" + facts.content_credentials()),),
            ("JUMBF:JUMDLabel = c2pa", "JSON:Author = Itzel SECRET"),
        ),
        "jfif_extension_thumbnail": ((segment(APP0, b"JFXX\0\x10" + _small()),), ("JFXX:ThumbnailImage",)),
        "heat_picture": ((segment(APP1, b"FLIR\0\1\0\0" + SECRET),), ()),
        "picture_info": ((segment(0xEC, b"[picture info]\r\nSerial=SECRET\r\n"),), ("PictureInfo:Serial = SECRET",)),
        "ducky": ((segment(0xEC, _ducky()),), ("Ducky:Comment = SECRET", "Ducky:Copyright = SECRET")),
        "unicode_comment": (
            (segment(0xEA, b"UNICODE\0" + "SECRET".encode("utf-16-be")),),
            ("File:Comment = SECRET",),
        ),
        "meta": ((segment(0xE3, b"META\0\0" + exif.camera().block()),), ("MetaIFD:Kodak_Meta_0x013b = Itzel SECRET",)),
        "unknown_segments": (tuple(segment(marker, SECRET) for marker in range(0xE2, 0xF0)), ()),
    }


def _profile_in_pieces() -> tuple[bytes, ...]:
    whole = facts.profile()
    pieces = (whole[:150], whole[150:])
    return tuple(
        segment(APP2, b"ICC_PROFILE\0" + bytes([number, len(pieces)]) + piece) for number, piece in enumerate(pieces, 1)
    )


def _ducky() -> bytes:
    said = struct.pack(">I", 6) + "SECRET".encode("utf-16-be")
    return b"Ducky" + b"".join(struct.pack(">HH", number, len(said)) + said for number in (2, 3)) + bytes(2)


def _small() -> bytes:
    """A thumbnail that shows something else than the photo, as after cropping."""
    return saved(picture(size=(16, 16), seed=7), "JPEG", comment=SECRET)


def _behind() -> dict[str, tuple[bytes, tuple[str, ...]]]:
    """What lies behind the end of the photo."""
    return {
        "behind_text": (SECRET, ("File:Trailer",)),
        "behind_zip": (facts.archive(), ("File:Trailer",)),
        "behind_photo": (facts.second_photo(), ("File:Trailer",)),
        "behind_samsung": (facts.samsung_trailer(), ("Samsung:TimeStamp", "Samsung:EmbeddedVideoFile")),
    }


def _turned(whole: bytes) -> dict[str, Planted]:
    """Every way up, in both byte orders."""
    found = {}
    for orientation in range(1, 9):
        for order, name in ((exif.BIG, "big"), (exif.LITTLE, "little")):
            photo = with_segments(whole, _exif(exif.turned(orientation, order=order)))
            found[f"orientation_{orientation}_{name}"] = Planted(
                photo, PLAIN, ("IFD0:Orientation", "IFD0:Artist = SECRET owner"), orientation
            )
    return found


def _with_other_pictures(whole: bytes) -> dict[str, Planted]:
    second = picture(seed=9)
    pair = saved(picture(), "MPO", save_all=True, append_images=[second], quality=85)
    film = facts.film()
    label = facts.xmp(more=f"Camera:MicroVideo='1' Camera:MicroVideoOffset='{len(film)}'")
    motion = with_segments(whole, segment(APP1, facts.XMP_LABEL + label)) + film
    rows = picture(size=(9, 7), seed=7).tobytes()
    thumbnail = segment(APP0, whole[6:18] + bytes([9, 7]) + rows)
    return {
        "second_picture": Planted(pair, PLAIN, ("MPF0:NumberOfImages = 2", "MPImage2:MPImage")),
        "motion_photo": Planted(motion, PLAIN, ("XMP-GCamera:MicroVideoOffset", "File:Trailer")),
        "jfif_thumbnail": Planted(
            whole[:2] + thumbnail + whole[JFIF_HEAD_LEN:], PLAIN, ("JFIF:ThumbnailWidth", "JFIF:ThumbnailTIFF")
        ),
        "density": Planted(
            whole[:2] + segment(APP0, b"JFIF\0\1\2\1\1\x2c\1\x2c\0\0") + whole[JFIF_HEAD_LEN:],
            PLAIN,
            ("JFIF:XResolution = 300",),
        ),
    }


def _in_odd_places(plain: dict[str, bytes]) -> dict[str, Planted]:
    """Between the scans, after the tables, and in tables that no scan uses."""
    comment, application = segment(COMMENT, SECRET), segment(0xE9, SECRET)
    progressive = plain["progressive.jpg"]
    scan = progressive.rindex(b"\xff\xda")
    whole = plain[PLAIN]
    frame = whole.index(b"\xff\xc0")
    unused = segment(0xDB, b"\3" + SECRET.ljust(64, b"\1"))
    cmyk = with_segments(plain["cmyk.jpg"], segment(APP2, b"ICC_PROFILE\0\1\1" + facts.profile()))
    return {
        "between_scans": Planted(
            progressive[:scan] + comment + application + progressive[scan:],
            "progressive.jpg",
            ("ExifTool:Warning",),
        ),
        "after_the_tables": Planted(whole[:frame] + comment + whole[frame:], PLAIN, ("File:Comment = SECRET",)),
        "in_a_table": Planted(with_segments(whole, unused), PLAIN),
        "ink_profile": Planted(cmyk, "cmyk.jpg", ("ICC_Profile:ProfileDescription = Itzel's SECRET screen",)),
    }
