"""The endpoint takes this relay's bundles and nothing else, and acknowledges only what is stored."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.bundle import HEADER_LEN, Bundle
from crypto.cells import CellClass
from crypto.layers import ROUND_MAX
from crypto.signing import SigningKey
from forwarder.bundles import longest
from forwarder.desk import endpoint
from forwarder.desk.endpoint import Refusal, endpoint_app
from forwarder.desk.errors import NotStored
from forwarder.desk.inbox import Receipt
from forwarder.desk.rounds import AHEAD_SECONDS
from forwarder.webhook import webhook_headers
from onion_service.serving import serve_on
from tests.privacy.mutants import caught
from tests.unit.forwarder.desk.given import RELAY_SETTINGS, to_socket
from tests.unit.forwarder.given import OTHER_RELAY, RELAY, ROUND_SECONDS, bundle, number

Reply = tuple[int, bytes]
# A minute after the edge of round 7.
NOW: Final = 8 * ROUND_SECONDS + 60.0


@dataclass
class Inboxed:
    """Remembers what it is given and how it was told."""

    answer: Receipt | NotStored = Receipt.NEW
    bundles: list[Bundle] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)

    async def take(self, one: Bundle) -> Receipt:
        if isinstance(self.answer, NotStored):
            raise self.answer
        self.bundles.append(one)
        return self.answer


def headers(
    body: bytes, round_number: int = 7, *, cell_class: CellClass = CellClass.LETTER, relay: SigningKey = RELAY
) -> dict[str, str]:
    return webhook_headers(
        body, cell_class=cell_class, round_number=number(round_number), round_seconds=ROUND_SECONDS, relay=relay
    )


def visit(folder: Path, inbox: Inboxed, call: Callable[[aiohttp.ClientSession], Awaitable[Reply]]) -> Reply:
    async def story() -> Reply:
        path = folder / "endpoint.socket"
        app = endpoint_app(RELAY_SETTINGS, take=inbox.take, tell=inbox.refusals.append, now=lambda: NOW)
        async with serve_on(app, path), to_socket(path) as session:
            return await call(session)

    return asyncio.run(story())


def post(folder: Path, inbox: Inboxed, body: bytes, sent: Mapping[str, str]) -> Reply:
    async def call(session: aiohttp.ClientSession) -> Reply:
        async with session.post("http://desk/", data=in_pieces(body), headers=sent) as response:
            assert "Date" not in response.headers
            assert "Server" not in response.headers
            return response.status, await response.read()

    return visit(folder, inbox, call)


async def in_pieces(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), 60_000):
        yield body[start : start + 60_000]


@pytest.mark.parametrize("cell_class", CellClass)
def test_a_bundle_of_our_relay_is_taken_and_acknowledged(tmp_path: Path, cell_class: CellClass) -> None:
    inbox = Inboxed()
    sent = bundle(7, cell_class=cell_class)
    assert post(tmp_path, inbox, sent.wire, headers(sent.wire, cell_class=cell_class)) == (204, b"")
    assert inbox.bundles == [sent]
    assert inbox.refusals == []


def test_a_bundle_that_is_here_already_is_acknowledged_again_and_a_different_one_is_a_conflict(tmp_path: Path) -> None:
    wire = bundle(7).wire
    assert post(tmp_path, Inboxed(Receipt.HAD), wire, headers(wire)) == (204, b"")
    inbox = Inboxed(Receipt.DIFFERENT)
    assert post(tmp_path, inbox, wire, headers(wire)) == (409, b"")
    assert inbox.refusals == [Refusal.DIFFERENT]


def test_what_could_not_be_stored_is_not_acknowledged(tmp_path: Path) -> None:
    wire, inbox = bundle(7).wire, Inboxed(NotStored("disk full"))
    assert post(tmp_path, inbox, wire, headers(wire)) == (503, b"")
    assert inbox.refusals == [Refusal.NOT_STORED]


def a_bundle_of_a_round_that_is_still_to_be_is_refused(tmp_path: Path, round_number: int) -> None:
    """The proof."""
    wire, inbox = bundle(round_number).wire, Inboxed()
    assert post(tmp_path, inbox, wire, headers(wire, round_number)) == (400, b"")
    assert (inbox.refusals, inbox.bundles) == ([Refusal.TOO_FAR_AHEAD], [])


@pytest.mark.parametrize("round_number", [ROUND_MAX, 8 + AHEAD_SECONDS // ROUND_SECONDS])
def test_a_bundle_of_a_round_that_is_still_to_be_is_refused(tmp_path: Path, round_number: int) -> None:
    a_bundle_of_a_round_that_is_still_to_be_is_refused(tmp_path, round_number)


def test_an_endpoint_without_a_clock_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "too_far_ahead", lambda *_, **__: False)
    proof = a_bundle_of_a_round_that_is_still_to_be_is_refused
    caught("delivery", "takes a bundle of any round", proof, tmp_path, ROUND_MAX)


def test_a_clock_that_is_a_day_or_so_behind_refuses_nothing(tmp_path: Path) -> None:
    wire, inbox = bundle(last := 7 + AHEAD_SECONDS // ROUND_SECONDS).wire, Inboxed()
    assert post(tmp_path, inbox, wire, headers(wire, last)) == (204, b"")


def reordered(one: Bundle) -> bytes:
    return one.header.wire + b"".join(reversed(one.cells)) + one.signature


def bad_deliveries() -> Iterator[tuple[str, bytes, Mapping[str, str], Refusal]]:
    good = bundle(7)
    wire = good.wire
    foreign, many = bundle(7, relay=OTHER_RELAY).wire, bundle(7, cells=9).wire
    unsigned = wire[:-1] + bytes([wire[-1] ^ 1])
    yield "no headers", wire, {}, Refusal.NOT_A_DELIVERY
    yield "another edge", wire, headers(wire) | {"webhook-timestamp": "7200.0"}, Refusal.NOT_A_DELIVERY
    yield "another round", wire, headers(wire, 8), Refusal.NOT_A_BUNDLE
    yield "another class", wire, headers(wire, cell_class=CellClass.PARCEL), Refusal.NOT_A_BUNDLE
    yield "another relay", foreign, headers(foreign, relay=OTHER_RELAY), Refusal.NOT_A_BUNDLE
    yield "another relay's bundle", foreign, headers(foreign), Refusal.NOT_A_BUNDLE
    yield "another relay's headers", wire, headers(wire, relay=OTHER_RELAY), Refusal.NOT_A_BUNDLE
    yield "forged bundle", unsigned, headers(unsigned), Refusal.NOT_A_BUNDLE
    yield "altered cell", wire[:99] + b"!" + wire[100:], headers(wire), Refusal.NOT_A_BUNDLE
    yield "reordered", reordered(good), headers(reordered(good)), Refusal.NOT_A_BUNDLE
    yield "cut in the header", wire[: HEADER_LEN - 1], headers(wire[: HEADER_LEN - 1]), Refusal.NOT_A_BUNDLE
    yield "cut off", wire[:-1], headers(wire[:-1]), Refusal.NOT_A_BUNDLE
    yield "one byte more", wire + b"!", headers(wire + b"!"), Refusal.TOO_LONG
    yield "more cells than leave", many, headers(many), Refusal.TOO_LONG
    yield "nothing", b"", headers(b""), Refusal.NOT_A_BUNDLE
    yield "bad base64", wire, headers(wire) | {"webhook-signature": "v1a,!"}, Refusal.NOT_A_DELIVERY


@pytest.mark.parametrize(
    ("body", "sent", "why"), [case[1:] for case in bad_deliveries()], ids=[case[0] for case in bad_deliveries()]
)
def test_what_is_not_a_delivery_of_our_relay_is_refused(
    tmp_path: Path, body: bytes, sent: Mapping[str, str], why: Refusal
) -> None:
    inbox = Inboxed()
    assert post(tmp_path, inbox, body, sent) == (413 if why is Refusal.TOO_LONG else 400, b"")
    assert inbox.refusals == [why]
    assert inbox.bundles == []


@pytest.mark.parametrize("chunked", [True, False])
def test_a_gibibyte_is_refused_after_at_most_one_bundle(tmp_path: Path, chunked: bool) -> None:
    inbox, sent = Inboxed(), 0
    wire = bundle(7, cells=8).wire

    async def flood() -> AsyncIterator[bytes]:
        nonlocal sent
        yield wire
        while sent < 2**30:
            sent += 65_536
            yield bytes(65_536)

    async def call(session: aiohttp.ClientSession) -> Reply:
        length = {} if chunked else {"Content-Length": str(2**30)}
        try:
            async with session.post("http://desk/", data=flood(), headers=headers(wire) | length) as response:
                return response.status, await response.read()
        except aiohttp.ClientError:
            return 0, b"cut off"

    assert visit(tmp_path, inbox, call) in ((413, b""), (0, b"cut off"))
    assert inbox.refusals == [Refusal.TOO_LONG]
    assert inbox.bundles == []
    assert sent < 64 * longest(CellClass.LETTER, cells=8)


@pytest.mark.parametrize("rest", [b"", b"zz\r\n", b"40\r\nabc"], ids=["silence", "no chunk", "half a chunk"])
def test_a_delivery_that_breaks_off_is_no_fault_and_stores_nothing(tmp_path: Path, rest: bytes) -> None:
    inbox = Inboxed()
    wire = bundle(7).wire

    async def story() -> None:
        path = tmp_path / "endpoint.socket"
        faults: list[type[BaseException]] = []
        app = endpoint_app(RELAY_SETTINGS, take=inbox.take, tell=inbox.refusals.append, now=lambda: NOW)
        async with serve_on(app, path, on_fault=faults.append):
            _, writer = await asyncio.open_unix_connection(path)
            fields = "".join(f"{name}: {value}\r\n" for name, value in headers(wire).items())
            writer.write(f"POST / HTTP/1.1\r\nHost: desk\r\n{fields}Transfer-Encoding: chunked\r\n\r\n".encode())
            writer.write(b"7530\r\n" + wire[:30_000] + b"\r\n" + rest)
            await writer.drain()
            await asyncio.sleep(0.05)
            writer.close()
            await asyncio.sleep(0.1)
        assert faults == []

    asyncio.run(story())
    assert inbox.bundles == []
    # What is not even HTTP is answered before it reaches us.
    assert set(inbox.refusals) <= {Refusal.BROKEN_OFF}


@pytest.mark.parametrize("so_far", [HEADER_LEN - 1, HEADER_LEN + 1], ids=["in the header", "in a cell"])
def test_a_connection_that_ends_early_is_not_taken_for_a_forgery(tmp_path: Path, so_far: int) -> None:
    inbox, wire = Inboxed(), bundle(7).wire

    async def story() -> None:
        path = tmp_path / "endpoint.socket"
        app = endpoint_app(RELAY_SETTINGS, take=inbox.take, tell=inbox.refusals.append, now=lambda: NOW)
        async with serve_on(app, path):
            _, writer = await asyncio.open_unix_connection(path)
            fields = "".join(f"{name}: {value}\r\n" for name, value in headers(wire).items())
            writer.write(f"POST / HTTP/1.1\r\nHost: desk\r\n{fields}Content-Length: {len(wire)}\r\n\r\n".encode())
            writer.write(wire[:so_far])
            await writer.drain()
            writer.close()
            for _ in range(200):
                if inbox.refusals:
                    break
                await asyncio.sleep(0.02)

    asyncio.run(story())
    assert (inbox.refusals, inbox.bundles) == ([Refusal.BROKEN_OFF], [])


@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("POST", "/other"), ("PUT", "/"), ("GET", "/../x")])
def test_there_is_nothing_else(tmp_path: Path, method: str, path: str) -> None:
    async def call(session: aiohttp.ClientSession) -> Reply:
        async with session.request(method, f"http://desk{path}") as response:
            return response.status, await response.read()

    assert visit(tmp_path, Inboxed(), call) == (404, b"")


@settings(max_examples=15, deadline=None)
@given(at=st.integers(0, longest(CellClass.LETTER, cells=2) - 1), junk=st.binary(min_size=1, max_size=80))
def test_any_body_is_taken_or_refused(tmp_path_factory: pytest.TempPathFactory, at: int, junk: bytes) -> None:
    wire = bundle(7).wire
    body = wire[:at] + junk + wire[at + len(junk) :]
    inbox = Inboxed()
    status, _ = post(tmp_path_factory.mktemp("any"), inbox, body, headers(body))
    assert (status == 204) is (body == wire)
    assert status in (204, 400, 413)
