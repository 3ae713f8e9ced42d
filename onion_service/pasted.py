"""A pasted cell: the body of the form of those who have scripts off, and the envelope in it
(docs/spec/door.md, "POST /paste").

Pure: a body is one armoured cell, written as a browser writes that form, or it is malformed. Plaintext is malformed.
"""

from typing import Final

from crypto.cells import CellClass, armour, dearmour
from crypto.errors import Malformed

FIELD: Final = b"cell="
END: Final = b"\r\n"
# White space that gets into a text on its way through a message: blank lines, indented ones.
SLACK: Final = 8_192


def cell_class(length: int) -> CellClass | None:
    """The class of the cell that a body of this length can hold; None when it can hold none, and need not be read."""
    return next((one for one, lengths in LENGTHS.items() if length in lengths), None)


def envelope(body: bytes) -> bytes:
    """The envelope in the form's one field. Raises Malformed; the sender's browser shows what to do."""
    if not (body.startswith(FIELD) and body.endswith(END)):
        raise Malformed("not the form with its one field")
    try:
        text = body[len(FIELD) : -len(END)].decode()
    except UnicodeDecodeError:
        raise Malformed("not text") from None
    return dearmour(text)


def _lengths(cell_class: CellClass) -> range:
    """From no white space at all to the line end that a browser puts at every line, and some more."""
    lines = armour(bytes(cell_class.wire_length)).splitlines()
    least = len(FIELD) + sum(map(len, lines)) + len(END)
    return range(least, least + len(lines) * len(END) + SLACK + 1)


LENGTHS: Final = {cell_class: _lengths(cell_class) for cell_class in CellClass}
