"""`veladora doctor`: each thing to mend on stdout with its remedy, and an end that says whether there was any."""

import pytest

from relay import probes
from tests.cli.typed import run
from tests.unit.relay.test_doctor import GOOD


def test_a_good_machine_ends_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "machine", lambda: GOOD)
    done = run("doctor")
    assert (done.code, done.out) == (0, "")
    assert "nothing to mend" in done.err


def test_what_is_to_mend_is_told_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "swap_areas", lambda: ("/dev/sda2",))
    done = run("doctor")
    assert done.code == 1
    assert "swap is on" in done.out
    assert "  → sudo swapoff -a" in done.out
    assert "to mend" in done.err
