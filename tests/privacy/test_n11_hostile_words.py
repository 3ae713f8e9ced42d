"""N11: what a stranger wrote never becomes a part of the desk's pages. Hostile texts come past the sandbox into every
field of pages of the real server, and each page has the same elements as with harmless words, and says those texts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final
from unittest import mock
from urllib.parse import quote

import msgspec
import pytest
from jinja2 import Environment

from crypto.directory import Words
from crypto.report import Report
from forwarder.desk.casework import By, Casework, Kind, Subject
from forwarder.desk.escapes import printable
from forwarder.desk.findings import CleanCopy, Findings, Outcome
from forwarder.desk.incidents import Incidents
from forwarder.desk.living import Children
from forwarder.desk.publish.place import Place
from forwarder.desk.publish.places import Gazetteer
from forwarder.desk.sandbox import Sandbox
from forwarder.desk.triage import State
from forwarder.desk.web import house as houses
from forwarder.desk.web.names import Names
from tests.privacy.mutants import caught
from tests.privacy.opening_corpus import TEXTS
from tests.unit.forwarder.desk.given import TODAY, attached, key_of, letters, new_desk, parcels
from tests.unit.forwarder.desk.web.visiting import Answer, Browser, Read, visiting

HARMLESS: Final = "palabra"
FRAGMENTS: Final = (
    "</title><script>alert(1)</script>", "</textarea><form action=//e.example>", "--><img src=x onerror=x()>", "<b>",
    "' onfocus='alert(1)", '" autofocus onfocus="alert(1)', "</option></select>", "{{ csrf }}{% raw %}", "{csrf}%(x)s",
    "&amp;<&lt;b&gt;&#60;i&#62;", "<!--", "]]>", "<![CDATA[", "<?php", "\u2028", "\x1b[2J", "\x00", "'\"`=/>", "ñ́",
)  # fmt: skip
SHORT: Final = 30


def hostile() -> list[str]:
    """Texts that want to be more than words; the same each time."""
    rng = Random(11)
    made = ["".join(rng.choices(FRAGMENTS, k=rng.randint(2, 6))) for _ in range(40)]
    told = [text.encode(errors="replace").decode()[:2_000] for text in TEXTS]
    return [text for text in (*FRAGMENTS, *told, *made) if text.strip()]


@dataclass(frozen=True, slots=True)
class TakenOver:
    """A sandbox that gives what it likes: the text of report n is `texts[n - 1]`, whatever came."""

    texts_given: tuple[str, ...]
    children: Children = field(default_factory=Children)

    def _instead(self, text: str) -> str:
        return self.texts_given[int(text.split()[-1]) - 1] if text.split()[-1:] and text.split()[-1].isdigit() else text

    def texts(self, texts: Sequence[str]) -> list[str]:
        return [self._instead(text) for text in texts]

    def list_of_texts(self, texts: Sequence[str]) -> Iterator[str]:
        yield from (self._instead(text) for text in texts)

    def attachment(self, data: bytes, *, media: str) -> CleanCopy:
        given = self._instead(data.decode()).encode(errors="replace")
        return CleanCopy(Findings(Outcome.CLEANED), "text/plain", "", given)


@pytest.fixture(scope="module")
def given_texts() -> list[str]:
    # Harmless ones first, last and between, so that every page has neighbours of its kind.
    return [HARMLESS, HARMLESS, *hostile(), HARMLESS]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, given_texts: list[str]) -> Path:
    """A desk with a report, an incident and an attachment for each text."""
    folder = tmp_path_factory.mktemp("desk")
    with new_desk(folder) as desk:
        for number in range(1, len(given_texts) + 1):
            attachment, parts = attached(f"texto {number}".encode(), media="text/plain")
            told = Report(text=f"texto {number}", where=f"lugar {number}", topic="tema", place="lugar")
            report = msgspec.structs.replace(told, attachments=[attachment])
            # One in a bundle: in which order those of one come is chance.
            desk.take(letters(number, report, to=[key_of(desk)]))
            desk.take(parcels(4 * number + 3, *parts, to=[key_of(desk)]))
        casework, incidents = Casework(desk.inbox.database), Incidents(desk.inbox.database)
        by = By(TODAY, "Ana")
        for number in range(1, len(given_texts) + 1):
            incident = incidents.merge([number], by=by)
            casework.mark(Subject(Kind.INCIDENT, incident), State.CHECKING, by=by)
            casework.mark(Subject(Kind.INCIDENT, incident), State.CONFIRMED, by=by)
    return folder


# --- what the pages are asked for ----------------------------------------------------------------------------------


async def shown(browser: Browser, number: int, text: str) -> dict[str, tuple[Answer, str]]:
    """Every page that shows the text of report `number`, and what of it must be read there."""
    browser.house.keeper.names = Names({"tema": Words(es=text[:400], en=text[:400])}, {"lugar": text[:400]})
    single = "".join(text.split())[:SHORT] or "x"
    pasted = quote(text[:60].encode(errors="replace"))
    pages = {
        "report": (await browser.open(f"/reports/{number}"), text),
        "file": (await browser.open(f"/reports/{number}/files/1"), text),
        "incident": (await browser.open(f"/incidents/{number}"), text[:40]),
        "list": (await browser.open(f"/inbox?incident={number}"), text[:40]),
        "search": (await browser.open(f"/inbox?words=zz&tag={pasted}%20x%20x"), ""),
        "fault of a tag": (await browser.send(f"/reports/{number}/tag", {"tag": f"{text[:40]} dos palabras"}), ""),
        "fault of a step": (await browser.send(f"/reports/{number}/mark", {"state": "confirmed", "reason": text}), ""),
        "fault of a note": (await browser.send(f"/incidents/{number}/note", {"note": text + "x" * 4_001}), ""),
        "fault of a name": (await browser.send(f"/incidents/{number}/also", {"partner": single + "x" * 60}), ""),
        "fault of words": (await browser.send(f"/incidents/{number}/publish", {"title_es": text, "hurry": text}), ""),
        "fault of a colleague": (await browser.send("/who", {"colleague": single + "x" * 60}), ""),
    }
    line = " ".join(text.split())[:100]
    words = {"title_es": f"a{line}", "text_es": "b", "title_en": f"c{line}", "text_en": "d", "place": "Lugar"}
    if "\u2028" not in line:
        pages["preview"] = (await browser.send(f"/incidents/{number}/publish", words), "")
    return pages


def proof_that_words_stay_words(folder: Path, texts: Sequence[str]) -> None:
    async def story() -> None:
        with (
            mock.patch.object(Sandbox, "best", return_value=TakenOver(tuple(texts))),
            mock.patch("forwarder.desk.web.publish_pages.read_places", return_value=places()),
        ):
            async with visiting(folder) as browser:
                plain = {
                    name: Read(page.text).structure for name, (page, _) in (await shown(browser, 2, HARMLESS)).items()
                }
                for number, text in enumerate(texts[2:-1], start=3):
                    await compare(browser, plain, number, text)

    asyncio.run(story())


async def compare(browser: Browser, plain: dict[str, list[str]], number: int, text: str) -> None:
    for name, (page, said) in (await shown(browser, number, text)).items():
        read = Read(page.text)
        assert read.structure == plain[name], (name, text)
        assert without_spaces(printable(said)) in without_spaces(read.said), (name, text)
        for attribute in ("href", "src", "action"):
            for tag in ("a", "form", "img", "link", "script"):
                values = read.values(tag, attribute)
                assert all(value.startswith((browser.house.at, "#")) for value in values), (name, text)


def without_spaces(text: str) -> str:
    return "".join(text.split())


def places() -> Gazetteer:
    return Gazetteer({"lugar": Place("lugar", 19.4, -99.1)}, {"lugar": "Lugar"})


@pytest.mark.slow
def test_hostile_words_are_words_on_every_page(folder: Path, given_texts: list[str]) -> None:
    proof_that_words_stay_words(folder, given_texts)


@pytest.mark.slow
def test_pages_that_do_not_escape_are_noticed(folder: Path, given_texts: list[str]) -> None:
    def careless() -> Environment:
        made = houses._environment()
        made.autoescape = False
        return made

    few = [*given_texts[:2], given_texts[2], HARMLESS]
    with mock.patch.object(houses.House, "__init__", _with(careless, houses.House.__init__)):
        caught("N11", "templates do not escape", proof_that_words_stay_words, folder, few)


def _with(careless: object, init: object) -> object:
    def made(self: houses.House, *args: object, **kwargs: object) -> None:
        init(self, *args, **kwargs)  # type: ignore[operator]
        self.templates = careless()  # type: ignore[operator]

    return made


def test_the_sandbox_that_is_stood_in_for_is_the_real_ones_shape() -> None:
    assert {"texts", "list_of_texts", "attachment"} <= set(dir(Sandbox)) & set(dir(TakenOver))
