"""One look through bytes for everything: what was given to be found, and moments inside the window."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from relay.examiner import tor_traces, unpack
from relay.examiner.counting import Counted
from relay.examiner.findings import Report
from relay.examiner.given import HELD_BY_THE_NODE
from relay.examiner.needles import Needles
from relay.examiner.sources import CHUNK, Nature, Source, is_core, row_of
from relay.examiner.times import Clock

Progress = Callable[[str, float, float], None]

_JOIN: Final = b"\xff" * 8
_ELF: Final = b"\x7fELF"
_SECTOR: Final = 512
_IN_BASE64: Final = ", in base64 or hexadecimal"
_COMPRESSED: Final = ", compressed"
_LIVE: Final = (Nature.MEMORY, Nature.SPOOL)


@dataclass(frozen=True, slots=True)
class Located:
    """A cell, or what is made of it, by its number; and where it lies."""

    number: int
    kind: str
    source: str
    group: str
    address: int


class Scan:
    """Looks through sources and adds to a report; call `conclude` at the end."""

    def __init__(self, report: Report, *, needles: Needles, clock: Clock | None, progress: Progress) -> None:
        self._report: Final = report
        self._needles: Final = needles
        self._clock: Final = clock
        self._counted: Final = None if clock is None else Counted(clock)
        self._progress: Final = progress
        self.located: Final[list[Located]] = []

    def look(self, source: Source) -> None:
        """One source, from its beginning to its end."""
        if self._needles:
            self._report.looked(row_of(source.nature, "T1"))
        if "T4" in self._needles.rows:
            self._report.looked(row_of(source.nature, "T4"))
        judged = source.nature not in _LIVE or (self._clock is not None and bool(self._clock.window.arrivals))
        if self._clock is not None and judged and source.nature is not Nature.PUBLIC:
            self._report.looked(row_of(source.nature, "T2"))
        seen = 0
        for offset, length, data in source.chunks():
            self._progress(source.name, offset, source.size)
            seen += length
            # Most of a disk or a memory is zeros, and nothing lies there.
            if data.count(0) != len(data):
                self._chunk(source, offset, length, data)
        self._report.figure(row_of(source.nature, "T1"), "bytes looked at", seen)
        self._progress(source.name, source.size, source.size)

    def conclude(self) -> None:
        """Compare the hits with chance."""
        if self._counted is not None:
            self._counted.conclude(self._report)

    def _chunk(self, source: Source, offset: int, length: int, data: bytes) -> None:
        for place in self._needles.places(data):
            if place.offset < length:
                self._found(source, offset + place.start, place.wanted.row, place.wanted.kind, place.wanted.number)
        if source.nature is Nature.IMAGE:
            self._cores(source, offset, length, data)
        if source.nature not in _LIVE:
            self._traces(source, offset, length, data)
        self._moments(source, offset, "", data, length, weight=length - data.count(0, 0, length))
        if self._clock is not None:
            # A run belongs to the chunk in which it begins; across the end it is seen whole, as far as the overlap.
            runs = _JOIN.join(run for at, run in unpack.decoded(data) if at < length)
            self._moments(source, offset, _IN_BASE64, runs, len(runs), weight=len(runs))
        for start in unpack.stream_starts(data):
            if start < length:
                self._stream(source, offset + start)

    def _found(self, source: Source, offset: int, row: str, kind: str, number: int) -> None:
        self.located.append(Located(number, kind, source.name, source.group, source.base + offset))
        # The node has to hold the cells of the open round; in which order they lie is another question (T3).
        if not (source.nature in _LIVE and kind.startswith(HELD_BY_THE_NODE)):
            self._report.found(row_of(source.nature, row), kind, source.place(offset))

    def _cores(self, source: Source, offset: int, length: int, data: bytes) -> None:
        self._report.looked("T12")
        at = data.find(_ELF)
        while 0 <= at < length:
            if (offset + at) % _SECTOR == 0 and is_core(data[at : at + 64]):
                self._report.found("T12", "header of a core file", source.place(offset + at))
            at = data.find(_ELF, at + 1)

    def _traces(self, source: Source, offset: int, length: int, data: bytes) -> None:
        for kind, at in tor_traces.traces(data):
            if at < length:
                self._report.found(row_of(source.nature, "T9"), kind, source.place(offset + at))

    def _moments(self, source: Source, offset: int, form: str, data: bytes, length: int, *, weight: int) -> None:
        if self._clock is None or self._counted is None or not data or source.nature is Nature.PUBLIC:
            return
        hits = (hit for hit in self._clock.hits(data) if hit.offset < length)
        if source.nature in _LIVE:
            self._counted.add_memory(hits)
            return
        where = source.place(offset) if source.size > CHUNK else source.name
        self._counted.add(row=row_of(source.nature, "T2"), where=where, form=form, weight=weight, hits=hits)

    def _stream(self, source: Source, start: int) -> None:
        data, cut = unpack.inflated(source.read, start)
        if cut:
            because = f"a compressed stream in {source.name} is longer than {unpack.INFLATED_MAX >> 20} MiB"
            self._report.could_not([row_of(source.nature, "T1")], because, asked=False)
        for place in self._needles.places(data):
            self._found(source, start, place.wanted.row, place.wanted.kind + _COMPRESSED, place.wanted.number)
        if data:
            self._moments(source, start // CHUNK * CHUNK, _COMPRESSED, data, len(data), weight=len(data))
