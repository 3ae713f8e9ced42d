"""The blocks in which programs write facts about a photo, apart from EXIF, whatever file they then lie in."""

import hashlib
import io
import struct
import zipfile
from typing import Final

from onion_service.clean.orientation import EXIF_LABEL
from tests.unit.onion_service.clean.making import SECRET, betraying_exif, picture, saved, segment, with_segments

XMP_LABEL: Final = b"http://ns.adobe.com/xap/1.0/\0"
EXTENDED_LABEL: Final = b"http://ns.adobe.com/xmp/extension/\0"


def xmp(*, more: str = "") -> bytes:
    """A packet with who, where and which document; `more` are further properties."""
    return (
        "<?xpacket begin='\ufeff' id='W5M0MpCehiHzreSzNTczkc9d'?>"
        "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
        "<rdf:Description rdf:about='' xmlns:exif='http://ns.adobe.com/exif/1.0/'"
        " xmlns:photoshop='http://ns.adobe.com/photoshop/1.0/' xmlns:xmpMM='http://ns.adobe.com/xap/1.0/mm/'"
        " xmlns:xmpNote='http://ns.adobe.com/xmp/note/' xmlns:Camera='http://ns.google.com/photos/1.0/camera/'"
        f" exif:GPSLatitude='19,25.956N' exif:GPSLongitude='99,7.992W' photoshop:City='{SECRET.decode()}'"
        f" xmpMM:DocumentID='xmp.did:SECRET' {more}/></rdf:RDF></x:xmpmeta><?xpacket end='w'?>"
    ).encode()


def extended_xmp() -> list[bytes]:
    """The bodies of JPEG segments: a packet that names its extension, and the extension in two pieces."""
    extension = xmp(more="photoshop:Instructions='SECRET extension'")
    name = hashlib.md5(extension, usedforsecurity=False).hexdigest().upper()
    head = EXTENDED_LABEL + name.encode()
    half = len(extension) // 2
    return [
        XMP_LABEL + xmp(more=f"xmpNote:HasExtendedXMP='{name}'"),
        head + struct.pack(">II", len(extension), 0) + extension[:half],
        head + struct.pack(">II", len(extension), half) + extension[half:],
    ]


def iptc() -> bytes:
    """A record of the press: who, where, and what is to be seen."""
    facts = {80: b"Itzel SECRET", 90: b"SECRET city", 92: b"SECRET corner", 120: b"SECRET caption"}
    return b"".join(b"\x1c\2" + struct.pack(">BH", number, len(fact)) + fact for number, fact in facts.items())


def photoshop() -> bytes:
    """Photoshop's resources: the press record, a thumbnail, a URL and a copyright flag."""
    thumbnail = saved(picture(size=(16, 16), seed=5), "JPEG")
    head = struct.pack(">6IHH", 1, 16, 16, 48, 768, len(thumbnail), 24, 1)
    resources = {0x0404: iptc(), 0x040A: b"\1", 0x040B: b"https://example.org/SECRET", 0x040C: head + thumbnail}
    return b"".join(_resource(number, body) for number, body in resources.items())


def _resource(number: int, body: bytes) -> bytes:
    return b"8BIM" + struct.pack(">HHI", number, 0, len(body)) + body + bytes(len(body) % 2)


def profile() -> bytes:
    """A colour profile that names a person, a screen and its maker."""
    texts = {
        b"desc": _described(b"Itzel's SECRET screen"),
        b"dmnd": _described(b"SECRET maker"),
        b"dmdd": _described(b"SECRET model"),
        b"cprt": b"text\0\0\0\0(c) SECRET\0",
    }
    place = 128 + 4 + 12 * len(texts)
    table, bodies = struct.pack(">I", len(texts)), b""
    for name, body in texts.items():
        table += name + struct.pack(">II", place + len(bodies), len(body))
        bodies += body + bytes(-len(body) % 4)
    head = struct.pack(">I4sI12s6H4s4sI4s4s", place + len(bodies), b"appl", 0x0210_0000, b"mntrRGB XYZ ",
                       2026, 1, 2, 3, 4, 5, b"acsp", b"APPL", 0, b"SECR", b"ETdv")  # fmt: skip
    return head.ljust(128, b"\0") + table + bodies


def _described(text: bytes) -> bytes:
    return b"desc\0\0\0\0" + struct.pack(">I", len(text) + 1) + text + b"\0" + bytes(4 + 4 + 2 + 1 + 67)


def box(name: bytes, *parts: bytes) -> bytes:
    """A box of the ISO base media format, of which films and JUMBF are made."""
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + name + body


def content_credentials() -> bytes:
    """A C2PA manifest: a box of boxes, with a claim in JSON."""
    ending = bytes.fromhex("00110010800000aa00389b71")
    claim = box(
        b"jumb",
        box(b"jumd", b"json" + ending, b"\3SECRET.claim\0"),
        box(b"json", b'{"author":"Itzel SECRET","place":"SECRET corner"}'),
    )
    return box(b"jumb", box(b"jumd", b"c2pa" + ending, b"\3c2pa\0"), claim)


def film() -> bytes:
    """A short film without pictures that says where it was taken."""
    header = box(b"mvhd", bytes(12) + struct.pack(">II", 600, 600) + bytes(80))
    place = b"+19.4326-099.1332/"
    where = box(b"udta", box(b"\xa9xyz", struct.pack(">HH", len(place), 0x15C7) + place))
    return box(b"ftyp", b"mp42\0\0\0\0mp42isom") + box(b"moov", header, where) + box(b"mdat", SECRET * 4)


def archive() -> bytes:
    """A zip with a letter in it; programs for zip files open it behind any photo."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as held:
        held.writestr(zipfile.ZipInfo("SECRET.txt", (2026, 1, 2, 3, 4, 5)), SECRET)
    return out.getvalue()


def second_photo() -> bytes:
    """Another whole photo, which tells the place where this one was taken."""
    return with_segments(saved(picture(seed=9), "JPEG"), segment(0xE1, betraying_exif(1)))


def samsung_trailer() -> bytes:
    """The list of blocks that one maker's phones put behind a photo, with a moving picture among them."""
    kinds = {0x0A01: (b"Image_UTC_Data", b"1767323045000"), 0x0A30: (b"MotionPhoto_Data", film())}
    blocks, entries = [], []
    for kind, (name, body) in kinds.items():
        blocks.append(struct.pack("<HHI", 0, kind, len(name)) + name + body)
        entries.append((kind, len(blocks[-1])))
    table = b"SEFH" + struct.pack("<II", 106, len(entries))
    left = sum(length for _, length in entries)
    for kind, length in entries:
        table += struct.pack("<HHII", 0, kind, left, length)
        left -= length
    return b"".join(blocks) + table + struct.pack("<I", len(table)) + b"SEFT"


def labelled_exif(block: bytes) -> bytes:
    """An EXIF block with the label that JPEG puts before it."""
    return EXIF_LABEL + block
