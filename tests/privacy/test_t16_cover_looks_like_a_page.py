"""T16: a visit of `veladora cover` looks like a page's. Both ask the door for the same things at the same times.

The page's visits are those of the browser's client (onion_service/client/tests/visits.js); cover's are those of the
real Visit on lines that fail in the same way, in a time that passes for them alone.
"""

import asyncio
import math
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any, Final

import pytest

from crypto.bundle import Bundle
from crypto.cells import CellClass
from crypto.directory import Card
from crypto.keys import KeyKind, RelayKey, generate
from crypto.layers import RoundNumber
from crypto.signing import SigningKey
from onion_service import covering, pace
from onion_service.address import OnionAddress
from onion_service.covering import Lines, Surroundings, Visit
from onion_service.dial import Answer, Dialler
from onion_service.errors import NotHttp, TimedOut
from onion_service.site import PAGE_LEN
from onion_service.socks import Login
from onion_service.trust import Trust
from tests.browser import client
from tests.browser.gate import gate_before
from tests.loopback_relay import way
from tests.privacy.bands import auc, furthest
from tests.privacy.mutants import caught
from tests.privacy.test_t16_a_visit_looks_like_a_report import (
    FEATURES,
    LETTER,
    learnt,
    surprise,
    visits,
)
from tests.privacy.test_t16_a_visit_looks_like_a_report import Visit as Seen
from tests.rig import Rig

VISITS: Final = 5_000
LESSONS: Final = 1_500
PERIOD: Final = 900
START: Final = 1_700_000_100
SEAL_SECONDS: Final = 0.035
CLOSING_MAX: Final = 20.0
KEY: Final = SigningKey.generate()
_Z: Final = 3.8906
_KS: Final = 2.2252


class QuickTrust:
    """What a visitor believes, without cryptography."""

    directory: Any = SimpleNamespace(round_seconds=PERIOD, route=[SimpleNamespace(identity=KEY.verifying_key)])
    key_round = RoundNumber(-1)

    @property
    def first_key(self) -> Any:  # noqa: ANN401 - compared, and no more
        return self.key_round

    def take(self, answer: bytes, *, now: float) -> Any:  # noqa: ANN401
        self.key_round = RoundNumber(int.from_bytes(answer, "big"))
        return self.directory

    def is_fresh(self, *, now: float) -> bool:
        return self.key_round + 1 >= self.round_at(now)

    def round_at(self, now: float) -> RoundNumber:
        return RoundNumber(int(now // PERIOD))

    def cover(self, cell_class: CellClass) -> bytes:
        return bytes(cell_class.wire_length)


@dataclass
class FailingLine:
    """A line that is slow, and sometimes breaks or finds the relay full; the same as that of visits.js."""

    chance: Random
    time: float = 0.0
    closing: float = 0.0
    seen: list[tuple[float, str, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.time = START + self.chance.random() * PERIOD
        self.closing = self.chance.random() * CLOSING_MAX

    async def rest(self, seconds: float) -> None:
        self.time += seconds

    async def get(self, path: str, *, headers: Mapping[str, str], limit: int, timeout: float) -> Answer:  # noqa: ASYNC109
        return await self._ask("GET", path, 0, timeout)

    async def post(
        self,
        path: str,
        body: bytes,
        *,
        headers: Mapping[str, str],
        limit: int,
        timeout: float,  # noqa: ASYNC109
    ) -> Answer:
        return await self._ask("POST", path, len(body), timeout)

    async def _ask(self, method: str, path: str, size: int, most: float) -> Answer:
        if path == "/":
            # The page is whole before its script begins, and visits.js begins there.
            return Answer(200, b"")
        self.seen.append((self.time, f"{method} {path.rstrip('0123456789')}{'n' * path.startswith('/rounds')}", size))
        wait, luck = 0.4 - 1.5 * math.log(1 - self.chance.random()), self.chance.random()
        self.time += min(wait, most)
        if wait >= most:
            raise TimedOut("the tab was closed")
        if luck < 0.03:
            raise NotHttp("the line broke")
        if luck < 0.05:
            return Answer(503, b"")
        if luck < 0.06 and path == "/cells":
            return Answer(410, b"")
        return self._answer(path)

    def _answer(self, path: str) -> Answer:
        if path == "/directory":
            return Answer(200, int(self.time // PERIOD).to_bytes(8, "big"))
        if path == "/cells":
            return Answer(202, b"")
        asked = int(path.removeprefix("/rounds/"))
        early = self.time < (asked + 1) * PERIOD + self.closing
        return Answer(404, b"") if early else Answer(200, _list(asked))


@cache
def _list(number: int) -> bytes:
    cell = bytes(CellClass.LETTER.length_after(1))
    bundle = Bundle.sign([cell], cell_class=CellClass.LETTER, round_number=RoundNumber(number), relay=KEY)
    return bundle.hash_list.wire


def covered(count: int, *, seed: int) -> list[Seen]:
    """So many visits of cover."""
    return [asyncio.run(_one(Random(seed + at))) for at in range(count)]


async def _one(chance: Random) -> Seen:
    line = FailingLine(chance)
    around = Surroundings(lambda: line.time, line.rest, chance)
    await Visit(onion="a.onion", trust=QuickTrust(), lines=Lines(line, line), around=around).make()
    begins = line.seen[0][0]
    return watched(Seen("", tuple((at - begins, what, size) for at, what, size in line.seen)))


def watched(visit: Seen) -> Seen:
    """The visit by a watch that shows milliseconds: how a machine rounds is none of its traces."""
    return Seen(visit.letter, tuple((round(at, 3), what, size) for at, what, size in visit.requests))


def pages(count: int, *, seed: int) -> list[Seen]:
    """So many visits of the browser's client."""
    return list(map(watched, visits(client.CLIENT, count=count, seed=seed, report=False, seal=SEAL_SECONDS)))


def nothing_tells_cover_from_a_page(count: int, lessons: int) -> dict[str, float]:
    """The proof: neither any feature, nor all of them together, nor what was asked for."""
    browsers, cover = pages(count, seed=0), covered(count, seed=10**6)
    taught = pages(lessons, seed=3 * 10**6), covered(lessons, seed=4 * 10**6)
    auc_max, ks_max = _Z * math.sqrt((2 * count + 1) / 12) / count, _KS * math.sqrt(2 / count)
    far = {}
    for name, feature in FEATURES.items():
        ones, others = list(map(feature, browsers)), list(map(feature, cover))
        far[name] = auc(ones, others) - 0.5
        assert abs(far[name]) <= auc_max, name
        assert furthest(ones, others) <= ks_max, name

    def row(visit: Seen) -> list[float]:
        return [feature(visit) for feature in FEATURES.values()]

    score = learnt(*([row(visit) for visit in lesson] for lesson in taught))
    far["all together"] = auc([score(row(visit)) for visit in browsers], [score(row(visit)) for visit in cover]) - 0.5
    assert abs(far["all together"]) <= auc_max
    found, bound = surprise(browsers, cover)
    assert found <= bound
    assert {size for visit in cover for _, what, size in visit.requests if what == "POST /cells"} == {LETTER}
    return far


@pytest.fixture(autouse=True)
def one_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A seal takes as long as it takes in visits.js, where it is always the same."""
    monkeypatch.setattr(covering, "_SEAL_SECONDS", (SEAL_SECONDS, SEAL_SECONDS))


@pytest.mark.slow
def test_nothing_tells_cover_from_a_page() -> None:
    far = nothing_tells_cover_from_a_page(VISITS, LESSONS)
    worst = max(far, key=lambda name: abs(far[name]))
    print(f"T16: {VISITS} visits of cover and of a page: worst |AUC - 1/2| {abs(far[worst]):.4f} ({worst}),", end=" ")
    print(f"all features together {far['all together']:+.4f}")


async def _nothing(_: Visit) -> None:
    """It asks for no lists."""


class _Hasty(pace.Grid):
    def wait(self, now: float) -> float:
        """A little too soon, each time."""
        return max(0.0, super().wait(now) - 1.0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mutant", "where", "name", "instead"),
    [
        ("no GET /rounds", Visit, "_look", _nothing),
        ("stay for ten minutes each time", covering, "stay", lambda _chance: 600.0),
        ("come before the tick", covering, "Grid", _Hasty),
    ],
)
def test_cover_that_is_no_page_is_caught(
    monkeypatch: pytest.MonkeyPatch, mutant: str, where: object, name: str, instead: object
) -> None:
    monkeypatch.setattr(where, name, instead)
    caught("T16", mutant, nothing_tells_cover_from_a_page, 600, 200)


# --- on the wire -------------------------------------------------------------------------------------------------

# The names of the headers that a Firefox ESR with Tor Browser's settings sent from the page itself, in their order.
FROM_A_PAGE: Final = {
    "GET /": "Host User-Agent Accept Accept-Language Accept-Encoding Sec-GPC Connection Upgrade-Insecure-Requests "
    "Sec-Fetch-Dest Sec-Fetch-Mode Sec-Fetch-Site Sec-Fetch-User Priority",
    "GET /directory": "Host User-Agent Accept Accept-Language Accept-Encoding Sec-GPC Connection Sec-Fetch-Dest "
    "Sec-Fetch-Mode Sec-Fetch-Site Priority Pragma Cache-Control",
    "POST /cells": "Host User-Agent Accept Accept-Language Accept-Encoding Content-Length Origin Sec-GPC Connection "
    "Sec-Fetch-Dest Sec-Fetch-Mode Sec-Fetch-Site Priority Pragma Cache-Control",
}
FROM_A_PAGE["GET /rounds/"] = FROM_A_PAGE["GET /directory"]


def headers(head: bytes) -> dict[str, str]:
    """The headers of a request as they were on the wire, in their order."""
    lines = head.decode().split("\r\n")[1:-2]
    return dict(line.split(": ", 1) for line in lines)


@pytest.mark.slow
def test_a_visit_is_on_the_wire_what_a_browser_s_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real relay, dialler and visit: heads to the letter, one connection for the page and one for its script."""
    monkeypatch.setattr(pace, "PACE_SECONDS", 1.0)
    monkeypatch.setattr(pace, "SETTLE_SECONDS", 1.0)
    monkeypatch.setattr(covering, "stay", lambda _chance: 8.5)
    identity = generate(KeyKind.RELAY)
    assert isinstance(identity, RelayKey)
    rig = Rig(tmp_path / "relay", relay=identity, onion=str(OnionAddress.of_public_key(identity.public)))
    with rig.running() as running, tempfile.TemporaryDirectory() as short:
        at = Path(short) / "gate"
        with gate_before(running.socket, at=at) as gate, way([rig.onion], at, Path(short) / "socks") as road:
            assert asyncio.run(_visited(rig, Dialler(socks=road.socks)))
        passed, names = tuple(gate.exchanges), {one.path: one for one in gate.exchanges}
    assert [one.connection for one in passed] == [1] + [2] * (len(passed) - 1)
    kinds = [f"{one.method} {one.path.rstrip('0123456789')}" for one in passed]
    answers = {(kind, one.status) for kind, one in zip(kinds, passed, strict=True)}
    # On a slow machine a list may not be out when it is asked for first; a page asks again then, and so does a visit.
    assert answers - {("GET /rounds/", 404)} == {
        ("GET /", 200),
        ("GET /directory", 200),
        ("POST /cells", 202),
        ("GET /rounds/", 200),
    }
    assert kinds[:3] == ["GET /", "GET /directory", "POST /cells"]
    assert 6 <= kinds.count("POST /cells") <= 10
    assert set(kinds) == set(FROM_A_PAGE)
    said = {kind: headers(one.head) for kind, one in zip(kinds, passed, strict=True)}
    if "Accept-Language" in said["GET /"]:
        assert {kind: " ".join(one) for kind, one in said.items()} == FROM_A_PAGE
    assert len({one["User-Agent"] for one in said.values()}) == 1
    assert said["POST /cells"]["Origin"] == f"http://{rig.onion}"
    assert len(rig.cells()[CellClass.LETTER]) > 0
    assert all(not rig.opened(partner) for partner in rig.partners)
    assert names["/"].answer_size == PAGE_LEN


async def _visited(rig: Rig, dialler: Dialler) -> bool:
    around, login = Surroundings(time.time, asyncio.sleep, Random(1)), Login()
    url = f"http://{rig.onion}/"
    async with dialler.line(url, login=login) as page, dialler.line(url, login=login) as script:
        trust = Trust(Card(rig.onion, rig.root.signing.verifying_key))
        return await Visit(onion=rig.onion, trust=trust, lines=Lines(page, script), around=around).make()
