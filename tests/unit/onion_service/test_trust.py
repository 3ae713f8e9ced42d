"""No cell is wrapped for a relay whose directory, round keys or clock are not what they must be."""

from pathlib import Path
from typing import Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.directory import Card, sign
from crypto.errors import CryptoError, Expired, Forged, RolledBack
from crypto.layers import RoundNumber
from onion_service.address import OnionAddress
from onion_service.errors import OnionServiceError
from onion_service.held import HeldDirectory
from onion_service.refusals import (
    ClockWrong,
    HeldDirectoryBroken,
    RouteChanged,
    WrongRelay,
)
from onion_service.trust import Trust, check_clock
from tests.loopback_relay import FAR, World, root_key
from tests.loopback_reporter import START, Bench, run

_WORLD: Final = World(now=lambda: START)


def test_a_directory_that_names_another_onion_is_not_used(bench: Bench) -> None:
    elsewhere = str(OnionAddress.of_public_key(bytes(32)))
    trust = Trust(Card(elsewhere, bench.world.card.root))
    with pytest.raises(WrongRelay, match=bench.world.onions[0]):
        trust.take(bench.world.answer(), now=START)


def test_a_directory_under_another_root_is_not_used(bench: Bench) -> None:
    trust = Trust(Card(bench.world.onions[0], root_key().signing.verifying_key))
    with pytest.raises(Forged):
        trust.take(bench.world.answer(), now=START)


def test_an_expired_directory_is_not_used(bench: Bench) -> None:
    with pytest.raises(Expired):
        bench.trust.take(bench.world.answer(), now=FAR)


def test_an_older_directory_is_noticed_within_one_run(bench: Bench) -> None:
    run(bench.sender.directory())
    older = msgspec.structs.replace(bench.world.directory, version=6)
    bench.world.signed = sign(older, bench.world.root)
    with pytest.raises(RolledBack):
        run(bench.sender.directory())


def test_an_older_directory_is_noticed_across_runs_when_the_last_was_kept(bench: Bench, tmp_path: Path) -> None:
    held = HeldDirectory(tmp_path / "state", bench.world.card.root)
    Trust(bench.world.card, held=held).take(bench.world.answer(), now=START)
    older = msgspec.structs.replace(bench.world.directory, version=6)
    bench.world.signed = sign(older, bench.world.root)
    with pytest.raises(RolledBack):
        Trust(bench.world.card, held=held).take(bench.world.answer(), now=START)
    kept = held.load()
    assert kept is not None
    assert kept.directory.version == 7


def test_a_newer_directory_replaces_the_kept_one(bench: Bench, tmp_path: Path) -> None:
    held = HeldDirectory(tmp_path, bench.world.card.root)
    Trust(bench.world.card, held=held).take(bench.world.answer(), now=START)
    bench.world.signed = sign(msgspec.structs.replace(bench.world.directory, version=8), bench.world.root)
    Trust(bench.world.card, held=held).take(bench.world.answer(), now=START)
    kept = held.load()
    assert kept is not None
    assert kept.directory.version == 8
    assert held.path.stat().st_mode & 0o777 == 0o600


def test_a_damaged_kept_directory_stops_instead_of_being_forgotten(bench: Bench, tmp_path: Path) -> None:
    held = HeldDirectory(tmp_path, bench.world.card.root)
    held.path.write_bytes(b"not a directory")
    with pytest.raises(HeldDirectoryBroken):
        Trust(bench.world.card, held=held).take(bench.world.answer(), now=START)


@pytest.mark.parametrize(("error", "said"), [(7_200, "your clock is slow"), (-7_200, "your clock is fast")])
def test_a_wrong_clock_is_told_from_the_round_key(bench: Bench, error: int, said: str) -> None:
    bench.world.clock_error = error
    with pytest.raises(ClockWrong, match=f"{said}.*(hour|minute)"):
        run(bench.sender.directory())


def test_a_relay_that_is_not_first_may_announce_an_older_key() -> None:
    check_clock(RoundNumber(int(START - 40_000) // 900), now=int(START), period=900, first=False)
    with pytest.raises(ClockWrong):
        check_clock(RoundNumber(int(START - 40_000) // 900), now=int(START), period=900)
    with pytest.raises(ClockWrong, match="2 days"):
        check_clock(RoundNumber(int(START - 300_000) // 900), now=int(START), period=900, first=False)


def test_a_route_of_another_length_asks_for_sealing_anew(bench: Bench) -> None:
    other = World(now=bench.clock.now, route_length=3 - bench.world.route_length)
    trust = Trust(other.card)
    trust.take(other.answer(), now=START)
    with pytest.raises(RouteChanged):
        trust.wrap(bench.prepared().letter)


@given(st.binary(max_size=600), st.booleans())
def test_any_bytes_are_a_directory_or_our_error(wire: bytes, padded: bool) -> None:
    trust = Trust(_WORLD.card)
    with pytest.raises((CryptoError, OnionServiceError)):
        trust.take(wire.ljust(65_536) if padded else wire, now=START)


def test_a_round_key_that_another_relay_signed_is_not_used(bench: Bench) -> None:
    other = World(now=bench.clock.now, route_length=bench.world.route_length)
    other.signed, other.root = bench.world.signed, bench.world.root
    with pytest.raises(CryptoError):
        bench.trust.take(other.answer(), now=START)
