"""T1: nothing about a report is written to storage. A relay on a disk of its own takes 500 reports, and bodies that are
none, and loses its power; the disk is that of a relay that took none, and nothing that was sent lies anywhere on it."""

import pytest

from tests.privacy.mutants import caught
from tests.privacy.seizure import verdicts
from tests.privacy.seizure.planned import PLAIN_MANY, PLAIN_NONE, planted
from tests.privacy.seizure.running import Seized
from tests.privacy.seizure.same import differing

# It mostly waits for rounds, so it runs beside the tests that need the processor.
pytestmark = [pytest.mark.slow, pytest.mark.tor]


def nothing_is_written(found: Seized, empty: Seized) -> None:
    """The proof: nothing known is found, and the same names, lengths, blocks, times and contents."""
    verdict = verdicts.written(found, empty)
    assert verdict.looked
    assert verdict.held, verdict.because


def test_nothing_about_a_report_is_written(seized: dict[str, Seized]) -> None:
    found, empty = seized[PLAIN_MANY.name], seized[PLAIN_NONE.name]
    # Whoever is still trying when the power goes, on a machine with much to do, has sent nothing.
    assert 450 <= len(found.told.accepted) <= 500
    assert len(found.told.refused) == 40
    different = differing(empty.picture, found.picture)
    assert different == {}, [(name, empty.picture.get(name), found.picture.get(name)) for name in different]
    assert len(found.picture) > 10
    nothing_is_written(found, empty)
    nothing_is_written(empty, empty)


def test_one_debug_write_for_each_report_is_caught(seized: dict[str, Seized]) -> None:
    mutant = seized[planted("T1").name]
    caught("T1", "one debug write for each report", nothing_is_written, mutant, seized[PLAIN_NONE.name])
    # The examiner alone finds it too, on the disk as it was when the power went.
    assert verdicts.findings(mutant, "T1")
