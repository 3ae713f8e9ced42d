"""What a browser has left on disk: every file it may write, read as an examiner would, before and after.

An entry is something that says that a site was there (a cookie, stored data, a cached answer, a typed word, a visit, a
download). A mention is a marker (a text, a file's name, an onion address) found anywhere, however it is spelled: in the
rows of databases, in what they have freed and not overwritten, in compressed sessions and values.
"""

import base64
import shutil
import sqlite3
import tempfile
import urllib.parse
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.browser.unpacking import Damaged, unpack_mozlz4, unpack_snappy

_SQLITE: Final = b"SQLite format 3\x00"
_MOZLZ4: Final = b"mozLz40\x00"

# Rows that say that a site was there, by database and table; a condition leaves out what Firefox brings with it.
_TABLES: Final = {
    ("cookies.sqlite", "moz_cookies"): ("cookie", ""),
    ("formhistory.sqlite", "moz_formhistory"): ("typed", ""),
    ("places.sqlite", "moz_places"): ("visit", "WHERE visit_count > 0 OR last_visit_date IS NOT NULL"),
    ("places.sqlite", "moz_inputhistory"): ("typed", ""),
    ("places.sqlite", "moz_annos"): ("download", ""),
    ("favicons.sqlite", "moz_pages_w_icons"): ("icon", "WHERE page_url LIKE 'http%'"),
    ("content-prefs.sqlite", "groups"): ("preference", ""),
    ("permissions.sqlite", "moz_perms"): ("permission", ""),
    ("webappsstore.sqlite", "webappsstore2"): ("storage", ""),
    ("storage.sqlite", "origin"): ("storage", ""),
    ("bounce-tracking-protection.sqlite", "sites"): ("visit", ""),
}
# Files that say so by being there, by the folder they are in.
_FOLDERS: Final = {
    "profile/cache2/entries": "cache",
    "home/cache": "cache",
    "profile/storage/default": "storage",
    "profile/storage/private": "storage",
    "profile/storage/temporary": "storage",
    "profile/thumbnails": "picture",
    "home/Downloads": "download",
    "home/Desktop": "download",
    "tmp": "download",
}


@dataclass(frozen=True, order=True, slots=True)
class Entry:
    """One thing on disk that says that a site was there."""

    kind: str
    where: str
    what: str


@dataclass(frozen=True, order=True, slots=True)
class Mention:
    """A marker that was found: in which file or table, and how it was spelled there."""

    marker: str
    where: str
    spelled: str


@dataclass(frozen=True, slots=True)
class Remains:
    """One look at a folder."""

    entries: frozenset[Entry]
    texts: dict[str, bytes]

    def since(self, before: "Remains") -> list[Entry]:
        """The entries that were not there before."""
        return sorted(self.entries - before.entries)

    def mentions(self, markers: Iterable[str]) -> list[Mention]:
        """Every marker that is found anywhere, in any spelling."""
        spellings = [(marker, how, spelled) for marker in markers for how, spelled in _spellings(marker)]
        found = set()
        for where, content in self.texts.items():
            lower = content.lower()
            for marker, how, spelled in spellings:
                # In base64 small and capital letters are different digits.
                if spelled in content if how.startswith("base64") else spelled.lower() in lower:
                    found.add(Mention(marker, where, how))
        return sorted(found)


def look(folder: Path) -> Remains:
    """What lies in the folder of a Firefox that has ended (`Firefox.folder`); of one that runs, perhaps half of it."""
    entries: set[Entry] = set()
    texts: dict[str, bytes] = {}
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.is_symlink():
            continue
        where = path.relative_to(folder).as_posix()
        content = path.read_bytes()
        texts[where] = where.encode() + b"\n" + content
        entries.update(_entries_by_place(where))
        if content.startswith(_SQLITE):
            for table, rows in _tables(path):
                texts[f"{where}:{table}"] = b"\n".join(rows)
                entries.update(_entries_by_table(path.name, table, path))
        elif content.startswith(_MOZLZ4):
            texts[f"{where}:unpacked"] = unpack_mozlz4(content)
    return Remains(frozenset(entries), texts)


def _entries_by_place(where: str) -> Iterator[Entry]:
    for folder, kind in _FOLDERS.items():
        if where.startswith(f"{folder}/"):
            yield Entry(kind, folder, where.removeprefix(f"{folder}/"))


def _entries_by_table(database: str, table: str, path: Path) -> Iterator[Entry]:
    kind, condition = _TABLES.get((database, table), ("", ""))
    if kind:
        for row in _rows(path, f'SELECT * FROM "{table}" {condition}'):  # noqa: S608 - our own words
            yield Entry(kind, f"{database}:{table}", " | ".join(map(_shown, row)))


def _tables(path: Path) -> Iterator[tuple[str, list[bytes]]]:
    """Every table of a database, each row as bytes, packed values unpacked too."""
    for (table,) in _rows(path, "SELECT name FROM sqlite_master WHERE type = 'table'"):
        rows = _rows(path, f'SELECT * FROM "{table}"')  # noqa: S608 - a name out of the database itself
        yield str(table), [b" ".join(_values(row)) for row in rows]


def _rows(path: Path, query: str) -> list[tuple[object, ...]]:
    """The rows of a copy, because reading a database with a journal of its own would write to it."""
    with tempfile.TemporaryDirectory() as folder:
        for each in path.parent.glob(f"{path.name}*"):
            shutil.copy(each, folder)
        with closing(sqlite3.connect(Path(folder) / path.name)) as database:
            database.text_factory = bytes
            try:
                return [tuple(map(_text, row)) for row in database.execute(query)]
            except sqlite3.OperationalError:
                # It needs an extension of Firefox's own. The bytes of the file are searched all the same.
                return []


def _text(value: object) -> object:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value


def _values(row: tuple[object, ...]) -> Iterator[bytes]:
    for value in row:
        data = str(value).encode("utf-8", "surrogateescape")
        yield data
        if isinstance(value, str):
            try:
                yield unpack_snappy(data)
            except Damaged:
                continue


def _shown(value: object) -> str:
    return str(value).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _spellings(marker: str) -> Iterator[tuple[str, bytes]]:
    plain = marker.encode()
    yield "utf-8", plain
    yield "utf-16", marker.encode("utf-16-le")
    yield "utf-16 the other way", marker.encode("utf-16-be")
    yield "percent", urllib.parse.quote(marker).encode()
    yield "plus", urllib.parse.quote_plus(marker).encode()
    yield "json", marker.encode("ascii", "backslashreplace")
    yield "latin-1", marker.encode("latin-1", "replace")
    yield "backwards", marker[::-1].encode()
    yield "hexadecimal", plain.hex().encode()
    for how, data in (("base64", plain), ("base64 of utf-16", marker.encode("utf-16-le"))):
        for before in range(3):
            # The first and the last digits depend on what stands around it.
            digits = base64.b64encode(bytes(before) + data)
            yield how, digits[4 * bool(before) : len(digits) - 4]
            yield f"{how}, for addresses", base64.urlsafe_b64encode(bytes(before) + data)[4 * bool(before) : -4]
