"""Reports that look alike are asked about, and a person decides on what they see and on nothing else."""

import re
from pathlib import Path
from unittest import mock

import pytest

from crypto.report import Report
from forwarder.desk.incidents import Incidents
from tests.unit.forwarder.desk.given import key_of, letters, open_desk
from tests.unit.forwarder.desk.web.a_desk import REPORTS, folder, visit
from tests.unit.forwarder.desk.web.visiting import Browser

__all__ = ["folder"]


@pytest.mark.slow
def test_reports_that_look_alike_are_asked_about_and_a_person_decides(folder: Path) -> None:
    async def story(browser: Browser) -> None:
        asked = (await browser.open("/incidents")).said
        assert "2 reportes se parecen" in asked
        assert "el mismo tema" in asked
        assert "palabras en común: " in asked
        merged = await browser.send("/together", {"report": ["1", "2"], "merge": "yes"})
        assert merged.path == "/incidents/1"
        assert "2 de 2 cuentan" in merged.said
        assert "lo juntó con reporte 2" in merged.said
        also = await browser.send("/incidents/1/also", {"partner": "Red Sur"})
        assert "la suya y Red Sur" in also.said
        await browser.send("/together", {"report": "3", "alone": "yes"})
        for report in ("3", "99", ""):
            stale = await browser.send("/incidents/1/split", {"report": report})
            assert "ya no es de este incidente" in stale.said
        assert "1 de 1 cuentan" in (await browser.open("/incidents/2")).said
        split = await browser.send("/incidents/1/split", {"report": "2"})
        assert "El reporte 2 volvió a quedar solo." in split.said
        apart = await browser.send("/together", {"report": ["1", "3"], "apart": "yes"})
        assert apart.path == "/inbox"
        for fields in ({}, {"report": "1"}, {"report": ["1", "99"]}, {"report": "x"}):
            assert (await browser.send("/together", {**fields, "merge": "yes"})).status in (400, 404, 422), fields
        alone = await browser.send("/together", {"report": "2", "alone": "yes"})
        assert alone.path == "/incidents/3"

    visit(folder, story)
    with open_desk(folder) as desk:
        assert Incidents(desk.inbox.database).incident(1).reports == (1,)


@pytest.mark.slow
def test_a_person_decides_on_no_more_reports_than_they_see(folder: Path) -> None:
    with open_desk(folder) as desk:
        alike = [Report(text=f"{REPORTS[0].text}, día {n}", topic="tema-uno", place="mx-monterrey") for n in range(4)]
        desk.take(letters(8, *alike, to=[key_of(desk)]))

    async def story(browser: Browser) -> None:
        with mock.patch("forwarder.desk.web.incident_pages.SHOWN", 3):
            for seen, more, reports in (
                (["1", "2", "4"], ["(3)"], (1, 2, 4)),
                (["1", "5", "6"], ["(1)"], (1, 2, 4, 5, 6)),
                (["1", "7"], [], (1, 2, 4, 5, 6, 7)),
            ):
                asked = await browser.open("/incidents")
                question = asked.text.partition('<section class="question"')[2].partition("</form>")[0]
                assert re.findall(r'data-report="(\d+)"', question) == seen
                assert re.findall(r'name="report" value="(\d+)"', question) == seen
                assert re.findall(r"Hay más que se parecen (\(\d+\))", asked.said) == more
                await browser.send("/together", {"report": seen, "merge": "yes"})
                held = await browser.house.keeper.read(lambda desk: Incidents(desk.inbox.database).incident(1))
                assert held.reports == reports
            assert "se parecen" not in (await browser.open("/incidents")).said

    visit(folder, story)


@pytest.mark.slow
def test_of_very_many_reports_the_newest_are_compared_and_it_is_said(folder: Path) -> None:
    async def story(browser: Browser) -> None:
        with mock.patch("forwarder.desk.web.incident_pages.COMPARED", 2):
            said = (await browser.open("/incidents")).said
        assert "sólo se compararon los 2 más nuevos" in said
        assert "se parecen" not in said
        assert "sólo se compararon" not in (await browser.open("/incidents")).said

    visit(folder, story)
