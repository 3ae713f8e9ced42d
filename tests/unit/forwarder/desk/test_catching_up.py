"""A desk that was off has what it missed as soon as it is unlocked, from a relay that may be broken or evil.

The relay's side is the real one, behind a SOCKS port on this machine; only tor is missing.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from crypto.bundle import Bundle
from crypto.cells import CellClass
from crypto.errors import CryptoError
from crypto.report import Report
from forwarder import pulling
from forwarder.bundles import BundleStore, longest
from forwarder.desk import catching_up
from forwarder.desk.catching_up import CatchingUp, Event, News
from forwarder.desk.config import Config, RelaySettings, Settings
from forwarder.desk.endpoint import Refusal
from forwarder.desk.errors import NotStored
from forwarder.desk.inbox import Inbox, Receipt
from forwarder.desk.program import Desk
from forwarder.desk.verifying import TooLong, bundle_of
from forwarder.pulling import partners_door, path_of
from onion_service.answers import NOT_FOUND
from onion_service.client_auth import ClientKey, check_public
from onion_service.dial import Dialler
from onion_service.serving import Answer, Handler, serve_on
from onion_service.socks import Login
from tests.loopback_relay import way
from tests.privacy.mutants import caught
from tests.unit.forwarder.desk.given import (
    CHEAP,
    OURS,
    PARTNER,
    PASSPHRASE,
    RELAY_SETTINGS,
    attached,
    letters,
    new_desk,
    open_desk,
    parcels,
)
from tests.unit.forwarder.given import OTHER_RELAY, RELAY, ROUND_SECONDS, bundle, number

LETTER, PARCEL = CellClass.LETTER, CellClass.PARCEL
HOST: Final = "2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion"
PARTNERS: RelaySettings = msgspec.structs.replace(RELAY_SETTINGS, partners_onion=HOST, keep_rounds=100)
LAST: Final = 23


class Clock:
    """Time that passes only when somebody waits."""

    def __init__(self) -> None:
        self.now = (LAST + 1) * ROUND_SECONDS + 60.0
        self.waits: list[float] = []

    async def rest(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


@dataclass
class Relay:
    """A relay that keeps rounds up to LAST, and the requests that came to its partners' onion, as they were."""

    store: BundleStore
    requests: list[bytes] = field(default_factory=list)
    instead: Callable[[str], Answer | None | Awaitable[Answer]] = lambda _path: None

    def door(self) -> Handler:
        honest = partners_door(self.store, may_go=lambda _: True)

        async def handle(request: web.BaseRequest) -> Answer:
            head = b"".join(b"%s: %s\r\n" % pair for pair in request.raw_headers)
            self.requests.append(f"{request.method} {request.raw_path} HTTP/1.1\r\n".encode() + head)
            other = self.instead(request.raw_path)
            if isinstance(other, Answer):
                return other
            return await honest(request) if other is None else await other

        return handle

    @property
    def paths(self) -> list[str]:
        return [one.split(b" ")[1].decode() for one in self.requests]


def a_desk(folder: Path) -> Desk:
    """An unlocked desk with the keys of the tests and an inbox of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = Settings(Config(partner=PARTNER, relay=PARTNERS), folder)
    return Desk(settings, (OURS,), Inbox.create(folder, passphrase=PASSPHRASE, cost=CHEAP))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path / "desk") as made:
        yield made


def relay_for(folder: Path, *, reports: bool = True) -> Relay:
    """Rounds 1 to LAST: a report in every fifth, one with an attachment whose part leaves with the parcels of round 7."""
    store = BundleStore(folder / "bundles", keep_rounds=100)
    whole, parts = attached(b"%PDF-" * 1_000)
    lacking, _ = attached(b"never sent")
    for one in range(1, LAST + 1):
        mine = [Report(text=f"Ronda {one}", attachments=[whole, lacking])] if reports and one % 5 == 0 else []
        store.write(letters(one, *mine))
        if one % 4 == 3:
            store.write(parcels(one, *(parts if reports and one == 7 else [])))
    return Relay(store)


@asynccontextmanager
async def served(relay: Relay, folder: Path) -> AsyncIterator[Dialler]:
    """A dialler that finds this relay's partners' onion."""
    folder.mkdir(exist_ok=True)
    door, socks = folder / "door", folder / "socks"
    with way([HOST], door, socks) as road:
        async with serve_on(relay.door(), door, limits=pulling.limits(4), refusals=pulling.REFUSALS):
            yield Dialler(socks=road.socks, connect_seconds=5.0)


def caught_up(
    desk: Desk, relay: Relay, folder: Path, *, clock: Clock | None = None, times: int = 1, kind: type[CatchingUp] = CatchingUp
) -> list[News]:
    """What is told while the desk catches up."""
    news: list[News] = []
    time = clock or Clock()

    async def body() -> None:
        async with served(relay, folder) as dialler, asyncio.timeout(60):
            catching = kind(
                desk,
                desk.settings.relay,
                line=lambda: dialler.line(f"http://{HOST}/", login=Login()),
                now=lambda: time.now,
                rest=time.rest,
                told=news.append,
            )
            for _ in range(times):
                await catching.once()

    asyncio.run(body())
    return news


def expected() -> list[str]:
    """Every path a desk that began with round 1 and has nothing asks for."""
    rounds = [(LETTER, one) for one in range(1, LAST + 1)] + [(PARCEL, one) for one in range(3, LAST + 1, 4)]
    return [path_of(kind, number(one)) for kind, one in rounds]


def begin(desk: Desk) -> None:
    """The desk has run in round 1 and was closed since."""
    desk.wanted(now=1 * ROUND_SECONDS + 60.0)


def nothing_is_missing(desk: Desk) -> bool:
    return not any(one.to_come or one.lost or one.not_kept for one in desk.rounds(now=Clock().now))


def test_a_desk_that_was_off_has_every_round_at_once_and_its_reports_are_whole(desk: Desk, tmp_path: Path) -> None:
    begin(desk)
    relay = relay_for(tmp_path)
    for one in (1, 2):
        desk.take(Bundle.parse(relay.store.read(LETTER, number(one)), relay=RELAY.verifying_key))
    news = caught_up(desk, relay, tmp_path / "net")
    assert nothing_is_missing(desk)
    assert [(e.round_number, e.report.text) for e in desk.inbox.entries()] == [(n, f"Ronda {n}") for n in (5, 10, 15, 20)]
    whole, lacking = desk.inbox.entry(1).report.attachments
    assert desk.inbox.attachment(whole) == b"%PDF-" * 1_000
    assert desk.inbox.attachment(lacking) is None
    assert relay.paths == expected()[2:]
    assert [one.event for one in news] == [Event.BEGUN, Event.GOING_ON, Event.GOING_ON, Event.DONE]
    assert [(one.done, one.of) for one in news] == [(0, 27), (10, 27), (20, 27), (27, 27)]


def test_who_lacks_nothing_asks_for_nothing(desk: Desk, tmp_path: Path) -> None:
    begin(desk)
    relay = relay_for(tmp_path)
    caught_up(desk, relay, tmp_path / "net", times=3)
    assert relay.paths == expected()


class AsksForMissingParts(CatchingUp):
    """A mutant: comes once more for parcels while an attachment is not whole."""

    async def once(self) -> int:
        asked = await super().once()
        desk: Any = self._store
        while any(desk.inbox.missing(one) for entry in desk.inbox.entries() for one in entry.report.attachments):
            async with self._line() as line:
                await line.get(path_of(PARCEL, number(LAST)), headers={}, limit=10**8, timeout=30)
            break
        return asked


def requests_say_nothing(folder: Path, kind: type[CatchingUp]) -> None:
    """The proof: the same requests, byte for byte, and all of one size, whether there were reports for this desk or not."""
    seen = []
    for reports in (True, False):
        at = folder / str(reports)
        with a_desk(at / "desk") as desk:
            begin(desk)
            relay = relay_for(at, reports=reports)
            caught_up(desk, relay, at / "net", kind=kind)
            assert desk.inbox.empty is not reports
        seen.append(relay.requests)
    assert seen[0] == seen[1]
    assert len({len(one) for one in seen[0]}) == 1


def test_what_is_asked_for_does_not_depend_on_what_came(tmp_path: Path) -> None:
    requests_say_nothing(tmp_path, CatchingUp)


def test_a_desk_that_asks_for_missing_parts_is_caught(tmp_path: Path) -> None:
    caught("pull", "asks again for missing parts", requests_say_nothing, tmp_path, AsksForMissingParts)


def test_a_line_that_breaks_is_taken_up_where_it_broke(desk: Desk, tmp_path: Path) -> None:
    begin(desk)
    relay = relay_for(tmp_path)
    breaks = iter([3, 9, 10])
    at = next(breaks)

    async def broken() -> Answer:
        raise ConnectionResetError

    def instead(_path: str) -> Awaitable[Answer] | None:
        nonlocal at
        if len(relay.requests) == at:
            at = next(breaks, 0)
            return broken()
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

    async def broken() -> Answer:
        raise ConnectionResetError

    relay.instead = lambda path: broken() if path == bad else None
    caught_up(desk, relay, tmp_path / "net")
    assert relay.paths.count(bad) == catching_up.BREAKS
    assert [one for one, _ in _missing(desk)] == [4]
    relay.instead = lambda _path: None
    caught_up(desk, relay, tmp_path / "net")
    assert nothing_is_missing(desk)


def _missing(desk: Desk) -> list[tuple[int, int]]:
    return [(s.first, s.last) for one in desk.rounds(now=Clock().now) for s in (*one.to_come, *one.not_kept, *one.lost)]


def _answer(body: bytes, status: int = 200) -> Answer:
    return Answer(status, "OK", body=body, content_type="application/octet-stream")


def _altered(wire: bytes, at: int) -> bytes:
    return wire[:at] + bytes([wire[at] ^ 1]) + wire[at + 1 :]


EVIL: Final = {
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
    refused = [one for one in news if one.event is Event.REFUSED]
    assert len(refused) == 1
    assert refused[0].why in {Refusal.TOO_LONG.value, Refusal.NOT_A_BUNDLE.value}
    assert _missing(desk) == [(4, 4)]
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
    assert [one.event for one in news] == [Event.BEGUN, *[Event.REFUSED] * catching_up.REFUSED, Event.STOPPED]
    assert {one.why for one in news if one.event is Event.REFUSED} == {Refusal.TOO_LONG.value}
    assert sent < 64 * catching_up.REFUSED * longest(LETTER, cells=8)
    assert desk.inbox.empty
    caught_up(desk, relay, tmp_path / "net")
    assert nothing_is_missing(desk)


def test_a_relay_whose_answers_are_of_no_use_is_left_alone_until_the_next_round(desk: Desk, tmp_path: Path) -> None:
    begin(desk)
    relay = relay_for(tmp_path)
    relay.instead = lambda _path: _answer(b"?")
    news = caught_up(desk, relay, tmp_path / "net")
    assert len(relay.requests) == catching_up.REFUSED
    assert news[-1].event is Event.STOPPED


def test_what_the_relay_has_not_is_noted_and_shown(desk: Desk, tmp_path: Path) -> None:
    begin(desk)
    relay = relay_for(tmp_path)
    gone = {path_of(LETTER, number(one)) for one in (9, 10)}
    relay.instead = lambda path: NOT_FOUND if path in gone else None
    caught_up(desk, relay, tmp_path / "net", times=2)
    assert len(relay.requests) == len(expected())
    (letters_stand, _) = desk.rounds(now=Clock().now)
    assert [(one.first, one.last) for one in letters_stand.not_kept] == [(9, 10)]
    assert letters_stand.to_come == ()


def test_a_full_disk_stops_it_and_nothing_is_lost(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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


def test_what_is_pushed_meanwhile_is_stored_once(desk: Desk, tmp_path: Path) -> None:
    begin(desk)
    relay = relay_for(tmp_path)

    def push(path: str) -> None:
        # The relay's push of the next round comes while this one is pulled.
        if path.startswith("/bundles/letters/") and (one := int(path[-16:])) < LAST:
            desk.take(Bundle.parse(relay.store.read(LETTER, number(one + 1)), relay=RELAY.verifying_key))

    relay.instead = push  # type: ignore[assignment]
    news = caught_up(desk, relay, tmp_path / "net")
    assert nothing_is_missing(desk)
    assert Event.REFUSED not in [one.event for one in news]
    assert [e.report.text for e in desk.inbox.entries()] == [f"Ronda {n}" for n in (5, 10, 15, 20)]


def test_from_then_on_it_comes_in_the_middle_of_a_round_for_what_nobody_brought(desk: Desk, tmp_path: Path) -> None:
    begin(desk)
    relay = relay_for(tmp_path)
    clock = Clock()
    asked: list[tuple[float, int]] = []

    async def body() -> None:
        async with served(relay, tmp_path / "net") as dialler, asyncio.timeout(60):

            class Watched(CatchingUp):
                async def once(self) -> int:
                    at = clock.now
                    asked.append((at, await super().once()))
                    return asked[-1][1]

            async def rest(seconds: float) -> None:
                await clock.rest(seconds)
                if len(asked) == 4:
                    raise asyncio.CancelledError
                # Push brings the rounds after the first of them in time.
                for one in range(LAST + 2, int(clock.now) // ROUND_SECONDS):
                    desk.take(bundle(one))
                    if one % 4 == 3:
                        desk.take(bundle(one, cell_class=PARCEL))

            relay.store.write(bundle(LAST + 1))
            with suppress(asyncio.CancelledError):
                await Watched(
                    desk, PARTNERS, line=lambda: dialler.line(f"http://{HOST}/", login=Login()),
                    now=lambda: clock.now, rest=rest, told=lambda _: None,
                ).run()  # fmt: skip

    asyncio.run(body())
    edge = (LAST + 1) * ROUND_SECONDS
    assert asked == [
        (edge + 60, len(expected())),
        (edge + 1.5 * ROUND_SECONDS, 1),
        (edge + 2.5 * ROUND_SECONDS, 0),
        (edge + 3.5 * ROUND_SECONDS, 0),
    ]


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


def test_the_settings_name_where_to_come_to_and_the_card_with_which_key(tmp_path: Path) -> None:
    with new_desk(tmp_path, relay=PARTNERS) as desk:
        assert desk.settings.relay == PARTNERS
        assert len(check_public(desk.card.pull_key)) == 52
        secret = bytes(desk.inbox.database.one("SELECT secret FROM own_keys WHERE name = 'pull'"))
        assert ClientKey(secret).public == desk.card.pull_key
        before = desk.card
    with open_desk(tmp_path) as desk:
        assert desk.card == before
    assert secret not in b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
