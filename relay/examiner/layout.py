"""What a relay's folder of state may hold: the closed list of names, and when each may change (docs/operate.md)."""

import re
from collections.abc import Iterable
from enum import Enum
from pathlib import PurePosixPath
from typing import Final

from relay.examiner.entries import Entry, FileKind


class Place(Enum):
    """What a name in a folder of state is."""

    OURS = "changes at edges and starts"
    BUNDLE = "a bundle"
    TOR = "tor's"
    UNKNOWN = "none that a relay makes"


_UNFINISHED: Final = r"(?:\.unfinished-)?"
_PLACES: Final[tuple[tuple[re.Pattern[str], Place], ...]] = (
    (re.compile(rf"bundles/{_UNFINISHED}(?:letters|parcels)-\d{{1,16}}\.bundle"), Place.BUNDLE),
    (re.compile(rf"partners/{_UNFINISHED}[a-z0-9][a-z0-9-]{{0,63}}\.acknowledged"), Place.OURS),
    (re.compile(r"(?:tor-dial|tor-onion)(?:/.*)?"), Place.TOR),
    (re.compile(r"\.|bundles|partners|run|figures\.json|figures\.new"), Place.OURS),
    (
        re.compile(r"run/(?:door|partners|socks)\.sock(?:\.lock)?|run/(?:dial|onion)\.control(?:\.authcookie)?"),
        Place.OURS,
    ),
    (
        re.compile(
            r"onion(?:/(?:hostname|hs_ed25519_(?:public|secret)_key|authorized_clients|onion_service_non_anonymous))?"
        ),
        Place.OURS,
    ),
    (
        re.compile(
            r"partners-onion(?:/(?:hostname|hs_ed25519_(?:public|secret)_key|onion_service_non_anonymous"
            rf"|authorized_clients(?:/{_UNFINISHED}[a-z0-9][a-z0-9-]{{0,63}}\.auth)?))?"
        ),
        Place.OURS,
    ),
)
_CORE_NAMES: Final = re.compile(
    r"core|core\.\d+|core\..*|.*\.core|vmcore.*|.*\.(?:dmp|hprof|crash)|_.*\.crash|hs_err_pid.*", re.IGNORECASE
)
_NUMBER: Final = re.compile(r"\d+")


def states(entries: Iterable[Entry]) -> list[PurePosixPath]:
    """The folders of state in a tree: those that hold bundles."""
    return [entry.path.parent for entry in entries if entry.kind is FileKind.FOLDER and entry.path.name == "bundles"]


def place_of(path: PurePosixPath, roots: Iterable[PurePosixPath]) -> Place | None:
    """What a name is; None outside of every folder of state."""
    for root in roots:
        if path == root or root in path.parents:
            inside = str(path.relative_to(root))
            return next((place for pattern, place in _PLACES if pattern.fullmatch(inside)), Place.UNKNOWN)
    return None


def is_core_name(name: str) -> bool:
    """Whether a file is named as systems name what a crash leaves."""
    return _CORE_NAMES.fullmatch(name) is not None


def numbered(entries: Iterable[Entry], roots: Iterable[PurePosixPath]) -> list[tuple[str, list[tuple[int, Entry]]]]:
    """Files of one folder whose names differ in one number only, with the folder; a bundle's number is its round."""
    found: dict[tuple[PurePosixPath, str], list[tuple[int, Entry]]] = {}
    roots = list(roots)
    for entry in entries:
        numbers = _NUMBER.findall(entry.path.name)
        if entry.kind is FileKind.FOLDER or len(numbers) != 1 or place_of(entry.path, roots) is Place.BUNDLE:
            continue
        shape = _NUMBER.sub("#", entry.path.name)
        found.setdefault((entry.path.parent, shape), []).append((int(numbers[0][:18]), entry))
    return [(str(folder), group) for (folder, _), group in found.items()]
