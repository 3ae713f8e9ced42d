"""Topics and places have the names of the directory that the relay's root key signed, as soon as it has come."""

from functools import partial
from pathlib import Path

import pytest

from crypto.directory import Card, Directory, Partner, Place, Relay, Topic, TrustedDirectory, Words, sign
from crypto.keys import KeyKind, RootKey, generate
from forwarder.desk.config import SETTINGS_NAME
from forwarder.desk.program import Desk
from tests.unit.forwarder.desk.given import RELAY_SETTINGS, new_desk, open_desk
from tests.unit.forwarder.desk.web.a_desk import folder, visit
from tests.unit.forwarder.desk.web.visiting import Browser

__all__ = ["folder"]


@pytest.mark.slow
def test_names_come_from_the_directory_that_the_relays_root_key_signed(tmp_path: Path) -> None:
    root, other = generate(KeyKind.ROOT), generate(KeyKind.ROOT)
    assert isinstance(root, RootKey)
    assert isinstance(other, RootKey)
    with new_desk(tmp_path) as desk:
        partner = Partner(about=Words(en="", es=""), id="red-norte", key=desk.card.key, name="Red Norte")
        named = Directory(
            expires=2,
            partners=[partner],
            route=[Relay(id="0" * 64, name="r", onion="a" * 56 + ".onion")],
            version=1,
            places=[Place(id="lugar-uno", name="San Uno")],
            topics=[Topic(id="tema-uno", name=Words(es="Uno", en="One"))],
        )
        signed = {True: sign(named, root), False: sign(named, other)}
    settings = (tmp_path / SETTINGS_NAME).read_text()
    card = str(Card.parse(RELAY_SETTINGS.card))
    (tmp_path / SETTINGS_NAME).write_text(settings.replace(card.partition("#")[2], root.public.hex()))
    for ours, wire in signed.items():
        with open_desk(tmp_path) as desk, desk.inbox.database.change() as opened:
            opened.execute("INSERT OR REPLACE INTO directory VALUES (1, ?)", (wire,))

        async def story(browser: Browser, ours: bool = ours) -> None:
            names = browser.house.keeper.names
            assert names.topic("tema-uno", language="en") == ("One" if ours else "tema-uno")
            assert names.place("lugar-uno") == ("San Uno" if ours else "lugar-uno")

        visit(tmp_path, story)


@pytest.mark.slow
def test_names_are_there_as_soon_as_the_directory_has_come(folder: Path) -> None:
    root = generate(KeyKind.ROOT)
    assert isinstance(root, RootKey)
    settings = (folder / SETTINGS_NAME).read_text()
    card = str(Card.parse(RELAY_SETTINGS.card))
    (folder / SETTINGS_NAME).write_text(settings.replace(card.partition("#")[2], root.public.hex()))

    def come(desk: Desk, *, version: int, name: str) -> None:
        partner = Partner(about=Words(en="", es=""), id="red-norte", key=desk.card.key, name="Red Norte")
        relay = Relay(id="0" * 64, name="r", onion="a" * 56 + ".onion")
        topics = [Topic(id="tema-uno", name=Words(es=name, en=""))]
        found = Directory(expires=2**40, partners=[partner], route=[relay], version=version, topics=topics)
        desk.directory.keep(TrustedDirectory.read(sign(found, root), root=root.signing.verifying_key, now=0))

    async def story(browser: Browser) -> None:
        await browser.send("/together", {"report": "1", "alone": "yes"})
        assert "tema-uno" in (await browser.open("/inbox")).said
        for version, name in ((1, "Tema primero"), (2, "Tema segundo")):
            await browser.house.keeper.read(partial(come, version=version, name=name))
            for path in ("/inbox", "/reports/1", "/incidents/1", "/incidents/1/publish"):
                assert name in (await browser.open(path)).said, path
        await browser.send("/lock")
        assert browser.house.keeper.names.topics == {}

    visit(folder, story)
