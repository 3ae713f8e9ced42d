"""A copy of an attachment that is fit to be looked at, or the reason why there is none.

Runs inside the sandbox only, and may be broken by what it reads: nothing here is trusted by the desk.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from forwarder.desk import judging, office, office_parts, pixels
from forwarder.desk.escapes import ENDINGS, plain, printable
from forwarder.desk.findings import Outcome, Reason, Remains, Removed, Unchecked
from forwarder.desk.passing import COPY_MAX, TEXT_MAX, Answered
from onion_service.clean.errors import CleanError, TooLargePhotoError, UnsupportedPhotoError
from onion_service.clean.kinds import MEDIA_TYPE_OF_KIND, UNKNOWN, kind_of, media_type_of
from onion_service.clean.photo import clean_photo

PHOTOS: Final = frozenset({"jpeg", "png", "webp", "gif"})
OTHER_PICTURES: Final = frozenset({"tiff", "avif"})
BY_MAT2: Final = {"mp3": ".mp3", "ogg": ".ogg", "wav": ".wav", "flac": ".flac", "mp4": ".mp4", "avi": ".avi"}
NEED_FFMPEG: Final = frozenset({"wav", "mp4", "avi"})
SEEN: Final = frozenset({"mp4", "avi"})
FILMS: Final = frozenset(MEDIA_TYPE_OF_KIND[kind] for kind in SEEN)
PAGES_MAX: Final = 40
PAGE_SIDE: Final = 1_600
TOOL_SECONDS: Final = 60
# Debian's package is a library of Debian's Python. Its command would start a pool of processes for one file, and each a
# sandbox of its own, which cannot be made in ours; here it is asked for one file, in one process.
PYTHON_OF_MAT2: Final = "/usr/bin/python3"
MAT2: Final = """
import sys
from libmat2 import parser_factory
parser, _ = parser_factory.get_parser(sys.argv[1])
if parser is None:
    sys.exit(1)
parser.sandbox = False
sys.exit(not parser.remove_all())
"""
_REMOVED: Final[Mapping[str, Removed]] = {
    "exif": Removed.CAMERA,
    "xmp": Removed.XMP,
    "iptc": Removed.CAPTION,
    "thumbnail": Removed.THUMBNAIL,
    "extra_picture": Removed.EXTRA_PICTURE,
    "comment": Removed.COMMENT,
    "text": Removed.COMMENT,
    "colour": Removed.COLOUR,
    "time": Removed.TIME,
    "trailing": Removed.TRAILING,
    "animation": Removed.ANIMATION,
}

Copy = tuple[Answered, bytes]


class NotCleaned(Exception):
    """There will be no copy, for this reason."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


def cleaned(data: bytes, *, media: str, scratch: Path, tools: bool) -> Copy:
    """A copy of `data` and what is known of it; `media` is what the sender said. Raises nothing on purpose."""
    try:
        answer, copy = _by_kind(data, media=media, scratch=scratch, tools=tools)
        if len(copy) > COPY_MAX:
            raise NotCleaned(Reason.LARGE)
        unchecked = [*answer.unchecked, *_judged(copy, media=answer.media, scratch=scratch, tools=tools)]
        if kind_of(data) != UNKNOWN and media_type_of(data) != media:
            unchecked.append(Unchecked.MEDIA)
        return msgspec.structs.replace(answer, unchecked=unchecked), copy
    except NotCleaned as error:
        reason = error.reason
    except MemoryError:
        reason = Reason.LIMIT
    return Answered(reason=reason, unchecked=[Unchecked.ORIGINAL]), b""


def _by_kind(data: bytes, *, media: str, scratch: Path, tools: bool) -> Copy:
    kind = kind_of(data)
    if kind in PHOTOS:
        return _photo(data, kind=kind)
    if kind in OTHER_PICTURES:
        return _picture(data, kind=kind, removed=[Removed.METADATA])
    if kind == UNKNOWN and media == "text/plain":
        return _text(data)
    # What follows starts other programs.
    with_tools: dict[str, Callable[[bytes, Path], Copy]] = {"pdf": _pages, "zip": _office}
    if kind not in with_tools and kind not in BY_MAT2:
        raise NotCleaned(Reason.KIND)
    if not tools:
        raise NotCleaned(Reason.TOOL)
    if kind in with_tools:
        return with_tools[kind](data, scratch)
    return _heard(data, kind, scratch)


def _photo(data: bytes, *, kind: str) -> Copy:
    try:
        photo = clean_photo(data)
    except TooLargePhotoError:
        raise NotCleaned(Reason.LARGE) from None
    except UnsupportedPhotoError:
        # A rare sort, which a decoder may still read; then only its pixels are kept.
        return _picture(data, kind=kind, removed=[Removed.OTHER])
    except CleanError:
        raise NotCleaned(Reason.BROKEN) from None
    if photo.width * photo.height > pixels.MAX_PIXELS:
        raise NotCleaned(Reason.LARGE)
    removed = dict.fromkeys(_REMOVED.get(one, Removed.OTHER) for one, _ in photo.removed)
    return _picture(photo.data, kind=kind, removed=list(removed))


def _picture(data: bytes, *, kind: str, removed: list[Removed]) -> Copy:
    try:
        copy, more = pixels.rebuilt(data, kind=kind)
    except pixels.TooManyPixels:
        raise NotCleaned(Reason.LARGE) from None
    except pixels.NotDecoded:
        raise NotCleaned(Reason.BROKEN) from None
    extra = [Removed.CODING, *([Removed.ANIMATION] if more and Removed.ANIMATION not in removed else [])]
    return _answer(Outcome.REBUILT, copy, removed=[*removed, *extra], remains=[Remains.PICTURE])


def _text(data: bytes) -> Copy:
    if len(data) > TEXT_MAX:
        raise NotCleaned(Reason.LARGE)
    try:
        given = data.decode()
    except UnicodeDecodeError:
        raise NotCleaned(Reason.BROKEN) from None
    text = plain(given)
    answer = Answered(
        outcome=Outcome.CLEANED,
        media="text/plain",
        removed=[Removed.HIDDEN] if text != given else [],
        remains=[Remains.WORDS, *([Remains.LINKS] if "://" in text else [])],
        unchecked=[Unchecked.WATERMARK],
    )
    # An empty copy would be none.
    return answer, text.encode() or b"\n"


def _pages(data: bytes, scratch: Path) -> Copy:
    """Every page as a picture: no text layer, link, form, script or file of the original gets across."""
    given = scratch / "given.pdf"
    given.write_bytes(data)
    asked = ("-jpeg", "-jpegopt", "quality=85", "-scale-to", str(PAGE_SIDE), "-l", str(PAGES_MAX + 1))
    _run("pdftoppm", *asked, str(given), str(scratch / "page"), scratch=scratch)
    pages = sorted(scratch.glob("page-*.jpg"))
    if not pages:
        raise NotCleaned(Reason.BROKEN)
    try:
        copy = pixels.document([page.read_bytes() for page in pages[:PAGES_MAX]])
    except (CleanError, ValueError, OSError):
        raise NotCleaned(Reason.BROKEN) from None
    cut = [Removed.PAGES] if len(pages) > PAGES_MAX else []
    removed = [Removed.METADATA, Removed.ACTIVE, *cut]
    return _answer(Outcome.REBUILT, copy, removed=removed, remains=[Remains.PICTURE, Remains.WORDS])


def _office(data: bytes, scratch: Path) -> Copy:
    try:
        ending = office.ending(data, is_copy=False)
        if not ending:
            raise NotCleaned(Reason.KIND)
        copy = _by_mat2(data, ending, scratch)
        office.ending(copy, is_copy=True)
    except office_parts.Acts:
        raise NotCleaned(Reason.ACTIVE) from None
    except office_parts.TooLargeInside:
        raise NotCleaned(Reason.LARGE) from None
    except office.NotADocument:
        raise NotCleaned(Reason.BROKEN) from None
    remains = [Remains.WORDS, Remains.PICTURE, Remains.FORMATTING, Remains.LINKS]
    answer, copy = _answer(Outcome.CLEANED, copy, removed=[Removed.METADATA], remains=remains)
    return msgspec.structs.replace(answer, office=ending), copy


def _heard(data: bytes, kind: str, scratch: Path) -> Copy:
    # A film's cleaner keeps every track, also one of places; only exiftool sees that, so without it there is no copy.
    needed = [*(["ffmpeg"] if kind in NEED_FFMPEG else []), *(["exiftool"] if kind in SEEN else [])]
    if not all(map(shutil.which, needed)):
        raise NotCleaned(Reason.TOOL)
    copy = _by_mat2(data, BY_MAT2[kind], scratch)
    remains = [Remains.SOUND, Remains.CODING, *([Remains.PICTURE] if kind in SEEN else [])]
    return _answer(Outcome.CLEANED, copy, removed=[Removed.METADATA], remains=remains)


def _by_mat2(data: bytes, ending: str, scratch: Path) -> bytes:
    (scratch / f"given{ending}").write_bytes(data)
    if not shutil.which("mat2"):
        raise NotCleaned(Reason.TOOL)
    _run(PYTHON_OF_MAT2, "-I", "-B", "-c", MAT2, str(scratch / f"given{ending}"), scratch=scratch)
    try:
        return (scratch / f"given.cleaned{ending}").read_bytes()
    except OSError:
        raise NotCleaned(Reason.BROKEN) from None


def _answer(outcome: Outcome, copy: bytes, *, removed: list[Removed], remains: list[Remains]) -> Copy:
    """An answer about a copy, which is known by its bytes."""
    media = media_type_of(copy)
    return Answered(
        outcome=outcome, media=media, removed=removed, remains=remains, unchecked=[Unchecked.WATERMARK]
    ), copy


def _judged(copy: bytes, *, media: str, scratch: Path, tools: bool) -> list[Unchecked]:
    """What exiftool could not be asked. Raises NotCleaned when it finds a field that is not on the list, and of a film
    when it gives no answer."""
    if not tools or not shutil.which("exiftool"):
        return [Unchecked.JUDGE]
    path = scratch / f"copy{ENDINGS[media]}"
    path.write_bytes(copy)
    try:
        if judging.strangers(_run("exiftool", *judging.QUESTION, str(path), scratch=scratch)):
            raise NotCleaned(Reason.TAGS)
    except (ValueError, msgspec.MsgspecError):
        if media in FILMS:
            raise NotCleaned(Reason.BROKEN) from None
        return [Unchecked.JUDGE]
    return []


def _run(name: str, *arguments: str, scratch: Path) -> bytes:
    """What the program writes. Raises NotCleaned when it is not there, fails or runs for too long."""
    program = shutil.which(name)
    if not program:
        raise NotCleaned(Reason.TOOL)
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8", "HOME": str(scratch)}
    environment |= {"TMPDIR": str(scratch), "GIO_USE_VFS": "local", "XDG_CACHE_HOME": str(scratch)}
    try:
        done = subprocess.run(
            [program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd=scratch,
            timeout=TOOL_SECONDS,
        )
    except (subprocess.TimeoutExpired, OSError):
        raise NotCleaned(Reason.LIMIT) from None
    if done.returncode < 0:
        raise NotCleaned(Reason.LIMIT)
    if done.returncode:
        raise NotCleaned(Reason.BROKEN)
    return done.stdout


def plain_texts(texts: list[str]) -> list[str]:
    """Each text by the rules of docs/spec/cleaning.md, with nothing in it that could act."""
    return [printable(plain(text)) for text in texts]
