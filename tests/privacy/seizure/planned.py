"""The relays of a seizure run: those that are to hold, and one with a fault planted for each promise.

Those with both their tors on the disk live through rounds of 40 seconds, the others, on which a fault of the node is
planted, through rounds of 20. What falls within the slack after an edge counts as the edge. So rounds must be long
beside that, and short enough that a run ends; on a machine that has other work too, the work at an edge takes seconds.
A relay's own rounds have 900 of them.
"""

from dataclasses import replace
from typing import Final

from tests.privacy import crash_mutants, mutant_node, stored_mutants
from tests.privacy.seizure.plans import Plan

KILLS: Final = 3

_TOR: Final = Plan("", round_seconds=40, slack=6.0, kills=KILLS, with_tor=True)
_PLAIN: Final = Plan("", round_seconds=20, slack=5.0, kills=KILLS)

NONE: Final = replace(_TOR, name="no report")
ONE: Final = replace(_TOR, name="one report", open=1, by_onion=1)
MANY: Final = replace(
    _TOR, name="500 reports", burst=15, early=100, late=152, open=200, parcels=3, by_onion=24, refused=40
)
TORS_DEFAULTS: Final = replace(
    _TOR, name="T9 mutant", open=12, late=12, by_onion=12, tors_defaults=True, looks=("platter", "flushed")
)

PLAIN_NONE: Final = replace(_PLAIN, name="no report, without tor")
PLAIN_MANY: Final = replace(
    _PLAIN, name="500 reports, without tor", burst=15, early=100, late=152, open=200, parcels=3, refused=40
)
OPEN_ONLY: Final = replace(_PLAIN, name="200 reports", open=200, whole=False, looks=("live",))

# By promise: what is planted, in words, and the relay it is planted in.
MUTANTS: Final[dict[str, tuple[str, Plan]]] = {
    "T1": (
        "one debug write for each report",
        replace(
            _PLAIN,
            early=10,
            late=10,
            open=20,
            mutant=stored_mutants.write_each_report_down.__name__,
            looks=("platter",),
        ),
    ),
    "T2": (
        "a counter file on arrival",
        replace(_PLAIN, early=10, late=10, open=20, mutant=stored_mutants.count_in_a_file.__name__, looks=("platter",)),
    ),
    "T3": ("bodies kept in a list", replace(OPEN_ONLY, mutant=stored_mutants.keep_bodies_in_a_list.__name__)),
    "T4": (
        "the previous keys kept",
        replace(_PLAIN, open=10, mutant=mutant_node.keep_the_previous_keys.__name__, looks=("live",)),
    ),
    "T8": (
        "a line for each report",
        replace(
            _PLAIN, early=10, open=10, mutant=mutant_node.write_a_line_for_each_report.__name__, looks=("platter",)
        ),
    ),
    "T9": ("tor's defaults", TORS_DEFAULTS),
    "T10": (
        "a figure that moves at arrival",
        replace(_PLAIN, early=30, open=30, mutant=mutant_node.count_at_arrival.__name__, looks=("platter",)),
    ),
    "T11": (
        "answered before the cell is in its slot",
        replace(_PLAIN, burst=30, mutant=mutant_node.answer_before_the_cell_is_in_its_slot.__name__, looks=()),
    ),
    "T12": (
        "the limits removed",
        replace(
            _PLAIN,
            open=10,
            mutant=crash_mutants.remove_the_limits.__name__,
            core_limit="unlimited",
            looks=("live", "flushed"),
        ),
    ),
}


def planted(row: str) -> Plan:
    """The relay with the fault of that promise."""
    return replace(MUTANTS[row][1], name=f"{row} mutant")
