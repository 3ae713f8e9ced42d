"""The suite: known answers, what opens, what is refused, what is quiet."""

import copy
import pickle
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto import suite
from crypto.errors import Malformed, NotForUs
from crypto.suite import OpeningKey, SealingKey
from tests.unit.crypto.strategies import KEYS, near
from tests.vectors.derandomised import SUITE_ID, Pair, context, encapsulate
from tests.vectors.recipes import hexed, make
from tests.vectors.shared import known_answers

KEY, OTHER = KEYS[0], KEYS[1]
SEALED = KEY.sealing_key.seal(b"lo que vi", purpose=b"test")


def test_the_draft_s_key_pairs_are_ours() -> None:
    for answer in known_answers("x-wing.json"):
        assert OpeningKey(bytes.fromhex(answer["seed"])).sealing_key.wire.hex() == answer["pk"]
        assert Pair(bytes.fromhex(answer["seed"])).public.hex() == answer["pk"]


def test_the_vectors_generator_encapsulates_as_the_draft_does() -> None:
    for answer in known_answers("x-wing.json"):
        secret, ciphertext = encapsulate(bytes.fromhex(answer["pk"]), bytes.fromhex(answer["eseed"]))
        assert (secret.hex(), ciphertext.hex()) == (answer["ss"], answer["ct"])


def test_the_vectors_generator_has_the_key_schedule_of_our_suite() -> None:
    for answer in known_answers("hpke-x-wing-hkdf-sha256-chacha20poly1305.json"):
        assert (answer["suite_id"], answer["mode"]) == (SUITE_ID.hex(), 0)
        public = bytes.fromhex(answer["pkRm"])
        made = context(public, info=bytes.fromhex(answer["info"]), eseed=bytes.fromhex(answer["ikmE"]))
        assert made.enc.hex() == answer["enc"]
        assert (made.shared_secret.hex(), made.key.hex()) == (answer["shared_secret"], answer["key"])
        assert made.nonce.hex() == answer["base_nonce"]
        first = answer["encryptions"][0]
        sealed = make(made.seal(hexed(bytes.fromhex(first["pt"])), bytes.fromhex(first["aad"])))
        assert sealed.hex() == answer["enc"] + first["ct"]


def test_the_known_recipient_key_is_made_from_its_seed() -> None:
    for answer in known_answers("hpke-x-wing-hkdf-sha256-chacha20poly1305.json"):
        assert OpeningKey(bytes.fromhex(answer["skRm"])).sealing_key.wire.hex() == answer["pkRm"]


def test_the_lengths_are_those_of_the_spec() -> None:
    assert (suite.PUBLIC_LEN, suite.ENC_LEN, suite.SEAL_OVERHEAD) == (1_216, 1_120, 1_136)
    assert len(SEALED) == len(b"lo que vi") + 1_136


def test_what_is_sealed_opens_with_its_key_for_its_purpose_alone() -> None:
    assert KEY.open(SEALED, purpose=b"test") == b"lo que vi"
    with pytest.raises(NotForUs):
        OTHER.open(SEALED, purpose=b"test")
    with pytest.raises(NotForUs):
        KEY.open(SEALED, purpose=b"test\x00")


def test_two_seals_of_one_text_have_nothing_in_common() -> None:
    again = KEY.sealing_key.seal(b"lo que vi", purpose=b"test")
    assert sum(first == second for first, second in zip(SEALED, again, strict=True)) < len(SEALED) // 10


@settings(max_examples=60)
@given(near(SEALED))
def test_an_altered_seal_is_not_for_us(sealed: bytes) -> None:
    if sealed != SEALED:
        with pytest.raises(NotForUs):
            KEY.open(sealed, purpose=b"test")


@settings(max_examples=40)
@given(st.binary(max_size=2_000) | near(KEY.sealing_key.wire))
def test_any_bytes_are_a_public_key_that_can_be_sealed_to_or_malformed(wire: bytes) -> None:
    with suppress(Malformed):
        key = SealingKey(wire)
        assert key.wire == wire
        assert len(key.seal(b"", purpose=b"test")) == suite.SEAL_OVERHEAD


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_private_key_is_a_seed_of_32_bytes(length: int) -> None:
    with pytest.raises(Malformed):
        OpeningKey(bytes(length))


def test_public_keys_are_equal_by_their_bytes_and_private_keys_never() -> None:
    assert SealingKey(KEY.sealing_key.wire) == KEY.sealing_key
    assert len({SealingKey(KEY.sealing_key.wire), KEY.sealing_key}) == 1
    assert KEY.sealing_key != KEY.sealing_key.wire
    assert OpeningKey(KEY.secret_seed()) != KEY


def test_a_private_key_is_quiet_and_stays_where_it_is() -> None:
    seed = KEY.secret_seed()
    assert repr(KEY) == str(KEY) == "OpeningKey(...)"
    assert seed.hex() not in repr(vars(suite))
    for leave in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="not pickled"):
            leave(KEY)
    assert KEY.sealing_key.fingerprint.hex()[:16] in repr(KEY.sealing_key)


def test_a_fresh_key_is_another_each_time() -> None:
    assert OpeningKey.generate().secret_seed() != OpeningKey.generate().secret_seed()
