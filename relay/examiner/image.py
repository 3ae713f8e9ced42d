"""An image of a disk: every byte of it, and of its ext4 file system every inode, the journal's copies of inodes too.

What is not ext4 is looked through as bytes, and what could not be looked at for that is said.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Final

from relay.examiner import contents, file_checks, jbd2, layout
from relay.examiner.entries import Entry, FileKind
from relay.examiner.ext4 import TIME_FIELDS, Ext4, Inode, NotExt4
from relay.examiner.findings import Report
from relay.examiner.jbd2 import COMMIT_TIME_FIELD, Log
from relay.examiner.layout import Place
from relay.examiner.masked import Masked
from relay.examiner.moments import Window
from relay.examiner.scan import Scan
from relay.examiner.sources import Nature, Source, held

# The kernel writes changed blocks back within 30 seconds and commits within 5 more (ext4(5), proc(5)).
_COMMIT_SECONDS: Final = 45.0
_HEAD: Final = contents.HEAD
_OF_FILES: Final = ("T1", "T2", "T8", "T9", "T10")
_ALL_ROWS: Final = (*_OF_FILES, "T3", "T12")


@dataclass(frozen=True, slots=True)
class _Disk:
    """A readable file system, with its names and its journal."""

    ext4: Ext4
    log: Log | None
    named: list[tuple[Entry, Inode]]


def examine_image(report: Report, scan: Scan, source: Source, window: Window | None) -> None:
    """The image that `source` gives."""
    try:
        disk = _open(source)
    except (NotExt4, RecursionError) as error:
        report.could_not(_OF_FILES, f"{source.name}: {error}")
        scan.look(replace(source, nature=Nature.IMAGE))
        return
    entries = [entry for entry, _ in disk.named]
    file_checks.names_and_sizes(report, source.name, entries)
    file_checks.numbering(report, source.name, entries)
    if window is not None:
        _times(report, source.name, disk, window)
    masked = _masked_times(disk)
    for special, inode in _special(report, source.name, disk):
        contents.look(report, scan, special)
        for _, start, count in disk.ext4.file_blocks(inode):
            masked.add(start * disk.ext4.block_size, count * disk.ext4.block_size)
    scan.look(replace(source, read=masked.reading(source.read), nature=Nature.IMAGE))


def _masked_times(disk: _Disk) -> Masked:
    """The times of inodes, of their copies and of commits are judged one by one; as bytes they would be counted again,
    those of tor's files too."""
    masked, size = Masked(), disk.ext4.block_size
    fields = [(at, length) for at, length in TIME_FIELDS if at + length <= disk.ext4.inode_size]
    copies = disk.log.copies if disk.log else []
    for block in {copy for number, copy in copies if disk.ext4.table_place(number) is not None}:
        masked.add_fields(block * size, size, step=disk.ext4.inode_size, fields=fields)
    for table, count in disk.ext4.tables():
        masked.add_fields(table * size, count * size, step=disk.ext4.inode_size, fields=fields)
    for block, _ in disk.log.commits if disk.log else ():
        masked.add_fields(block * size, size, step=size, fields=[COMMIT_TIME_FIELD])
    return masked


def _open(source: Source) -> _Disk:
    ext4 = Ext4(source.read, source.size)
    log = jbd2.read(ext4)
    if log is not None:
        ext4.lay_over(log.replay)
    return _Disk(ext4, log, list(ext4.tree()))


def _times(report: Report, name: str, disk: _Disk, window: Window) -> None:
    entries = [entry for entry, _ in disk.named]
    file_checks.inode_times(report, name, entries, window)
    roots = layout.states(entries)
    places = {entry.inode: layout.place_of(entry.path, roots) for entry, _ in disk.named}
    named = set(places)
    tors = []
    # Of an inode without a name no one knows whose it was, unless the journal still has the name.
    places |= dict.fromkeys(_once_tors(disk, roots) - named, Place.TOR)
    for inode in disk.ext4.inodes():
        if inode.number in named:
            continue
        if places.get(inode.number) is Place.TOR:
            tors += list(inode.times.values())
            continue
        _inode_times(report, f"{name}, inode {inode.number} without a name", inode, window, None)
    if disk.log is None:
        report.could_not(["T2"], f"{name} has no journal, so there are no copies of inodes in one", asked=False)
        return
    if disk.log.fast_commits:
        report.could_not(["T2"], f"{name} has fast commits in its journal; they are looked at as bytes only")
    for block, inode in jbd2.inode_copies(disk.ext4, disk.log):
        place = places.get(inode.number)
        if place is Place.TOR:
            tors += list(inode.times.values()) if inode.number not in named else []
            continue
        where = f"{name}, copy of inode {inode.number} in the journal, block {block}"
        _inode_times(report, where, inode, window, place)
    if tors:
        file_checks.by_chance(report, "T9", "times of files that tor removed at an arrival", name, tors, window)
    _commits(report, name, disk.log, window)


def _once_tors(disk: _Disk, roots: list[PurePosixPath]) -> set[int]:
    """The inodes that had a name in tor's folders, and none elsewhere, in any copy of a folder that is still there."""
    folders = {
        start + number: entry.path
        for entry, inode in disk.named
        if entry.kind is FileKind.FOLDER
        for _, start, count in disk.ext4.file_blocks(inode)
        for number in range(count)
    }
    copies = [*(disk.log.copies if disk.log else ()), *((block, block) for block in folders)]
    had: dict[int, set[Place | None]] = {}
    for block, copy in copies:
        if (folder := folders.get(block)) is not None:
            for name, number in disk.ext4.names_in(disk.ext4.block(copy), removed=True):
                had.setdefault(number, set()).add(layout.place_of(folder / name, roots))
    return {number for number, places in had.items() if places == {Place.TOR}}


def _inode_times(report: Report, where: str, inode: Inode, window: Window, place: Place | None) -> None:
    for kind, moment in inode.times.items():
        report.figure("T2", "times of inodes and their copies", 1)
        if file_checks.judged_by(place, kind, window).tells(moment):
            report.found("T2", kind, where)


def _commits(report: Report, name: str, log: Log, window: Window) -> None:
    moments = [moment for _, moment in log.commits]
    kind = "commits of the file system at an arrival"
    file_checks.by_chance(report, "T2", kind, name, moments, window)
    if window.slack + _COMMIT_SECONDS >= window.period / 2:
        because = f"{name}: rounds are too short to tell commits of the file system at edges from others"
        report.could_not(["T2"], because, asked=False)
        return
    late = file_checks.later(window, _COMMIT_SECONDS)
    if telling := sum(late.tells(moment) for moment in moments):
        report.found("T2", "commit of the file system at no edge", name, telling)


def _special(report: Report, name: str, disk: _Disk) -> Iterator[tuple[Source, Inode]]:
    """The files that have a promise of their own."""
    roots = layout.states(entry for entry, _ in disk.named)
    for entry, inode in disk.named:
        if entry.kind is not FileKind.FILE:
            continue
        try:
            nature = contents.nature(entry.path, disk.ext4.content(inode, at_most=_HEAD), roots)
            if nature is Nature.PLAIN:
                continue
            data = disk.ext4.content(inode, at_most=contents.WHOLE_MAX)
        except NotExt4 as error:
            report.could_not(["T8", "T9", "T10"], f"{name}, inode {entry.inode}: {error}")
            continue
        yield held(f"{name}/{entry.path}", data, nature), inode
