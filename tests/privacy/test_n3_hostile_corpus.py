"""N3: opening what strangers send harms nobody. Of a hostile corpus only clean copies come out, each with its list."""

import io
import json
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from forwarder.desk import escapes, judging
from forwarder.desk.findings import CleanCopy, Findings, Outcome, Reason
from forwarder.desk.sandbox import SECONDS, START, Sandbox
from tests.privacy import opening_corpus as corpus
from tests.privacy.mutants import caught
from tests.privacy.photos.judge import betrayals, told

pytestmark = pytest.mark.slow  # a child for each file

LEAST: Final = 120
# What must come out, so that a desk that refuses everything is not taken for a safe one.
LEAST_COPIES: Final = 60
# A child that gives the file back as it came.
PASSES_ON: Final = START.replace(
    "main(sys.argv[1])",
    "from forwarder.desk import cleaners, passing, findings; from onion_service.clean.kinds import media_type_of;"
    "cleaners.cleaned = lambda data, *, media, scratch, tools: (passing.Answered("
    "outcome=findings.Outcome.CLEANED, media=media_type_of(data)), data); main(sys.argv[1])",
)


@dataclass(frozen=True, slots=True)
class Opened:
    """What came of a file, and how long it took."""

    copy: CleanCopy
    seconds: float


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    return Sandbox.best()


@pytest.fixture(scope="module")
def given() -> dict[str, corpus.Given]:
    return corpus.files()


@pytest.fixture(scope="module")
def opened(given: dict[str, corpus.Given], sandbox: Sandbox) -> dict[str, Opened]:
    return open_all(given, sandbox)


def open_all(given: dict[str, corpus.Given], sandbox: Sandbox) -> dict[str, Opened]:
    """Every file in a child of its own, two at a time."""

    def one(name: str) -> Opened:
        began = time.monotonic()
        data, media = given[name]
        return Opened(sandbox.attachment(data, media=media), time.monotonic() - began)

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(given, pool.map(one, given), strict=True))


def proof_copies_are_clean(opened: dict[str, Opened], folder: Path) -> None:
    """exiftool finds nothing outside the allow-lists, and no planted word is in any byte or member of a copy."""
    folder.mkdir()
    photos: dict[str, bytes] = {}
    others: dict[str, bytes] = {}
    for name, one in opened.items():
        copy = one.copy
        if copy.data:
            ending = copy.office or escapes.ENDINGS[copy.media]
            (photos if copy.media.startswith("image/") else others)[f"{name}{ending}"] = copy.data
            assert corpus.SECRET.encode() not in copy.data, name
            for body in _members(copy.data) if copy.office else ():
                assert corpus.SECRET.encode() not in body, name
    assert betrayals(photos, folder) == []
    for name, facts in told(others, folder).items() if others else ():
        assert judging.strangers(json.dumps([facts]).encode()) == [], name


def _members(data: bytes) -> list[bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [archive.read(name) for name in archive.namelist()]


def proof_nothing_acts(texts: list[str]) -> None:
    for text in texts:
        assert all(one == "\n" or one.isprintable() for one in text)
        assert "<" not in escapes.in_html(text) + escapes.in_xml(text)
        cells = [line.lstrip('"').lstrip()[:1] for line in escapes.in_csv(text).split("\n")]
        assert not {*cells} & {*"=+-@|%＝＋－＠"}


def test_n3_the_corpus_is_large(given: dict[str, corpus.Given]) -> None:
    assert len(given) + len(corpus.TEXTS) >= LEAST
    assert len(given) >= LEAST
    assert max(len(data) for data, _ in given.values()) < 3 * corpus.MEBIBYTE
    assert sum(corpus.SECRET.encode() in data for data, _ in given.values()) >= 20


def test_n3_every_file_is_opened_or_refused_with_its_list(opened: dict[str, Opened]) -> None:
    slow = {name: round(one.seconds, 1) for name, one in opened.items() if one.seconds > SECONDS}
    assert slow == {}
    for name, one in opened.items():
        found: Findings = one.copy.findings
        assert (found.outcome is Outcome.NOT_CLEANED) == (not one.copy.data), name
        assert found.unchecked or found.remains, name
        assert all(isinstance(word, str | list) for word in found.spoken().values())
    copies = [name for name, one in opened.items() if one.copy.data]
    longest = max(opened, key=lambda name: opened[name].seconds)
    print(f"N3: {len(opened)} files, {len(copies)} copies, longest {opened[longest].seconds:.1f} s ({longest})")
    assert len(copies) >= LEAST_COPIES


def test_n3_what_acts_grows_or_is_broken_has_no_copy(opened: dict[str, Opened]) -> None:
    refused = {name: one.copy.findings.reason for name, one in opened.items() if not one.copy.data}
    acts = {
        *("macro.docm", "macro.xlsm", "control.pptx", "template.docx", "picture-outside.docx", "dde.docx"),
        *("object.docx", "laughs.docx", "entity.docx", "basic.odt", "scripts.odt", "picture-outside.odt"),
        *("object.odt", "wide-letters.docx"),
    }
    assert {name: refused.get(name) for name in acts} == dict.fromkeys(acts, Reason.ACTIVE)
    large = (
        "100-megapixels.png",
        "no-end-of-pixels.png",
        "wide.png",
        "bomb.docx",
        "many.docx",
        "lies.docx",
        "long.txt",
    )
    assert {name: refused.get(name) for name in large} == dict.fromkeys(large, Reason.LARGE)
    kinds = (
        "climbs.zip",
        "in-each-other.zip",
        "acts-by-name.zip",
        "program.bin",
        "macro.doc",
        "object.rtf",
        "page.jpg",
    )
    assert {name: refused.get(name) for name in kinds} == dict.fromkeys(kinds, Reason.KIND)
    assert {name for name in refused if name.startswith("noise-")} == {
        name for name in opened if name.startswith("noise-")
    }


def proof_nothing_calls_out(opened: dict[str, Opened]) -> None:
    """What would fetch or run something when it is opened has no copy, however it is spelled."""
    found = {name: one.copy.findings.reason for name, one in opened.items()}
    assert found == dict.fromkeys(found, Reason.ACTIVE)


def test_n3_no_document_calls_out(opened: dict[str, Opened], given: dict[str, corpus.Given], sandbox: Sandbox) -> None:
    calling = {name: one for name, one in opened.items() if name.startswith("calls-")}
    assert len(calling) > 40
    proof_nothing_calls_out(calling)
    for mutant, planted in (
        ("do not parse what is in a document", "office.read = lambda text: office.Part()"),
        ("do not ask what names a relation", "office._refuse_what_is_fetched = lambda parts: None"),
    ):
        lazy = START.replace("main(sys.argv[1])", f"from forwarder.desk import office; {planted}; main(sys.argv[1])")
        some = {name: given[name] for name in ("calls-no-actuate.odt", "calls-link-as-picture.docx")}
        blind = open_all(some, Sandbox(sandbox.way, start=lazy))
        caught("N3", mutant, proof_nothing_calls_out, blind)


def test_n3_what_people_need_to_see_has_a_copy(opened: dict[str, Opened]) -> None:
    needed = [name for name in opened if name.startswith(("photo-", "ordinary-"))]
    needed += ["50-megapixels.png", "50-megapixels.jpg", "script.pdf", "file-inside.pdf", "author.docx", "author.odt"]
    needed += ["author.mp3", "author.tiff", "zip-behind.jpg", "colours.txt", "formulas.csv"]
    assert [name for name in needed if not opened[name].copy.data] == []


def test_n3_exiftool_finds_nothing_outside_the_allow_list(
    opened: dict[str, Opened], given: dict[str, corpus.Given], sandbox: Sandbox, tmp_path: Path
) -> None:
    proof_copies_are_clean(opened, tmp_path / "copies")
    some = {name: given[name] for name in sorted(given) if name.startswith("photo-") and name.endswith(".jpg")}
    lazy = open_all(some, Sandbox(sandbox.way, start=PASSES_ON))
    assert all(one.copy.data == given[name][0] for name, one in lazy.items())
    caught("N3", "a child that passes files on as they came", proof_copies_are_clean, lazy, tmp_path / "mutant")
    # Not the planted word but the field alone must be enough.
    data, media = given["metadata.pdf"]
    named = {"named.pdf": (data.replace(corpus.SECRET.encode(), b"alguien-otra"), media)}
    lazy = open_all(named, Sandbox(sandbox.way, start=PASSES_ON))
    assert lazy["named.pdf"].copy.data
    caught("N3", "a document with its author's name", proof_copies_are_clean, lazy, tmp_path / "named")


def test_n3_no_text_acts_on_a_terminal_a_page_a_table_or_a_feed(sandbox: Sandbox) -> None:
    found = list(sandbox.list_of_texts(corpus.TEXTS))
    assert len(found) == len(corpus.TEXTS)
    proof_nothing_acts(found)
    caught("N3", "texts as they came", proof_nothing_acts, list(corpus.TEXTS))
    for place, planted in (
        ("in_html", lambda text: text),
        ("in_xml", lambda text: f"<![CDATA[{text}]]>"),
        ("in_csv", lambda text: '"' + text.replace('"', '""') + '"'),
    ):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(escapes, place, planted)
            caught("N3", f"{place} without its escapes", proof_nothing_acts, found)


def test_n3_the_desk_stays_usable_after_all_that(opened: dict[str, Opened], sandbox: Sandbox) -> None:
    assert len(opened) >= LEAST
    assert sandbox.texts(["Vi una camioneta blanca"]) == ["Vi una camioneta blanca"]
