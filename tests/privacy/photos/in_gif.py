"""GIFs with every sort of fact that programs put around the pictures."""

from typing import Final

from tests.privacy.photos import facts
from tests.privacy.photos.planted import Planted
from tests.unit.onion_service.clean.making import SECRET, extension, with_extensions

PLAIN: Final = "still.gif"
ANIMATED: Final = "animated.gif"
COMMENT, PLAIN_TEXT, APPLICATION = 0xFE, 0x01, 0xFF
# It ends a packet that is written without lengths: whatever byte is taken for a length leads to the end of it.
XMP_END: Final = bytes([1, *range(255, -1, -1), 0])


def planted(plain: dict[str, bytes]) -> dict[str, Planted]:
    """Each by a name that says what is planted."""
    made = {}
    for name in (PLAIN, ANIMATED):
        sort = name.removesuffix(".gif")
        for what, (parts, tells) in _extensions().items():
            made[f"{sort}_{what}"] = Planted(with_extensions(plain[name], *parts), name, tells)
        for what, (photo, tells) in _behind(plain[name]).items():
            made[f"{sort}_{what}"] = Planted(photo, name, tells)
    made |= _in_odd_places(plain)
    return {f"{name}.gif": photo for name, photo in made.items()}


def _extensions() -> dict[str, tuple[tuple[bytes, ...], tuple[str, ...]]]:
    """Extensions after the head, and what exiftool reads from them."""
    packet = b"!\xff\x0bXMP DataXMP" + facts.xmp() + XMP_END
    return {
        "comment": ((extension(COMMENT, SECRET, b"SECRET"),), ("File:Comment = SECRET",)),
        "xmp": ((packet,), ("XMP-exif:GPSLatitude", "XMP-photoshop:City = SECRET")),
        "profile": (
            (extension(APPLICATION, b"ICCRGBG1012", *_pieces(facts.profile())),),
            ("ICC_Profile:ProfileDescription = Itzel's SECRET screen",),
        ),
        "iptc": ((extension(APPLICATION, b"MGK8BIM0000", *_pieces(facts.photoshop())),), ()),
        "content_credentials": (
            (extension(APPLICATION, b"C2PA_GIF\1\0\0", *_pieces(facts.content_credentials())),),
            (),
        ),
        "odd_extensions": (
            (extension(APPLICATION, b"SECRETAPP10", SECRET), extension(0x77, SECRET), extension(0x00, SECRET)),
            (),
        ),
        "plain_text": ((extension(PLAIN_TEXT, bytes(12), SECRET),), ("GIF:Text = SECRET",)),
    }


def _pieces(body: bytes) -> list[bytes]:
    return [body[at : at + 255] for at in range(0, len(body), 255)]


def _behind(photo: bytes) -> dict[str, tuple[bytes, tuple[str, ...]]]:
    """Behind the last pixel, and behind the end."""
    return {
        "after_the_pixels": (photo[:-2] + bytes([len(SECRET)]) + SECRET + photo[-2:], ()),
        "behind_text": (photo + SECRET, ()),
        "behind_zip": (photo + facts.archive(), ()),
        "behind_photo": (photo + facts.second_photo(), ()),
    }


def _in_odd_places(plain: dict[str, bytes]) -> dict[str, Planted]:
    """Between the frames, and in the extension that says how often they run."""
    animated = plain[ANIMATED]
    loop = animated.index(b"\x0bNETSCAPE2.0")
    said = animated[:loop] + b"\x0bNETSCAPE2.0\3\1\3\0" + bytes([len(SECRET)]) + SECRET + animated[loop + 16 :]
    last = animated.rindex(b"!\xf9\4")
    between = extension(COMMENT, SECRET) + extension(APPLICATION, b"SECRETAPP10", SECRET)
    clear = plain["clear.gif"]
    return {
        "animated_in_the_loop": Planted(said, ANIMATED),
        "animated_between_frames": Planted(
            animated[:last] + between + animated[last:], ANIMATED, ("File:Comment = SECRET",)
        ),
        "clear_comment": Planted(
            with_extensions(clear, extension(COMMENT, SECRET)), "clear.gif", ("File:Comment = SECRET",)
        ),
    }
