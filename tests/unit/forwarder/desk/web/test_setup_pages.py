"""A new desk is set up in the pages, step by step."""

import asyncio
from pathlib import Path

from forwarder.partner_card import PartnerCard
from tests.unit.forwarder.desk.given import (
    RELAY_SETTINGS,
)
from tests.unit.forwarder.desk.web.a_desk import value
from tests.unit.forwarder.desk.web.visiting import Browser, Clock, pages


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

    asyncio.run(run())
