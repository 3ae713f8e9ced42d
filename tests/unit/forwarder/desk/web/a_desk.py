"""A desk with three reports, and how tests of its pages visit it."""

import asyncio
import re
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from crypto.report import Report, When
from tests.browser.reporting import photo
from tests.unit.forwarder.desk.given import (
    attached,
    key_of,
    letters,
    new_desk,
    parcels,
)
from tests.unit.forwarder.desk.web.visiting import Answer, Browser, visiting

REPORTS = (
    Report(text="La camioneta blanca se llevó a dos muchachos del mercado", topic="tema-uno", place="mx-monterrey"),
    Report(text="Se llevó a dos muchachos del mercado la camioneta blanca", topic="tema-uno", place="mx-monterrey"),
    Report(text="Un bache en la carretera", topic="tema-dos", place="lugar-dos", when=When.TODAY, where="kilómetro 4"),
)
PHOTO = photo()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A desk with three reports; the last one has a photo that came whole, and a file of which nothing came."""
    picture, parts = attached(PHOTO, media="image/jpeg")
    other, _ = attached(b"%PDF-1.7")
    with new_desk(tmp_path) as desk:
        key = key_of(desk)
        for number, report in enumerate(REPORTS[:2], start=1):
            desk.take(letters(number, report, to=[key]))
        last = REPORTS[2]
        whole = Report(
            text=last.text,
            topic=last.topic,
            place=last.place,
            when=last.when,
            where=last.where,
            attachments=[picture, other],
        )
        desk.take(letters(5, whole, to=[key]))
        desk.take(parcels(7, *parts, to=[key]))
    return tmp_path


def visit(folder: Path, story: Callable[[Browser], Coroutine[Any, Any, None]], **given: Any) -> None:  # noqa: ANN401
    async def run() -> None:
        async with visiting(folder, **given) as browser:
            await story(browser)

    asyncio.run(run())


def numbers(answer: Answer) -> list[str]:
    """The reports of a list."""
    return re.findall(r'data-report="(\d+)"', answer.text)


def value(answer: Answer, name: str) -> str:
    """What stands in a field."""
    found = re.search(rf'<input[^>]* name="{name}"[^>]* value="([^"]*)"', answer.text)
    if found:
        return found[1]
    typed = re.search(rf'<textarea[^>]* name="{name}"[^>]*>([^<]*)', answer.text)
    assert typed is not None, name
    return typed[1].strip()
