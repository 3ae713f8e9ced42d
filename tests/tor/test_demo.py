"""The demonstration is the main job: it must end well on every machine that runs the tests."""

import re
import subprocess
import sys

import pytest

DEMO_SECONDS = 300


@pytest.mark.tor
@pytest.mark.slow
def test_three_reports_go_all_the_way_through_tor_to_two_desks() -> None:
    done = subprocess.run([sys.executable, "-m", "deploy.demo"], capture_output=True, text=True, timeout=DEMO_SECONDS)
    said = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout[-3_000:] + done.stderr[-3_000:]
    assert said[-1] == "delivered: 3 of 3 reports"
    assert "voces-del-sur could not open it" in done.stdout
    assert not re.search("Lupita|moto g play|LEAKED", done.stdout)
