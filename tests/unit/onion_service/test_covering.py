"""A visit of cover does what a page does with each answer, ends when it should, and sends nothing but cover."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import CryptoError, Forged, Malformed
from crypto.layers import Kind, RoundKey, RoundNumber, peel
from crypto.signing import SigningKey
from onion_service import covering
from onion_service.covering import Doing, Lines, Surroundings, Visit, check_lists, keep_company
from onion_service.dial import Answer, Dialler
from onion_service.errors import AnswerTooLong, NotHttp, TorUnreachable
from onion_service.pace import PACE_SECONDS
from onion_service.refusals import CellRefused, DoorBroken, WrongRelay
from onion_service.socks import Login
from onion_service.trust import Trust
from tests.loopback_relay import World, road
from tests.loopback_reporter import Clock, run

Trouble = Answer | Exception
ROUND_SECONDS = 900


@dataclass
class Relay:
    """A loopback world's door, called without a connection; `troubles` come before its honest answers, by path."""

    world: World
    clock: Clock
    asked: list[tuple[float, str, int]] = field(default_factory=list)
    troubles: dict[str, list[Trouble]] = field(default_factory=dict)

    async def get(self, path: str, *, headers: Mapping[str, str], limit: int, timeout: float) -> Answer:  # noqa: ASYNC109
        return self._answer("GET", path, b"")

    async def post(
        self,
        path: str,
        body: bytes,
        *,
        headers: Mapping[str, str],
        limit: int,
        timeout: float,  # noqa: ASYNC109
    ) -> Answer:
        return self._answer("POST", path, body)

    def _answer(self, method: str, path: str, body: bytes) -> Answer:
        self.asked.append((self.clock.time, f"{method} {path}", len(body)))
        kind = path.rstrip("0123456789")
        if self.troubles.get(kind):
            trouble = self.troubles[kind].pop(0)
            if isinstance(trouble, Exception):
                raise trouble
            return trouble
        if path == "/":
            return Answer(200, self.world.page)
        if path == "/directory":
            return Answer(200, self.world.answer())
        if path == "/cells":
            self.world.posts.append(body)
            return Answer(self.world.take(body), b"")
        number = int(path.removeprefix("/rounds/"))
        closed = (number + 1) * ROUND_SECONDS <= self.clock.time
        return Answer(200, self.world.lists(number)) if closed else Answer(404, b"")

    @property
    def paths(self) -> list[str]:
        return [what for _, what, _ in self.asked]


@pytest.fixture
def relay(monkeypatch: pytest.MonkeyPatch) -> Relay:
    monkeypatch.setattr(covering, "stay", lambda _chance: 20.5 * PACE_SECONDS)
    clock = Clock()
    return Relay(World(now=clock.now, round_seconds=ROUND_SECONDS), clock)


def visit(relay: Relay, *, seed: int = 1) -> bool:
    around = Surroundings(relay.clock.now, relay.clock.rest, Random(seed))
    trust = Trust(relay.world.card)
    return run(Visit(onion=relay.world.card.onion, trust=trust, lines=Lines(relay, relay), around=around).make())


def test_a_visit_opens_the_page_and_brings_one_cover_cell_a_minute(relay: Relay) -> None:
    assert visit(relay)
    assert relay.paths[:3] == ["GET /", "GET /directory", "POST /cells"]
    posts = [at for at, what, _ in relay.asked if what == "POST /cells"]
    assert len(posts) == 21
    assert all(abs(later - earlier - PACE_SECONDS) < 0.1 for earlier, later in pairwise(posts))
    kinds = {peel(body, key).kind for body in relay.world.posts for key in _keys(relay) if key.tag == body[:16]}
    assert kinds == {Kind.COVER}


def _keys(relay: Relay) -> list[RoundKey]:
    return list(relay.world._keys.values())


def test_at_the_first_tick_of_a_round_it_fetches_the_key_and_then_the_list(relay: Relay) -> None:
    visit(relay)
    closed = int(relay.asked[0][0]) // ROUND_SECONDS
    edge = (closed + 1) * ROUND_SECONDS
    after = [what for at, what, _ in relay.asked if at >= edge]
    assert after[:2] == ["GET /directory", "POST /cells"]
    assert relay.paths.count(f"GET /rounds/{closed}") == 1
    assert relay.paths.count("GET /directory") == 1 + (int(relay.asked[-1][0]) // ROUND_SECONDS - closed)


@pytest.mark.parametrize("trouble", [Answer(503, b""), NotHttp("broken")])
def test_at_the_opening_it_tries_again(relay: Relay, trouble: Trouble) -> None:
    relay.troubles = {"/directory": [trouble] * 3}
    assert visit(relay)
    assert relay.paths[:5] == ["GET /"] + ["GET /directory"] * 4


def test_no_page_is_no_visit(relay: Relay) -> None:
    for trouble in (Answer(503, b""), Answer(404, b""), NotHttp("broken")):
        relay.troubles = {"/": [trouble]}
        assert not visit(relay)
    assert relay.paths == ["GET /"] * 3


def test_a_relay_that_never_gives_its_directory_has_no_visit(relay: Relay) -> None:
    relay.troubles = {"/directory": [Answer(503, b"")] * 1_000}
    assert not visit(relay)
    assert "POST /cells" not in relay.paths


def test_what_is_full_or_broken_waits_for_the_next_tick(relay: Relay) -> None:
    relay.troubles = {"/cells": [Answer(503, b""), NotHttp("broken"), NotHttp("broken")]}
    assert visit(relay)
    assert relay.paths.count("POST /cells") == 21


def test_a_relay_that_does_not_take_the_key_it_announces_waits_for_the_next_tick(relay: Relay) -> None:
    relay.troubles = {"/cells": [Answer(410, b"")]}
    visit(relay)
    assert relay.paths[2:5] == ["POST /cells", "GET /directory", "POST /cells"]
    assert relay.asked[4][0] - relay.asked[2][0] > PACE_SECONDS - 1


@pytest.mark.parametrize("remembered", [True, False])
def test_where_the_key_has_rotated_another_cell_is_brought_in_the_same_tick(relay: Relay, remembered: bool) -> None:
    lost = False
    answer = relay._answer

    def once(method: str, path: str, body: bytes) -> Answer:
        nonlocal lost
        if path == "/cells" and not lost:
            lost = True
            relay.world.retire_keys(remembered=remembered)
        return answer(method, path, body)

    relay._answer = once  # type: ignore[method-assign]
    visit(relay)
    assert relay.paths[:5] == ["GET /", "GET /directory", "POST /cells", "GET /directory", "POST /cells"]
    assert relay.asked[4][0] - relay.asked[2][0] < 1


@pytest.mark.parametrize(
    ("path", "trouble", "raised"),
    [
        ("/cells", Answer(400, b""), CellRefused),
        ("/cells", Answer(418, b""), DoorBroken),
        ("/directory", Answer(404, b""), DoorBroken),
        ("/directory", Answer(200, b"nonsense"), Malformed),
        ("/rounds/", Answer(418, b""), DoorBroken),
        ("/rounds/", Answer(200, b""), Malformed),
        ("/rounds/", AnswerTooLong("an answer of more than it may have"), DoorBroken),
        ("/", TorUnreachable("unix:/s", "nobody"), TorUnreachable),
    ],
)
def test_what_ends_a_page_ends_a_visit(relay: Relay, path: str, trouble: Trouble, raised: type[Exception]) -> None:
    relay.troubles = {path: [trouble]}
    with pytest.raises(raised):
        visit(relay)


def test_another_relay_than_the_card_s_gets_nothing(relay: Relay) -> None:
    other = World(now=relay.clock.now, root=relay.world.root, round_seconds=ROUND_SECONDS)
    relay.troubles = {"/directory": [Answer(200, other.answer())]}
    with pytest.raises(WrongRelay):
        visit(relay)
    assert relay.world.posts == []


def test_a_list_that_is_missing_is_asked_for_at_five_ticks(relay: Relay) -> None:
    relay.troubles = {"/rounds/": [Answer(404, b"")] * 5}
    visit(relay)
    closed = int(relay.asked[0][0]) // ROUND_SECONDS
    assert relay.paths.count(f"GET /rounds/{closed}") == 5


def test_a_closed_tab_breaks_off_what_is_on_the_line(relay: Relay) -> None:
    timeouts: list[float] = []

    async def get(path: str, *, headers: Mapping[str, str], limit: int, timeout: float) -> Answer:  # noqa: ASYNC109
        if path == "/":
            return Answer(200, b"")
        timeouts.append(timeout)
        relay.clock.time += timeout
        raise NotHttp("slow")

    relay.get = get  # type: ignore[method-assign]
    assert not visit(relay)
    assert max(timeouts) <= 180
    assert sum(timeouts) <= 20.5 * PACE_SECONDS


# --- lists -------------------------------------------------------------------------------------------------------


def test_the_lists_of_a_round_hold_and_others_do_not(relay: Relay) -> None:
    world, key = relay.world, relay.world.identities[-1].signing.verifying_key
    for number in (7, 8):
        check_lists(world.lists(number), number=RoundNumber(number), relay=key)
    with pytest.raises(Malformed):
        check_lists(world.lists(7), number=RoundNumber(8), relay=key)
    with pytest.raises(Malformed):
        check_lists(world.lists(8) * 2, number=RoundNumber(8), relay=key)
    with pytest.raises(Malformed):
        check_lists(world.lists(7), number=RoundNumber(7), relay=SigningKey.generate().verifying_key)
    forged = bytearray(world.lists(7))
    forged[-1] ^= 1
    with pytest.raises(Forged):
        check_lists(bytes(forged), number=RoundNumber(7), relay=key)


@given(st.binary(max_size=400))
def test_any_bytes_are_lists_or_refused(wire: bytes) -> None:
    with pytest.raises(CryptoError):
        check_lists(wire, number=RoundNumber(1), relay=SigningKey.generate().verifying_key)


# --- company -----------------------------------------------------------------------------------------------------


def company(
    outcomes: Callable[[int], bool | Exception], *, seconds: float = 36_000, every: float = 600
) -> tuple[list[float], list[tuple[int, Doing]]]:
    """When visits began, and what was told of them."""
    clock, begun, told = Clock(), list[float](), list[tuple[int, Doing]]()

    async def visit() -> bool:
        begun.append(clock.time)
        outcome = outcomes(len(begun))
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    around = Surroundings(clock.now, clock.rest, Random(1))
    run(keep_company(visit, around, every=every, seconds=seconds, told=lambda *news: told.append(news)))
    return begun, told


def test_visits_begin_by_chance_and_none_after_the_end() -> None:
    begun, told = company(lambda _: True)
    assert 40 < len(begun) < 80
    assert [news for news in told if news[0] == 1] == [(1, Doing.BEGINS), (1, Doing.OVER)]


def test_a_visit_that_came_to_nothing_is_told_and_the_next_one_comes() -> None:
    _, told = company(lambda number: number % 2 == 0)
    assert told.count((1, Doing.NOBODY)) == 1
    assert told.count((2, Doing.OVER)) == 1


def test_without_tor_it_ends_at_once_and_when_tor_goes_away_later_it_waits() -> None:
    gone = TorUnreachable("unix:/s", "nobody")
    with pytest.raises(ExceptionGroup) as ended:
        company(lambda _: gone)
    assert ended.value.subgroup(TorUnreachable) is not None
    begun, told = company(lambda number: True if number == 1 else gone)
    assert len(begun) > 10
    assert (2, Doing.NOBODY) in told


def test_a_relay_that_is_not_to_be_trusted_ends_it() -> None:
    with pytest.raises(ExceptionGroup) as ended:
        company(lambda number: True if number < 3 else Forged("not the root's"))
    assert ended.value.subgroup(Forged) is not None


# --- the line ----------------------------------------------------------------------------------------------------


def test_a_line_keeps_one_connection_and_two_lines_of_one_browser_have_one_login(tmp_path: Path) -> None:
    world = World(now=Clock().now)

    async def ask(dialler: Dialler) -> list[int]:
        login, url = Login(), f"http://{world.card.onion}/"
        async with dialler.line(url, login=login) as one, dialler.line(url, login=login) as two:
            answers = [await one.get("/", headers={}, limit=300_000, timeout=10) for _ in range(3)]
            answers.append(await two.post("/cells", bytes(32_768), headers={}, limit=100, timeout=10))
            answers.append(await two.get("/rounds/1", headers={}, limit=100_000, timeout=10))
        return [answer.status for answer in answers]

    with road(world, tmp_path) as built:
        assert asyncio.run(ask(Dialler(socks=built.socks))) == [200, 200, 200, HTTPStatus.BAD_REQUEST, 200]
    assert len(built.hosts) == 2
    assert len(set(built.logins)) == 1
