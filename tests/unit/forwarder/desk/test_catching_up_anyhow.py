"""A desk that comes for what it missed believes nothing and loses nothing, on a broken line or from an evil relay."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.cells import CellClass
from crypto.errors import CryptoError
from forwarder.bundles import longest
from forwarder.desk import catching_up
from forwarder.desk.catching_up import CatchingUp, Event, News
from forwarder.desk.endpoint import Refusal
from forwarder.desk.errors import NotStored
from forwarder.desk.inbox import Inbox, Receipt
from forwarder.desk.program import Desk
from forwarder.desk.verifying import TooLong, bundle_of
from forwarder.pulling import path_of
from onion_service.answers import NOT_FOUND
from onion_service.dial import Dialler
from onion_service.serving import Answer
from onion_service.socks import Login
from tests.loopback_relay import way
from tests.unit.forwarder.desk.relays import (
    HOST,
    PARTNERS,
    Broken,
    Clock,
    Relay,
    a_desk,
    begin,
    caught_up,
    expected,
    missing,
    nothing_is_missing,
    relay_for,
)
from tests.unit.forwarder.given import OTHER_RELAY, RELAY, bundle, number

pytestmark = pytest.mark.slow

LETTER, PARCEL = CellClass.LETTER, CellClass.PARCEL


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path / "desk") as made:
        yield made


def test_a_line_that_breaks_is_taken_up_where_it_broke(desk: Desk, tmp_path: Path) -> None:
    begin(desk)
    relay = relay_for(tmp_path)
    breaks = iter([3, 9, 10])
    at = next(breaks)

    def instead(_path: str) -> Answer | None:
        nonlocal at
        if len(relay.requests) == at:
            at = next(breaks, 0)
            return Broken()
        return None

    relay.instead = instead
    clock = Clock()
    news = caught_up(desk, relay, tmp_path / "net", clock=clock)
    assert nothing_is_missing(desk)
    # Each broken request is made once more, and no other.
    assert len(relay.paths) == len(expected()) + 3
    assert list(dict.fromkeys(relay.paths)) == expected()
    assert [one.event for one in news].count(Event.BROKEN) == 2
    assert clock.waits[:3] == [1.0, 1.0, 5.0]


def test_a_round_at_which_the_line_always_breaks_holds_up_no_other(desk: Desk, tmp_path: Path) -> None:
    begin(desk)
    relay = relay_for(tmp_path)
    bad = path_of(LETTER, number(4))

    relay.instead = lambda path: Broken() if path == bad else None
    caught_up(desk, relay, tmp_path / "net")
    assert relay.paths.count(bad) == catching_up.BREAKS
    assert [one for one, _ in missing(desk)] == [4]
    relay.instead = lambda _path: None
    caught_up(desk, relay, tmp_path / "net")
    assert nothing_is_missing(desk)


def _answer(body: bytes, status: int = 200) -> Answer:
    return Answer(status, "OK", body=body, content_type="application/octet-stream")


def _altered(wire: bytes, at: int) -> bytes:
    return wire[:at] + bytes([wire[at] ^ 1]) + wire[at + 1 :]


EVIL: Final[dict[str, Callable[[Relay], Answer]]] = {
    "another round": lambda relay: _answer(relay.store.read(LETTER, number(5))),
    "another class": lambda relay: _answer(relay.store.read(PARCEL, number(7))),
    "another relay": lambda _: _answer(bundle(4, relay=OTHER_RELAY).wire),
    "a changed cell": lambda relay: _answer(_altered(relay.store.read(LETTER, number(4)), 5_000)),
    "a changed signature": lambda relay: _answer(_altered(relay.store.read(LETTER, number(4)), -1)),
    "one byte less": lambda relay: _answer(relay.store.read(LETTER, number(4))[:-1]),
    "one byte more": lambda relay: _answer(relay.store.read(LETTER, number(4)) + b"\x00"),
    "nothing": lambda _: _answer(b""),
    "words": lambda _: _answer(b"not here\n"),
    "more cells than a bundle has": lambda _: _answer(bundle(4, cells=9).wire),
    "too much": lambda _: _answer(bytes(longest(LETTER, cells=8) + 1)),
    "a fault": lambda _: _answer(b"", 503),
    "a way elsewhere": lambda _: Answer(302, "Found", headers={"Location": "http://example.org/"}),
}


@pytest.mark.parametrize("evil", EVIL)
def test_what_is_not_the_bundle_is_refused_and_nothing_is_lost(desk: Desk, tmp_path: Path, evil: str) -> None:
    begin(desk)
    relay = relay_for(tmp_path)
    bad = path_of(LETTER, number(4))
    relay.instead = lambda path: EVIL[evil](relay) if path == bad else None
    news = caught_up(desk, relay, tmp_path / "net")
    refused = [one for one in news if one.event in (Event.REFUSED, Event.BUSY)]
    assert len(refused) == 1
    assert refused[0].cause in ({None} if evil == "a fault" else {Refusal.TOO_LONG, Refusal.NOT_A_BUNDLE})
    assert news[-1].event is Event.PARTLY
    assert missing(desk) == [(4, 4)]
    relay.instead = lambda _path: None
    caught_up(desk, relay, tmp_path / "net")
    assert nothing_is_missing(desk)


def test_an_endless_answer_is_cut_off_and_nothing_is_lost(desk: Desk, tmp_path: Path) -> None:
    begin(desk)
    relay = relay_for(tmp_path)
    sent = 0

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while True:
                writer.write(b"10000\r\n" + bytes(65_536) + b"\r\n")
                sent += 65_536
                await writer.drain()
        writer.close()

    news: list[News] = []
    clock = Clock()

    async def body() -> None:
        folder = tmp_path / "evil"
        folder.mkdir()
        with way([HOST], folder / "door", folder / "socks") as road:
            server = await asyncio.start_unix_server(endless, str(folder / "door"))
            dialler = Dialler(socks=road.socks, connect_seconds=5.0)
            async with asyncio.timeout(60):
                await CatchingUp(
                    desk, PARTNERS, line=lambda: dialler.line(f"http://{HOST}/", login=Login()),
                    now=lambda: clock.now, rest=clock.rest, told=news.append,
                ).once()  # fmt: skip
            server.close()

    asyncio.run(body())
    # After so many letters come the parcels, of which there are fewer.
    useless = catching_up.USELESS + 6
    said = [one.event for one in news if one.event is not Event.GOING_ON]
    assert said == [Event.BEGUN, *[Event.REFUSED] * useless, Event.STOPPED]
    assert {one.why for one in news if one.event is Event.REFUSED} == {Refusal.TOO_LONG.value}
    assert sent < 64 * useless * longest(PARCEL, cells=8)
    assert desk.inbox.empty
    caught_up(desk, relay, tmp_path / "net")
    assert nothing_is_missing(desk)


def test_a_relay_whose_answers_are_of_no_use_is_left_alone_until_the_next_round(desk: Desk, tmp_path: Path) -> None:
    begin(desk)
    relay = relay_for(tmp_path)
    relay.instead = lambda _path: _answer(b"?")
    news = caught_up(desk, relay, tmp_path / "net")
    assert [path.split("/")[2] for path in relay.paths] == ["letters"] * catching_up.USELESS + ["parcels"] * 6
    assert news[-1].event is Event.STOPPED


@pytest.mark.parametrize("evil", ["a fault", "more cells than a bundle has", "too much"])
@pytest.mark.parametrize("bad", [range(1, 11), range(14, 24), range(8, 18)])
def test_what_is_of_no_use_holds_up_nothing_that_is(desk: Desk, tmp_path: Path, evil: str, bad: range) -> None:
    begin(desk)
    relay = relay_for(tmp_path)
    paths = {path_of(LETTER, number(one)) for one in bad}
    relay.instead = lambda path: EVIL[evil](relay) if path in paths else None
    caught_up(desk, relay, tmp_path / "net", times=2)
    assert missing(desk) == [(bad[0], bad[-1])]
    # What is good again is taken, although it was behind.
    relay.instead = lambda _path: None
    caught_up(desk, relay, tmp_path / "net")
    assert nothing_is_missing(desk)


def test_what_was_of_no_use_waits_behind_what_was_not_asked_for(desk: Desk, tmp_path: Path) -> None:
    begin(desk)
    relay = relay_for(tmp_path)
    relay.instead = lambda path: _answer(b"?") if path.startswith("/bundles/letters/") else None
    caught_up(desk, relay, tmp_path / "net", times=2)
    letters = [path for path in relay.paths if path.startswith("/bundles/letters/")]
    assert len(letters) == 3 * catching_up.USELESS
    assert len(set(letters[: 2 * catching_up.USELESS])) == 2 * catching_up.USELESS
    assert set(letters[2 * catching_up.USELESS :]) <= set(letters[: 2 * catching_up.USELESS])


def test_an_answer_that_there_is_none_breaks_the_row(desk: Desk, tmp_path: Path) -> None:
    begin(desk)
    relay = relay_for(tmp_path)

    def every_fifth_is_missing(path: str) -> Answer:
        return NOT_FOUND if int(path[-16:]) % 5 == 0 else _answer(b"?")

    relay.instead = every_fifth_is_missing
    news = caught_up(desk, relay, tmp_path / "net")
    assert len(relay.requests) == len(expected())
    assert news[-1].event is Event.PARTLY


def test_a_full_disk_stops_it_and_nothing_is_lost(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(desk)
    relay = relay_for(tmp_path)

    def full(*_: object) -> Receipt:
        raise NotStored("no room")

    with monkeypatch.context() as patched:
        patched.setattr(Inbox, "take", full)
        news = caught_up(desk, relay, tmp_path / "net")
    assert [one.event for one in news] == [Event.BEGUN, Event.STOPPED]
    assert Refusal.NOT_STORED.value in news[-1].why
    assert len(relay.requests) == 1
    caught_up(desk, relay, tmp_path / "net")
    assert nothing_is_missing(desk)


@given(st.binary(max_size=400))
def test_any_bytes_are_the_bundle_or_refused(wire: bytes) -> None:
    with suppress(CryptoError, TooLong):
        bundle_of(wire, relay=RELAY.verifying_key, cell_class=LETTER, round_number=number(4), cells=8)
        raise AssertionError("nobody signed these bytes")


@given(at=st.integers(0, longest(LETTER, cells=2) - 1), junk=st.binary(min_size=1, max_size=80))
def test_a_bundle_with_anything_changed_is_refused(at: int, junk: bytes) -> None:
    wire = bundle(4).wire
    changed = wire[:at] + junk + wire[at + len(junk) :]
    if changed != wire:
        with suppress(CryptoError, TooLong):
            bundle_of(changed, relay=RELAY.verifying_key, cell_class=LETTER, round_number=number(4), cells=8)
            raise AssertionError("it was changed")
