"""Pure: what some visits to a relay show: whether every visitor got the same, and how sure that makes us (T15).

An answer is compared byte for byte, by SHA-256 of its head and of its body (docs/spec/door.md, "Auditing"). A finding
says what differed and where; why it did is not to be seen from outside.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from hashlib import sha256
from typing import Final, TypeAlias, TypeVar

from crypto.layers import RoundNumber

PAGE: Final = "/"
DIRECTORY: Final = "/directory"
BUSY_BODY: Final = b"full; try again in a while\n"
_BUSY_TYPE: Final = b"\r\nContent-Type: text/plain; charset=utf-8\r\n"
# The one thing that may differ between two answers: whether the connection goes on.
_CLOSE: Final = b"\r\nConnection: close\r\n\r\n"


class Kind(Enum):
    """What differed; the value is said to people."""

    NOT_PUBLISHED = "a page that is not the one in the directory that the root key signed"
    PAGES_DIFFER = "a page that is not the one that most visitors got"
    HEADS_DIFFER = "the same page under a status line or headers that most visitors did not get"
    KEYS_DIFFER = "another round key than most visitors got in that round"
    DIRECTORIES_DIFFER = "another directory than most visitors got in that round"
    WENT_BACK = "a round key of an earlier round than a visitor before had got"
    NOT_BELIEVED = "a directory that cannot be believed"
    NOT_THE_DOOR = "an answer that no door gives"


class Missing(Enum):
    """Why there is no answer to compare. Never a finding, and never a good sign."""

    BUSY = "busy"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Digest:
    """One answer, byte for byte: SHA-256 of what came beside the body, and of the body, in hexadecimal."""

    head: str
    body: str

    @classmethod
    def of(cls, head: bytes, body: bytes) -> Digest:
        """`Connection: close` at the end of the head is passed over, since a door may say it or not."""
        told = head.removesuffix(_CLOSE) + b"\r\n\r\n" if head.endswith(_CLOSE) else head
        return cls(sha256(told).hexdigest(), sha256(body).hexdigest())


@dataclass(frozen=True, slots=True)
class Page:
    """An answer to `GET /` with status 200."""

    digest: Digest


@dataclass(frozen=True, slots=True)
class Listed:
    """An answer to `GET /directory` that the root key stands behind. `keys`: SHA-256 of its announcements;
    `site`: the page's SHA-256 that it publishes."""

    digest: Digest
    round_number: RoundNumber
    version: int
    keys: str
    site: str | None


@dataclass(frozen=True, slots=True)
class Strange:
    """An answer that is a finding whatever others got. `digest` None: it was not read to its end."""

    kind: Kind
    words: str
    digest: Digest | None = None


@dataclass(frozen=True, slots=True)
class Visit:
    """What one visitor got."""

    page: Page | Strange | Missing
    directory: Listed | Strange | Missing


@dataclass(frozen=True, slots=True)
class Finding:
    """Something differed. `visits`: whose answers, counted from 1; `found` what they got and `others` what they should
    have; `where`: the path, with the round where there is one."""

    kind: Kind
    where: str
    visits: tuple[int, ...]
    found: Digest | None
    others: Digest | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Audit:
    """What was compared, and what was found. `published`: how many of the `pages` had a published hash to be compared
    with; `page_hashes`: each that came; `rounds`: how many directories were compared in each round."""

    visits: int
    pages: int
    published: int
    page_hashes: tuple[str, ...]
    directories: int
    rounds: tuple[int, ...]
    missing: dict[str, Counter[Missing]]
    findings: tuple[Finding, ...]

    @property
    def is_empty(self) -> bool:
        """Whether not one page and not one directory came."""
        return not (self.pages or self.directories)


_GotT = TypeVar("_GotT")
_Numbered: TypeAlias = tuple[int, _GotT]


def judge(visits: Sequence[Visit]) -> Audit:
    """Compare what visitors got, in the order in which they came, one after the other."""
    pages = [(at, visit.page) for at, visit in enumerate(visits, 1) if isinstance(visit.page, Page)]
    listed = [(at, visit.directory) for at, visit in enumerate(visits, 1) if isinstance(visit.directory, Listed)]
    expected = dict(zip((at for at, _ in pages), _expected(pages, listed), strict=True))
    strange = [list(_strange(visits, path)) for path in (PAGE, DIRECTORY)]
    findings = [
        *_grouped(finding for found in strange for finding in found),
        *_grouped(_pages(pages, expected)),
        *_grouped(_directories(listed)),
    ]
    return Audit(
        visits=len(visits),
        pages=len(pages) + len(strange[0]),
        published=sum(bool(hashes) for hashes in expected.values()),
        page_hashes=tuple(dict.fromkeys(page.digest.body for _, page in pages)),
        directories=len(listed) + len(strange[1]),
        rounds=tuple(Counter(entry.round_number for _, entry in listed).values()),
        missing={
            PAGE: Counter(visit.page for visit in visits if isinstance(visit.page, Missing)),
            DIRECTORY: Counter(visit.directory for visit in visits if isinstance(visit.directory, Missing)),
        },
        findings=tuple(findings),
    )


def page_of(status: int, head: bytes, body: bytes) -> Page | Strange | Missing:
    """What an answer to `GET /` is."""
    if status == 200:
        return Page(Digest.of(head, body))
    return busy_or_strange(status, head, body)


def busy_or_strange(status: int, head: bytes, body: bytes) -> Strange | Missing:
    """What an answer is that is not 200. A 503 in other words than the door's may be a page for one visitor."""
    if status == 503 and body == BUSY_BODY and _BUSY_TYPE in head:
        return Missing.BUSY
    return Strange(Kind.NOT_THE_DOOR, f"status {status}, {len(body)} bytes", Digest.of(head, body))


# --- how sure ----------------------------------------------------------------------------------------------------


def assurance(fetches: int, share: float) -> float:
    """How likely `fetches` pages, each held against the published hash, catch an alteration of `share` of the visits:
    1 − (1 − p)^n, if the relay cannot tell an auditor's visit from another."""
    _check(fetches, share)
    if share == 1:
        return float(fetches > 0)
    return -math.expm1(fetches * math.log1p(-share))


def assurance_by_comparing(groups: Iterable[int], share: float) -> float:
    """The same where answers can only be held against each other, so many in each group: one alone shows nothing, and
    an alteration that all of a group got does not show either."""
    missed = 1.0
    for fetches in groups:
        _check(fetches, share)
        if fetches:
            missed *= (1 - share) ** fetches + share**fetches
    return 1 - missed


def smallest_share(fetches: int, confidence: float) -> float:
    """The smallest share of altered visits that `fetches` pages catch as surely as `confidence`."""
    _check(fetches, confidence)
    if not fetches or confidence == 1:
        raise ValueError("no number of fetches catches everything, and none at all catch nothing")
    return -math.expm1(math.log1p(-confidence) / fetches)


def _check(fetches: int, share: float) -> None:
    if fetches < 0 or not 0 <= share <= 1:
        raise ValueError("a number of fetches, and a share between 0 and 1")


# --- comparing ---------------------------------------------------------------------------------------------------


def _strange(visits: Sequence[Visit], path: str) -> Iterator[Finding]:
    for at, visit in enumerate(visits, 1):
        got = visit.page if path == PAGE else visit.directory
        if isinstance(got, Strange):
            yield Finding(got.kind, path, (at,), got.digest, words=got.words)


def _expected(pages: Sequence[_Numbered[Page]], listed: Sequence[_Numbered[Listed]]) -> Iterator[frozenset[str]]:
    """The published hashes that each page may have; none where nothing is published.

    A newer directory may come between a page and the directory of the same visit, so the one believed before and the
    one believed after are both right. Before the first directory there is only the one after: a page that the relay
    changed for everybody in just that moment is a finding, which the next audit does not repeat.
    """
    visits = [at for at, _ in listed]
    for at, _ in pages:
        next_one = bisect_left(visits, at)
        sites = {entry.site for _, entry in listed[max(0, next_one - 1) : next_one + 1]}
        yield frozenset() if None in sites else frozenset(site for site in sites if site)


def _pages(pages: Sequence[_Numbered[Page]], expected: dict[int, frozenset[str]]) -> Iterator[Finding]:
    came = {page.digest.body: page.digest for _, page in reversed(pages)}
    for at, page in pages:
        if expected[at] and page.digest.body not in expected[at]:
            right = next((came[body] for body in sorted(expected[at]) if body in came), None)
            published = ", ".join(sorted(expected[at]))
            yield Finding(Kind.NOT_PUBLISHED, PAGE, (at,), page.digest, right, words=f"published: {published}")
    unpublished = [_Compared(at, PAGE, page.digest.body, page.digest) for at, page in pages if not expected[at]]
    for odd, usual in _odd_ones(unpublished):
        yield Finding(Kind.PAGES_DIFFER, PAGE, (odd.visit,), odd.digest, usual)
    heads = [_Compared(at, page.digest.body, page.digest.head, page.digest) for at, page in pages]
    for odd, usual in _odd_ones(heads):
        yield Finding(Kind.HEADS_DIFFER, PAGE, (odd.visit,), odd.digest, usual)


def _directories(listed: Sequence[_Numbered[Listed]]) -> Iterator[Finding]:
    latest = RoundNumber(0)
    for at, entry in listed:
        if entry.round_number < latest:
            words = f"round {entry.round_number} after round {latest}"
            yield Finding(Kind.WENT_BACK, DIRECTORY, (at,), entry.digest, words=words)
        latest = max(latest, entry.round_number)
    keys = [_Compared(at, entry.round_number, entry.keys, entry.digest) for at, entry in listed]
    for odd, usual in _odd_ones(keys):
        yield Finding(Kind.KEYS_DIFFER, f"{DIRECTORY}, round {odd.group}", (odd.visit,), odd.digest, usual)
    # A relay that is started again may bring a newer directory in the middle of a round.
    rounds = {at: entry.round_number for at, entry in listed}
    whole = [
        _Compared(at, (entry.round_number, entry.version, entry.keys), entry.digest, entry.digest)
        for at, entry in listed
    ]
    for odd, usual in _odd_ones(whole):
        where = f"{DIRECTORY}, round {rounds[odd.visit]}"
        yield Finding(Kind.DIRECTORIES_DIFFER, where, (odd.visit,), odd.digest, usual)


@dataclass(frozen=True, slots=True)
class _Compared:
    """One of several answers that should all have the same `value`, within its `group`."""

    visit: int
    group: Hashable
    value: Hashable
    digest: Digest


def _odd_ones(answers: Sequence[_Compared]) -> Iterator[tuple[_Compared, Digest]]:
    """The answers with another value than most of their group, each with an answer that has it; the first of equals
    counts as most."""
    groups: dict[Hashable, Counter[Hashable]] = {}
    for answer in answers:
        groups.setdefault(answer.group, Counter())[answer.value] += 1
    usual = {group: values.most_common(1)[0][0] for group, values in groups.items()}
    shown = {(answer.group, answer.value): answer.digest for answer in reversed(answers)}
    for answer in answers:
        if answer.value != usual[answer.group]:
            yield answer, shown[answer.group, usual[answer.group]]


def _grouped(findings: Iterable[Finding]) -> Iterator[Finding]:
    """The same finding of several visitors becomes one."""
    found: dict[Finding, list[int]] = {}
    for finding in findings:
        found.setdefault(replace(finding, visits=()), []).extend(finding.visits)
    yield from (replace(finding, visits=tuple(visits)) for finding, visits in found.items())
