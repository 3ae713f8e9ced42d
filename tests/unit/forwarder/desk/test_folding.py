"""Words are found however they are written; what is folded keeps nothing that acts."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forwarder.desk.escapes import plain
from forwarder.desk.folding import STOP_WORDS, WORD_MAX, fold, telling_words, words


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("CAMIÓN", ["camion"]),
        ("camio\u0301n", ["camion"]),
        ("ñandú Ñandú", ["nandu", "nandu"]),
        ("pingüino", ["pinguino"]),
        ("соmрra", ["compra"]),  # Cyrillic letters
        ("o\u200bcul\u00adto", ["oculto"]),
        ("𝐛𝐨𝐥𝐝 ﬁn", ["bold", "fin"]),
        ("a_b-c.d", ["a", "b", "c", "d"]),
        ("uno\u2028dos\ttres", ["uno", "dos", "tres"]),
        ("\ud800\x00 \u202e", []),
        ("x" * 100, ["x" * WORD_MAX]),
    ],
)
def test_a_word_is_the_same_however_it_is_written(written: str, found: list[str]) -> None:
    assert words(written) == found


@given(st.text(max_size=100))
def test_any_text_folds_into_plain_words_that_fold_no_further(text: str) -> None:
    for word in words(text):
        assert re.fullmatch(r"[^\W_]{1,40}", word)
        assert words(fold(word)) == words(word)
        word.encode()


@given(st.text(max_size=100))
def test_case_does_not_matter_for_letters_of_spanish(text: str) -> None:
    spanish = re.sub(r"[^a-zA-ZáéíóúüñÁÉÍÓÚÜÑ ]", "", text)
    assert words(spanish.upper()) == words(spanish.lower())


def test_stop_words_are_folded_and_say_nothing() -> None:
    assert {word for stop in STOP_WORDS for word in words(stop)} == STOP_WORDS
    assert telling_words("Vi a un hombre en el camión, y no me vio") == ["hombre", "camion"]


@given(st.text(max_size=100))
def test_no_text_can_act_on_a_terminal(text: str) -> None:
    assert all(one == "\n" or one.isprintable() for one in plain(text))
