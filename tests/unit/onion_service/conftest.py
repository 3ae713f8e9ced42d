"""What the tests of the reporter's side share."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.loopback_relay import World, road
from tests.loopback_reporter import Bench, Clock


@pytest.fixture(params=[1, 2], ids=["one relay", "two relays"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    with tempfile.TemporaryDirectory() as folder:
        clock = Clock()
        world = World(now=clock.now, route_length=request.param)
        with road(world, Path(folder)) as built:
            yield Bench(world, built, clock)
