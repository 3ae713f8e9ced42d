"""A desk is made whole or not at all, opens with its passphrase only, and receives from deliveries as they are."""

import asyncio
import base64
import logging
import os
import signal
from collections.abc import Mapping
from pathlib import Path

import aiohttp
import pytest

from crypto.cells import CellClass
from crypto.errors import WrongPassphrase
from crypto.keys import KeyKind, fingerprint_words, generate, lock
from crypto.report import Report
from crypto.suite import SealingKey
from forwarder.bundles import BundleStore
from forwarder.delivery import Deliveries, Event, Partner
from forwarder.desk.config import SETTINGS_NAME, read_settings
from forwarder.desk.errors import AlreadyThere, BadSettings
from forwarder.desk.inbox import Gap, Receipt
from forwarder.desk.listener import Listener
from forwarder.desk.program import Desk, create, log_to_stderr, receive, receiving, run, unlock
from forwarder.desk.tending import Told
from forwarder.partner_card import PartnerCard
from forwarder.webhook import webhook_headers
from onion_service.address import OnionAddress
from onion_service.control import Bootstrap, Tor, launch
from onion_service.errors import TorMissing, TorStopped, TorUnreachable
from onion_service.torrc import OnionTor
from tests.unit.forwarder.desk.given import (
    CHEAP,
    PARTNER,
    PASSPHRASE,
    RELAY_SETTINGS,
    attached,
    key_of,
    letters,
    new_desk,
    open_desk,
    parcels,
    to_socket,
)
from tests.unit.forwarder.endpoints import Answer, Journal, Loopback, until
from tests.unit.forwarder.given import RELAY, ROUND_SECONDS, bundle, number

pytestmark = pytest.mark.slow

# A tor with this network has nobody to talk to, so it never leaves the machine and never finishes to start.
NOWHERE = f"""
[[tor.authority]]
nickname = "nobody"
or_port = 9
dir_port = 9
v3_identity = "{"A" * 40}"
fingerprint = "{"B" * 40}"
"""


def test_a_desk_that_was_made_opens_and_tells_its_card(tmp_path: Path) -> None:
    card = create(tmp_path / "desk", PARTNER, relay=RELAY_SETTINGS, passphrase=PASSPHRASE, cost=CHEAP)
    with open_desk(tmp_path / "desk") as desk:
        assert desk.card == card
        assert repr(desk) == "Desk(...)"
    key = SealingKey(base64.b64decode(card.key))
    assert card.key_words == fingerprint_words(key.fingerprint)
    assert PartnerCard.read(card.text) == card, "who gets it reads the same"
    assert OnionAddress(card.endpoint.removeprefix("http://").removesuffix("/"))
    assert read_settings(tmp_path / "desk").relay == RELAY_SETTINGS
    assert (tmp_path / "desk").stat().st_mode & 0o777 == 0o700


def test_the_relay_can_be_filled_in_later(tmp_path: Path) -> None:
    with new_desk(tmp_path, relay=None) as desk, pytest.raises(BadSettings, match="not filled in"):
        _ = desk.settings.relay
    text = (tmp_path / SETTINGS_NAME).read_text()
    identity, card = RELAY_SETTINGS.identity, RELAY_SETTINGS.card
    text = text.replace("64 hexadecimal digits", identity, 1).replace(
        "<56 characters>.onion#<64 hexadecimal digits>", card
    )
    for name in ("[relay]", "identity", "card", "round_seconds", "letters"):
        text = text.replace(f"# {name}", name)
    (tmp_path / SETTINGS_NAME).write_text(text)
    assert read_settings(tmp_path).relay.identity == identity


def test_a_wrong_passphrase_changes_nothing(tmp_path: Path) -> None:
    new_desk(tmp_path).inbox.close()
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(WrongPassphrase):
        unlock(read_settings(tmp_path), passphrase="otra")
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_desk_is_never_made_over_another(tmp_path: Path) -> None:
    create(tmp_path, PARTNER, relay=None, passphrase=PASSPHRASE, cost=CHEAP)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for _ in range(3):
        with pytest.raises(AlreadyThere):
            create(tmp_path, PARTNER, relay=None, passphrase="otra", cost=CHEAP)
        (tmp_path / SETTINGS_NAME).unlink(missing_ok=True)
    left = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {path: wire for path, wire in before.items() if path.name != SETTINGS_NAME}


@pytest.mark.parametrize("kind", [KeyKind.RELAY, KeyKind.ROOT, None])
def test_a_key_file_of_another_kind_is_named(tmp_path: Path, kind: KeyKind | None) -> None:
    new_desk(tmp_path).inbox.close()
    (tmp_path / "partner.key").write_bytes(
        b"?" if kind is None else lock(generate(kind), passphrase=PASSPHRASE, cost=CHEAP)
    )
    with pytest.raises(BadSettings, match=r"partner\.key"):
        open_desk(tmp_path)


def test_a_missing_key_file_is_named(tmp_path: Path) -> None:
    new_desk(tmp_path).inbox.close()
    (tmp_path / "partner.key").unlink()
    with pytest.raises(BadSettings, match=r"partner\.key"):
        open_desk(tmp_path)


def test_reports_to_a_key_of_an_earlier_period_still_open(tmp_path: Path) -> None:
    with new_desk(tmp_path) as desk:
        older = key_of(desk)
    (tmp_path / "partner.key").rename(tmp_path / "2025.key")
    (tmp_path / "partner.key").write_bytes(lock(generate(KeyKind.PARTNER), passphrase=PASSPHRASE, cost=CHEAP))
    settings = (tmp_path / SETTINGS_NAME).read_text().replace("older_keys = []", 'older_keys = ["2025.key"]')
    (tmp_path / SETTINGS_NAME).write_text(settings)
    with open_desk(tmp_path) as desk:
        assert key_of(desk) != older
        desk.take(letters(1, Report(text="a la llave vieja"), to=[older]))
        desk.take(letters(2, Report(text="a la nueva"), to=[key_of(desk)]))
        assert [entry.report.text for entry in desk.inbox.entries()] == ["a la llave vieja", "a la nueva"]


def test_the_log_names_rounds_and_never_what_was_in_them(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="veladora.desk")
    said = []
    for reports in (0, 3):
        caplog.clear()
        with new_desk(tmp_path / str(reports)) as desk:
            mine = [Report(text=f"Vi algo {n}") for n in range(reports)]
            for round_number in (1, 2, 5, 4):
                desk.take(letters(round_number, *mine, to=[key_of(desk)]))
            assert desk.take(bundle(4)) is Receipt.DIFFERENT
        # tor is started for the key of the onion, and what speaks to it logs for itself.
        said.append([one.getMessage() for one in caplog.records if one.name == "veladora.desk"])
    assert said[0] == said[1] == [
        "took letters-1",
        "took letters-2",
        "rounds are missing before letters-5; `veladora desk list` names them",
        "took letters-5",
        "took letters-4, out of order",
    ]  # fmt: skip


class Road:
    """Posts to desks' unix sockets by the name of the host; a name that is not there is down."""

    def __init__(self, desks: Mapping[str, Desk]) -> None:
        self._desks = desks
        self.down: set[str] = set()

    async def post(self, url: str, body: bytes, *, headers: Mapping[str, str], limit: int, timeout: float) -> Answer:  # noqa: ASYNC109
        name = url.removeprefix("http://").rstrip("/")
        socket = "/nowhere" if name in self.down else str(self._desks[name].settings.endpoint_socket.path)
        async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(socket)) as session:
            return await Loopback(session).post(url, body, headers=headers, limit=limit, timeout=timeout)


def test_a_desk_that_was_down_for_20_rounds_has_all_20_afterwards_and_another_was_served_on_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def story(steady: Desk, down: Desk) -> int:
        road, journal = Road({"steady": steady, "down": down}), Journal()
        store = BundleStore(tmp_path / "bundles", keep_rounds=100)
        deliveries = Deliveries(
            [Partner("steady", "http://steady/"), Partner("down", "http://down/")],
            store=store, folder=tmp_path / "partners", relay=RELAY, round_seconds=ROUND_SECONDS, post=road.post,
            journal=journal,
        )  # fmt: skip
        attachment, parts = attached(b"%PDF-" * 1_000)
        task = asyncio.create_task(deliveries.run())
        on_time = 0
        road.down.add("down")
        async with receiving(steady), receiving(down), asyncio.timeout(60):
            for round_number in range(1, 26):
                report = Report(text=f"Ronda {round_number}", attachments=[attachment] * (round_number == 5))
                both = [key_of(steady), key_of(down)]
                store.write(letters(round_number, report, to=both))
                if round_number % 4 == 3:
                    store.write(parcels(round_number, parts[0], to=both))
                if round_number > 20:
                    road.down.clear()
                deliveries.closed(number(round_number), push_in=0.0)
                await until(lambda closed=round_number: deliveries.acknowledged("steady") == closed)  # type: ignore[misc]
                on_time += steady.inbox.latest(CellClass.LETTER) == round_number
                asked = sum(one <= round_number for one in (1, 2, 3, 5, 9, 17))
                await journal.has(Event.UNREACHABLE, "down", 1, times=asked)
                assert round_number > 20 or down.inbox.latest(CellClass.LETTER) is None
            await until(lambda: deliveries.acknowledged("down") == 25)
        task.cancel()
        return on_time

    with new_desk(tmp_path / "s") as steady, new_desk(tmp_path / "d") as down:
        on_time = asyncio.run(story(steady, down))
        for desk in (steady, down):
            found = [(entry.round_number, entry.report.text) for entry in desk.inbox.entries()]
            assert found == [(n, f"Ronda {n}") for n in range(1, 26)]
            assert desk.inbox.gaps(CellClass.LETTER, step=1) == []
            (attachment,) = desk.inbox.entry(5).report.attachments
            assert desk.inbox.attachment(attachment) == b"%PDF-" * 1_000
    assert on_time == 25
    with capsys.disabled():
        print(
            f"\ndesk down for 20 rounds: 25 of 25 rounds in order afterwards; the other desk on time in {on_time} of 25"
        )


def test_rounds_the_relay_no_longer_keeps_are_a_gap_at_the_desk(tmp_path: Path) -> None:
    with new_desk(tmp_path) as desk:
        for round_number in (1, 9):
            desk.take(bundle(round_number))
        assert desk.inbox.gaps(CellClass.LETTER, step=1) == [Gap(CellClass.LETTER, number(2), number(8))]


def test_the_program_puts_the_endpoint_on_the_onion_of_its_card_and_stops_when_told(tmp_path: Path) -> None:
    steps: list[Bootstrap] = []

    async def story(desk: Desk) -> None:
        program = asyncio.create_task(run(desk, progress=steps.append))
        await until(lambda: bool(steps) or program.done())
        socket = desk.settings.endpoint_socket.path
        async with to_socket(socket) as session, session.get("http://desk/") as response:
            assert response.status == 404
        os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(30):
            await program
        assert not socket.exists()

    with new_desk(tmp_path) as desk:
        card = desk.card
    (tmp_path / SETTINGS_NAME).write_text((tmp_path / SETTINGS_NAME).read_text() + NOWHERE)
    (tmp_path / "tor" / "service" / "hostname").unlink()
    with open_desk(tmp_path) as desk:
        asyncio.run(story(desk))
        # tor read the key that we made and wrote the name of it.
        assert desk.card == card
    assert steps


def test_a_second_tor_that_does_not_start_or_ends_does_not_end_receiving(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    launched: list[Tor] = []

    def watched(settings: OnionTor, *, program: str) -> Tor:
        launched.append(launch(settings, program=program))
        return launched[-1]

    def told(sentence: str) -> int:
        return sum(sentence in one for one in caplog.messages)

    async def story(desk: Desk) -> None:
        stop = asyncio.Event()
        program = asyncio.create_task(receive(desk, stop, progress=lambda _: None))
        await until(lambda: told(Told.NOT_SERVED.value) > 0 or program.done())
        async with to_socket(desk.settings.endpoint_socket.path) as session, session.get("http://desk/") as response:
            assert response.status == 404
        (tmp_path / "tor" / "alerts").unlink()
        await until(lambda: told("serving alerts:") == 1 or program.done())
        before = told(Told.NOT_SERVED.value)
        assert launched[0].pid
        os.kill(launched[0].pid, signal.SIGKILL)
        await until(lambda: told("serving alerts:") == 2 or program.done())
        assert told(Told.NOT_SERVED.value) > before
        assert not program.done()
        stop.set()
        async with asyncio.timeout(30):
            await program

    monkeypatch.setattr("forwarder.shelf.launch", watched)
    monkeypatch.setattr("forwarder.shelf.LOOK_SECONDS", 0.1)
    monkeypatch.setattr("forwarder.shelf.AGAIN_SECONDS", 0.1)
    caplog.set_level(logging.INFO, logger="veladora.desk")
    new_desk(tmp_path).inbox.close()
    text = (tmp_path / SETTINGS_NAME).read_text() + NOWHERE
    (tmp_path / SETTINGS_NAME).write_text(f"{text}\n[publish]\nserve = true\n")
    # No folder can be made where a file is.
    (tmp_path / "tor" / "alerts").write_bytes(b"")
    with unlock(read_settings(tmp_path), passphrase=PASSPHRASE, signing=True, cost=CHEAP) as desk:
        asyncio.run(story(desk))


def test_when_the_tor_of_the_endpoint_ends_the_program_ends_with_its_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launched: list[Tor] = []
    reached = asyncio.Event()

    def watched(settings: OnionTor, *, program: str) -> Tor:
        launched.append(launch(settings, program=program))
        return launched[-1]

    async def story(desk: Desk) -> None:
        program = asyncio.create_task(
            receive(
                desk, asyncio.Event(), progress=lambda _: None, listener=Listener(reachable=lambda _: reached.set())
            )
        )
        async with asyncio.timeout(20):
            await reached.wait()
            # Looked at some times already: an answer that was kept from then would say that it lives.
            await asyncio.sleep(0.3)
            assert launched[0].pid
            os.kill(launched[0].pid, signal.SIGKILL)
            with pytest.raises(TorStopped):
                await program

    # As if there were a network: it is another thing that is looked at here.
    monkeypatch.setattr(Tor, "wait_bootstrapped", lambda *_, **__: None)
    monkeypatch.setattr(Tor, "wait_published", lambda tor, **_: tor.onion_address())
    monkeypatch.setattr("forwarder.desk.program.TOR_LOOK_SECONDS", 0.1)
    monkeypatch.setattr("forwarder.desk.program.launch", watched)
    new_desk(tmp_path).inbox.close()
    (tmp_path / SETTINGS_NAME).write_text((tmp_path / SETTINGS_NAME).read_text() + NOWHERE)
    with open_desk(tmp_path) as desk:
        asyncio.run(story(desk))


def test_no_tor_is_said_with_the_remedy(tmp_path: Path) -> None:
    new_desk(tmp_path).inbox.close()
    text = (tmp_path / SETTINGS_NAME).read_text().replace('program = "tor"', 'program = "no-such-tor"')
    (tmp_path / SETTINGS_NAME).write_text(text)
    with open_desk(tmp_path) as desk, pytest.raises(TorMissing) as caught:
        asyncio.run(run(desk, progress=lambda _: None))
    assert "install tor" in caught.value.hint


def test_a_running_tor_that_does_not_answer_is_said_with_the_remedy(tmp_path: Path) -> None:
    new_desk(tmp_path).inbox.close()
    attach = f'mode = "attach"\ncontrol = "unix:{tmp_path}/nobody"\nservice = "{tmp_path}/service"'
    text = (tmp_path / SETTINGS_NAME).read_text().replace('mode = "launch"', attach)
    (tmp_path / SETTINGS_NAME).write_text(text)
    with open_desk(tmp_path) as desk:
        assert desk.card.endpoint == ""
        with pytest.raises(TorUnreachable) as caught:
            asyncio.run(run(desk, progress=lambda _: None))
    assert "start tor" in caught.value.hint


def test_what_is_refused_is_logged_by_its_reason_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def story(desk: Desk) -> None:
        path = desk.settings.endpoint_socket.path
        async with receiving(desk), to_socket(path) as session:
            async with session.post("http://desk/", data=b"SECRETO") as response:
                assert response.status == 400
            desk.inbox.close()
            wire = bundle(1).wire
            sent = webhook_headers(
                wire, cell_class=CellClass.LETTER, round_number=number(1), round_seconds=ROUND_SECONDS, relay=RELAY
            )
            async with session.post("http://desk/", data=wire, headers=sent) as response:
                assert response.status == 503

    with new_desk(tmp_path) as desk, log_to_stderr():
        asyncio.run(story(desk))
    assert capsys.readouterr().err.splitlines() == [
        "WARNING: refused a delivery: its headers do not name a round of this relay",
        "WARNING: refused a delivery: the inbox could not store it",
    ]
