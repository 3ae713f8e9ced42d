"""What visits show: equal is no finding, whatever rounds and directories come between; anything else is one."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.layers import RoundNumber
from onion_service import answers
from onion_service.evidence import (
    BUSY_BODY,
    Audit,
    Digest,
    Kind,
    Listed,
    Missing,
    Page,
    Strange,
    Visit,
    assurance,
    assurance_by_comparing,
    judge,
    page_of,
    smallest_share,
)

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
GOOD = Page(Digest.of(HEAD, b"good"))
NEWER = Page(Digest.of(HEAD, b"newr"))
BAD = Page(Digest.of(HEAD, b"bad!"))
PAGES = {1: GOOD, 2: NEWER}


def listed(round_number: int = 7, *, version: int = 1, keys: str = "", site: str | None = "") -> Listed:
    """What an honest relay answers in that round; `site` None: nothing is published."""
    return Listed(
        Digest.of(HEAD, f"{round_number} {version} {keys}".encode()),
        RoundNumber(round_number),
        version,
        keys or f"keys of {round_number}",
        PAGES[version].digest.body if site == "" else site,
    )


def kinds(audit: Audit) -> list[Kind]:
    return [finding.kind for finding in audit.findings]


def test_nothing_seen_is_nothing_found_and_nothing_compared() -> None:
    audit = judge([])
    assert (audit.visits, audit.pages, audit.published, audit.directories, audit.rounds) == (0, 0, 0, 0, ())
    assert audit.findings == ()


def test_equal_visits_are_no_finding() -> None:
    audit = judge([Visit(GOOD, listed())] * 5)
    assert audit.findings == ()
    assert (audit.visits, audit.pages, audit.published, audit.directories, audit.rounds) == (5, 5, 5, 5, (5,))
    assert audit.page_hashes == (GOOD.digest.body,)


STEPS = st.lists(st.sampled_from(["page", "edge", "newer", "busy page", "busy directory", "gone"]), max_size=40).map(
    lambda steps: ["page", *steps]
)


def honest(steps: list[str]) -> list[Visit]:
    """An honest relay's life, cut into visits: round edges, a newer directory with a newer page, and times of silence.
    A newer page comes with a start of the relay, so it may fall between the page and the directory of one visit."""
    round_number, version, visits = 7, 1, []
    for step in steps:
        page = PAGES[version]
        if step == "newer":
            version = 2
        round_number += step in ("edge", "newer")
        directory = listed(round_number, version=version)
        visits.append(
            Visit(
                Missing.BUSY if step == "busy page" else Missing.UNREACHABLE if step == "gone" else page,
                Missing.BUSY if step == "busy directory" else Missing.UNREACHABLE if step == "gone" else directory,
            )
        )
    return visits


@given(STEPS)
def test_an_honest_relay_is_never_accused(steps: list[str]) -> None:
    audit = judge(honest(steps))
    assert audit.findings == ()
    assert audit.published == audit.pages
    missing = sum(count for whys in audit.missing.values() for count in whys.values())
    assert audit.pages + audit.directories + missing == 2 * len(steps)


@given(STEPS, st.data())
def test_one_altered_page_among_any_is_found_where_it_was(steps: list[str], data: st.DataObject) -> None:
    visits = honest(steps)
    at = data.draw(st.sampled_from([at for at, step in enumerate(steps) if step == "page"]))
    visits[at] = replace(visits[at], page=BAD)
    (finding,) = judge(visits).findings
    assert (finding.kind, finding.where, finding.visits, finding.found) == (
        Kind.NOT_PUBLISHED,
        "/",
        (at + 1,),
        BAD.digest,
    )


def test_a_page_that_is_wrong_for_everybody_is_found_by_its_published_hash() -> None:
    audit = judge([Visit(BAD, listed())] * 3)
    (finding,) = audit.findings
    assert (finding.kind, finding.visits, finding.others) == (Kind.NOT_PUBLISHED, (1, 2, 3), None)
    assert GOOD.digest.body in finding.words
    shown = judge([Visit(BAD, listed()), Visit(GOOD, listed())]).findings[0]
    assert shown.others == GOOD.digest


def test_a_page_of_yesterday_is_found() -> None:
    newer = Visit(NEWER, listed(8, version=2))
    audit = judge([Visit(GOOD, listed(7)), newer, Visit(GOOD, listed(8, version=2)), newer])
    assert [(finding.kind, finding.visits) for finding in audit.findings] == [(Kind.NOT_PUBLISHED, (3,))]


def test_without_a_published_hash_only_a_difference_is_found() -> None:
    plain = listed(site=None)
    same = judge([Visit(BAD, plain)] * 3)
    assert (same.findings, same.pages, same.published) == ((), 3, 0)
    differ = judge([Visit(GOOD, plain), Visit(GOOD, plain), Visit(BAD, plain)])
    (finding,) = differ.findings
    assert (finding.kind, finding.visits, finding.found, finding.others) == (
        Kind.PAGES_DIFFER,
        (3,),
        BAD.digest,
        GOOD.digest,
    )


def test_pages_are_compared_though_no_directory_came() -> None:
    assert judge([Visit(GOOD, Missing.BUSY)]).published == 0
    assert kinds(judge([Visit(GOOD, Missing.BUSY), Visit(BAD, Missing.BUSY)])) == [Kind.PAGES_DIFFER]


@pytest.mark.parametrize(
    "head",
    [
        HEAD.replace(b"200 OK", b"200 Ok"),
        HEAD.replace(b"1.1", b"1.0"),
        HEAD.replace(b"Content-Type", b"content-type"),
        HEAD.replace(b"\r\n\r\n", b"\r\nETag: 1\r\n\r\n"),
        HEAD.replace(b"Length: ", b"Length:  "),
        b"HTTP/1.1 103 Early Hints\r\n\r\n" + HEAD,
        HEAD + b"x",
        HEAD.replace(b"\r\n\r\n", b"\r\nConnection: Close\r\n\r\n"),
        HEAD.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n"),
    ],
)
def test_the_right_page_under_another_head_is_found(head: bytes) -> None:
    marked = Page(Digest.of(head, b"good"))
    audit = judge([Visit(GOOD, listed()), Visit(marked, listed()), Visit(GOOD, listed())])
    assert [(finding.kind, finding.visits) for finding in audit.findings] == [(Kind.HEADS_DIFFER, (2,))]


def test_whether_the_connection_goes_on_may_differ() -> None:
    assert Digest.of(HEAD.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), b"good") == GOOD.digest


def test_a_round_key_of_ones_own_is_found() -> None:
    usual = Visit(GOOD, listed())
    audit = judge([usual, Visit(GOOD, listed(keys="own")), usual, Visit(GOOD, listed(8))])
    (finding,) = audit.findings
    assert (finding.kind, finding.where, finding.visits) == (Kind.KEYS_DIFFER, "/directory, round 7", (2,))
    assert audit.rounds == (3, 1)


def test_another_directory_in_one_round_is_found() -> None:
    other = replace(listed(), digest=BAD.digest)
    (finding,) = judge([Visit(GOOD, listed()), Visit(GOOD, other)]).findings
    assert (finding.kind, finding.where, finding.others) == (
        Kind.DIRECTORIES_DIFFER,
        "/directory, round 7",
        listed().digest,
    )


def test_a_newer_directory_within_a_round_is_no_finding_but_must_keep_the_round_key() -> None:
    same_keys = replace(listed(7, version=2), keys=listed(7).keys)
    assert judge([Visit(GOOD, listed(7)), Visit(NEWER, same_keys)]).findings == ()
    assert kinds(judge([Visit(GOOD, listed(7)), Visit(NEWER, listed(7, version=2, keys="own"))])) == [Kind.KEYS_DIFFER]


def test_an_old_round_key_is_found() -> None:
    audit = judge([Visit(GOOD, listed(7)), Visit(GOOD, listed(8)), Visit(GOOD, listed(7)), Visit(GOOD, listed(8))])
    (finding,) = audit.findings
    assert (finding.kind, finding.visits, finding.words) == (Kind.WENT_BACK, (3,), "round 7 after round 8")


def test_what_is_strange_is_a_finding_whatever_others_got() -> None:
    strange = Strange(Kind.NOT_BELIEVED, "signed by another")
    audit = judge(
        [Visit(GOOD, strange), Visit(GOOD, strange), Visit(Strange(Kind.NOT_THE_DOOR, "status 404"), listed())]
    )
    assert [(finding.kind, finding.where, finding.visits) for finding in audit.findings] == [
        (Kind.NOT_THE_DOOR, "/", (3,)),
        (Kind.NOT_BELIEVED, "/directory", (1, 2)),
    ]
    assert (audit.pages, audit.directories) == (3, 3)


def test_the_doors_own_503_is_missing_and_any_other_is_strange() -> None:
    busy = answers.UNAVAILABLE
    assert busy.content == BUSY_BODY
    for head in busy._kept[0], busy._last[0]:
        assert page_of(503, head, BUSY_BODY) is Missing.BUSY
    assert isinstance(page_of(503, HEAD, BUSY_BODY), Strange)
    assert isinstance(page_of(503, busy._kept[0], b"<script>"), Strange)


@given(st.integers(100, 999), st.binary(max_size=200), st.binary(max_size=200))
def test_any_answer_is_a_page_or_strange_or_missing(status: int, head: bytes, body: bytes) -> None:
    assert isinstance(page_of(status, head, body), Page) == (status == 200)


# --- how sure ----------------------------------------------------------------------------------------------------


def test_the_figures_that_are_told() -> None:
    assert assurance(300, 0.01) == pytest.approx(0.950959, abs=1e-6)
    assert assurance(10, 0.01) == pytest.approx(0.095618, abs=1e-6)
    assert smallest_share(300, 0.95) == pytest.approx(0.009936, abs=1e-6)
    assert smallest_share(10, 0.99) == pytest.approx(0.369043, abs=1e-6)


@given(st.integers(0, 10**6), st.floats(0, 1))
def test_assurance_is_the_formula(fetches: int, share: float) -> None:
    assert assurance(fetches, share) == pytest.approx(1 - (1 - share) ** fetches, abs=1e-9)


@given(st.integers(1, 10**6), st.floats(1e-6, 0.999_999))
def test_the_smallest_share_is_the_one_that_is_caught_as_surely(fetches: int, confidence: float) -> None:
    assert assurance(fetches, smallest_share(fetches, confidence)) == pytest.approx(confidence, abs=1e-9)


@given(st.lists(st.integers(0, 500), max_size=6), st.floats(0, 1))
def test_comparing_alone_is_never_surer(groups: list[int], share: float) -> None:
    alone = assurance_by_comparing(groups, share)
    assert -1e-9 <= alone <= assurance(sum(groups), share) + 1e-9
    assert math.isclose(alone, assurance_by_comparing([*groups, 1], share), abs_tol=1e-9)


def test_one_answer_alone_and_none_at_all_show_nothing() -> None:
    assert assurance_by_comparing([1, 1, 1], 0.5) == 0
    assert assurance_by_comparing([2], 0.5) == 0.5
    assert assurance(0, 1) == 0


@pytest.mark.parametrize(("fetches", "share"), [(-1, 0.5), (1, -0.1), (1, 1.1), (1, math.nan)])
def test_what_is_no_number_of_fetches_or_no_share_is_refused(fetches: int, share: float) -> None:
    with pytest.raises(ValueError, match="share"):
        assurance(fetches, share)
    with pytest.raises(ValueError, match="share"):
        assurance_by_comparing([fetches], share)


@pytest.mark.parametrize(("fetches", "confidence"), [(0, 0.95), (1, 1.0)])
def test_no_number_of_fetches_catches_everything(fetches: int, confidence: float) -> None:
    with pytest.raises(ValueError, match="catches everything"):
        smallest_share(fetches, confidence)
