"""What /proc says is read strictly; swap, limits and secrets in it are noticed."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.examiner import live, proc_text
from relay.examiner.findings import Report
from relay.examiner.proc_text import StrangeProc

# Of a Debian 12 with swap, shortened: one heap of which 128 KiB were swapped out, and the spool, locked.
SMAPS = """\
55d0c1f3e000-55d0c2153000 rw-p 00000000 00:00 0                          [heap]
Size:               2132 kB
KernelPageSize:        4 kB
Rss:                1984 kB
Swap:                128 kB
SwapPss:             128 kB
Locked:                0 kB
THPeligible:           0
VmFlags: rd wr mr mw me ac sd
7f3a00000000-7f3a04000000 rw-s 00000000 00:01 2062                       /memfd:veladora-spool (deleted)
Size:              65536 kB
Swap:                  0 kB
Locked:            65536 kB
VmFlags: rd wr sh mr mw me ms lo dd sd
"""
LIMITS = """\
Limit                     Soft Limit           Hard Limit           Units
Max file size             unlimited            unlimited            bytes
Max core file size        0                    unlimited            bytes
"""


def test_mappings_are_read_with_their_swap_locks_and_flags() -> None:
    heap, spool = proc_text.mappings(SMAPS)
    assert (heap.start, heap.end, heap.rights, heap.name) == (0x55D0C1F3E000, 0x55D0C2153000, "rw-p", "[heap]")
    assert (heap.swapped, heap.locked) == (128, 0)
    assert (spool.swapped, spool.locked) == (0, 65_536)
    assert spool.name == live.SPOOL + proc_text.DELETED
    assert "dd" in spool.flags
    assert "dd" not in heap.flags
    assert (heap.may_swap, spool.may_swap) == (True, False)


def test_swapped_memory_fails_the_row() -> None:
    report = Report()
    live._swap(report, live.Process(1, live.Role.NODE), proc_text.mappings(SMAPS))
    assert ("T12", "memory on the swap (KiB)", 128) in {(one.row, one.kind, one.count) for one in report.findings}
    none = Report()
    live._swap(none, live.Process(1, live.Role.NODE), proc_text.mappings(SMAPS.replace("128 kB", "0 kB")))
    assert "memory on the swap (KiB)" not in {one.kind for one in none.findings}


def test_a_spool_that_would_be_dumped_fails_the_row() -> None:
    report = Report()
    mapped = proc_text.mappings(SMAPS.replace(" dd ", " "))
    live._cores(report, live.Process(os.getpid(), live.Role.NODE), mapped)
    assert "the spool would be in a core" in {one.kind for one in report.findings}


def test_the_limit_of_cores_is_read() -> None:
    assert proc_text.core_limit(LIMITS) == "0"
    assert proc_text.core_limit(LIMITS.replace("0     ", "unlimited     ")) == "unlimited"
    with pytest.raises(StrangeProc):
        proc_text.core_limit("Max file size  0 0 bytes")


def test_swap_areas_are_counted() -> None:
    head = "Filename\tType\tSize\tUsed\tPriority\n"
    assert proc_text.swap_devices(head) == 0
    assert proc_text.swap_devices(head + "/swap.img file 2097148 0 -2\n") == 1
    assert proc_text.swap_devices("") == 0


def test_secrets_are_counted_by_their_names() -> None:
    assert proc_text.secret_names(b"PATH=/bin\0LANG=C\0CREDENTIALS_DIRECTORY=/run/x\0") == 0
    assert proc_text.secret_names(b"DB_PASSWORD=x\0MY_API_KEY=y\0SSL_CERT_FILE=/x\0PASSPHRASE=/a/path\0") == 2


@given(st.text(max_size=400))
def test_any_text_is_mappings_or_strange(text: str) -> None:
    try:
        found = proc_text.mappings(text)
    except StrangeProc:
        return
    assert found


@given(st.text(alphabet=st.sampled_from(SMAPS), max_size=200), st.integers(0, len(SMAPS)))
def test_any_damage_to_smaps_is_read_or_strange(noise: str, at: int) -> None:
    try:
        found = proc_text.mappings(SMAPS[:at] + noise + SMAPS[at:])
    except StrangeProc:
        return
    assert all(one.start < one.end for one in found)


@given(st.binary(max_size=300), st.text(max_size=300))
def test_other_readers_take_anything(environ: bytes, text: str) -> None:
    assert proc_text.secret_names(environ) >= 0
    assert proc_text.swap_devices(text) >= 0
    assert isinstance(proc_text.status(text), dict)
    with pytest.raises(StrangeProc):
        proc_text.core_limit(text)
