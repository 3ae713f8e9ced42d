"""The reporter's page is the same bytes from the same sources, in every language that has a catalogue
(docs/spec/page.md).

`python -m deploy.page` writes the page's messages and builds it into `onion_service/site/`; with `--check` it only
compares. A language is one file `onion_service/client/page/locale/<code>.po`; `--template FILE` writes what a
translator starts from.
"""

import argparse
import io
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.ext import babel_extract
from markupsafe import Markup, escape

from onion_service.site import PAGE_LEN

ROOT: Final = Path(__file__).parents[1]
CLIENT: Final = ROOT / "onion_service" / "client"
SOURCES: Final = CLIENT / "page"
LOCALE: Final = SOURCES / "locale"
SITE: Final = ROOT / "onion_service" / "site"
SOURCE_LANGUAGE: Final = "es"
MAP_NOTICE: Final = """\
/* The map of Veladora: AGPL-3.0-or-later. In it is d3: copyright Mike Bostock and others, ISC and BSD-3-Clause; their
   notices stand in onion_service/client/map/LICENSES.txt */
"""
VERDICTS: Final = (202, 400, 410, 503)

_PLACEHOLDER: Final = re.compile(r"\{\w+\}")
_CODE: Final = re.compile(r"[a-z]{2,3}")


class PageNotBuilt(Exception):
    """The page cannot be built from these sources; whoever changed them must act."""


@dataclass(frozen=True, slots=True)
class Language:
    """One language of the page: its code, its own name, which way it is written, and its messages by their Spanish."""

    code: str
    name: str
    direction: str
    messages: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Messages:
    """What the page says: the Spanish texts of the pages and of the script, each with where it stands."""

    pages: Mapping[str, str]
    script: Mapping[str, str]

    @property
    def all(self) -> dict[str, str]:
        """Both."""
        return {**self.pages, **self.script}


def messages() -> Messages:
    """Every message in the sources."""
    pages: dict[str, str] = {}
    for path in sorted(SOURCES.glob("*.html")):
        with path.open("rb") as file:
            found = babel_extract(file, ["t"], [], {"encoding": "utf-8"})
            pages.update({_single(text, path): path.name for _, _, text, _ in found})
    script: dict[str, str] = {}
    for path in sorted(SOURCES.glob("*.js")):
        source = io.BytesIO(path.read_bytes())
        for _, text, *_ in extract("javascript", source, keywords={"say": None}):
            script[_single(text, path)] = path.name
    return Messages(pages, script)


def languages(folder: Path, wanted: Iterable[str]) -> list[Language]:
    """Spanish and every language with a catalogue in `folder`. Raises PageNotBuilt for one that is not whole."""
    ids = sorted(wanted)
    found = [_language(SOURCE_LANGUAGE, {})]
    for path in sorted(folder.glob("*.po")):
        with path.open("rb") as file:
            catalogue = read_po(file, locale=path.stem)
        found.append(_language(path.stem, _whole(catalogue, ids, path)))
    return found


def messages_module(known: Sequence[Language], said: Mapping[str, str]) -> str:
    """The script's part of the catalogues, as an ES module."""
    table = {text: {one.code: one.messages[text] for one in known if one.messages} for text in sorted(said)}
    spoken = [{"code": one.code, "direction": one.direction} for one in known]
    return (
        "// @ts-check\n// Written by deploy/page.py from the catalogues; change those.\n"
        f'/** @type {{ {{ code: string, direction: "ltr" | "rtl" }}[] }} */\n'
        f"export const LANGUAGES = {json.dumps(spoken)};\n"
        "/** @type {Record<string, Record<string, string>>} */\n"
        f"export const MESSAGES = {json.dumps(table, ensure_ascii=False, indent=1)};\n"
    )


def pages(known: Sequence[Language], *, script: str, style: str) -> dict[str, bytes]:
    """The built pages by file name. Raises PageNotBuilt when the page is longer than the door can say."""
    environment = Environment(
        loader=FileSystemLoader(SOURCES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["t"] = lambda text: _in_each(text, known)
    if "</" in script or "</" in style:
        raise PageNotBuilt("the script or the style would end its own element")
    shared = {"languages": known, "style": Markup(style + _shown(known)), "script": Markup(script)}  # noqa: S704
    built = {"index.html": environment.get_template("page.html").render(shared).encode()}
    pasted = environment.get_template("pasted.html")
    for verdict in VERDICTS:
        built[f"pasted-{verdict}.html"] = pasted.render(shared, verdict=verdict).encode()
    if (length := len(built["index.html"])) > PAGE_LEN:
        raise PageNotBuilt(f"the page is {length} bytes long; it may have {PAGE_LEN}: shorten its texts or its script")
    return built


def bundled(entry: str, *, messages_file: Path) -> str:
    """The script or the style, as the client's bundler makes it small, with these messages."""
    command = ["node", "build.js", "-", entry, str(messages_file)]
    done = subprocess.run(command, cwd=CLIENT, capture_output=True, check=False)
    if done.returncode:
        raise PageNotBuilt(f"the bundler stopped: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout.decode()


def pages_from(locale: Path) -> dict[str, bytes]:
    """The built pages with the catalogues of a folder; nothing is written that stays."""
    said = messages()
    known = languages(locale, said.all)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "messages.js"
        file.write_text(messages_module(known, said.script), encoding="utf-8")
        script, style = (bundled(entry, messages_file=file) for entry in ("page/main.js", "page/style.css"))
    return pages(known, script=script, style=style)


def build(*, check: bool = False) -> list[str]:
    """Build everything into its place, the script of the published map too; what differed before, by its name. With
    `check` nothing is written."""
    said = messages()
    module = messages_module(languages(LOCALE, said.all), said.script)
    changed = _put(SOURCES / "messages.js", module.encode(), check=check)
    for name, html in pages_from(LOCALE).items():
        changed += _put(SITE / name, html, check=check)
    script = MAP_NOTICE + bundled("map/main.js", messages_file=SOURCES / "messages.js")
    return changed + _put(SITE / "map.js", script.encode(), check=check)


def template(said: Mapping[str, str]) -> bytes:
    """An empty catalogue, in gettext's form."""
    catalogue = Catalog(project="Veladora", charset="utf-8", fuzzy=False)
    for text, place in sorted(said.items(), key=lambda item: (item[1], item[0])):
        catalogue.add(text, locations=[(place, None)])  # type: ignore[list-item]
    out = io.BytesIO()
    write_po(out, catalogue, width=100, omit_header=True)
    return out.getvalue()


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m deploy.page", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail when it is not what is there")
    parser.add_argument("--template", type=Path, metavar="FILE", help="write an empty catalogue, and end")
    asked = parser.parse_args()
    try:
        if asked.template is not None:
            asked.template.write_bytes(template(messages().all))
            return
        changed = build(check=asked.check)
    except PageNotBuilt as error:
        sys.exit(f"page: {error}")
    if changed and asked.check:
        sys.exit(f"page: {', '.join(changed)} is not what the sources give: make client, and commit what it writes")
    length = (SITE / "index.html").stat().st_size
    print(f"page: {length} of {PAGE_LEN} bytes; {', '.join(changed) or 'nothing'} changed")


def _single(text: object, path: Path) -> str:
    if not isinstance(text, str):
        raise PageNotBuilt(f"{path.name}: a message is one text: {text!r}")
    return text


def _language(code: str, translated: Mapping[str, str]) -> Language:
    if not _CODE.fullmatch(code):
        raise PageNotBuilt(f"{code!r} is no code of ISO 639 in two or three small letters")
    locale = Locale.parse(code)
    name = locale.get_display_name(code) or code
    return Language(code, name[:1].upper() + name[1:], locale.text_direction, translated)


def _whole(catalogue: Catalog, ids: Sequence[str], path: Path) -> dict[str, str]:
    """The catalogue's messages, when they are exactly those that the sources have."""
    entries = {str(entry.id): entry for entry in catalogue if entry.id}
    if spare := sorted(set(entries) - set(ids)):
        raise PageNotBuilt(f"{path.name} translates what the page does not say: {spare[0]!r}")
    translated = {}
    for text in ids:
        entry = entries.get(text)
        if entry is None or not entry.string or entry.fuzzy:
            raise PageNotBuilt(f"{path.name} does not translate {text!r}")
        translated[text] = str(entry.string)
        if sorted(_PLACEHOLDER.findall(text)) != sorted(_PLACEHOLDER.findall(translated[text])):
            raise PageNotBuilt(f"{path.name} has other places for values in {text!r}")
    return translated


def _in_each(text: str, known: Sequence[Language]) -> Markup:
    spans = (
        Markup('<span class="t" lang="{}"{}>{}</span>').format(
            one.code,
            Markup(' dir="rtl"') if one.direction == "rtl" else "",
            escape(one.messages.get(text, text)),
        )
        for one in known
    )
    return Markup("").join(spans)


def _shown(known: Sequence[Language]) -> str:
    """The rules that show the chosen language alone."""
    return "".join(
        f"body:has(#l-{one.code}:checked) .t:not([lang={one.code}]){{display:none}}"
        + (f"body:has(#l-{one.code}:checked){{direction:rtl}}" if one.direction == "rtl" else "")
        for one in known
    )


def _put(path: Path, content: bytes, *, check: bool) -> list[str]:
    if path.exists() and path.read_bytes() == content:
        return []
    if not check:
        path.write_bytes(content)
    return [path.name]


if __name__ == "__main__":
    main()
