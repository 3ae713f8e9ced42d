"""Journals, tor's files and figures are read strictly: what a relay writes passes, and nothing else does."""

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.layers import RoundNumber
from relay.examiner import journal_lines, round_figures, tor_traces
from relay.journal import Event, Journal

DETAILS = {
    Event.TOR_STARTING: "the tor that dials",
    Event.TOR_LOST: "the tor we attach to",
    Event.TOR_FOUND: "the tor that holds the onion service",
    Event.DIRECTORY_TAKEN: "17",
    Event.UNEXPECTED: "ZeroDivisionError",
}


def journal() -> bytes:
    """Every event once, as a relay writes it."""
    stream = io.StringIO()
    for event in Event:
        Journal(stream).record(event, round_number=RoundNumber(1_994_868), detail=DETAILS.get(event, "red-norte"))
    return stream.getvalue().encode()


def test_every_event_is_known() -> None:
    assert list(journal_lines.strange_lines(journal())) == []
    prefixed = re.sub(rb"^", b"Nov 22 20:15:00 host veladora[4711]: ", journal(), flags=re.M).rsplit(b"Nov", 1)[0]
    assert list(journal_lines.strange_lines(prefixed)) == []
    said = f"card: {'a' * 56}.onion#{'0' * 64}\ntor (onion service): 100 % Done\n".encode()
    assert list(journal_lines.strange_lines(said)) == []


@pytest.mark.parametrize(
    "line",
    [
        "veladora: accepted",
        "veladora: round 7 is closed, 3 cells",
        "veladora: round x is closed",
        "2026-11-22T20:15:00 veladora: stopped",
        "stopped",
        "veladora: red norte 12:15 has everything up to round 3",
        "veladora: unexpected: 12.5 s",
        "veladora: took directory version 3a",
        "veladora: stopped\x00",
    ],
)
def test_another_line_is_strange(line: str) -> None:
    whole = journal() + line.encode() + b"\n" + journal()
    assert list(journal_lines.strange_lines(whole)) == [len(journal())]


@given(st.binary(max_size=200))
def test_any_bytes_have_lines(data: bytes) -> None:
    assert all(0 <= at < len(data) for at in journal_lines.strange_lines(data))
    assert journal_lines.is_journal(data) in (True, False)


@pytest.mark.parametrize("event", [event for event in Event if "{" not in event.value])
@given(more=st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Zl", "Zp")), min_size=1, max_size=20))
def test_any_addition_to_a_line_is_strange(event: Event, more: str) -> None:
    assert list(journal_lines.strange_lines(f"veladora: {event.value}{more}\n".encode())) == [0]


STATE = b"""\
# Tor state file last generated on 2026-11-22 23:56:49 local time
# Other times below are in UTC

Guard in=default rsa_id=0123 nickname=x sampled_on=2026-11-12T20:39:54 listed=1 confirmed_on=2026-11-22T20:39:54
TorVersion Tor 0.4.9.11
"""


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (b"Heartbeat: Tor's uptime is 6:00 hours, with 3 circuits open.", "heartbeat line"),
        (b"Heartbeat: Our onion service received 3 v3 INTRODUCE2 cells and", "count of introductions"),
        (b"CircuitBuildTimeBin 525 1", "circuit build times"),
        (b"TotalBuildTimes 31", "count of circuits"),
        (b"CircuitBuildAbandonedCount 2", "count of circuits"),
        (b"Guard in=default rsa_id=0123 listed=1 pb_use_attempts=18.000000", "count of circuits through a guard"),
        (b"Guard in=default rsa_id=0123 pb_successful_circuits_closed=22.0", "count of circuits through a guard"),
        (b"EntryGuardPathBias 3 2", "count of circuits through a guard"),
        (b"MinutesSinceUserActivity 12", "time since tor was used"),
        (b"AccountingBytesReadInInterval 3 KBytes", "count of bytes"),
        (b"HidServRevCounter a 3", "count of descriptors"),
        (b"BWHistoryReadEnds 2026-11-22 20:00:00", "bandwidth history"),
        (b"BWHistoryDirWriteValues 3,4", "bandwidth history"),
    ],
)
def test_a_trace_of_tor_is_found(line: bytes, kind: str) -> None:
    assert list(tor_traces.traces(tor_traces.without_guards(STATE))) == []
    assert kind in {found for found, _ in tor_traces.traces(tor_traces.without_guards(STATE + line + b"\n"))}


def test_a_program_of_tor_s_is_no_trace() -> None:
    texts = b"Heartbeat: Tor's uptime is %s\0received %u v3 INTRODUCE2 cells\0CircuitBuildTimeBin\0TotalBuildTimes\0"
    texts += b"pb_circ_attempts=%f\0"
    assert list(tor_traces.traces(texts)) == []


def test_guards_are_left_out_and_nothing_moves() -> None:
    blanked = tor_traces.without_guards(STATE)
    assert len(blanked) == len(STATE)
    assert b"confirmed_on" not in blanked
    assert blanked.startswith(STATE[:60])
    assert b"TorVersion" in blanked


@pytest.mark.parametrize(
    ("head", "is_tors"),
    [
        (STATE, True),
        (b"Guard in=default rsa_id=", True),
        (b"Nov 22 20:15:00.000 [notice] Tor 0.4.9\n", True),
        (b"veladora: stopped\n", False),
        (b"", False),
    ],
)
def test_a_file_of_tor_s_is_known_by_its_beginning(head: bytes, is_tors: bool) -> None:
    assert tor_traces.is_tors(head) is is_tors


@given(
    st.binary(max_size=300),
    st.sampled_from([b"Heartbeat: ", b" v3 INTRODUCE2 cells", b"BWHistory", b"\nGuard ", b"pb_"]),
)
def test_any_state_can_be_read(data: bytes, literal: bytes) -> None:
    whole = data + literal + data
    assert all(0 <= at < len(whole) for _, at in tor_traces.traces(whole))
    assert len(tor_traces.without_guards(whole)) == len(whole)


FIGURES = b'{"round": 7, "bundles_kept": 3, "gate": "open", "no_space": false, "partners": {"red-norte": -1}}\n'


def test_the_figures_of_a_round_are_only_those() -> None:
    assert round_figures.are_of_a_round(FIGURES)
    for wrong in (
        FIGURES.replace(b"7,", b'7, "accepted": 1,'),
        FIGURES.replace(b"-1", b"0.5"),
        FIGURES.replace(b'"no_space": false, ', b""),
        FIGURES[:-5],
        b"[]",
        b"",
    ):
        assert not round_figures.are_of_a_round(wrong)


@given(st.binary(max_size=200) | st.text(alphabet='{}[]":,0123456789rf', max_size=100).map(str.encode))
def test_any_bytes_are_figures_or_not(data: bytes) -> None:
    assert round_figures.are_of_a_round(data) in (True, False)


@pytest.mark.parametrize("name", ["metrics", "metrics.json", "stats-1.txt", "node.prom", "x.rrd", "METRICS"])
def test_measurements_of_others_are_known_by_their_names(name: str) -> None:
    assert round_figures.is_of_others(name)
    assert not round_figures.is_of_others("figures.json")
    assert not round_figures.is_of_others("status.txt")


def test_zeros_that_a_power_cut_left_are_no_line() -> None:
    assert list(journal_lines.strange_lines(journal() + bytes(700))) == []
    assert list(journal_lines.strange_lines(journal() + bytes(700) + journal())) == []
    assert list(journal_lines.strange_lines(journal() + bytes(7) + b"7\n")) == [len(journal())]
