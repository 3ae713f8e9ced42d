"""The way in: what is to be examined and what is known of it goes in, a row for each promise comes out."""

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Final

from relay.examiner import contents, file_checks, layout, live, order
from relay.examiner.entries import FileKind, Tree, walk
from relay.examiner.findings import Report, Row
from relay.examiner.given import Given
from relay.examiner.image import examine_image
from relay.examiner.live import Process, Role
from relay.examiner.moments import Window, default_slack, span_of
from relay.examiner.needles import Needles
from relay.examiner.proc_text import StrangeProc
from relay.examiner.scan import Progress, Scan
from relay.examiner.sources import Nature, Opener, Source, nature_of, reader
from relay.examiner.spool_memory import NotASpool, SpoolMemory
from relay.examiner.times import Clock

ROUND_SECONDS: Final = 900
_IMAGE_LEAST: Final = 64 << 10
_SECTOR: Final = 512
_STORED: Final = ("T1", "T2", "T3", "T8", "T9", "T10", "T12")
_LIVE: Final = ("T1", "T3", "T4", "T12")


def _silent(_name: str, _done: float, _of: float) -> None:
    """Nobody watches."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. `paths`: folders, files, images or devices; `pids`: processes of a relay, with their children.

    `span`: when reports came, in seconds since 1970; left out, it follows from the arrivals. `slack`: how long after an
    edge the relay's own work may take. `round_now`: the round of this moment, for a live relay.
    """

    paths: tuple[str, ...] = ()
    pids: tuple[int, ...] = ()
    given: Given = field(default_factory=Given)
    span: tuple[float, float] | None = None
    round_seconds: int = ROUND_SECONDS
    slack: float | None = None
    round_now: int | None = None
    progress: Progress = _silent

    @property
    def window(self) -> Window | None:
        """The window to judge moments by; None when neither it nor arrivals are known. Raises NotAMoment."""
        span = self.span or (span_of(self.given.moments) if self.given.arrivals else None)
        if span is None:
            return None
        slack = default_slack(self.round_seconds) if self.slack is None else self.slack
        return Window(*span, self.round_seconds, slack, self.given.moments)


def examine(question: Question) -> list[Row]:
    """Look at everything that was asked for. Raises NotAMoment when the window is none."""
    return _Examination(question).rows()


class _Examination:
    def __init__(self, question: Question) -> None:
        self._question = question
        self._report = Report()
        self._window = question.window
        self._opener = Opener()
        self._inodes: dict[str, int] = {}
        self._orders: list[order.Order] = []
        self._processes = list(self._all_processes())
        self._spools = [(process, *found) for process in self._processes if (found := self._spool(process))]
        self._given = self._with_spools(question.given)
        clock = None if self._window is None else Clock(self._window)
        needles = Needles(self._given.wanted())
        self._scan = Scan(self._report, needles=needles, clock=clock, progress=question.progress)

    def rows(self) -> list[Row]:
        report = self._report
        self._say_what_is_missing()
        for path in self._question.paths:
            try:
                self._path(path)
            except OSError as error:
                report.could_not(_STORED, f"{path}: {error.strerror or 'it cannot be read'}")
        for process in self._processes:
            try:
                self._process(process)
            except (OSError, StrangeProc) as error:
                why = error.strerror if isinstance(error, OSError) else str(error)
                report.could_not(_LIVE, f"{process.name}: {why or 'it cannot be read'}{_remedy(error)}")
        self._scan.conclude()
        order.judge(report, [*self._orders, *order.orders_of(self._scan.located, self._inodes)])
        if self._opener.touched:
            report.could_not(["T2"], "reading may have changed times of access: run as their owner", asked=False)
        return report.rows()

    def _say_what_is_missing(self) -> None:
        report, given = self._report, self._given
        if self._window is None:
            report.could_not(["T2"], "no --window says when reports came", asked=False)
        if not given.arrivals:
            report.could_not(["T3"], "no --arrivals says in which order cells came", asked=False)
        if not given.markers and not given.cells and not given.envelopes:
            report.could_not(["T1"], "no --markers or --keys says what to look for", asked=False)
        if not self._question.pids:
            report.could_not(["T4", "T12"], "no --live names a running relay", asked=False)
        if given.open_keys:
            because = "envelopes of the open round are found by their first bytes; parts of unknown ones are not"
            report.could_not(["T1"], because, asked=False)
        report.figure("T2", "arrivals", len(given.arrivals))

    # What is stored

    def _path(self, path: str) -> None:
        mode = os.lstat(path).st_mode
        if stat.S_ISDIR(mode):
            self._folder(path)
        elif stat.S_ISREG(mode) or stat.S_ISBLK(mode):
            with self._opener.opened(path) as descriptor:
                size = os.lseek(descriptor, 0, os.SEEK_END)
                self._bytes(path, reader(descriptor), size, device=stat.S_ISBLK(mode))
        else:
            self._report.could_not(_STORED, f"{path} is no folder, file or device")

    def _bytes(self, path: str, read: Callable[[int, int], bytes], size: int, *, device: bool) -> None:
        head = read(0, contents.HEAD)
        source = Source(path, size, read, nature_of(head), group=path)
        if source.nature is Nature.SWAP:
            self._report.looked("T12")
            self._scan.look(source)
        elif source.nature is Nature.PLAIN and (device or (size >= _IMAGE_LEAST and size % _SECTOR == 0)):
            examine_image(self._report, self._scan, source, self._window)
        else:
            named = PurePosixPath(path)
            contents.look(self._report, self._scan, replace(source, nature=contents.nature(named, head, [])))

    def _folder(self, path: str) -> None:
        tree = walk(path, self._opener)
        self._say_what_is_closed(path, tree)
        file_checks.names_and_sizes(self._report, path, tree.entries)
        file_checks.numbering(self._report, path, tree.entries)
        if self._window is not None:
            file_checks.inode_times(self._report, path, tree.entries, self._window)
        self._report.could_not(
            ["T2"], "copies of inodes in the file system's journal: give the device or its image", asked=False
        )
        roots = layout.states(tree.entries)
        for entry in tree.entries:
            if entry.kind is not FileKind.FILE:
                continue
            full = os.path.join(path, entry.path)  # noqa: PTH118 - a name may be anything
            try:
                with self._opener.opened(full) as descriptor:
                    read = reader(descriptor)
                    nature = contents.nature(entry.path, read(0, contents.HEAD), roots)
                    self._inodes[full] = entry.inode
                    contents.look(self._report, self._scan, Source(full, entry.size, read, nature, group=full))
            except OSError as error:
                self._report.could_not(_STORED, f"{full}: {error.strerror}")

    def _say_what_is_closed(self, path: str, tree: Tree) -> None:
        for closed in tree.closed:
            self._report.could_not(_STORED, f"{path}/{closed} cannot be read")
        if tree.without_birth:
            self._report.could_not(["T2"], f"{path}: this system does not tell times of birth")

    # What runs

    def _all_processes(self) -> Iterator[Process]:
        known = set()
        for pid in self._question.pids:
            try:
                found = live.family(pid)
            except (OSError, ValueError):
                self._report.could_not(_LIVE, f"there is no process {pid}")
                continue
            for process in found:
                if process.pid not in known:
                    known.add(process.pid)
                    yield process

    def _spool(self, process: Process) -> tuple[SpoolMemory, Source] | None:
        try:
            return live.spool_of(process)
        except OSError as error:
            self._report.could_not(_LIVE, f"{process.name}: {error.strerror}{_remedy(error)}")
        except NotASpool as error:
            self._report.could_not(["T3", "T4"], f"{process.name}: {error}")
        return None

    def _with_spools(self, given: Given) -> Given:
        """The cells and keys of the open round, as a running relay holds them: they may lie nowhere else."""
        cells, keys = dict.fromkeys(given.cells), dict.fromkeys(given.open_keys)
        for _, memory, _ in self._spools:
            cells.update(dict.fromkeys(held.cell for held in memory.cells))
            keys.update(dict.fromkeys(memory.keys.values()))
        return replace(given, cells=tuple(cells), open_keys=tuple(keys))

    def _process(self, process: Process) -> None:
        live.hygiene(self._report, process)
        for holder, memory, source in self._spools:
            if holder == process:
                self._spool_itself(memory, source)
        if process.role is Role.TOR:
            return
        if self._given.past_keys or self._given.past_envelopes:
            self._report.looked("T4")
        descriptor = os.open(process.folder / "mem", os.O_RDONLY | os.O_CLOEXEC)
        try:
            for source in live.memory(process, descriptor):
                self._scan.look(source)
        finally:
            os.close(descriptor)

    def _spool_itself(self, memory: SpoolMemory, source: Source) -> None:
        self._report.looked("T4")
        if memory.dirty:
            self._report.found("T4", "free slot that is not empty", source.name, memory.dirty)
        now = self._question.round_now
        newest = max(memory.keys, default=0) if now is None else now
        if late := sum(not newest - 1 <= number <= newest for number in memory.keys):
            self._report.found("T4", "key of a round that is past", source.name, late)
        self._report.figure("T3", "cells in the spool", len(memory.cells))
        self._scan.look(source)


def _remedy(error: Exception) -> str:
    # A relay's processes are closed to programs of their own user (relay.hygiene).
    return "; only root may look into a relay: run this as root" if isinstance(error, PermissionError) else ""
