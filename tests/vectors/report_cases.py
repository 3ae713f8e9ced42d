"""Vectors for docs/spec/report.md: canonical reports."""

import base64
import json
from typing import Any

from tests.vectors.cell_cases import case
from tests.vectors.letter_cases import PART_MAX, canonical, report_text
from tests.vectors.recipes import Case, Recipe, changed, field, hexed, join, text

HASH = "0123456789abcdef" * 4


def attachment(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - plain JSON
    """What a report says of one small photo, with these fields in place."""
    return {"cleaned": True, "media": "image/jpeg", "parts": [HASH], "size": 70_000} | fields


def good_reports() -> dict[str, Case]:
    """Each is written back as it was read."""
    photo = attachment()
    video = attachment(media="video/mp4", cleaned=False, parts=[HASH, HASH, HASH], size=2 * PART_MAX + 1)
    full = {
        "attachments": [photo, video],
        "place": "mx-oax-juchitan",
        "topic": "desaparicion",
        "when": "this_week",
        "where": "Detrás del mercado, a la salida hacia Ixtepec",
    }
    return {
        "ok": case("ok", "the plainest report", report=text(report_text())),
        "full": case("ok", "everything said", report=text(report_text(**full))),
        "unicode": case(
            "ok", "letters are not escaped", report=text(report_text(lang="zap", text="Ñandú — ꞌu̱ 🕯️\nsegunda línea"))
        ),
        "escapes": case(
            "ok", "only the quote, the backslash and the line end are", report=text(report_text(text='"\\\n\u2028/'))
        ),
        "text-longest": case("ok", "20 000 bytes of text", report=text(report_text(text="ñ" * 10_000))),
        "where-longest": case("ok", "400 characters, not bytes", report=text(report_text(where="🕯" * 400))),
        "attachments-most": case("ok", "16 attachments", report=text(report_text(attachments=[photo] * 16))),
        "part-largest": case("ok", "one full part", report=text(report_text(attachments=[attachment(size=PART_MAX)]))),
        "parts-most": case(
            "ok", "64 parts", report=text(report_text(attachments=[attachment(parts=[HASH] * 64, size=64 * PART_MAX)]))
        ),
    }


def bad_values() -> dict[str, Case]:
    """Canonical JSON whose values are refused."""
    nonce = base64.b64encode(bytes(16)).decode()
    refused: dict[str, tuple[str, dict[str, Any]]] = {
        "text-empty": ("no text", {"text": ""}),
        "text-spaces": ("only white space", {"text": " \n\u00a0\u3000"}),
        "text-too-long": ("20 001 bytes", {"text": "a" * 20_001}),
        "text-tab": ("a control character", {"text": "a\tb"}),
        "text-carriage-return": ("a control character", {"text": "a\r\nb"}),
        "text-c1": ("a control character above 127", {"text": "a\u0085b"}),
        "text-number": ("a number for a text", {"text": 1}),
        "where-too-long": ("401 characters", {"where": "a" * 401}),
        "where-lines": ("two lines", {"where": "a\nb"}),
        "nonce-short": ("15 bytes", {"nonce": base64.b64encode(bytes(15)).decode()}),
        "nonce-spare-bits": ("a second spelling in base64", {"nonce": nonce[:-3] + "B=="}),
        "nonce-no-padding": ("without its equals signs", {"nonce": nonce.rstrip("=")}),
        "lang": ("capital letters", {"lang": "ES"}),
        "lang-region": ("a region", {"lang": "es-MX"}),
        "topic": ("a space", {"topic": "dos palabras"}),
        "topic-long": ("65 letters", {"topic": "a" * 65}),
        "place": ("begins with a hyphen", {"place": "-mx"}),
        "when": ("a date", {"when": "2024-05-01"}),
        "version": ("version 2", {"v": 2}),
        "version-text": ("a text for a number", {"v": "1"}),
        "unknown-key": ("a field that does not exist", {"time": "12:00"}),
        "attachments-17": ("17 attachments", {"attachments": [attachment()] * 17}),
        "parts-65": (
            "65 parts in all",
            {"attachments": [attachment(parts=[HASH] * 64, size=64 * PART_MAX), attachment()]},
        ),
        "media": ("a kind that is not on the list", {"attachments": [attachment(media="text/html")]}),
        "part-capital": ("a hash in capital letters", {"attachments": [attachment(parts=[HASH.upper()])]}),
        "size-zero": ("an attachment of no bytes", {"attachments": [attachment(size=0, parts=[])]}),
        "size-parts": ("one byte more than the parts hold", {"attachments": [attachment(size=PART_MAX + 1)]}),
        "file-name": ("a file's name", {"attachments": [attachment(name="IMG_2024.jpg")]}),
        "cleaned-number": ("1 for true", {"attachments": [attachment(cleaned=1)]}),
    }
    return {
        name: case("malformed", comment, report=text(report_text(**fields)))
        for name, (comment, fields) in refused.items()
    }


def bad_spellings() -> dict[str, Case]:
    """A right value in another spelling."""
    plain = report_text()
    value = json.loads(plain)
    without = {key: entry for key, entry in value.items() if key != "when"}
    spelt: dict[str, tuple[str, Recipe]] = {
        "spaces": ("spaces after the colons", text(json.dumps(value, sort_keys=True, ensure_ascii=False))),
        "order": ("the keys in another order", text(_reversed(value))),
        "escaped-letters": (
            "letters escaped",
            text(json.dumps(value | {"text": "ñ"}, sort_keys=True, separators=(",", ":"))),
        ),
        "escaped-slash": ("a slash escaped", text(plain.replace("Vi la", "Vi\\/la"))),
        "key-missing": ("the key when is left out", text(canonical(without))),
        "key-twice": ("the key v twice", text(plain.replace('"v":1', '"v":1,"v":1'))),
        "number-fraction": ("1.0", text(plain.replace('"v":1', '"v":1.0'))),
        "number-exponent": ("1e0", text(plain.replace('"v":1', '"v":1e0'))),
        "line-end": ("a line end after it", text(plain + "\n")),
        "byte-order-mark": ("a byte order mark before it", join(hexed(b"\xef\xbb\xbf"), text(plain))),
        "half-surrogate": ("half a surrogate pair", text(plain.replace("Vi la", "\\ud83d"))),
        "half-surrogate-raw": (
            "half a surrogate pair in bytes",
            join(text(plain[:90]), hexed(b"\xed\xa0\xbd"), text(plain[90:])),
        ),
        "not-utf-8": ("a byte that is not UTF-8", changed(field("report/ok.json", "report"), put=[90, "ff"])),
        "array": ("an array", text("[]")),
        "null": ("null", text("null")),
        "nested": ("brackets 20 000 deep", text("[" * 20_000)),
        "cut": ("cut off", changed(field("report/ok.json", "report"), cut=len(plain) - 1)),
        "too-long": ("over what a letter holds", text(report_text(text="\n" * 13_000))),
        "nothing": ("no bytes", hexed(b"")),
    }
    return {name: case("malformed", comment, report=recipe) for name, (comment, recipe) in spelt.items()}


def cases() -> dict[str, Case]:
    """All of this module's, by path."""
    return {f"report/{name}.json": found for name, found in (good_reports() | bad_values() | bad_spellings()).items()}


def _reversed(value: dict[str, Any]) -> str:
    return json.dumps(dict(reversed(list(value.items()))), separators=(",", ":"), ensure_ascii=False)
