"""A link is good once, a cookie for one level, and a wrong passphrase makes the next try wait."""

from hypothesis import given
from hypothesis import strategies as st

from forwarder.desk.web.session import LONGEST_WAIT, Guesses, Sessions


def test_a_link_is_good_once() -> None:
    sessions = Sessions()
    link = sessions.new_link()
    waits = [sessions.link_is_open]
    cookie = sessions.enter(link)
    assert cookie is not None
    assert sessions.session(cookie) is not None
    assert [*waits, sessions.link_is_open] == [True, False]
    assert sessions.enter(link) is None
    assert sessions.session(cookie) is not None


def test_a_new_link_ends_the_one_before_and_its_use_ends_the_session_before() -> None:
    sessions = Sessions()
    first, second = sessions.new_link(), sessions.new_link()
    assert sessions.enter(first) is None
    before = sessions.enter(second)
    assert before is not None
    after = sessions.enter(sessions.new_link())
    assert sessions.session(before) is None
    assert after is not None
    assert sessions.session(after) is not None


@given(st.text(max_size=80))
def test_nothing_else_comes_in(guess: str) -> None:
    sessions = Sessions()
    assert sessions.enter(guess) is None
    sessions.new_link()
    assert sessions.enter(guess) is None
    assert sessions.session(guess) is None


def test_unlocking_gives_a_cookie_that_nobody_had_before_and_locking_forgets_the_session() -> None:
    sessions = Sessions()
    outside = sessions.enter(sessions.new_link())
    assert outside is not None
    inside = sessions.unlock()
    assert sessions.session(outside) is None
    session = sessions.session(inside)
    assert session is not None
    session.colleague, csrf = "Ana", session.csrf
    session.say("algo")
    sessions.lock()
    left = sessions.session(inside)
    assert left is not None
    assert left is not session
    assert (left.colleague, left.said, left.csrf == csrf) == ("", "", False)
    assert sessions.unlock() != inside
    assert sessions.session(inside) is None


def test_a_secret_is_kept_as_a_hash_and_printed_nowhere() -> None:
    sessions = Sessions()
    link = sessions.new_link()
    cookie = sessions.enter(sessions.new_link())
    assert cookie is not None
    kept = [getattr(sessions, name) for name in Sessions.__slots__]
    assert link not in repr(kept)
    assert cookie not in repr(kept)
    assert repr(sessions.session(cookie)) == "Session(...)"


def test_each_wrong_passphrase_makes_the_next_try_wait_longer_up_to_a_minute() -> None:
    guesses, now, waits = Guesses(), 100.0, []
    for _ in range(10):
        guesses.failed(now=now)
        waits.append(guesses.wait(now=now))
        now += guesses.wait(now=now)
        assert guesses.wait(now=now) == 0
    assert waits == [0, 1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert max(waits) == LONGEST_WAIT
    guesses.right()
    guesses.failed(now=now)
    assert guesses.wait(now=now) == 0
