"""A report is shown and written so that nothing in it can act, and photos are cleaned again."""

import io
import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from crypto.errors import Malformed
from crypto.report import MEDIA_TYPES, Report
from forwarder.desk.errors import AlreadyThere
from forwarder.desk.inbox import Entry, Inbox
from forwarder.desk.opening import open_bundle
from forwarder.desk.reading import CLEANABLE, ENDINGS, attachment_file, document, edges, export, files, plain, to_json
from tests.unit.forwarder.desk.given import CHEAP, OURS, PASSPHRASE, attached, letters, parcels
from tests.unit.forwarder.given import ROUND_SECONDS, number

HOSTILE = "hola\n<script>alert(1)</script> [red]x[/red] :smile: \u202eoculto\u202c\u200b \ue000 fin"


def photo_with_a_place() -> bytes:
    exif = Image.Exif()
    exif[0x010F] = "MARCA-DE-CAMARA"
    wire = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(wire, "JPEG", exif=exif)
    return wire.getvalue()


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    folder = tmp_path / "desk"
    folder.mkdir()
    return Inbox.create(folder, passphrase=PASSPHRASE, cost=CHEAP)


def received(inbox: Inbox, *data: tuple[bytes, str, bool], text: str = HOSTILE) -> Entry:
    attachments, parts = [], []
    for one, media, cleaned in data:
        attachment, found = attached(one, media=media, cleaned=cleaned)
        attachments.append(attachment)
        parts += found
    for bundle in (letters(7, Report(text=text, where="cerca\u202e", attachments=attachments)), parcels(11, *parts)):
        inbox.take(bundle, open_bundle(bundle, [OURS]))
    return inbox.entry(1)


def test_the_time_is_the_round_and_no_finer() -> None:
    entry = Entry(1, number(2_000_000), Report(text="Vi algo"))
    assert edges(entry, round_seconds=900) == ("2027-01-15T08:00:00Z", "2027-01-15T08:15:00Z")
    assert edges(Entry(1, number(2**53 - 1), entry.report), round_seconds=900) == ("unknown", "unknown")


def test_a_report_is_exported_into_a_folder_of_its_own(inbox: Inbox, tmp_path: Path) -> None:
    photo = photo_with_a_place()
    assert b"MARCA-DE-CAMARA" in photo
    entry = received(
        inbox, (photo, "image/jpeg", True), (b"%PDF-1.7", "application/pdf", False), (b"?", "text/plain", True)
    )
    folder = export(inbox, entry, into=tmp_path / "out", round_seconds=ROUND_SECONDS)
    assert folder.name == "report-000001"
    assert sorted(path.name for path in folder.iterdir()) == [
        "attachment-001.jpg",
        "attachment-002-not-cleaned.pdf",
        "attachment-003.txt",
        "report.json",
        "text.txt",
    ]
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    cleaned = (folder / "attachment-001.jpg").read_bytes()
    assert b"MARCA-DE-CAMARA" not in cleaned
    assert Image.open(io.BytesIO(cleaned)).tobytes() == Image.open(io.BytesIO(photo)).tobytes()
    text = (folder / "text.txt").read_text()
    assert "\u202e" not in text
    assert "hola\n<script>" in text
    wire = (folder / "report.json").read_text()
    assert re.fullmatch(r"[\x20-\x7e\n]+", wire)
    assert "<" not in wire
    found = json.loads(wire)
    assert found["text"] + "\n" == text
    assert [one["cleaned_by_sender"] for one in found["attachments"]] == [True, False, True]
    assert [one["file"] for one in found["attachments"]][1] == "attachment-002-not-cleaned.pdf"


def test_nothing_is_written_over(inbox: Inbox, tmp_path: Path) -> None:
    entry = received(inbox, (b"x", "text/plain", True))
    export(inbox, entry, into=tmp_path, round_seconds=ROUND_SECONDS)
    with pytest.raises(AlreadyThere):
        export(inbox, entry, into=tmp_path, round_seconds=ROUND_SECONDS)


def test_an_attachment_with_missing_parts_is_named_and_not_written(inbox: Inbox) -> None:
    attachment, _ = attached(b"x" * 10)
    bundle = letters(7, Report(text="Vi algo", attachments=[attachment]))
    inbox.take(bundle, open_bundle(bundle, [OURS]))
    entry = inbox.entry(1)
    assert document(inbox, entry, round_seconds=ROUND_SECONDS)["attachments"][0]["missing_parts"] == 1
    assert list(files(inbox, entry)) == []


def test_what_says_it_is_a_photo_and_is_none_gets_no_ending_of_a_photo() -> None:
    data = b"<html><script>alert(1)</script>"
    attachment, _ = attached(data, media="image/jpeg", cleaned=True)
    file = attachment_file(attachment, data, number=1)
    assert (file.name, file.data, file.cleaned_here) == ("attachment-001-not-cleaned.bin", data, False)


@pytest.mark.parametrize("media", sorted(MEDIA_TYPES))
def test_every_media_type_has_a_name_of_ours(media: str) -> None:
    attachment, _ = attached(b"x", media=media, cleaned=False)
    name = attachment_file(attachment, b"x", number=12).name
    assert re.fullmatch(r"attachment-012-not-cleaned\.[a-z0-9]{3,4}", name)
    assert (media in ENDINGS) is (media != "application/octet-stream")
    assert set(ENDINGS) < MEDIA_TYPES
    assert set(ENDINGS) > CLEANABLE


@given(st.text(max_size=200))
def test_no_text_can_act_on_a_terminal(text: str) -> None:
    assert all(one == "\n" or one.isprintable() for one in plain(text))


@settings(max_examples=30, deadline=None)
@given(st.text(min_size=1, max_size=200))
def test_no_text_can_act_in_json(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    try:
        report = Report(text=text)
        report.encode()
    except (ValueError, Malformed):
        return
    wire = to_json({"text": plain(report.text)})
    assert re.fullmatch(r"[\x20-\x7e\n]+", wire)
    assert json.loads(wire)["text"] == plain(text)
