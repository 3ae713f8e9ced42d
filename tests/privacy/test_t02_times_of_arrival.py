"""T2: times of arrival are not recoverable. Of 500 reports at secret moments no file's times, no copy of an inode in
the file system's journal and no number on the disk or in memory tells more than chance does."""

import pytest

from tests.privacy.mutants import caught
from tests.privacy.seizure import verdicts
from tests.privacy.seizure.planned import PLAIN_MANY, PLAIN_NONE, planted
from tests.privacy.seizure.running import Seized

# It mostly waits for rounds, so it runs beside the tests that need the processor.
pytestmark = [pytest.mark.slow, pytest.mark.tor]


def no_time_is_recovered(found: Seized, empty: Seized) -> None:
    """The proof. The bands are the examiner's: a number of hits that chance exceeds once in 10 000 runs
    (relay.examiner.chance.most_hits), and for times of inodes none at all that is at no edge."""
    verdict = verdicts.times(found, empty)
    assert verdict.looked
    assert verdict.held, verdict.because


def test_times_of_arrival_are_not_recoverable(seized: dict[str, Seized]) -> None:
    found, empty = seized[PLAIN_MANY.name], seized[PLAIN_NONE.name]
    inside = [one for one in found.told.accepted if found.window[0] <= one.moment <= found.window[1]]
    assert len(inside) >= 400
    no_time_is_recovered(found, empty)
    no_time_is_recovered(empty, empty)


def test_a_counter_file_on_arrival_is_caught(seized: dict[str, Seized]) -> None:
    caught("T2", "a counter file on arrival", no_time_is_recovered, seized[planted("T2").name], seized[PLAIN_NONE.name])
