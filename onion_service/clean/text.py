"""A text leaves with what it says and nothing that tells its copies apart (docs/spec/cleaning.md, "Text").

A copy marked with invisible, look-alike or oddly spaced characters and a copy without the marks come out
equal.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from onion_service.clean import lookalikes
from onion_service.clean.characters import (
    BREVE,
    BREVE_LETTERS,
    CARON,
    DECOMPOSED,
    DIGIT_RUNS,
    DOT_ABOVE,
    DOTTED,
    LETTER_RUNS,
    LETTERS,
    LINE_ENDS,
    MARKS,
    MARKS_OF,
    MARKS_PER_LETTER,
    NUMBER_RUNS,
    PARTED,
    PLAIN,
    RAISED,
    REGIONAL,
    REMOVED,
    SAME_FLAGS,
    SAME_MARKS,
    SIGNS,
    SPACES,
    STROKE,
    STROKES,
)

LATIN: Final = "latin"
_DIGITS: Final = frozenset("0123456789")


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A clean text, and how many characters of each kind were removed or made plain, by kind."""

    text: str
    removed: tuple[tuple[str, int], ...]


@dataclass(slots=True)
class _Letter:
    """One character and the marks on it."""

    base: str
    script: str | None
    marks: list[str] = field(default_factory=list)


def clean_text(text: str) -> Cleaned:
    """The text with every mark that could tell one copy from another removed or made plain.

    Any string is accepted, lone surrogates too. The result is in Unicode form C, is its own clean form,
    and has at most six times as many code points as the text.
    """
    counts: Counter[str] = Counter()
    lines: list[str] = []
    for ended, line in groupby(_letters(_plain(text, counts), counts), key=lambda letter: letter.base == "\n"):
        if ended:
            lines.extend("\n" for _ in line)
        else:
            lines.append("".join(_written(letter, counts) for letter in _in_one_script(list(line), counts)))
    composed = unicodedata.normalize("NFC", "".join(lines))
    return Cleaned(_evenly_spaced(composed, counts), tuple(sorted((+counts).items())))


def _plain(text: str, counts: Counter[str]) -> Iterator[str]:
    """The plain characters of each character: decomposed, and with signs as on a keyboard."""
    joined = text.replace("\r\n", "\n")
    counts["line"] += len(text) - len(joined)
    last, last_code = "", 0
    for code in _whole_flags(joined, counts):
        kind, plain = _plain_form(code)
        if kind is not None:
            counts[kind] += 1
        if not plain:
            continue
        if last.isdecimal() and plain[0].isdecimal():
            if code in RAISED and last_code not in RAISED:
                yield "^"
            elif code in PARTED or last_code in PARTED:
                yield " "
        yield from plain
        last, last_code = plain[-1], code


def _whole_flags(text: str, counts: Counter[str]) -> Iterator[int]:
    """The code points, where a pair of regional letters is one flag and a single one is nothing."""
    held = ""
    for character in text:
        code = ord(character)
        if code in REGIONAL:
            held += chr(code - 0x1F1E6 + ord("A"))
            if len(held) == 2:
                flag = SAME_FLAGS.get(held, held)
                counts["emoji"] += flag != held
                yield from (ord(letter) - ord("A") + 0x1F1E6 for letter in flag)
                held = ""
            continue
        if held and not _is_removed(code):
            counts["emoji"] += 1
            held = ""
        yield code
    counts["emoji"] += bool(held)


def _is_removed(code: int) -> bool:
    return any(code in ranges for ranges in REMOVED.values())


def _plain_form(code: int) -> tuple[str | None, str]:
    """What a code point becomes, and the kind of change, or None where it stays as it is."""
    character = chr(code)
    if character in _KEYBOARD or code in REGIONAL:
        return None, character
    if code in LINE_ENDS:
        return "line", "\n"
    if code in SPACES:
        return "space", " "
    for kind, ranges in REMOVED.items():
        if code in ranges:
            return kind, ""
    for kind, table in _MADE_PLAIN:
        if character in table:
            return kind, table[character]
    run = _from_a_run(code)
    if run:
        return "style", run
    return _decomposed_form(character)


def _from_a_run(code: int) -> str:
    for first, last, start in (*DIGIT_RUNS, *LETTER_RUNS):
        if first <= code <= last:
            return chr(ord(start) + code - first)
    for first, last, value in NUMBER_RUNS:
        if first <= code <= last:
            return str(value + code - first)
    return ""


def _decomposed_form(character: str) -> tuple[str | None, str]:
    if ord(character) not in DECOMPOSED:
        plain = "".join(_kept(STROKES[character] + STROKE if character in STROKES else character))
        return (None if plain else "other"), plain
    parts = unicodedata.normalize("NFKD", character)
    styled = parts != unicodedata.normalize("NFD", character)
    plain = "".join(piece for part in parts for piece in _kept(_part_made_plain(part)))
    if not plain:
        return "other", ""
    return ("style" if styled else None), plain


def _part_made_plain(part: str) -> str:
    if part in STROKES:
        return STROKES[part] + STROKE
    if ord(part) in SPACES:
        return " "
    for _, table in _MADE_PLAIN:
        if part in table:
            return table[part]
    return _from_a_run(ord(part)) or part


def _kept(characters: Iterable[str]) -> Iterator[str]:
    for character in characters:
        if character in MARKS or ord(character) in SIGNS or _script_of(character) is not None:
            yield character


def _script_of(character: str) -> str | None:
    code = ord(character)
    return next((script for script, letters in LETTERS.items() if code in letters), None)


def _letters(characters: Iterable[str], counts: Counter[str]) -> Iterator[_Letter]:
    """Characters with their marks. A mark that stands on nothing, twice or after too many is removed."""
    current: _Letter | None = None
    for character in characters:
        if character not in MARKS:
            if current is not None:
                yield current
            current = _Letter(character, _script_of(character))
        elif current is not None and current.script is not None and character not in current.marks:
            current.marks.append(character)
        else:
            counts["mark"] += 1
    if current is not None:
        yield current


def _in_one_script(line: list[_Letter], counts: Counter[str]) -> Iterator[_Letter]:
    """The line, every word of it in the one script its unmistakable letters are of, or else in the line's."""
    line_script = _told_script(line, alone=False) or LATIN
    for is_word, letters in groupby(line, key=lambda letter: letter.script is not None or letter.base in _DIGITS):
        word = list(letters)
        yield from _word_in(_told_script(word, alone=True) or line_script, word, counts) if is_word else word


def _told_script(letters: Iterable[_Letter], *, alone: bool) -> str | None:
    """The script that the letters without a look-alike tell, or None when there are none.

    Alone: Latin when two scripts are told. Otherwise: the script told most often, Latin unless another
    has more.
    """
    told = Counter(letter.script for letter in letters if letter.script and letter.base not in _MISTAKABLE)
    if not told:
        return None
    if alone:
        return next(iter(told)) if len(told) == 1 else LATIN
    return max((LATIN, *LETTERS), key=lambda script: told[script])


def _word_in(script: str, word: list[_Letter], counts: Counter[str]) -> Iterator[_Letter]:
    for letter in word:
        plain = _TO_LATIN.get(letter.base, letter.base)
        if script != LATIN:
            plain = letter.base if letter.script == script else _TO_SCRIPT[script].get(plain, letter.base)
        if plain == letter.base:
            yield letter
            continue
        counts["lookalike"] += 1
        yield from (_Letter(character, _script_of(character)) for character in plain[:-1])
        yield _Letter(plain[-1], _script_of(plain[-1]), letter.marks)


def _written(letter: _Letter, counts: Counter[str]) -> str:
    """The letter and its marks in their one order; a stroke makes a letter of its own or is removed."""
    base, marks = letter.base, set(letter.marks)
    fitting = {mark for mark in marks if mark in MARKS_OF.get(letter.script or "", "")}
    if base not in _STROKED:
        fitting.discard(STROKE)
    if base in DOTTED:
        fitting.discard(DOT_ABOVE)
    wrong, right = (BREVE, CARON) if letter.script == LATIN and base not in BREVE_LETTERS else (CARON, BREVE)
    if wrong in fitting:
        counts["lookalike"] += 1
        fitting = fitting - {wrong} | {right}
        marks = marks - {wrong} | {right}
    kept = sorted(fitting, key=MARKS.index)[:MARKS_PER_LETTER]
    counts["mark"] += len(marks) - len(kept)
    if STROKE in kept:
        return _STROKED[base] + "".join(kept[1:])
    return base + "".join(kept)


def _evenly_spaced(text: str, counts: Counter[str]) -> str:
    """One space between words, none at the ends of lines, at most one empty line, no loose ends."""
    lines = [" ".join(word for word in line.split(" ") if word) for line in text.split("\n")]
    spaced = "\n".join(line for line, before in zip(lines, ["", *lines], strict=False) if line or before)
    even = spaced.strip("\n")
    ends = text.count("\n") - even.count("\n")
    spaces = text.count(" ") - even.count(" ")
    counts.update(line=ends, space=spaces)
    return even


def _by_character(*tables: Mapping[str, str]) -> dict[str, str]:
    return {character: plain for table in tables for plain, characters in table.items() for character in characters}


def _pairs(written: str) -> dict[str, str]:
    return {pair[0]: pair[1:] for pair in written.split()}


_KEYBOARD: Final = frozenset("\n" + "".join(map(chr, range(0x20, 0x7F)))) - {"`"}
_MADE_PLAIN: Final = (
    ("typography", _by_character(PLAIN)),
    ("lookalike", _by_character(lookalikes.OTHER_SCRIPTS, lookalikes.LATIN, lookalikes.HISTORIC)),
    ("lookalike", _by_character(SAME_MARKS)),
)
_STROKED: Final = {plain: stroked for stroked, plain in STROKES.items()}
_TO_SCRIPT: Final = {
    script: {plain: letter for letter, plain in _pairs(written).items()} for script, written in lookalikes.PAIRS.items()
}
_TO_LATIN: Final = {
    letter: plain
    for table in (lookalikes.PAIRS, lookalikes.TOWARDS_LATIN)
    for written in table.values()
    for letter, plain in _pairs(written).items()
}
_MISTAKABLE: Final = frozenset(_TO_LATIN) | frozenset("".join(_TO_LATIN.values()))
