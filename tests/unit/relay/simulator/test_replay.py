"""What somebody typed becomes moments and bursts whole, or an error that says where it is wrong."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.simulator.errors import NotTraffic
from relay.simulator.replay import MOMENTS_MAX, TEXT_MAX, days_of, parse_burst, parse_replay
from relay.simulator.traffic import Burst

HOUR = 3_600


def test_moments_are_counted_from_midnight_of_the_first_day_and_in_their_order() -> None:
    text = b"moment\n2026-11-23T00:30Z\n2026-11-22T20:15Z\r\n\n2026-11-22T14:15:00.5-06:00\n"
    assert parse_replay(text) == (20.25 * HOUR, 20.25 * HOUR + 0.5, 24.5 * HOUR)
    assert days_of(parse_replay(text)) == 2


def test_seconds_since_1970_and_a_mark_of_byte_order_are_understood() -> None:
    moment = datetime(2026, 11, 22, 20, 15, tzinfo=UTC).timestamp()
    assert parse_replay(f"\ufeff{moment:.2f}\n{moment + 60:.0f}".encode()) == (20.25 * HOUR, 20.25 * HOUR + 60)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "no moment"),
        (b"moment\n", "no moment"),
        (b"2026-11-22T20:15Z\nyesterday\n", "line 2"),
        (b"now\n", "line 1"),
        (b"-2h\n", "line 1"),
        (b"2026-11-22T20:15Z,Plaza\n", "line 1"),
        (b"2026-11-22T20:15Z\nmoment\n", "line 2"),
        (b"2026-13-22T20:15Z\n", "line 1"),
        (b"0001-01-01T00:00+14:00\n", "line 1"),
        (b"1969-01-01\n", "line 1"),
        ("１７００００００００\n".encode(), "line 1"),
        (b"\xff\xfe\n", "UTF-8"),
        (b"1700000000\n" * (MOMENTS_MAX + 1), "more than"),
        (b" " * (TEXT_MAX + 1), "longer than"),
    ],
)
def test_what_is_no_list_of_moments_is_refused_whole(text: bytes, said: str) -> None:
    with pytest.raises(NotTraffic, match=said):
        parse_replay(text)


@given(st.binary(max_size=200) | st.text("0123456789-T:Z+. \r\n,moent", max_size=60).map(str.encode))
def test_any_bytes_are_moments_or_refused(raw: bytes) -> None:
    try:
        found = parse_replay(raw)
    except NotTraffic:
        return
    assert list(found) == sorted(found)
    assert 0 <= found[0] < 24 * HOUR
    assert len(found) <= raw.count(b"\n") + 1


def test_a_burst_is_so_many_at_an_hour() -> None:
    assert parse_burst("200@20:05") == Burst(200, 20 * HOUR + 300)


@pytest.mark.parametrize("text", ["", "200", "@20:00", "0@20:00", "200@24:00", "200@20:60", "200@8:00", "2e3@20:00"])
def test_what_is_no_burst_is_refused(text: str) -> None:
    with pytest.raises(NotTraffic, match="write 200@20:00"):
        parse_burst(text)


@given(st.text(max_size=12) | st.from_regex(r"\d{1,6}@\d\d:\d\d", fullmatch=True))
def test_any_text_is_a_burst_or_refused(text: str) -> None:
    try:
        burst = parse_burst(text)
    except NotTraffic:
        return
    assert 1 <= burst.count <= 99_999
    assert 0 <= burst.second < 24 * HOUR
