"""Fixtures that tests of every folder may ask for."""

from __future__ import annotations

from tests.tor.fixtures import private_network

__all__ = ["private_network"]
