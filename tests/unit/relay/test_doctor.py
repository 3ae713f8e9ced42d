"""What keeps a machine from being one for a relay is found, each with a remedy; a good machine has nothing to mend."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay import probes
from relay.doctor import Machine, findings

GOOD = Machine(
    swap_areas=(),
    swap_forbidden=False,
    zswap="N",
    core_pattern="core",
    resumes_from="0:0",
    crash_kernel="0",
    lockable=None,
)
SWAPS = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"


def test_a_good_machine_has_nothing_to_mend() -> None:
    assert findings(GOOD) == []
    assert findings(replace(GOOD, zswap=None, resumes_from=None, crash_kernel=None)) == []


@pytest.mark.parametrize(
    ("machine", "words"),
    [
        (replace(GOOD, swap_areas=("/dev/sda2",)), ["swap is on"]),
        (replace(GOOD, swap_areas=("/dev/zram0",)), ["zram"]),
        (replace(GOOD, swap_areas=("/swap.img", "/dev/zram0"), zswap="Y"), ["swap is on", "zram", "zswap"]),
        (replace(GOOD, swap_areas=("/dev/sda2",), lockable=8 << 20), ["swap is on", "8192 KiB"]),
        (replace(GOOD, swap_areas=("/dev/sda2",), lockable=8 << 20, swap_forbidden=True), ["swap is on"]),
        (replace(GOOD, swap_areas=None), ["does not say whether there is swap"]),
        (replace(GOOD, resumes_from="8:2"), ["hibernate"]),
        (replace(GOOD, crash_kernel="1"), ["kdump"]),
        (replace(GOOD, core_pattern="|/lib/systemd/systemd-coredump %P %u"), ["(systemd-coredump)"]),
        (replace(GOOD, core_pattern="|/usr/share/apport/apport -p%p"), ["(apport)"]),
        (replace(GOOD, core_pattern=None), ["where cores go"]),
    ],
)
def test_what_is_wrong_is_found_and_nothing_else(machine: Machine, words: list[str]) -> None:
    found = findings(machine)
    assert len(found) == len(words)
    for one, word in zip(found, words, strict=True):
        assert word in one.what
        assert one.remedy


def test_without_swap_nothing_needs_to_be_locked() -> None:
    assert findings(replace(GOOD, lockable=0, zswap="Y")) == []


@given(st.text())
def test_any_core_pattern_is_judged(pattern: str) -> None:
    assert bool(findings(replace(GOOD, core_pattern=pattern))) == pattern.startswith(("|", "@"))


def _plant(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "_PROC", folder / "proc")
    monkeypatch.setattr(probes, "_SYS", folder / "sys")
    for path, text in (
        ("proc/self/cgroup", "0::/a/b\n"),
        ("proc/swaps", SWAPS),
        ("proc/sys/kernel/core_pattern", "core\n"),
        ("sys/power/resume", "0:0\n"),
        ("sys/fs/cgroup/a/b/memory.swap.max", "max\n"),
    ):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


def test_the_machine_is_read_as_the_kernel_tells_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _plant(tmp_path, monkeypatch)
    assert replace(probes.machine(), lockable=None) == replace(GOOD, zswap=None, crash_kernel=None)
    assert not probes.may_swap()
    (tmp_path / "proc/swaps").write_text(f"{SWAPS}/dev/zram0 partition 8388604 0 100\n/swap.img file 2097148 0 -2\n")
    assert probes.machine().swap_areas == ("/dev/zram0", "/swap.img")
    assert probes.may_swap()
    (tmp_path / "sys/fs/cgroup/a/memory.swap.max").write_text("0\n")
    assert probes.machine().swap_forbidden
    assert not probes.may_swap()


def test_a_system_that_tells_nothing_may_swap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _plant(tmp_path, monkeypatch)
    (tmp_path / "proc/swaps").unlink()
    assert probes.swap_areas() is None
    assert probes.may_swap()
