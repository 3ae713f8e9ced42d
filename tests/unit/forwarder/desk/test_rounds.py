"""A desk knows of which rounds it has the bundles, which it can still have and which are lost, from the clock alone."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.cells import CellClass
from crypto.layers import ROUND_MAX
from forwarder.desk import rounds
from forwarder.desk.config import RelaySettings
from forwarder.desk.inbox import Inbox
from forwarder.desk.opening import Opened
from forwarder.desk.rounds import AHEAD_SECONDS, Span
from tests.unit.forwarder.desk.given import CHEAP, PASSPHRASE, RELAY_SETTINGS
from tests.unit.forwarder.given import ROUND_SECONDS, bundle, number

LETTER, PARCEL = CellClass.LETTER, CellClass.PARCEL
RELAY: RelaySettings = msgspec.structs.replace(RELAY_SETTINGS, keep_rounds=8, parcel_every=4)


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    with Inbox.create(tmp_path, passphrase=PASSPHRASE, cost=CHEAP) as made:
        yield made


def take(inbox: Inbox, *numbers: int, cell_class: CellClass = LETTER) -> None:
    for one in numbers:
        inbox.take(bundle(one, cell_class=cell_class), Opened())


def after(round_number: int, *, seconds: float = 40.0) -> float:
    """So many seconds after the edge of that round."""
    return (round_number + 1) * RELAY.round_seconds + seconds


def span(first: int, last: int, count: int) -> Span:
    return Span(number(first), number(last), count)


def test_a_round_can_be_asked_for_when_it_has_closed_and_settled() -> None:
    assert rounds.settled(after(20, seconds=0), relay=RELAY) == 19
    assert rounds.settled(after(20, seconds=29), relay=RELAY) == 19
    assert rounds.settled(after(20, seconds=30), relay=RELAY) == 20
    short: RelaySettings = msgspec.structs.replace(RELAY, round_seconds=10)
    assert rounds.settled(21 * 10 + 5, relay=short) == 20
    assert rounds.settled(21 * 10 + 4, relay=short) == 19


def test_a_new_desk_misses_nothing_that_left_before_it_began(inbox: Inbox) -> None:
    assert rounds.wanted(inbox.database, relay=RELAY, now=after(20)) == []
    rounds.begin(inbox.database, closed=number(20))
    assert rounds.wanted(inbox.database, relay=RELAY, now=after(20)) == []
    rounds.begin(inbox.database, closed=number(22))
    assert rounds.wanted(inbox.database, relay=RELAY, now=after(22)) == [(LETTER, 21), (LETTER, 22)]


def test_what_is_wanted_is_what_is_not_here_letters_first_and_oldest_first(inbox: Inbox) -> None:
    take(inbox, 13, 14, 16, 18)
    take(inbox, 15, cell_class=PARCEL)
    assert rounds.wanted(inbox.database, relay=RELAY, now=after(20)) == [
        (LETTER, 15),
        (LETTER, 17),
        (LETTER, 19),
        (LETTER, 20),
        (PARCEL, 19),
    ]


def test_nothing_is_asked_for_that_the_relay_no_longer_keeps_and_it_is_called_lost(inbox: Inbox) -> None:
    take(inbox, 1, 2, 3)
    letters, parcels = rounds.standings(inbox.database, relay=RELAY, now=after(20))
    assert letters.here == (span(1, 3, 3),)
    assert letters.lost == (span(4, 12, 9),)
    assert letters.to_come == (span(13, 20, 8),)
    assert parcels.lost == (span(3, 11, 3),)
    assert parcels.to_come == (span(15, 19, 2),)
    assert [one for _, one in rounds.wanted(inbox.database, relay=RELAY, now=after(20))] == [*range(13, 21), 15, 19]


def test_what_the_relay_has_not_is_asked_for_again_only_while_it_may_be_late(inbox: Inbox) -> None:
    take(inbox, 12, 20)
    assert all(rounds.note_not_kept(inbox.database, LETTER, number(one)) for one in range(13, 20))
    letters, _ = rounds.standings(inbox.database, relay=RELAY, now=after(20))
    assert (letters.not_kept, letters.to_come, letters.lost) == ((span(13, 19, 7),), (), ())
    again = [one for kind, one in rounds.wanted(inbox.database, relay=RELAY, now=after(20)) if kind is LETTER]
    assert again == [17, 18, 19]
    # Should one come all the same, it is here.
    take(inbox, 14)
    letters, _ = rounds.standings(inbox.database, relay=RELAY, now=after(20))
    assert letters.not_kept == (span(13, 13, 1), span(15, 19, 5))
    # A week later it was still never there; it is not called lost.
    letters, _ = rounds.standings(inbox.database, relay=RELAY, now=after(90))
    assert letters.not_kept == (span(13, 13, 1), span(15, 19, 5))
    assert letters.lost == (span(21, 82, 62),)


def test_that_the_relay_has_not_what_may_be_still_to_come_tells_nothing(inbox: Inbox) -> None:
    take(inbox, 12)
    # Our clock is fast: these rounds are not over.
    asked = [one for _, one in rounds.wanted(inbox.database, relay=RELAY, now=after(20))]
    assert not any(rounds.note_not_kept(inbox.database, LETTER, number(one)) for one in asked)
    take(inbox, 20)
    assert asked[:7] == [13, 14, 15, 16, 17, 18, 19]
    wanted = [one for kind, one in rounds.wanted(inbox.database, relay=RELAY, now=after(20)) if kind is LETTER]
    assert wanted == asked[:7]
    # And of the other class a bundle of this one tells nothing.
    assert not rounds.note_not_kept(inbox.database, PARCEL, number(15))


def test_a_desk_whose_clock_was_fast_when_it_began_asks_for_what_left_since(inbox: Inbox) -> None:
    rounds.begin(inbox.database, closed=number(3_000))
    assert rounds.wanted(inbox.database, relay=RELAY, now=after(20)) == []
    rounds.put_right(inbox.database, closed=number(20), relay=RELAY)
    wanted = [one for kind, one in rounds.wanted(inbox.database, relay=RELAY, now=after(20)) if kind is LETTER]
    assert wanted == list(range(13, 21))
    # It is put right once.
    rounds.put_right(inbox.database, closed=number(21), relay=RELAY)
    assert inbox.database.one("SELECT round FROM beginning") == 13


def test_a_clock_that_was_a_little_fast_moves_the_beginning_by_as_little(inbox: Inbox) -> None:
    rounds.put_right(inbox.database, closed=number(20), relay=RELAY)
    rounds.begin(inbox.database, closed=number(23))
    rounds.put_right(inbox.database, closed=number(23), relay=RELAY)
    assert inbox.database.one("SELECT round FROM beginning") == 24
    rounds.put_right(inbox.database, closed=number(20), relay=RELAY)
    assert inbox.database.one("SELECT round FROM beginning") == 18


@pytest.mark.parametrize("far", [ROUND_MAX, 20 + AHEAD_SECONDS // ROUND_SECONDS + 1])
def test_a_bundle_of_a_round_that_is_still_to_be_moves_nothing(inbox: Inbox, far: int) -> None:
    take(inbox, 1, 3, 20, far)
    letters, parcels = rounds.standings(inbox.database, relay=RELAY, now=after(20))
    assert letters.here == (span(1, 1, 1), span(3, 3, 1), span(20, 20, 1))
    assert letters.ahead == (span(far, far, 1),)
    assert letters.lost == (span(2, 2, 1), span(4, 12, 9))
    assert letters.to_come == (span(13, 19, 7),)
    assert (parcels.ahead, parcels.to_come) == ((), (span(15, 19, 2),))
    # With the clock right again it is a round like any other.
    letters, _ = rounds.standings(inbox.database, relay=RELAY, now=after(far))
    assert (letters.ahead, letters.here[-1]) == ((), span(far, far, 1))


def test_a_bundle_that_is_older_than_anything_a_relay_kept_moves_no_beginning(inbox: Inbox) -> None:
    rounds.begin(inbox.database, closed=number(2_000_000))
    take(inbox, 0, 1_999_995, 2_000_001)
    letters, _ = rounds.standings(inbox.database, relay=RELAY, now=after(2_000_001))
    assert letters.lost == ()
    assert letters.to_come == (span(1_999_996, 2_000_000, 5),)


def test_a_clock_that_was_set_back_hides_no_gap_between_bundles_that_are_here(inbox: Inbox) -> None:
    take(inbox, 100, 103)
    letters, _ = rounds.standings(inbox.database, relay=RELAY, now=after(20))
    assert letters.to_come == (span(101, 102, 2),)
    assert rounds.wanted(inbox.database, relay=RELAY, now=after(20)) == []


@pytest.mark.slow
@settings(max_examples=60)
@given(
    st.sets(st.integers(0, 60), max_size=40),
    st.sets(st.integers(0, 60), max_size=10),
    st.integers(0, 70),
    st.integers(1, 6),
)
def test_every_round_that_counts_stands_in_one_place(
    tmp_path_factory: pytest.TempPathFactory, have: set[int], none: set[int], now: int, step: int
) -> None:
    relay: RelaySettings = msgspec.structs.replace(RELAY, parcel_every=step)
    with Inbox.create(tmp_path_factory.mktemp("inbox"), passphrase=PASSPHRASE, cost=CHEAP) as inbox:
        database = inbox.database
        with database.change() as opened:
            opened.execute("INSERT INTO beginning VALUES (1, 5)")
            opened.executemany(
                "INSERT INTO bundles VALUES (2, ?, x'00', 0, 0)", [(one * step + step - 1,) for one in have]
            )
            opened.executemany("INSERT INTO not_kept VALUES (2, ?)", [(one * step + step - 1,) for one in none])
        found = rounds.standings(database, relay=relay, now=after(now))[1]
        listed = [
            one
            for spans in (found.here, found.to_come, found.not_kept, found.lost, found.ahead)
            for each in spans
            for one in range(each.first, each.last + 1, step)
        ]
        came = [one * step + step - 1 for one in have]
        ahead = [one for one in came if rounds.too_far_ahead(number(one), relay=relay, now=after(now))]
        closed = max([rounds.settled(after(now), relay=relay), *(one for one in came if one not in ahead)])
        first = min([5, *came])
        due = [one for one in range(first, closed + 1) if one % step == step - 1]
        assert sorted(listed) == sorted({*due, *came})
        assert sorted(ahead) == [one for each in found.ahead for one in range(each.first, each.last + 1, step)]
        wanted = {one for kind, one in rounds.wanted(database, relay=relay, now=after(now)) if kind is PARCEL}
        assert wanted <= set(listed)
        assert not wanted & {one * step + step - 1 for one in have}
