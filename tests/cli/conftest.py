"""What the tests of sending and sealing share: a relay on loopback that keeps real time."""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.loopback_relay import Road, World, road


@dataclass(frozen=True, slots=True)
class Reach:
    """A relay, the way to it, and an empty folder to work in."""

    world: World
    road: Road
    folder: Path

    @property
    def socks(self) -> str:
        return str(self.road.socks)

    @property
    def card(self) -> str:
        return str(self.world.card)

    def file(self, name: str, data: bytes) -> Path:
        """A file outside the working folder."""
        path = self.road.socks.path.parent / name
        path.write_bytes(data)
        return path


@pytest.fixture
def reach(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reach]:
    monkeypatch.chdir(tmp_path)
    with tempfile.TemporaryDirectory() as folder:
        world = World(now=time.time)
        with road(world, Path(folder)) as built:
            yield Reach(world, built, tmp_path)
    assert [path for path in tmp_path.iterdir() if path.name != "state"] == [], "nothing is left on the disk"
