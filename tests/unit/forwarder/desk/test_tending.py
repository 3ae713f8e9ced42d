"""An open desk lets leave what may, signs in time, serves what it signed, and one trouble stops nothing else."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from crypto.minisign import PublicKey
from forwarder.copies import read_copy
from forwarder.desk import program
from forwarder.desk.channels.accounts import Channels
from forwarder.desk.channels.outlet import Outlet
from forwarder.desk.channels.queue import Queue
from forwarder.desk.channels.sending import Outcome, Turn
from forwarder.desk.errors import Unreadable
from forwarder.desk.program import Desk
from forwarder.desk.publish.errors import NoAlertsKey
from forwarder.desk.publish.publishing import VALID_SECONDS
from forwarder.desk.tending import Told, _channels, tend, tending
from onion_service.errors import TorMissing
from onion_service.posting import Service
from tests.unit.forwarder.desk.given import OURS
from tests.unit.forwarder.desk.publish.newsroom import ANA, FIRST, HOURS, KEY, NOW, Newsroom, listing
from tests.unit.forwarder.given import ROUND_SECONDS

EARLY = (FIRST + 2 * HOURS) * ROUND_SECONDS
PUBLIC = PublicKey.of(KEY.signing)


@pytest.fixture
def room(tmp_path: Path) -> Newsroom:
    made = Newsroom(tmp_path)
    (tmp_path / "places.json").write_bytes(listing().write())
    with made.inbox.database.change() as opened:
        opened.execute("INSERT INTO publisher (one, key) VALUES (1, ?)", (str(PUBLIC),))
    return made


def opened(room: Newsroom, *, signs: bool = True) -> Desk:
    return Desk(room.settings, (OURS,), room.inbox, alerts_key=KEY if signs else None)


def test_what_has_waited_leaves_and_is_signed(room: Newsroom) -> None:
    desk, draft = opened(room), room.draft(room.incident(), now=EARLY)
    assert tend(desk, now=EARLY) == [], "a desk that has never published makes no folder"
    room.publications.wait(draft, by=ANA, now=EARLY)
    assert tend(desk, now=EARLY) == []
    assert tend(desk, now=draft.leaves_at) == [Told.LEFT, Told.RELEASED]
    assert tend(desk, now=draft.leaves_at) == []
    assert tend(desk, now=draft.leaves_at + VALID_SECONDS) == [Told.RELEASED]


def test_what_has_changed_stays_and_is_told_once(room: Newsroom) -> None:
    desk, number = opened(room), room.incident()
    room.publications.wait(room.draft(number, now=EARLY), by=ANA, now=EARLY)
    room.incidents.split(room.incidents.incident(number).reports[0], by=ANA)
    assert tend(desk, now=EARLY) == [Told.STOPPED]
    assert tend(desk, now=NOW) == []


def test_trouble_with_what_waits_keeps_no_withdrawal_back(room: Newsroom) -> None:
    desk, out, waits = opened(room), room.incident(), room.incident()
    room.publish(out)
    desk.release(now=NOW)
    room.publications.wait(room.draft(waits, now=EARLY), by=ANA, now=EARLY)
    with room.inbox.database.change() as changed:
        changed.execute("UPDATE waiting SET wording = x'00'")
    room.withdraw(out)
    with pytest.raises(Unreadable):
        tend(desk, now=NOW)
    shown = read_copy(room.settings.alerts_folder, key=PUBLIC).files["alerts.csv"].decode()
    assert "Hombres armados" not in shown


def test_a_desk_without_its_key_signs_nothing(room: Newsroom) -> None:
    desk = opened(room, signs=False)
    room.publish(room.incident())
    assert tend(desk, now=NOW) == []
    assert desk.alerts_public is None
    with pytest.raises(NoAlertsKey):
        desk.release(now=NOW)


def test_trouble_is_told_and_it_goes_on(room: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[Told, str]] = []
    monkeypatch.setattr("forwarder.desk.tending.EVERY_SECONDS", 0.01)
    room.publish(room.incident())
    (room.folder / "places.json").write_text("[]", encoding="utf-8")

    async def some_rounds() -> None:
        looks = 0
        enough = asyncio.Event()

        def after() -> None:
            nonlocal looks
            looks += 1
            if looks == 2:
                (room.folder / "places.json").write_bytes(listing().write())
            if looks == 4:
                loop.call_soon_threadsafe(enough.set)

        loop = asyncio.get_running_loop()
        work = asyncio.create_task(tending(opened(room), tell=lambda one, why: told.append((one, why)), after=after))
        await asyncio.wait_for(enough.wait(), 10)
        work.cancel()
        await asyncio.wait([work])

    asyncio.run(some_rounds())
    said = [one for one, _ in told if one not in (Told.NOT_SAID, Told.LOOKED)]
    assert said == [Told.NOT_RELEASED, Told.NOT_RELEASED, Told.RELEASED]
    assert [one for one, _ in told].index(Told.LOOKED) > [one for one, _ in told].index(Told.RELEASED)
    assert "places.json" in told[0][1]


def test_the_program_tends_what_is_published_and_says_so_in_a_line(
    room: Newsroom, caplog: pytest.LogCaptureFixture
) -> None:
    room.publish(room.incident())
    caplog.set_level(logging.INFO, logger="veladora.desk")

    async def open_for_a_while() -> None:
        async with program._publishing(opened(room)):
            for _ in range(500):
                if caplog.messages:
                    break
                await asyncio.sleep(0.02)

    asyncio.run(open_for_a_while())
    assert caplog.messages == [Told.RELEASED.value]
    assert (room.settings.alerts_folder / "current" / "index.html").is_file()


def test_a_fault_in_tending_is_said_by_its_kind_alone_and_the_next_look_comes(
    room: Newsroom, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest, looks = tend, 0

    def broken_once(desk: Desk, *, now: int) -> list[Told]:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise RuntimeError("secreto")
        return honest(desk, now=now)

    monkeypatch.setattr("forwarder.desk.tending.EVERY_SECONDS", 0.01)
    monkeypatch.setattr("forwarder.desk.tending.tend", broken_once)
    room.publish(room.incident())
    caplog.set_level(logging.INFO, logger="veladora.desk")

    async def open_for_a_while() -> None:
        async with program._publishing(opened(room)):
            for _ in range(500):
                if len(caplog.messages) > 1:
                    break
                await asyncio.sleep(0.02)

    asyncio.run(open_for_a_while())
    assert caplog.messages == [f"{Told.NOT_RELEASED.value}: RuntimeError", Told.RELEASED.value]


@pytest.mark.parametrize("spoken", [False, True])
def test_a_tor_that_fails_loses_no_outcome_and_counts_no_try_that_was_none(
    room: Newsroom, monkeypatch: pytest.MonkeyPatch, spoken: bool
) -> None:
    channels = Channels(room.inbox.database)
    channels.add("noticias", "jsons://example.org/", service=Service("JSON", 250, 0), language="es")
    channels.turn("noticias", on=True)
    room.publish(room.incident())

    @contextmanager
    def failing(_: object) -> Iterator[Outlet]:
        if spoken:
            yield Outlet(None)
        raise TorMissing("tor")

    def says(work: Sequence[Turn], _: Outlet) -> list[Outcome]:
        return [Outcome(post.number, turn.channel, post.incident, "") for turn in work for post, _ in turn.calls]

    monkeypatch.setattr("forwarder.desk.tending.through_tor", failing)
    monkeypatch.setattr("forwarder.desk.tending.speak", says)
    with pytest.raises(TorMissing):
        asyncio.run(_channels(opened(room), tell=lambda *_: None))
    (post,) = Queue(room.inbox.database).posts()
    assert (post.state.value, post.tries) == (("sent", 1) if spoken else ("waiting", 0))


def test_the_onion_of_alerts_is_not_that_of_the_endpoint(room: Newsroom) -> None:
    endpoint, alerts = room.settings.onion_tor(), room.settings.alerts_tor()
    assert endpoint.service_directory != alerts.service_directory
    assert endpoint.data_directory != alerts.data_directory
    assert endpoint.target != alerts.target
    assert str(endpoint.service_directory) not in "".join(alerts.lines())


def test_the_tor_of_channels_holds_no_onion_and_is_another(room: Newsroom) -> None:
    lines = room.settings.outlet_tor().lines()
    assert not [line for line in lines if line.startswith("HiddenService") and not line.endswith(" 0")]
    (socks,) = [line for line in lines if line.startswith("SocksPort")]
    assert socks.startswith(f'SocksPort unix:"{room.settings.outlet_tor().socks.path}" IsolateSOCKSAuth ')
    assert "OnionTrafficOnly" not in socks
