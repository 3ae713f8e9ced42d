"""A signature holds for one use, one key and one message."""

import pickle
from contextlib import suppress
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import Forged, Malformed
from crypto.signing import SigningKey, Use, VerifyingKey
from tests.unit.crypto.strategies import near

KEY, OTHER = SigningKey(b"k" * 32), SigningKey(b"o" * 32)
MESSAGE = b"lo que vi"
SIGNATURE = KEY.sign(MESSAGE, use=Use.BUNDLE)


def test_the_keys_are_those_of_rfc_8032() -> None:
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert SigningKey(seed).verifying_key.wire.hex() == public
    signature = SigningKey(seed).sign(b"", use=Use.DELIVERY)
    assert signature.hex().startswith("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555f")


@pytest.mark.parametrize(("made", "asked"), list(permutations(Use, 2)))
def test_a_signature_made_for_one_use_fails_for_every_other(made: Use, asked: Use) -> None:
    signature = KEY.sign(MESSAGE, use=made)
    KEY.verifying_key.verify(signature, MESSAGE, use=made)
    with pytest.raises(Forged, match="does not hold"):
        KEY.verifying_key.verify(signature, MESSAGE, use=asked)


def test_another_key_s_signature_is_forged() -> None:
    with pytest.raises(Forged):
        OTHER.verifying_key.verify(SIGNATURE, MESSAGE, use=Use.BUNDLE)


@given(st.binary(max_size=100) | near(SIGNATURE))
def test_any_bytes_are_the_signature_or_forged(signature: bytes) -> None:
    if signature != SIGNATURE:
        with pytest.raises(Forged):
            KEY.verifying_key.verify(signature, MESSAGE, use=Use.BUNDLE)


@given(st.binary(max_size=64), st.binary(max_size=64))
def test_any_key_verifies_or_refuses_in_our_words(public: bytes, signature: bytes) -> None:
    with suppress(Malformed, Forged):
        VerifyingKey(public).verify(signature, MESSAGE, use=Use.BUNDLE)


def test_no_signature_holds_under_a_key_of_small_order() -> None:
    for public in (bytes(32), b"\x01" + bytes(31)):
        for signature in (bytes(64), b"\x01" + bytes(63)):
            with pytest.raises(Forged):
                VerifyingKey(public).verify(signature, MESSAGE, use=Use.BUNDLE)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_keys_are_32_bytes(length: int) -> None:
    with pytest.raises(Malformed):
        VerifyingKey(bytes(length))
    with pytest.raises(Malformed):
        SigningKey(bytes(length))


def test_a_signing_key_is_quiet_and_stays_where_it_is() -> None:
    assert repr(KEY) == str(KEY) == "SigningKey(...)"
    assert KEY.secret_seed() == b"k" * 32
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(KEY)
    assert SigningKey.generate().secret_seed() != SigningKey.generate().secret_seed()


def test_verifying_keys_are_equal_by_their_bytes() -> None:
    again = VerifyingKey(KEY.verifying_key.wire)
    assert again == KEY.verifying_key
    assert len({again, KEY.verifying_key, OTHER.verifying_key}) == 2
    assert again != KEY.verifying_key.wire
    assert KEY.verifying_key.wire.hex() in repr(again)
