"""T17: photos do not betray by their names. Neither a file's name nor its stem is in anything that is sealed or leaves.

The photos carry their names inside too, as some programs write them there.
"""

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from crypto.directory import TrustedDirectory, read_answer
from crypto.layers import Kind
from crypto.letter import open_content, parse_content
from crypto.report import Report
from onion_service import writing
from onion_service.clean.picture import CleanPhoto
from onion_service.writing import Draft, File
from tests.browser import client
from tests.browser.road import Road
from tests.privacy.mutants import caught
from tests.privacy.photos import exif, facts
from tests.unit.onion_service.clean.making import chunk, plain_photos, segment, with_chunks, with_segments

pytestmark = pytest.mark.slow  # node starts for each question

STEMS: Final = ("Juana-Tepito-2026-01-02", "captura_de_Ramon", "lo que vi en la esquina")
TEXT: Final = "Vi a dos hombres."


def files() -> list[File]:
    """A photo, a picture of a screen and a note, each with a name that tells a person, a day or a place."""
    plain = plain_photos()
    photo, screen, note = STEMS
    block = exif.Exif(main=((0x010D, exif.ASCII, f"{photo}.JPG".encode()),)).block()
    label = facts.xmp(more=f"photoshop:DocumentName='{photo}.JPG'")
    parts = (segment(0xE1, facts.labelled_exif(block)), segment(0xE1, facts.XMP_LABEL + label))
    return [
        File(f"{photo}.JPG", with_segments(plain["baseline.jpg"], *parts)),
        File(f"{screen}.png", with_chunks(plain["colour.png"], chunk(b"tEXt", b"Title\0" + screen.encode()))),
        File(f"{note}.txt", b"La camioneta era blanca."),
    ]


def sent_by_python(road: Road, given: Sequence[File]) -> list[bytes]:
    """The plaintext of every cell, and every cell, of a report that Python seals."""
    signed, _ = read_answer(road.answer())
    directory = TrustedDirectory.read(signed, root=road.root.signing.verifying_key, now=road.now).directory
    prepared = writing.prepare(writing.clean(Draft(text=TEXT), given), directory=directory, to=["partner-0"])
    cells = [sealed.cell for sealed in prepared.cells]
    return [open_content(cell, road.partners[:1]) for cell in cells] + cells


def sent_by_browser(road: Road, given: Sequence[File], *, at: Path = client.CLIENT) -> list[bytes]:
    """The same of one that the browser's client seals, and what goes over the wire for it."""
    written: dict[str, Any] = client.ask(
        "write",
        at=at,
        answer=base64.b64encode(road.answer()).decode(),
        card=road.card(),
        now=road.now,
        draft={"text": TEXT},
        files=[{"name": file.name, "data": base64.b64encode(file.data).decode()} for file in given],
        to=["partner-0"],
    )
    wires = [base64.b64decode(made["envelope"]) for made in written["cells"]]
    peeled = [road.through(wire) for wire in wires]
    assert {kind for kind, _ in peeled} == {Kind.PASS}
    return [open_content(cell, road.partners[:1]) for _, cell in peeled] + wires


def proof_no_name_leaves(sent: Sequence[bytes]) -> None:
    reports = [content for content in sent[:1] if isinstance(parse_content(content), Report)]
    assert len(reports) == 1
    assert TEXT.encode() in reports[0]
    assert len(sent) == 2 * (1 + len(STEMS))
    for stem in STEMS:
        for said in (stem.encode(), stem.encode("utf-16-le"), stem.encode("utf-16-be")):
            assert not any(said.lower() in content.lower() for content in sent), stem


@pytest.fixture
def road() -> Road:
    return Road.fresh(1)


def test_t17_no_file_name_leaves_python(road: Road) -> None:
    proof_no_name_leaves(sent_by_python(road, files()))


def test_t17_no_file_name_leaves_the_browser(road: Road) -> None:
    proof_no_name_leaves(sent_by_browser(road, files()))


def test_t17_mutant_a_name_that_leaves_python_is_caught(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as plant:
        plant.setattr(writing, "clean_photo", lambda data: CleanPhoto(data, "image/jpeg", 1, 1, ()))
        caught("T17", "leave a photo as it is (Python)", proof_no_name_leaves, sent_by_python(road, files()))
    with monkeypatch.context() as plant:
        plant.setattr(writing, "Report", lambda **said: Report(**{**said, "where": files()[0].name}))
        caught("T17", "say the name in the report (Python)", proof_no_name_leaves, sent_by_python(road, files()))


@pytest.mark.parametrize(
    ("mutant", "module", "before", "after"),
    [
        ("leave a photo as it is", "clean/photo.js", "return clean(data);", "return { ...clean(data), data };"),
        (
            "say the name in the report",
            "writing.js",
            "reports.report({ ...draft,",
            "reports.report({ ...draft, where: files[0].name,",
        ),
    ],
    ids=["as it is", "name in the report"],
)
def test_t17_mutant_a_name_that_leaves_the_browser_is_caught(
    road: Road, tmp_path: Path, mutant: str, module: str, before: str, after: str
) -> None:
    at = client.altered(tmp_path, {module: [(before, after)]})
    caught("T17", f"{mutant} (browser)", proof_no_name_leaves, sent_by_browser(road, files(), at=at))
