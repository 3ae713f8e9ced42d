"""Fixtures that tests of every folder may ask for, and how tests are shared out among processes.

Most long tests wait, for a round's edge or for tor, so a folder is run by several processes at the same time; a file,
or a single test, by one. `-n 0` runs everything in one.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from tests.browser.fixtures import browser_onion
from tests.tor.fixtures import memory_folder, private_network

__all__ = ["browser_onion", "memory_folder", "private_network"]

PROCESSES: Final = 4
# What is made once and takes long, or must not be there twice: tests that ask for it stay in one process.
TOGETHER: Final = ("seized", "private_network")
_FIGURES: Final = re.compile(r"^[TN]\d+\b.*", re.M)
_said: Final[dict[str, None]] = {}


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """How many processes `-n auto` is."""
    if not config.args or any(Path(one).is_dir() for one in config.args):
        return PROCESSES
    config.option.dist = "no"
    return 0


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that wait longest come first; a file's tests stay together and in their order."""
    ranks: dict[str, int] = {}
    for item in items:
        names = getattr(item, "fixturenames", ())
        asked = next((one for one in TOGETHER if one in names), None)
        group = item.nodeid.partition("::")[0] if asked is None else asked
        item.add_marker(pytest.mark.xdist_group(group))
        ranks[item.nodeid] = len(TOGETHER) if asked is None else TOGETHER.index(asked)
    items.sort(key=lambda item: ranks[item.nodeid])


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep the lines that a proof has said about its promise: what it measured, and which mutant it caught."""
    _said.update(dict.fromkeys(_FIGURES.findall(report.capstdout)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The end of a run lists what was measured, and every planted mutant that its proof has caught."""
    if _said:
        terminalreporter.section("promises: what was measured, and the planted mutants")
        for line in sorted(_said, key=lambda line: (line[0], int(re.sub(r"\D", " ", line[1:]).split()[0]))):
            terminalreporter.write_line(line)
