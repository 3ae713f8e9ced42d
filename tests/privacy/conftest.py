"""What these tests share."""

import pytest

from tests.privacy.seized import PLANS, seize_all
from tests.privacy.seizure.running import Seized


@pytest.fixture(scope="session")
def seized() -> dict[str, Seized]:
    """Relays whose power was cut, honest ones and some with a fault planted, by the name of their plan."""
    return seize_all(PLANS)
