"""An alert leaves from the pages only as a person saw it, and what was typed is kept when it cannot."""

import re
from pathlib import Path

import pytest

from forwarder.desk.config import SETTINGS_NAME
from tests.unit.forwarder.desk.given import RELAY_SETTINGS
from tests.unit.forwarder.desk.web.a_desk import folder, value, visit
from tests.unit.forwarder.desk.web.visiting import Browser

__all__ = ["folder"]


@pytest.mark.slow
def test_an_alert_leaves_only_as_it_was_seen(folder: Path) -> None:
    words = {"title_es": "Título", "text_es": "Texto", "title_en": "Title", "text_en": "Text"}

    async def story(browser: Browser) -> None:
        await browser.send("/together", {"report": "1", "alone": "yes"})
        early = await browser.send("/incidents/1/publish", words)
        assert (early.status, value(early, "title_es")) == (422, "Título")
        assert "Todavía no puede salir." in early.said
        for state in ("checking", "confirmed"):
            await browser.send("/incidents/1/mark", {"state": state})
        empty = await browser.send(
            "/incidents/1/publish", {**words, "text_en": " ", "place": "Nowhere", "confirmed_by": "x"}
        )
        assert empty.status == 422
        assert {"text_en-fault", "place-fault", "confirmed_by-fault"} <= set(
            re.findall(r'id="(\w+-fault)"', empty.text)
        )
        assert value(empty, "title_es") == "Título"
        shown = await browser.send("/incidents/1/publish", words)
        seen = value(shown, "seen")
        assert "Esto es exactamente lo que saldría" in shown.said
        other = await browser.send(
            "/incidents/1/publish", {**words, "title_es": "Otra cosa", "seen": seen, "leave": "yes"}
        )
        assert other.status == 422
        assert "no salió nada" in other.said
        unseen = await browser.send("/incidents/1/publish", {**words, "leave": "yes"})
        assert "Esto es exactamente lo que saldría" in unseen.said
        out = await browser.send("/incidents/1/publish", {**words, "seen": seen, "leave": "yes"})
        assert out.path == "/published"
        assert "Hecho y firmado" in out.said
        assert (await browser.open("/incidents/1/publish")).path == "/incidents/1/correct"
        mended = {**words, "title_es": "Título corregido"}
        preview = await browser.send("/incidents/1/correct", mended)
        no_reason = await browser.send(
            "/incidents/1/correct", {**mended, "seen": value(preview, "seen"), "leave": "yes"}
        )
        assert 'id="note-fault"' in no_reason.text
        corrected = {**mended, "seen": value(preview, "seen"), "leave": "yes", "note": "fe de erratas"}
        assert "corregido" in (await browser.send("/incidents/1/correct", corrected)).said
        there = await browser.open("/incidents/1/withdraw")
        why = {name: value(there, name) for name in words}
        assert why["title_es"] == "Alerta retirada"
        assert all(why.values()), "who takes something back need not look for words first"
        preview = await browser.send("/incidents/1/withdraw", why)
        assert "la celda más grande" in preview.said
        gone = {**why, "seen": value(preview, "seen"), "leave": "yes", "note": "no era así"}
        assert "retirado" in (await browser.send("/incidents/1/withdraw", gone)).said

    visit(folder, story)
    assert (folder / "alerts" / "current" / "manifest.json").is_file()


@pytest.mark.slow
def test_what_nobody_has_looked_into_is_not_published(folder: Path) -> None:
    with (folder / SETTINGS_NAME).open("a") as file:
        file.write("\n[publish]\nk = 2\n")

    async def story(browser: Browser) -> None:
        await browser.send("/together", {"report": ["1", "2"], "merge": "yes"})
        words = {"title_es": "Título", "text_es": "Texto", "title_en": "Title", "text_en": "Text"}
        early = await browser.send("/incidents/1/publish", words)
        assert (early.status, value(early, "title_es")) == (422, "Título")
        assert "márquelo como confirmado o sin confirmar" in early.said

    visit(folder, story)


@pytest.mark.slow
def test_a_form_that_is_sent_twice_publishes_once(folder: Path) -> None:
    words = {"title_es": "Título", "text_es": "Texto", "title_en": "Title", "text_en": "Text"}
    mended, gone = {**words, "title_es": "Mejor", "note": "fe de erratas"}, {**words, "note": "no era así"}

    async def story(browser: Browser) -> None:
        await browser.send("/together", {"report": "1", "alone": "yes"})
        for state in ("checking", "confirmed"):
            await browser.send("/incidents/1/mark", {"state": state})
        for act, fields in (("publish", words), ("correct", mended), ("withdraw", gone)):
            seen = value(await browser.send(f"/incidents/1/{act}", fields), "seen")
            first, second = [
                await browser.send(f"/incidents/1/{act}", {**fields, "seen": seen, "leave": "yes"}) for _ in range(2)
            ]
            assert "Hecho y firmado" in first.said
            assert (second.path, second.status) == ("/published", 200)
            assert "Eso ya había salido. No salió otra vez." in second.said
        keeper = browser.house.keeper
        assert [one.version for _, one in await keeper.read(lambda desk: desk.alerts())] == [3]
        assert (await browser.open("/incidents/1")).said.count("publicó la versión") == 3

    visit(folder, story)


@pytest.mark.slow
def test_a_correction_that_must_wait_is_not_told_that_it_leaves_by_itself(folder: Path) -> None:
    words = {"title_es": "Título", "text_es": "Texto", "title_en": "Title", "text_en": "Text"}

    async def story(browser: Browser) -> None:
        # Reports 1 and 2 came in rounds 1 and 2, some hours ago, so that whatever they tell still waits.
        browser.house.now = lambda: 6.0 * RELAY_SETTINGS.round_seconds
        await browser.send("/together", {"report": "1", "alone": "yes"})
        for state in ("checking", "confirmed"):
            await browser.send("/incidents/1/mark", {"state": state})
        first = await browser.send("/incidents/1/publish", words)
        assert "Puede salir sola a partir de" in first.said
        assert 'name="wait"' in first.text
        hurried = {**words, "hurry": "van para allá"}
        seen = value(await browser.send("/incidents/1/publish", hurried), "seen")
        await browser.send("/incidents/1/publish", {**hurried, "seen": seen, "leave": "yes"})
        moved = {**words, "place": "mx-tijuana", "note": "era en otro lugar"}
        for language, promised, said in (
            ("es", "salir sola", "Una corrección no sale sola: vuelva después de"),
            ("en", "leave by itself from", "A correction does not leave by itself: come back after"),
        ):
            await browser.send("/language", {"language": language, "back": "/help"})
            waits = await browser.send("/incidents/1/correct", moved)
            assert promised not in waits.said
            assert said in waits.said
            assert 'name="wait"' not in waits.text
        asked = await browser.send("/incidents/1/correct", {**moved, "seen": value(waits, "seen"), "wait": "yes"})
        assert asked.status == 422
        assert (await browser.open("/published")).text.count("/unwait") == 0

    visit(folder, story)
