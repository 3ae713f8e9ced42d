"""The word list can be read aloud and typed: every word is there once and known by four letters."""

import hashlib
import unicodedata

from crypto.words import WORDS


def test_there_are_2048_words_and_none_twice() -> None:
    assert len(WORDS) == len(set(WORDS)) == 2_048


def test_the_words_are_in_one_form_and_small_letters() -> None:
    for word in WORDS:
        assert word == unicodedata.normalize("NFC", word) == word.lower()
        assert word.isalpha()


def test_four_letters_without_accents_tell_a_word() -> None:
    assert len({_plain(word)[:4] for word in WORDS}) == len(WORDS)


def test_the_list_is_that_of_bip_39() -> None:
    decomposed = unicodedata.normalize("NFKD", "\n".join(WORDS) + "\n").encode()
    assert hashlib.sha256(decomposed).hexdigest() == "46846a5a0139d1e3cb77293e521c2865f7bcdb82c44e8d0a06a2cd0ecba48c0b"


def _plain(word: str) -> str:
    return "".join(part for part in unicodedata.normalize("NFD", word) if not unicodedata.combining(part))
