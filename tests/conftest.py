"""Fixtures that tests of every folder may ask for."""

from __future__ import annotations

from tests.browser.fixtures import browser_onion
from tests.tor.fixtures import memory_folder, private_network

__all__ = ["browser_onion", "memory_folder", "private_network"]
