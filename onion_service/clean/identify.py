"""What in a text may identify its writer or others is pointed at, and the text stays as it is (docs/spec/cleaning.md).

The writer decides. The rules are in `identify_tables`; the browser's client has the same ones.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from onion_service.clean.identify_parts import PARTS
from onion_service.clean.identify_tables import CARD, KINDS, NOTHING, RULES, WRITTEN

CARD_LENGTHS: Final = range(13, 20)
CLABE_LEN: Final = 18
CLABE_WEIGHTS: Final = (3, 7, 1)


@dataclass(frozen=True, slots=True)
class Finding:
    """A part of a text, `text[start:end]`, that may identify somebody, and why."""

    kind: str
    start: int
    end: int


def identifying(text: str) -> tuple[Finding, ...]:
    """Every part of a clean text that may identify somebody, in order, none over another.

    Where two meet, the longer one is kept, then the more serious one. Any string is accepted.
    """
    views = {False: folded(text), True: text}
    found = []
    for rule, pattern in _COMPILED:
        for match in pattern.finditer(views[rule.view == WRITTEN]):
            start, end = match.span(pattern.groups)
            if rule.check != CARD or is_card(text[start:end]):
                found.append(Finding(rule.kind, start, end))
    return tuple(finding for finding in _apart(found, len(text)) if finding.kind != NOTHING)


def folded(text: str) -> str:
    """The text in small letters without accents, every character at its place."""
    return "".join(_FOLDED.get(character, character) for character in text)


def is_card(written: str) -> bool:
    """Whether the digits are those of a bank card or a CLABE: their last digit is the one their others give."""
    digits = [int(character) for character in written if character.isascii() and character.isdecimal()]
    if len(digits) == CLABE_LEN:
        total = sum(digit * CLABE_WEIGHTS[at % 3] % 10 for at, digit in enumerate(digits[:-1]))
        if (total + digits[-1]) % 10 == 0:
            return True
    if len(digits) not in CARD_LENGTHS or digits[0] not in (3, 4, 5, 6):
        return False
    doubled = [sum(divmod(2 * d, 10)) if at % 2 else d for at, d in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def _apart(found: list[Finding], length: int) -> list[Finding]:
    """The findings that stay where several meet, in order."""
    taken = bytearray(length)
    kept = []
    for finding in sorted(found, key=lambda one: (one.start - one.end, KINDS.index(one.kind), one.start)):
        # A longer one is there already, so it covers one end of this one or does not meet it.
        if taken[finding.start] or taken[finding.end - 1]:
            continue
        taken[finding.start : finding.end] = b"\1" * (finding.end - finding.start)
        kept.append(finding)
    return sorted(kept, key=lambda one: one.start)


def whole(pattern: str) -> str:
    """The pattern with its parts in their places."""
    while (filled := re.sub(r"<([A-Za-z]+)>", lambda part: PARTS[part[1]], pattern)) != pattern:
        pattern = filled
    return pattern


def _fold_table() -> dict[str, str]:
    table = {}
    for code in (*range(0x41, 0x5B), *range(0xC0, 0x250), *range(0x1E00, 0x1F00)):
        base = unicodedata.normalize("NFD", chr(code))[0].lower()
        if base.isascii() and base.isalpha():
            table[chr(code)] = base
    return table


_FOLDED: Final = _fold_table()
_COMPILED: Final = tuple((rule, re.compile(whole(rule.pattern), re.ASCII)) for rule in RULES)
