"""What a stranger wrote cannot act where it is put: a terminal, a page, a table, a feed, a path.

Pure: text in, text out. Everything starts from `plain`; the others escape what their place would obey.
"""

import html
import json
import re
from typing import Any, Final

from onion_service.clean.text import clean_text

# The only endings a file can get; the media type chooses, never the sender's name for it.
ENDINGS: Final = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "image/heic": ".heic",
    "image/avif": ".avif",
    "image/tiff": ".tiff",
    "application/pdf": ".pdf",
    "application/rtf": ".rtf",
    "application/x-ole-storage": ".doc",
    "application/zip": ".zip",
    "audio/aac": ".aac",
    "audio/flac": ".flac",
    "video/x-msvideo": ".avi",
    "audio/mpeg": ".mp3",
    "audio/mp4": ".m4a",
    "audio/ogg": ".ogg",
    "audio/wav": ".wav",
    "audio/amr": ".amr",
    "video/mp4": ".mp4",
    "video/quicktime": ".mov",
    "video/webm": ".webm",
    "video/3gpp": ".3gp",
    "text/plain": ".txt",
}
OFFICE_ENDINGS: Final = frozenset({".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp"})
OTHER_ENDING: Final = ".bin"
# What a spreadsheet takes for the beginning of a formula (OWASP, "CSV injection"), also behind spaces.
_FORMULA: Final = re.compile(r"\s*[=+\-@|%\t\r＝＋－＠]")
# What XML 1.0 cannot hold at all, escaped or not.
_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def plain(text: str) -> str:
    """`text` in which nothing can move the cursor, change a colour or turn the direction of reading."""
    return printable(clean_text(text).text)


def printable(text: str) -> str:
    """`text` with a sign of ours for each character that is neither printed nor the end of a line."""
    return "".join(one if one == "\n" or one.isprintable() else "�" for one in text)


def in_html(text: str) -> str:
    """`text` as it may stand in an element or a quoted attribute of a page."""
    return html.escape(printable(text), quote=True)


def in_xml(text: str) -> str:
    """`text` as it may stand in an element or a quoted attribute of any XML, CDATA or not."""
    return html.escape(_NOT_XML.sub("�", printable(text)), quote=True)


def in_csv(text: str) -> str:
    """`text` as one cell of a table, quoted, that no spreadsheet takes for a formula."""
    safe = "\n".join(f"'{line}" if _FORMULA.match(line) else line for line in printable(text).split("\n"))
    return '"' + safe.replace('"', '""') + '"'


def in_json(found: dict[str, Any]) -> str:
    """JSON of printable ASCII only, so that no terminal or page can be made to act by it."""
    return json.dumps(found, ensure_ascii=True, indent=2).replace("<", "\\u003c").replace("\x7f", "\\u007f")


def attachment_name(media: str, *, number: int, office: str = "") -> str:
    """The only name an attachment can have on the desk; nothing of it is the sender's.

    `office` is the ending of an office document, which is a zip file by its bytes.
    """
    ending = office if office in OFFICE_ENDINGS else ENDINGS.get(media, OTHER_ENDING)
    return f"attachment-{number:03}{ending}"
