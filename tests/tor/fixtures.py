"""Fixtures that need a real tor network; one network serves the whole test session."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from tests.tor.private_network import PrivateNetwork


@pytest.fixture(scope="session")
def private_network() -> Iterator[PrivateNetwork]:
    """The private tor network, started by the first test that asks for it and ended with the session."""
    with PrivateNetwork(progress=_tell) as network:
        yield network


def _tell(step: str) -> None:
    print(step, file=sys.stderr)
