"""T17: photos do not betray. exiftool finds nothing outside the allow-list, and every pixel is the same."""

import inspect
import json
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from onion_service.clean import gif, jpeg, png
from onion_service.clean.photo import clean_photo
from tests.unit.onion_service.clean.making import (
    chunk,
    decoded,
    named_profile,
    picture,
    plain_photos,
    saved,
    timing,
    with_hidden_parts,
)

Corpus = dict[str, bytes]
Clean = Callable[[bytes], bytes]

# What exiftool may say about a clean photo: what the picture is, and which way up.
ALLOWED: Final = re.compile(
    r"""SourceFile | ExifTool:ExifToolVersion
    | System:(FileName|Directory|FileSize|FileModifyDate|FileAccessDate|FileInodeChangeDate|FilePermissions)
    | File:(FileType|FileTypeExtension|MIMEType|ImageWidth|ImageHeight|EncodingProcess|BitsPerSample
           |ColorComponents|YCbCrSubSampling|ExifByteOrder)
    | JFIF:(JFIFVersion|ResolutionUnit|XResolution|YResolution)
    | Adobe:(DCTEncodeVersion|APP14Flags0|APP14Flags1|ColorTransform)
    | IFD0:Orientation
    | PNG:(ImageWidth|ImageHeight|BitDepth|ColorType|Compression|Filter|Interlace|Palette|Transparency)
    | GIF:(GIFVersion|ImageWidth|ImageHeight|HasColorMap|ColorResolutionDepth|BitsPerPixel|BackgroundColor
          |FrameCount|Duration|AnimationIterations|TransparentColor)
    | RIFF:(VP8Version|ImageWidth|ImageHeight|HorizontalScale|VerticalScale|WebP_Flags|AlphaIsUsed
           |AlphaPreprocessing|AlphaFiltering|AlphaCompression|BackgroundColor|AnimationLoopCount|FrameCount
           |Duration)
    | Composite:(ImageSize|Megapixels)""",
    re.VERBOSE,
)
# These are allowed, but only with the one value that says nothing.
CONSTANT: Final[dict[str, tuple[object, ...]]] = {
    "JFIF:JFIFVersion": (1.01,),
    "JFIF:ResolutionUnit": (0, "None"),
    "JFIF:XResolution": (1,),
    "JFIF:YResolution": (1,),
    "Adobe:APP14Flags0": (0, "(none)"),
    "Adobe:APP14Flags1": (0, "(none)"),
}


@pytest.fixture(scope="module")
def exiftool() -> str:
    found = shutil.which("exiftool")
    assert found, "exiftool is missing: install the package libimage-exiftool-perl (Debian) and run again"
    return found


@pytest.fixture(scope="module")
def corpus(exiftool: str, tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Every sort of photo, with facts planted by hand and by exiftool."""
    plain = plain_photos()
    planted = {made: photo for name, sort in plain.items() for made, photo in with_hidden_parts(name, sort).items()}
    return plain | planted | _planted_by_exiftool(exiftool, plain, tmp_path_factory.mktemp("planted"))


def _planted_by_exiftool(exiftool: str, plain: Corpus, folder: Path) -> Corpus:
    thumbnail, profile = folder / "thumbnail.bin", folder / "profile.bin"
    thumbnail.write_bytes(saved(picture(size=(16, 16)), "JPEG"))
    profile.write_bytes(named_profile())
    names = {f"exiftool_{name}": photo for name, photo in plain.items()}
    for name, photo in names.items():
        (folder / name).write_bytes(photo)
    facts = [
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
    _run(exiftool, "-q", "-q", "-m", "-overwrite_original", *facts, *(str(folder / name) for name in names))
    changed = {name: (folder / name).read_bytes() for name in names}
    assert all(changed[name] != photo for name, photo in names.items()), "exiftool planted nothing in a photo"
    return changed


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert not done.returncode, done.stderr
    return done.stdout


def betrayals(exiftool: str, photos: Corpus, folder: Path) -> list[str]:
    """What exiftool finds that is not allowed, as "file: tag = value"."""
    for name, photo in photos.items():
        (folder / name).write_bytes(photo)
    told = json.loads(_run(exiftool, "-j", "-G1", "-a", "-u", *(str(folder / name) for name in photos)))
    assert len(told) == len(photos)
    return [
        f"{Path(facts['SourceFile']).name}: {tag} = {value}"
        for facts in told
        for tag, value in facts.items()
        if not ALLOWED.fullmatch(tag) or value not in CONSTANT.get(tag, (value,))
    ]


def _cleaned(corpus: Corpus, clean: Clean = lambda photo: clean_photo(photo).data) -> Corpus:
    return {name: clean(photo) for name, photo in corpus.items()}


def test_t17_the_corpus_is_large_and_betrays_before_cleaning(exiftool: str, corpus: Corpus, tmp_path: Path) -> None:
    assert len(corpus) >= 60
    assert Counter(name.rpartition(".")[2] for name in corpus).keys() == {"jpg", "png", "gif", "webp"}
    planted = {name: photo for name, photo in corpus.items() if name.startswith(("standards_", "exiftool_"))}
    found = betrayals(exiftool, planted, tmp_path)
    assert {line.partition(":")[0] for line in found} == set(planted)
    for group in ("GPS:", "XMP-", "IPTC:", "ICC-header:", "Comment", "IFD1:", "ExifIFD:", "PNG:Author"):
        assert any(group in line for line in found), group


def test_t17_exiftool_finds_nothing_outside_the_allow_list(exiftool: str, corpus: Corpus, tmp_path: Path) -> None:
    assert betrayals(exiftool, _cleaned(corpus), tmp_path) == []


def test_t17_no_planted_byte_is_left() -> None:
    for name, photo in plain_photos().items():
        for planted in with_hidden_parts(name, photo).values():
            assert b"SECRET" in planted
            assert b"SECRET" not in clean_photo(planted).data


@pytest.mark.filterwarnings("ignore:Image appears to be a malformed MPO:UserWarning")
def test_t17_decoded_pixels_are_identical(corpus: Corpus) -> None:
    for name, photo in corpus.items():
        clean = clean_photo(photo).data
        assert decoded(clean) == decoded(photo), name
        assert name.endswith(".png") or timing(clean) == timing(photo), name


def test_t17_copies_that_differ_only_in_what_is_hidden_come_out_equal(corpus: Corpus) -> None:
    plain = plain_photos()
    for name, photo in plain.items():
        assert clean_photo(corpus[f"raw_{name}"]).data == clean_photo(photo).data, name


def test_t17_the_file_name_has_no_way_in() -> None:
    assert list(inspect.signature(clean_photo).parameters) == ["data"]


def test_t17_mutant_copying_unknown_jpeg_segments_is_caught(
    exiftool: str, corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = jpeg._take_application

    def copy(reading: jpeg._Reading, marker: int, body: bytes) -> None:
        take(reading, marker, body)
        reading.parts.append(jpeg._segment(marker, body))

    monkeypatch.setattr(jpeg, "_take_application", copy)
    assert betrayals(exiftool, _cleaned(_only(corpus, ".jpg")), tmp_path)


def test_t17_mutant_copying_unknown_png_chunks_is_caught(
    exiftool: str, corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}

    def copy(photo: bytes) -> bytes:
        others = [chunk(name, body) for name, body in png._chunks(photo, Counter()) if name not in known]
        clean = clean_photo(photo).data
        return clean[:33] + b"".join(others) + clean[33:]

    assert betrayals(exiftool, _cleaned(_only(corpus, ".png"), copy), tmp_path)


def test_t17_mutant_copying_unknown_gif_extensions_is_caught(
    exiftool: str, corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = gif._take_extension

    def copy(label: int, blocks: list[bytes], frames: gif._Frames) -> None:
        take(label, blocks, frames)
        if label != gif.CONTROL:
            body = b"".join(bytes([len(block)]) + block for block in blocks)
            frames.parts.append(bytes([gif.EXTENSION, label]) + body + b"\0")

    monkeypatch.setattr(gif, "_take_extension", copy)
    assert betrayals(exiftool, _cleaned(_only(corpus, ".gif")), tmp_path)


def _only(corpus: Corpus, ending: str) -> Corpus:
    return {name: photo for name, photo in corpus.items() if name.endswith(ending)}
