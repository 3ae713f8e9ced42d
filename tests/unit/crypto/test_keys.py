"""A key file opens with its passphrase alone; keys are quiet; words can be read aloud."""

import json
import pickle
import unicodedata
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl import pwhash

from crypto import keys
from crypto.errors import CryptoError, Forged, Malformed, WrongPassphrase
from crypto.keys import (
    AlertsKey,
    Cost,
    Key,
    KeyKind,
    PartnerKey,
    RelayKey,
    RootKey,
    fingerprint_words,
    generate,
    is_locked,
    lock,
    unlock,
)
from crypto.signing import SigningKey
from crypto.suite import OpeningKey
from crypto.words import WORDS
from tests.unit.crypto.strategies import near

CHEAP = Cost(operations=pwhash.argon2id.OPSLIMIT_MIN, memory=pwhash.argon2id.MEMLIMIT_MIN)
PASSPHRASE = "cinco lámparas"
SEED = bytes(range(32))
ALL: list[Key] = [
    RootKey(SigningKey(SEED)),
    RelayKey(SigningKey(SEED)),
    PartnerKey(OpeningKey(SEED)),
    AlertsKey(SigningKey(SEED)),
]
LOCKED = lock(ALL[2], passphrase=PASSPHRASE, cost=CHEAP)
OPEN = lock(ALL[1], passphrase=None)


@pytest.mark.parametrize("key", ALL, ids=[kind.value for kind in KeyKind])
@pytest.mark.parametrize("passphrase", [PASSPHRASE, None], ids=["locked", "open"])
def test_a_key_comes_out_of_its_file_as_it_went_in(key: Key, passphrase: str | None) -> None:
    file = lock(key, passphrase=passphrase, cost=CHEAP)
    assert is_locked(file) is (passphrase is not None)
    found = unlock(file, passphrase=passphrase)
    assert (type(found), found.public) == (type(key), key.public)
    assert lock(found, passphrase=None) == lock(key, passphrase=None)


@pytest.mark.parametrize("passphrase", [None, "", "cinco lamparas", PASSPHRASE + " "])
def test_no_other_passphrase_opens_it(passphrase: str | None) -> None:
    with pytest.raises(WrongPassphrase):
        unlock(LOCKED, passphrase=passphrase)


def test_accents_open_it_however_they_were_typed() -> None:
    assert unlock(LOCKED, passphrase=unicodedata.normalize("NFD", PASSPHRASE)).public == ALL[2].public


def test_an_empty_passphrase_locks_nothing() -> None:
    with pytest.raises(ValueError, match="locks nothing"):
        lock(ALL[0], passphrase="")


def test_two_files_of_one_key_have_two_salts_and_two_boxes() -> None:
    first, second = (json.loads(lock(ALL[0], passphrase="a", cost=CHEAP)) for _ in range(2))
    assert first["kdf"]["salt"] != second["kdf"]["salt"]
    assert first["box"] != second["box"]


def test_a_guess_costs_what_the_spec_says_unless_told_otherwise() -> None:
    assert Cost() == Cost(operations=3, memory=268_435_456)


@settings(max_examples=80)
@given(st.binary(max_size=200) | near(LOCKED) | near(OPEN))
def test_any_bytes_are_a_key_file_or_an_error_of_ours(file: bytes) -> None:
    # What asks for much memory is not tried here: only the file's own cost is let through.
    if b'"memory":8192' not in file and b'"kdf":null' not in file:
        with pytest.raises(CryptoError):
            is_locked(file)
        return
    with suppress(Malformed, Forged, WrongPassphrase):
        key = unlock(file, passphrase=PASSPHRASE)
        assert key.public in {known.public for known in ALL}


def test_costs_are_checked_before_memory_is_taken() -> None:
    for told in (b'"memory":1073741825', b'"memory":99999999999999999999', b'"memory":-1', b'"memory":8191'):
        with pytest.raises(Malformed):
            unlock(LOCKED.replace(b'"memory":8192', told), passphrase=PASSPHRASE)
    with pytest.raises(Malformed):
        unlock(LOCKED.replace(b'"operations":1', b'"operations":17'), passphrase=PASSPHRASE)


def test_a_long_file_is_not_parsed() -> None:
    with pytest.raises(Malformed, match="longer than"):
        is_locked(b"[" * (keys.KEY_FILE_MAX + 1))


@pytest.mark.parametrize("kind", list(KeyKind))
def test_a_fresh_key_is_another_each_time(kind: KeyKind) -> None:
    assert generate(kind).public != generate(kind).public


@pytest.mark.parametrize("key", ALL, ids=[kind.value for kind in KeyKind])
def test_a_key_is_quiet_and_stays_where_it_is(key: Key) -> None:
    assert repr(key) == str(key) == f"{type(key).__name__}(...)"
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(key)


@given(st.binary(min_size=32, max_size=32))
def test_the_words_are_the_first_132_bits(fingerprint: bytes) -> None:
    words = fingerprint_words(fingerprint).split(" ")
    number = 0
    for word in words:
        number = number << 11 | WORDS.index(word)
    assert len(words) == 12
    assert number == int.from_bytes(fingerprint, "big") >> (256 - 132)


def test_a_fingerprint_of_another_length_is_read_from_its_first_bits() -> None:
    assert fingerprint_words(b"\xff" * 40) == fingerprint_words(b"\xff" * 32)
