"""A word holds for one sender and one reader, and says nothing that is a reporter's."""

import base64
import json
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import word as word_module
from crypto.cells import CellClass
from crypto.errors import CryptoError, Forged, Malformed
from crypto.letter import WORD_KIND, open_content, open_letter, seal_word
from crypto.signing import SigningKey
from crypto.word import WORD_MAX, Word, say
from tests.privacy.mutants import caught
from tests.unit.crypto.strategies import KEYS, near

NORTE, SUR = SigningKey(b"n" * 32), SigningKey(b"s" * 32)
ANA, BETO = KEYS[0], KEYS[1]
READER = ANA.sealing_key.fingerprint


def a_word(*, several: bool = True, recipient: bytes = READER) -> Word:
    return say(
        bucket=83_000, place="mx-monterrey", topic="desaparicion", several=several, sender="red-norte", key=NORTE,
        recipient=recipient,
    )  # fmt: skip


def test_a_word_is_written_and_read_and_holds() -> None:
    word = a_word()
    assert Word.decode(word.encode()) == word
    word.verify(key=NORTE.verifying_key, recipient=READER)
    assert len(word.encode()) <= WORD_MAX


def test_it_has_these_keys_and_no_other() -> None:
    keys = {"bucket", "from", "nonce", "place", "several", "signature", "topic", "v"}
    assert json.loads(a_word().encode()).keys() == keys


def test_two_words_about_the_same_are_two() -> None:
    assert a_word().nonce != a_word().nonce


def test_it_holds_for_no_other_reader_sender_or_content() -> None:
    word = a_word()
    refused = [
        (word, NORTE, BETO.sealing_key.fingerprint),
        (word, SUR, READER),
        (msgspec.structs.replace(word, several=False), NORTE, READER),
        (msgspec.structs.replace(word, sender="red-sur"), NORTE, READER),
        (msgspec.structs.replace(word, bucket=1), NORTE, READER),
        (msgspec.structs.replace(word, nonce=base64.b64encode(bytes(16)).decode()), NORTE, READER),
        (word, NORTE, b""),
    ]
    for altered, key, recipient in refused:
        with pytest.raises(Forged):
            altered.verify(key=key.verifying_key, recipient=recipient)


@pytest.mark.parametrize("fields", [{"place": ""}, {"topic": "Desaparición"}, {"bucket": -1}, {"sender": ""}])
def test_what_the_format_has_not_is_not_said(fields: dict[str, object]) -> None:
    plain: dict[str, object] = {"bucket": 1, "place": "a", "topic": "b", "several": True, "sender": "c"}
    with pytest.raises(Malformed):
        say(**(plain | fields), key=NORTE, recipient=READER)  # type: ignore[arg-type]


def test_in_a_letter_it_is_a_cell_like_any_other_and_no_report() -> None:
    for relays in (1, 2):
        cell = seal_word(a_word(), to=ANA.sealing_key, relays=relays)
        assert len(cell) == CellClass.LETTER.length_after(relays)
        content = open_content(cell, [ANA])
        assert content[:1] == WORD_KIND
        Word.decode(content[1:]).verify(key=NORTE.verifying_key, recipient=READER)
        with pytest.raises(Malformed):
            open_letter(cell, [ANA])
        with pytest.raises(CryptoError):
            open_content(cell, [BETO])


WIRE = a_word().encode()


@given(st.binary(max_size=2 * WORD_MAX) | near(WIRE))
def test_any_bytes_are_a_word_or_malformed(wire: bytes) -> None:
    with suppress(Malformed):
        assert Word.decode(wire).encode() == wire


@given(near(WIRE))
def test_no_changed_word_holds(wire: bytes) -> None:
    if wire != WIRE:
        with suppress(Malformed, Forged):
            Word.decode(wire).verify(key=NORTE.verifying_key, recipient=READER)
            raise AssertionError("it was changed")


def a_word_holds_for_one_reader() -> None:
    """The proof."""
    word = a_word()
    word.verify(key=NORTE.verifying_key, recipient=READER)
    with pytest.raises(Forged):
        word.verify(key=NORTE.verifying_key, recipient=BETO.sealing_key.fingerprint)


def test_a_word_holds_for_one_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    a_word_holds_for_one_reader()
    signed = word_module._signed
    monkeypatch.setattr(word_module, "_signed", lambda word, _recipient: signed(word, bytes(32)))
    caught("also", "the reader is not signed", a_word_holds_for_one_reader)
