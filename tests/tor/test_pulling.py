"""Over a real tor network: a desk that was off comes for what it missed and has it, while another was served by push;
who has no key does not even find the partners' onion; and one desk tells the other that it has an incident too.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from random import Random
from typing import Final

import msgspec
import pytest

from crypto import keys
from crypto.bundle import Bundle
from crypto.cells import CellClass
from crypto.directory import BundleSizes, sign
from crypto.layers import RoundNumber, wrap
from crypto.letter import seal_report
from crypto.report import Report
from forwarder.desk import telling
from forwarder.desk.casework import By, Casework, Kind, Subject
from forwarder.desk.config import SETTINGS_NAME, PartnerSettings, RelaySettings
from forwarder.desk.going_out import Mouth
from forwarder.desk.incidents import Incidents
from forwarder.desk.listener import Failure
from forwarder.desk.own_keys import signing_key
from forwarder.desk.program import create
from forwarder.desk.triage import State
from forwarder.partner_card import PartnerCard
from forwarder.pulling import path_of
from onion_service.address import OnionAddress
from onion_service.client_auth import ClientKey
from onion_service.control import Tor, launch, make_onion
from onion_service.dial import Answer, Dialler
from onion_service.errors import OnionUnreachable
from onion_service.torrc import CLOSED_BURST, CLOSED_RATE, PrivateNet, SocksAddress, UnixSocket
from relay.supervisor import onion_tor
from tests.architecture_rules import ROOT
from tests.rig import Rig, Running
from tests.tor.private_network import PrivateNetwork
from tests.unit.forwarder.desk.given import CHEAP, PASSPHRASE, open_desk

pytestmark = [pytest.mark.tor, pytest.mark.slow]

ROUND_SECONDS: Final = 10
SIZES: Final = BundleSizes(letters=4, parcels=1, parcel_every=2)
SECONDS: Final = 180.0
BY: Final = By(date(2027, 1, 15), "Ana")


def authorities(net: PrivateNet) -> str:
    return "".join(
        f'[[tor.authority]]\nnickname = "{one.nickname}"\nor_port = {one.or_port}\ndir_port = {one.dir_port}\n'
        f'v3_identity = "{one.v3_identity}"\nfingerprint = "{one.fingerprint}"\n'
        for one in net.authorities
    )


def until(holds: Callable[[], bool], *, seconds: float = SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it takes too long"
        time.sleep(0.2)


@dataclass(frozen=True, slots=True)
class Story:
    """A relay with two partners: `norte` is pushed to, `sur` comes."""

    rig: Rig
    running: Running
    network: PrivateNetwork
    partners: OnionAddress
    norte: Path
    sur: Path
    socks: SocksAddress
    tor: Tor

    def report(self, text: str) -> int:
        """A report to both, and the round it came in."""
        to = [partner.opening.sealing_key for partner in self.rig.partners]
        announced = self.running.announced()[0]
        cell = seal_report(Report(text=text, topic="reten", place="reynosa"), to=to, relays=1)
        assert self.running.post(wrap(cell, route=[announced.key])) == 202
        return announced.round_number

    def pushed(self) -> int:
        """The last round that `norte` has acknowledged, as the relay says."""
        figures = self.rig.folder / "state" / "figures.json"
        return int(json.loads(figures.read_bytes())["partners"]["norte"]) if figures.exists() else -1


def a_desk(
    rig: Rig, folder: Path, number: int, partner: PartnerSettings, net: PrivateNet, partners: str
) -> PartnerCard:
    relay = RelaySettings(
        identity=rig.relay.public.hex(), card=rig.card, round_seconds=ROUND_SECONDS, letters=SIZES.letters,
        parcels=SIZES.parcels, parcel_every=SIZES.parcel_every, partners_onion=partners,
    )  # fmt: skip
    card = create(folder, partner, relay=relay, passphrase=PASSPHRASE, cost=CHEAP)
    (folder / partner.key).write_bytes(keys.lock(rig.partners[number], passphrase=PASSPHRASE, cost=CHEAP))
    with (folder / SETTINGS_NAME).open("a") as settings:
        settings.write(authorities(net))
    return card


def name_speakers(rig: Rig, **desks: Path) -> None:
    """The relay's directory names both desks as they call themselves, and the keys with which they speak."""
    found = rig.directory()
    partners = []
    for entry, (name, folder) in zip(found.partners, desks.items(), strict=True):
        with open_desk(folder) as desk:
            partners.append(msgspec.structs.replace(entry, id=name, signing=desk.card.signing))
    signed = sign(msgspec.structs.replace(found, partners=partners), rig.root)
    (rig.folder / "directory.signed").write_bytes(signed)


@contextmanager
def desk_run(folder: Path, log: Path) -> Iterator[Callable[[str], bool]]:
    """`veladora desk receive` as a program of its own; yields whether it has said something yet."""
    program_text = "from relay.cli import main; main()"
    command = [sys.executable, "-c", program_text, "desk", "receive", "--folder", str(folder), "--passphrase-fd", "0"]
    with log.open("ab") as said:
        program = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=said, stderr=said, cwd=ROOT)
    try:
        assert program.stdin is not None
        with program.stdin as typed:
            typed.write(PASSPHRASE.encode() + b"\n")

        def says(words: str) -> bool:
            assert program.poll() is None, log.read_text()[-2_000:]
            return words in log.read_text()

        yield says
    finally:
        program.terminate()
        program.wait(60)


@pytest.fixture(scope="module")
def story(private_network: PrivateNetwork) -> Iterator[Story]:
    folder, net = private_network.directory / "p", private_network.net
    rig = Rig(folder / "relay", round_seconds=ROUND_SECONDS, sizes=SIZES)
    # The desks' keys and addresses first, then the relay that knows them.
    unknown = "a" * 56 + ".onion"
    norte, sur = PartnerSettings(id="norte", name="Red Norte"), PartnerSettings(id="sur", name="Red Sur")
    north = a_desk(rig, folder / "n", 0, norte, net, "")
    south = a_desk(rig, folder / "s", 1, sur, net, "")
    more = (
        f"[delivery]\nafter_edge = 1\n"
        f'[[partner]]\nid = "norte"\nendpoint = "{north.endpoint}"\n'
        f'[[partner]]\nid = "sur"\npull_key = "{south.pull_key}"\n'
    )
    settings = rig.write(more_settings=more)
    wanted = replace(onion_tor(settings), private_net=net)
    onion = make_onion(wanted)
    partners = OnionAddress((settings.partners_onion / "hostname").read_text().strip())
    rig = replace(rig, onion=str(onion))
    settings = rig.write(more_settings=more)
    for place, partner in (("n", norte), ("s", sur)):
        text = (folder / place / SETTINGS_NAME).read_text()
        text = text.replace(f"{unknown}#", f"{onion}#")
        if partner is sur:
            text = text.replace('partners_onion = ""', f'partners_onion = "{partners}"')
        (folder / place / SETTINGS_NAME).write_text(text)
    name_speakers(rig, norte=folder / "n", sur=folder / "s")
    dialling, socks = private_network.launch_dial("p-dial")
    with ExitStack() as stack:
        stack.callback(private_network.end, dialling)
        tor = stack.enter_context(launch(wanted))
        running = stack.enter_context(rig.running(settings, socks=str(socks)))
        tor.wait_published(seconds=SECONDS)
        yield Story(rig, running, private_network, partners, folder / "n", folder / "s", socks, tor)


def test_a_desk_that_was_off_has_every_round_it_missed_while_another_was_served(story: Story, tmp_path: Path) -> None:
    with open_desk(story.sur) as desk:
        # It ran, and was switched off.
        desk.wanted(now=time.time())
    with desk_run(story.norte, tmp_path / "norte") as norte_says:
        until(lambda: norte_says("receiving at"))
        until(lambda: story.pushed() >= 0)
        sent = []
        for number in range(3):
            sent.append(story.report(f"Vi algo {number}"))
            story.running.wait_round(sent[-1])
        until(lambda: story.pushed() >= sent[-1])
    began = time.monotonic()
    with desk_run(story.sur, tmp_path / "sur") as sur_says:
        until(lambda: sur_says("has come for all that was missed"))
    took = time.monotonic() - began
    found = {}
    for place in (story.norte, story.sur):
        with open_desk(place) as desk:
            found[place.name] = [(entry.round_number, entry.report.text) for entry in desk.inbox.entries()]
            have = {one for (one,) in desk.inbox.database.rows("SELECT round FROM bundles WHERE class = 1")}
            assert set(range(sent[0], sent[-1] + 1)) <= have
            assert desk.inbox.gaps(CellClass.LETTER, step=1) == []
    assert found["n"] == found["s"] == [(one, f"Vi algo {number}") for number, one in enumerate(sent)]
    print(f"unlocked after three rounds: had all of them {took:.0f} s after the start, tor's own start with it")


def test_who_has_no_key_or_another_finds_nothing_and_who_has_it_gets_bundles_alone(story: Story) -> None:
    wire = story.rig.store().read(CellClass.LETTER, _kept(story))
    path = path_of(CellClass.LETTER, _kept(story))

    def called(name: str, key: ClientKey | None, path: str) -> Answer:
        tor, socks = story.network.launch_dial(name)
        try:
            if key is not None:
                tor.let_in_by(story.partners, key)
            return asyncio.run(Dialler(socks=socks).get(f"http://{story.partners}{path}", limit=10**7, timeout=120))
        finally:
            story.network.end(tor)

    with pytest.raises(OnionUnreachable, match="wants a client key"):
        called("p-none", None, path)
    with pytest.raises(OnionUnreachable, match="does not know our client key"):
        called("p-other", ClientKey(secrets.token_bytes(32)), path)
    with open_desk(story.sur) as desk:
        secret = bytes(desk.inbox.database.one("SELECT secret FROM own_keys WHERE name = 'pull'"))
    assert called("p-right", ClientKey(secret), path).body == wire
    assert called("p-again", ClientKey(secret), "/cells").status == 404


def test_tor_limits_who_has_a_key_at_the_second_service_and_asks_everybody_for_work_at_the_first(story: Story) -> None:
    first, second = story.tor.ask("config-text").split("HiddenServiceDir ")[1:]
    assert "HiddenServicePoWDefensesEnabled 1" in first
    assert "IntroDoS" not in first
    assert "HiddenServiceEnableIntroDoSDefense 1" in second
    assert f"HiddenServiceEnableIntroDoSRatePerSec {CLOSED_RATE}" in second
    assert f"HiddenServiceEnableIntroDoSBurstPerSec {CLOSED_BURST}" in second


def test_a_word_goes_through_the_door_and_the_other_desk_hears_it(story: Story) -> None:
    with open_desk(story.norte) as norte, open_desk(story.sur) as sur:
        for desk in (norte, sur):
            Incidents(desk.inbox.database).merge([1, 2], by=BY)
            Casework(desk.inbox.database).mark(Subject(Kind.INCIDENT, 1), State.CHECKING, by=BY)
        failures: list[Failure] = []
        speaking, hearing = (Mouth(one, Dialler(socks=story.socks), failures.append, Random(1)) for one in (norte, sur))
        asyncio.run(fetch(hearing))
        asyncio.run(fetch(speaking))
        held = norte.directory.current(now=time.time())
        assert held is not None
        what = telling.draft(norte.inbox.database, 1, round_seconds=ROUND_SECONDS)
        telling.tell(
            norte.inbox.database, 1, "sur", telling=what, single=False, directory=held.directory, own="norte", by=BY,
            key=signing_key(norte.inbox.database), due=int(time.time()),
        )  # fmt: skip
        (one,) = telling.due(norte.inbox.database, now=time.time(), round_seconds=ROUND_SECONDS)
        asyncio.run(speaking.say(one))
        story.running.wait_round(story.running.announced()[0].round_number)
        for number in story.rig.store().rounds(CellClass.LETTER):
            wire = story.rig.store().read(CellClass.LETTER, number)
            sur.take(Bundle.parse(wire, relay=story.rig.relay.signing.verifying_key))
        (said,) = sur.words(now=time.time()).beside(1)
        assert (said.sender, said.topic, said.place, said.several) == ("norte", "reten", "reynosa", True)
        sur.words(now=time.time()).accept(1, said.number, by=BY)
        assert Incidents(sur.inbox.database).incident(1).partners == 2
        assert failures == []


async def fetch(mouth: Mouth) -> None:
    await mouth._sender().directory()


def _kept(story: Story) -> RoundNumber:
    return story.rig.store().rounds(CellClass.LETTER)[0]


def test_the_door_gives_no_bundles(story: Story) -> None:
    assert story.running.ask("GET", path_of(CellClass.LETTER, _kept(story))).status == 404
    assert UnixSocket(story.running.socket).path.name == "door.sock"
