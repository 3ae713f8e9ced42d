"""A sealed report reaches the door, or its writer hears what did not; only tor is missing here."""

import asyncio
from pathlib import Path
from random import Random

import pytest

from crypto.cells import CellClass
from crypto.directory import Card
from crypto.report import PART_MAX, join, part_name
from onion_service.address import OnionAddress
from onion_service.dial import Dialler
from onion_service.errors import TorUnreachable
from onion_service.refusals import (
    CellRefused,
    DoorBroken,
    NotAllSent,
    OutOfPatience,
)
from onion_service.reporter import Doing, Sender, Surroundings
from onion_service.torrc import UnixSocket
from onion_service.trust import Trust
from onion_service.writing import Draft, File, clean, prepare
from tests.loopback_relay import ROUND_SECONDS, Fault, World
from tests.loopback_reporter import START, Bench, Clock, run


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


def test_without_a_state_folder_nothing_is_kept(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run(bench.sender.send(bench.prepared().cells))
    assert list(tmp_path.iterdir()) == []
