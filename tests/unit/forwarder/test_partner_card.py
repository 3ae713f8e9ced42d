"""A partner's card: no line of it can be changed under the words that were read over the telephone."""

import base64
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.keys import PartnerKey, fingerprint_words
from crypto.minisign import PublicKey
from crypto.signing import SigningKey
from crypto.suite import OpeningKey, SealingKey
from forwarder.errors import NotACard
from forwarder.partner_card import PartnerCard
from onion_service.address import OnionAddress
from onion_service.client_auth import ClientKey
from tests.privacy.mutants import caught


def card(number: int = 1) -> PartnerCard:
    """A whole card; each of its lines is another for another number."""
    seed = bytes([number]) * 32
    return PartnerCard(
        id=f"red-{number}",
        name=f"Red «Ñandú» {number}",
        key=base64.b64encode(PartnerKey(OpeningKey(seed)).public).decode(),
        endpoint=f"http://{OnionAddress.of_public_key(SigningKey(seed).verifying_key.wire)}/",
        pull_key=ClientKey(seed).public,
        signing=SigningKey(seed).verifying_key.wire.hex(),
        alerts=str(PublicKey.of(SigningKey(seed))),
    )


GIVEN: Final = card(1)
OTHER: Final = card(2)


def test_the_words_are_those_of_the_spec() -> None:
    assert GIVEN.words == "delito túnica afinar gripe rehén chiste oso lamer instante favor mínimo avellana"
    assert GIVEN.key_words == fingerprint_words(SealingKey(base64.b64decode(GIVEN.key)).fingerprint)


def proof_every_line_is_in_the_words(words_of: Callable[[PartnerCard], str]) -> None:
    for line in fields(PartnerCard):
        changed = replace(GIVEN, **{line.name: getattr(OTHER, line.name)})
        assert words_of(changed) != words_of(GIVEN), line.name
        if line.name in {"endpoint", "alerts"}:
            assert words_of(replace(GIVEN, **{line.name: ""})) != words_of(GIVEN), line.name


def test_whoever_changes_a_line_changes_the_words() -> None:
    proof_every_line_is_in_the_words(lambda one: one.words)


def test_words_of_the_key_alone_are_noticed() -> None:
    proof = proof_every_line_is_in_the_words
    caught("card", "words of the key alone", proof, lambda one: one.key_words)
    caught("card", "words without the word key", proof, lambda one: replace(one, signing=GIVEN.signing).words)


def test_what_is_sent_is_what_is_read() -> None:
    for one in (GIVEN, replace(GIVEN, endpoint=""), replace(GIVEN, alerts="")):
        assert PartnerCard.read(one.text) == one
        bare = "".join(line for line in one.text.splitlines(keepends=True) if "words" not in line.split()[0])
        assert PartnerCard.read(f"\n  {bare}\r\n").words == one.words


@pytest.mark.parametrize("line", [field.name for field in fields(PartnerCard)])
def test_a_line_that_was_swapped_under_the_same_words_is_refused(line: str) -> None:
    swapped = GIVEN.text.replace(f"{getattr(GIVEN, line)}\n", f"{getattr(OTHER, line)}\n")
    assert swapped != GIVEN.text
    with pytest.raises(NotACard, match="words are those of another card"):
        PartnerCard.read(swapped)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no line id"),
        (GIVEN.text + GIVEN.text, "two lines id"),
        (f"Hola, va la tarjeta:\n{GIVEN.text}", "nothing else"),
        (GIVEN.text.replace(GIVEN.key[:400], f"{GIVEN.key[:400]}\n"), "broken in two"),
        (GIVEN.text.replace(f"signing   {GIVEN.signing}\n", ""), "no line signing"),
        (GIVEN.text.replace(GIVEN.signing, GIVEN.signing.upper()), "64 hexadecimal"),
        (GIVEN.text.replace(GIVEN.id, "Red 1"), "small letters"),
        (GIVEN.text.replace(GIVEN.endpoint, "http://example.org/"), "onion"),
        (GIVEN.text.replace(GIVEN.pull_key, "A" * 10), "key"),
        (GIVEN.text.replace(GIVEN.name, "Red\x1b[2J"), "nothing else"),
    ],
)
def test_what_is_no_card_is_refused_with_its_reason(text: str, said: str) -> None:
    with pytest.raises(NotACard, match=said):
        PartnerCard.read(text)


@given(st.text(max_size=400))
def test_any_text_is_a_card_or_refused(text: str) -> None:
    with pytest.raises(NotACard):
        PartnerCard.read(text)
    with pytest.raises(NotACard):
        PartnerCard.read(f"{GIVEN.text}{text}\nid x\n")
