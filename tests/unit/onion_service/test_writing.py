"""What leaves is clean, fits, and is for whom it was meant; or nothing leaves."""

import io
from dataclasses import replace

import pytest
from PIL import Image

from crypto.directory import Directory
from crypto.letter import open_letter
from crypto.report import ATTACHMENTS_MAX, When, part_name
from onion_service.refusals import CannotSend, Uncleanable
from onion_service.writing import CleanFile, Draft, File, clean, clean_file, prepare
from tests.loopback_relay import World

WORLD = World(now=lambda: 1_000_000.0)
PDF = b"%PDF-1.7\n/Author (Juana)\n"


@pytest.fixture
def directory() -> Directory:
    return WORLD.directory


def photo_with_gps() -> bytes:
    exif = Image.Exif()
    exif[0x010F] = "CameraMaker"
    exif.get_ifd(0x8825)[1] = "N"
    made = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(made, "JPEG", exif=exif)
    return made.getvalue()


def test_a_photo_leaves_without_what_it_says_of_its_maker() -> None:
    given = photo_with_gps()
    assert b"CameraMaker" in given
    cleaned = clean_file(File("IMG_2031.jpg", given))
    assert cleaned.cleaned
    assert cleaned.media == "image/jpeg"
    assert b"CameraMaker" not in cleaned.data
    assert cleaned.removed


def test_a_marked_text_and_its_plain_copy_leave_equal() -> None:
    marked = clean(Draft(text="Vi\u200b algo\u00a0aquí.", where="la\u200bcasa\nazul"))
    assert marked.draft.text == clean(Draft(text="Vi algo aquí.")).draft.text
    assert marked.draft.where == "lacasa azul"
    assert marked.removed


def test_a_kind_that_cannot_be_cleaned_is_refused() -> None:
    for name, data in (("acta.pdf", PDF), ("ruta.gpx", b"<gpx creator='Juana'/>"), ("x.svg", b"<svg/>")):
        with pytest.raises(Uncleanable, match=name):
            clean_file(File(name, data))


def test_a_broken_photo_is_refused() -> None:
    with pytest.raises(Uncleanable):
        clean_file(File("a.jpg", photo_with_gps()[:200]))


def test_with_the_writers_word_it_leaves_marked_as_not_cleaned(directory: Directory) -> None:
    written = clean(Draft(text="Adjunto."), [File("acta.pdf", PDF)], allow_uncleaned=True)
    prepared = prepare(written, directory=directory, to=["norte"])
    attachment = prepared.report.attachments[0]
    assert (attachment.media, attachment.cleaned) == ("application/pdf", False)
    assert open_letter(prepared.parcels[0].cell, [WORLD.norte.opening]) == PDF


def test_a_kind_nobody_knows_is_only_bytes() -> None:
    assert clean_file(File("a.xyz", b"\x01\x02\x03"), allow_uncleaned=True).media == "application/octet-stream"


def test_a_file_name_crosses_no_wire(directory: Directory) -> None:
    written = clean(Draft(text="Foto."), [File("juana-perez.jpg", photo_with_gps())])
    prepared = prepare(written, directory=directory, to=["norte"])
    assert b"juana" not in prepared.report.encode()
    assert all(
        b"juana" not in content
        for content in (open_letter(sealed.cell, [WORLD.norte.opening]) for sealed in prepared.parcels)
        if isinstance(content, bytes)
    )


def test_everything_said_arrives(directory: Directory) -> None:
    said = Draft(
        text="Vi algo.", lang="yua", topic="desaparicion", place="sonora", where="junto al río", when=When.TODAY
    )
    report = prepare(clean(said), directory=directory, to=["sur"]).report
    assert (report.text, report.lang, report.topic, report.place, report.where, report.when) == (
        "Vi algo.",
        "yua",
        "desaparicion",
        "sonora",
        "junto al río",
        When.TODAY,
    )


def test_the_same_file_twice_leaves_once(directory: Directory) -> None:
    written = clean(Draft(text="Dos."), [File("a.txt", b"igual"), File("b.txt", b"igual")])
    prepared = prepare(written, directory=directory, to=["norte"])
    assert len(prepared.report.attachments) == 2
    assert len(prepared.parcels) == 1
    assert prepared.report.attachments[0].parts == [part_name(b"igual")]


@pytest.mark.parametrize(
    ("draft", "to", "said"),
    [
        (Draft(text="a"), ["nadie"], "norte, sur"),
        (Draft(text="a"), [], "one to 4"),
        (Draft(text="a"), ["norte", "norte"], "different"),
        (Draft(text="a", topic="otro"), ["norte"], "desaparicion"),
        (Draft(text="a", place="otro"), ["norte"], "sonora"),
        (Draft(text="a", lang="Español"), ["norte"], "language"),
        (Draft(text="a" * 20_001), ["norte"], "20000"),
    ],
)
def test_what_cannot_be_sent_says_why(draft: Draft, to: list[str], said: str, directory: Directory) -> None:
    with pytest.raises(CannotSend, match=said):
        prepare(clean(draft), directory=directory, to=to)


def test_an_empty_text_or_file_is_refused() -> None:
    for text in ("", " \n ", "\u200b"):
        with pytest.raises(CannotSend, match="empty"):
            clean(Draft(text=text))
    for data in (b"", b"\xe2\x80\x8b"):
        with pytest.raises(CannotSend, match="empty"):
            clean_file(File("a.txt", data))


def test_too_much_is_refused_before_it_is_sealed(directory: Directory) -> None:
    large = CleanFile("a.txt", "text/plain", b"a" * 3_000_001, cleaned=True, removed=())
    big = replace(clean(Draft(text="a")), files=(large,))
    with pytest.raises(CannotSend, match="3000000"):
        prepare(big, directory=directory, to=["norte"])
    many = clean(Draft(text="a"), [File("a.txt", b"%d" % number) for number in range(ATTACHMENTS_MAX + 1)])
    with pytest.raises(CannotSend, match="16 attachments"):
        prepare(many, directory=directory, to=["norte"])
