"""A report is what its writer said, in one spelling, within limits; parts come together again or not at all."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto import report
from crypto.errors import Forged, Malformed
from crypto.report import Attachment, Report, When, attach, join, missing, part_name
from tests.unit.crypto.strategies import near

WRITTEN = st.text(st.characters(exclude_categories=["Cc", "Cs"]) | st.just("\n"), min_size=1, max_size=60).filter(
    str.strip
)
IDS = st.just("") | st.from_regex(r"[a-z0-9][a-z0-9-]{0,20}", fullmatch=True)
HASHES = st.binary(min_size=32, max_size=32).map(bytes.hex)


@st.composite
def attachments(draw: st.DrawFn) -> Attachment:
    """What a report can say of an attachment."""
    count = draw(st.integers(1, 4))
    size = draw(st.integers((count - 1) * report.PART_MAX + 1, count * report.PART_MAX))
    media = draw(st.sampled_from(sorted(report.MEDIA_TYPES)))
    parts = draw(st.lists(HASHES, min_size=count, max_size=count))
    return Attachment(cleaned=draw(st.booleans()), media=media, parts=parts, size=size)


REPORTS = st.builds(
    Report,
    text=WRITTEN,
    attachments=st.lists(attachments(), max_size=3),
    lang=st.from_regex(r"[a-z]{2,3}", fullmatch=True),
    place=IDS,
    topic=IDS,
    when=st.sampled_from(When),
    where=st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=40),
)
PLAIN = Report(text="Vi la camioneta otra vez.", nonce="AAAAAAAAAAAAAAAAAAAAAA==")


@settings(max_examples=60)
@given(REPORTS)
def test_a_report_is_read_as_it_was_written(written: Report) -> None:
    assert Report.decode(written.encode()) == written


@settings(max_examples=60)
@given(st.binary(max_size=200) | near(PLAIN.encode()))
def test_any_bytes_are_a_report_or_malformed(wire: bytes) -> None:
    with suppress(Malformed):
        assert Report.decode(wire).encode() == wire


def test_only_the_text_must_be_said() -> None:
    said = Report(text="algo")
    assert (said.attachments, said.lang, said.place, said.topic, said.when, said.where) == (
        [],
        "es",
        "",
        "",
        When.UNSAID,
        "",
    )


def test_two_reports_of_one_text_have_two_nonces() -> None:
    assert Report(text="algo").nonce != Report(text="algo").nonce


@pytest.mark.parametrize(
    "make",
    [
        lambda: Report(text=" \n"),
        lambda: Report(text="a" * 20_001),
        lambda: Report(text="ñ" * 10_001),
        lambda: Report(text="a", nonce="ñ"),
        lambda: Report(text="a", nonce="AAAA"),
        lambda: Report(text="a", v=2),
        lambda: Report(text="a", where="b\nc"),
        lambda: Report(text="a", topic="dos palabras"),
        lambda: Report(
            text="a", attachments=[Attachment(cleaned=True, media="text/plain", parts=["0" * 64], size=1)] * 17
        ),
    ],
)
def test_what_would_not_be_read_cannot_be_written(make: Callable[[], Report]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        make()


def test_half_a_surrogate_pair_is_not_written() -> None:
    with pytest.raises(Malformed, match="surrogate"):
        Report(text="\ud83d").encode()


def test_a_report_that_fills_a_letter_is_written_and_one_byte_more_is_not() -> None:
    room = report.REPORT_MAX - len(Report(text="a" * 20_000, nonce=PLAIN.nonce).encode())
    full = Report(text="\n" * room + "a" * (20_000 - room), nonce=PLAIN.nonce)
    assert len(full.encode()) == report.REPORT_MAX
    assert Report.decode(full.encode()) == full
    with pytest.raises(Malformed, match="a letter holds 25753"):
        Report(text="\n" * (room + 1) + "a" * (19_999 - room), nonce=PLAIN.nonce).encode()


@pytest.mark.parametrize("length", [1, report.PART_MAX, report.PART_MAX + 1])
def test_the_parts_of_an_attachment_come_together_again(length: int) -> None:
    data = bytes(range(251)) * (length // 251 + 1)
    data = data[:length]
    attachment, parts = attach(data, media="video/mp4", cleaned=False)
    assert [len(part) for part in parts] == [report.PART_MAX] * (length // report.PART_MAX) + (
        [length % report.PART_MAX] if length % report.PART_MAX else []
    )
    have = {part_name(part): part for part in reversed(parts)}
    assert missing(attachment, list(have)) == []
    assert join(attachment, have) == data


def test_an_attachment_waits_for_its_missing_part() -> None:
    attachment, parts = attach(bytes(report.PART_MAX) + b"end", media="image/png", cleaned=True)
    have = {part_name(parts[0]): parts[0]}
    assert missing(attachment, list(have)) == [part_name(b"end")]
    with pytest.raises(KeyError):
        join(attachment, have)


def test_parts_that_are_not_what_the_report_says_are_forged() -> None:
    attachment, parts = attach(b"lo que vi", media="text/plain", cleaned=True)
    with pytest.raises(Forged):
        join(attachment, {part_name(parts[0]): b"otra cosa"})


@pytest.mark.parametrize(("data", "media"), [(b"", "text/plain"), (b"a", "text/html")])
def test_what_cannot_be_attached_is_malformed(data: bytes, media: str) -> None:
    with pytest.raises(Malformed):
        attach(data, media=media, cleaned=True)
