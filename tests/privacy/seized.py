"""The relays that the tests of T1, T2 and T3 take: run once, all at the same time, for the whole session.

They are those of the seizure run that need no Tor, on the same disks and looked at by the same examiner.
"""

import multiprocessing
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

from tests.privacy.seizure.planned import OPEN_ONLY, PLAIN_MANY, PLAIN_NONE, planted
from tests.privacy.seizure.plans import Plan, Together
from tests.privacy.seizure.running import Seized, results, seize

PLANS = (PLAIN_NONE, PLAIN_MANY, planted("T1"), planted("T2"), OPEN_ONLY, planted("T3"))


def seize_all(plans: Sequence[Plan]) -> dict[str, Seized]:
    """Run these to their seizures side by side; by name."""
    together = Together(len(plans), plans[0].round_seconds)
    with (
        ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool,
        ThreadPoolExecutor(len(plans)) as relays,
    ):
        return results(
            {plan.name: relays.submit(seize, plan, pool=pool, say=_tell, together=together) for plan in plans}
        )


def _tell(step: str) -> None:
    print(step, file=sys.stderr)
