"""T14: replays and tampering gain nothing.

A copy of a cell comes out once; an altered cell is refused like any other, and as quickly.
"""

import gc
import time
from bisect import bisect_right
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Final

import pytest

from crypto import letter
from crypto.cells import ROUND_TAG_LEN, CellClass, cell_hash
from crypto.layers import wrap
from crypto.suite import ENC_LEN, MLKEM_CIPHERTEXT_LEN, TAG_LEN
from onion_service.answers import CELLS, Verdict
from relay.intake import Intake
from relay.spool import Spool
from tests.privacy import mutant_node
from tests.privacy.mutants import caught
from tests.rig import Rig, Running
from tests.unit.relay.given import REAL, ROUND, attached, memory

L = CellClass.LETTER


def _kill(running: Running) -> None:
    running.kill()
    running.wait_open()


def a_cell_sent_again_comes_out_once(rig: Rig, *, program: str) -> None:
    """The proof: the same bytes twice, after the node was killed, in the next round, and after another kill there."""
    cell = letter.top_up(L, relays=1)
    with rig.running(program=program) as running:
        # Begin early in a round, so that all of this falls into it and the next one.
        running.wait_round(running.announced()[0].round_number)
        first = running.announced()[0]
        envelope = wrap(cell, route=[first.key])
        assert [running.post(envelope) for _ in range(2)] == [202, 202]
        _kill(running)
        assert running.post(envelope) == 202
        assert cell_hash(cell) in running.wait_round(first.round_number)
        assert running.post(envelope) == 202
        _kill(running)
        assert [running.post(envelope) for _ in range(2)] == [202, 202]
        running.wait_round(first.round_number + 1)
        running.wait_round(first.round_number + 2)
        assert running.post(envelope) == 410
    store = rig.store()
    left = [cell_hash(cell) in store.cell_hashes(L, number) for number in store.rounds(L)]
    assert left.count(True) == 1


@pytest.mark.slow
def test_a_cell_sent_again_comes_out_once(tmp_path: Path) -> None:
    a_cell_sent_again_comes_out_once(Rig(tmp_path / "relay"), program="relay.node")


@pytest.mark.slow
def test_a_node_that_forgets_what_it_has_seen_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(mutant_node.VARIABLE, mutant_node.forget_the_seen_set_on_restart.__name__)
    rig = Rig(tmp_path / "relay")
    caught("T14", "forget the seen set on restart", a_cell_sent_again_comes_out_once, rig, program=mutant_node.PROGRAM)


# Where a bit of an envelope can be flipped.
_SEALED: Final = ROUND_TAG_LEN + ENC_LEN
_PARTS: Final = {
    "round tag": range(ROUND_TAG_LEN),
    "ML-KEM": range(ROUND_TAG_LEN, ROUND_TAG_LEN + MLKEM_CIPHERTEXT_LEN),
    "X25519": range(ROUND_TAG_LEN + MLKEM_CIPHERTEXT_LEN, _SEALED),
    "ciphertext": range(_SEALED, L.wire_length - TAG_LEN),
    "tag": range(L.wire_length - TAG_LEN, L.wire_length),
}
# Every bit of the two tags and of the X25519 share, as many of the rest: 1 000 different bits and more.
_FLIPS: Final = 260
# Kolmogorov and Smirnov's D for two samples of this size at 1e-4, and how much slower one may be than the other.
_D_MAX: Final = 2.225 * (2 / _FLIPS) ** 0.5
_BAND: Final = 1.05


def _ahead(one: list[int], other: list[int]) -> float:
    """How far the first sample runs ahead of the second, when that is forgiven its band."""
    one, other = sorted(one), sorted(other)
    return max(bisect_right(one, at) / len(one) - bisect_right(other, at * _BAND) / len(other) for at in one)


def _flipped(envelope: bytes, part: range, count: int, rng: Random) -> list[bytes]:
    found = []
    for bit in rng.sample(range(8 * len(part)), min(count, 8 * len(part))):
        altered = bytearray(envelope)
        altered[part.start + bit // 8] ^= 1 << bit % 8
        found.append(bytes(altered))
    return (found * -(-count // len(found)))[:count]


def _answered(accept: Callable[[bytes], Verdict], envelope: bytes) -> dict[str, list[int]]:
    """Nanoseconds for each flipped bit by its part, in random order; every one must be refused."""
    rng = Random(14)
    jobs = [(part, body) for part, where in _PARTS.items() for body in _flipped(envelope, where, _FLIPS, rng)]
    rng.shuffle(jobs)
    took: dict[str, list[int]] = {part: [] for part in _PARTS}
    gc.collect()
    gc.disable()
    try:
        for part, body in jobs:
            began = time.perf_counter_ns()
            verdict = accept(body)
            took[part].append(time.perf_counter_ns() - began)
            assert verdict is Verdict.REFUSED, part
    finally:
        gc.enable()
    return took


def an_altered_cell_is_refused_like_any_other(accept_with: Callable[[Intake], Callable[[bytes], Verdict]]) -> None:
    """The proof: one answer and one band of time for each of 1 000 bits, wherever they stand."""
    with memory(REAL) as fd, attached(fd, REAL) as spool:
        intake = Intake(spool)
        key = intake.turn_to(ROUND).key.sealing_key
        envelope = wrap(letter.top_up(L, relays=1), route=[key])
        took = _answered(accept_with(intake), envelope)
        assert spool.held(L) == {}
        assert intake.accept(envelope) is Verdict.ACCEPTED
    for part, times in took.items():
        assert _ahead(times, took["ciphertext"]) <= _D_MAX, part
        assert _ahead(took["ciphertext"], times) <= _D_MAX, part


def test_an_altered_cell_is_refused_like_any_other() -> None:
    an_altered_cell_is_refused_like_any_other(lambda intake: intake.accept)


def test_a_relay_that_saves_itself_an_opening_is_caught() -> None:
    def early(intake: Intake) -> Callable[[bytes], Verdict]:
        def accept(body: bytes) -> Verdict:
            return intake.accept(body) if body[:ROUND_TAG_LEN] in intake._keys else Verdict.REFUSED

        return accept

    caught("T14", "no opening for an unknown round tag", an_altered_cell_is_refused_like_any_other, early)


def test_a_relay_that_keeps_what_it_cannot_open_is_caught() -> None:
    def trusting(intake: Intake) -> Callable[[bytes], Verdict]:
        spool: Spool = intake._spool

        def accept(body: bytes) -> Verdict:
            verdict = intake.accept(body)
            spool.put(L, body[: L.length_after(1)], identity=body)
            return verdict

        return accept

    caught("T14", "keep an altered cell", an_altered_cell_is_refused_like_any_other, trusting)


@pytest.mark.slow
def test_at_the_door_every_altered_cell_gets_the_same_bytes(tmp_path: Path) -> None:
    with Rig(tmp_path / "relay").running() as running:
        envelope = wrap(letter.top_up(L, relays=1), route=running.route())
        rng = Random(15)
        answers = {
            running.ask("POST", "/cells", body)
            for part in _PARTS.values()
            for body in _flipped(envelope, part, 20, rng)
        }
    (answer,) = answers
    assert (answer.status, answer.body) == (400, CELLS[Verdict.REFUSED].content)
