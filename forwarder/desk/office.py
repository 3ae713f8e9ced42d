"""Which office document a zip file is, and whether it could act when somebody opens it.

Pure: its members are read one by one, each with a limit that a bomb cannot pass, and what is XML is parsed
(office_parts.py).
"""

import codecs
import io
import re
import zipfile
import zlib
from collections.abc import Mapping
from typing import Final

from forwarder.desk.office_parts import Acts, Malformed, Part, TooLargeInside, read
from onion_service.clean.kinds import kind_of

# zipfile would look for this only when the walls are closed already.
NAMES_IN_OLD_ARCHIVES: Final = codecs.lookup("cp437")
MEMBERS_MAX: Final = 2_000
UNPACKED_MAX: Final = 256 * 1_048_576
LOOKED_AT_MAX: Final = 32 * 1_048_576
_MICROSOFT: Final = {"word/": ".docx", "xl/": ".xlsx", "ppt/": ".pptx"}
_OPEN: Final = {
    b"application/vnd.oasis.opendocument.text": ".odt",
    b"application/vnd.oasis.opendocument.spreadsheet": ".ods",
    b"application/vnd.oasis.opendocument.presentation": ".odp",
}
# Programs, controls, other documents inside, and the places where Basic lives.
_ACTS: Final = re.compile(
    r"vbaproject|activex|embeddings?/|oleobject|(^|/)basic/|(^|/)scripts/|macro|object \d|objectreplacements/|\.bin$"
    r"|externallinks?/|connections\.xml|querytables?/|afchunk|\.piece$"
    r"|\.(html?|xhtml|mht(ml)?|eml|js|vbs|exe|dll|hta|lnk|jar|zip|rar|7z|pdf|rtf|do[ct][xm]?|xl[st][xmb]?|pp[st][xm]?|od[tspg])$",
    re.IGNORECASE,
)
# What the cleaner never copies. It is looked at in the copy only, where it would be a sign that something is wrong.
_DROPPED: Final = re.compile(
    r"(word|xl|ppt)/printerSettings/|customXml/|docProps/custom\.xml$|meta\.xml$|Configurations2/|Thumbnails/"
)
_XML: Final = (".xml", ".rels", ".rdf", ".svg", ".vml", ".xhtml")
# The beginnings of what is a document, an archive or a program by itself.
_OTHERS: Final = frozenset({"zip", "pdf", "ole", "rtf"})
_BEGINS: Final = (b"MZ", b"\x7fELF", b"#!", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"BZh", b"\xfd7zXZ", b"ITSF")
_WIDE: Final = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")
_HEAD: Final = 64


class NotADocument(Exception):
    """Not a zip file, or a damaged one."""


def ending(data: bytes, *, is_copy: bool) -> str:
    """The ending of the office document that this is; empty for any other zip file. `is_copy`: the cleaner made it.

    Raises Acts, TooLargeInside or NotADocument.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if len(members) > MEMBERS_MAX or sum(one.file_size for one in members) > UNPACKED_MAX:
                raise TooLargeInside
            names = [one.filename for one in members]
            found = _kind(archive, names)
            if found:
                _refuse_what_acts(archive, [one for one in members if is_copy or not _DROPPED.match(one.filename)])
            return found
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, ValueError, OSError, EOFError) as error:
        raise NotADocument from error
    except Malformed as error:
        raise NotADocument from error


def _kind(archive: zipfile.ZipFile, names: list[str]) -> str:
    if "mimetype" in names:
        with archive.open("mimetype") as file:
            return _OPEN.get(file.read(128).strip(), "")
    if "[Content_Types].xml" in names:
        return next((end for folder, end in _MICROSOFT.items() if any(name.startswith(folder) for name in names)), "")
    return ""


def _refuse_what_acts(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> None:
    looked_at = 0
    parts: dict[str, Part] = {}
    for one in members:
        if _ACTS.search(one.filename):
            raise Acts
        with archive.open(one) as file:
            head = file.read(_HEAD)
        if kind_of(head) in _OTHERS or head.startswith((*_BEGINS, *_WIDE)):
            raise Acts
        name = one.filename.lower()
        if not head or not (name.endswith(_XML) or head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")):
            continue
        looked_at += one.file_size
        if looked_at > LOOKED_AT_MAX:
            raise TooLargeInside
        with archive.open(one) as file:
            text = file.read(one.file_size)
        if b"\0" in text:  # UTF-16, which these programs never write, would hide words from us.
            raise Acts
        found = read(text)
        # Of two members of one name nobody knows which one a program reads.
        before = parts.setdefault(name, found)
        before.outside |= found.outside
        before.named |= found.named
    _refuse_what_is_fetched(parts)


def _refuse_what_is_fetched(parts: Mapping[str, Part]) -> None:
    """A relation that leads outside is for a link; what else names it would fetch it without a click."""
    for name, relations in parts.items():
        folder, _, file = name.rpartition("_rels/")
        owner = parts.get(f"{folder}{file.removesuffix('.rels')}")
        if owner is not None and owner.named & relations.outside:
            raise Acts
