"""What the pages say in each language: Spanish as it stands in the sources, any other from its gettext catalogue.

A language is one file `locale/<code>.po`, read once. `python -m deploy.desk_texts` says what one lacks, and writes what
a translator begins with.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from babel import Locale
from babel.messages.pofile import read_po

LOCALE: Final = Path(__file__).parent / "locale"
SOURCE_LANGUAGE: Final = "es"


def msg(text: str) -> str:
    """Marks a text of the sources as one that catalogues translate."""
    return text


@dataclass(frozen=True, slots=True)
class Language:
    """One language: its code, its own name, and its messages by their Spanish."""

    code: str
    name: str
    direction: str
    messages: Mapping[str, str]

    def say(self, text: str, **values: object) -> str:
        """The message in this language, with its values put in; in Spanish when this language lacks it."""
        said = self.messages.get(text, text)
        return said.format_map(values) if values else said


@cache
def languages(folder: Path = LOCALE) -> Mapping[str, Language]:
    """Every language by its code, Spanish first."""
    found = {SOURCE_LANGUAGE: _language(SOURCE_LANGUAGE, {})}
    for path in sorted(folder.glob("*.po")):
        with path.open("rb") as file:
            catalogue = read_po(file, locale=path.stem)
        messages = {str(entry.id): str(entry.string) for entry in catalogue if entry.id and entry.string}
        found[path.stem] = _language(path.stem, messages)
    return found


def _language(code: str, messages: Mapping[str, str]) -> Language:
    locale = Locale.parse(code)
    name = locale.get_display_name(code) or code
    return Language(code, name[:1].upper() + name[1:], locale.text_direction, messages)
