"""`veladora desk rounds` says what is here, what can still be had and what is lost for good."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from forwarder.desk.config import RelaySettings
from relay.cli import rounds
from tests.cli.test_desk import desk
from tests.unit.forwarder.desk.given import RELAY_SETTINGS, new_desk, open_desk
from tests.unit.forwarder.given import ROUND_SECONDS, bundle

pytestmark = pytest.mark.slow  # a desk is made

RELAY: RelaySettings = msgspec.structs.replace(RELAY_SETTINGS, keep_rounds=6, parcel_every=1)


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> int:
    """The last settled round, on a clock that stands: nobody waits for it, and it does not turn meanwhile."""
    stands = time.time()
    monkeypatch.setattr(rounds, "time", SimpleNamespace(time=lambda: stands))
    return int(stands - 30) // ROUND_SECONDS - 1


@pytest.fixture
def folder(tmp_path: Path, closed: int) -> Iterator[Path]:
    with new_desk(tmp_path, relay=RELAY) as made:
        for one in (closed - 12, closed - 11, closed - 3):
            made.take(bundle(one))
    yield tmp_path
    assert open_desk(tmp_path).inbox.empty


def test_each_missing_round_is_said_to_be_lost_or_still_to_be_had(folder: Path, closed: int) -> None:
    shown = desk("rounds", "--folder", str(folder))
    assert shown.exit_code == 0
    assert shown.stdout.splitlines()[:5] == [
        "letters: 3 here",
        f"  missing: letters-{closed - 5} to letters-{closed - 4} (2); still to be had",
        f"  missing: letters-{closed - 2} to letters-{closed} (3); still to be had",
        f"  missing: letters-{closed - 10} to letters-{closed - 6} (5); lost for good, older than what the relay keeps",
        "parcels: 0 here",
    ]
    assert "comes for what can still be had" in shown.stderr
    assert (
        f"letters-{closed - 10} to letters-{closed - 6} (5); lost for good"
        in desk("list", "--folder", str(folder)).stderr
    )


def test_the_same_for_programs(folder: Path, closed: int) -> None:
    found = json.loads(desk("rounds", "--json", "--folder", str(folder)).stdout)
    assert found["letters"]["lost"] == [{"first": closed - 10, "last": closed - 6, "count": 5}]
    assert found["letters"]["not_kept"] == []
    assert [one["count"] for one in found["parcels"]["to_come"]] == [6]
