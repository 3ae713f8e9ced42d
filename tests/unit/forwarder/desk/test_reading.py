"""A report is shown and written so that nothing in it can act, and only clean copies of what is attached."""

import io
import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from crypto.errors import Malformed
from crypto.report import MEDIA_TYPES, Report
from crypto.word import BUCKET_SECONDS
from forwarder.desk.casework import By, Casework, Deed, Kind, Subject
from forwarder.desk.errors import AlreadyThere, BadWords, NoSuchAttachment, NotAcknowledged
from forwarder.desk.escapes import ENDINGS, attachment_name, in_json, plain
from forwarder.desk.findings import Outcome, Reason
from forwarder.desk.inbox import Entry, Inbox
from forwarder.desk.opening import open_bundle
from forwarder.desk.original import Acknowledged
from forwarder.desk.reading import (
    Taking,
    clean_copy,
    copies,
    document,
    documents,
    edges,
    export,
    hours,
    original,
    release,
)
from forwarder.desk.sandbox import Sandbox
from tests.unit.forwarder.desk.given import CHEAP, OURS, PASSPHRASE, attached, letters, parcels
from tests.unit.forwarder.given import ROUND_SECONDS, number

TAKING = Taking(Acknowledged.HARM, By(date(2027, 1, 15), "Ana"), "took it")
REPORT = Subject(Kind.REPORT, 1)
HOSTILE = "hola\n<script>alert(1)</script> [red]x[/red] :smile: \u202eoculto\u202c\u200b \ue000 fin"


def test_six_hours_that_no_calendar_has_are_said_to_be_unknown() -> None:
    assert hours(80_000, between=" to ") == "2024-10-04 00:00 to 06:00 UTC"
    assert [hours(one, between=" to ") for one in (-1, 2**53 // BUCKET_SECONDS)] == ["unknown"] * 2
    last = 253_402_300_799 // BUCKET_SECONDS
    assert hours(last - 1, between=" to ") == "9999-12-31 12:00 to 18:00 UTC"
    assert hours(last, between=" to ") == "unknown"


def photo_with_a_place() -> bytes:
    exif = Image.Exif()
    exif[0x010F] = "MARCA-DE-CAMARA"
    wire = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(wire, "JPEG", exif=exif)
    return wire.getvalue()


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    return Sandbox.best()


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


@pytest.mark.slow
def test_a_report_is_exported_into_a_folder_of_its_own(inbox: Inbox, tmp_path: Path, sandbox: Sandbox) -> None:
    photo = photo_with_a_place()
    assert b"MARCA-DE-CAMARA" in photo
    entry = received(
        inbox, (photo, "image/jpeg", True), (b"%PDF-1.7", "application/pdf", False), (b"?", "text/plain", True)
    )
    folder = export(inbox, entry, into=tmp_path / "out", round_seconds=ROUND_SECONDS, sandbox=sandbox)
    assert folder.name == "report-000001"
    assert sorted(path.name for path in folder.iterdir()) == [
        "attachment-001.jpg",
        "attachment-003.txt",
        "report.json",
        "text.txt",
    ]
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    cleaned = (folder / "attachment-001.jpg").read_bytes()
    assert b"MARCA-DE-CAMARA" not in cleaned
    with Image.open(io.BytesIO(cleaned)) as shown:
        assert shown.size == (8, 8)
        shades = shown.convert("RGB").tobytes()
        assert (min(shades[::3]) > 250, max(shades[1::3]) < 5, max(shades[2::3]) < 5) == (True, True, True)
    text = (folder / "text.txt").read_text()
    assert "\u202e" not in text
    assert "hola\n<script>" in text
    wire = (folder / "report.json").read_text()
    assert re.fullmatch(r"[\x20-\x7e\n]+", wire)
    assert "<" not in wire
    found = json.loads(wire)
    assert found["text"] + "\n" == text
    assert [one["cleaned_by_sender"] for one in found["attachments"]] == [True, False, True]
    assert [one["file"] for one in found["attachments"]] == ["attachment-001.jpg", "", "attachment-003.txt"]
    assert [one["cleaned_here"] for one in found["attachments"]] == [True, False, True]
    lists = [one["findings"] for one in found["attachments"]]
    assert "camera data: place, time, device (Exif)" in lists[0]["removed"]
    assert (lists[1]["outcome"], bool(lists[1]["reason"])) == ("not cleaned", True)
    assert found["opened_by"] == sandbox.way.value


def test_nothing_is_written_over(inbox: Inbox, tmp_path: Path, sandbox: Sandbox) -> None:
    entry = received(inbox, (b"x", "text/plain", True))
    export(inbox, entry, into=tmp_path, round_seconds=ROUND_SECONDS, sandbox=sandbox)
    with pytest.raises(AlreadyThere):
        export(inbox, entry, into=tmp_path, round_seconds=ROUND_SECONDS, sandbox=sandbox)


def test_the_original_is_given_only_to_who_has_read_the_warning(inbox: Inbox, tmp_path: Path) -> None:
    photo = photo_with_a_place()
    entry = received(inbox, (photo, "image/jpeg", False))
    assert "MARCA" not in repr(original(inbox, entry, 1))
    with pytest.raises(NotAcknowledged, match="can find"):
        release(inbox, entry, 1, into=tmp_path / "out", taking=replace(TAKING, acknowledged=None))
    assert not (tmp_path / "out").exists()
    assert Casework(inbox.database).history(REPORT) == []
    path = release(inbox, entry, 1, into=tmp_path / "out", taking=TAKING)
    assert path.name == "report-000001-attachment-001-ORIGINAL.bin"
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (photo, 0o600)
    with pytest.raises(AlreadyThere):
        release(inbox, entry, 1, into=tmp_path / "out", taking=TAKING)
    (line,) = Casework(inbox.database).history(REPORT)
    assert (line.deed, line.colleague, line.detail) == (Deed.NOTED, "Ana", TAKING.note)
    for place in (0, 2, -1):
        with pytest.raises(NoSuchAttachment):
            original(inbox, entry, place)


def test_an_original_that_cannot_be_told_of_is_not_given(inbox: Inbox, tmp_path: Path) -> None:
    entry = received(inbox, (b"x", "text/plain", False))
    with pytest.raises(BadWords):
        release(inbox, entry, 1, into=tmp_path / "out", taking=replace(TAKING, note=""))
    assert not (tmp_path / "out").exists()


def test_an_attachment_whose_parts_are_not_as_reported_is_a_finding_and_stops_nothing(
    inbox: Inbox, tmp_path: Path, sandbox: Sandbox
) -> None:
    honest, parts = attached(b"Vi algo", media="text/plain")
    lying, others = attached(b"x" * 500, media="text/plain")
    lying = msgspec.structs.replace(lying, size=10)
    bundles = (letters(7, Report(text="Vi algo", attachments=[lying, honest])), parcels(11, *parts, *others))
    for bundle in bundles:
        inbox.take(bundle, open_bundle(bundle, [OURS]))
    entry = inbox.entry(1)
    first, second = copies(inbox, entry, sandbox=sandbox)
    assert (first.name, first.findings.reason) == ("", Reason.BROKEN)
    assert second.data == b"Vi algo"
    folder = export(inbox, entry, into=tmp_path, round_seconds=ROUND_SECONDS, sandbox=sandbox)
    assert (folder / "report.json").is_file()
    with pytest.raises(NoSuchAttachment):
        original(inbox, entry, 1)


def test_a_list_of_reports_says_the_same_as_each_alone(inbox: Inbox, sandbox: Sandbox) -> None:
    entry = received(inbox)
    (listed,) = documents(inbox, [entry], round_seconds=ROUND_SECONDS, sandbox=sandbox)
    assert listed == document(inbox, entry, round_seconds=ROUND_SECONDS, sandbox=sandbox)
    assert listed["text"] == plain(HOSTILE)


def test_an_attachment_with_missing_parts_is_named_and_not_written(inbox: Inbox, sandbox: Sandbox) -> None:
    attachment, _ = attached(b"x" * 10)
    bundle = letters(7, Report(text="Vi algo", attachments=[attachment]))
    inbox.take(bundle, open_bundle(bundle, [OURS]))
    entry = inbox.entry(1)
    found = document(inbox, entry, round_seconds=ROUND_SECONDS, sandbox=sandbox)
    assert found["attachments"][0]["missing_parts"] == 1
    assert list(copies(inbox, entry, sandbox=sandbox)) == []


def test_what_says_it_is_a_photo_and_is_none_has_no_copy(sandbox: Sandbox) -> None:
    copy = clean_copy(b"<html><script>alert(1)</script>", media="image/jpeg", place=1, sandbox=sandbox)
    assert (copy.name, copy.data, copy.findings.outcome) == ("", b"", Outcome.NOT_CLEANED)
    assert copy.findings.reason is Reason.KIND


@pytest.mark.parametrize("media", sorted(MEDIA_TYPES))
def test_every_media_type_has_a_name_of_ours(media: str) -> None:
    assert re.fullmatch(r"attachment-012\.[a-z0-9]{3,4}", attachment_name(media, number=12))
    assert attachment_name(media, number=12, office="/../x") == attachment_name(media, number=12)
    assert (media in ENDINGS) is (media != "application/octet-stream")
    assert set(ENDINGS) < MEDIA_TYPES


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
    wire = in_json({"text": plain(report.text)})
    assert re.fullmatch(r"[\x20-\x7e\n]+", wire)
    assert json.loads(wire)["text"] == plain(text)
