"""exiftool as the judge of photos: what it says of many files in one run, and what of that is not allowed."""

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

Photos = Mapping[str, bytes]

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
    "File:ExifByteOrder": ("Big-endian (Motorola, MM)",),
    "RIFF:HorizontalScale": (0,),
    "RIFF:VerticalScale": (0,),
}
# Every tag, twice if it is there twice, unknown ones, those of blocks in blocks, and what lies behind a JPEG.
_ALL: Final = ("-j", "-G1", "-a", "-U", "-ee3", "-all", "-Trailer")


def exiftool(*arguments: str) -> str:
    """What one run of exiftool writes; the test fails when there is no exiftool, or when it fails."""
    program = shutil.which("exiftool")
    assert program, "exiftool is missing: install the package libimage-exiftool-perl (Debian) and run again"
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=120)
    assert not done.returncode, done.stderr
    return done.stdout


def told(photos: Photos, folder: Path) -> dict[str, dict[str, object]]:
    """What exiftool says of each photo, as "group:tag" and value. The photos are written into `folder`."""
    for name, photo in photos.items():
        (folder / name).write_bytes(photo)
    answers = json.loads(exiftool(*_ALL, *(str(folder / name) for name in photos)))
    found = {Path(facts["SourceFile"]).name: facts for facts in answers}
    assert found.keys() == photos.keys()
    return found


def betrayals(photos: Photos, folder: Path) -> list[str]:
    """What exiftool finds that is not allowed, as "file: group:tag = value"."""
    return [
        f"{name}: {tag} = {value}"
        for name, facts in told(photos, folder).items()
        for tag, value in facts.items()
        if not ALLOWED.fullmatch(tag) or value not in CONSTANT.get(tag, (value,))
    ]
