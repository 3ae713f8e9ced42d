"""Every byte: a photo is cleaned, or refused with one of our errors."""

from contextlib import suppress

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onion_service.clean.errors import CleanError
from onion_service.clean.photo import clean_photo
from tests.unit.onion_service.clean.making import chunk, plain_photos

PLAIN = plain_photos()
SMALL = sorted(name for name in PLAIN if not name.startswith("animated"))


@given(
    st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\xff\0\0\0WEBP", b""]),
    st.binary(),
)
def test_any_bytes_are_a_photo_or_our_error(beginning: bytes, rest: bytes) -> None:
    with suppress(CleanError):
        clean_photo(beginning + rest)


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.sampled_from(SMALL),
    st.lists(st.tuples(st.integers(0, 9_999), st.integers(0, 255)), max_size=6),
    st.integers(0, 400),
)
def test_a_damaged_photo_is_cleaned_or_refused_with_our_error(
    name: str, damage: list[tuple[int, int]], cut: int
) -> None:
    photo = bytearray(PLAIN[name])
    for place, value in damage:
        photo[place % min(len(photo), 700)] = value
    with suppress(CleanError):
        clean = clean_photo(bytes(photo[: len(photo) - (cut if cut > 300 else 0)]))
        assert clean_photo(clean.data).data == clean.data


def _repaired(photo: bytes) -> bytes:
    """A damaged PNG with checksums that hold, so that the damage gets past them."""
    parts, place = [photo[:8]], 8
    while place + 12 <= len(photo):
        length = int.from_bytes(photo[place : place + 4], "big")
        parts.append(chunk(photo[place + 4 : place + 8], photo[place + 8 : place + 8 + length]))
        place += 12 + length
    return b"".join(parts)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([name for name in SMALL if name.endswith("png")]),
    st.integers(8, 900),
    st.integers(0, 255),
)
def test_a_damaged_png_with_good_checksums_is_cleaned_or_refused(name: str, place: int, value: int) -> None:
    photo = bytearray(PLAIN[name])
    photo[place % len(photo)] = value
    with suppress(CleanError):
        clean_photo(_repaired(bytes(photo)))
