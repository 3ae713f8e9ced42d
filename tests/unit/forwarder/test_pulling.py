"""Partners who come are given the bundles that are pushed, and nothing else; whatever is asked has one answer."""

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.cells import CellClass
from crypto.layers import ROUND_MAX, RoundNumber
from forwarder import pulling
from forwarder.bundles import BundleStore
from forwarder.pulling import partners_door, path_of
from onion_service.answers import NOT_FOUND
from onion_service.serving import serve_on
from tests.rig import Answer
from tests.unit.forwarder.given import bundle, number
from tests.unit.onion_service.wire import exchange

LETTER, PARCEL = CellClass.LETTER, CellClass.PARCEL
LONG_AGO = 1_000_000_000

Ask = Callable[[str], Awaitable[Answer]]


def asked(
    folder: Path, story: Callable[[Ask], Awaitable[None]], *, may_go: Callable[[RoundNumber], bool] = lambda _: True
) -> None:
    """`story` with a relay that keeps rounds 7 (both classes) and 8."""
    store = BundleStore(folder / "bundles", keep_rounds=10)
    for one in (bundle(7), bundle(8), bundle(7, cell_class=PARCEL, cells=3)):
        store.write(one)

    async def body() -> None:
        socket = folder / "partners.sock"
        limits = pulling.limits(4)
        async with (
            serve_on(partners_door(store, may_go=may_go), socket, limits=limits, refusals=pulling.REFUSALS),
            aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(socket))) as session,
        ):

            async def ask(path: str) -> Answer:
                async with session.get(f"http://relay{path}") as response:
                    return Answer(response.status, await response.read(), tuple(response.headers.items()))

            await story(ask)

    asyncio.run(body())


def test_the_answer_for_a_kept_round_is_the_bundle_byte_for_byte(tmp_path: Path) -> None:
    async def story(ask: Ask) -> None:
        for one in (bundle(8), bundle(7), bundle(7, cell_class=PARCEL, cells=3), bundle(7)):
            answer = await ask(path_of(one.header.cell_class, one.header.round_number))
            assert (answer.status, answer.body) == (200, one.wire)

    asked(tmp_path, story)


def test_the_headers_are_those_of_the_door_and_the_same_for_every_bundle(tmp_path: Path) -> None:
    async def story(ask: Ask) -> None:
        seven, eight = [await ask(path_of(LETTER, number(one))) for one in (7, 8)]
        assert seven.headers == eight.headers
        names = [name for name, _ in seven.headers]
        none = await ask(path_of(LETTER, number(9)))
        assert names == [name for name, _ in none.headers]
        assert not {"Date", "Server", "ETag", "Last-Modified", "Set-Cookie"} & set(names)

    asked(tmp_path, story)


def test_every_request_has_the_same_length() -> None:
    lengths = {len(path_of(one, number(at))) for one in CellClass for at in (0, 7, 1_994_868, ROUND_MAX)}
    assert lengths == {len("/bundles/letters/0000000001994868")}


@pytest.mark.parametrize(
    "path",
    [
        path_of(LETTER, number(9)),
        path_of(PARCEL, number(8)),
        "/",
        "/bundles/letters/7",
        "/bundles/letters/0000000000000007/",
        "/bundles/letters/0000000000000007?a=1",
        "/bundles/letters/000000000000000x",
        "/bundles/letters/9999999999999999",
        "/bundles/letter/0000000000000007",
        "/bundles/../../relay.key",
        "/directory",
    ],
)
def test_anything_else_has_one_constant_answer(tmp_path: Path, path: str) -> None:
    async def story(ask: Ask) -> None:
        answer = await ask(path)
        assert (answer.status, answer.body) == (404, NOT_FOUND.content)

    asked(tmp_path, story)


@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT", "DELETE"])
def test_another_method_has_the_same_answer(tmp_path: Path, method: str) -> None:
    store = BundleStore(tmp_path / "bundles", keep_rounds=10)
    store.write(bundle(7))

    async def body() -> bytes:
        socket = tmp_path / "partners.sock"
        async with serve_on(partners_door(store, may_go=lambda _: True), socket, refusals=pulling.REFUSALS):
            request = f"{method} {path_of(LETTER, number(7))} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            return await exchange(socket, request.encode())

    assert asyncio.run(body()).startswith(b"HTTP/1.1 404 Not Found\r\n")


def test_what_is_no_request_has_the_same_answer(tmp_path: Path) -> None:
    store = BundleStore(tmp_path / "bundles", keep_rounds=10)

    async def body() -> bytes:
        socket = tmp_path / "partners.sock"
        async with serve_on(partners_door(store, may_go=lambda _: True), socket, refusals=pulling.REFUSALS):
            return await exchange(socket, b"\x00\x01 what\r\n\r\n")

    assert asyncio.run(body()).endswith(b"\r\n\r\n" + NOT_FOUND.content)


def test_nothing_goes_before_the_moment_at_which_it_is_pushed(tmp_path: Path) -> None:
    async def story(ask: Ask) -> None:
        assert (await ask(path_of(LETTER, number(7)))).status == 200
        assert (await ask(path_of(LETTER, number(8)))).status == 404

    asked(tmp_path, story, may_go=lambda one: one < 8)


def test_a_damaged_bundle_is_as_one_that_is_not_kept(tmp_path: Path) -> None:
    BundleStore(tmp_path / "bundles", keep_rounds=10).write(bundle(7))
    path = tmp_path / "bundles" / "letters-7.bundle"
    wire = bytearray(path.read_bytes())
    wire[100] ^= 1
    path.write_bytes(wire)

    async def body() -> bytes:
        socket = tmp_path / "partners.sock"
        store = BundleStore(tmp_path / "bundles", keep_rounds=10)
        async with serve_on(partners_door(store, may_go=lambda _: True), socket, refusals=pulling.REFUSALS):
            request = f"GET {path_of(LETTER, number(7))} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            return await exchange(socket, request.encode())

    assert asyncio.run(body()).startswith(b"HTTP/1.1 404 ")


def test_reading_a_bundle_for_a_partner_leaves_no_time_of_access(tmp_path: Path) -> None:
    path = tmp_path / "bundles" / "letters-7.bundle"

    async def story(ask: Ask) -> None:
        os.utime(path, (LONG_AGO, LONG_AGO))
        assert (await ask(path_of(LETTER, number(7)))).status == 200
        assert path.stat().st_atime == LONG_AGO

    asked(tmp_path, story)


def test_a_bundle_that_is_forgotten_while_it_is_sent_arrives_whole_and_no_file_stays_open(tmp_path: Path) -> None:
    store = BundleStore(tmp_path / "bundles", keep_rounds=1)
    large = bundle(7, cell_class=PARCEL, cells=4)
    store.write(large)

    async def body() -> bytes:
        socket = tmp_path / "partners.sock"
        async with (
            serve_on(partners_door(store, may_go=lambda _: True), socket, refusals=pulling.REFUSALS),
            aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(socket))) as session,
            session.get(f"http://relay{path_of(PARCEL, number(7))}") as response,
        ):
            first = await response.content.readexactly(1_000)
            store.forget_old(number(100))
            return first + await response.read()

    before = len(list(Path("/proc/self/fd").iterdir()))
    assert asyncio.run(body()) == large.wire
    assert not list((tmp_path / "bundles").iterdir())
    assert len(list(Path("/proc/self/fd").iterdir())) <= before


def test_who_goes_away_in_the_middle_is_no_fault_and_leaves_no_file_open(tmp_path: Path) -> None:
    store = BundleStore(tmp_path / "bundles", keep_rounds=10)
    store.write(bundle(7, cell_class=PARCEL, cells=8))
    faults: list[type[BaseException]] = []
    before = len(list(Path("/proc/self/fd").iterdir()))

    async def body() -> None:
        socket = tmp_path / "partners.sock"
        handler = partners_door(store, may_go=lambda _: True)
        async with serve_on(handler, socket, refusals=pulling.REFUSALS, on_fault=faults.append):
            for _ in range(5):
                reader, writer = await asyncio.open_unix_connection(str(socket))
                writer.write(f"GET {path_of(PARCEL, number(7))} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                await reader.readexactly(1_000)
                writer.transport.abort()
            await asyncio.sleep(0.3)

    asyncio.run(body())
    assert faults == []
    assert len(list(Path("/proc/self/fd").iterdir())) <= before


def test_who_comes_does_not_wait_for_the_work_of_the_edge_nor_it_for_them(tmp_path: Path) -> None:
    store = BundleStore(tmp_path / "bundles", keep_rounds=10)
    store.write(sent := bundle(7))
    at_work = threading.Event()

    async def body() -> bytes:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(1))
        edge = loop.run_in_executor(None, at_work.wait)
        socket = tmp_path / "partners.sock"
        async with (
            asyncio.timeout(20),
            serve_on(partners_door(store, may_go=lambda _: True), socket, refusals=pulling.REFUSALS),
            aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(socket))) as session,
            session.get(f"http://relay{path_of(LETTER, number(7))}") as response,
        ):
            got = await response.read()
            at_work.set()
            await edge
            return got

    try:
        assert asyncio.run(body()) == sent.wire
    finally:
        at_work.set()


PATHS = st.tuples(st.sampled_from(CellClass), st.integers(0, ROUND_MAX)).map(
    lambda one: path_of(one[0], number(one[1]))
)


@given(PATHS)
def test_every_bundle_has_a_path_of_one_length(path: str) -> None:
    assert pulling._PATH.fullmatch(path) is not None
    assert len(path) == len(path_of(LETTER, number(0)))


@given(PATHS, st.data())
def test_a_path_with_one_character_more_less_or_other_is_none_or_that_of_another_bundle(
    path: str, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(path) - 1))
    odd = data.draw(st.characters() | st.sampled_from("0123456789/lp\n\u0663"))
    assert pulling._PATH.fullmatch(path[:at] + odd + path[at:]) is None
    assert pulling._PATH.fullmatch(path[:at] + path[at + 1 :]) is None
    other = path[:at] + odd + path[at + 1 :]
    if pulling._PATH.fullmatch(other) is not None:
        assert other == path or (at >= len("/bundles/letters/") and odd in "0123456789")
