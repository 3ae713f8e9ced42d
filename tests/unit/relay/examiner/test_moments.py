"""A moment tells when it is inside the window and at no edge; windows are read strictly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.examiner.moments import NotAMoment, Window, default_slack, parse_moment, parse_span, span_of

START = 1_800_000_000.0


def window(**other: float) -> Window:
    return Window(START, START + 3_600, int(other.get("period", 900)), other.get("slack", 15), (START + 100.5,))


@pytest.mark.parametrize(("at", "tells"), [(-1, False), (0, False), (14, False), (16, True), (899, True), (900, False)])
def test_only_what_is_inside_and_at_no_edge_tells(at: float, tells: bool) -> None:
    assert window().tells(START + at) is tells


def test_a_time_of_a_whole_second_or_minute_is_a_span() -> None:
    assert window().tells(START + 880, START + 899.9)
    assert not window().tells(START + 880, START + 900.5)
    assert not window().tells(START - 60, START - 1)


def test_an_arrival_is_recovered_within_the_tolerance() -> None:
    assert window().recovers(START + 100.46)
    assert not window().recovers(START + 100.4)
    assert window().recovers(START + 100, START + 100.999)
    assert window().recovering == pytest.approx(0.1)


def test_time_around_two_arrivals_is_counted_once() -> None:
    twice = Window(START, START + 60, 900, 15, (START + 1, START + 1.02, START + 9))
    assert twice.recovering == pytest.approx(0.22)


def test_the_telling_part_is_that_between_the_edges() -> None:
    assert window().telling == pytest.approx(3_600 * 885 / 900)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("now", 5.0),
        ("-90m", 5.0 - 5_400),
        ("1763845200", 1_763_845_200.0),
        ("1763845200.25", 1_763_845_200.25),
        ("2025-11-22T21:00Z", 1_763_845_200.0),
        ("2025-11-22T21:00", 1_763_845_200.0),
        ("2025-11-22 22:00:00+01:00", 1_763_845_200.0),
    ],
)
def test_a_moment_is_read(text: str, moment: float) -> None:
    assert parse_moment(text, now=5.0) == moment


@pytest.mark.parametrize("text", ["", "..", "now", "now..now", "1..0", "2025-13-01..now", "x..y", "now..-1h"])
def test_what_is_no_window_is_refused(text: str) -> None:
    with pytest.raises(NotAMoment):
        parse_span(text, now=2e9)


@given(st.text(max_size=40))
def test_any_text_is_a_window_or_none(text: str) -> None:
    try:
        start, end = parse_span(text, now=2e9)
    except NotAMoment:
        return
    assert start < end


@pytest.mark.parametrize("wrong", [(5, 4, 900, 1), (0, 1, 900, 1), (1, 2e10, 900, 1), (1, 2, 0, 0), (1, 2, 5, 5)])
def test_an_impossible_window_is_refused(wrong: tuple[float, float, int, float]) -> None:
    with pytest.raises(NotAMoment):
        Window(*wrong)


def test_the_slack_fits_the_round() -> None:
    assert [default_slack(period) for period in (1, 5, 300, 900, 3_600)] == [0.5, 2.0, 6.0, 15.0, 15.0]
    assert span_of([7.0, 3.0]) == (2.0, 8.0)


def test_a_time_that_the_kernel_s_coarse_clock_took_just_before_an_edge_is_the_edge_s() -> None:
    assert not window().tells(START + 900 - 0.004)
    assert window().tells(START + 900 - 0.02)
