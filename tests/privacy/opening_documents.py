"""Office documents that were made to call out, each in one spelling, and such as people write."""

import io
import zipfile
from collections.abc import Mapping
from typing import Final

from PIL import Image

CONTENT: Final = b'<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/><Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>'  # noqa: E501
RELATIONS: Final = b'<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/>%b</Relationships>'  # noqa: E501
DOCUMENT: Final = b'<?xml version="1.0"?>%b<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>Hola %b</w:t></w:r></w:p></w:body></w:document>'  # noqa: E501
CORE: Final = b'<?xml version="1.0"?><cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:creator>SECRET-Itzel</dc:creator></cp:coreProperties>'  # noqa: E501
BODY: Final = b'<?xml version="1.0"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" xmlns:xlink="http://www.w3.org/1999/xlink"><office:body><office:text><text:p>Hola %b</text:p></office:text></office:body></office:document-content>'  # noqa: E501
META: Final = b'<?xml version="1.0"?><office:document-meta xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><office:meta><dc:creator>SECRET-Itzel</dc:creator></office:meta></office:document-meta>'  # noqa: E501
MANIFEST: Final = b'<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><manifest:file-entry manifest:full-path="/" manifest:media-type="application/vnd.oasis.opendocument.text"/><manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/><manifest:file-entry manifest:full-path="meta.xml" manifest:media-type="text/xml"/></manifest:manifest>'  # noqa: E501
LAUGHS: Final = b'<!DOCTYPE l [<!ENTITY a "ha">' + b"".join(
    b'<!ENTITY %c "%b">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9)
) + b"]>"  # fmt: skip


def zipped(members: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(zipfile.ZipInfo(name), body, zipfile.ZIP_DEFLATED, 1)
    return out.getvalue()


def docx(
    more: Mapping[str, bytes] | None = None, *, head: bytes = b"", text: bytes = b"", relation: bytes = b""
) -> bytes:
    return zipped(
        {
            "[Content_Types].xml": CONTENT,
            "_rels/.rels": RELATIONS % relation,
            "word/document.xml": DOCUMENT % (head, text),
            "docProps/core.xml": CORE,
            **(more or {}),
        }
    )


def odt(more: Mapping[str, bytes] | None = None, *, text: bytes = b"") -> bytes:
    kind = b"application/vnd.oasis.opendocument.text"
    content = {"mimetype": kind, "META-INF/manifest.xml": MANIFEST, "content.xml": BODY % text, "meta.xml": META}
    return zipped({**content, **(more or {})})


def calling_out() -> dict[str, bytes]:
    """The ways to write, in XML, that something is fetched or run when the document is opened."""
    kinds = (("docx", _by_relation() | _by_part()), ("odt", _by_address()), ("xlsx", _by_formula()))
    return {f"calls-{name}.{end}": wire for end, made in kinds for name, wire in made.items()}


def _by_relation() -> dict[str, bytes]:
    relation = b'<Relationship Id="r9" Type="http://x/%b" Target="%b" %b/>'
    typed = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships/%b"
    outside, far = b'TargetMode="External"', b"http://e.example/x"
    prefix = b'<x:Relationship xmlns:x="http://schemas.openxmlformats.org/package/2006/relationships" Id="r9" Type="http://x/image" Target="http://e.example/x" TargetMode="External"/>'  # noqa: E501
    other = b'<Relationship Id="r9" a=">" Type="http://x/image" Target="http://e.example/x" TargetMode="External"/>'
    rels = b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">%b</Relationships>'
    hyperlink = relation.replace(b"http://x/%b", typed) % (b"hyperlink", far, outside)
    return {
        "entity-in-mode": docx(relation=relation % (b"image", far, b'TargetMode="&#69;xternal"')),
        "mode-in-small": docx(relation=relation % (b"image", far, b"TargetMode=' external '")),
        "prefix": docx(relation=prefix),
        "greater-in-value": docx(relation=other),
        "type-in-target": docx(relation=relation % (b"image", b"http://e.example/?Type='/hyperlink'", outside)),
        "nearly-hyperlink": docx(relation=relation % (b"hyperlink", far, outside)),
        "no-mode": docx(relation=relation % (b"image", far, b"")),
        "network-path": docx(relation=relation % (b"image", b"//e.example/x", b"")),
        "chunk": docx({"word/x.docx": docx()}, relation=relation % (b"aFChunk", b"word/x.docx", b"")),
        "chunk-by-type": docx({"word/x.dat": b"<a/>"}, relation=relation % (b"aFChunk", b"word/x.dat", b"")),
        "chunk-by-element": docx(text=b"</w:t></w:r></w:p><w:altChunk/><w:p><w:r><w:t>"),
        "document-in-document": docx({"word/media/image1.png": docx()}),
        "frame": docx(relation=relation % (b"frame", b"a.xml", b"")),
        "subdocument": docx(relation=relation % (b"subDocument", b"a.xml", b"")),
        "link-as-picture": docx(
            {"word/_rels/document.xml.rels": rels % hyperlink},
            text=b'</w:t></w:r><w:r><a:blip xmlns:a="a" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" r:link="r9"/></w:r><w:r><w:t>',  # noqa: E501
        ),
    }


def _by_part() -> dict[str, bytes]:
    field = b"</w:t></w:r>" + b"".join(b"<w:r>%b</w:r>" % one for one in (
        b'<w:fldChar w:fldCharType="begin"/>', b"<w:instrText>INCLUDE</w:instrText>",
        b'<w:instrText>PICTURE "http://e.example/x"</w:instrText>', b'<w:fldChar w:fldCharType="separate"/>',
    )) + b"<w:r><w:t>"  # fmt: skip
    nested = b"</w:t></w:r>" + b"".join(b"<w:r>%b</w:r>" % one for one in (
        b'<w:fldChar w:fldCharType="begin"/>', b'<w:fldChar w:fldCharType="begin"/>',
        b'<w:instrText>QUOTE "DDEAUTO c:x"</w:instrText>', b'<w:fldChar w:fldCharType="end"/>',
        b'<w:fldChar w:fldCharType="end"/>',
    )) + b"<w:r><w:t>"  # fmt: skip
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">%b</svg>'
    return {
        "entity-in-field": docx(text=b"</w:t></w:r><w:r><w:instrText>DD&#69;AUTO c:x</w:instrText></w:r><w:r><w:t>"),
        "field-in-two": docx(text=field),
        "field-in-field": docx(text=nested),
        "simple-field": docx(text=b'</w:t></w:r><w:fldSimple w:instr="INCLUDETEXT x"/><w:r><w:t>'),
        "drawing": docx(
            {
                "word/x.vml": b'<v:a xmlns:v="urn:schemas-microsoft-com:vml"><v:imagedata src="http://e.example/x"/></v:a>'
            }
        ),
        "svg-picture": docx({"word/media/a.svg": svg % b'<image xlink:href="http://e.example/x"/>'}),
        "svg-style": docx({"word/media/a.svg": svg % b"<style><style/>@imp&#111;rt 'http://e.example/x'</style>"}),
        "svg-script": docx({"word/media/a.svg": svg % b"<script/>"}),
        "no-name-of-xml": docx({"word/x.dat": b"<b src='http://e.example/x'/>"}),
        "wide-by-another-name": docx({"word/x.dat": "<a/>".encode("utf-16")}),
        "other-encoding": docx({"word/x.xml": b'<?xml version="1.0" encoding="UTF-7"?><a/>'}),
    }


def _by_address() -> dict[str, bytes]:
    far = b"http://e.example/x"
    linked = b'<draw:image xlink:href="%b" xlink:type="simple"/>'
    rest = b"xmlns:style='urn:oasis:names:tc:opendocument:xmlns:style:1.0' xmlns:table='urn:oasis:names:tc:opendocument:xmlns:table:1.0'"  # noqa: E501
    return {
        "no-actuate": odt(text=linked % far),
        "entity-in-address": odt(text=linked % b"&#104;ttp://e.example/x"),
        "space-in-address": odt(text=linked % b"ht&#9;tp://e.example/x"),
        "unc": odt(text=linked % b"\\\\e.example\\x"),
        "network-path": odt(text=linked % b"//e.example/x"),
        "neighbour": odt(text=linked % b"../x.png"),
        "background": odt(text=b"<style:background-image %b xlink:href='%b'/>" % (rest, far)),
        "section": odt(text=b"<text:section-source xlink:href='%b'/>" % far),
        "other-prefix": odt(text=b"<draw:image xmlns:l='http://www.w3.org/1999/xlink' l:href='%b'/>" % far),
        "link-by-itself": odt(text=b"<text:a xlink:actuate='onLoad' xlink:href='%b'>x</text:a>" % far),
        "frame": odt(text=b"<draw:floating-frame xlink:href='x'/>"),
        "formula": odt(
            text=b"<table:table-cell %b table:formula='of:=WEB&#83;ERVICE(&quot;http://e.example&quot;)'/>" % rest
        ),
        "other-file": odt(text=b"<table:table-cell %b table:formula=\"of:=['file:///x.ods'#$A.A1]\"/>" % rest),
    }


def _by_formula() -> dict[str, bytes]:
    sheet = b"<worksheet><sheetData><row><c><f>%b</f></c></row></sheetData></worksheet>"
    book = {"[Content_Types].xml": CONTENT, "xl/workbook.xml": b"<workbook/>"}
    return {
        "web": zipped({**book, "xl/worksheets/sheet1.xml": sheet % b'_xlfn.WEBSERVICE("http://e.example")'}),
        "dde": zipped({**book, "xl/worksheets/sheet1.xml": sheet % b"cmd|'/C calc'!A0"}),
        "other-book": zipped({**book, "xl/worksheets/sheet1.xml": sheet % b"'\\\\e.example\\[a.xlsx]A'!A1"}),
    }


def ordinary() -> dict[str, bytes]:
    """Documents as people write them, with what looks a little like the above."""
    hyperlink = b'<Relationship Id="r9" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink" Target="https://example.org/" TargetMode="External"/>'  # noqa: E501
    rels = b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">%b</Relationships>'
    link = b'</w:t></w:r><w:hyperlink xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" r:id="r9"><w:r><w:t>x</w:t></w:r></w:hyperlink><w:r><w:t>'  # noqa: E501
    page = b'</w:t></w:r><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText> PA</w:instrText></w:r><w:r><w:instrText>GE \\* MERGEFORMAT</w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>1</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r><w:r><w:t>DDE INCLUDEPICTURE'  # noqa: E501
    sheet = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row><c><f>SUM(\'Hoja 1\'!A1:A3)&amp;"a|b"</f></c></row></sheetData></worksheet>'  # noqa: E501
    shown = b'</text:p><text:p><text:a xlink:type="simple" xlink:href="https://example.org/">x</text:a><draw:image xlink:href="Pictures/a.png" xlink:type="simple" xlink:show="embed" xlink:actuate="onLoad"/>'  # noqa: E501
    template = b'<meta:template xmlns:meta="urn:oasis:names:tc:opendocument:xmlns:meta:1.0" xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="file:///C:/x.ott"/>'  # noqa: E501
    meta = META.replace(b"<dc:creator>", template + b"<dc:creator>")
    scripts = BODY.replace(b"<office:body>", b"<office:scripts/><office:body>") % shown
    return {
        "ordinary-link.docx": docx({"word/_rels/document.xml.rels": rels % hyperlink}, text=link),
        "ordinary-page-number.docx": docx(text=page),
        "ordinary-printer.xlsx": zipped(
            {
                "[Content_Types].xml": CONTENT,
                "_rels/.rels": RELATIONS.replace(b"word/document", b"xl/workbook") % b"",
                "xl/workbook.xml": b'<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"/>',
                "xl/worksheets/sheet1.xml": sheet,
                "xl/printerSettings/printerSettings1.bin": b"\0" * 64,
            }
        ),
        "ordinary-link.odt": odt({"content.xml": scripts, "meta.xml": meta, "Pictures/a.png": _picture()}),
    }


def _picture() -> bytes:
    out = io.BytesIO()
    Image.new("L", (4, 4)).save(out, "PNG")
    return out.getvalue()
