"""What these tests share; the end of a run over them lists every mutant that was caught."""

import pytest

from tests.privacy.mutants import CAUGHT
from tests.privacy.seized import PLANS, seize_all
from tests.privacy.seizure.running import Seized


@pytest.fixture(scope="session")
def seized() -> dict[str, Seized]:
    """Relays whose power was cut, honest ones and some with a fault planted, by the name of their plan."""
    return seize_all(PLANS)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Write one line for each planted mutant that its proof has caught."""
    if CAUGHT:
        terminalreporter.section("planted mutants")
        for line in CAUGHT:
            terminalreporter.write_line(line)
