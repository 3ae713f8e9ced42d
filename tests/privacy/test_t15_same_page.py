"""T15: every visitor gets the same page, whatever they say of themselves, and it is the one that the root key signed.

A relay that gives some visitors another page, or a round key of their own, is caught by `veladora audit`.
"""

import asyncio
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

import msgspec
import pytest

from crypto import directory as directories
from crypto.directory import Card, Directory, TrustedDirectory
from crypto.layers import RoundNumber
from onion_service.address import OnionAddress
from onion_service.auditing import Answer, Auditor, Surroundings
from onion_service.dial import Dialler
from onion_service.evidence import Audit, Digest, Kind, Listed, Page, Visit, assurance, judge
from onion_service.trust import Trust
from tests.loopback_relay import way
from tests.privacy import mutant_node
from tests.privacy.mutants import caught
from tests.rig import Rig

pytestmark = pytest.mark.slow

ONION: Final = str(OnionAddress.of_public_key(bytes(range(32))))
VISITS: Final = 1_000
ENOUGH: Final = 300
SHARE: Final = 0.01


@dataclass(frozen=True, slots=True)
class Published(Rig):
    """A relay at a true onion address, whose directory says which page it serves."""

    site: Mapping[str, str] = field(default_factory=dict)

    def directory(self, *, version: int = 1, expires_in: int = 86_400) -> Directory:
        made = Rig.directory(self, version=version, expires_in=expires_in)
        relay = msgspec.structs.replace(made.route[0], onion=ONION)
        return msgspec.structs.replace(made, route=[relay], site={**made.site, **self.site})


@dataclass(frozen=True, slots=True)
class Seen:
    """What an audit of a real door showed, and beside it every answer as the dialler brought it."""

    audit: Audit
    published: str
    pages: list[tuple[int, bytes, str]]
    logins: set[bytes]


class _Noting(Dialler):
    """Notes the SHA-256 of each page on the way, so that the proof does not rest on the auditor's own word."""

    def __init__(self, pages: list[tuple[int, bytes, str]], socks: object) -> None:
        super().__init__(socks=socks)  # type: ignore[arg-type]
        self._pages = pages

    async def get(self, url: str, **given: object) -> Answer:  # type: ignore[override]
        answer = await super().get(url, **given)  # type: ignore[arg-type]
        if url.endswith("/") and answer.status != 503:
            head = answer.head.replace(b"Connection: close\r\n", b"")
            self._pages.append((answer.status, head, hashlib.sha256(answer.body).hexdigest()))
        return answer


def _published(folder: Path) -> Published:
    """A relay whose directory publishes the hash of what an honest node of it serves."""
    rig = Published(folder / "first")
    with rig.running() as running:
        page = running.ask("GET", "/").body
    return Published(
        folder / "relay",
        root=rig.root,
        relay=rig.relay,
        partners=rig.partners,
        site={"/": hashlib.sha256(page).hexdigest()},
    )


def visited(rig: Published, visits: int, *, program: str) -> Seen:
    """A real node, and an auditor who comes so often through a SOCKS port that leads to its door."""
    pages: list[tuple[int, bytes, str]] = []
    with rig.running(program=program) as running:
        signed, _ = directories.read_answer(running.ask("GET", "/directory").body)
        root = rig.root.signing.verifying_key
        published = TrustedDirectory.read(signed, root=root, now=int(time.time())).directory.site["/"]
        with way([ONION], running.socket, rig.folder / "socks") as road:
            around = Surroundings(
                dialler=_Noting(pages, road.socks), now=time.time, rest=asyncio.sleep, chance=Random(15), told=_nobody
            )
            auditor = Auditor(Trust(Card(ONION, root)), around, pace=0)
            asyncio.run(auditor.visit(visits))
            return Seen(auditor.audit(), published, pages, set(road.logins))


def _nobody(_done: int, _of: int) -> None:
    """Nobody watches."""


def every_visitor_gets_the_published_page(rig: Published, visits: int, *, program: str) -> None:
    """The proof at the door."""
    seen = visited(rig, visits, program=program)
    assert len(seen.pages) == visits
    assert {body for _, _, body in seen.pages} == {seen.published}
    assert len(set(seen.pages)) == 1
    assert len(seen.logins) >= visits
    assert seen.audit.findings == ()
    assert seen.audit.pages == seen.audit.published == seen.audit.directories == visits


def test_a_thousand_visitors_get_the_published_page(tmp_path: Path) -> None:
    every_visitor_gets_the_published_page(_published(tmp_path), VISITS, program="relay.node")


@pytest.mark.parametrize(
    ("mutant", "plant", "kind"),
    [
        ("vary on Accept-Language", mutant_node.vary_on_accept_language, Kind.NOT_PUBLISHED),
        ("alter 1 % of pages", mutant_node.alter_one_page_in_a_hundred, Kind.NOT_PUBLISHED),
        ("mark 1 % of pages by a header", mutant_node.mark_one_page_in_a_hundred, Kind.HEADS_DIFFER),
        ("a round key of one's own", mutant_node.give_some_a_round_key_of_their_own, Kind.KEYS_DIFFER),
    ],
)
def test_a_relay_that_tells_visitors_apart_is_caught_by_an_audit(
    mutant: str, plant: Callable[[], None], kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = _published(tmp_path)
    monkeypatch.setenv(mutant_node.VARIABLE, plant.__name__)
    caught("T15", mutant, every_visitor_gets_the_published_page, rig, ENOUGH, program=mutant_node.PROGRAM)
    findings = visited(rig, ENOUGH, program=mutant_node.PROGRAM).audit.findings
    assert {finding.kind for finding in findings} == {kind}


# --- how often an audit catches what it should -------------------------------------------------------------------

RUNS: Final = 1_000
# In standard deviations of a binomial share: one right auditor in ten thousand would fail. The seeds are fixed.
BAND: Final = 3.9

HEAD: Final = b"HTTP/1.1 200 OK\r\n\r\n"
GOOD: Final = Page(Digest.of(HEAD, b"the page"))
BAD: Final = Page(Digest.of(HEAD, b"the page, for you"))
LISTED: Final = Listed(Digest.of(HEAD, b"{}"), RoundNumber(1), 1, "keys", GOOD.digest.body)

Judging = Callable[[Sequence[Visit]], Audit]


def an_audit_catches_what_the_formula_says(judging: Judging) -> None:
    """The proof: of many relays that alter 1 % of visits, 300 visits catch 95.1 %; honest ones are never accused."""
    found = 0
    for run in range(RUNS):
        chance = Random(run)
        visits = [Visit(BAD if chance.random() < SHARE else GOOD, LISTED) for _ in range(ENOUGH)]
        found += judging(visits).findings != ()
    expected = assurance(ENOUGH, SHARE)
    assert expected == pytest.approx(0.951, abs=0.0005)
    deviation = (expected * (1 - expected) / RUNS) ** 0.5
    assert abs(found / RUNS - expected) <= BAND * deviation
    assert judging([Visit(GOOD, LISTED)] * ENOUGH).findings == ()


def test_three_hundred_visits_catch_an_alteration_of_one_in_a_hundred() -> None:
    an_audit_catches_what_the_formula_says(judge)


@pytest.mark.parametrize(
    ("mutant", "judging"),
    [
        ("look at two visits in three", lambda visits: judge(visits[: ENOUGH * 2 // 3])),
        ("look at the first and the last only", lambda visits: judge([visits[0], visits[-1]])),
        ("pass over what is altered", lambda visits: judge([visit for visit in visits if visit.page != BAD])),
    ],
)
def test_an_auditor_that_looks_less_closely_is_noticed(mutant: str, judging: Judging) -> None:
    caught("T15", mutant, an_audit_catches_what_the_formula_says, judging)
