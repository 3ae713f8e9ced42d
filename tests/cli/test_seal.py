"""`veladora seal`: the printed envelopes are what `send` would have sent, and nothing is sent."""

from pathlib import Path

import pytest

from crypto.cells import dearmour
from tests.cli.conftest import Reach
from tests.cli.typed import Ended, run

TEXT = "Vi algo en la plaza."


def seal(reach: Reach, *words: str | Path, text: str | None = TEXT) -> Ended:
    return run("seal", reach.card, "-", "--to", "norte", *words, text=text)


def envelopes(done: Ended) -> list[bytes]:
    foot = "-----END VELADORA CELL-----"
    return [dearmour(part + foot) for part in done.out.split(foot)[:-1]]


@pytest.fixture
def answer(reach: Reach) -> Path:
    return reach.file("answer", reach.world.answer())


def test_what_is_printed_can_be_brought_to_the_door(reach: Reach, answer: Path) -> None:
    done = seal(reach, "--directory", answer, "--attach", reach.file("notas.txt", b"notas"))
    assert done.code == 0, done.err
    printed = envelopes(done)
    assert [reach.world.take(envelope) for envelope in printed] == [202, 202]
    assert [report.text for report in reach.world.reports(reach.world.norte)] == [TEXT]
    assert b"notas" in reach.world.opened(reach.world.norte)
    assert reach.road.hosts == []
    assert "2 envelopes" in done.err


def test_without_a_file_the_directory_is_fetched(reach: Reach) -> None:
    done = seal(reach, "--socks", reach.socks)
    assert done.code == 0, done.err
    assert reach.world.posts == []
    assert [reach.world.take(envelope) for envelope in envelopes(done)] == [202]


@pytest.mark.parametrize(("cut", "said"), [(1_000, "length"), (0, "JSON"), (65_536 * 20, "longer than")])
def test_a_broken_answer_is_refused(cut: int, said: str, reach: Reach) -> None:
    wire = reach.world.answer()
    broken = wire.ljust(cut)[:cut] if cut else b""
    done = seal(reach, "--directory", reach.file("answer", broken))
    assert (done.code, done.out) == (1, "")
    assert said in done.err


def test_an_old_answer_is_refused_with_the_clock(reach: Reach) -> None:
    reach.world.clock_error = -1_000
    done = seal(reach, "--directory", reach.file("answer", reach.world.answer()))
    assert (done.code, done.out) == (1, "")
    assert "fetch" in done.err or "clock" in done.err


def test_nothing_is_printed_of_a_report_that_cannot_be_sealed(reach: Reach, answer: Path) -> None:
    for words in (["--to", "nadie"], ["--topic", "x"], ["--attach", str(reach.file("a.pdf", b"%PDF-1"))]):
        done = seal(reach, "--directory", answer, *words)
        assert (done.code, done.out) == (1, "")
        assert "Traceback" not in done.err
