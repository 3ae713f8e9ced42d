"""`veladora audit`: what was compared and how sure that is, or what differed and what to do about it."""

import hashlib
import os
import signal
import subprocess
import time
from pathlib import Path

import msgspec
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from typer import Exit

from crypto.directory import sign
from relay.cli.audit import INCONCLUSIVE, parse_span
from tests.cli.conftest import Reach
from tests.cli.typed import COMMAND, ENVIRONMENT, Ended, run
from tests.loopback_relay import root_key


@pytest.fixture
def published(reach: Reach) -> Reach:
    reach.world.publish({"/": hashlib.sha256(reach.world.page).hexdigest()})
    return reach


def audit(reach: Reach, *words: str | Path, times: int = 3) -> Ended:
    return run("audit", reach.card, "--times", str(times), "--pace", "0", *words, "--socks", reach.socks)


def alter(reach: Reach, *numbers: int) -> None:
    """These pages, counted from 1, are altered."""
    pages = 0

    def altered(_request: web.Request) -> web.Response | None:
        nonlocal pages
        pages += 1
        body = reach.world.page[:-1] + b"!"
        return web.Response(body=body, content_type="text/html") if pages in numbers else None

    reach.world.on_page = altered


def test_equal_pages_end_well_and_say_how_sure(published: Reach) -> None:
    done = audit(published, times=10)
    assert done.code == 0, done.err
    said = done.out.splitlines()
    assert said[0] == "visits      10, each over circuits of its own"
    assert said[1].startswith("pages       10, each as the root key signed it")
    assert said[2].split() == ["sha256", hashlib.sha256(published.world.page).hexdigest()]
    assert said[3].startswith("directories 10 in ")
    assert said[4] == "unanswered  none"
    assert "10 fetches catch an alteration of 1 % of visits with 9.5 %" in done.out
    assert "with 95 % they catch one of 25.9 % of visits or more, with 99 % one of 37.0 % or more" in done.out
    assert "visit 10 of 10" in done.err
    assert published.world.posts == []


def test_an_altered_page_is_a_finding_with_a_next_step(published: Reach) -> None:
    alter(published, 2)
    done = audit(published)
    assert done.code == 1
    assert "FOUND       a page that is not the one in the directory that the root key signed" in done.out
    assert "/, in 1 visits (2)" in done.out
    assert "fetches catch" not in done.out, "who has found something need not hear how sure nothing would be"
    assert "do not use this address" in done.err
    assert "--keep" in done.err


def test_what_differed_is_kept_only_where_the_reader_says_so(published: Reach) -> None:
    alter(published, 2, 3)
    folder = published.road.socks.path.parent / "kept" / "here"
    done = audit(published, "--keep", folder)
    assert done.code == 1
    kept = [path.read_bytes() for path in folder.iterdir()]
    assert {body.rpartition(b"\r\n\r\n")[2] for body in kept} == {
        published.world.page,
        published.world.page[:-1] + b"!",
    }
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in folder.iterdir())
    assert "audited this relay" in done.err
    alter(published, 1)
    assert audit(published, "--keep", folder).code == 1
    assert len(list(folder.iterdir())) == 2
    alter(published)
    empty = folder / "empty"
    assert audit(published, "--keep", empty).code == 0
    assert not empty.exists()


def test_a_second_round_key_is_a_finding_that_may_be_a_new_start(published: Reach) -> None:
    published.world.round_seconds = 86_400
    published.world.directory = msgspec.structs.replace(published.world.directory, round_seconds=86_400)
    published.world.signed = sign(published.world.directory, published.world.root)

    def retire() -> None:
        if published.world.fetches == 3:
            published.world.retire_keys()

    published.world.on_fetch = retire
    done = audit(published, times=4)
    assert done.code == 1
    assert "FOUND       another round key than most visitors got in that round" in done.out
    assert "started anew" in done.err


def test_a_directory_of_another_root_is_a_finding(published: Reach) -> None:
    card = f"{published.world.onions[0]}#{root_key().public.hex()}"
    done = run("audit", card, "--times", "2", "--pace", "0", "--socks", published.socks)
    assert done.code == 1
    assert "FOUND       a directory that cannot be believed" in done.out
    assert "/directory, in 2 visits (1, 2)" in done.out


def test_without_a_published_hash_only_equality_is_told(reach: Reach) -> None:
    reach.world.publish({})
    done = audit(reach, times=5)
    content = audit(reach, "--allow-unpublished", times=5)
    assert (done.code, content.code) == (INCONCLUSIVE, 0)
    # Visits, pages and their hash; how many rounds they fall into, told after that, is chance.
    assert content.out.splitlines()[:3] == done.out.splitlines()[:3]
    for one in (done, content):
        assert "equal to each other; no published hash says that it is the right page" in one.out
        assert "they do not catch a page that is wrong for everybody" in one.out
    assert "only equality was compared" in done.err
    assert "--allow-unpublished" in done.err
    assert audit(reach, "--allow-unpublished", times=1).code == INCONCLUSIVE, "one page is equal to nothing"
    alter(reach, 2)
    differs = audit(reach, "--allow-unpublished")
    assert differs.code == 1
    assert "FOUND       a page that is not the one that most visitors got" in differs.out


def test_no_answer_is_neither_good_nor_bad(published: Reach) -> None:
    published.world.directory_faults = 1
    done = audit(published)
    assert done.code == 0
    assert "unanswered  /directory: 1 busy" in done.out
    published.world.directory_faults = 10
    unsigned = audit(published, "--allow-unpublished")
    assert unsigned.code == INCONCLUSIVE
    assert "no directory came" in unsigned.err
    card = published.card
    published.world.onions.clear()
    gone = run("audit", card, "--times", "2", "--pace", "0", "--socks", published.socks)
    assert gone.code == INCONCLUSIVE
    assert "/: 2 unreachable" in gone.out
    assert "nothing could be compared" in gone.err


def test_what_the_reader_must_mend_is_not_taken_for_a_finding(published: Reach) -> None:
    done = run("audit", published.card, "--times", "2", "--socks", "unix:/nonexistent/socks")
    assert (done.code, done.out) == (INCONCLUSIVE, "")
    assert "start tor" in done.err
    published.world.clock_error = 100_000
    wrong = audit(published)
    assert (wrong.code, wrong.out) == (INCONCLUSIVE, "")
    assert "your clock is slow" in wrong.err
    published.world.clock_error = 0
    published.world.signed = sign(
        msgspec.structs.replace(published.world.directory, expires=1_000), published.world.root
    )
    expired = audit(published)
    assert expired.code == INCONCLUSIVE
    assert "sign a newer directory" in expired.err


def test_a_rolled_back_directory_is_noticed_with_a_state_folder(published: Reach) -> None:
    state = published.folder / "state"
    assert audit(published, "--state", state).code == 0
    older = msgspec.structs.replace(published.world.directory, version=3)
    published.world.signed = sign(older, published.world.root)
    done = audit(published, "--state", state)
    assert done.code == 1
    assert "older" in done.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--times", "0"], "--times"),
        (["--every", "1 h"], "30m, 1h or 1d"),
        (["--every", "0h"], "30m, 1h or 1d"),
        (["--every", "31d"], "at most 30d"),
        (["--pace", "-1"], "--pace"),
        (["--keep", __file__], "not a folder"),
        (["--telepathy"], "telepathy"),
    ],
)
def test_what_is_typed_wrongly_calls_nobody(words: list[str], said: str, published: Reach) -> None:
    done = audit(published, *words)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert published.road.hosts == []


def test_a_mistyped_card_calls_nobody(published: Reach) -> None:
    wrong_letter = ("b" if published.card[0] != "b" else "c") + published.card[1:]
    for card in ("x", published.card[:-1], wrong_letter):
        done = run("audit", card, "--socks", published.socks)
        assert done.code == 2
        assert "card" in done.err
    assert published.road.hosts == []


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("30m", 1_800), ("1h", 3_600), ("30d", 2_592_000)])
def test_a_span_of_time_is_read(text: str, seconds: int) -> None:
    assert parse_span(text) == seconds


@given(st.one_of(st.text(max_size=8), st.from_regex(r"[0-9]{0,7}[a-zA-Z]?", fullmatch=True)))
def test_any_text_is_a_span_or_typed_wrongly(text: str) -> None:
    try:
        seconds = parse_span(text)
    except Exit as ended:
        refused = ended.exit_code
    else:
        refused = 0
    if refused:
        assert refused == 2
        return
    assert 0 < seconds <= 30 * 86_400
    assert text[:-1].isascii()
    assert seconds == int(text[:-1]) * {"s": 1, "m": 60, "h": 3_600, "d": 86_400}[text[-1]]


def watching(reach: Reach) -> subprocess.Popen[str]:
    words = ["audit", reach.card, "--times", "2", "--pace", "0", "--every", "1s", "--socks", reach.socks]
    return subprocess.Popen(
        [*COMMAND, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )


@pytest.mark.slow
def test_it_repeats_until_interrupted_and_adds_up(published: Reach) -> None:
    process = watching(published)
    deadline = time.monotonic() + 30
    while published.world.fetches < 5 and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    assert int(out.split()[1].rstrip(",")) >= 4
    assert "interrupted" in err
    assert "2 visits, nothing differed; 2 more in about" in err
    assert "Traceback" not in err


@pytest.mark.slow
def test_it_stops_repeating_at_a_finding(published: Reach) -> None:
    alter(published, 4)
    out, err = watching(published).communicate(timeout=30)
    assert "visits      4," in out
    assert "in 1 visits (4)" in out
    assert "do not use this address" in err


@pytest.mark.slow
def test_an_interrupt_before_anything_came_is_not_a_good_sign(published: Reach) -> None:
    published.world.on_fetch = lambda: time.sleep(3)
    process = watching(published)
    deadline = time.monotonic() + 30
    while not published.world.fetches and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == INCONCLUSIVE
    assert "visits      0" in out
    assert "Traceback" not in err
