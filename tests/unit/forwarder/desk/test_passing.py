"""The desk takes an answer whole, within its limits and in words it knows, or drops it."""

import io
from contextlib import nullcontext, suppress
from dataclasses import replace
from typing import Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forwarder.desk.errors import BadAnswer
from forwarder.desk.findings import Findings, Outcome, Reason, Remains, Unchecked, not_cleaned
from forwarder.desk.passing import TEXT_MAX, Answered, Ready, checked_copy, checked_texts, frame, take
from onion_service.clean import kinds
from onion_service.clean.kinds import MEDIA_TYPE_OF_KIND

PNG = b"\x89PNG\r\n\x1a\n"
ZIP = b"PK\x03\x04"
PDF = b"%PDF-1.4"
CLEAN = Answered(outcome=Outcome.REBUILT, media="image/png", remains=[Remains.PICTURE])


def taken(wire: bytes, kind: type[msgspec.Struct] = Answered) -> tuple[msgspec.Struct, bytes]:
    return take(io.BytesIO(wire).read, kind, words_max=4_096, data_max=4_096)


def test_a_frame_comes_back_as_it_went() -> None:
    assert taken(frame(CLEAN, b"data")) == (CLEAN, b"data")
    assert taken(frame(Ready(layers=["files"])), Ready) == (Ready(layers=["files"]), b"")


@given(st.binary(max_size=200))
def test_any_bytes_are_a_frame_or_a_bad_answer(wire: bytes) -> None:
    for given_wire in (wire, b"VDSK" + wire, b"VDSK\0\0\0\x05\0\0\0\x02" + wire):
        try:
            words, data = taken(given_wire)
        except BadAnswer:
            continue
        assert isinstance(words, Answered)
        assert len(data) <= 4_096


@pytest.mark.parametrize("cut", [0, 3, 11, 12, 30, -1])
def test_a_frame_that_is_cut_off_is_dropped(cut: int) -> None:
    with pytest.raises(BadAnswer):
        taken(frame(CLEAN, b"data")[:cut])


def test_lengths_are_checked_before_anything_is_read() -> None:
    asked: list[int] = []

    def read(length: int) -> bytes:
        asked.append(length)
        return b"VDSK\0\0\0\1\xff\xff\xff\xff"

    with pytest.raises(BadAnswer, match="limit"):
        take(read, Answered, words_max=10, data_max=10)
    assert asked == [12]


def test_unknown_layers_and_words_are_dropped() -> None:
    class Other(msgspec.Struct):
        layers: list[str]

    with pytest.raises(BadAnswer):
        taken(frame(Other(layers=["everything"])), Ready)
    with pytest.raises(BadAnswer):
        taken(frame(Other(layers=[])))


@pytest.mark.parametrize("texts", [None, [], ["a", "b"], ["\x1b[31m"], ["\u202e"], ["aaaaaaa"]])
def test_texts_that_act_or_do_not_fit_are_dropped(texts: list[str] | None) -> None:
    with pytest.raises(BadAnswer):
        checked_texts(Answered(texts=texts), asked=["x"])
    assert checked_texts(Answered(texts=["x\n"]), asked=["xx"]) == ["x\n"]


@pytest.mark.parametrize(
    ("answer", "copy"),
    [
        (CLEAN, b""),
        (CLEAN, b"\xff\xd8\xff"),
        (msgspec.structs.replace(CLEAN, media="text/html"), PNG),
        (msgspec.structs.replace(CLEAN, media="text/plain"), b"\x1b[31m"),
        (msgspec.structs.replace(CLEAN, media="text/plain"), b"\xff"),
        (msgspec.structs.replace(CLEAN, media="application/zip"), b"PK\x03\x04"),
        (msgspec.structs.replace(CLEAN, office=".docx"), PNG),
        (msgspec.structs.replace(CLEAN, reason=Reason.KIND), PNG),
        (msgspec.structs.replace(CLEAN, texts=[]), PNG),
        (msgspec.structs.replace(CLEAN, remains=[Remains.PICTURE] * 2), PNG),
        (Answered(), b""),
        (Answered(reason=Reason.KIND), PNG),
    ],
)
def test_a_copy_that_does_not_fit_its_answer_is_dropped(answer: Answered, copy: bytes) -> None:
    # Each is of a kind that its cleaner makes, so that something else must be what is noticed.
    given_bytes = {"text/plain": b"????", "application/zip": ZIP}.get(answer.media, PNG)
    with pytest.raises(BadAnswer):
        checked_copy(answer, copy, given=given_bytes, media=answer.media)


def test_a_copy_that_fits_is_taken_with_its_list() -> None:
    found = checked_copy(CLEAN, PNG, given=PNG, media="image/png")
    assert (found.findings.remains, found.data) == ((Remains.PICTURE,), PNG)
    refused = checked_copy(
        Answered(reason=Reason.KIND, unchecked=[Unchecked.ORIGINAL]), b"", given=b"?", media="text/plain"
    )
    assert refused.findings == not_cleaned(Reason.KIND)
    document = msgspec.structs.replace(CLEAN, media="application/zip", office=".docx")
    assert checked_copy(document, ZIP, given=ZIP, media="application/zip").office == ".docx"


@pytest.mark.parametrize(
    ("given_bytes", "media", "makes"),
    [
        (b"\xff\xd8\xff", "image/jpeg", {"image/jpeg", "image/png"}),
        (b"GIF89a", "application/pdf", {"image/jpeg", "image/png"}),
        (PDF, "image/jpeg", {"application/pdf"}),
        (ZIP, "application/zip", {"application/zip"}),
        (b"OggS", "audio/ogg", {"audio/ogg"}),
        (b"Vi algo", "text/plain", {"text/plain"}),
        (b"Vi algo", "application/octet-stream", set()),
        (b"x" * (TEXT_MAX + 1), "text/plain", set()),
        (b"{\\rtf", "application/rtf", set()),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage", set()),
        (b"\x1aE\xdf\xa3", "video/webm", set()),
    ],
)
def test_a_copy_is_of_a_kind_that_its_cleaner_makes(given_bytes: bytes, media: str, makes: set[str]) -> None:
    heads = {MEDIA_TYPE_OF_KIND[kind]: head for head, kind in kinds._BEGINNINGS} | {"text/plain": b"Vi algo"}
    taken_as = set()
    for claimed, head in heads.items():
        office: Literal["", ".docx"] = ".docx" if claimed == "application/zip" else ""
        answer = Answered(outcome=Outcome.CLEANED, media=claimed, office=office, remains=[Remains.WORDS])
        with suppress(BadAnswer):
            taken_as.add(checked_copy(answer, head, given=given_bytes, media=media).media)
    assert taken_as == makes


def test_a_text_grows_no_more_than_cleaning_makes_it() -> None:
    answer = Answered(outcome=Outcome.CLEANED, media="text/plain", remains=[Remains.WORDS])
    for copy, fits in ((b"x" * 25, True), (b"x" * 26, False)):
        with nullcontext() if fits else pytest.raises(BadAnswer, match="grew"):
            assert checked_copy(answer, copy, given=b"a", media="text/plain").data == copy


def test_a_reason_goes_with_what_was_not_cleaned_only() -> None:
    with pytest.raises(ValueError, match="reason"):
        Findings(Outcome.NOT_CLEANED)
    with pytest.raises(ValueError, match="reason"):
        replace(not_cleaned(Reason.KIND), outcome=Outcome.CLEANED)
