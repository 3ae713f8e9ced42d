"""What the cleaning of photos promises (docs/spec/cleaning.md, "Photos")."""

import random
import struct
import time
import warnings
import zlib
from collections.abc import Callable

import pytest
from PIL import Image

from onion_service.clean import gif, jpeg, picture, png
from onion_service.clean.errors import (
    CleanError,
    MalformedPhotoError,
    NotAPhotoError,
    TooLargePhotoError,
    UnsupportedPhotoError,
)
from onion_service.clean.orientation import orientation_in, smallest_exif
from onion_service.clean.photo import clean_photo
from tests.unit.onion_service.clean.making import (
    SECRET,
    betraying_exif,
    chunk,
    decoded,
    interlaced_png,
    plain_photos,
    riff_chunk,
    saved,
    segment,
    timing,
    with_chunks,
    with_hidden_parts,
    with_riff_chunks,
    with_segments,
)
from tests.unit.onion_service.clean.making import picture as drawn

PLAIN = plain_photos()


@pytest.mark.parametrize("name", PLAIN)
def test_a_clean_photo_shows_the_same_and_is_its_own_clean_form(name: str) -> None:
    for photo in (PLAIN[name], *with_hidden_parts(name, PLAIN[name]).values()):
        clean = clean_photo(photo)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Image appears to be a malformed MPO", UserWarning)
            assert decoded(clean.data) == decoded(photo)
            assert name.endswith("png") or timing(clean.data) == timing(photo)
        again = clean_photo(clean.data)
        assert (again.data, again.removed) == (clean.data, ())
        assert b"SECRET" not in clean.data
        assert b"S\0E\0C\0R" not in clean.data


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_orientation_is_kept_and_nothing_else_of_the_exif(kind: str, orientation: int) -> None:
    photo = saved(drawn(), kind, exif=betraying_exif(orientation))
    clean = clean_photo(photo)
    assert decoded(clean.data) == decoded(photo)
    assert (smallest_exif(orientation) in clean.data) == (orientation != 1)
    assert dict(clean.removed)["exif"] == 1


def test_size_and_media_type_are_told() -> None:
    told = {name: clean_photo(photo) for name, photo in PLAIN.items()}
    assert {clean.media_type for clean in told.values()} == {
        "image/jpeg",
        "image/png",
        "image/gif",
        "image/webp",
    }
    for name, clean in told.items():
        assert (clean.width, clean.height) == ((13, 9) if name == "interlaced.png" else (61, 43))


@pytest.mark.parametrize("exif", [b"", b"MM\0*", b"II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff"])
def test_an_exif_without_orientation_says_upright(exif: bytes) -> None:
    assert orientation_in(exif) == 1


def test_an_orientation_of_the_wrong_sort_says_upright() -> None:
    good = smallest_exif(6)
    assert orientation_in(good) == 6
    assert orientation_in(good.replace(b"\0\6\0\0", b"\0\x09\0\0")) == 1
    assert orientation_in(good.replace(b"\1\x12\0\3", b"\1\x12\0\4")) == 1


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7", b"\0\0\0\x18ftypheic", b"RIFF\0\0\0\0WAVE", b"PK\3\4"])
def test_what_is_no_photo_is_refused_as_such(data: bytes) -> None:
    with pytest.raises(NotAPhotoError):
        clean_photo(data)


def test_too_many_bytes_are_refused_before_they_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onion_service.clean.photo.MAX_PHOTO_LEN", 100)
    with pytest.raises(TooLargePhotoError):
        clean_photo(b"\xff\xd8\xff" + bytes(98))


def _png_of(width: int, height: int, rows: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    )


def test_more_pixels_than_a_desk_can_open_are_refused() -> None:
    side = 1 << 15
    assert side * side > picture.MAX_PIXELS
    with pytest.raises(TooLargePhotoError):
        clean_photo(_png_of(side, side, b""))


@pytest.mark.parametrize("rows", [b"\0" * 9, b"\0" * 7, b"\0" * 1_000_000])
def test_png_data_of_another_length_than_the_picture_is_refused(rows: bytes) -> None:
    with pytest.raises(MalformedPhotoError):
        clean_photo(_png_of(3, 2, rows))


def test_bytes_after_the_png_stream_and_the_cut_of_its_pieces_do_not_pass() -> None:
    stream = zlib.compress(b"\0" * 8, 9)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 3, 2, 8, 0, 0, 0, 0))
    pieces = [chunk(b"IDAT", part) for part in (stream[:3], b"", stream[3:] + SECRET)]
    photo = b"\x89PNG\r\n\x1a\n" + b"".join((header, *pieces, chunk(b"IEND", b"")))
    clean = clean_photo(photo)
    assert clean.data == clean_photo(_png_of(3, 2, b"\0" * 8)).data
    assert dict(clean.removed) == {"trailing": 1}


def _broken_pngs() -> dict[str, bytes]:
    whole = PLAIN["colour.png"]
    palette = PLAIN["palette.png"]
    return {
        "checksum": whole[:40] + bytes([whole[40] ^ 1]) + whole[41:],
        "cut": whole[:-5],
        "no header": whole[:8] + whole[33:],
        "two headers": with_chunks(whole, whole[8:33][8:21] and chunk(b"IHDR", whole[16:29])),
        "split data": whole[:-12] + chunk(b"tEXt", b"a") + chunk(b"IDAT", b"") + whole[-12:],
        "palette missing": palette[:33] + palette[palette.index(b"IDAT") - 4 :],
        "grey with palette": with_chunks(PLAIN["grey.png"], chunk(b"PLTE", b"abc")),
        "transparency too long": with_chunks(whole, chunk(b"tRNS", b"1234567")),
        "name": with_chunks(whole, chunk(b"te1t", b"")),
        "depth": whole[:8] + chunk(b"IHDR", whole[16:24] + b"\3\2\0\0\0") + whole[33:],
        "header length": whole[:8] + chunk(b"IHDR", whole[16:28]) + whole[33:],
        "not deflate": _png_of(1, 1, b"\0\0").replace(zlib.compress(b"\0\0"), b""),
        "no side": _png_of(0, 5, b""),
    }


@pytest.mark.parametrize("name", _broken_pngs())
def test_a_png_that_is_not_whole_is_malformed(name: str) -> None:
    with pytest.raises(MalformedPhotoError):
        clean_photo(_broken_pngs()[name])


def test_a_critical_png_chunk_that_is_not_known_is_unsupported() -> None:
    with pytest.raises(UnsupportedPhotoError):
        clean_photo(with_chunks(PLAIN["colour.png"], chunk(b"FOOO", b"")))


def test_a_suggested_palette_and_unused_bits_of_a_clear_colour_do_not_pass() -> None:
    photo = with_chunks(PLAIN["colour.png"], chunk(b"PLTE", b"SECRET"), chunk(b"tRNS", b"\xff\1\xff\2\xff\3"))
    clean = clean_photo(photo)
    assert b"SECRET" not in clean.data
    assert chunk(b"tRNS", b"\0\1\0\2\0\3") in clean.data


def test_colour_facts_that_change_jpeg_colours_are_kept_in_one_way() -> None:
    whole = PLAIN["baseline.jpg"]
    bare = whole[:2] + whole[20:]
    adobe = segment(0xEE, b"Adobe\0\x65\x80\0\0\0\1")
    assert clean_photo(whole[:2] + adobe + whole[20:]).data == clean_photo(bare).data == clean_photo(whole).data
    named = bare.replace(b"\3\1\x22\0\2\x11\1\3\x11\1", b"\3\7\x22\0\x09\x11\1\x0b\x11\1").replace(
        b"\3\1\0\2\x11\3\x11\0", b"\3\7\0\x09\x11\x0b\x11\0"
    )
    assert named != bare
    assert clean_photo(named).data == clean_photo(whole).data


def _marker_at(photo: bytes, marker: int) -> int:
    return photo.index(bytes([0xFF, marker]))


def _broken_jpegs() -> dict[str, bytes]:
    whole = PLAIN["baseline.jpg"]
    frame, scan, huffman = (_marker_at(whole, marker) for marker in (0xC0, 0xDA, 0xC4))
    progressive = PLAIN["progressive.jpg"]
    band = _marker_at(progressive, 0xDA) + 4 + 1 + 6
    return {
        "no end": whole[:-2],
        "half": whole[: len(whole) // 2],
        "bytes between": whole[:20] + b"\0" + whole[20:],
        "no scan": whole[:scan] + b"\xff\xd9",
        "no frame": whole[:frame] + whole[huffman:],
        "two frames": whole[:scan] + whole[frame:huffman] + whole[scan:],
        "no tables": whole[:huffman] + whole[scan:],
        "restart without interval": whole[:-2] + b"\xff\xd0\xff\xd9",
        "short segment": with_segments(whole, b"\xff\xe5\0\1"),
        "quantization": with_segments(whole, segment(0xDB, b"\x24" + bytes(64))),
        "huffman": with_segments(whole, segment(0xC4, b"\0" + b"\xff" * 16 + bytes(4080))),
        "interval": with_segments(whole, segment(0xDD, b"\0")),
        "scan of nothing": whole[: scan + 4] + b"\0" + whole[scan + 5 :],
        "foreign component": whole[: scan + 5] + b"\x63" + whole[scan + 6 :],
        "no width": whole[: frame + 7] + b"\0\0" + whole[frame + 9 :],
        "sampling": whole[: frame + 11] + b"\0" + whole[frame + 12 :],
        "frame length": whole[: frame + 9] + b"\4" + whole[frame + 10 :],
        "progressive band": progressive[:band] + b"\5\4" + progressive[band + 2 :],
        "twelve bits baseline": whole[: frame + 4] + b"\x0c" + whole[frame + 5 :],
    }


@pytest.mark.parametrize("name", _broken_jpegs())
def test_a_jpeg_that_is_not_whole_is_malformed(name: str) -> None:
    with pytest.raises(MalformedPhotoError):
        clean_photo(_broken_jpegs()[name])


@pytest.mark.parametrize("marker", [0xC3, 0xC5, 0xC9, 0xCC, 0xDC, 0xDE, 0xDF])
def test_rare_sorts_of_jpeg_are_unsupported(marker: int) -> None:
    with pytest.raises(UnsupportedPhotoError):
        clean_photo(with_segments(PLAIN["baseline.jpg"], segment(marker, bytes(9))))


def test_fill_bytes_in_and_around_jpeg_scans_do_not_pass() -> None:
    whole = PLAIN["restarts.jpg"]
    filled = whole.replace(b"\xff\xd0", b"\xff\xff\xff\xd0").replace(b"\xff\xda", b"\xff\xff\xda")
    assert filled != whole
    clean = clean_photo(filled)
    assert clean.data == clean_photo(whole).data
    assert dict(clean.removed)["padding"] >= 2


def test_too_many_jpeg_scans_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jpeg, "MAX_SCANS", 3)
    with pytest.raises(MalformedPhotoError):
        clean_photo(PLAIN["progressive.jpg"])


def _broken_gifs() -> dict[str, bytes]:
    whole = PLAIN["still.gif"]
    image = whole.rindex(b",\0\0\0\0=\0+\0")
    flat = saved(Image.new("P", (61, 43)), "GIF")
    one = flat.rindex(b",\0\0\0\0=\0+\0")
    return {
        "no trailer": whole[:-1],
        "cut": whole[:-40],
        "no picture": whole[:image] + b";",
        "no block": whole[:image] + b"\1" + whole[image:],
        "code size": whole[: image + 10] + b"\x0b" + whole[image + 11 :],
        "fewer pixels": whole[: image + 7] + b"\xff\0" + whole[image + 9 :],
        "more pixels": flat[: one + 7] + b"\1\0" + flat[one + 9 :],
        "no colours": whole[:10] + b"\0" + whole[11:13] + whole[image:],
        "not codes": whole[: image + 11] + b"\4\xff\xff\xff\xff\0;",
    }


@pytest.mark.parametrize("name", _broken_gifs())
def test_a_gif_that_is_not_whole_is_malformed(name: str) -> None:
    with pytest.raises(MalformedPhotoError):
        clean_photo(_broken_gifs()[name])


def test_bytes_after_the_last_gif_pixel_and_the_cut_of_its_blocks_do_not_pass() -> None:
    whole = PLAIN["still.gif"]
    hidden = whole[:-2] + bytes([len(SECRET)]) + SECRET + b"\0;"
    clean = clean_photo(hidden)
    assert clean.data == clean_photo(whole).data
    assert dict(clean.removed) == {"trailing": 1}


def test_unused_facts_of_a_gif_are_always_the_same() -> None:
    whole = PLAIN["clear.gif"]
    odd = bytearray(whole)
    odd[10] = odd[10] & 0x8F | 0x28
    odd[11], odd[12] = 9, 77
    assert clean_photo(bytes(odd)).data == clean_photo(whole).data


def test_too_many_gif_frames_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gif, "MAX_FRAMES", 2)
    with pytest.raises(MalformedPhotoError):
        clean_photo(PLAIN["animated.gif"])


def _broken_webps() -> dict[str, bytes]:
    lossy, animated, alpha = PLAIN["lossy.webp"], PLAIN["animated.webp"], PLAIN["lossy_alpha.webp"]
    frame = animated.index(b"ANMF")
    return {
        "cut": lossy[:-9],
        "no chunk": with_riff_chunks(lossy, b"abc"),
        "two pictures": with_riff_chunks(lossy, lossy[12:]),
        "no picture": with_riff_chunks(lossy[:12]),
        "start code": lossy[:23] + b"\0" + lossy[24:],
        "not a key picture": lossy[:20] + bytes([lossy[20] | 1]) + lossy[21:],
        "no loop": animated.replace(b"ANIM", b"xNIM"),
        "two loops": with_riff_chunks(animated, riff_chunk(b"ANIM", bytes(6))),
        "frame size": animated[: frame + 14] + b"\0\0\0" + animated[frame + 17 :],
        "frame place": animated[: frame + 8] + b"\x09\0\0" + animated[frame + 11 :],
        "late head": with_riff_chunks(lossy, riff_chunk(b"VP8X", bytes(10))),
        "other size": alpha[:24] + b"\5\0\0" + alpha[27:],
        "lonely alpha": with_riff_chunks(lossy[:12], riff_chunk(b"ALPH", b"\0\0")),
        "alpha": with_riff_chunks(lossy[:12], riff_chunk(b"ALPH", b"\3\0"), lossy[12:]),
        "lossless start": with_riff_chunks(lossy[:12], riff_chunk(b"VP8L", bytes(9))),
    }


@pytest.mark.parametrize("name", _broken_webps())
def test_a_webp_that_is_not_whole_is_malformed(name: str) -> None:
    with pytest.raises(MalformedPhotoError):
        clean_photo(_broken_webps()[name])


def test_an_unknown_version_of_lossless_webp_is_unsupported() -> None:
    photo = bytearray(PLAIN["lossless.webp"])
    photo[24] |= 0x20
    with pytest.raises(UnsupportedPhotoError):
        clean_photo(bytes(photo))


def test_a_webp_asks_for_no_enlarging() -> None:
    photo = bytearray(PLAIN["lossy.webp"])
    photo[27] |= 0x40
    photo[29] |= 0x80
    assert clean_photo(bytes(photo)).data == clean_photo(PLAIN["lossy.webp"]).data


def _seconds(work: Callable[[], object]) -> float:
    """Of the processor, so that what else the machine does is not counted; the less of two."""
    spent = []
    for _ in range(2):
        begun = time.process_time()
        work()
        spent.append(time.process_time() - begun)
    return min(spent)


def _refused(photo: bytes) -> None:
    with pytest.raises(CleanError):
        clean_photo(photo)


@pytest.mark.slow
def test_a_large_photo_takes_time_in_proportion() -> None:
    """Of four times the size, some four times as long; what took the square would take sixteen times as long."""
    chance = random.Random(5)

    def noise(width: int, height: int) -> Image.Image:
        noisy = Image.new("L", (width, height))
        noisy.putdata([chance.randrange(256) for _ in range(width * height)])
        return noisy

    small, large = noise(800, 600), noise(1600, 1200)
    kinds: list[Callable[[Image.Image], bytes]] = [
        lambda noisy: saved(noisy.convert("RGB"), "JPEG", quality=95),
        lambda noisy: saved(noisy.convert("RGB"), "PNG"),
        lambda noisy: saved(noisy.quantize(128), "GIF"),
    ]
    for kind in kinds:
        few, many = kind(small), kind(large)
        assert _seconds(lambda: clean_photo(many)) < 10 * max(_seconds(lambda: clean_photo(few)), 0.01)  # noqa: B023
    head = PLAIN["baseline.jpg"][:-2]
    few, many = head + b"\xff" * 500_000, head + b"\xff" * 2_000_000
    assert _seconds(lambda: _refused(many)) < 10 * max(_seconds(lambda: _refused(few)), 0.01)


def test_the_length_of_an_interlaced_picture_is_known() -> None:
    photo = interlaced_png()
    header = photo[16:29]
    assert len(zlib.decompress(photo[41:-16])) == png._inflated_length(header)
