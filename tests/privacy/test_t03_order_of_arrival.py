"""T3: arrival order is not recoverable from memory. Of 200 reports in the open round, whose order was chance, neither
the addresses in the slots nor any other copy in the node's memory follow the order in which they came."""

import pytest

from relay.examiner.chance import tau_band
from tests.privacy.mutants import caught
from tests.privacy.seizure import verdicts
from tests.privacy.seizure.planned import OPEN_ONLY, PLAIN_MANY, planted
from tests.privacy.seizure.running import Seized

# It mostly waits for rounds, so it runs beside the tests that need the processor.
pytestmark = [pytest.mark.slow, pytest.mark.tor]

IN_OPEN_ROUND = 200


def no_order_is_recovered(found: Seized) -> None:
    """The proof: |tau| within the band that an order of chance leaves once in 10 000 runs, 0.185 for 200."""
    assert found.in_open_round == IN_OPEN_ROUND
    verdict = verdicts.order(found, found)
    assert verdict.looked
    assert verdict.held, verdict.because


def test_the_order_of_arrival_is_not_recoverable(seized: dict[str, Seized]) -> None:
    assert tau_band(IN_OPEN_ROUND) == pytest.approx(0.185, abs=0.0005)
    no_order_is_recovered(seized[OPEN_ONLY.name])
    no_order_is_recovered(seized[PLAIN_MANY.name])


def test_bodies_kept_in_a_list_are_caught(seized: dict[str, Seized]) -> None:
    caught("T3", "bodies kept in a list", no_order_is_recovered, seized[planted("T3").name])
