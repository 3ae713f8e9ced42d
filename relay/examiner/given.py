"""What the examiner is told to look for: markers, cells of an open round, round keys, times of arrival.

A test knows them; an operator need not, and then only what can be seen without them is looked for. Reading them
accepts, or raises BadGiven and names the file, never what is in it.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crypto.cells import class_and_depth
from crypto.errors import Malformed
from crypto.layers import round_tag
from crypto.suite import SEED_LEN, OpeningKey
from relay.examiner import forms
from relay.examiner.forms import Wanted

_LINES_MAX: Final = 1 << 20
_FILE_MAX: Final = 64 << 20
_FILES_MAX: Final = 100_000
_ARRIVAL: Final = re.compile(r"(\d{1,10}(?:\.\d{1,9})?)(?:[ \t]+([0-9a-f]{64}))?")

CELL: Final = "cell of an open round"
CELL_HASH: Final = "hash of a cell of an open round"
OPEN_KEY: Final = "key of an open round"
OPEN_TAG: Final = "envelope for an open round, by its tag"
ENVELOPE: Final = "envelope of an open round"
PAST_ENVELOPE: Final = "envelope of a past round"
# These a running node has in its memory, an envelope for as long as it is being peeled; nothing else may be there.
HELD_BY_THE_NODE: Final = (CELL, CELL_HASH, OPEN_KEY, OPEN_TAG, ENVELOPE)


class BadGiven(ValueError):
    """A file that says what to look for is not usable; whoever named it must mend it."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """When a cell came and, where known, the SHA-256 of the cell that leaves and of the envelope it came in."""

    moment: float
    cell_hash: bytes | None = None
    envelope_hash: bytes | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """Everything that is looked for. `open_keys` and `past_keys`: seeds of round keys. `envelopes` and
    `past_envelopes`: what came through the door, for keys that are still accepted and for those that are not."""

    markers: tuple[bytes, ...] = ()
    cells: tuple[bytes, ...] = ()
    envelopes: tuple[bytes, ...] = ()
    past_envelopes: tuple[bytes, ...] = ()
    open_keys: tuple[bytes, ...] = ()
    past_keys: tuple[bytes, ...] = ()
    arrivals: tuple[Arrival, ...] = ()

    @property
    def moments(self) -> tuple[float, ...]:
        """The times of arrival, in their order."""
        return tuple(arrival.moment for arrival in self.arrivals)

    def wanted(self) -> Iterator[Wanted]:
        """All patterns. Those of a cell carry its place in the order of arrival, or -1."""
        order = {one.cell_hash: place for place, one in enumerate(self.arrivals) if one.cell_hash is not None}
        for marker in self.markers:
            yield from forms.marker(marker, number=-1)
        hashes = dict.fromkeys(order)
        for cell in self.cells:
            digest = hashlib.sha256(cell).digest()
            hashes[digest] = None
            yield from forms.cell(cell, number=order.get(digest, -1), kind=CELL)
        for digest in hashes:
            yield from forms.marker(digest, number=order.get(digest, -1), kind=CELL_HASH)
        came = {one.envelope_hash: place for place, one in enumerate(self.arrivals) if one.envelope_hash is not None}
        for envelope in self.envelopes:
            yield from forms.cell(envelope, number=came.get(hashlib.sha256(envelope).digest(), -1), kind=ENVELOPE)
        for envelope in self.past_envelopes:
            yield from forms.cell(envelope, number=-1, row="T4", kind=PAST_ENVELOPE)
        for seed in self.open_keys:
            yield from forms.marker(seed, number=-1, row="T4", kind=OPEN_KEY)
            yield from forms.marker(round_tag(OpeningKey(seed).sealing_key), number=-1, kind=OPEN_TAG)
        for seed in self.past_keys:
            yield from forms.marker(seed, number=-1, row="T4", kind="key of a past round")


def read_markers(path: Path) -> tuple[bytes, ...]:
    """One marker a line: text as it is, or bytes as `hex:…` or `base64:…`. Raises BadGiven or OSError."""
    found = []
    for number, line in enumerate(_lines(path), start=1):
        try:
            if line.startswith("hex:"):
                marker = bytes.fromhex(line.removeprefix("hex:"))
            elif line.startswith("base64:"):
                marker = base64.b64decode(line.removeprefix("base64:"), validate=True)
            else:
                marker = line.encode()
        except (ValueError, binascii.Error) as error:
            raise BadGiven(f"{path}, line {number}: not hexadecimal or base64") from error
        if len(marker) < forms.SHORTEST:
            raise BadGiven(f"{path}, line {number}: a marker has at least {forms.SHORTEST} bytes")
        found.append(marker)
    if not found:
        raise BadGiven(f"{path} holds no marker")
    return tuple(found)


def read_arrivals(path: Path) -> tuple[Arrival, ...]:
    """One arrival a line: seconds since 1970 and, after a space, the cell's SHA-256. Raises BadGiven or OSError."""
    found = []
    for number, line in enumerate(_lines(path), start=1):
        match = _ARRIVAL.fullmatch(line)
        if match is None:
            raise BadGiven(f"{path}, line {number}: write seconds since 1970 and, if known, the cell's SHA-256")
        found.append(Arrival(float(match[1]), bytes.fromhex(match[2]) if match[2] else None))
    if not found:
        raise BadGiven(f"{path} holds no arrival")
    return tuple(sorted(found, key=lambda arrival: arrival.moment))


def read_keys(folder: Path) -> Given:
    """The `*.cell` files of a folder, cells or envelopes of an open round as they are, and the seeds of its round
    keys: `open-*.seed` and `past-*.seed`, 32 bytes each. Raises BadGiven or OSError."""
    cells, keys = [], dict[str, list[bytes]](open=[], past=[])
    for number, path in enumerate(sorted(folder.iterdir())):
        if number > _FILES_MAX:
            raise BadGiven(f"{folder} holds more files than are read")
        if path.suffix == ".cell":
            cells.append(_cell(path))
        elif path.suffix == ".seed" and (when := path.name.partition("-")[0]) in keys:
            seed = _read(path)
            if len(seed) != SEED_LEN:
                raise BadGiven(f"{path}: a seed has {SEED_LEN} bytes")
            keys[when].append(seed)
    if not cells and not any(keys.values()):
        raise BadGiven(f"{folder} holds no *.cell, open-*.seed or past-*.seed")
    return Given(cells=tuple(cells), open_keys=tuple(keys["open"]), past_keys=tuple(keys["past"]))


def _cell(path: Path) -> bytes:
    cell = _read(path)
    try:
        class_and_depth(len(cell))
    except Malformed as error:
        raise BadGiven(f"{path}: {error}") from error
    return cell


def _lines(path: Path) -> list[str]:
    try:
        lines = _read(path).decode().splitlines()
    except UnicodeDecodeError as error:
        raise BadGiven(f"{path} is not UTF-8 text") from error
    if len(lines) > _LINES_MAX:
        raise BadGiven(f"{path} has more than {_LINES_MAX} lines")
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _read(path: Path) -> bytes:
    if path.stat().st_size > _FILE_MAX:
        raise BadGiven(f"{path} is longer than {_FILE_MAX >> 20} MiB")
    return path.read_bytes()
