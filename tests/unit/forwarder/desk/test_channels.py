"""What channels have to say stands in a queue on the disk; what opens their accounts stands there and nowhere else."""

from dataclasses import replace
from pathlib import Path

import pytest

from forwarder.desk.channels.accounts import CHANNELS_MAX, Channel, Channels, Kind
from forwarder.desk.channels.outlet import Outlet
from forwarder.desk.channels.queue import BACKOFF, EXPIRES_HOURS, TRIES_MAX, PostState, Queue
from forwarder.desk.channels.sending import Outcome, Sending, speak
from forwarder.desk.errors import BadChannel, NoSuchChannel, NoSuchPost
from forwarder.desk.publish.alert import State as AlertState
from forwarder.desk.publish.places import Gazetteer
from forwarder.desk.publish.stored import Wording
from forwarder.desk.triage import State
from onion_service.posting import Service, Wiki
from tests.unit.forwarder.desk.given import PASSPHRASE
from tests.unit.forwarder.desk.publish.newsroom import ANA, BETTER, NOW, PLACES, Newsroom

TOKEN = "jsons://example.org/?token=muy-secreto"
SERVICE = Service("JSON", 250, 32_768)
GAZETTEER = Gazetteer(PLACES, {one: f"Ciudad {one.removeprefix('mx-')}" for one in PLACES})
ADDRESS = f"http://{'a' * 56}.onion/alerts/"
HOUR = 3_600


@pytest.fixture
def desk(tmp_path: Path) -> Newsroom:
    return Newsroom(tmp_path)


def channels(desk: Newsroom) -> Channels:
    return Channels(desk.inbox.database)


def queue(desk: Newsroom) -> Queue:
    return Queue(desk.inbox.database)


def sending(desk: Newsroom) -> Sending:
    return Sending(desk.inbox.database, address=ADDRESS, gazetteer=GAZETTEER)


def an_open_channel(desk: Newsroom, name: str = "noticias") -> Channel:
    channels(desk).add(name, TOKEN, service=SERVICE, language="es")
    channels(desk).turn(name, on=True)
    return channels(desk).named(name)


def states(desk: Newsroom) -> list[str]:
    return [post.state.value for post in queue(desk).posts()]


# --- accounts ----------------------------------------------------------------------------------------------------


def test_a_channel_is_off_until_it_is_turned_on(desk: Newsroom) -> None:
    made = channels(desk).add("noticias", TOKEN, service=SERVICE, language="es")
    assert (made.active, made.kind, made.service) == (False, Kind.APPRISE, "JSON")
    desk.publish(desk.incident())
    assert queue(desk).posts() == []
    channels(desk).turn("noticias", on=True)
    desk.publish(desk.incident())
    assert states(desk) == ["waiting"]
    channels(desk).turn("noticias", on=False)
    assert queue(desk).due(now=NOW) == []


def test_what_opens_an_account_is_in_the_encrypted_inbox_alone(desk: Newsroom) -> None:
    channel = an_open_channel(desk)
    channels(desk).add_wiki("wiki", Wiki("https://w.example/w/", "Ana", "clave"), page="Alertas", language="es")
    wiki = channels(desk).named("wiki")
    assert "secreto" not in repr(channel)
    assert channels(desk).url(channel) == TOKEN
    assert channels(desk).wiki(wiki) == Wiki("https://w.example/w/", "Ana", "clave")
    assert repr(channels(desk).wiki(wiki)) == "Wiki(...)"
    with pytest.raises(NoSuchChannel):
        channels(desk).url(wiki)
    desk.inbox.close()
    assert not any(b"secreto" in path.read_bytes() for path in desk.folder.rglob("*") if path.is_file())


def test_a_channel_that_is_removed_leaves_nothing(desk: Newsroom) -> None:
    an_open_channel(desk)
    desk.publish(desk.incident())
    channels(desk).remove("noticias")
    assert (desk.lines("channels"), desk.lines("posts"), desk.lines("pages")) == (0, 0, 0)
    with pytest.raises(NoSuchChannel):
        channels(desk).remove("noticias")


def test_a_channel_that_cannot_be_used_is_refused(desk: Newsroom) -> None:
    made = channels(desk)
    for name in ("", "Noticias", "a b", "-a", "a" * 33, "ñ"):
        with pytest.raises(BadChannel):
            made.add(name, TOKEN, service=SERVICE, language="es")
    for url in ("", "x" * 4_097):
        with pytest.raises(BadChannel):
            made.add("a", url, service=SERVICE, language="es")
    with pytest.raises(BadChannel):
        made.add("a", TOKEN, service=SERVICE, language="fr")
    made.add("a", TOKEN, service=SERVICE, language="es")
    with pytest.raises(BadChannel, match="already"):
        made.add("a", TOKEN, service=SERVICE, language="es")
    for address in ("http://w.example/w/", "https://w.example/w", "https://w.example", "ftp://w/w/", "w"):
        with pytest.raises(BadChannel):
            made.add_wiki("w", Wiki(address, "Ana", "clave"), page="Alertas", language="es")
    for page in ("", "a|b", "[[a]]", "{place}{place}", "{other}", "a#b", "a" * 201):
        with pytest.raises(BadChannel):
            made.add_wiki("w", Wiki("https://w.example/w/", "Ana", "clave"), page=page, language="es")
    made.add_wiki("w", Wiki(f"http://{'a' * 56}.onion/w/", "Ana", "clave"), page="A/{place}", language="en")
    for number in range(CHANNELS_MAX - 2):
        made.add(f"c{number}", TOKEN, service=SERVICE, language="es")
    with pytest.raises(BadChannel, match="at most"):
        made.add("one-more", TOKEN, service=SERVICE, language="es")


# --- the queue ---------------------------------------------------------------------------------------------------


def test_every_version_reaches_every_channel_that_is_on(desk: Newsroom) -> None:
    for name in ("uno", "dos"):
        an_open_channel(desk, name)
    number = desk.incident()
    desk.publish(number)
    for post in queue(desk).hand_out(now=NOW):
        queue(desk).sent(post.number)
    desk.correct(number)
    for post in queue(desk).hand_out(now=NOW):
        assert post.alert.state.value == "corrected"
        queue(desk).sent(post.number)
    desk.withdraw(number)
    assert [(post.channel, post.alert.version) for post in queue(desk).due(now=NOW)] == [(1, 3), (2, 3)]


def test_what_was_not_said_yet_is_replaced_and_what_nobody_heard_is_not_taken_back(desk: Newsroom) -> None:
    an_open_channel(desk)
    unheard, tried = desk.incident(), desk.incident()
    desk.publish(unheard)
    desk.withdraw(unheard)
    assert states(desk) == ["superseded"]
    desk.publish(tried)
    (post,) = queue(desk).hand_out(now=NOW)
    queue(desk).failed(post.number, now=NOW)
    # Nobody knows whether it was heard, so it is taken back.
    desk.withdraw(tried)
    assert states(desk) == ["superseded", "superseded", "waiting"]


def test_a_channel_that_was_turned_on_later_says_a_correction_and_no_withdrawal(desk: Newsroom) -> None:
    one, other = desk.incident(), desk.incident()
    desk.publish(one)
    desk.publish(other)
    an_open_channel(desk)
    desk.correct(one)
    desk.withdraw(other)
    assert [post.alert.state.value for post in queue(desk).posts()] == ["corrected"]


def test_what_failed_is_tried_again_later_and_in_the_end_no_more(desk: Newsroom) -> None:
    channel = an_open_channel(desk)
    desk.publish(desk.incident())
    now = NOW
    for tries, hours in enumerate([*BACKOFF, BACKOFF[-1]]):
        (post,) = queue(desk).hand_out(now=now)
        assert post.tries == tries
        queue(desk).failed(post.number, now=now)
        assert queue(desk).due(now=now) == []
        assert queue(desk).due(now=(now // HOUR + hours) * HOUR - 1) == []
        # A person may try at once.
        assert len(queue(desk).due(now=now, channel=channel.number)) == 1
        now = (now // HOUR + hours) * HOUR
    assert queue(desk).due(now=NOW + (EXPIRES_HOURS + 1) * HOUR) == []
    (post,) = queue(desk).posts()
    assert post.state is PostState.EXPIRED
    with pytest.raises(NoSuchPost):
        queue(desk).sent(99)


def test_what_is_being_said_while_it_is_taken_back_is_taken_back_there_too(desk: Newsroom) -> None:
    an_open_channel(desk)
    number = desk.incident()
    desk.publish(number)
    saying = sending(desk)
    (turn,) = saying.due(now=NOW)
    desk.withdraw(number)
    saying.settle([Outcome(turn.calls[0][0].number, turn.channel, number, "")], now=NOW)
    assert [post.alert.state for post in queue(desk).due(now=NOW)] == [AlertState.WITHDRAWN]


def test_what_was_handed_out_and_not_tried_is_as_it_was(desk: Newsroom) -> None:
    an_open_channel(desk)
    for _ in range(2):
        desk.publish(desk.incident())
    saying = sending(desk)
    (turn,) = saying.due(now=NOW)
    assert [post.tries for post in queue(desk).posts()] == [1, 1]
    saying.settle([Outcome(turn.calls[0][0].number, turn.channel, 1, "nobody there")], now=NOW)
    assert [post.tries for post in queue(desk).posts()] == [1, 0]


def test_one_channel_that_is_gone_does_not_make_another_say_it_twice(desk: Newsroom) -> None:
    for name in ("uno", "dos"):
        an_open_channel(desk, name)
    desk.publish(desk.incident())
    saying = sending(desk)
    turns = saying.due(now=NOW)
    channels(desk).remove("uno")
    saying.settle([Outcome(turn.calls[0][0].number, turn.channel, 1, "") for turn in turns], now=NOW)
    assert states(desk) == ["sent"]


def test_a_fault_in_one_channel_is_its_own_outcome_and_tells_no_secret(desk: Newsroom) -> None:
    for name in ("uno", "dos"):
        an_open_channel(desk, name)
    desk.publish(desk.incident())
    work = sending(desk).due(now=NOW)

    def broken(_: Outlet) -> None:
        raise OSError(12, "Cannot allocate memory", "muy-secreto")

    calls = zip(work, (broken, lambda _: None), strict=True)
    outcomes = speak([replace(turn, calls=((turn.calls[0][0], call),)) for turn, call in calls], Outlet(None))
    assert [outcome.trouble.rpartition(": ")[2] for outcome in outcomes] == ["OSError", ""]
    assert "secreto" not in outcomes[0].trouble


def test_turned_off_it_drops_what_nobody_heard_and_keeps_what_mends_what_was_said(desk: Newsroom) -> None:
    an_open_channel(desk)
    heard, unheard = desk.incident(), desk.incident()
    desk.publish(heard)
    (post,) = queue(desk).hand_out(now=NOW)
    queue(desk).sent(post.number)
    desk.correct(heard)
    desk.publish(unheard)
    channels(desk).turn("noticias", on=False)
    assert states(desk) == ["sent", "waiting", "dropped"]
    desk.correct(unheard)
    desk.withdraw(heard)
    assert queue(desk).due(now=NOW) == []
    channels(desk).turn("noticias", on=True)
    assert [(post.incident, post.alert.state.value) for post in queue(desk).due(now=NOW)] == [(heard, "withdrawn")]
    desk.correct(unheard)
    assert [post.incident for post in queue(desk).due(now=NOW)] == [heard, unheard]


def test_a_withdrawal_does_not_grow_too_old_to_be_said(desk: Newsroom) -> None:
    an_open_channel(desk)
    number = desk.incident()
    desk.publish(number)
    (post,) = queue(desk).hand_out(now=NOW)
    queue(desk).sent(post.number)
    desk.withdraw(number)
    late = NOW + 2 * EXPIRES_HOURS * HOUR
    assert [post.alert.state for post in queue(desk).due(now=late)] == [AlertState.WITHDRAWN]
    for _ in range(TRIES_MAX):
        (post,) = queue(desk).hand_out(now=late)
        queue(desk).failed(post.number, now=late)
        late += BACKOFF[-1] * HOUR
    assert queue(desk).due(now=late) == []
    assert states(desk) == ["sent", "expired"]


def test_a_clock_that_was_ahead_once_does_not_hold_a_post_back_for_years(desk: Newsroom) -> None:
    an_open_channel(desk)
    ahead = NOW + 365 * 24 * HOUR
    desk.publish(desk.incident(), now=ahead)
    (post,) = queue(desk).hand_out(now=ahead)
    queue(desk).failed(post.number, now=ahead)
    assert [post.number for post in queue(desk).due(now=NOW)] == [post.number]


def test_the_queue_outlives_the_program(desk: Newsroom) -> None:
    an_open_channel(desk)
    desk.publish(desk.incident())
    desk.inbox.close()
    desk.inbox = type(desk.inbox).open(desk.folder, passphrase=PASSPHRASE)
    assert states(desk) == ["waiting"]


# --- what is said ------------------------------------------------------------------------------------------------


def test_a_dry_run_says_to_the_letter_what_would_be_sent(desk: Newsroom) -> None:
    channel = an_open_channel(desk)
    alert = desk.publish(desk.incident()).alert
    (message,) = sending(desk).messages(channel, alert)
    assert (message.kind, message.service, message.page) == (Kind.APPRISE, "JSON", "")
    assert message.title == "ALERTA: Retén en la carretera"
    assert "secreto" not in repr(message)
    assert states(desk) == ["waiting"]


def test_a_wiki_that_is_turned_on_does_not_say_what_was_published_before(desk: Newsroom) -> None:
    account = Wiki("https://w.example/w/", "Ana", "clave")
    wiki = channels(desk).add_wiki("wiki", account, page="Alertas", language="es")
    desk.publish(desk.incident())
    channels(desk).turn("wiki", on=True)
    alert = desk.publish(desk.incident()).alert
    (message,) = sending(desk).messages(wiki, alert)
    assert message.body.count("== ") == 1


def test_a_page_of_the_nearest_city_has_all_its_alerts_and_a_moved_one_leaves_it(desk: Newsroom) -> None:
    account = Wiki("https://w.example/w/", "Ana", "clave")
    channel = channels(desk).add_wiki("wiki", account, page="Alertas/{place}", language="es")
    channels(desk).turn("wiki", on=True)
    first, moved = desk.incident(3, state=State.CONFIRMED), desk.incident(3, state=State.CONFIRMED)
    desk.publish(first)
    desk.publish(moved)
    (message,) = sending(desk).messages(channel, desk.publications.versions(moved)[-1][0])
    assert message.page in ("Alertas/Ciudad centro", "Alertas/Ciudad cerca")
    assert message.body.count("== ") == 2
    assert len(sending(desk).due(now=NOW)) == 1
    desk.publications.publish(
        desk.publications.correction(moved, Wording(BETTER, place="mx-tijuana"), now=NOW),  # type: ignore[arg-type]
        by=ANA,
        now=NOW,
        note="era en Tijuana",
    )
    pages = sending(desk).messages(channel, desk.publications.versions(moved)[-1][0])
    assert [(one.page, one.body.count("== ")) for one in pages] == [(message.page, 1), ("Alertas/Ciudad tijuana", 1)]
    # A page is brought up also where a withdrawal was never announced.
    desk.withdraw(first)
    assert states(desk)[-1] == "waiting"
