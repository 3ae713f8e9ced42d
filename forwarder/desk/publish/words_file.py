"""The words of an alert in a file that a person wrote: TOML with one table for each language, read strictly.

Pure: no clock, no disk, no chance.
"""

import tomllib
from typing import Final

import msgspec

from forwarder.desk.publish.alert import Words
from forwarder.desk.publish.errors import NotAnAlert

FILE_MAX: Final = 65_536


class _Spoken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    title: str
    text: str
    advice: str = ""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    es: _Spoken | None = None
    en: _Spoken | None = None


def parse_words(wire: bytes) -> dict[str, Words]:
    """The words that `wire` spells, by language. Raises NotAnAlert, naming what must be mended."""
    if len(wire) > FILE_MAX:
        raise NotAnAlert(f"a file of words has at most {FILE_MAX} bytes")
    try:
        said = msgspec.convert(tomllib.loads(wire.decode()), _File, strict=True)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError, msgspec.ValidationError) as error:
        raise NotAnAlert(f"the file of words: {error}") from error
    spoken = {language: one for language, one in (("es", said.es), ("en", said.en)) if one is not None}
    if not spoken:
        raise NotAnAlert("the file of words has neither [es] nor [en]")
    return {
        language: Words.cleaned(title=one.title, text=one.text, advice=one.advice) for language, one in spoken.items()
    }
