"""The corpus of T17: photos of every sort, by file name, with all that programs, phones and people put into them."""

from pathlib import Path
from typing import Final

from tests.privacy.photos import facts, in_gif, in_jpeg, in_png, in_webp, judge
from tests.privacy.photos.planted import Planted
from tests.unit.onion_service.clean.making import (
    SECRET,
    chunk,
    picture,
    saved,
    segment,
    with_chunks,
    with_hidden_parts,
    with_riff_chunks,
    with_segments,
)

# The way up that `with_hidden_parts` writes into the EXIF of each format.
_HIDDEN_TURN: Final = {"jpg": 6, "png": 8, "gif": 1, "webp": 3}


def named_kinds(plain: dict[str, bytes]) -> dict[str, Planted]:
    """One photo for each kind of fact and each place where it can stand."""
    return in_jpeg.planted(plain) | in_png.planted(plain) | in_webp.planted(plain) | in_gif.planted(plain)


def every_sort(plain: dict[str, bytes]) -> dict[str, Planted]:
    """Every plain photo with many facts at once: in the standard blocks, and in raw parts."""
    found = {}
    for name, photo in plain.items():
        for made, hidden in with_hidden_parts(name, photo).items():
            turn = _HIDDEN_TURN[name.rpartition(".")[2]] if made.startswith("standards_") else 1
            found[made] = Planted(hidden, name, orientation=turn)
    return found


def by_exiftool(plain: dict[str, bytes], folder: Path) -> dict[str, Planted]:
    """Every plain photo with what exiftool itself can write into it."""
    thumbnail, profile = folder / "thumbnail.bin", folder / "profile.bin"
    thumbnail.write_bytes(saved(picture(size=(16, 16)), "JPEG"))
    profile.write_bytes(facts.profile())
    names = {f"exiftool_{name}": name for name in plain}
    for made, name in names.items():
        (folder / made).write_bytes(plain[name])
    written = [
        "-Orientation#=6",
        "-GPSLatitude=19.4326",
        "-GPSLatitudeRef=N",
        "-GPSLongitude=99.1332",
        "-GPSLongitudeRef=W",
        "-EXIF:Artist=SECRET",
        "-EXIF:Make=SECRET",
        "-EXIF:Model=SECRET",
        "-EXIF:SerialNumber=SECRET",
        "-EXIF:UserComment=SECRET",
        "-EXIF:DateTimeOriginal=2026:01:02 03:04:05",
        "-EXIF:ImageUniqueID=SECRET",
        "-XMP:Creator=SECRET",
        "-XMP:DocumentID=SECRET",
        "-IPTC:By-line=SECRET",
        "-IPTC:City=SECRET",
        "-Photoshop:CopyrightFlag=1",
        "-Comment=SECRET",
        "-PNG:Author=SECRET",
        "-PNG:ModifyDate=2026:01:02 03:04:05",
        f"-ThumbnailImage<={thumbnail}",
        f"-ICC_Profile<={profile}",
    ]
    judge.exiftool("-q", "-q", "-m", "-overwrite_original", *written, *(str(folder / made) for made in names))
    changed = {made: (folder / made).read_bytes() for made in names}
    assert all(changed[made] != plain[name] for made, name in names.items()), "exiftool planted nothing in a photo"
    return {
        made: Planted(changed[made], name, orientation=1 if name.endswith(".gif") else 6)
        for made, name in names.items()
    }


def refused(plain: dict[str, bytes]) -> dict[str, bytes]:
    """Photos that are not cleaned but refused: rare sorts, and hidden bytes where no part can stand."""
    jpeg, png, gif, webp = (plain[name] for name in ("baseline.jpg", "colour.png", "animated.gif", "lossy.webp"))
    last = gif.rindex(b"!\xf9\4")
    return {
        "arithmetic.jpg": _with_frame(jpeg, 0xC9),
        "lossless.jpg": _with_frame(jpeg, 0xC3),
        "arithmetic_conditions.jpg": with_segments(jpeg, segment(0xCC, b"\0\x10")),
        "lines_told_later.jpg": with_segments(jpeg, segment(0xDC, b"\0\x2b")),
        "between_the_segments.jpg": jpeg[:20] + SECRET + jpeg[20:],
        "must_be_understood.png": with_chunks(png, chunk(b"TELL", SECRET)),
        "between_the_chunks.png": png[:33] + SECRET + png[33:],
        "data_in_two_places.png": png[:-12] + chunk(b"tEXt", SECRET) + chunk(b"IDAT", b"") + png[-12:],
        "between_the_blocks.gif": gif[:last] + SECRET + gif[last:],
        "never_ends.gif": gif[:-1] + SECRET,
        "two_pictures.webp": with_riff_chunks(webp, webp[12:]),
        "between_the_chunks.webp": with_riff_chunks(webp, SECRET[:5]),
    }


def _with_frame(jpeg: bytes, marker: int) -> bytes:
    return jpeg.replace(b"\xff\xc0", bytes([0xFF, marker]), 1)
