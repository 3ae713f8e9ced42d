"""The desk's pages are whole in every language that has a catalogue.

`python -m deploy.desk_texts` says what a catalogue lacks or has too many of; `--template FILE` writes what a translator
starts from. A language is one file `forwarder/desk/web/locale/<code>.po`.
"""

import argparse
import sys
from pathlib import Path
from typing import Final

from babel.messages.extract import extract
from jinja2.ext import babel_extract

from deploy.page import Language, PageNotBuilt, languages, template
from forwarder.desk.web.catalogues import LOCALE
from forwarder.desk.web.house import TEMPLATES

SOURCES: Final = TEMPLATES.parent


def messages() -> dict[str, str]:
    """Every text of the pages in Spanish, with the file where it stands."""
    found: dict[str, str] = {}
    for path in sorted(TEMPLATES.glob("*.html")):
        with path.open("rb") as file:
            for _, _, text, _ in babel_extract(file, ["t"], [], {"encoding": "utf-8"}):
                # What is said of a value stands where the value's table is.
                if text is not None:
                    found[_single(text, path)] = path.name
    for path in sorted(SOURCES.glob("*.py")):
        with path.open("rb") as file:
            for _, text, *_ in extract("python", file, keywords={"msg": None}):
                found[_single(text, path)] = path.name
    return found


def whole_languages(folder: Path = LOCALE) -> list[Language]:
    """Every language. Raises PageNotBuilt for one that is not whole, or translates what the pages do not say."""
    return languages(folder, messages())


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m deploy.desk_texts", description=__doc__)
    parser.add_argument("--template", type=Path, metavar="FILE", help="write an empty catalogue, and end")
    asked = parser.parse_args()
    if asked.template is not None:
        asked.template.write_bytes(template(messages()))
        return
    try:
        known = whole_languages()
    except PageNotBuilt as error:
        sys.exit(f"desk: {error}")
    print(f"desk: {len(messages())} texts in {', '.join(one.name for one in known)}")


def _single(text: object, path: Path) -> str:
    """The text of one call; values that are put into it are not part of it."""
    first = text[0] if isinstance(text, tuple) else text
    if not isinstance(first, str):
        raise PageNotBuilt(f"{path.name}: a message is one text: {text!r}")
    return first


if __name__ == "__main__":
    main()
