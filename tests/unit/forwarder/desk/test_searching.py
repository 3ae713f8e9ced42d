"""Reports are found by words and filters, page by page; nothing typed is ever more than words."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from crypto.layers import RoundNumber
from crypto.report import Report
from forwarder.desk.casework import By, Casework, Kind, Subject
from forwarder.desk.errors import NothingToSearch
from forwarder.desk.inbox import Inbox
from forwarder.desk.opening import Opened
from forwarder.desk.searching import WORDS_MAX, Filter, count, page
from forwarder.desk.triage import State
from tests.unit.forwarder.desk.given import CHEAP, PASSPHRASE, TODAY, attached
from tests.unit.forwarder.given import bundle

BY = By(TODAY, "Ana")
HOSTILE = [
    '"',
    '""',
    "'",
    '" OR 1=1 --',
    "camion OR video",
    "camion NOT video",
    "NEAR(camion video)",
    "camion*",
    "text:camion",
    "{text} : camion",
    "^camion",
    "(camion",
    "camion AND",
    "camion + video",
    "-camion",
    "\x00camion",
    "\ud800 camion",
    "𓀀 camion",
    "²³ ½",
    "'); DROP TABLE received; --",
]


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inbox]:
    """Twelve reports in four rounds."""
    whole, parts = attached(b"%PDF-1.7")
    lacking, _ = attached(b"video", media="video/mp4")
    texts = ["Vi un CAMIÓN blanco", "una camioneta negra", "Hay un vídeo", "El año nuevo en la peña"]
    with Inbox.create(tmp_path_factory.mktemp("desk"), passphrase=PASSPHRASE, cost=CHEAP) as made:
        for round_number in range(3):
            reports = tuple(
                Report(
                    text=f"{text} {round_number}",
                    topic="robo" if place % 2 else "",
                    place=f"mx-{place}",
                    where="junto al río Ñ" if place == 2 else "",
                    attachments=[whole, lacking] if text.startswith("Hay") else [],
                )
                for place, text in enumerate(texts)
            )
            made.take(bundle(10 + round_number), Opened(reports, tuple(parts)))
        casework = Casework(made.database)
        casework.mark(Subject(Kind.REPORT, 2), State.CHECKING, by=BY, note="Lo vio también doña Inés")
        casework.tag(Subject(Kind.REPORT, 3), "urgente", by=BY)
        casework.tag(Subject(Kind.REPORT, 3), "vídeo", by=BY)
        casework.assign(Subject(Kind.REPORT, 4), "Ana", by=BY)
        casework.note(Subject(Kind.REPORT, 4), "palabra-secreta", by=BY)
        yield made


def numbers(inbox: Inbox, wanted: Filter) -> list[int]:
    found = [one.number for one in page(inbox.database, wanted).found]
    assert count(inbox.database, wanted) == len(found)
    return found


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("camion", [1, 2, 5, 6, 9, 10]),
        ("CAMIÓN blanco", [1, 5, 9]),
        ("camión negra", [2, 6, 10]),
        ("video", [3, 7, 11]),
        ("ano pena", [4, 8, 12]),
        ("AÑO", [4, 8, 12]),
        ("rio ñ", [3, 7, 11]),
        ("dona ines", [2]),
        ("secreta", [4]),
        ("camión 2", [9, 10]),
        ("blanco negra", []),
        ("саmión", [1, 2, 5, 6, 9, 10]),
    ],
)
def test_words_are_found_without_accents_and_by_their_beginning(inbox: Inbox, typed: str, found: list[int]) -> None:
    assert numbers(inbox, Filter(words=typed)) == found


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Filter(), list(range(1, 13))),
        (Filter(state=State.CHECKING), [2]),
        (Filter(state=State.NEW, place="mx-1"), [6, 10]),
        (Filter(topic="robo"), [2, 4, 6, 8, 10, 12]),
        (Filter(topic=""), [1, 3, 5, 7, 9, 11]),
        (Filter(topic="robo", place="mx-3"), [4, 8, 12]),
        (Filter(first=RoundNumber(11)), [5, 6, 7, 8, 9, 10, 11, 12]),
        (Filter(first=RoundNumber(11), last=RoundNumber(11)), [5, 6, 7, 8]),
        (Filter(last=RoundNumber(9)), []),
        (Filter(tag="urgente"), [3]),
        (Filter(tag="urg"), []),
        (Filter(assigned="Ana"), [4]),
        (Filter(assigned="", place="mx-3"), [8, 12]),
        (Filter(attachments=True), [3, 7, 11]),
        (Filter(attachments=False, topic=""), [1, 5, 9]),
        (Filter(incident=1), []),
        (Filter(words="camion", state=State.NEW, first=RoundNumber(11), topic="robo"), [6, 10]),
        (Filter(words="video", tag="vídeo"), [3]),
        (Filter(place="'; DROP TABLE received; --"), []),
        (Filter(assigned="\ud800"), []),
        (Filter(first=RoundNumber(10**30)), []),
    ],
)
def test_filters_go_together(inbox: Inbox, wanted: Filter, found: list[int]) -> None:
    assert numbers(inbox, wanted) == found


def test_a_list_says_all_that_is_shown_of_a_report(inbox: Inbox) -> None:
    (one,) = page(inbox.database, Filter(tag="urgente")).found
    assert (one.number, one.round_number, one.state, one.topic, one.place) == (3, 10, State.NEW, "", "mx-2")
    assert (one.attachments, one.whole, one.tags, one.opening) == (2, 1, ("urgente", "vídeo"), "Hay un vídeo 0")


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("limit", [1, 4, 5, 12, 100])
def test_pages_follow_each_other_without_a_gap_or_a_repeat(inbox: Inbox, limit: int, newest_first: bool) -> None:
    seen: list[int] = []
    after = None
    while True:
        found = page(inbox.database, Filter(), after=after, limit=limit, newest_first=newest_first)
        seen += [one.number for one in found.found]
        after = found.after
        if after is None:
            break
        assert len(found.found) == limit
    assert seen == sorted(range(1, 13), reverse=newest_first)


def test_no_list_reads_a_report(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(wire: bytes) -> Report:
        raise AssertionError(f"a report of {len(wire)} bytes was read")

    monkeypatch.setattr(Report, "decode", read)
    assert len(page(inbox.database, Filter(words="camion")).found) == 6
    with pytest.raises(AssertionError):
        inbox.entry(1)


@pytest.mark.parametrize("typed", HOSTILE)
def test_signs_of_the_search_language_are_no_signs_here(inbox: Inbox, typed: str) -> None:
    try:
        found = numbers(inbox, Filter(words=typed))
    except NothingToSearch:
        assert not any(letter.isalnum() for letter in typed)
        return
    # Every word that was typed is in what was found: "NOT" and "OR" are words like others.
    assert set(found) <= {1, 2, 5, 6, 9, 10}
    assert count(inbox.database, Filter()) == 12


@pytest.mark.slow
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60) | st.text(alphabet="\"'*^():{}+-ANDORTNEcamion \x00", max_size=40))
@example("a" * 501)
@example(" ".join("abcdefghijklmnopq"))
def test_whatever_is_typed_searches_or_is_our_error(inbox: Inbox, typed: str) -> None:
    with suppress(NothingToSearch):
        assert len(page(inbox.database, Filter(words=typed)).found) <= 12


@pytest.mark.parametrize("typed", ["", " ", '"*"', "word " * 200, " ".join("abcdefghijklmnopqrst"[: WORDS_MAX + 1])])
def test_a_search_without_a_word_or_with_too_many_is_said(inbox: Inbox, typed: str) -> None:
    with pytest.raises(NothingToSearch):
        page(inbox.database, Filter(words=typed))


def test_what_is_searched_lies_encrypted_too(tmp_path: Path) -> None:
    with Inbox.create(tmp_path, passphrase=PASSPHRASE, cost=CHEAP) as made:
        made.take(bundle(1), Opened((Report(text="xilofonista " * 200),)))
        Casework(made.database).note(Subject(Kind.REPORT, 1), "murcielago " * 20, by=BY)
    disk = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"xilofonista" not in disk
    assert b"murcielago" not in disk
