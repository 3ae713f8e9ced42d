"""Every partner gets every bundle, in order, and none waits for another."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.cells import CellClass
from forwarder import durable
from forwarder.bundles import BundleStore
from forwarder.delivery import Deliveries, Event, Partner, deliver
from forwarder.errors import Damaged, NoSpace, Unreachable
from tests.unit.forwarder.endpoints import Answer, Desk, Journal, Loopback, desks, loopback
from tests.unit.forwarder.given import RELAY, ROUND_SECONDS, bundle, number

PUSH_IN = 0.01


class Relay:
    """The relay's end of the road: a store, deliveries and a journal."""

    def __init__(self, folder: Path, partners: dict[str, str], way: Loopback) -> None:
        self.folder = folder
        self.way = way
        self.journal = Journal()
        self.store = BundleStore(folder / "bundles", keep_rounds=1_000)
        self.deliveries = Deliveries(
            [Partner(name, url) for name, url in partners.items()],
            store=self.store,
            folder=folder / "partners",
            relay=RELAY,
            round_seconds=ROUND_SECONDS,
            post=way.post,
            journal=self.journal,
        )

    def close_round(self, round_number: int) -> float:
        """Close a round as the node does; parcels leave every fourth. Returns the moment it may be pushed."""
        self.store.write(bundle(round_number))
        if round_number % 4 == 3:
            self.store.write(bundle(round_number, cell_class=CellClass.PARCEL))
        self.deliveries.closed(number(round_number), push_in=PUSH_IN)
        return asyncio.get_running_loop().time() + PUSH_IN


@asynccontextmanager
async def running(folder: Path, **partners: str) -> AsyncIterator[Relay]:
    async with loopback() as way:
        relay = Relay(folder, partners, way)
        task = asyncio.create_task(relay.deliveries.run())
        try:
            yield relay
        finally:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task


def names(*rounds: int) -> list[str]:
    found = []
    for one in rounds:
        found += [f"letters-{one}"] + [f"parcels-{one}"] * (one % 4 == 3)
    return found


@pytest.mark.slow
def test_a_partner_that_was_down_for_20_rounds_gets_all_20_in_order_while_another_is_served_on_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    down, steady = Desk(), Desk()

    async def story() -> list[float]:
        late: list[float] = []
        async with desks(down, steady), running(tmp_path, down=down.url, steady=steady.url) as relay:
            for round_number in range(1, 31):
                if round_number == 1:
                    await down.down()
                if round_number == 21:
                    assert down.names == []
                    await down.up()
                released = relay.close_round(round_number)
                await relay.journal.has(Event.DELIVERED, "steady", round_number)
                late.append(steady.at[f"letters-{round_number}"] - released)
                asked = [1, 2, 3, 5, 9, 17]
                times = sum(one <= round_number for one in asked)
                await relay.journal.has(Event.UNREACHABLE, "down", 1, times=times)
            await relay.journal.has(Event.DELIVERED, "down", 30)
            assert relay.journal.lines.count((Event.UNREACHABLE, "down", 1)) == 6
        return late

    late = asyncio.run(story())
    assert down.names == steady.names == names(*range(1, 31))
    assert down.wires == steady.wires
    assert max(late) < 1.0
    with capsys.disabled():
        print(
            f"\n20 rounds down: 20 of 20 delivered afterwards, in order ({len(down.names)} bundles in all);"
            f" the other partner was served at most {max(late) * 1000:.0f} ms after the fixed moment"
        )


def test_a_slow_partner_does_not_delay_another(tmp_path: Path) -> None:
    slow, quick = Desk(slow=5.0), Desk()

    async def story() -> float:
        async with desks(slow, quick), running(tmp_path, slow=slow.url, quick=quick.url) as relay:
            released = relay.close_round(1)
            await relay.journal.has(Event.DELIVERED, "quick", 1)
            return quick.at["letters-1"] - released

    assert asyncio.run(story()) < 1.0


def test_nothing_is_pushed_before_the_fixed_moment_and_the_same_bytes_are_in_memory_once(tmp_path: Path) -> None:
    first, second = Desk(slow=0.1), Desk(slow=0.1)

    async def story() -> None:
        async with desks(first, second), running(tmp_path, first=first.url, second=second.url) as relay:
            relay.store.write(bundle(1))
            relay.deliveries.closed(number(1), push_in=0.2)
            await asyncio.sleep(0.1)
            assert first.names == second.names == []
            await relay.journal.has(Event.DELIVERED, "first", 1)
            await relay.journal.has(Event.DELIVERED, "second", 1)
            assert len(relay.way.bodies) == 2
            assert len(set(relay.way.bodies)) == 1
            gc.collect()

    asyncio.run(story())
    assert first.wires == second.wires == [bundle(1).wire]


def test_a_restart_goes_on_where_the_partner_is(tmp_path: Path) -> None:
    desk = Desk()

    async def story() -> None:
        async with desks(desk):
            async with running(tmp_path, desk=desk.url) as relay:
                relay.close_round(7)
                await relay.journal.has(Event.DELIVERED, "desk", 7)
                await relay.deliveries.note()
            assert (tmp_path / "partners" / "desk.acknowledged").read_bytes() == b"7\n"
            async with running(tmp_path, desk=desk.url) as relay:
                assert relay.deliveries.acknowledged("desk") == 7
                relay.close_round(8)
                await relay.journal.has(Event.DELIVERED, "desk", 8)
                with pytest.raises(KeyError):
                    relay.deliveries.acknowledged("nobody")
                await relay.deliveries.note()

    asyncio.run(story())
    assert desk.names == names(7, 8)


def test_no_file_keeps_when_a_partner_answered_and_what_was_not_noted_is_offered_again(tmp_path: Path) -> None:
    desk = Desk()
    note = tmp_path / "partners" / "desk.acknowledged"

    async def story() -> None:
        async with desks(desk):
            async with running(tmp_path, desk=desk.url) as relay:
                begun = note.stat()
                relay.close_round(7)
                await relay.journal.has(Event.DELIVERED, "desk", 7)
                assert note.stat() == begun
            async with running(tmp_path, desk=desk.url) as relay:
                relay.close_round(8)
                await relay.journal.has(Event.DELIVERED, "desk", 8)
                await relay.deliveries.note()
                noted = note.stat()
                await relay.deliveries.note()
                assert note.stat() == noted != begun

    asyncio.run(story())
    assert desk.names == names(7, 7, 8)
    assert note.read_bytes() == b"8\n"


def test_a_round_is_acknowledged_only_whole(tmp_path: Path) -> None:
    desk = Desk()

    async def story() -> None:
        async with desks(desk), running(tmp_path, desk=desk.url) as relay:
            posts = relay.way.session.post

            def letters_only(url: str, **rest: object) -> object:
                headers = rest["headers"]
                assert isinstance(headers, dict)
                if headers["webhook-id"].startswith("parcels"):
                    raise_in_session()
                return posts(url, **rest)  # type: ignore[arg-type]

            with patch.object(relay.way.session, "post", letters_only):
                relay.close_round(3)
                await relay.journal.has(Event.UNREACHABLE, "desk", 3)
                assert relay.deliveries.acknowledged("desk") == 0
            relay.close_round(4)
            await relay.journal.has(Event.DELIVERED, "desk", 4)

    asyncio.run(story())
    assert desk.names == ["letters-3", "letters-3", "parcels-3", "letters-4"]


def raise_in_session() -> None:
    import aiohttp

    raise aiohttp.ClientConnectionError


@pytest.mark.parametrize("status", [400, 302, 503])
def test_a_refusal_is_told_and_the_round_is_offered_again(tmp_path: Path, status: int) -> None:
    desk = Desk(status=status)

    async def story() -> None:
        async with desks(desk), running(tmp_path, desk=desk.url) as relay:
            relay.close_round(1)
            await relay.journal.has(Event.REFUSED, "desk", 1)
            desk.status = 204
            relay.close_round(2)
            await relay.journal.has(Event.DELIVERED, "desk", 2)

    asyncio.run(story())
    assert desk.names == names(1, 1, 2)


def test_a_partner_who_has_another_bundle_for_a_round_gets_the_later_ones(tmp_path: Path) -> None:
    desk = Desk(status=409)

    async def story() -> None:
        async with desks(desk), running(tmp_path, desk=desk.url) as relay:
            relay.close_round(1)
            await relay.journal.has(Event.CONFLICT, "desk", 1)
            await relay.journal.has(Event.DELIVERED, "desk", 1)
            relay.close_round(2)
            await relay.journal.has(Event.DELIVERED, "desk", 2)

    asyncio.run(story())
    assert desk.names == names(1, 2)


def test_a_damaged_or_forgotten_bundle_is_left_out_and_the_rest_goes(tmp_path: Path) -> None:
    desk = Desk()

    async def story() -> None:
        async with desks(desk), running(tmp_path, desk=desk.url) as relay:
            for round_number in (1, 2, 3, 4):
                relay.store.write(bundle(round_number))
            (tmp_path / "bundles" / "letters-2.bundle").write_bytes(b"damaged")
            (tmp_path / "bundles" / "letters-3.bundle").unlink()
            relay.close_round(5)
            await relay.journal.has(Event.DAMAGED, "desk", 2)
            await relay.journal.has(Event.DELIVERED, "desk", 5)

    asyncio.run(story())
    assert desk.names == ["letters-1", "letters-4", "letters-5"]


def test_a_new_partner_gets_what_leaves_from_now_on_even_when_it_is_down_at_first(tmp_path: Path) -> None:
    desk = Desk()

    async def story() -> None:
        async with desks(desk):
            async with running(tmp_path, old="http://nowhere/") as relay:
                for round_number in (1, 2):
                    relay.store.write(bundle(round_number))
            async with running(tmp_path, desk="http://nowhere/") as relay:
                relay.store.write(bundle(3))
                relay.close_round(3)
                await relay.journal.has(Event.UNREACHABLE, "desk", 3)
            async with running(tmp_path, desk=desk.url) as relay:
                relay.close_round(4)
                await relay.journal.has(Event.DELIVERED, "desk", 4)

    asyncio.run(story())
    assert desk.names == names(3, 4)


def test_a_full_disk_does_not_stop_deliveries(tmp_path: Path) -> None:
    desk = Desk()

    def full(path: Path, parts: object) -> None:
        raise NoSpace(path, "no space left on device")

    async def story() -> None:
        async with desks(desk), running(tmp_path, desk=desk.url) as relay:
            relay.store.write(bundle(1))
            relay.close_round(1)
            await relay.journal.has(Event.DELIVERED, "desk", 1)
            with patch("forwarder.delivery.write_durably", full):
                await relay.deliveries.note()
            await relay.journal.has(Event.NOT_RECORDED, "desk", 1)
            relay.close_round(2)
            await relay.journal.has(Event.DELIVERED, "desk", 2)
            await relay.deliveries.note()

    asyncio.run(story())
    assert desk.names == names(1, 2)
    assert (tmp_path / "partners" / "desk.acknowledged").read_bytes() == b"2\n"
    assert durable.write_durably is not full


@given(st.binary(max_size=40))
def test_any_note_is_one_round_number_or_damaged(tmp_path_factory: pytest.TempPathFactory, note: bytes) -> None:
    folder = tmp_path_factory.mktemp("note")
    (folder / "partners").mkdir()
    (folder / "partners" / "desk.acknowledged").write_bytes(note)
    with suppress(Damaged):
        relay = Relay(folder, {"desk": "http://nowhere/"}, Loopback.__new__(Loopback))
        assert b"%d\n" % (relay.deliveries.acknowledged("desk") or 0) == note


@pytest.mark.parametrize("partner_id", ["", "../etc", "Ä", "a/b", "a" * 65])
def test_a_partner_id_cannot_leave_its_folder(partner_id: str) -> None:
    with pytest.raises(ValueError, match="partner's id"):
        Partner(partner_id, "http://nowhere/")


def test_two_partners_have_two_ids(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="one id"):
        Deliveries(
            [Partner("one", "http://a/"), Partner("one", "http://b/")],
            store=BundleStore(tmp_path, keep_rounds=1),
            folder=tmp_path,
            relay=RELAY,
            round_seconds=ROUND_SECONDS,
            post=Loopback.__new__(Loopback).post,
            journal=Journal(),
        )


def test_a_partner_has_time_in_proportion_to_the_bundle() -> None:
    from forwarder.delivery import Dispatch

    allowed: list[float] = []

    async def post(url: str, body: bytes, *, timeout: float, **rest: object) -> Answer:  # noqa: ASYNC109
        allowed.append(timeout)
        return Answer(200, b"")

    async def story(call: Callable[[], Awaitable[None]]) -> None:
        await call()

    for length in (0, 16_384 * 100):
        asyncio.run(story(lambda size=length: deliver(Dispatch({}, bytes(size)), to=Partner("a", "x"), post=post)))  # type: ignore[misc]
    assert allowed == [60.0, 160.0]


def test_an_endpoint_that_answers_without_end_is_unreachable() -> None:
    from aiohttp import web

    from forwarder.delivery import Dispatch

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(1_000):
            await response.write(bytes(65_536))
        return response

    async def story() -> None:
        app = web.Application()
        app.router.add_post("/", endless)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            async with loopback() as way:
                with pytest.raises(Unreachable):
                    await deliver(Dispatch({}, b"x"), to=Partner("a", site.name + "/"), post=way.post)
        finally:
            await runner.cleanup()

    asyncio.run(story())
