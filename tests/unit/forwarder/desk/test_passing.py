"""The desk takes an answer whole, within its limits and in words it knows, or drops it."""

import io
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forwarder.desk.errors import BadAnswer
from forwarder.desk.findings import Findings, Outcome, Reason, Remains, Unchecked, not_cleaned
from forwarder.desk.passing import Answered, Ready, checked_copy, checked_texts, frame, take

PNG = b"\x89PNG\r\n\x1a\n"
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
    with pytest.raises(BadAnswer):
        checked_copy(answer, copy)


def test_a_copy_that_fits_is_taken_with_its_list() -> None:
    found = checked_copy(CLEAN, PNG)
    assert (found.findings.remains, found.data) == ((Remains.PICTURE,), PNG)
    refused = checked_copy(Answered(reason=Reason.KIND, unchecked=[Unchecked.ORIGINAL]), b"")
    assert refused.findings == not_cleaned(Reason.KIND)
    document = msgspec.structs.replace(CLEAN, media="application/zip", office=".docx")
    assert checked_copy(document, b"PK\x03\x04").office == ".docx"


def test_a_reason_goes_with_what_was_not_cleaned_only() -> None:
    with pytest.raises(ValueError, match="reason"):
        Findings(Outcome.NOT_CLEANED)
    with pytest.raises(ValueError, match="reason"):
        replace(not_cleaned(Reason.KIND), outcome=Outcome.CLEANED)
