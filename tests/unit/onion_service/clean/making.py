"""Photos of every sort that is cleaned, made on the spot, and the places where a fact can hide."""

import io
import random
import struct
import zlib
from collections.abc import Callable
from typing import Final

from PIL import Image, ImageCms, ImageOps

SECRET: Final = b"SECRET-Itzel-19.43260-99.13320"
Decoded = list[tuple[str, tuple[int, int], bytes]]


def picture(mode: str = "RGB", size: tuple[int, int] = (61, 43), seed: int = 1) -> Image.Image:
    """A picture with smooth parts and noise, the same each time."""
    chance = random.Random(seed)
    image = Image.new("RGB", size)
    image.putdata(
        [(x * 4 % 256, (x * y + seed) % 256, chance.randrange(256)) for y in range(size[1]) for x in range(size[0])]
    )
    if mode in ("RGBA", "LA"):
        image.putalpha(Image.linear_gradient("L").resize(size))
        return image.convert(mode)
    if mode == "I;16":
        return Image.frombytes("I;16", size, chance.randbytes(2 * size[0] * size[1]))
    return image.quantize(32) if mode == "P" else image.convert(mode)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def decoded(photo: bytes) -> Decoded:
    """Every frame as it is shown, turned the right way up; of a PNG and of a JPEG with others behind it, the first."""
    frames: Decoded = []
    with Image.open(io.BytesIO(photo)) as image:
        count = getattr(image, "n_frames", 1) if image.format in ("GIF", "WEBP") else 1
        for number in range(count):
            image.seek(number)
            upright = ImageOps.exif_transpose(image)
            shown = upright if upright.mode in ("I;16", "CMYK") else upright.convert("RGBA")
            frames.append((shown.mode, shown.size, shown.tobytes()))
    return frames


def timing(photo: bytes) -> list[tuple[object, object]]:
    """How long each frame stays, and how often the animation runs."""
    with Image.open(io.BytesIO(photo)) as image:
        count = getattr(image, "n_frames", 1) if image.format in ("GIF", "WEBP") else 1
        found = []
        for number in range(count):
            image.seek(number)
            found.append((image.info.get("duration"), image.info.get("loop") if count > 1 else None))
    return found


def betraying_exif(orientation: int) -> bytes:
    """EXIF with place, camera, owner, maker's note and a thumbnail pointer, as Pillow writes it."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "SECRET maker"
    exif[0x0110] = SECRET.decode()
    exif[0x0132] = "2026:01:02 03:04:05"
    exif[0x9C9D] = SECRET.decode().encode("utf-16-le")
    details = exif.get_ifd(0x8769)
    details[0x927C] = b"MakerNote" + SECRET * 3
    details[0x9286] = b"ASCII\0\0\0" + SECRET
    details[0xA431] = "SECRET-serial"
    place = exif.get_ifd(0x8825)
    place[1], place[2], place[3], place[4] = "N", (19.0, 25.0, 57.0), "W", (99.0, 7.0, 59.0)
    return exif.tobytes()


def named_profile() -> bytes:
    """A colour profile with a name and a maker in it."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    start = bytes(profile).find(b"s\0R\0G\0B\0")
    if start > 0:
        profile[start : start + 8] = b"S\0E\0C\0R\0"
    return bytes(profile)


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body


def with_segments(jpeg: bytes, *segments: bytes) -> bytes:
    return jpeg[:2] + b"".join(segments) + jpeg[2:]


def chunk(name: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")


def with_chunks(png: bytes, *chunks: bytes) -> bytes:
    return png[:33] + b"".join(chunks) + png[33:]


def riff_chunk(name: bytes, body: bytes) -> bytes:
    return name + len(body).to_bytes(4, "little") + body + bytes(len(body) & 1)


def with_riff_chunks(webp: bytes, *chunks: bytes) -> bytes:
    body = webp[8:] + b"".join(chunks)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def extension(label: int, *blocks: bytes) -> bytes:
    return b"!" + bytes([label]) + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"


def with_extensions(gif: bytes, *extensions: bytes) -> bytes:
    table = 3 << ((gif[10] & 7) + 1) if gif[10] & 0x80 else 0
    return gif[: 13 + table] + b"".join(extensions) + gif[13 + table :]


def interlaced_png(size: tuple[int, int] = (13, 9)) -> bytes:
    """A grey Adam7 PNG, which Pillow can read but not write."""
    pixels = picture("L", size).tobytes()
    passes = (
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    )
    rows = b"".join(
        b"\0" + pixels[y * size[0] + left : (y + 1) * size[0] : across]
        for left, top, across, down in passes
        if left < size[0]
        for y in range(top, size[1], down)
    )
    header = struct.pack(">IIBBBBB", *size, 8, 0, 0, 0, 1)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    )


def _frames(mode: str) -> list[Image.Image]:
    return [picture(mode, seed=seed) for seed in range(1, 4)]


def _animation(kind: str, mode: str, **options: object) -> bytes:
    first, *others = _frames(mode)
    return saved(first, kind, save_all=True, append_images=others, duration=[100, 200, 300], loop=3, **options)


def plain_photos() -> dict[str, bytes]:
    """One photo of each sort, by a name that tells the sort; nothing is hidden in them yet."""
    made: dict[str, Callable[[], bytes]] = {
        "baseline.jpg": lambda: saved(picture(), "JPEG", quality=85),
        "progressive.jpg": lambda: saved(picture(), "JPEG", progressive=True, quality=70),
        "grey.jpg": lambda: saved(picture("L"), "JPEG"),
        "cmyk.jpg": lambda: saved(picture("CMYK"), "JPEG"),
        "rgb.jpg": lambda: saved(picture(), "JPEG", keep_rgb=True),
        "full_colour.jpg": lambda: saved(picture(), "JPEG", subsampling=0, optimize=True),
        "restarts.jpg": lambda: saved(picture(), "JPEG", restart_marker_blocks=2),
        "progressive_grey.jpg": lambda: saved(picture("L"), "JPEG", progressive=True),
        "bits.png": lambda: saved(picture("1"), "PNG"),
        "grey.png": lambda: saved(picture("L"), "PNG"),
        "grey_alpha.png": lambda: saved(picture("LA"), "PNG"),
        "palette.png": lambda: saved(picture("P"), "PNG"),
        "palette_clear.png": lambda: saved(picture("P"), "PNG", transparency=3),
        "colour.png": lambda: saved(picture(), "PNG"),
        "colour_clear.png": lambda: saved(picture(), "PNG", transparency=(0, 1, 2)),
        "alpha.png": lambda: saved(picture("RGBA"), "PNG"),
        "deep.png": lambda: saved(picture("I;16"), "PNG"),
        "interlaced.png": interlaced_png,
        "animated.png": lambda: _animation("PNG", "RGB"),
        "still.gif": lambda: saved(picture("P"), "GIF"),
        "interlaced.gif": lambda: saved(picture("P"), "GIF", interlace=True),
        "clear.gif": lambda: saved(picture("P"), "GIF", transparency=2),
        "animated.gif": lambda: _animation("GIF", "P"),
        "background.gif": lambda: _animation("GIF", "P", disposal=2, background=5),
        "lossy.webp": lambda: saved(picture(), "WEBP", quality=80),
        "lossless.webp": lambda: saved(picture(), "WEBP", lossless=True),
        "lossy_alpha.webp": lambda: saved(picture("RGBA"), "WEBP", quality=80),
        "lossless_alpha.webp": lambda: saved(picture("RGBA"), "WEBP", lossless=True),
        "animated.webp": lambda: _animation("WEBP", "RGB", quality=60),
        "animated_alpha.webp": lambda: _animation("WEBP", "RGBA", lossless=True),
    }
    return {name: make() for name, make in made.items()}


def with_hidden_parts(name: str, photo: bytes) -> dict[str, bytes]:
    """The photo with what its format can hide, once by metadata standards and once by raw parts."""
    kind = name.rpartition(".")[2]
    plant = {"jpg": _hidden_in_jpeg, "png": _hidden_in_png, "gif": _hidden_in_gif, "webp": _hidden_in_webp}[kind]
    return {f"{sort}_{name}": planted for sort, planted in plant(photo).items()}


def _hidden_in_jpeg(photo: bytes) -> dict[str, bytes]:
    profile = b"ICC_PROFILE\0\1\1" + named_profile()
    standards = (
        segment(0xE1, betraying_exif(6)),
        segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>" + SECRET),
        segment(0xED, b"Photoshop 3.0\0008BIM\4\4\0\0\0\0\0\x0c\x1c\2\x50\0\6SECRET"),
        segment(0xE2, profile),
    )
    raw = (
        segment(0xE0, b"JFXX\0\x10" + SECRET),
        segment(0xE2, b"MPF\0" + SECRET),
        *(segment(marker, SECRET) for marker in range(0xE3, 0xF0)),
        segment(0xFE, SECRET),
        segment(0xDB, b"\3" + SECRET.ljust(64, b"\1")),
        segment(0xC4, b"\3" + bytes([len(SECRET), *bytes(15)]) + SECRET),
        b"\xff" * 7,
    )
    return {
        "standards": with_segments(photo, *standards),
        "raw": with_segments(photo, *raw) + b"\xff\xd8\xff" + SECRET,
    }


def _hidden_in_png(photo: bytes) -> dict[str, bytes]:
    standards = (
        chunk(b"eXIf", betraying_exif(8).removeprefix(b"Exif\0\0")),
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0<x:xmpmeta>" + SECRET),
        chunk(b"iCCP", b"SECRET\0\0" + zlib.compress(named_profile())),
    )
    raw = (
        chunk(b"tEXt", b"Author\0" + SECRET),
        chunk(b"zTXt", b"Comment\0\0" + zlib.compress(SECRET)),
        chunk(b"tIME", bytes([7, 0xEA, 1, 2, 3, 4, 5])),
        chunk(b"pHYs", struct.pack(">IIB", 2834, 2835, 1)),
        chunk(b"gAMA", struct.pack(">I", 45455)),
        chunk(b"sPLT", SECRET + b"\0\x08"),
        chunk(b"teLL", SECRET),
    )
    return {"standards": with_chunks(photo, *standards), "raw": with_chunks(photo, *raw) + SECRET}


def _hidden_in_gif(photo: bytes) -> dict[str, bytes]:
    standards = (
        extension(0xFF, b"XMP DataXMP", b"<x:xmpmeta>" + SECRET),
        extension(0xFF, b"ICCRGBG1012", SECRET),
        extension(0xFE, SECRET),
    )
    raw = (
        extension(0xFF, b"SECRETAPP10", SECRET),
        extension(0x01, bytes(12), SECRET),
        extension(0x77, SECRET),
    )
    return {"standards": with_extensions(photo, *standards), "raw": with_extensions(photo, *raw) + SECRET}


def _hidden_in_webp(photo: bytes) -> dict[str, bytes]:
    out = io.BytesIO()
    with Image.open(io.BytesIO(photo)) as image:
        head = photo if photo[12:16] == b"VP8X" else extended_webp(photo, image.size)
    out.write(head)
    exif = riff_chunk(b"EXIF", betraying_exif(3).removeprefix(b"Exif\0\0"))
    xmp = riff_chunk(b"XMP ", b"<x:xmpmeta>" + SECRET)
    profile = riff_chunk(b"ICCP", named_profile())
    start = 12 + 18
    flagged = bytearray(head[:start])
    flagged[20] |= 0x2C
    whole = with_riff_chunks(bytes(flagged) + profile + head[start:], exif, xmp)
    raw = with_riff_chunks(head, riff_chunk(b"hide", SECRET), riff_chunk(b"odd ", b"odd")[:-1] + b"S")
    return {"standards": whole, "raw": raw + SECRET}


def extended_webp(photo: bytes, size: tuple[int, int]) -> bytes:
    """A plain WebP in the extended container."""
    is_clear = photo[12:16] == b"VP8L" and photo[24] >> 4 & 1
    sides = b"".join((side - 1).to_bytes(3, "little") for side in size)
    head = riff_chunk(b"VP8X", bytes([0x10 if is_clear else 0, 0, 0, 0]) + sides)
    return with_riff_chunks(b"RIFF" + bytes(4) + b"WEBP" + head, photo[12:])
