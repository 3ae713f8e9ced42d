"""Fixtures that tests of every folder may ask for, and how tests are shared out among processes.

Most long tests wait, for a round's edge or for tor, so a folder is run by several processes at the same time; a file,
or a single test, by one. `-n 0` runs everything in one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final

import pytest
from coverage import Coverage
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.architecture_rules import ROOT
from tests.browser.fixtures import browser_onion
from tests.tor.fixtures import memory_folder, private_network

__all__ = ["browser_onion", "memory_folder", "private_network"]

PROCESSES: Final = 4
PROOFS: Final = ROOT / "tests" / "privacy"
# By this variable the processes that a test starts are told that they are measured too.
_MEASURED: Final = "COVERAGE_PROCESS_CONFIG"
# What takes long to make, and the words of the files whose tests ask for it: they all stay in one process.
SHARED: Final = {
    "the seized relays": re.compile(r"\bseized: dict"),
    "the private Tor network": re.compile(r"\bprivate_network\b|\bbrowser_onion\b|\bmark\.tor\b"),
}
_FIGURES: Final = re.compile(r"^[TN]\d+\b.*", re.M)
_said: Final[dict[str, None]] = {}

# Machines are noisy: how long an example takes says nothing about whether it holds.
settings.register_profile("veladora", deadline=None)
settings.load_profile("veladora")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """How many processes `-n auto` is."""
    if not config.args or any(Path(one).is_dir() for one in config.args):
        return PROCESSES
    config.option.dist = "no"
    return 0


class Together(LoadScopeScheduling):  # type: ignore[misc]
    """Gives each process whole groups of tests, one after the other."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Together:
    """How groups are handed out."""
    return Together(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that wait longest come first; a file's tests stay together and in their order."""
    items.sort(key=lambda item: [*SHARED, group(item.nodeid)].index(group(item.nodeid)))


def group(nodeid: str) -> str:
    """What is run by one process: the tests of a file, or of all files that share what takes long to make."""
    return _group(nodeid.partition("::")[0])


@cache
def _group(file: str) -> str:
    text = (ROOT / file).read_text(encoding="utf-8")
    return next((name for name, words in SHARED.items() if words.search(text)), file)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """What a proof goes through is not counted as covered: it does the same thousands of times, and would take three
    times as long. Unit tests have to reach those lines."""
    if PROOFS in item.path.parents:
        with _uncounted():
            return (yield)
    return (yield)


@contextmanager
def _uncounted() -> Iterator[None]:
    counting = Coverage.current()
    if counting is None:
        yield
        return
    told = os.environ.pop(_MEASURED, None)
    counting.stop()
    try:
        yield
    finally:
        counting.start()
        if told is not None:
            os.environ[_MEASURED] = told


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep the lines that a proof has said about its promise: what it measured, and which mutant it caught."""
    _said.update(dict.fromkeys(_FIGURES.findall(report.capstdout)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The end of a run lists what was measured, and every planted mutant that its proof has caught."""
    if _said:
        terminalreporter.section("promises: what was measured, and the planted mutants")
        for line in sorted(_said, key=lambda line: (line[0], int(re.sub(r"\D", " ", line[1:]).split()[0]))):
            terminalreporter.write_line(line)
