"""The cases that the cleaning vectors are made of: a comment, and a text or a photo that is to be cleaned."""

import base64
import json
from pathlib import Path
from typing import Final

from onion_service.clean.orientation import smallest_exif
from tests.unit.onion_service.clean.making import (
    SECRET,
    chunk,
    extension,
    riff_chunk,
    segment,
    with_chunks,
    with_extensions,
    with_riff_chunks,
    with_segments,
)

SEEDS: Final = Path(__file__).parent / "clean_seeds.json"

_TEXTS: Final = {
    "spanish": ("stays as it is", "¿Quién vio la camioneta? ¡Nadie! El pingüino y el ñandú, a las 10:30."),
    "nahuatl": ("macrons stay", "Nēchnōtza in tlācatl īhuān quimihtoā: āxcān."),
    "maya": (
        "every glottal sign becomes the keyboard's apostrophe",
        "k\u02bcaan k\u2019aan k\ua78caan k\u00b4aan k`aan",
    ),
    "otomi": (
        "underlined letters stay, however the line is made",
        "nu\u0331 nu\u0332 nu\u0320 \u0268 i\u0335 i\u0336",
    ),
    "decomposed": ("composed and decomposed are one", "n\u0303 \u00f1 a\u0301 \u00e1 u\u0308 \u00fc"),
    "mark_order": ("marks are put in one order", "a\u0301\u0302\u0331 a\u0331\u0302\u0301 u\u0304\u0308"),
    "mark_twice": (
        "a mark that stands twice, on nothing or fifth is removed",
        "a\u0301\u0301 .\u0301 \u0301x o\u0327\u0323\u0330\u0303\u0301",
    ),
    "breve_caron": (
        "the letter decides",
        "c\u0306 c\u030c a\u0306 a\u030c g\u030c \u0438\u0306 \u0438\u030c\u0434",
    ),
    "dotted": (
        "a dot on a dotted letter is removed; dotless is dotted",
        "i\u0307 j\u0307 \u0131 \u0237 \u0130",
    ),
    "zero_width": ("removed", "se\u200bcre\u200c\u200d\u2060\ufeff\u00adto"),
    "bidi": ("removed", "a\u202ab\u202ec\u2066d\u2069e\u200ef\u061c"),
    "tags": (
        "removed, also after the flag they make",
        "a\U000e0061\U000e007fb \U0001f3f4\U000e0067\U000e0062\U000e007f",
    ),
    "private": ("removed", "a\ue000b\uf8ffc\U000f0000d\U0010fffd"),
    "variation": ("removed", "\u2764\ufe0f a\ufe00 \u82a6\U000e0100 \u180b"),
    "control": ("removed", "a\x00b\x07c\x1bd\x7fe\x9f"),
    "noncharacters": ("removed", "a\ufdd0b\uffffc\U0001fffed\ufff9"),
    "lone_surrogate": ("removed", "a\ud800b\udfffc"),
    "unknown": ("what is in no table is removed", "a\u0378b\u1200c\U0001f9ff\U0001fbcad"),
    "spaces": ("one kind, one at a time, none at the ends", " a\u00a0b\u2003\u3000c\t d\u3164e\u2800f  "),
    "lines": ("one kind, at most one empty line", "\r\n a \r\n\r\n\r\nb\rc\u2028d\u0085e\v\n\n\n"),
    "typography": (
        "as on a keyboard",
        "\u201ca\u201d \u2018b\u2019 \u00abc\u00bb d\u2013e\u2014f\u2026 \u2022 g \u201eh\u201f \u201ai",
    ),
    "ordinals": ("one sign", "1\u00ba 1\u02da 1\u00b0 2\u00aa N\u00ba 3\u1d52"),
    "fullwidth": ("plain", "\uff46\uff55\uff4c\uff4c \uff11\uff12 \uff01"),
    "mathematical": ("plain", "\U0001d41b\U0001d428\U0001d425\U0001d41d \U0001d7d9 \U0001d6c2 \u210b"),
    "circled": ("plain", "\u24d0\u24b7 \u2460\u2779 \U0001f170\U0001f150\U0001f130"),
    "ligatures": ("plain", "\ufb01n \u01c6 \u0132 \u2173 \u33a1"),
    "small_capitals": ("plain", "s\u1d0d\u1d00\u029f\u029f"),
    "numbers": (
        "no two numbers run together",
        "2\u00bd 10\u2075 10\u00b2\u00b3 \u00bd\u00bd 50 m\u00b2 \u0663",
    ),
    "cyrillic_in_spanish": (
        "Latin",
        "mi \u0430m\u0456g\u043e \u0440or c\u0430sa \u0441\u0430\u0455\u0430 po\u0433",
    ),
    "greek_in_spanish": ("Latin", "\u03bfla \u03bda \u03a1edro \u0391na tu"),
    "other_scripts_in_spanish": ("Latin", "\u13df\u13aaS\u13aa \ua4da \u0585jo tu \u13a0"),
    "russian": (
        "stays",
        "Мать сказала: а гора рядом",
    ),
    "latin_in_russian": (
        "Cyrillic",
        "\u041c\u0430\u0442\u044c c\u043aa\u0437a\u043ba: a \u0433o\u0440a \u0440\u044f\u0434o\u043c",
    ),
    "russian_word_in_spanish": (
        "told by its letters; a word of look-alikes only is Latin",
        "dijo \u0434\u0430\u043b\u0438 y \u0441\u0430 tarde",
    ),
    "mixed_word": ("two scripts told: Latin", "t\u0434\u043ed"),
    "greek": ("stays", "\u039a\u03b1\u03bb\u03b7\u03bc\u03ad\u03c1\u03b1 \u03b1\u03c0\u03cc"),
    "hebrew_arabic": (
        "stay without points; their signs as on a keyboard",
        "\u05e9\u05c1\u05b8\u05dc\u05d5\u05b9\u05dd \u0623\u0647\u0644\u064b\u0627\u060c \u061f",
    ),
    "east_asian": ("stays", "\u6771\u4eac \ud55c\uad6d\uc5b4 \u30ac\u30e9\u30b9 \uff76\uff9e \u3002"),
    "emoji": (
        "without joiners, tones and keycaps",
        "\U0001f44d\U0001f3fd \U0001f468\u200d\U0001f469\u200d\U0001f467 1\ufe0f\u20e3 \u2764\ufe0f",
    ),
    "flags": (
        "whole ones, one of those that look the same",
        "\U0001f1f2\U0001f1fd \U0001f1fa\U0001f1f2 \U0001f1f2 \U0001f1f2\u200b\U0001f1fd\U0001f1e6",
    ),
    "empty": ("nothing", ""),
    "only_marks": ("nothing is left", " \u200b\u0301\u00a0\n\u2029"),
}


def text_cases() -> dict[str, tuple[str, str]]:
    return dict(_TEXTS)


def photo_cases() -> dict[str, tuple[str, bytes]]:
    """Every seed as it is, every seed with hidden parts, and photos that must be refused."""
    seeds = {name: base64.b64decode(photo) for name, photo in json.loads(SEEDS.read_text()).items()}
    cases = {name: ("comes out as the same picture", photo) for name, photo in seeds.items()}
    hide = {"jpeg": _hide_in_jpeg, "png": _hide_in_png, "gif": _hide_in_gif, "webp": _hide_in_webp}
    for name, photo in seeds.items():
        kind = name.partition("-")[0]
        cases[f"{name}-hidden"] = ("everything hidden is left behind; turned a quarter", hide[kind](photo))
        cases[f"{name}-cut"] = ("the last quarter is missing", photo[: len(photo) * 3 // 4])
    cases["png-large-trailing"] = (
        "more than one step of picture data, and bytes behind its end",
        _behind_the_picture_data(seeds["png-large"]),
    )
    return cases | _refused(seeds)


def _behind_the_picture_data(png: bytes) -> bytes:
    start = png.index(b"IDAT") + 4
    length = int.from_bytes(png[start - 8 : start - 4], "big")
    return png[: start - 8] + chunk(b"IDAT", png[start : start + length] + SECRET) + png[start + length + 4 :]


def _hide_in_jpeg(photo: bytes) -> bytes:
    parts = [segment(marker, SECRET) for marker in (0xE0, 0xE1, 0xE2, 0xED, 0xEF, 0xFE)]
    parts += [segment(0xE1, b"Exif\0\0" + smallest_exif(6) + SECRET), b"\xff\xff\xff"]
    parts += [segment(0xDB, b"\3" + SECRET.ljust(64, b"\1"))]
    return with_segments(photo, *parts) + SECRET


def _hide_in_png(photo: bytes) -> bytes:
    names = (b"tEXt", b"tIME", b"pHYs", b"iCCP", b"gAMA", b"abCd")
    exif = chunk(b"eXIf", smallest_exif(6) + SECRET)
    return with_chunks(photo, exif, *(chunk(name, SECRET) for name in names)) + SECRET


def _hide_in_gif(photo: bytes) -> bytes:
    parts = (
        extension(0xFF, b"XMP DataXMP", SECRET),
        extension(0xFF, b"SECRETAPP10", SECRET),
        extension(0xFE, SECRET),
        extension(0x01, bytes(12), SECRET),
    )
    return with_extensions(photo[:-2] + bytes([len(SECRET)]) + SECRET + photo[-2:], *parts) + SECRET


def _hide_in_webp(photo: bytes) -> bytes:
    exif = riff_chunk(b"EXIF", smallest_exif(6) + SECRET)
    return with_riff_chunks(photo, exif, riff_chunk(b"XMP ", SECRET), riff_chunk(b"odd ", b"odd")) + SECRET


def _refused(seeds: dict[str, bytes]) -> dict[str, tuple[str, bytes]]:
    jpeg, png, gif, webp = (seeds[name] for name in ("jpeg-colour", "png-colour", "gif-still", "webp-lossy"))
    return {
        "refused-empty": ("not a photo", b""),
        "refused-pdf": ("not a photo", b"%PDF-1.7\n"),
        "refused-heic": ("a photo that cannot be cleaned", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"),
        "refused-jpeg-arithmetic": ("rare", with_segments(jpeg, segment(0xC9, bytes(9)))),
        "refused-jpeg-lines-later": ("rare", with_segments(jpeg, segment(0xDC, b"\0\7"))),
        "refused-jpeg-bytes-between": ("not a marker", jpeg[:20] + b"\0" + jpeg[20:]),
        "refused-jpeg-restart": ("a restart without an interval", jpeg[:-2] + b"\xff\xd0\xff\xd9"),
        "refused-png-checksum": (
            "the header's checksum does not hold",
            png[:29] + bytes([png[29] ^ 1]) + png[30:],
        ),
        "refused-png-critical": ("a chunk one must know", with_chunks(png, chunk(b"FOOO", b""))),
        "refused-png-two-headers": ("two headers", with_chunks(png, chunk(b"IHDR", png[16:29]))),
        "refused-gif-no-trailer": ("not whole", gif[:-1]),
        "refused-gif-half-a-code": ("the last code is cut in its middle", _cut_in_a_code(gif)),
        "refused-gif-no-picture": ("nothing to show", gif[:13] + b";"),
        "refused-webp-two-pictures": ("more than one", with_riff_chunks(webp, webp[12:])),
        "refused-webp-start-code": ("not VP8", webp[:23] + b"\0" + webp[24:]),
    }


def _cut_in_a_code(gif: bytes) -> bytes:
    """A picture of one pixel in codes of nine bits, of which one byte is there."""
    screen = gif[:6] + bytes([1, 0, 1, 0, 0x80, 0, 0]) + bytes(6)
    return screen + b"," + bytes(4) + bytes([1, 0, 1, 0, 0]) + b"\x08\x01\xa1\x00;"
