"""Two disks made comparable: whatever differs between the disk of a relay without a report and that of one with five
hundred would tell that there were any.

A picture is a name and the bytes that must be the same:

- every name of a file or folder, with the round in a bundle's name counted from the round of the cut;
- kind, length, and how many blocks are allocated for it;
- each of its four times: before the window, at the edge of which round, or at which other moment;
- of a bundle its head (class, number and length of cells), of the figures everything, of what is noted for a partner
  the round, of the journal every line since the first whole round; rounds counted from that of the cut;
- of tor's state the words that its lines begin with, without its guards;
- how many inodes are in use, tor's own left out.

Left out is what is chance or the network's in every relay alike: keys and cells, which are as long as ever; tor's
copies of public documents (cached-*, keys); lengths and times of tor's other files, which T9 looks at; and what lay in
a file that is deleted, in which T1 and T2 look for everything that is known.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from crypto.bundle import HEADER_LEN, Header
from relay.examiner import layout, tor_traces
from relay.examiner.entries import Entry, FileKind, walk
from relay.examiner.ext4 import Ext4
from relay.examiner.file_checks import judged_by
from relay.examiner.jbd2 import read as read_journal
from relay.examiner.layout import Place
from relay.examiner.moments import TICK, Window
from relay.examiner.sources import Opener
from tests.privacy.seizure.plans import Plan

Picture = dict[str, bytes]

_NUMBER: Final = re.compile(rb"\d+")
_BLOCK: Final = 4_096


@dataclass(frozen=True, slots=True)
class Seen:
    """From where a disk is looked at: the round of the cut, when the window begins, and where in the journal."""

    round_number: int
    began: float
    plan: Plan
    journal_from: int


@dataclass(frozen=True, slots=True)
class _File:
    entry: Entry
    blocks: int
    read: Callable[[], bytes]


def picture(path: Path, seen: Seen) -> Picture:
    """The picture of an image, or of a folder."""
    files = list(_of_folder(path) if path.is_dir() else _of_image(path))
    roots = layout.states(file.entry for file in files)
    found: Picture = {}
    for file in files:
        place = layout.place_of(file.entry.path, roots)
        if place is Place.TOR and any(map(tor_traces.is_public, file.entry.path.parts)):
            continue
        found[_name(file.entry.path, seen)] = b"\n".join(_facts(file, place, seen))
    ours = sum(layout.place_of(file.entry.path, roots) is not Place.TOR for file in files)
    return {**found, "inodes in use": b"%d" % ours}


def differing(one: Picture, other: Picture) -> dict[str, int]:
    """In how many bytes two pictures differ, by name; empty when they are the same."""
    found = {}
    for name in sorted(one.keys() | other.keys()):
        left, right = one.get(name), other.get(name)
        if left is None or right is None:
            found[name] = len(left or right or b"") + len(name)
        elif left != right:
            found[name] = sum(a != b for a, b in zip(left, right, strict=False)) + abs(len(left) - len(right))
    return found


def apart(one: Picture, other: Picture, name: str) -> list[str]:
    """The lines under a name that only one of two pictures has, or has more often."""
    left, right = (Counter(found.get(name, b"").decode("utf-8", "replace").splitlines()) for found in (one, other))
    return [*(f"+ {line}" for line in left - right), *(f"- {line}" for line in right - left)]


def _facts(file: _File, place: Place | None, seen: Seen) -> Iterator[bytes]:
    entry = file.entry
    yield entry.kind.value.encode()
    if place is Place.TOR:
        if entry.path.name == "state":
            yield _tors_state(file.read())
        return
    if entry.path.name != "journal":
        # A journal that names rounds and progress of tor before the first whole round may be longer by a digit.
        yield b"%d bytes, %d blocks" % (entry.size, file.blocks)
    for kind, moment in sorted(entry.times.items()):
        yield f"{kind}: {_when(moment, place, kind, seen)}".encode()
    if entry.kind is FileKind.FILE:
        yield _content(file, place, seen)


def _when(moment: float, place: Place | None, kind: str, seen: Seen) -> str:
    plan = seen.plan
    if moment < seen.began:
        return "before the window"
    window = Window(seen.began, moment + 1, plan.round_seconds, plan.slack)
    if judged_by(place, kind, window).tells(moment):
        return f"at {moment:.3f}"
    return f"at the edge of round {int((moment + TICK) // plan.round_seconds) - 1 - seen.round_number}"


def _content(file: _File, place: Place | None, seen: Seen) -> bytes:
    name = file.entry.path.name
    if place is Place.BUNDLE:
        header = Header.parse(file.read()[:HEADER_LEN])
        return b"%d cells of %d bytes" % (header.count, header.cell_length)
    if name == "figures.json" or name.endswith(".acknowledged"):
        return _rounds_alike(file.read(), seen)
    if name == "journal":
        return _rounds_alike(file.read()[seen.journal_from :], seen)
    return b""


def _name(path: PurePosixPath, seen: Seen) -> str:
    return _rounds_alike(str(path).encode(errors="surrogateescape"), seen).decode(errors="surrogateescape")


def _rounds_alike(text: bytes, seen: Seen) -> bytes:
    """Every number that is a round's of about now, counted from the round of the cut."""

    def alike(found: re.Match[bytes]) -> bytes:
        away = int(found[0]) - seen.round_number if len(found[0]) < 17 else -1_000
        return b"%d" % away if -1_000 < away < 1_000 else found[0]

    return _NUMBER.sub(alike, text)


def _tors_state(state: bytes) -> bytes:
    words = Counter(line.partition(b" ")[0] for line in tor_traces.without_guards(state).splitlines() if line.strip())
    return b" ".join(sorted(words))


def _of_folder(root: Path) -> Iterator[_File]:
    for entry in walk(str(root), Opener()).entries:
        yield _File(entry, entry.blocks, (root / entry.path).read_bytes)


def _of_image(image: Path) -> Iterator[_File]:
    with image.open("rb") as file:

        def read(offset: int, length: int) -> bytes:
            file.seek(offset)
            return file.read(length)

        disk = Ext4(read, image.stat().st_size)
        if (log := read_journal(disk)) is not None:
            disk.lay_over(log.replay)
        for entry, inode in disk.tree():
            held = entry.kind is not FileKind.OTHER
            blocks = sum(count for _, _, count in disk.file_blocks(inode)) if held and inode.size else 0
            data = disk.content(inode) if entry.kind is FileKind.FILE else b""
            yield _File(entry, blocks * disk.block_size // _BLOCK, lambda data=data: data)  # type: ignore[misc]
