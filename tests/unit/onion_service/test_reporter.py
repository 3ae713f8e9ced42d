"""The reporter's side against a door that behaves as the documents say; only tor is missing."""

import asyncio
import tempfile
from collections.abc import Awaitable, Iterator
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import TypeVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.cells import CellClass
from crypto.directory import Card, sign
from crypto.errors import CryptoError, Expired, Forged, Malformed, RolledBack
from crypto.layers import RoundNumber
from crypto.report import PART_MAX, join, part_name
from onion_service.address import OnionAddress
from onion_service.dial import Dialler
from onion_service.errors import OnionServiceError, TorUnreachable
from onion_service.held import HeldDirectory
from onion_service.refusals import (
    CellRefused,
    ClockWrong,
    DoorBroken,
    HeldDirectoryBroken,
    NotAllSent,
    NotSeen,
    OutOfPatience,
    RouteChanged,
    WrongRelay,
)
from onion_service.reporter import Doing, News, Sender, Surroundings
from onion_service.torrc import UnixSocket
from onion_service.trust import Trust, check_clock
from onion_service.watching import await_rounds, read_lists
from onion_service.writing import Draft, File, Prepared, clean, prepare
from tests.loopback_relay import FAR, ROUND_SECONDS, SIZES, Fault, Road, World, road, root_key

ResultT = TypeVar("ResultT")
START = 1_000_000.0


class Clock:
    """Time that passes only when somebody waits."""

    def __init__(self) -> None:
        self.time = START
        self.waits: list[float] = []

    def now(self) -> float:
        return self.time

    async def rest(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.time += seconds
        await asyncio.sleep(0)


class Bench:
    """One world, one road to it, and a reporter's surroundings."""

    def __init__(self, world: World, built: Road, clock: Clock) -> None:
        self.world = world
        self.road = built
        self.clock = clock
        self.news: list[News] = []
        self.around = Surroundings(
            dialler=Dialler(socks=built.socks), now=clock.now, rest=clock.rest, chance=Random(1), told=self.news.append
        )
        self.trust = Trust(world.card)
        self.sender = Sender(self.trust, self.around, patience=300)

    def prepared(self, *files: File, to: tuple[str, ...] = ("norte",), allow_uncleaned: bool = False) -> Prepared:
        written = clean(Draft(text="Vi algo."), files, allow_uncleaned=allow_uncleaned)
        return prepare(written, directory=self.world.directory, to=to)


@pytest.fixture(params=[1, 2], ids=["one relay", "two relays"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    with tempfile.TemporaryDirectory() as folder:
        clock = Clock()
        world = World(now=clock.now, route_length=request.param)
        with road(world, Path(folder)) as built:
            yield Bench(world, built, clock)


def run(call: Awaitable[ResultT]) -> ResultT:
    async def awaited() -> ResultT:
        return await call

    return asyncio.run(awaited())


def test_a_report_arrives_and_only_its_partner_reads_it(bench: Bench) -> None:
    prepared = bench.prepared()
    run(bench.sender.send(prepared.cells))
    assert bench.world.reports(bench.world.norte) == [prepared.report]
    assert bench.world.reports(bench.world.sur) == []


def test_a_report_for_both_partners_is_one_letter(bench: Bench) -> None:
    prepared = bench.prepared(to=("norte", "sur"))
    run(bench.sender.send(prepared.cells))
    assert len(bench.world.posts) == 1
    assert bench.world.reports(bench.world.norte) == bench.world.reports(bench.world.sur) == [prepared.report]


def test_an_attachment_arrives_in_parcels_letter_first_with_pauses_between(bench: Bench) -> None:
    given = b"\x00" + Random(4).randbytes(PART_MAX)
    prepared = bench.prepared(File("video", given), allow_uncleaned=True)
    run(bench.sender.send(prepared.cells, pace=2.0))
    lengths = [len(body) for body in bench.world.posts]
    assert lengths == [CellClass.LETTER.wire_length] + [CellClass.PARCEL.wire_length] * (len(lengths) - 1)
    opened = bench.world.opened(bench.world.norte)
    parts = {part_name(content): content for content in opened if isinstance(content, bytes)}
    assert len(parts) == 2
    assert join(prepared.report.attachments[0], parts) == given
    assert len(bench.clock.waits) == 2
    assert all(0 <= pause <= 2.0 for pause in bench.clock.waits)


def test_every_call_is_on_a_circuit_of_its_own(bench: Bench) -> None:
    run(bench.sender.send(bench.prepared(File("a.txt", b"x")).cells))
    assert len(bench.road.logins) == 3
    assert len(set(bench.road.logins)) == 3


def test_parcels_leave_in_an_order_that_chance_decides() -> None:
    world = World(now=lambda: START)
    files = [File(f"{number}.txt", b"%d" % number) for number in range(6)]
    prepared = prepare(clean(Draft(text="a"), files), directory=world.directory, to=["norte"])
    around = Surroundings(
        dialler=Dialler(socks=UnixSocket(Path("/nonexistent"))),
        now=lambda: START,
        rest=asyncio.sleep,
        chance=Random(3),
        told=lambda _: None,
    )
    trust = Trust(world.card)
    trust.take(world.answer(), now=START)
    with pytest.raises(NotAllSent) as stopped:
        run(Sender(trust, around).send(prepared.cells))
    assert stopped.value.unsent[0] == prepared.letter
    assert stopped.value.unsent != prepared.cells
    assert set(stopped.value.unsent) == set(prepared.cells)


def test_a_lost_answer_is_answered_with_the_same_bytes_and_counts_once(bench: Bench) -> None:
    bench.world.faults.extend([Fault.ANSWER_LOST, Fault.ANSWER_LOST])
    prepared = bench.prepared()
    run(bench.sender.send(prepared.cells))
    assert len(bench.world.posts) == 3
    assert len(set(bench.world.posts)) == 1
    assert bench.world.reports(bench.world.norte) == [prepared.report]


def test_a_full_relay_is_asked_again_with_growing_uneven_waits(bench: Bench) -> None:
    bench.world.faults.extend([Fault.FULL] * 4)
    run(bench.sender.send(bench.prepared().cells))
    waits = bench.clock.waits
    assert len(waits) == 4
    assert all(2.0 * 2**n * 0.5 <= wait <= 2.0 * 2**n * 1.5 for n, wait in enumerate(waits))
    assert len(bench.world.reports(bench.world.norte)) == 1


def test_a_rotated_key_wraps_the_same_letter_anew(bench: Bench) -> None:
    run(bench.sender.directory())
    bench.world.retire_keys()
    prepared = bench.prepared()
    run(bench.sender.send(prepared.cells))
    assert bench.world.fetches == 2
    assert len(set(bench.world.posts)) == 2
    assert {prepared.letter.cell} == set().union(*bench.world.accepted.values())


def test_a_relay_that_forgot_its_keys_says_400_and_still_gets_the_letter(bench: Bench) -> None:
    run(bench.sender.directory())
    bench.world.retire_keys(remembered=False)
    run(bench.sender.send(bench.prepared().cells))
    assert len(bench.world.reports(bench.world.norte)) == 1


def test_keys_that_rotated_while_the_report_was_written_are_not_used(bench: Bench) -> None:
    run(bench.sender.directory())
    bench.clock.time += 3 * ROUND_SECONDS
    run(bench.sender.send(bench.prepared().cells))
    assert bench.world.fetches == 2
    assert len(bench.world.posts) == 1


def test_a_refused_cell_stops_with_the_reason_and_names_what_was_not_sent(bench: Bench) -> None:
    bench.world.faults.extend([Fault.REFUSED] * 3)
    prepared = bench.prepared(File("a.txt", b"x"))
    with pytest.raises(NotAllSent) as stopped:
        run(bench.sender.send(prepared.cells))
    assert isinstance(stopped.value.__cause__, CellRefused)
    assert stopped.value.sent == 0
    assert set(stopped.value.unsent) == set(prepared.cells)
    assert "newest" in stopped.value.hint
    assert len(bench.world.posts) == 1


def test_what_was_not_sent_can_be_sent_later_and_stays_one_report(bench: Bench) -> None:
    bench.sender = Sender(bench.trust, bench.around, patience=10)
    prepared = bench.prepared(File("a.txt", b"x"), File("b.txt", b"y"))
    run(bench.sender.send([prepared.letter]))
    bench.world.faults.extend([Fault.FULL] * 20)
    with pytest.raises(NotAllSent, match="0 of 2 cells were sent, 2 were not") as stopped:
        run(bench.sender.send(prepared.parcels))
    assert isinstance(stopped.value.__cause__, OutOfPatience)
    bench.world.faults.clear()
    run(bench.sender.send(stopped.value.unsent))
    assert len(bench.world.opened(bench.world.norte)) == 3


def test_an_endless_410_ends_with_patience_and_never_without_a_pause(bench: Bench) -> None:
    bench.world.on_fetch = bench.world.retire_keys
    run(bench.sender.directory())
    real_take = bench.world.take

    def always_gone(envelope: bytes) -> int:
        real_take(envelope)
        return 410

    bench.world.take = always_gone  # type: ignore[method-assign]
    with pytest.raises(NotAllSent) as stopped:
        run(bench.sender.send(bench.prepared().cells))
    assert isinstance(stopped.value.__cause__, OutOfPatience)
    assert len(bench.world.posts) < 20


def test_an_answer_no_relay_gives_stops(bench: Bench) -> None:
    bench.world.faults.append(Fault.BROKEN)
    with pytest.raises(NotAllSent, match="418") as stopped:
        run(bench.sender.send(bench.prepared().cells))
    assert isinstance(stopped.value.__cause__, DoorBroken)


def test_a_busy_relay_is_asked_for_its_directory_again(bench: Bench) -> None:
    bench.world.directory_faults = 2
    assert run(bench.sender.directory()) == bench.world.directory
    assert {news.doing for news in bench.news} == {Doing.FETCHING, Doing.RETRYING}


def test_no_tor_is_said_at_once(tmp_path: Path) -> None:
    clock = Clock()
    world = World(now=clock.now)
    around = Surroundings(
        dialler=Dialler(socks=UnixSocket(tmp_path / "none")),
        now=clock.now,
        rest=clock.rest,
        chance=Random(1),
        told=lambda _: None,
    )
    with pytest.raises(TorUnreachable):
        run(Sender(Trust(world.card), around).directory())
    assert clock.waits == []


def test_an_onion_that_is_down_ends_with_patience(bench: Bench) -> None:
    elsewhere = str(OnionAddress.of_public_key(bytes(32)))
    sender = Sender(Trust(Card(elsewhere, bench.world.card.root)), bench.around, patience=30)
    with pytest.raises(OutOfPatience, match="descriptor"):
        run(sender.directory())


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


def test_without_a_state_folder_nothing_is_kept(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run(bench.sender.send(bench.prepared().cells))
    assert list(tmp_path.iterdir()) == []


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


def test_the_cells_are_seen_in_the_public_lists(bench: Bench) -> None:
    prepared = bench.prepared(File("a.txt", b"x"))
    sent = run(bench.sender.send(prepared.cells))
    seen = run(await_rounds(sent, bench.world.directory, bench.around))
    assert seen.rounds
    assert seen.rounds[-1] % SIZES.parcel_every == SIZES.parcel_every - 1
    assert set(bench.road.hosts[-1:]) == {bench.world.onions[-1]}


def test_a_round_that_was_lost_is_told(bench: Bench) -> None:
    bench.world.lost_rounds.update(range(10**6))
    sent = run(bench.sender.send(bench.prepared().cells))
    with pytest.raises(NotSeen, match="1 of 1 cells are in no bundle") as stopped:
        run(await_rounds(sent, bench.world.directory, bench.around, rounds=2))
    assert stopped.value.unseen == 1
    assert "again" in stopped.value.hint


def test_a_round_the_relay_never_had_does_not_stop_the_watch(bench: Bench) -> None:
    bench.world.missing_rounds.update(range(10**6))
    sent = run(bench.sender.send(bench.prepared().cells))
    with pytest.raises(NotSeen):
        run(await_rounds(sent, bench.world.directory, bench.around, rounds=2))


def test_lists_of_another_round_or_relay_are_refused(bench: Bench) -> None:
    number = bench.world.round
    wire = bench.world.lists(number)
    assert read_lists(wire, number=number, directory=bench.world.directory)
    with pytest.raises(Malformed):
        read_lists(bench.world.lists(number + 2), number=number, directory=bench.world.directory)
    with pytest.raises(Malformed):
        read_lists(wire + b"x", number=number, directory=bench.world.directory)
    stranger = World(now=bench.clock.now, route_length=bench.world.route_length)
    with pytest.raises(CryptoError):
        read_lists(wire, number=number, directory=stranger.directory)
    with pytest.raises(Forged):
        read_lists(wire[:-1] + bytes([wire[-1] ^ 1]), number=number, directory=bench.world.directory)


_WORLD = World(now=lambda: START)


@given(st.binary(max_size=600))
def test_any_bytes_are_lists_or_our_error(wire: bytes) -> None:
    with suppress(CryptoError):
        read_lists(b"VLB1" + wire, number=_WORLD.round, directory=_WORLD.directory)


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
