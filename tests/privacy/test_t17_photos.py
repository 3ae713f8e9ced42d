"""T17: photos do not betray. exiftool finds nothing outside the allow-list, and every pixel is the same.

The corpus goes through both cleaners, Python's and the browser's, and each is judged.
"""

import base64
import inspect
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from onion_service.clean import gif, jpeg, png, webp
from onion_service.clean.errors import CleanError
from onion_service.clean.orientation import smallest_exif
from onion_service.clean.photo import clean_photo
from tests.browser import client
from tests.privacy.mutants import caught
from tests.privacy.photos import corpus as photos
from tests.privacy.photos.judge import Photos, betrayals, told
from tests.privacy.photos.planted import UPRIGHT, Planted
from tests.unit.onion_service.clean.making import decoded, plain_photos, timing

pytestmark = pytest.mark.slow  # node and exiftool over the whole corpus

Outcome = dict[str, Any]

FORMATS: Final = ("jpg", "png", "webp", "gif")
LEAST_NAMED: Final = 60
LEAST_OF_EACH: Final = 20
TURNS: Final = set(range(1, 9))
# Something of each of these must be in the corpus, as exiftool names it.
GROUPS: Final = (
    "GPS", "IFD0", "IFD1", "ExifIFD", "XMP-exif", "XMP-xmpNote", "XMP-GCamera", "IPTC", "Photoshop", "ICC_Profile",
    "ICC-header", "JUMBF", "JSON", "MPImage2", "JFXX", "Ducky", "PictureInfo", "MetaIFD", "Samsung", "Apple", "Canon",
    "FujiFilm", "Nikon", "Olympus", "Panasonic", "Sony", "PNG-pHYs",
)  # fmt: skip


def by_python(given: Photos) -> dict[str, Outcome]:
    """What Python's cleaner makes of each photo."""
    return {name: _outcome(photo) for name, photo in given.items()}


def _outcome(photo: bytes) -> Outcome:
    try:
        clean = clean_photo(photo)
    except CleanError as error:
        return {"error": type(error).__name__}
    return {
        "photo": clean.data,
        "media_type": clean.media_type,
        "width": clean.width,
        "height": clean.height,
        "removed": dict(clean.removed),
    }


def by_browser(given: Photos, *, at: Path = client.CLIENT) -> dict[str, Outcome]:
    """What the browser's cleaner makes of each photo, in one run of node."""
    asked = [base64.b64encode(photo).decode() for photo in given.values()]
    answers: list[Outcome] = client.ask("photos", at=at, photos=asked)
    for answer in answers:
        if "photo" in answer:
            answer["photo"] = base64.b64decode(answer["photo"], validate=True)
    return dict(zip(given, answers, strict=True))


CLEANERS: Final[Mapping[str, Callable[[Photos], dict[str, Outcome]]]] = {"python": by_python, "browser": by_browser}


@pytest.fixture(scope="module")
def plain() -> dict[str, bytes]:
    return plain_photos()


@pytest.fixture(scope="module")
def named(plain: dict[str, bytes]) -> dict[str, Planted]:
    return photos.named_kinds(plain)


@pytest.fixture(scope="module")
def planted(
    plain: dict[str, bytes], named: dict[str, Planted], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Planted]:
    """All photos with something to take out of them."""
    return named | photos.every_sort(plain) | photos.by_exiftool(plain, tmp_path_factory.mktemp("planted"))


@pytest.fixture(scope="module")
def given(plain: dict[str, bytes], planted: dict[str, Planted]) -> dict[str, bytes]:
    """The whole corpus as it is before cleaning."""
    assert not plain.keys() & planted.keys()
    return plain | {name: one.photo for name, one in planted.items()}


@pytest.fixture(scope="module", params=CLEANERS)
def cleaned(request: pytest.FixtureRequest, given: dict[str, bytes]) -> dict[str, bytes]:
    """The whole corpus as it leaves, by the one cleaner and by the other."""
    return _whole(CLEANERS[request.param](given))


def _whole(outcomes: Mapping[str, Outcome]) -> dict[str, bytes]:
    assert [name for name, outcome in outcomes.items() if "photo" not in outcome] == []
    return {name: outcome["photo"] for name, outcome in outcomes.items()}


def _formats(names: Iterable[str]) -> Counter[str]:
    return Counter(name.rpartition(".")[2] for name in names)


def proof_nothing_betrays(cleaned: Photos, folder: Path) -> None:
    assert betrayals(cleaned, folder) == []
    assert [name for name, photo in cleaned.items() if b"SECRET" in photo] == []


def proof_only_what_shows_matters(cleaned: Photos, planted: Mapping[str, Planted]) -> None:
    """A photo leaves as the one without the hidden facts does; only which way up it is may make a difference."""
    for name, one in planted.items():
        if one.orientation == UPRIGHT:
            assert cleaned[name] == cleaned[one.plain], name
        assert (smallest_exif(one.orientation) in cleaned[name]) == (one.orientation != UPRIGHT), name


def test_t17_the_corpus_is_large_and_every_fact_in_it_is_really_there(
    named: dict[str, Planted], tmp_path: Path
) -> None:
    counts = _formats(named)
    assert sum(counts.values()) >= LEAST_NAMED
    assert counts.keys() == set(FORMATS)
    assert min(counts.values()) >= LEAST_OF_EACH
    said = told({name: one.photo for name, one in named.items()}, tmp_path)
    for name, one in named.items():
        lines = [f"{tag} = {value}" for tag, value in said[name].items()]
        for fact in one.tells:
            assert any(line.startswith(fact) for line in lines), f"{name}: exiftool does not say {fact!r}"
        assert one.tells or b"SECRET" in one.photo, name
    groups = {tag.partition(":")[0] for facts in said.values() for tag in facts}
    assert set(GROUPS) <= groups
    for ending in ("jpg", "png", "webp"):
        turns = {one.orientation for name, one in named.items() if name.endswith(ending)}
        assert turns == TURNS, ending


def test_t17_every_sort_of_photo_betrays_before_cleaning(
    plain: dict[str, bytes], planted: dict[str, Planted], tmp_path: Path
) -> None:
    sorts = {name: one.photo for name, one in planted.items() if name.startswith(("standards_", "exiftool_"))}
    assert _formats(sorts).keys() == set(FORMATS)
    found = betrayals(sorts, tmp_path)
    assert {line.partition(":")[0] for line in found} == set(sorts)
    assert [name for name in plain if b"SECRET" not in planted[f"raw_{name}"].photo] == []


def test_t17_both_cleaners_give_the_same_bytes(given: dict[str, bytes]) -> None:
    by_hand, in_tab = by_python(given), by_browser(given)
    assert [name for name in given if by_hand[name] != in_tab[name]] == []


def test_t17_exiftool_finds_nothing_outside_the_allow_list(cleaned: dict[str, bytes], tmp_path: Path) -> None:
    proof_nothing_betrays(cleaned, tmp_path)


def test_t17_copies_that_differ_only_in_what_is_hidden_come_out_equal(
    cleaned: dict[str, bytes], planted: dict[str, Planted]
) -> None:
    proof_only_what_shows_matters(cleaned, planted)


@pytest.mark.filterwarnings("ignore:Image appears to be a malformed MPO:UserWarning")
def test_t17_decoded_pixels_are_identical(given: dict[str, bytes], cleaned: dict[str, bytes]) -> None:
    for name, photo in given.items():
        assert decoded(cleaned[name]) == decoded(photo), name
        assert name.endswith(".png") or timing(cleaned[name]) == timing(photo), name


@pytest.mark.parametrize("cleaner", CLEANERS)
def test_t17_a_clean_photo_is_its_own_clean_form(cleaner: str, cleaned: dict[str, bytes]) -> None:
    again = CLEANERS[cleaner](cleaned)
    assert _whole(again) == cleaned
    assert [name for name, outcome in again.items() if outcome["removed"]] == []


@pytest.mark.parametrize("cleaner", CLEANERS)
def test_t17_what_cannot_be_cleaned_is_refused(cleaner: str, plain: dict[str, bytes]) -> None:
    outcomes = CLEANERS[cleaner](photos.refused(plain))
    assert {name for name, outcome in outcomes.items() if "error" not in outcome} == set()
    unsupported = {name for name, outcome in outcomes.items() if outcome["error"] == "UnsupportedPhotoError"}
    assert unsupported == {
        "arithmetic.jpg",
        "lossless.jpg",
        "arithmetic_conditions.jpg",
        "lines_told_later.jpg",
        "must_be_understood.png",
    }
    assert {outcomes[name]["error"] for name in outcomes.keys() - unsupported} == {"MalformedPhotoError"}


def test_t17_the_file_name_has_no_way_in() -> None:
    assert list(inspect.signature(clean_photo).parameters) == ["data"]


def test_t17_mutant_copying_unknown_parts_is_caught_in_python(
    given: dict[str, bytes], planted: dict[str, Planted], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _copy_unknown_parts(monkeypatch)
    _caught_in_every_format(_whole(by_python(given)), planted, tmp_path, "Python")


def test_t17_mutant_copying_unknown_parts_is_caught_in_the_browser(
    given: dict[str, bytes], planted: dict[str, Planted], tmp_path: Path
) -> None:
    mutant = client.altered(tmp_path, _COPY_UNKNOWN_PARTS)
    _caught_in_every_format(_whole(by_browser(given, at=mutant)), planted, tmp_path, "browser")


def _caught_in_every_format(mutants: Photos, planted: Mapping[str, Planted], folder: Path, where: str) -> None:
    for ending in FORMATS:
        ours = {name: photo for name, photo in mutants.items() if name.endswith(f".{ending}")}
        hidden = {name: one for name, one in planted.items() if name in ours}
        caught("T17", f"copy unknown segments ({ending}, {where})", proof_nothing_betrays, ours, folder)
        caught(
            "T17", f"copy unknown segments, by bytes ({ending}, {where})", proof_only_what_shows_matters, ours, hidden
        )


def _copy_unknown_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plants in each of Python's cleaners that what is on no list is copied."""
    take_segment, take_chunk, take_extension, take_riff = (
        jpeg._take_application, png._Kept.take, gif._take_extension, webp._take,
    )  # fmt: skip
    write_chunk, end_riff = png._chunk, webp._exif
    unknown: list[bytes] = []

    def segment(reading: jpeg._Reading, marker: int, body: bytes) -> None:
        take_segment(reading, marker, body)
        reading.parts.append(jpeg._segment(marker, body))

    def chunk(kept: png._Kept, name: bytes, body: bytes, removed: Counter[str]) -> None:
        take_chunk(kept, name, body, removed)
        if name not in {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}:
            unknown.append(write_chunk(name, body))

    def written(name: bytes, body: bytes) -> bytes:
        return _taken(unknown if name == b"IDAT" else []) + write_chunk(name, body)

    def extension(label: int, blocks: list[bytes], frames: gif._Frames) -> None:
        take_extension(label, blocks, frames)
        if label != gif.CONTROL:
            body = b"".join(bytes([len(block)]) + block for block in blocks)
            frames.parts.append(bytes([gif.EXTENSION, label]) + body + b"\0")

    def riff(reading: webp._Reading, number: int, name: bytes, body: bytes) -> None:
        take_riff(reading, number, name, body)
        if name not in {b"VP8X", b"ANIM", b"ANMF", b"ALPH", b"VP8 ", b"VP8L"}:
            unknown.append(webp._chunk(name, body))

    monkeypatch.setattr(jpeg, "_take_application", segment)
    monkeypatch.setattr(png._Kept, "take", chunk)
    monkeypatch.setattr(png, "_chunk", written)
    monkeypatch.setattr(gif, "_take_extension", extension)
    monkeypatch.setattr(webp, "_take", riff)
    monkeypatch.setattr(webp, "_exif", lambda reading: end_riff(reading) + _taken(unknown))


def _taken(parts: list[bytes]) -> bytes:
    joined = b"".join(parts)
    parts.clear()
    return joined


# The same in the browser's: for each module the text that goes, and what stands there instead.
_COPY_UNKNOWN_PARTS: Final[client.Changes] = {
    "clean/jpeg.js": [
        ("removed.add(kindOfApplication(marker, body))", "parts.push(segment(marker, body))"),
        ('reading.removed.add("comment")', "reading.parts.push(segment(marker, body))"),
    ],
    "clean/png.js": [
        ('last = "";', 'last = ""; unknown = [];'),
        ('removed.add(KIND_OF_CHUNK.get(name) ?? "unknown")', "this.unknown.push(chunk(name, body))"),
        ('parts.push(chunk("IDAT"', 'parts.push(...kept.unknown, chunk("IDAT"'),
    ],
    "clean/gif.js": [
        (
            "const name = extension === APPLICATION",
            (
                "if (extension !== CONTROL) frames.parts.push("
                "concat(Uint8Array.of(EXTENSION, extension), inSubBlocks(joined(blocks))));\n"
                "  const name = extension === APPLICATION"
            ),
        ),
    ],
    "clean/webp.js": [
        ("alpha = undefined;\n  orientation", "alpha = undefined;\n  unknown = [];\n  orientation"),
        (
            'reading.removed.add(KIND_OF_CHUNK.get(name) ?? "unknown")',
            "reading.unknown.push(chunk(name, body))",
        ),
        ("picture.chunks, exif(reading))", "picture.chunks, exif(reading), ...reading.unknown)"),
        ("...reading.frames, exif(reading)]", "...reading.frames, exif(reading), ...reading.unknown]"),
    ],
}
