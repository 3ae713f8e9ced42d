"""What the cleaning of texts promises (docs/spec/cleaning.md, "Text")."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onion_service.clean.characters import DECOMPOSED, LETTERS, LINE_ENDS, MARKS, REMOVED, SIGNS, SPACES
from onion_service.clean.text import clean_text

MOST_GROWTH = 6
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)
# Characters that meet each other: look-alikes, marks, digits in other dress, joiners, ends of lines.
CROWDED = st.text(
    alphabet="aоeЕрrгдnñiɨıtTзЗ6бαοσπשסwا"
    "\u0301\u0335\u0307\u0306\u030c\u3099\u0655\u200d\ufe0f 19²½①'\r\n\t\u00a0\U0001f1f2\U0001f1fd",
    max_size=40,
)
KEPT_AS_THEY_ARE = {
    "Spanish": "¿Quién vio la camioneta? ¡Nadie! El pingüino cruzó a las 10:30, señaló el ñandú.",
    "Nahuatl": "Nēchnōtza in tlācatl īhuān quimihtoā: āxcān.",
    "Maya": "Tu k'aaba' le máako'obo' ma' tu yilo'ob ba'al.",
    "Otomi": "Nu̱ya ra jä'i xi ra̱ngu̱ ne ma 'yo̱t'e.",
    "Mixtec": "Ñuu sa̱vi: ta̱a kúú yo̱ó, ndɨhɨ tɨ̀nà.",
    "Zapotec": "Bë'n nhaka' ca ná ẕiin lò yèdz.",
    "Huichol": "'Ikɨ tewi mɨ'ane pɨtiniere.",
    "Mixe": "Ja jää'y n'ɨjxtëp.",
    "Kaqchikel and Chol": "Ŋo ch'ujul",
    "English": "Two men in a white van, plate AB-12-34 (Jalisco).",
    "French and German": "Ça va, garçon? Straße, Übung, São Tomé.",
    "Russian": "Мать сказала: а гора была рядом, оно горело.",
    "Ukrainian": "Її сина забрали у Києві.",
    "Greek": "Καλημέρα από την πόλη.",
    "Hebrew": "שלום לכולם",
    "Arabic": "السلام عليكم أنا رأيت",
    "Chinese and Japanese": "我看到了。ガラスを見た",
    "Korean": "나는 보았다",
    "emoji": "😀 🚨🚓 ❤ 🇲🇽 👩🚀",
    "signs": "25 °C, 100 % (50 €) + 3 = ? [a] {b} <c> @x #y 5/6 & 7*8_9~",
}


@pytest.mark.parametrize("language", KEPT_AS_THEY_ARE)
def test_ordinary_text_stays_as_it_is(language: str) -> None:
    text = KEPT_AS_THEY_ARE[language]
    assert clean_text(text).text == text
    assert clean_text(text).removed == ()


@pytest.mark.parametrize(
    ("text", "clean", "removed"),
    [
        ("se\u200bcre\u2060to", "secreto", {"invisible": 2}),
        ("a\u202eb\u2066c", "abc", {"direction": 2}),
        ("a\U000e0061b", "ab", {"tag": 1}),
        ("a\ue000b\U000f0000", "ab", {"private": 2}),
        ("❤\ufe0f a\U000e0100", "❤ a", {"variation": 2}),
        ("a\ud800b\ufdd0\uffff", "ab", {"broken": 3}),
        ("a\x00\x1bb\x9f", "ab", {"control": 3}),
        ("a\u2003b\u3000c", "a b c", {"space": 2}),
        ("  a   b  \r\n\r\n\r\n\r\nc\t", "a b\n\nc", {"line": 6, "space": 8}),
        ("“a” ‘b’ «c» – — …", '"a" \'b\' "c" - - ...', {"typography": 8, "style": 1}),
        ("mi аmіgо", "mi amigo", {"lookalike": 3}),
        ("ｆｕｌｌ 𝐛𝐨𝐥𝐝 ⓒⓘⓡ ﬁn", "full bold cir fin", {"style": 12}),
        ("ᏟᎪՏᎪ sᴍᴀʟʟ", "CASA small", {"lookalike": 8}),
        ("кꞌaan k\u02bcaan", "k'aan k'aan", {"lookalike": 1, "typography": 2}),
        ("2½ 10⁵ 50 m² 3①", "2 1/2 10^5 50 m2 31", {"style": 4}),
        (
            "👍🏽 👨\u200d👩\u200d👧 1\ufe0f\u20e3",
            "👍 👨👩👧 1",
            {"emoji": 2, "invisible": 2, "variation": 1},
        ),
        ("🇺🇲 🇲 x", "🇺🇸 x", {"emoji": 2, "space": 1}),
        ("i\u0307 i\u0335 a\u0301\u0301 .\u0301", "i ɨ á .", {"mark": 3}),
        ("Ꚛ日ꕥ", "日", {"other": 2}),
    ],
)
def test_what_could_mark_a_copy_is_removed_or_made_plain(text: str, clean: str, removed: dict[str, int]) -> None:
    cleaned = clean_text(text)
    assert cleaned.text == clean
    assert dict(cleaned.removed) == removed


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\v", "\f", "\x85", "\u2028", "\u2029"])
def test_every_end_of_a_line_is_the_same_end(end: str) -> None:
    assert clean_text(f"a{end}b").text == "a\nb"


def test_a_word_is_of_the_script_its_unmistakable_letters_are_of() -> None:
    assert clean_text("дaл").text == "дал"
    assert clean_text("сasа").text == "casa"
    assert clean_text("оса").text == "oca"
    assert clean_text("оса дала").text == "оса дала"
    assert clean_text("la гора, dijo ella").text == "la ropa, dijo ella"


@settings(max_examples=300)
@given(ANY_TEXT | CROWDED)
def test_a_clean_text_is_its_own_clean_form(text: str) -> None:
    clean = clean_text(text).text
    assert clean_text(clean).text == clean
    assert unicodedata.is_normalized("NFC", clean)


@settings(max_examples=300)
@given(ANY_TEXT | CROWDED)
def test_a_clean_text_holds_nothing_that_is_not_kept(text: str) -> None:
    for character in unicodedata.normalize("NFD", clean_text(text).text):
        code = ord(character)
        is_letter = any(code in letters for letters in LETTERS.values()) or character in "ɨʉɄƗøØłŁđħĦŧŦ"
        assert is_letter or code in SIGNS or character in MARKS or character == "\n" or 0x1F1E6 <= code <= 0x1F1FF


@given(ANY_TEXT)
def test_a_clean_text_is_at_most_six_times_as_long(text: str) -> None:
    assert len(clean_text(text).text) <= MOST_GROWTH * len(text)


def test_no_character_grows_beyond_the_limit_even_between_digits() -> None:
    for first, last in (*DECOMPOSED.pairs, *SIGNS.pairs):
        for code in range(first, last + 1):
            if not 0xAC00 <= code <= 0xD7A3:
                assert len(clean_text(f"1{chr(code)}1").text) - 2 <= MOST_GROWTH


def test_every_kept_letter_with_every_mark_is_its_own_clean_form() -> None:
    letters = [
        chr(code)
        for script in ("latin", "cyrillic", "greek")
        for first, last in LETTERS[script].pairs
        for code in range(first, last + 1)
    ]
    for mark in MARKS:
        clean = clean_text(" ".join(letter + mark for letter in letters)).text
        assert clean_text(clean).text == clean


def test_the_sets_of_characters_do_not_overlap() -> None:
    sets = [*REMOVED.values(), LINE_ENDS, SPACES, *LETTERS.values()]
    for number, one in enumerate(sets):
        for other in sets[number + 1 :]:
            shared = {code for first, last in one.pairs for code in (first, last) if code in other}
            assert shared <= {0x20}, shared


@pytest.mark.slow
def test_the_time_is_linear_in_the_length() -> None:
    assert clean_text("a" + "\u0301" * 200_000).text == "á"
    assert clean_text("о" * 100_000).text == "o" * 100_000
