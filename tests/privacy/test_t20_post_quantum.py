"""T20: post-quantum from the first byte; a classical-only key or envelope is refused.

Whoever can break X25519 has, of every key, the classical half: they can derive everything that DHKEM(X25519) gives.
The proofs send what such a person could send, at every place where a key or a sealed thing enters.
"""

import base64
import hashlib
from collections.abc import Callable
from typing import Final

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric import mlkem, x25519

from crypto import layers, letter, signing, suite
from crypto.cells import CellClass
from crypto.directory import TrustedDirectory
from crypto.errors import CryptoError, Malformed, NotForUs
from crypto.layers import AnnouncedKey, RoundKey, RoundNumber
from crypto.suite import OpeningKey, SealingKey
from tests.privacy.mutants import caught
from tests.vectors.derandomised import SUITE_ID, Pair, Signer, chance, classical_context, context, label
from tests.vectors.directory_cases import NOW, partner, signed
from tests.vectors.directory_cases import directory as plain_directory
from tests.vectors.letter_cases import canonical
from tests.vectors.recipes import Recipe, hexed, make, repeat
from tests.vectors.shared import known_answers

KEY: Final = OpeningKey(chance("t20 key", 32))
PURPOSE: Final = b"t20"
CLASSICAL: Final = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)
X25519_OVERHEAD: Final = 32 + 16


def classical_half(key: SealingKey) -> bytes:
    """The X25519 public key in a hybrid one."""
    return key.wire[suite.MLKEM_PUBLIC_LEN :]


def classical_seal(plaintext: Recipe, *, to: SealingKey, purpose: bytes) -> bytes:
    """`plaintext` sealed with X25519 alone, bound to our label as the product would bind it."""
    info = label(purpose, to.wire)
    return make(classical_context(classical_half(to), info=info, eseed=chance("t20 eseed", 32)).seal(plaintext))


def refused(error: type[CryptoError], action: Callable[[], object]) -> None:
    """Assert that `action` ends with this error of ours."""
    try:
        action()
    except error:
        return
    raise AssertionError(f"accepted, where {error.__name__} must come")


def proof_no_classical_key_is_a_key() -> None:
    """An X25519 key, alone or beside bytes that are no ML-KEM key, is refused wherever a key comes in."""
    lone = classical_half(KEY.sealing_key)
    refused(Malformed, lambda: SealingKey(lone))
    refused(Malformed, lambda: SealingKey(b"\xff" * suite.MLKEM_PUBLIC_LEN + lone))
    relay = signing.SigningKey(chance("t20 relay", 32))
    body = relay.verifying_key.wire + bytes(8) + lone
    announcement = body + relay.sign(body, use=signing.Use.ROUND_KEY)
    refused(Malformed, lambda: AnnouncedKey.parse(announcement, relay=relay.verifying_key))
    root = Signer(chance("t20 root", 32))
    text = canonical(plain_directory(partners=[partner(key=base64.b64encode(lone).decode())]))
    file = make(signed(text, root=root))
    refused(Malformed, lambda: TrustedDirectory.read(file, root=signing.VerifyingKey(root.public), now=NOW))


def proof_no_classical_seal_opens() -> None:
    """What is sealed with X25519 alone opens nowhere, whatever its length."""
    sealed = classical_seal(hexed(b"lo que vi"), to=KEY.sealing_key, purpose=PURPOSE)
    refused(NotForUs, lambda: KEY.open(sealed, purpose=PURPOSE))
    round_key = RoundKey(RoundNumber(0), KEY)
    room = CellClass.LETTER.wire_length - len(round_key.tag) - X25519_OVERHEAD - 1
    layer = classical_seal(
        {"join": [hexed(layers.Kind.PASS.value), repeat(b"\x00", room)]}, to=KEY.sealing_key, purpose=b"layer \x01\x00"
    )
    envelope = round_key.tag + layer
    assert len(envelope) == CellClass.LETTER.wire_length
    refused(NotForUs, lambda: layers.peel(envelope, round_key))
    slot = classical_seal(repeat(b"\x00", 1_168 - X25519_OVERHEAD), to=KEY.sealing_key, purpose=b"letter slot")
    cell = slot * 4 + bytes(CellClass.LETTER.length_after(1) - 4 * len(slot))
    refused(NotForUs, lambda: letter.open_content(cell, [KEY]))


def proof_every_seal_is_of_our_suite() -> None:
    """What the product seals has the suite's length; what its key schedule seals opens, and only with both halves."""
    sealed = KEY.sealing_key.seal(b"lo que vi", purpose=PURPOSE)
    assert len(sealed) == 1_088 + 32 + len(b"lo que vi") + 16
    assert SUITE_ID.hex() == b"HPKE".hex() + "647a" + "0001" + "0003"
    info = label(PURPOSE, KEY.sealing_key.wire)
    ours = context(KEY.sealing_key.wire, info=info, eseed=chance("t20 hybrid", 64)).seal(hexed(b"lo que vi"))
    assert KEY.open(make(ours), purpose=PURPOSE) == b"lo que vi"
    refused(NotForUs, lambda: KEY.open(_without_mlkem(make(ours)), purpose=PURPOSE))


def _without_mlkem(sealed: bytes) -> bytes:
    """The same seal with its ML-KEM ciphertext replaced: only its X25519 half still holds."""
    other = context(Pair(chance("t20 other", 32)).public, info=b"", eseed=chance("t20 other eseed", 64))
    return other.enc[: suite.MLKEM_CIPHERTEXT_LEN] + sealed[suite.MLKEM_CIPHERTEXT_LEN :]


def test_t20_a_classical_key_is_refused() -> None:
    proof_no_classical_key_is_a_key()


def test_t20_a_classical_envelope_is_refused() -> None:
    proof_no_classical_seal_opens()


def test_t20_every_seal_is_of_the_hybrid_suite() -> None:
    proof_every_seal_is_of_our_suite()


def test_t20_the_suite_gives_the_known_answers() -> None:
    for answer in known_answers("hpke-x-wing-hkdf-sha256-chacha20poly1305.json"):
        assert (answer["kem_id"], answer["kdf_id"], answer["aead_id"]) == (0x647A, 1, 3)
        key = OpeningKey(bytes.fromhex(answer["skRm"]))
        assert key.sealing_key.wire.hex() == answer["pkRm"]
        made = context(key.sealing_key.wire, info=bytes.fromhex(answer["info"]), eseed=bytes.fromhex(answer["ikmE"]))
        assert (made.enc.hex(), made.key.hex()) == (answer["enc"], answer["key"])


def test_t20_the_x25519_half_of_a_private_key_opens_nothing() -> None:
    """Somebody who broke X25519 holds that half, and an ML-KEM key of their own beside it."""
    seed = hashlib.shake_256(KEY.secret_seed()).digest(96)
    broken = x25519.X25519PrivateKey.from_private_bytes(seed[64:])
    assert broken.public_key().public_bytes_raw() == classical_half(KEY.sealing_key)
    held = hpke.MLKEM768X25519PrivateKey(mlkem.MLKEM768PrivateKey.from_seed_bytes(bytes(64)), broken)
    sealed = KEY.sealing_key.seal(b"lo que vi", purpose=PURPOSE)
    suite_ = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)
    with pytest.raises(InvalidTag):
        suite_.decrypt(sealed, held, info=label(PURPOSE, KEY.sealing_key.wire))


def test_t20_mutant_accept_x25519_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    real_open = OpeningKey.open

    def open_or_classical(self: OpeningKey, sealed: bytes, *, purpose: bytes) -> bytes:
        try:
            return real_open(self, sealed, purpose=purpose)
        except NotForUs:
            private = x25519.X25519PrivateKey.from_private_bytes(hashlib.shake_256(self.secret_seed()).digest(96)[64:])
            try:
                return CLASSICAL.decrypt(sealed, private, info=label(purpose, self.sealing_key.wire))
            except InvalidTag as error:
                raise NotForUs("not sealed to this key") from error

    monkeypatch.setattr(OpeningKey, "open", open_or_classical)
    proof_every_seal_is_of_our_suite()
    caught("T20", "accept X25519 alone", proof_no_classical_seal_opens)


def test_t20_mutant_take_x25519_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    real_init = SealingKey.__init__

    def init_or_classical(self: SealingKey, wire: bytes) -> None:
        if len(wire) != suite.X25519_LEN:
            real_init(self, wire)

    monkeypatch.setattr(SealingKey, "__init__", init_or_classical)
    caught("T20", "take X25519 keys", proof_no_classical_key_is_a_key)


def test_t20_mutant_seal_with_x25519_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def seal_classical(self: SealingKey, plaintext: bytes, *, purpose: bytes) -> bytes:
        return classical_seal(hexed(plaintext), to=self, purpose=purpose)

    monkeypatch.setattr(SealingKey, "seal", seal_classical)
    caught("T20", "seal with X25519 alone", proof_every_seal_is_of_our_suite)
