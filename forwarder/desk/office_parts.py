"""Whether a part of an office document acts or calls out, told by its parsed XML and never by how it is spelled.

Pure: names are compared with their namespaces resolved, values as a reader sees them. What names a place outside of the
document is refused everywhere but in a link that a person has to click. The names come from ECMA-376 (OOXML) and OASIS
OpenDocument 1.3; where a program is known to overlook a namespace or a type, so do we.
"""

import re
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

ELEMENTS_MAX: Final = 2_000_000
DEPTH_MAX: Final = 1_000
VALUE_MAX: Final = 1_048_576
SEPARATOR: Final = " "
ENCODINGS: Final = frozenset({"utf-8", "us-ascii"})

XLINK: Final = "http://www.w3.org/1999/xlink"
SCRIPT: Final = "urn:oasis:names:tc:opendocument:xmlns:script:1.0"
XFORMS: Final = "http://www.w3.org/2002/xforms"
HYPERLINKS: Final = frozenset(
    {
        "http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink",
        "http://purl.oclc.org/ooxml/officeDocument/relationships/hyperlink",
    }
)
# What a relation may not lead to, inside or outside: the last word of its type, in small letters.
RELATIONS: Final = frozenset(
    {
        *("afchunk", "subdocument", "oleobject", "package", "frame", "attachedtemplate", "control", "vbaproject"),
        *("activexcontrolbinary", "externallink", "externallinkpath", "xlexternallinkpath", "connections"),
        *("querytable", "mailmergesource", "mailmergeheadersource", "attachedtoolbars", "keymapcustomizations"),
        *("webextension", "taskpanes", "extensibility", "macrosheet", "xlmacrosheet", "dialogsheet"),
    }
)
# Elements that hold or fetch something else, or run something, whatever their namespace.
ELEMENTS: Final = frozenset(
    {
        *("altchunk", "subdoc", "oleobject", "oleobj", "oleobjects", "object-ole", "control", "attachedtemplate"),
        *("mailmerge", "datasource", "externalbook", "externallink", "ddelink", "olelink", "externalreference"),
        *("querytable", "dbpr", "webpr", "applet", "floating-frame", "script", "foreignobject", "iframe", "embed"),
        "html",
        *("dde-source", "dde-connection-decl", "dde-link", "dde-links", "dde-connection"),
        *("database-source-sql", "database-source-query", "database-source-table", "connection-resource"),
    }
)
# Word's fields that only count, name or point inside of the document, or wait for a click.
FIELDS: Final = frozenset(
    {
        *("PAGE", "NUMPAGES", "SECTION", "SECTIONPAGES", "DATE", "TIME", "CREATEDATE", "SAVEDATE", "PRINTDATE"),
        *("EDITTIME", "AUTHOR", "LASTSAVEDBY", "TITLE", "SUBJECT", "KEYWORDS", "COMMENTS", "INFO", "FILENAME"),
        *("FILESIZE", "REVNUM", "NUMWORDS", "NUMCHARS", "TEMPLATE", "USERNAME", "USERINITIALS", "USERADDRESS"),
        *("STYLEREF", "REF", "PAGEREF", "NOTEREF", "FOOTNOTEREF", "TOC", "TC", "TOA", "TA", "XE", "INDEX", "SEQ"),
        *("HYPERLINK", "GOTOBUTTON", "SYMBOL", "EQ", "ADVANCE", "LISTNUM", "AUTONUM", "AUTONUMLGL", "AUTONUMOUT"),
        *("BIBLIOGRAPHY", "CITATION", "FORMTEXT", "FORMCHECKBOX", "FORMDROPDOWN", "MERGEFIELD", "IF", "QUOTE", "SET"),
        *("COMPARE", "DOCPROPERTY", "DOCVARIABLE", "SHAPE", "FILLIN", "ASK", "BARCODE", "DISPLAYBARCODE", "ADDIN"),
        *("NEXT", "NEXTIF", "SKIPIF", "MERGEREC", "MERGESEQ", "ADDRESSBLOCK", "GREETINGLINE", "AUTOTEXT"),
    }
)
LINKS: Final = frozenset({"a", "hyperlink", "hlinkclick", "hlinkhover", "hlinkmouseover"})
SVG: Final = "http://www.w3.org/2000/svg"
VML: Final = "urn:schemas-microsoft-com:vml"
VML_SHAPES: Final = frozenset(
    {"shape", "group", "rect", "oval", "line", "polyline", "roundrect", "arc", "curve", "shapetype"}
)
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.\-]*:", re.IGNORECASE)
_PICTURE: Final = re.compile(r"data:image/(png|jpeg|gif|webp)[;,]", re.IGNORECASE)
_STYLE: Final = re.compile(r"@import|\\|url\(\s*['\"]?(?!\s*['\"]?#)", re.IGNORECASE)
# Functions that fetch or run, references to other files, and the old spelling of a call to another program.
_FORMULA: Final = re.compile(
    r"\b(WEBSERVICE|DDE|RTD|IMAGE|CALL|REGISTER(\.ID)?|EXEC|SQL\.REQUEST)\s{0,9}\("
    r"|'\s{0,9}#|\[\s{0,9}'?[a-z][a-z0-9+.\-]{0,30}:/|\|\s{0,9}'|\|\s{0,9}\w{1,60}\s{0,9}!"
    r"|'[^'\\\[]{0,300}[\\\[][^']{0,300}'\s{0,9}!|\[[^\]]{0,300}\][^!'\[\]]{1,99}!",
    re.IGNORECASE,
)
_WORD: Final = re.compile(r"[^\s\\\"“]*")


class Acts(Exception):
    """It holds programs, or parts that call out."""


class TooLargeInside(Exception):
    """It unpacks to more than is opened here."""


class Malformed(Exception):
    """Not XML as office programs write it."""


@dataclass(slots=True)
class Part:
    """What is known of a parsed part. `outside`: ids of relations that lead outside, to be clicked; `named`: the value
    of every attribute, but for those of links."""

    outside: set[str] = field(default_factory=set)
    named: set[str] = field(default_factory=set)


def read(text: bytes) -> Part:
    """The part, looked through. Raises Acts, TooLargeInside or Malformed."""
    reader = _Reader()
    try:
        reader.read(text)
    except (expat.ExpatError, UnicodeDecodeError, ValueError, LookupError) as error:
        raise Malformed from error
    return reader.part


def leads_outside(value: str) -> bool:
    """Whether an address names anything but a place in the same document."""
    # Readers drop these before they look at an address.
    address = "".join(one for one in value if one > "\x20" and one != "\x7f")
    if _PICTURE.match(address):
        return False
    return bool(_SCHEME.match(address)) or address.startswith(("/", "..")) or "\\" in address


class _Reader:
    """One part, from its first byte to its last."""

    __slots__ = ("_command", "_count", "_fields", "_kept", "_parser", "_path", "part")

    def __init__(self) -> None:
        self.part = Part()
        self._count = 0
        self._path: list[tuple[str, str]] = []
        # The outermost element whose text is a command, by its depth, and its words so far; and the fields of Word that
        # have begun, the innermost last.
        self._command = 0
        self._kept: list[str] = []
        self._fields: list[_Field] = [_Field()]
        self._parser = expat.ParserCreate(namespace_separator=SEPARATOR)
        self._parser.buffer_text = True
        self._parser.XmlDeclHandler = self._declared
        self._parser.StartDoctypeDeclHandler = self._refused
        self._parser.EntityDeclHandler = self._refused
        self._parser.ProcessingInstructionHandler = self._instructed
        self._parser.StartElementHandler = self._begun
        self._parser.EndElementHandler = self._over
        self._parser.CharacterDataHandler = self._said

    def read(self, text: bytes) -> None:
        self._parser.Parse(text, True)
        for one in self._fields:
            one.judge()

    def _declared(self, _version: str, encoding: str | None, _standalone: int) -> None:
        # Another program could read other words out of other encodings.
        if (encoding or "utf-8").lower() not in ENCODINGS:
            raise Acts

    def _refused(self, *_given: object) -> None:
        raise Acts

    def _instructed(self, target: str, _words: str) -> None:
        if target.lower() == "xml-stylesheet":
            raise Acts

    def _begun(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > ELEMENTS_MAX or len(self._path) >= DEPTH_MAX:
            raise TooLargeInside
        space, _, local = name.rpartition(SEPARATOR)
        self._path.append((space, local))
        if local.lower() in ELEMENTS or space in (SCRIPT, XFORMS):
            raise Acts
        given = [(*_split(one), value) for one, value in attributes.items()]
        if local == "Relationship":
            self._related({one: value for _, one, value in given})
        else:
            self._attributes(space, local, given)
        if not self._command and _commands(local):
            self._command, self._kept = len(self._path), []
        if local == "fldChar":
            self._field({one: value for _, one, value in given}.get("fldCharType", ""))

    def _over(self, _name: str) -> None:
        if self._command == len(self._path):
            self._command = 0
            if _commands(self._path[-1][1], "".join(self._kept)):
                raise Acts
        self._path.pop()

    def _said(self, text: str) -> None:
        local = self._path[-1][1]
        if self._command:
            self._kept.append(text)
        if local in ("instrText", "delInstrText") or (local in ("t", "delText") and len(self._fields) > 1):
            self._fields[-1].add(text)

    def _field(self, step: str) -> None:
        """A field of Word begins, has said all of its words, or ends."""
        if step == "begin":
            # What stands before the first field is no field's.
            self._fields[-1].nests = len(self._fields) > 1
            self._fields.append(_Field())
        elif len(self._fields) > 1:
            self._fields[-1].judge()
            if step == "end":
                self._fields.pop()

    def _related(self, given: dict[str, str]) -> None:
        kind, target = given.get("Type", ""), given.get("Target", "")
        outside = given.get("TargetMode", "").strip().lower() == "external"
        if kind.rstrip("/").rpartition("/")[2].lower() in RELATIONS:
            raise Acts
        if outside and kind not in HYPERLINKS:
            raise Acts
        if not outside and (_SCHEME.match(target.strip()) or target.strip().startswith("//") or "\\" in target):
            raise Acts
        if outside:
            self.part.outside.add(given.get("Id", ""))

    def _attributes(self, space: str, local: str, given: list[tuple[str, str, str]]) -> None:
        link = local.lower() in LINKS or (space == VML and local in VML_SHAPES)
        for where, name, value in given:
            if len(value) > VALUE_MAX:
                raise TooLargeInside
            small = name.lower()
            if (small in ("src", "althref") or (small == "href" and not link)) and leads_outside(value):
                raise Acts
            if small == "actuate" and link and value.strip().lower() == "onload":
                raise Acts
            if (small == "style" or space == SVG) and _STYLE.search(value):
                raise Acts
            if (_commands(small) or small in ("expression", "condition") or local == "cfvo") and _FORMULA.search(value):
                raise Acts
            if small == "instr":
                _Field([value]).judge()
            # A handler of a page or drawing, and what SVG animates into one.
            if small.startswith("on") and not where and space == SVG:
                raise Acts
            if not link:
                self.part.named.add(value)


@dataclass(slots=True)
class _Field:
    """The words of a field of Word, put together from however many pieces."""

    words: list[str] = field(default_factory=list)
    nests: bool = False
    judged: bool = False

    def add(self, text: str) -> None:
        if not self.judged:
            self.words.append(text)

    def judge(self) -> None:
        """Once its words are whole. Raises Acts for a field that is not on the list."""
        if self.judged:
            return
        self.judged = True
        words = "".join(self.words).strip()
        name = _WORD.match(words)
        if words.startswith("=") or (not words and not self.nests):
            return
        if name is None or name[0].upper() not in FIELDS:
            raise Acts


def _commands(local: str, words: str | None = None) -> bool:
    """Whether the text of such an element is a command or, told its words, whether they reach outside."""
    small = local.lower()
    if words is None:
        return small in ("f", "style", "definedname") or "formula" in small
    return bool((_STYLE if small == "style" else _FORMULA).search(words))


def _split(name: str) -> tuple[str, str]:
    space, _, local = name.rpartition(SEPARATOR)
    return space, local
