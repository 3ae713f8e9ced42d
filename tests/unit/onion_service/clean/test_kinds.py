"""A file's kind is told by its bytes and comes from a closed list."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.report import MEDIA_TYPES
from onion_service.clean.kinds import MEDIA_TYPE_OF_KIND, kind_of, media_type_of

BEGINNINGS = {
    b"\xff\xd8\xff\xe0": "jpeg",
    b"\x89PNG\r\n\x1a\n": "png",
    b"GIF87a": "gif",
    b"RIFF\0\0\0\0WEBPVP8 ": "webp",
    b"RIFF\0\0\0\0WAVEfmt ": "wav",
    b"RIFF\0\0\0\0AVI LIST": "avi",
    b"RIFF\0\0\0\0ACON": "unknown",
    b"\0\0\0\x18ftypheic": "heic",
    b"\0\0\0\x18ftypavif": "avif",
    b"\0\0\0\x18ftypM4A ": "m4a",
    b"\0\0\0\x18ftypqt  ": "quicktime",
    b"\0\0\0\x18ftyp3gp5": "3gpp",
    b"\0\0\0\x18ftypisom": "mp4",
    b"%PDF-1.4": "pdf",
    b"PK\3\4": "zip",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "ole",
    b"{\\rtf1": "rtf",
    b"II*\0": "tiff",
    b"ID3\4": "mp3",
    b"\xff\xfb\x90": "mp3",
    b"\xff\xf1\x50": "aac",
    b"\xff\xe1": "unknown",
    b"OggS": "ogg",
    b"fLaC": "flac",
    b"#!AMR\n": "amr",
    b"\x1aE\xdf\xa3": "webm",
    b"": "unknown",
    b"hola": "unknown",
}


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_a_kind_is_told_by_how_a_file_begins(beginning: bytes) -> None:
    assert kind_of(beginning) == BEGINNINGS[beginning]
    assert media_type_of(beginning) == MEDIA_TYPE_OF_KIND[BEGINNINGS[beginning]]


@given(st.binary(max_size=40))
def test_any_bytes_have_a_media_type_of_the_closed_list(data: bytes) -> None:
    assert media_type_of(data) in MEDIA_TYPES


def test_every_kind_has_a_media_type_that_a_report_may_name() -> None:
    assert set(MEDIA_TYPE_OF_KIND.values()) <= MEDIA_TYPES
