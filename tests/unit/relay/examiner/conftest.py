"""A relay that ran once, for all tests of the examiner."""

from pathlib import Path

import pytest

from tests.unit.relay.examiner.given_relay import Ran, after_a_run


@pytest.fixture(scope="session")
def ran_once(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return after_a_run(tmp_path_factory.mktemp("ran") / "relay")


@pytest.fixture
def ran(ran_once: Ran, tmp_path: Path) -> Ran:
    return ran_once.copied(tmp_path / "relay")
