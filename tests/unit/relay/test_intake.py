"""One answer for each kind of body, one opening for each, and nothing kept but whole cells."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crypto import layers, letter
from crypto.cells import ROUND_TAG_LEN, CellClass
from crypto.layers import RoundNumber, cover, wrap
from crypto.suite import OpeningKey, SealingKey
from onion_service.answers import Verdict
from relay.intake import Intake
from relay.spool import Spool
from tests.unit.relay.given import REAL, ROUND, attached, dump, memory

L, P = CellClass.LETTER, CellClass.PARCEL
LETTER, PARCEL = letter.top_up(L, relays=1), letter.top_up(P, relays=1)


@dataclass(frozen=True, slots=True)
class Given:
    fd: int
    spool: Spool
    intake: Intake
    key: SealingKey

    def held(self) -> int:
        return len(self.spool.held(L)) + len(self.spool.held(P))


@pytest.fixture
def relay() -> Iterator[Given]:
    with memory(REAL) as fd, attached(fd, REAL) as spool:
        intake = Intake(spool)
        yield Given(fd, spool, intake, intake.turn_to(ROUND).key.sealing_key)


def _sealed_nonsense(key: SealingKey, kind: bytes = b"\x07") -> bytes:
    plaintext = kind + bytes(L.length_after(1))
    return layers.round_tag(key) + key.seal(plaintext, purpose=layers._purpose(L, 0))


@pytest.mark.parametrize("cell", [LETTER, PARCEL])
def test_a_cell_is_kept_as_it_is_without_its_layer(relay: Given, cell: bytes) -> None:
    envelope = wrap(cell, route=[relay.key])
    assert relay.intake.accept(envelope) is Verdict.ACCEPTED
    cell_class = L if cell is LETTER else P
    assert [relay.spool.read(cell_class, slot) for slot in relay.spool.held(cell_class)] == [cell]
    # Neither the envelope nor what it was sealed with is anywhere.
    assert envelope[:64] not in dump(relay.fd)
    assert envelope[-64:] not in dump(relay.fd)


def test_a_second_try_is_answered_as_the_first_and_kept_once(relay: Given) -> None:
    envelope = wrap(LETTER, route=[relay.key])
    assert [relay.intake.accept(envelope) for _ in range(3)] == [Verdict.ACCEPTED] * 3
    assert relay.held() == 1


def test_a_letter_wrapped_again_for_a_newer_key_is_a_second_try(relay: Given) -> None:
    assert relay.intake.accept(wrap(LETTER, route=[relay.key])) is Verdict.ACCEPTED
    newer = relay.intake.turn_to(RoundNumber(ROUND + 1)).key.sealing_key
    assert relay.intake.accept(wrap(LETTER, route=[newer])) is Verdict.ACCEPTED
    assert relay.held() == 1


def test_a_cell_whose_end_was_exchanged_is_no_second_try(relay: Given) -> None:
    envelope = wrap(LETTER, route=[relay.key])
    relay.intake.accept(envelope)
    assert relay.intake.accept(envelope[:-1] + bytes([envelope[-1] ^ 1])) is Verdict.REFUSED


@pytest.mark.parametrize("cell_class", list(CellClass))
def test_cover_is_answered_as_a_report_and_dropped(relay: Given, cell_class: CellClass) -> None:
    assert relay.intake.accept(cover(cell_class, route=[relay.key])) is Verdict.ACCEPTED
    assert relay.held() == 0


@pytest.mark.parametrize(
    "make",
    [
        lambda _: b"",
        lambda key: wrap(LETTER, route=[key])[:-1],
        lambda key: wrap(LETTER, route=[key]) + b"\x00",
        lambda _: LETTER,
        lambda _: letter.top_up(L, relays=2),
        lambda _: bytes(L.wire_length),
        lambda _: secrets.token_bytes(L.wire_length),
        lambda _: secrets.token_bytes(P.wire_length),
        lambda _: wrap(LETTER, route=[OpeningKey.generate().sealing_key]),
        lambda key: layers.round_tag(key) + secrets.token_bytes(L.wire_length - ROUND_TAG_LEN),
        lambda key: bytes(ROUND_TAG_LEN) + wrap(LETTER, route=[key])[ROUND_TAG_LEN:],
        _sealed_nonsense,
        lambda key: _sealed_nonsense(key, b"\x00"),
    ],
    ids=[
        "nothing", "a byte short", "a byte long", "no envelope", "two layers short", "zeros", "random", "random parcel",
        "another relay", "random after the tag", "no tag", "an unknown kind", "kind zero",
    ],
)  # fmt: skip
def test_what_is_not_one_whole_cell_sealed_to_this_relay_is_refused_and_not_kept(
    relay: Given, make: Callable[[SealingKey], bytes]
) -> None:
    before = dump(relay.fd)
    assert relay.intake.accept(make(relay.key)) is Verdict.REFUSED
    assert dump(relay.fd) == before


def test_the_key_of_the_round_before_is_accepted_and_an_older_one_has_rotated(relay: Given) -> None:
    early, late = wrap(LETTER, route=[relay.key]), wrap(letter.top_up(L, relays=1), route=[relay.key])
    relay.intake.turn_to(RoundNumber(ROUND + 1))
    assert relay.intake.accept(early) is Verdict.ACCEPTED
    relay.intake.turn_to(RoundNumber(ROUND + 2))
    assert relay.intake.accept(late) is Verdict.ROTATED
    assert relay.intake.accept(early) is Verdict.ROTATED
    assert relay.held() == 1


def test_a_key_is_known_as_rotated_after_a_restart_and_after_rounds_that_nobody_ran(relay: Given) -> None:
    envelope = wrap(LETTER, route=[relay.key])
    with attached(relay.fd, REAL) as spool:
        again = Intake(spool)
        again.turn_to(RoundNumber(ROUND + 50))
        assert again.accept(envelope) is Verdict.ROTATED


def test_a_cell_is_one_cell_across_a_restart_and_into_the_next_round(relay: Given) -> None:
    envelope = wrap(LETTER, route=[relay.key])
    relay.intake.accept(envelope)
    with attached(relay.fd, REAL) as spool:
        again = Intake(spool)
        again.turn_to(ROUND)
        assert again.accept(envelope) is Verdict.ACCEPTED
        again.turn_to(RoundNumber(ROUND + 1))
        spool.drop(L, spool.held(L))
        assert again.accept(envelope) is Verdict.ACCEPTED
        assert spool.held(L) == {}


def test_a_relay_that_cannot_write_refuses_what_it_would_have_accepted_and_keeps_nothing(relay: Given) -> None:
    relay.intake.refusing = True
    before = dump(relay.fd)
    assert relay.intake.accept(wrap(LETTER, route=[relay.key])) is Verdict.FULL
    assert relay.intake.accept(cover(L, route=[relay.key])) is Verdict.FULL
    assert relay.intake.accept(secrets.token_bytes(L.wire_length)) is Verdict.REFUSED
    assert dump(relay.fd) == before


def test_a_full_relay_says_so_and_still_knows_what_it_has(relay: Given) -> None:
    envelopes = [wrap(letter.top_up(L, relays=1), route=[relay.key]) for _ in range(REAL.letters)]
    assert {relay.intake.accept(envelope) for envelope in envelopes} == {Verdict.ACCEPTED}
    assert relay.intake.accept(wrap(LETTER, route=[relay.key])) is Verdict.FULL
    assert relay.intake.accept(envelopes[0]) is Verdict.ACCEPTED


def test_nothing_is_accepted_before_there_is_a_round() -> None:
    with memory(REAL) as fd, attached(fd, REAL) as spool:
        assert Intake(spool).accept(wrap(LETTER, route=[OpeningKey.generate().sealing_key])) is Verdict.FULL
        assert spool.held(L) == {}


def test_whatever_comes_costs_exactly_one_opening(relay: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    openings = 0
    honest = OpeningKey.open

    def counted(self: OpeningKey, sealed: bytes | memoryview, *, purpose: bytes) -> bytes:
        nonlocal openings
        openings += 1
        return honest(self, sealed, purpose=purpose)

    stale = wrap(LETTER, route=[relay.key])
    relay.intake.turn_to(RoundNumber(ROUND + 2))
    key = relay.intake.turn_to(RoundNumber(ROUND + 3)).key.sealing_key
    good = wrap(LETTER, route=[key])
    bodies = [
        good,
        good,
        stale,
        cover(L, route=[key]),
        secrets.token_bytes(L.wire_length),
        wrap(LETTER, route=[OpeningKey.generate().sealing_key]),
        _sealed_nonsense(key),
    ]
    monkeypatch.setattr(OpeningKey, "open", counted)
    costs = []
    for refusing in (False, True):
        relay.intake.refusing = refusing
        for body in bodies:
            openings = 0
            relay.intake.accept(body)
            costs.append(openings)
    assert costs == [1] * 2 * len(bodies)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=400), st.sampled_from([0, L.wire_length, L.length_after(1), P.wire_length]))
def test_any_bytes_are_refused_and_kept_nowhere(relay: Given, start: bytes, length: int) -> None:
    assert relay.intake.accept(start.ljust(length, b"\x5a")) is Verdict.REFUSED
    assert relay.held() == 0


def test_what_cover_held_is_told_and_what_else_comes_is_not(relay: Given) -> None:
    came: list[bytes] = []
    intake = Intake(relay.spool, cover_came=came.append)
    key = intake.turn_to(ROUND)
    envelope = cover(L, route=[key.key.sealing_key])
    intake.accept(envelope)
    intake.accept(wrap(LETTER, route=[key.key.sealing_key]))
    intake.accept(secrets.token_bytes(L.wire_length))
    assert came == [layers.peel(envelope, key).inner]
    # A disk that is full is no reason to think that others are held back.
    intake.refusing = True
    assert intake.accept(envelope) is Verdict.FULL
    assert len(came) == 2
    assert intake.key.tag == key.tag


def test_there_is_no_key_before_there_is_a_round() -> None:
    with memory(REAL) as fd, attached(fd, REAL) as spool, pytest.raises(RuntimeError, match="no round"):
        _ = Intake(spool).key
