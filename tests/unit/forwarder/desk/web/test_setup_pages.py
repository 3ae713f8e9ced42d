"""A new desk is set up in the pages, step by step."""

import asyncio
import os
from pathlib import Path

import pytest

from forwarder.desk.config import read_settings
from forwarder.partner_card import PartnerCard
from tests.unit.forwarder.desk.given import PARTNER, RELAY_SETTINGS, a_tor_that_breaks
from tests.unit.forwarder.desk.relays import HOST
from tests.unit.forwarder.desk.web.a_desk import value
from tests.unit.forwarder.desk.web.visiting import Browser, Clock, pages


@pytest.mark.slow
def test_a_new_desk_is_set_up_step_by_step_and_a_step_can_be_taken_up_again(tmp_path: Path) -> None:
    clock, phrase = Clock(), "seis palabras al azar aqui"

    async def run() -> None:
        async with pages(tmp_path / "mesa", clock=clock) as (house, link), Browser.of(house) as browser:
            await browser.come_in(link)
            assert (await browser.open("/inbox")).path == "/start"
            start = await browser.send("/start", {"name": "Red Norte", "passphrase": phrase, "again": "otra"})
            assert (start.status, value(start, "name")) == (422, "Red Norte")
            assert phrase not in start.text
            made = await browser.send("/start", {"name": "Red Norte", "passphrase": phrase, "again": phrase})
            assert made.path == "/sheet"
            card = (await browser.open("/card.txt")).text
            for name in (
                "id        red-norte",
                "name      Red Norte",
                "key       ",
                "words     ",
                "endpoint  http://",
                "pull_key  ",
            ):
                assert name in card
            assert "\nalerts    RW" in card, "the key that signs alerts is there from the first unlock on"
            words = PartnerCard.read(card).words
            for page in ("/sheet", "/card"):
                assert words in (await browser.open(page)).text
            await browser.send("/lock")
            assert (await browser.unlock(phrase)).path == "/relay"
            assert (await browser.open("/inbox")).path == "/relay"
            wrong = await browser.send("/relay", {"identity": "abc", "save": "yes"})
            assert (wrong.status, value(wrong, "identity")) == (422, "abc")
            fields = {name: str(getattr(RELAY_SETTINGS, name)) for name in RELAY_SETTINGS.__struct_fields__}
            assert (await browser.send("/relay", {**fields, "save": "yes"})).path == "/ready"
            assert (await browser.send("/relay", {**fields, "save": "yes"})).status == 422
            assert (await browser.open("/inbox")).status == 200
            wrong = await browser.send("/relay", {"partners_onion": "x.onion", "onion": "yes"})
            assert (wrong.status, value(wrong, "partners_onion")) == (422, "x.onion")
            line = f'Hola:\npartners_onion = "{HOST}"'
            assert HOST in (await browser.send("/relay", {"partners_onion": line, "onion": "yes"})).said
            assert house.keeper.desk.settings.relay.partners_onion == HOST
            assert (await browser.send("/relay", {"partners_onion": line, "onion": "yes"})).status == 422
            assert read_settings(tmp_path / "mesa").relay.partners_onion == HOST

    asyncio.run(run())


@pytest.mark.slow
def test_a_set_up_that_broke_off_is_taken_up_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, folder, phrase = os.environ["PATH"], tmp_path / "mesa", "seis palabras al azar aqui"
    broken = a_tor_that_breaks(tmp_path / "bin")

    async def run() -> None:
        async with pages(folder) as (house, link), Browser.of(house) as browser:
            await browser.come_in(link)
            first = await browser.open("/start")
            assert str(folder) in first.said
            assert "¿Ya tenían una mesa?" in first.said
            fields = {"name": "Red Norte", "passphrase": phrase, "again": phrase}
            monkeypatch.setenv("PATH", f"{broken}:{path}")
            failed = await browser.send("/start", fields)
            assert (failed.status, value(failed, "name")) == (422, "Red Norte")
            monkeypatch.setenv("PATH", path)
            folder.mkdir()
            (folder / PARTNER.key).write_text("what an older program left")
            half = await browser.send("/start", fields)
            assert half.status == 422
            assert "ya hay una parte de una mesa (partner.key)" in half.said
            assert "Póngale otro nombre a la carpeta" in half.said
            folder.rename(tmp_path / "mesa-vieja")
            assert (await browser.send("/start", fields)).path == "/sheet"
            assert (tmp_path / "mesa-vieja" / PARTNER.key).read_text() == "what an older program left"

    asyncio.run(run())
