"""What a file is by its name and its beginning, and what is looked at in it beside markers and moments: lines of a
journal, tor's state, figures, cores (promises T8, T9, T10, T12)."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Final

from relay.examiner import journal_lines, layout, round_figures, tor_traces
from relay.examiner.findings import Report
from relay.examiner.layout import Place
from relay.examiner.scan import Scan
from relay.examiner.sources import Nature, Source, held, nature_of

# The signature of a swap area may stand at the end of a page of 64 KiB.
HEAD: Final = 68 << 10
WHOLE_MAX: Final = 64 << 20
_TEXT_HEAD: Final = 4 << 10
_JOURNAL_NAMES: Final = frozenset({"journal", "journal.log", "veladora.log"})


def nature(path: PurePosixPath, head: bytes, roots: Iterable[PurePosixPath]) -> Nature:
    """What a file is. `head`: its first bytes, HEAD of them when it has so many."""
    found = nature_of(head)
    if found is not Nature.PLAIN:
        return found
    if path.name in round_figures.FILES:
        return Nature.FIGURES
    if path.name in _JOURNAL_NAMES or journal_lines.is_journal(head[:_TEXT_HEAD]):
        return Nature.JOURNAL
    if tor_traces.is_tors(head[:_TEXT_HEAD]):
        return Nature.TOR
    if layout.place_of(path, roots) is Place.TOR:
        top = next((part for part in path.parts[1:] if tor_traces.is_public(part)), None)
        return Nature.PUBLIC if top else Nature.TOR
    return Nature.PLAIN


def look(report: Report, scan: Scan, source: Source) -> None:
    """One file, everything that its nature asks for."""
    if source.nature is Nature.CORE:
        report.found("T12", "core file", source.name)
    elif source.nature is Nature.PUBLIC:
        report.could_not(["T9"], "tor's copies of public documents say when it fetched them", asked=False)
    elif source.nature in (Nature.JOURNAL, Nature.FIGURES, Nature.TOR):
        source = _whole(report, source)
    scan.look(source)


def _whole(report: Report, source: Source) -> Source:
    if source.size > WHOLE_MAX:
        row = {Nature.JOURNAL: "T8", Nature.FIGURES: "T10", Nature.TOR: "T9"}[source.nature]
        report.could_not([row], f"{source.name} is longer than {WHOLE_MAX >> 20} MiB; it is looked at as bytes only")
        return source
    data = source.read(0, source.size)
    if source.nature is Nature.JOURNAL:
        report.looked("T8")
        for at in journal_lines.strange_lines(data):
            report.found("T8", "line that is no event", source.place(at))
    if source.nature is Nature.FIGURES:
        report.looked("T10")
        if source.size > round_figures.FIGURES_MAX or not round_figures.are_of_a_round(data):
            report.found("T10", "figures that are not those of a round", source.name)
    if source.nature is Nature.TOR:
        report.looked("T9")
        if data.startswith(tor_traces.STATE_HEADS):
            return replace(held(source.name, tor_traces.without_guards(data), Nature.TOR), group=source.group)
    return source
