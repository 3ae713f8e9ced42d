"""What other desks say stands beside an incident and a person accepts it; what one tells them is shown before."""

import asyncio
import re
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from crypto.report import Report
from crypto.word import BUCKET_SECONDS
from tests.unit.forwarder.desk import speakers as words
from tests.unit.forwarder.desk.given import RELAY_SETTINGS, key_of, letters, new_desk
from tests.unit.forwarder.desk.web.visiting import visiting
from tests.unit.forwarder.given import ROUND_SECONDS

ROUND = 100


@pytest.mark.slow
def test_a_word_is_accepted_and_another_desk_is_told_by_a_person(tmp_path: Path) -> None:
    relay = msgspec.structs.replace(RELAY_SETTINGS, card=f"{words.ONION}#{words.ROOT.public.hex()}")
    with new_desk(tmp_path, relay=relay) as desk:
        words.trust(desk)
        mine = Report(text="Vi algo", topic="desaparicion", place="mx-monterrey")
        desk.take(letters(ROUND, mine, to=[key_of(desk)]))
        ours = SimpleNamespace(sealing_key=key_of(desk))
        bucket = ROUND * ROUND_SECONDS // BUCKET_SECONDS
        said = words.a_word(bucket=bucket, reader=ours)  # type: ignore[arg-type]
        words.hear(desk, said, at=ROUND + 1, to=ours)  # type: ignore[arg-type]

    async def story() -> None:
        async with visiting(tmp_path) as browser:
            await browser.send("/together", {"report": "1", "alone": "yes"})
            early = await browser.open("/incidents/1")
            assert "Red Sur tiene varios reportes: desaparicion, Monterrey, Nuevo León" in early.said
            assert "Decir a otra mesa" not in early.said
            wrong = await browser.send("/incidents/1/accept", {"word": "9"})
            assert (wrong.status, 'id="accept-fault"' in wrong.text) == (422, True)
            accepted = await browser.send("/incidents/1/accept", {"word": "1"})
            assert "la suya y Red Sur" in accepted.said
            assert "anotó que también lo tiene Red Sur, por su palabra" in accepted.said
            await browser.send("/incidents/1/mark", {"state": "checking"})
            shown = (await browser.open("/incidents/1")).said
            assert "Esto es todo lo que sabrá: desaparicion, Monterrey, Nuevo León" in shown
            assert "Y que hay un solo reporte." in shown
            seen = {"topic": "desaparicion", "place": "mx-monterrey", "bucket": str(bucket), "several": ""}
            for one, value in (*((name, "otra") for name in ("topic", "place", "several")), ("bucket", "1")):
                fields = {"to": "red-sur", "single": "yes", **seen, one: value}
                changed = await browser.send("/incidents/1/tell", fields)
                assert (changed.status, "Algo cambió desde que usted lo vio" in changed.said) == (422, True)
            # What the page sends by itself is what it shows.
            hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', changed.text))
            assert {name: hidden[name] for name in seen} == seen
            for fields in ({"to": "red-sur", **seen}, {"to": "nadie", "single": "yes", **seen}):
                refused = await browser.send("/incidents/1/tell", fields)
                assert (refused.status, 'id="to-fault"' in refused.text) == (422, True)
            told = await browser.send("/incidents/1/tell", {"to": "red-sur", "single": "yes", **seen})
            assert "Saldrá en las próximas seis horas" in told.said
            assert "quiso que se le dijera a red-sur" in told.said
            again = await browser.send("/incidents/1/tell", {"to": "red-sur", "single": "yes", **seen})
            assert again.status == 422

    asyncio.run(story())
