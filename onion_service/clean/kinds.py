"""What kind of file some bytes are, told by how they begin and never by a name (docs/spec/cleaning.md).

The media types are those of the report format (`crypto.report`); anything else is `application/octet-stream`.
"""

from typing import Final

UNKNOWN: Final = "unknown"
PHOTO_KINDS: Final = frozenset({"jpeg", "png", "webp", "gif"})
MEDIA_TYPE_OF_KIND: Final = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "gif": "image/gif",
    "heic": "image/heic",
    "avif": "image/avif",
    "tiff": "image/tiff",
    "pdf": "application/pdf",
    "zip": "application/zip",
    "ole": "application/x-ole-storage",
    "rtf": "application/rtf",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "aac": "audio/aac",
    "ogg": "audio/ogg",
    "wav": "audio/wav",
    "amr": "audio/amr",
    "flac": "audio/flac",
    "mp4": "video/mp4",
    "quicktime": "video/quicktime",
    "3gpp": "video/3gpp",
    "webm": "video/webm",
    "avi": "video/x-msvideo",
    UNKNOWN: "application/octet-stream",
}

_BEGINNINGS: Final = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"%PDF-", "pdf"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"{\\rtf", "rtf"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"ID3", "mp3"),
    (b"OggS", "ogg"),
    (b"fLaC", "flac"),
    (b"#!AMR", "amr"),
    (b"\x1aE\xdf\xa3", "webm"),
)
_RIFF: Final = {b"WEBP": "webp", b"WAVE": "wav", b"AVI ": "avi"}
_BRANDS: Final = (
    ((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), "heic"),
    ((b"avif", b"avis"), "avif"),
    ((b"M4A ", b"M4B "), "m4a"),
    ((b"qt  ",), "quicktime"),
    ((b"3gp4", b"3gp5", b"3gp6", b"3ge6", b"3g2a"), "3gpp"),
)


def kind_of(data: bytes) -> str:
    """The kind, one of the keys of `MEDIA_TYPE_OF_KIND`; `unknown` when nothing matches."""
    for beginning, kind in _BEGINNINGS:
        if data.startswith(beginning):
            return kind
    if data[:4] == b"RIFF":
        return _RIFF.get(data[8:12], UNKNOWN)
    if data[4:8] == b"ftyp":
        return next((kind for brands, kind in _BRANDS if data[8:12] in brands), "mp4")
    if len(data) >= 2 and data[0] == 0xFF and data[1] & 0xE0 == 0xE0:
        return "aac" if data[1] & 0xF6 == 0xF0 else "mp3" if data[1] & 0x06 else UNKNOWN
    return UNKNOWN


def media_type_of(data: bytes) -> str:
    """The media type that goes into a report, always one of `MEDIA_TYPES`."""
    return MEDIA_TYPE_OF_KIND[kind_of(data)]
