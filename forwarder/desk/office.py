"""Which office document a zip file is, and whether it could act when somebody opens it.

Pure: only the list of its members and some small ones of them are read, each with a limit that a bomb cannot pass.
"""

import codecs
import io
import re
import zipfile
import zlib
from typing import Final

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
    r"|externallinks?/|connections\.xml|querytables?/|afchunk|\.(html?|mht|js|vbs|exe|dll|hta|lnk|jar)$",
    re.IGNORECASE,
)
_OUTSIDE: Final = re.compile(rb'<Relationship\b[^>]*TargetMode\s*=\s*["\']External["\'][^>]*>', re.IGNORECASE)
_HYPERLINK: Final = re.compile(rb'Type\s*=\s*["\'][^"\']*/hyperlink["\']', re.IGNORECASE)
_CALLS_OUT: Final = re.compile(
    rb"DDEAUTO|\bDDE\b|INCLUDEPICTURE|INCLUDETEXT|<!ENTITY|<!DOCTYPE|<office:dde|<office:script|<script:|<table:dde"
    rb"|xlink:actuate\s*=\s*[\"']onLoad[\"'][^>]*xlink:href\s*=\s*[\"'](https?|ftp|file|smb):"
    rb"|xlink:href\s*=\s*[\"'](https?|ftp|file|smb):[^>]*xlink:actuate\s*=\s*[\"']onLoad[\"']",
    re.IGNORECASE,
)


class Acts(Exception):
    """It holds programs, or parts that call out."""


class TooLargeInside(Exception):
    """It unpacks to more than is opened here."""


class NotADocument(Exception):
    """Not a zip file, or a damaged one."""


def ending(data: bytes) -> str:
    """The ending of the office document that this is; empty for any other zip file.

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
                _refuse_what_acts(archive, members)
            return found
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, ValueError, OSError, EOFError) as error:
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
    for one in members:
        if _ACTS.search(one.filename):
            raise Acts
        if not one.filename.lower().endswith((".xml", ".rels", ".rdf", ".svg")):
            continue
        looked_at += one.file_size
        if looked_at > LOOKED_AT_MAX:
            raise TooLargeInside
        with archive.open(one) as file:
            text = file.read(one.file_size)
        if b"\0" in text:  # UTF-16, which these programs never write, would hide words from us.
            raise Acts
        if _CALLS_OUT.search(text) or any(not _HYPERLINK.search(tag) for tag in _OUTSIDE.findall(text)):
            raise Acts
