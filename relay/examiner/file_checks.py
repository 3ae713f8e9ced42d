"""What a tree of files says by names, sizes, numbers and times, before anything is read in it (promises T1, T2, T3,
T9, T10, T12)."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Final

from relay.examiner import layout, round_figures
from relay.examiner.chance import ALPHA, most_hits, tau, tau_band
from relay.examiner.entries import Entry, FileKind
from relay.examiner.findings import Report
from relay.examiner.layout import Place
from relay.examiner.moments import Window

# A bundle is read some time after the edge, when it is sent on, and that depends on no report.
_DELIVERY_SECONDS: Final = 120.0


def names_and_sizes(report: Report, name: str, entries: Sequence[Entry]) -> None:
    """Files that no relay makes, bundles of another length than their like, cores, measurements of others."""
    roots = layout.states(entries)
    report.looked("T12")
    lengths: dict[str, set[int]] = {}
    for entry in entries:
        where = _where(name, entry)
        if entry.kind is FileKind.FILE and layout.is_core_name(entry.path.name):
            report.found("T12", "name of a core file", where)
        if entry.kind is FileKind.FILE and round_figures.is_of_others(entry.path.name):
            report.found("T10", "file of measurements", where)
        place = layout.place_of(entry.path, roots)
        if place is Place.UNKNOWN:
            report.found("T1", "file that no relay makes", where)
        if place is Place.BUNDLE and not entry.path.name.startswith("."):
            lengths.setdefault(entry.path.name.partition("-")[0], set()).add(entry.size)
    for cell_class, sizes in lengths.items():
        if len(sizes) > 1:
            report.found("T1", f"bundles of {cell_class} of different lengths", name, len(sizes))
    if roots:
        report.looked("T1")
    else:
        report.could_not(
            ["T1"], f"{name} has no folder of a relay's state, so its list of files says nothing", asked=False
        )
    report.figure("T1", "files", sum(entry.kind is FileKind.FILE for entry in entries))
    report.figure("T1", "bytes in files", sum(entry.size for entry in entries if entry.kind is FileKind.FILE))


def inode_times(report: Report, name: str, entries: Sequence[Entry], window: Window) -> None:
    """Times of files inside the window that are at no edge; those of tor's files against the arrivals only."""
    report.looked("T2")
    roots = layout.states(entries)
    tors = []
    for entry in entries:
        place = layout.place_of(entry.path, roots)
        if place is Place.TOR:
            tors += list(entry.times.values())
            continue
        for kind, moment in entry.times.items():
            report.figure("T2", "times of files", 1)
            if judged_by(place, kind, window).tells(moment):
                report.found("T2", kind, _where(name, entry))
            if window.recovers(moment):
                report.figure("T2", "times of files at an arrival", 1)
    if tors:
        by_chance(report, "T9", "times of tor's files at an arrival", name, tors, window)


def judged_by(place: Place | None, kind: str, window: Window) -> Window:
    """The window for one time of a file: a bundle is read some time after the edge."""
    sending = place is Place.BUNDLE and kind == "time of access"
    return later(window, _DELIVERY_SECONDS) if sending else window


def by_chance(
    report: Report, row: str, kind: str, where: str, moments: Iterable[float], window: Window, *, alpha: float = ALPHA
) -> None:
    """Moments that come by themselves: a finding when more of them are at an arrival than chance gives."""
    inside = {moment for moment in moments if window.start <= moment <= window.end}
    if not window.arrivals:
        if inside:
            report.could_not([row], f"{kind}: without --arrivals they say nothing ({where})", asked=False)
        return
    report.looked(row)
    at_arrivals = sum(window.recovers(moment) for moment in inside)
    share = min(1.0, window.recovering / (window.end - window.start))
    if at_arrivals > most_hits(len(inside) * share, alpha=alpha):
        report.found(row, kind, where, at_arrivals)


def numbering(report: Report, name: str, entries: Sequence[Entry]) -> None:
    """Names that count up as files come: whoever reads them has the order."""
    roots = layout.states(entries)
    report.looked("T3")
    for folder, group in layout.numbered(entries, roots):
        band = tau_band(len(group))
        if band is None:
            continue
        group.sort(key=lambda pair: pair[0])
        orders = {
            "by their times of writing": [entry.times["time of writing"] for _, entry in group],
            "by their inodes": [float(entry.inode) for _, entry in group],
        }
        if all("time of birth" in entry.times for _, entry in group):
            orders["by their births"] = [entry.times["time of birth"] for _, entry in group]
        rising = [how for how, order in orders.items() if abs(tau(order)) > band]
        if rising:
            kind = f"numbers in names that follow an order ({', '.join(rising)})"
            report.found("T3", kind, str(PurePosixPath(name) / folder), len(group))


def later(window: Window, seconds: float) -> Window:
    """The window for work that may come so much later after an edge; half a round stays closed to it."""
    return replace(window, slack=min(window.slack + seconds, max(window.slack, window.period / 2)))


def _where(name: str, entry: Entry) -> str:
    return f"{PurePosixPath(name) / entry.path} (inode {entry.inode})"
