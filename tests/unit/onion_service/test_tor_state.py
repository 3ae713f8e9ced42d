"""Of what tor writes only guards stay, and of a guard nothing that counts."""

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onion_service.errors import StrangeState
from onion_service.tor_state import GUARDS_MAX, STATE_MAX, guards_only

ID = "563ED876730EE8032D2F8F5E5541673889335F85"
OTHER = "92B908BA9D457BC67DF74B3410AA25DBD2F1B313"
# As tor 0.4.9.11 wrote it when an onion service of a private network had had 40 visits.
STATE = f"""\
# Tor state file last generated on 2026-11-23 02:25:51 local time
# Other times below are in UTC
# You *do not* need to edit this file.

CircuitBuildAbandonedCount 2
CircuitBuildTimeBin 15 3
CircuitBuildTimeBin 25 12
Dormant 0
MinutesSinceUserActivity 3
Guard in=default rsa_id={ID} nickname=authority2 sampled_on=2026-11-14T01:05:00 sampled_idx=0 sampled_by=0.4.9.11 \
listed=1 confirmed_on=2026-11-18T09:52:31 confirmed_idx=0 pb_use_attempts=18.000000 pb_use_successes=18.000000 \
pb_circ_attempts=25.000000 pb_circ_successes=24.000000 pb_successful_circuits_closed=24.000000
Guard in=default rsa_id={OTHER} nickname=authority1 sampled_on=2026-11-15T20:53:26 sampled_idx=1 sampled_by=0.4.9.11 \
listed=0 unlisted_since=2026-11-20T04:58:59
BWHistoryReadEnds 2026-11-22 20:00:00
BWHistoryReadValues 3,4
LastWritten 2026-11-23 02:25:51
TorVersion Tor 0.4.9.11
TotalBuildTimes 65
""".encode()
KEPT = f"""\
Guard in=default rsa_id={ID} sampled_on=2026-11-14T01:05:00 sampled_idx=0 listed=1 confirmed_on=2026-11-18T09:52:31 \
confirmed_idx=0
Guard in=default rsa_id={OTHER} sampled_on=2026-11-15T20:53:26 sampled_idx=1 listed=0 \
unlisted_since=2026-11-20T04:58:59
""".encode()
GUARD = f"Guard in=default rsa_id={ID} sampled_on=2026-11-14T01:05:00 sampled_idx=0 listed=1"
LINE = re.compile(
    rb"Guard in=default rsa_id=[0-9A-F]{40} sampled_on=\S{19}( sampled_idx=\d+)? listed=[01]"
    rb"( unlisted_since=\S{19})?( confirmed_on=\S{19} confirmed_idx=\d+)?\n"
)


def test_guards_stay_and_nothing_that_counts() -> None:
    assert guards_only(STATE) == KEPT
    assert guards_only(KEPT) == KEPT


def test_without_guards_nothing_stays() -> None:
    assert guards_only(b"") == b""
    assert guards_only(b"Dormant 0\nTorVersion Tor 0.4.9.11\n") == b""


@pytest.mark.parametrize(
    "more",
    [" pb_circ_attempts=1.0", " a_later_tor=3", " listed", " circuits=7 visits=40", " bridge_addr=192.0.2.1:443"],
)
def test_a_field_nobody_named_is_dropped(more: str) -> None:
    kept = guards_only(f"{GUARD}{more.replace(' listed', ' listing')}\n".encode())
    assert kept == f"{GUARD}\n".encode()


@pytest.mark.parametrize(
    "line",
    [
        GUARD.replace("in=default", "in=bridges"),
        GUARD.replace(ID, ID.lower()),
        GUARD.replace(ID, ID[1:]),
        GUARD.replace(" listed=1", ""),
        GUARD.replace("listed=1", "listed=40"),
        GUARD.replace("T01:05:00", "T01:05:00.123"),
        GUARD.replace("sampled_idx=0", "sampled_idx=1234567"),
        f"{GUARD} listed=1",
        f"{GUARD} confirmed_idx=0",
        f"{GUARD} confirmed_on=2026-11-18T09:52:31",
        "Guard",
        "Guard ",
        GUARD.replace("Guard", "guard"),
        GUARD.replace("Guard", " Guard"),
    ],
)
def test_a_broken_guard_is_dropped_and_the_others_stay(line: str) -> None:
    assert guards_only(f"{line}\n".encode() + KEPT) == KEPT


@pytest.mark.parametrize(
    "state",
    [
        bytes(STATE_MAX + 1),
        b" " * (STATE_MAX + 1),
        b"\0",
        "Guard ñ".encode(),
        b"Guard \x1b[2J",
        f"{GUARD}\n".encode() * (GUARDS_MAX + 1),
    ],
)
def test_what_is_no_state_is_refused(state: bytes) -> None:
    with pytest.raises(StrangeState):
        guards_only(state)


@given(st.binary(max_size=300), st.integers(0, 1_200))
def test_any_bytes_are_guards_or_strange(data: bytes, at: int) -> None:
    for state in (data, STATE[:at] + data + STATE[at:]):
        with suppress(StrangeState):
            kept = guards_only(state)
            assert LINE.sub(b"", kept) == b""
            assert guards_only(kept) == kept


@given(st.lists(st.sampled_from(sorted(set(STATE.decode().replace("=", " ").split()))), max_size=20))
def test_any_words_of_a_state_are_guards_or_nothing(words: list[str]) -> None:
    for joint in (" ", "=", "\n"):
        assert LINE.sub(b"", guards_only(f"Guard {joint.join(words)}\n".encode())) == b""
