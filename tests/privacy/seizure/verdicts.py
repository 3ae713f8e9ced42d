"""What a seizure says of each promise: held or not, with its figures; never what was found."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from crypto.cells import cell_hash
from relay.examiner.findings import Finding, Outcome, Row
from relay.examiner.moments import TICK
from tests.privacy.seizure.running import Seized
from tests.privacy.seizure.same import apart, differing

_IN_SPOOL: Final = re.compile(r"(tau|band) of cell of an open round, by address in spool of supervisor \d+")
_AT_REST: Final = ("platter", "flushed")
_LIVE: Final = ("live",)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One promise after one seizure. `because`: where it broke, or why it could not be looked at."""

    id: str
    held: bool
    looked: bool
    said: str
    because: tuple[str, ...] = ()


Judge = Callable[[Seized, Seized], Verdict]


def written(found: Seized, empty: Seized) -> Verdict:
    """T1. Nothing of what is known lies anywhere on the disk or in a process that should not have it, and the disk is
    that of a relay without a report."""
    differ = differing(empty.picture, found.picture)
    told = len(found.told.sent) + len(found.told.refused)
    hits = sum(one.count for one in findings(found, "T1"))
    said = (
        f"{told} bodies with their markers, cells and hashes: {hits} found in {found.bytes_on_disk >> 20} MiB of disk; "
        f"{sum(differ.values())} bytes differ from a relay without a report"
    )
    because = [f"{name}: {count} bytes differ" for name, count in differ.items()]
    return _verdict("T1", found, (*_AT_REST, *_LIVE), said, because)


def times(found: Seized, _empty: Seized) -> Verdict:
    """T2. No time of a file, a copy of an inode or a number tells an arrival."""
    figures = {where: _row(found, where, "T2").figures for where in _AT_REST if where in found.rows}
    arrivals = next((int(one["arrivals"]) for one in figures.values()), 0)
    hits = sum(int(one.get("times of arrival found", 0)) for one in figures.values())
    chance = sum(one.get("times of arrival that chance gives", 0) for one in figures.values())
    inodes = sum(
        int(one.get("times of inodes and their copies", 0) + one.get("times of files", 0)) for one in figures.values()
    )
    odd = sum(one.count for one in findings(found, "T2", _AT_REST))
    said = (
        f"{arrivals} arrivals, {hits} recovered where chance gives {chance:.1f}; of {inodes} times of inodes "
        f"and of their copies in the journal {odd} are at no edge"
    )
    return _verdict("T2", found, (*_AT_REST, *_LIVE), said)


def order(found: Seized, _empty: Seized) -> Verdict:
    """T3. What lies in memory or on the disk does not lie in the order in which it came."""
    figures = _row(found, "live", "T3").figures
    spool = {match[1]: value for name, value in figures.items() if (match := _IN_SPOOL.fullmatch(name))}
    said = f"{found.in_open_round} reports in the open round, too few to have an order"
    because = []
    if spool:
        said = (
            f"{found.in_open_round} reports in the open round: tau {spool['tau']:+.3f}, chance alone stays within "
            f"±{spool['band']:.3f}"
        )
    else:
        because = ["too few reports in the open round to have an order"]
    return _verdict("T3", found, (*_AT_REST, *_LIVE), said, because)


def past(found: Seized, _empty: Seized) -> Verdict:
    """T4. Round keys and envelopes of earlier rounds are in no memory, and such an envelope is answered 410."""
    hits = sum(one.count for one in findings(found, "T4", _LIVE))
    said = f"{hits} keys and envelopes of past rounds in memory; an old envelope is answered {found.late_answer}"
    because = [] if found.late_answer == 410 else [f"an old envelope is answered {found.late_answer}"]
    return _verdict("T4", found, _LIVE, said, because)


def journal(found: Seized, empty: Seized) -> Verdict:
    """T8. Every line is one of the closed events, and they are those of a relay without a report."""
    differ = _only(found, empty, "journal")
    said = f"{sum(differ.values())} bytes differ from the journal of a relay without a report, rounds made alike"
    because = [f"{name} differs: {'; '.join(apart(found.picture, empty.picture, name))}" for name in differ]
    return _verdict("T8", found, _AT_REST, said, because)


def tors_files(found: Seized, _empty: Seized) -> Verdict:
    """T9. tor's log and state hold no count and no time of a report, also after it was asked for a heartbeat."""
    hits = sum(one.count for one in findings(found, "T9", _AT_REST))
    said = f"a heartbeat was asked for: {hits} counts and times of arrival in tor's state and logs"
    return _verdict("T9", found, _AT_REST, said)


def figures(found: Seized, empty: Seized) -> Verdict:
    """T10. The figures are those of a relay without a report, and their file changed at edges only."""
    plan, began = found.plan, found.window[0]
    changes = [moment for moment in found.figures_changed if moment >= began]
    odd = [moment for moment in changes if (moment + TICK) % plan.round_seconds > plan.slack + TICK]
    differ = _only(found, empty, "figures.json")
    because = [f"{name} differs" for name in differ] + ["the file changed at no edge"] * bool(odd)
    at_no_edge = "at no edge" if odd else "at edges"
    said = f"the figures changed {len(changes)} times, {at_no_edge}; {sum(differ.values())} bytes differ"
    return _verdict("T10", found, _AT_REST, said, because)


def crash(found: Seized, _empty: Seized) -> Verdict:
    """T11. What was answered 202 is in exactly one bundle or still in its slot, although the node was killed."""
    cells = [one.written for one in found.told.accepted]
    places = [found.in_bundles[(digest := cell_hash(one.cell))] + found.in_slots[digest] for one in cells]
    once = sum(count == 1 for count in places)
    said = f"{found.kills} kills: {once} of {len(cells)} reports answered 202 are in one bundle or slot"
    because = [f"{len(cells) - once} of them are not"] * (once < len(cells))
    return Verdict("T11", not because and bool(cells), bool(cells), said, tuple(because))


def cores(found: Seized, _empty: Seized) -> Verdict:
    """T12. The node has no core file to leave, left none when it broke down, and nothing of it is on the swap."""
    hits = sum(one.count for one in findings(found, "T12"))
    said = f"the node broke down (SIGSEGV): {hits} cores, permissions to leave one, pages on the swap, or secrets named"
    return _verdict("T12", found, (*_AT_REST, *_LIVE), said)


JUDGES: Final[dict[str, Judge]] = {
    "T1": written,
    "T2": times,
    "T3": order,
    "T4": past,
    "T8": journal,
    "T9": tors_files,
    "T10": figures,
    "T11": crash,
    "T12": cores,
}


def findings(found: Seized, row: str, wheres: tuple[str, ...] = (*_AT_REST, *_LIVE)) -> list[Finding]:
    """What the examiner found of a row."""
    return [one for where in wheres if where in found.rows for one in _row(found, where, row).findings]


def _verdict(row: str, found: Seized, wheres: tuple[str, ...], said: str, because: list[str] | None = None) -> Verdict:
    broken = [*(because or ()), *(f"{one.kind} ({one.count}): {one.where}" for one in findings(found, row, wheres))]
    looked = [one for one in _rows(found, row, wheres) if one.outcome is not Outcome.COULD_NOT_LOOK]
    unseen = [one.because for each in _rows(found, row, wheres) for one in each.unseen if one.asked]
    if not looked:
        unseen += [one.because for each in _rows(found, row, wheres) for one in each.unseen]
    return Verdict(row, bool(looked) and not broken and not unseen, bool(looked), said, (*broken, *unseen))


def _rows(found: Seized, row: str, wheres: tuple[str, ...]) -> Iterator[Row]:
    for where in wheres:
        if where in found.rows:
            yield _row(found, where, row)


def _row(found: Seized, where: str, row: str) -> Row:
    return next(one for one in found.rows[where] if one.id == row)


def _only(found: Seized, empty: Seized, ending: str) -> dict[str, int]:
    return {name: count for name, count in differing(empty.picture, found.picture).items() if name.endswith(ending)}
