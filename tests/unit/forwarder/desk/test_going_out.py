"""A word goes to the door like any report, and the other desk has it; the directory is kept, and never goes back."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from random import Random
from typing import Final

import msgspec
import pytest

from crypto.cells import CellClass
from crypto.directory import sign
from crypto.errors import RolledBack
from crypto.keys import PartnerKey
from crypto.report import Report
from forwarder.desk import schema, telling
from forwarder.desk.casework import By, Casework, Kind, Subject
from forwarder.desk.config import Config, PartnerSettings, RelaySettings, Settings
from forwarder.desk.errors import NobodyToTell
from forwarder.desk.going_out import Mouth, going_out, put_off
from forwarder.desk.inbox import Inbox
from forwarder.desk.incidents import Incidents
from forwarder.desk.listener import Failure, Trouble
from forwarder.desk.own_keys import signing_key
from forwarder.desk.program import Desk
from forwarder.desk.triage import State
from forwarder.desk.words import Said
from onion_service.dial import Dialler
from onion_service.refusals import ClockWrong
from tests.loopback_relay import SIZES, Fault, Road, World, road
from tests.unit.forwarder.desk.given import CHEAP, PASSPHRASE

BY: Final = By(date(2027, 1, 15), "Ana")
SECONDS: Final = 900


def desk_of(world: World, partner_id: str, key: PartnerKey, folder: Path) -> Desk:
    folder.mkdir()
    relay = RelaySettings(
        identity=world.identities[-1].public.hex(), card=str(world.card), round_seconds=world.round_seconds,
        letters=SIZES.letters, parcels=SIZES.parcels, parcel_every=SIZES.parcel_every,
    )  # fmt: skip
    found = Settings(Config(partner=PartnerSettings(id=partner_id, name=partner_id), relay=relay), folder)
    return Desk(found, (key.opening,), Inbox.create(folder, passphrase=PASSPHRASE, cost=CHEAP))


class Story:
    """Two desks of one relay, each with reports of one thing, and the road to its door."""

    def __init__(self, world: World, built: Road, norte: Desk, sur: Desk) -> None:
        self.world = world
        self.road = built
        self.norte = norte
        self.sur = sur
        self.failures: list[Failure] = []
        self.speaking = Mouth(norte, Dialler(socks=built.socks), self.failures.append, Random(1))
        self.hearing = Mouth(sur, Dialler(socks=built.socks), self.failures.append, Random(2))
        for desk in (norte, sur):
            with desk.inbox.database.change() as opened:
                for text in ("Vi algo", "Yo también"):
                    report = Report(text=text, topic="desaparicion", place="sonora")
                    schema.store(opened, report, round_number=self.now_round, wire=report.encode())
            Incidents(desk.inbox.database).merge([1, 2], by=BY)
            Casework(desk.inbox.database).mark(Subject(Kind.INCIDENT, 1), State.CHECKING, by=BY)

    @property
    def now_round(self) -> int:
        return int(time.time()) // self.world.round_seconds

    def list_speakers(self, *desks: Desk) -> None:
        """The directory names the signing keys of these desks."""
        keys = {
            desk.settings.config.partner.id: signing_key(desk.inbox.database).verifying_key.wire.hex() for desk in desks
        }
        found = self.world.directory
        partners = [msgspec.structs.replace(one, signing=keys.get(one.id, msgspec.UNSET)) for one in found.partners]
        self.world.directory = msgspec.structs.replace(found, partners=partners, version=found.version + 1)
        self.world.signed = sign(self.world.directory, self.world.root)

    def tell(self) -> telling.Due:
        """Norte wants to tell Sur of its incident, and the moment has come."""
        database = self.norte.inbox.database
        what = telling.draft(database, 1, round_seconds=self.world.round_seconds)
        telling.tell(
            database, 1, "sur", telling=what, single=False, directory=self.world.directory, own="norte", by=BY,
            key=signing_key(database), due=int(time.time()),
        )  # fmt: skip
        (one,) = telling.due(database, now=time.time(), round_seconds=SECONDS)
        return one

    def heard(self) -> list[Said]:
        """What Sur hears of everything that reached the door, once it has fetched the directory."""
        asyncio.run(_once(self.hearing))
        for number in sorted(self.world.accepted):
            self.sur.take(self.world.bundle(number, CellClass.LETTER))
        return self.sur.words(now=time.time()).heard()


async def _once(mouth: Mouth) -> None:
    await mouth._sender().directory()


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    world = World(now=time.time, round_seconds=SECONDS)
    with (
        road(world, tmp_path) as built,
        desk_of(world, "norte", world.norte, tmp_path / "n") as norte,
        desk_of(world, "sur", world.sur, tmp_path / "s") as sur,
    ):
        made = Story(world, built, norte, sur)
        made.list_speakers(norte, sur)
        yield made


def test_a_word_reaches_the_other_desk_and_counts_when_it_is_accepted(story: Story) -> None:
    asyncio.run(story.speaking.say(story.tell()))
    (said,) = story.heard()
    assert (said.name, said.topic, said.place, said.several) == ("Norte", "desaparicion", "sonora", True)
    assert Incidents(story.sur.inbox.database).incident(1).partners == 1
    story.sur.words(now=time.time()).accept(1, said.number, by=BY)
    assert Incidents(story.sur.inbox.database).incident(1).partners == 2
    assert telling.due(story.norte.inbox.database, now=time.time(), round_seconds=SECONDS) == []


def test_at_the_door_it_is_one_cell_like_a_report_on_circuits_of_its_own(story: Story) -> None:
    asyncio.run(story.speaking.say(story.tell()))
    assert [len(envelope) for envelope in story.world.posts] == [CellClass.LETTER.wire_length]
    assert len(set(story.road.logins)) == len(story.road.logins) == 2
    assert story.world.reports(story.world.sur) == story.world.reports(story.world.norte) == []


@pytest.mark.slow
def test_a_word_whose_answer_was_lost_is_heard_once(story: Story) -> None:
    story.world.faults.extend([Fault.ANSWER_LOST])
    asyncio.run(story.speaking.say(story.tell()))
    assert len(story.heard()) == 1


def test_nothing_leaves_while_the_directory_does_not_name_our_key(story: Story) -> None:
    one = story.tell()
    story.list_speakers(story.sur)
    with pytest.raises(NobodyToTell, match="signing"):
        asyncio.run(story.speaking.say(one))
    assert story.world.posts == []
    assert telling.due(story.norte.inbox.database, now=time.time(), round_seconds=SECONDS) == [one]


async def keep_directory(story: Story) -> Failure:
    """The first that is told of keeping the directory."""
    told: asyncio.Queue[Failure] = asyncio.Queue()
    mouth = replace(story.speaking, failed=told.put_nowait)
    keeping = asyncio.create_task(mouth.keep_directory())
    first = await asyncio.wait_for(told.get(), 20)
    keeping.cancel()
    await asyncio.wait([keeping])
    return first


def test_a_relay_that_agrees_with_our_clock_puts_a_beginning_right_that_lies_ahead(story: Story) -> None:
    story.norte.wanted(now=time.time() + 40 * 86_400)

    assert story.norte.wanted(now=time.time()) == []
    first = asyncio.run(keep_directory(story))
    assert (first.what, first.error) == (Trouble.NO_DIRECTORY, None)
    relay = story.norte.settings.relay
    assert len(story.norte.wanted(now=time.time())) >= relay.keep_rounds


def test_a_relay_that_disagrees_with_our_clock_moves_no_beginning(story: Story) -> None:
    story.norte.wanted(now=time.time())
    before = story.norte.inbox.database.one("SELECT round FROM beginning")
    story.world.clock_error = 7_200

    assert isinstance(asyncio.run(keep_directory(story)).error, ClockWrong)
    assert story.norte.inbox.database.one("SELECT round FROM beginning") == before


def test_an_older_directory_is_refused_and_the_held_one_stays(story: Story) -> None:
    older = story.world.signed
    story.list_speakers(story.norte)
    asyncio.run(_once(story.speaking))
    story.world.signed = older
    with pytest.raises(RolledBack):
        asyncio.run(_once(story.speaking))
    held = story.norte.directory.load()
    assert held is not None
    assert held.directory == story.world.directory


def test_words_that_are_late_are_put_off_when_the_desk_is_unlocked(story: Story) -> None:
    story.tell()
    put_off(story.norte, now=time.time(), chance=Random(3))
    assert telling.due(story.norte.inbox.database, now=time.time() + 50, round_seconds=SECONDS) == []


@pytest.mark.slow
def test_a_word_whose_moment_came_while_there_was_no_way_out_does_not_leave_when_there_is_one(story: Story) -> None:
    story.tell()

    async def body() -> None:
        speaking = asyncio.create_task(story.speaking.speak())
        await asyncio.sleep(1)
        speaking.cancel()
        await asyncio.wait([speaking])

    asyncio.run(body())
    assert (story.world.posts, story.failures) == ([], [])
    assert len(telling.due(story.norte.inbox.database, now=time.time() + 1_800, round_seconds=SECONDS)) == 1


def test_a_desk_without_a_way_out_says_so_and_goes_on(story: Story) -> None:
    tor = msgspec.structs.replace(
        story.norte.settings.config.tor, mode="attach", control="unix:/nowhere", service="/nowhere"
    )
    config = msgspec.structs.replace(story.norte.settings.config, tor=tor)
    desk = Desk(Settings(config, story.norte.settings.folder), (story.world.norte.opening,), story.norte.inbox)

    async def body() -> None:
        async with going_out(desk, told=lambda _: None, failed=story.failures.append):
            await asyncio.sleep(0.1)

    asyncio.run(body())
    (failure,) = story.failures
    assert failure.what is Trouble.ONLY_CALLED
    assert str(failure).endswith("desk.toml: [tor] names no socks to go out by")
