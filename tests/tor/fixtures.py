"""Fixtures for tests with real tors; one network serves the whole test session."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from onion_service import memory
from tests.tor.private_network import PrivateNetwork


@pytest.fixture(scope="session")
def private_network() -> Iterator[PrivateNetwork]:
    """The private tor network, started by the first test that asks for it and ended with the session."""
    with PrivateNetwork(progress=_tell) as network:
        yield network


@pytest.fixture
def memory_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder in memory, in which every tor works that this test starts, and nobody else's."""
    folder = Path(tempfile.mkdtemp(prefix="test-", dir=memory.SHARED))
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(folder))
    yield folder
    shutil.rmtree(folder)


def _tell(step: str) -> None:
    print(step, file=sys.stderr)
