"""The end of a run over these tests lists every mutant that was caught."""

import pytest

from tests.privacy.mutants import CAUGHT


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Write one line for each planted mutant that its proof has caught."""
    if CAUGHT:
        terminalreporter.section("planted mutants")
        for line in CAUGHT:
            terminalreporter.write_line(line)
