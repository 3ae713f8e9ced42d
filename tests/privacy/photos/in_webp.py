"""WebPs with every sort of fact that programs put around the picture."""

from typing import Final

from tests.privacy.photos import exif, facts
from tests.privacy.photos.planted import Planted
from tests.unit.onion_service.clean.making import SECRET, extended_webp, riff_chunk, with_riff_chunks

PLAIN: Final = "lossy.webp"
SIZE: Final = (61, 43)
WITH_PROFILE, WITH_EXIF, WITH_XMP = 0x20, 0x08, 0x04
HEAD_LEN: Final = 12 + 18


def planted(plain: dict[str, bytes]) -> dict[str, Planted]:
    """Each by a name that says what is planted."""
    extended = extended_webp(plain[PLAIN], SIZE)
    made = {
        name: Planted(_flagged(extended, flags, *parts), PLAIN, tells)
        for name, (flags, parts, tells) in _chunks().items()
    }
    for orientation in range(1, 9):
        made[f"orientation_{orientation}"] = Planted(
            _flagged(extended, WITH_EXIF, riff_chunk(b"EXIF", exif.turned(orientation).block())),
            PLAIN,
            ("IFD0:Orientation", "IFD0:Artist = SECRET owner"),
            orientation,
        )
    made |= _in_odd_places(plain, extended)
    return {f"{name}.webp": photo for name, photo in made.items()}


def _flagged(extended: bytes, flags: int, *chunks: bytes) -> bytes:
    """The photo with chunks behind its picture, and with its head saying so."""
    flagged = extended[:20] + bytes([extended[20] | flags]) + extended[21:]
    return with_riff_chunks(flagged, *chunks)


def _chunks() -> dict[str, tuple[int, tuple[bytes, ...], tuple[str, ...]]]:
    """The flags of the head, chunks behind the picture, and what exiftool reads from them."""
    block = exif.placed((19, 25, 57), (99, 7, 59), b"NW").block()
    return {
        "exif_gps": (WITH_EXIF, (riff_chunk(b"EXIF", block),), ("GPS:GPSLatitude = 19 deg 25' 57",)),
        "exif_labelled": (
            WITH_EXIF,
            (riff_chunk(b"EXIF", facts.labelled_exif(exif.camera().block())),),
            ("ExifIFD:SerialNumber = SECRET-1234",),
        ),
        "exif_unflagged": (0, (riff_chunk(b"EXIF", exif.camera().block()),), ("IFD0:Artist = Itzel SECRET",)),
        "xmp": (WITH_XMP, (riff_chunk(b"XMP ", facts.xmp()),), ("XMP-exif:GPSLatitude", "XMP-photoshop:City = SECRET")),
        "content_credentials": (0, (riff_chunk(b"C2PA", facts.content_credentials()),), ("RIFF:Unknown_C2PA",)),
        "info": (0, (riff_chunk(b"LIST", b"INFO" + riff_chunk(b"IART", SECRET)),), ("RIFF:Artist = SECRET",)),
        "unknown_chunks": (0, (riff_chunk(b"hide", SECRET), riff_chunk(b"JUNK", SECRET)), ()),
        "odd_padding": (0, (riff_chunk(b"odd ", b"odd")[:-1] + b"S", riff_chunk(b"hide", SECRET)), ()),
    }


def _in_odd_places(plain: dict[str, bytes], extended: bytes) -> dict[str, Planted]:
    """Before the picture, behind the end, and in and around the frames of an animation."""
    profile = riff_chunk(b"ICCP", facts.profile())
    animated = plain["animated.webp"]
    alpha = plain["lossy_alpha.webp"]
    first = animated.index(b"ANMF")
    length = int.from_bytes(animated[first + 4 : first + 8], "little")
    frame = animated[first + 8 : first + 8 + length] + riff_chunk(b"hide", SECRET)
    behind = animated[first + 8 + length + length % 2 :]
    framed = with_riff_chunks(animated[:first] + riff_chunk(b"ANMF", frame) + behind)
    facts_behind = (riff_chunk(b"EXIF", exif.camera().block()), riff_chunk(b"XMP ", facts.xmp()))
    return {
        "profile": Planted(
            with_riff_chunks(
                extended[:20]
                + bytes([extended[20] | WITH_PROFILE])
                + extended[21:HEAD_LEN]
                + profile
                + extended[HEAD_LEN:]
            ),
            PLAIN,
            ("ICC_Profile:ProfileDescription = Itzel's SECRET screen",),
        ),
        "reserved_bits": Planted(extended[:21] + b"SEC" + extended[24:] + SECRET, PLAIN),
        "behind_text": Planted(plain[PLAIN] + SECRET, PLAIN),
        "behind_zip": Planted(plain[PLAIN] + facts.archive(), PLAIN),
        "behind_photo": Planted(plain[PLAIN] + facts.second_photo(), PLAIN),
        "lossless_text": Planted(plain["lossless.webp"] + SECRET, "lossless.webp"),
        "alpha_exif": Planted(
            _flagged(alpha, WITH_EXIF | WITH_XMP, *facts_behind),
            "lossy_alpha.webp",
            ("IFD0:Artist = Itzel SECRET", "XMP-photoshop:City = SECRET"),
        ),
        "animated_exif": Planted(
            _flagged(animated, WITH_EXIF | WITH_XMP, *facts_behind),
            "animated.webp",
            ("IFD0:Artist = Itzel SECRET", "XMP-photoshop:City = SECRET"),
        ),
        "animated_in_a_frame": Planted(framed, "animated.webp"),
    }
