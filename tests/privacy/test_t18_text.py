"""T18: text does not betray. A marked copy and an unmarked one come out equal, in Python and in the browser."""

import random
import unicodedata
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from onion_service.clean.text import clean_text
from tests.browser import client
from tests.privacy.mutants import caught

pytestmark = pytest.mark.slow  # thousands of copies, and node

Clean = Callable[[list[str]], list[str]]

TEXTS: Final = {
    "Spanish": "¿Quién vio la camioneta? El jueves, a las 10:30, cruzó; ¡nadie ayudó!\nYo sí lo vi.",
    "Nahuatl": "Nēchnōtza in tlācatl īhuān quimihtoā: āxcān nicān.",
    "Maya": "Tu k'aaba' le máako'obo' ma' tu yilo'ob ba'al.",
    "Otomi": "Nu̱ya ra jä'i xi ra̱ngu̱ ne ma 'yo̱t'e.",
    "Mixtec": "Ñuu sa̱vi: ta̱a kúú yo̱ó, ndɨhɨ tɨ̀nà.",
    "English": "Two men in a white van, plate AB-12-34 (near Jalisco), said nothing.",
    "emoji": "Se la llevaron 🚨 en una patrulla 🚓, ayuda ❤ 🇲🇽.",
}
INVISIBLE: Final = (
    "\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f\u061c\u180e\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2061\u2062"
    "\u2063\u2064\u2066\u2067\u2068\u2069\u206a\u206f\ufe00\ufe0e\ufe0f\U000e0001\U000e0041\U000e007f\U000e0100"
    "\ue000\U000f0000\U0010fffd\ufdd0\uffff\ufff9\x00\x07\x1b\x7f\x9f\ud800\udfff\U0001bca0\U0001d173\u0378"
)
SPACES: Final = "\u00a0\u1680\u2000\u2002\u2003\u2007\u2009\u200a\u202f\u205f\u3000\t\u2800\u3164"
LINE_ENDS: Final = ("\r\n", "\r", "\v", "\f", "\u0085", "\u2028", "\u2029", " \n", "\n ", "\t\n")
# Written here by hand and not taken from the tables of the code: what one who marks copies would take.
LOOKALIKES: Final = {
    "a": "аɑαａ𝐚𝒂𝓪𝔞𝖆𝙖𝚊ⓐ",
    "b": "Ьｂ𝐛ᖯ",
    "c": "сϲⅽｃ𝐜ᴄ",
    "d": "ԁⅾｄ𝐝",
    "e": "еｅ𝐞ℯ℮",
    "g": "ɡｇ𝐠ց",
    "h": "һհｈ𝐡ℎ",
    "i": "іⅰｉ𝐢ıιᎥ",
    "j": "јϳｊ𝐣",
    "k": "ｋ𝐤к",
    "l": "ⅼｌ𝐥ӏ",
    "m": "ⅿｍ𝐦",
    "n": "ｎ𝐧ո",
    "o": "оοօｏ𝐨σഠ",
    "p": "рρｐ𝐩",
    "q": "ԛｑ𝐪",
    "r": "гｒ𝐫",
    "s": "ѕｓ𝐬ꜱ",
    "t": "ｔ𝐭",
    "u": "υսｕ𝐮",
    "v": "ѵνⅴｖ𝐯ᴠ",
    "w": "ԝｗ𝐰ᴡ",
    "x": "хⅹｘ𝐱×",
    "y": "уүγｙ𝐲",
    "z": "ｚ𝐳ᴢ",
    "A": "АΑꓮᎪＡ𝐀Ⓐ",
    "B": "ВΒꓐＢ",
    "E": "ЕΕꓰＥ",
    "J": "ЈＪꓙ",
    "M": "МΜⅯＭ",
    "N": "ΝꓠＮ",
    "Q": "Ｑ𝐐",
    "S": "ЅＳꓢ",
    "T": "ТΤꓔＴ",
    "Y": "ΥҮＹꓬ",
    "0": "０𝟎⓪",
    "1": "１𝟏①",
    "2": "２𝟐",
    "3": "３𝟑",
    "4": "４𝟒",
}
PUNCTUATION: Final = {
    "'": "’‘ʼʻꞌ′´`＇",
    "-": "‐‑‒–—−﹣",
    ",": "‚，",
    ".": "．․",
    ":": "∶：꞉ː",
    ";": ";；",
    "(": "（❨",
    ")": "）❩",
    "!": "！ǃ",
    "?": "？",
}
# The same letters put together in another way.
COMPOSITIONS: Final = ("NFC", "NFD", "NFKC", "NFKD")


def marked_copies(text: str, chance: random.Random) -> list[str]:
    """Copies of the text, each marked in one way, at one place or everywhere."""
    copies = [unicodedata.normalize(form, text) for form in COMPOSITIONS]
    for mark in INVISIBLE:
        place = _between_letters(text, chance)
        copies += [text[:place] + mark + text[place:], mark + text + mark]
    for space in SPACES:
        copies += [text.replace(" ", space), text.replace(" ", " " + space, 1), text + space]
    copies += [text.replace("\n", end) for end in LINE_ENDS] + [text + "\n\n", "\n" + text]
    for plain, passing in (LOOKALIKES | PUNCTUATION).items():
        if plain in text:
            copies += [text.replace(plain, one) for one in passing]
            copies += [text.replace(plain, one, 1) for one in passing]
    copies += ["".join(chance.choice(LOOKALIKES.get(one, one) + one) for one in text) for _ in range(20)]
    return copies


def _between_letters(text: str, chance: random.Random) -> int:
    return chance.choice([place for place in range(1, len(text)) if text[place].isalpha()])


def betrayed(clean: Clean) -> list[str]:
    """The marked copies that can still be told from the unmarked text after cleaning."""
    chance = random.Random(18)
    pairs = [(text, copy) for text in TEXTS.values() for copy in marked_copies(text, chance)]
    cleaned = clean([*TEXTS.values(), *(copy for _, copy in pairs)])
    plain = dict(zip(TEXTS.values(), cleaned, strict=False))
    return [copy for (text, copy), came in zip(pairs, cleaned[len(TEXTS) :], strict=True) if came != plain[text]]


def by_python(texts: list[str]) -> list[str]:
    return [clean_text(text).text for text in texts]


def by_browser(texts: list[str], *, at: Path = client.CLIENT) -> list[str]:
    """What the browser's cleaner makes of each text, in one run of node."""
    return [answer["text"] for answer in client.ask("texts", at=at, texts=texts)]


CLEANERS: Final[dict[str, Clean]] = {"python": by_python, "browser": by_browser}


def _nfc_only(texts: Iterable[str]) -> list[str]:
    return [unicodedata.normalize("NFC", text) for text in texts]


def proof_marked_and_unmarked_come_out_equal(clean: Clean) -> None:
    assert betrayed(clean) == []


def test_t18_there_are_marks_of_every_sort() -> None:
    assert sum(len(marked_copies(text, random.Random(18))) for text in TEXTS.values()) > 2_000


@pytest.mark.parametrize("cleaner", CLEANERS)
def test_t18_a_marked_copy_and_an_unmarked_one_come_out_equal(cleaner: str) -> None:
    proof_marked_and_unmarked_come_out_equal(CLEANERS[cleaner])


@pytest.mark.parametrize("cleaner", CLEANERS)
def test_t18_what_was_written_stays_readable(cleaner: str) -> None:
    assert CLEANERS[cleaner]([*TEXTS.values()]) == [*TEXTS.values()]


def test_t18_mutant_nfc_only_is_caught() -> None:
    caught("T18", "NFC only (Python)", proof_marked_and_unmarked_come_out_equal, _nfc_only)
    assert len(betrayed(_nfc_only)) > 1_000


def test_t18_mutant_nfc_only_is_caught_in_the_browser(tmp_path: Path) -> None:
    begins = "export function cleanText(text) {"
    mutant = client.altered(
        tmp_path, {"clean/text.js": [(begins, f'{begins}\n  return {{ text: text.normalize("NFC"), removed: {{}} }};')]}
    )
    nfc_only = partial(by_browser, at=mutant)
    assert nfc_only(["n\u0303\u200b"]) == ["\u00f1\u200b"]
    caught("T18", "NFC only (browser)", proof_marked_and_unmarked_come_out_equal, nfc_only)


@pytest.mark.parametrize("table", ["_TO_LATIN", "_MADE_PLAIN", "SPACES"])
def test_t18_mutant_a_forgotten_table_is_caught(table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    empty: dict[str, object] = {"_TO_LATIN": {}, "_MADE_PLAIN": (), "SPACES": frozenset()}
    monkeypatch.setattr(f"onion_service.clean.text.{table}", empty[table])
    caught("T18", f"forget the table {table} (Python)", proof_marked_and_unmarked_come_out_equal, by_python)


@pytest.mark.parametrize(
    ("mutant", "before", "after"),
    [
        ("forget look-alikes", "TO_LATIN.get(letter.base) ?? letter.base", "letter.base"),
        ("forget typography", "const [kind, table] of MADE_PLAIN", "const [kind, table] of []"),
        ("forget odd spaces", "if (isIn(TABLES.spaces, code))", "if (false)"),
        ("keep what is on no list", "scriptOf(one) !== undefined)", "true)"),
    ],
)
def test_t18_mutant_a_forgotten_table_is_caught_in_the_browser(
    mutant: str, before: str, after: str, tmp_path: Path
) -> None:
    at = client.altered(tmp_path, {"clean/text.js": [(before, after)]})
    caught("T18", f"{mutant} (browser)", proof_marked_and_unmarked_come_out_equal, partial(by_browser, at=at))


def test_t18_mutant_keeping_unknown_characters_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onion_service.clean.text.REMOVED", {})
    assert betrayed(by_python) == [], "what is on no list is removed even when it is not named"
    monkeypatch.setattr("onion_service.clean.text._kept", iter)
    caught("T18", "keep what is on no list (Python)", proof_marked_and_unmarked_come_out_equal, by_python)
