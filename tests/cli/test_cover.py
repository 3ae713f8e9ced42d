"""`veladora cover` visits as a page does, says one line a visit, and ends when it is told or cannot go on."""

import os
import signal
import subprocess
import time

import pytest

from crypto.cells import CellClass
from crypto.layers import Kind, peel
from onion_service import covering, pace
from tests.cli.conftest import Reach
from tests.cli.typed import COMMAND, ENVIRONMENT, run
from tests.loopback_relay import root_key


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Visits of seconds, long enough for two ticks on a slow machine, and the first one at once."""
    monkeypatch.setattr(pace, "PACE_SECONDS", 0.2)
    monkeypatch.setattr(pace, "SHORTEST", 10)
    monkeypatch.setattr(covering, "_FIRST_WITHIN", 0.01)


@pytest.mark.slow
@pytest.mark.usefixtures("hasty")
def test_visits_bring_cover_and_nothing_else_and_one_line_each_is_said(reach: Reach) -> None:
    done = run("cover", reach.card, "--every", "30d", "--for", "2s", "--socks", reach.socks)
    assert (done.code, done.out) == (0, ""), done.err
    assert done.err.splitlines() == ["visit 1 begins", "visit 1 is over"]
    world = reach.world
    assert len(world.posts) >= 2
    assert {len(body) for body in world.posts} == {CellClass.LETTER.wire_length}
    keys = {key.tag: key for key in world._keys.values()}
    assert {peel(body, keys[body[:16]]).kind for body in world.posts} == {Kind.COVER}
    assert len(set(reach.road.logins)) == 1
    assert len(reach.road.logins) == 2, "one connection for the page and one for its script, kept"


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("socks", [True, False])
def test_a_relay_that_does_not_answer_comes_to_nothing_and_no_tor_is_said(reach: Reach, socks: bool) -> None:
    card = reach.card
    reach.world.onions.clear()
    way = reach.socks if socks else "unix:/nonexistent/socks"
    done = run("cover", card, "--every", "30d", "--for", "1s", "--socks", way)
    if socks:
        assert done.code == 0
        assert done.err.splitlines() == ["visit 1 begins", "visit 1 came to nothing: the relay did not answer"]
    else:
        assert done.code == 1
        assert "start tor" in done.err
        assert "Traceback" not in done.err


@pytest.mark.usefixtures("hasty")
def test_a_relay_that_is_not_the_card_s_is_sent_nothing(reach: Reach) -> None:
    card = f"{reach.world.onions[0]}#{root_key().public.hex()}"
    done = run("cover", card, "--for", "5s", "--socks", reach.socks)
    assert done.code == 1
    assert "do not use it" in done.err
    assert reach.world.posts == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--every", "0s"], "--every 0s"),
        (["--every", "29s"], "too often"),
        (["--every", "soon"], "--every soon"),
        (["--for", "a while"], "--for a while"),
        (["--to", "norte"], "--to"),
    ],
)
def test_what_is_typed_wrongly_calls_nobody(words: list[str], said: str, reach: Reach) -> None:
    done = run("cover", reach.card, *words, "--socks", reach.socks)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert reach.road.hosts == []


@pytest.mark.slow
def test_it_goes_on_until_it_is_interrupted(reach: Reach) -> None:
    process = subprocess.Popen(
        [*COMMAND, "cover", reach.card, "--every", "30s", "--socks", reach.socks],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )
    deadline = time.monotonic() + 60
    while not reach.world.posts and time.monotonic() < deadline:
        time.sleep(0.1)
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (0, ""), err
    assert "visit 1 begins" in err
    assert "interrupted" in err
    assert "Traceback" not in err
    assert len(reach.world.posts) >= 1
