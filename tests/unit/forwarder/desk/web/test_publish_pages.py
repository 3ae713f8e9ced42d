"""An alert leaves from the pages only as a person saw it, and what was typed is kept when it cannot."""

import re
from pathlib import Path

import pytest

from forwarder.desk.config import SETTINGS_NAME
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
