"""A desk that was off has what it missed as soon as it is unlocked, and what it asks for says nothing.

The relay's side is the real one, behind a SOCKS port on this machine; only tor is missing.
"""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import pytest

from crypto.bundle import Bundle
from crypto.cells import CellClass
from crypto.layers import RoundNumber
from forwarder.desk import rounds
from forwarder.desk.catching_up import CatchingUp, Event
from forwarder.desk.database import Database
from forwarder.desk.program import Desk
from forwarder.pulling import path_of
from onion_service.answers import NOT_FOUND
from onion_service.client_auth import ClientKey, check_public
from onion_service.socks import Login
from tests.privacy.mutants import caught
from tests.unit.forwarder.desk.given import (
    new_desk,
    open_desk,
)
from tests.unit.forwarder.desk.relays import (
    HOST,
    LAST,
    PARTNERS,
    Clock,
    a_desk,
    begin,
    caught_up,
    expected,
    nothing_is_missing,
    relay_for,
    served,
)
from tests.unit.forwarder.given import RELAY, ROUND_SECONDS, bundle, number

pytestmark = pytest.mark.slow

LETTER, PARCEL = CellClass.LETTER, CellClass.PARCEL


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path / "desk") as made:
        yield made


def test_a_desk_that_was_off_has_every_round_at_once_and_its_reports_are_whole(desk: Desk, tmp_path: Path) -> None:
    begin(desk)
    relay = relay_for(tmp_path)
    for one in (1, 2):
        desk.take(Bundle.parse(relay.store.read(LETTER, number(one)), relay=RELAY.verifying_key))
    news = caught_up(desk, relay, tmp_path / "net")
    assert nothing_is_missing(desk)
    assert [(e.round_number, e.report.text) for e in desk.inbox.entries()] == [
        (n, f"Ronda {n}") for n in (5, 10, 15, 20)
    ]
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
    """The proof: the same requests, byte for byte, and all of one size, whether there were reports for us or not."""
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


def test_what_the_relay_has_not_is_noted_and_shown(desk: Desk, tmp_path: Path) -> None:
    begin(desk)
    relay = relay_for(tmp_path)
    gone = {path_of(LETTER, number(one)) for one in (9, 10)}
    relay.instead = lambda path: NOT_FOUND if path in gone else None
    # Once more when a newer one is here, which shows that the relay has passed that round; then not again.
    news = caught_up(desk, relay, tmp_path / "net", times=3)
    assert relay.paths == [*expected(), *sorted(gone)]
    assert [one.event for one in news if one.done == one.of] == [Event.PARTLY, Event.DONE]
    (letters_stand, _) = desk.rounds(now=Clock().now)
    assert [(one.first, one.last) for one in letters_stand.not_kept] == [(9, 10)]
    assert letters_stand.to_come == ()


def nothing_is_lost_by_a_fast_clock(folder: Path) -> None:
    """The proof: two hours fast, for nine rounds that are not over a desk hears "none"; when they are it has them."""
    relay = relay_for(folder)
    clock = Clock()
    relay.passed = LAST - 9
    with a_desk(folder / "desk") as desk:
        begin(desk)
        first = caught_up(desk, relay, folder / "net", clock=clock)
        assert len(relay.requests) == len(expected())
        assert first[-1].event is Event.PARTLY
        assert [(one.not_kept, one.lost) for one in desk.rounds(now=clock.now)] == [((), ())] * 2
        relay.passed = LAST
        second = caught_up(desk, relay, folder / "net", clock=clock)
        assert second[-1].event is Event.DONE
        assert nothing_is_missing(desk)
        assert [e.report.text for e in desk.inbox.entries()] == [f"Ronda {n}" for n in (5, 10, 15, 20)]


def test_a_desk_whose_clock_was_fast_asks_again_when_the_rounds_are_over(tmp_path: Path) -> None:
    nothing_is_lost_by_a_fast_clock(tmp_path)


def _believes_it(database: Database, cell_class: CellClass, round_number: RoundNumber) -> bool:
    with database.change() as opened:
        opened.execute("INSERT OR IGNORE INTO not_kept VALUES (?, ?)", (cell_class.value, round_number))
    return True


def test_a_desk_that_believes_that_there_is_none_of_a_round_that_is_not_over_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "note_not_kept", _believes_it)
    caught("pull", "believes that none is kept of a round that is not over", nothing_is_lost_by_a_fast_clock, tmp_path)


def test_a_clock_that_is_set_back_is_noticed(desk: Desk, tmp_path: Path) -> None:
    clock = Clock()
    asked: list[float] = []

    class Watched(CatchingUp):
        async def once(self) -> int:
            asked.append(clock.now)
            if len(asked) == 3:
                raise asyncio.CancelledError
            return 0

    async def rest(seconds: float) -> None:
        await clock.rest(seconds)
        if len(asked) == 1:
            clock.now -= 86_400.0  # a day, while it waits

    def no_line() -> NoReturn:
        raise AssertionError("nothing is asked for")

    catching = Watched(desk, PARTNERS, line=no_line, now=lambda: clock.now, rest=rest, told=lambda _: None)
    with suppress(asyncio.CancelledError):
        asyncio.run(catching.run())
    assert asked[1] < asked[0] - 80_000
    assert ROUND_SECONDS / 2 - 30 <= asked[2] - asked[1] <= 2 * ROUND_SECONDS


def test_what_is_pushed_meanwhile_is_stored_once(desk: Desk, tmp_path: Path) -> None:
    begin(desk)
    relay = relay_for(tmp_path)

    def push(path: str) -> None:
        # The relay's push of the next round comes while this one is pulled.
        if path.startswith("/bundles/letters/") and (one := int(path[-16:])) < LAST:
            desk.take(Bundle.parse(relay.store.read(LETTER, number(one + 1)), relay=RELAY.verifying_key))

    relay.instead = push
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
