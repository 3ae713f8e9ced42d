"""Every page does what it says without a script, keeps what was typed when it cannot, and says no time but a round."""

import asyncio
import os
import re
from pathlib import Path
from unittest import mock

import pytest

from forwarder.desk.casework import Casework, Kind, Subject
from forwarder.desk.errors import NoSandbox
from forwarder.desk.sandbox import Sandbox
from forwarder.desk.triage import State
from forwarder.desk.web.keeper import Stage
from forwarder.desk.web.opened import pages_of
from tests.unit.forwarder.desk.given import (
    PASSPHRASE,
    open_desk,
)
from tests.unit.forwarder.desk.web.a_desk import PHOTO, folder, numbers, value, visit
from tests.unit.forwarder.desk.web.visiting import Browser, pages

pytestmark = pytest.mark.slow

__all__ = ["folder"]


def test_the_list_is_narrowed_by_every_filter_and_by_words(folder: Path) -> None:
    async def story(browser: Browser) -> None:
        await browser.send("/reports/3/tag", {"tag": "norte"})
        await browser.send("/reports/3/assign", {"colleague": "Beto"})
        for query, found in (
            ("", ["3", "2", "1"]),
            ("order=oldest", ["1", "2", "3"]),
            ("words=muchachos+CAMIONETA", ["2", "1"]),
            ("state=checking", []),
            ("state=new&topic=tema-dos", ["3"]),
            ("place=mx-monterrey", ["2", "1"]),
            ("tag=Norte", ["3"]),
            ("assigned=Beto", ["3"]),
            ("assigned=-", ["2", "1"]),
            ("files=with", ["3"]),
            ("files=without", ["2", "1"]),
            ("since=1970-01-01&until=1970-01-01", ["3", "2", "1"]),
            ("since=1970-01-02", []),
            ("incident=1", []),
            ("after=2", ["1"]),
        ):
            answer = await browser.open(f"/inbox?{query}")
            assert (answer.status, numbers(answer)) == (200, found), query
        assert "Un bache en la carretera" in (await browser.open("/inbox")).said

    visit(folder, story)


def test_a_filter_that_cannot_be_understood_is_said_at_its_field_and_stays(folder: Path) -> None:
    async def story(browser: Browser) -> None:
        for name, typed in (
            ("words", "??"),
            ("tag", "dos palabras"),
            ("incident", "siete"),
            ("since", "ayer"),
            ("until", "9"),
        ):
            answer = await browser.open(f"/inbox?{name}={typed}")
            assert answer.status == 422
            assert f'id="{name}-fault"' in answer.text
            assert value(answer, name) == typed

    visit(folder, story)


def test_a_list_goes_on_page_by_page_and_what_is_looked_for_is_in_no_address(folder: Path) -> None:
    async def story(browser: Browser) -> None:
        with mock.patch("forwarder.desk.web.inbox_pages.PAGE", 1):
            answer = await browser.send("/inbox", {"words": "muchachos", "topic": "tema-uno"})
            assert value(answer, "words") == "muchachos"
            found = re.search(r'id="next" href="[^"]*(/inbox\?look=\d+)&amp;', answer.text)
            assert found is not None
            seen, path, first = [], found[1], found[1]
            while path:
                assert "muchachos" not in path
                answer = await browser.open(path)
                seen += numbers(answer)
                links = re.findall(r'rel="next" id="next" href="([^"]+)"', answer.text)
                path = links[0].removeprefix(browser.house.at).replace("&amp;", "&") if links else ""
        assert seen == ["2", "1"]
        assert f'href="{browser.house.at}{first}"' in answer.text, "the first page is that of the search"
        await browser.send("/lock")
        await browser.unlock()
        # What was looked for before the desk was locked is forgotten; its address shows nothing else in its place.
        await browser.send("/inbox", {"words": "bache"})
        gone = await browser.open(first)
        assert (gone.path, value(gone, "words")) == ("/inbox", "")
        assert "Esa búsqueda ya no está" in gone.said

    visit(folder, story)


def test_a_report_says_its_round_and_nothing_finer_and_shows_clean_copies_with_their_lists(folder: Path) -> None:
    async def story(browser: Browser) -> None:
        said = (await browser.open("/reports/3")).said
        assert "entre 1970-01-01 01:15 y 1970-01-01 01:30 UTC" in said
        for word in ("Un bache en la carretera", "kilómetro 4", "ese mismo día", "Monterrey"):
            assert (word in said) == (word != "Monterrey"), word
        assert "datos de la cámara: lugar, hora, aparato (Exif)" in said
        assert "Falta una parte" in said
        picture = await browser.open("/reports/3/files/1/see")
        headers = dict(picture.headers)
        assert headers["Content-Type"] == "image/jpeg"
        assert headers["Content-Security-Policy"].endswith("sandbox")
        assert b"MARCA-DE-CAMARA" not in picture.body
        kept = await browser.open("/reports/3/files/1/keep")
        headers = dict(kept.headers)
        assert headers["Content-Type"] == "application/octet-stream"
        assert headers["Content-Disposition"] == 'attachment; filename="report-000003-attachment-001.jpg"'
        assert kept.body == picture.body
        assert "Monterrey, Nuevo León" in (await browser.open("/reports/1")).said
        for missing in (
            "/reports/3/files/2",
            "/reports/3/files/3",
            "/reports/1/files/1/see",
            "/reports/9",
            "/incidents/9",
        ):
            assert (await browser.open(missing)).status == 404

    visit(folder, story)


def test_the_original_is_given_for_two_acts_only_and_colleagues_see_it(folder: Path) -> None:
    async def story(browser: Browser) -> None:
        path = "/reports/3/files/1/original"
        assert (await browser.open(path)).status == 200
        unread = await browser.send(path)
        assert unread.status == 422
        assert b"MARCA-DE-CAMARA" not in unread.body
        given = await browser.send(path, {"acknowledged": "yes"})
        assert given.body == PHOTO
        headers = dict(given.headers)
        assert headers["Content-Disposition"].endswith('-ORIGINAL.bin"')
        assert "Ana: anotó: Se sacó el original del adjunto 1." in (await browser.open("/reports/3")).said

    visit(folder, story)


def test_casework_is_done_and_what_cannot_be_done_keeps_what_was_typed(folder: Path) -> None:
    async def story(browser: Browser) -> None:
        for path, fields, said in (
            ("/reports/1/mark", {"state": "checking"}, "en revisión"),
            ("/reports/1/mark", {"state": "false", "reason": "era broma"}, "falso"),
            ("/reports/1/note", {"note": "lo vio la vecina"}, "Ana: anotó: lo vio la vecina"),
            ("/reports/1/tag", {"tag": "Urgente"}, "urgente"),
            ("/reports/1/assign", {"colleague": "Beto"}, "Encargado a : Beto"),
        ):
            answer = await browser.send(path, fields)
            assert (answer.status, answer.path) == (200, "/reports/1"), path
            assert said in answer.said.replace("Encargado a:", "Encargado a :"), path
        assert "Quitar urgente" not in (await browser.send("/reports/1/untag", {"tag": "urgente"})).said
        for path, fields, field in (
            ("/reports/1/mark", {"state": "checking", "reason": "  "}, None),
            ("/reports/1/mark", {"state": "published"}, None),
            ("/reports/1/mark", {"state": "nada"}, None),
            ("/reports/1/note", {"note": "x" * 2_001}, "note"),
            ("/reports/1/tag", {"tag": "dos palabras"}, "tag"),
            ("/reports/1/assign", {"colleague": "x" * 41}, "colleague"),
        ):
            answer = await browser.send(path, fields)
            assert answer.status == 422, path
            assert "fault" in answer.text
            if field:
                assert value(answer, field) == fields[field]

    visit(folder, story)
    with open_desk(folder) as desk:
        standing = Casework(desk.inbox.database).standing(Subject(Kind.REPORT, 1))
        assert (standing.state, standing.assigned, standing.tags) == (State.FALSE, "Beto", ())


def test_the_recovery_sheet_has_the_passphrase_only_when_it_is_asked_for(folder: Path) -> None:
    async def story(browser: Browser) -> None:
        plain = await browser.open("/sheet")
        assert PASSPHRASE not in plain.text
        assert (folder / "tor" / "service" / "hostname").read_text().strip() in plain.said
        wrong = await browser.send("/sheet", {"passphrase": "otra frase"})
        assert (wrong.status, "otra frase" in wrong.text) == (422, False)
        asked = await browser.send("/sheet", {"passphrase": PASSPHRASE})
        assert PASSPHRASE in asked.said
        assert PASSPHRASE not in (await browser.open("/sheet")).text

    visit(folder, story)


def test_a_page_of_a_locked_desk_leads_to_the_lock_and_shows_nothing(folder: Path) -> None:
    async def story(browser: Browser) -> None:
        locked = await browser.send("/lock")
        assert locked.path == "/unlock"
        for path in ("/", "/inbox", "/reports/1", "/reports/3/files/1/see", "/card", "/no/such/page"):
            answer = await browser.open(path)
            assert answer.path == "/unlock" or answer.status == 404, path
            assert "muchachos" not in answer.text
        assert (await browser.send("/reports/1/note", {"note": "tarde"})).path == "/unlock"
        wrong = await browser.unlock("otra frase", colleague="Ana")
        assert (wrong.status, value(wrong, "colleague")) == (422, "Ana")
        assert "otra frase" not in wrong.text
        again = await browser.unlock("otra frase")
        assert "Espere un segundo antes" in again.said
        assert (await browser.unlock()).status == 429

    visit(folder, story)


def test_a_page_that_stayed_open_while_the_desk_locked_itself_leads_to_the_lock(folder: Path) -> None:
    async def story(browser: Browser) -> None:
        await browser.house.keeper.lock(by_itself=True)
        answer = await browser.send("/reports/1/note", {"note": "tarde"})
        assert answer.path == "/unlock"
        assert "Se cerró sola" in answer.said

    visit(folder, story)
    with open_desk(folder) as desk:
        assert Casework(desk.inbox.database).history(Subject(Kind.REPORT, 1)) == []


def test_what_is_asked_while_the_desk_locks_is_not_answered(folder: Path) -> None:
    async def story(browser: Browser) -> None:
        keeper = browser.house.keeper

        async def slow(*_args: object, **_kwargs: object) -> object:
            await keeper.lock()
            return await asyncio.sleep(0, result=["", "", ""])

        with mock.patch("forwarder.desk.web.opened.Opened.openings", slow):
            assert (await browser.open("/inbox")).path == "/unlock"
        assert keeper.stage is Stage.LOCKED

    visit(folder, story)


def test_without_a_sandbox_nothing_is_opened_and_it_is_said(folder: Path) -> None:
    async def story(browser: Browser) -> None:
        await browser.send("/lock")
        with mock.patch.object(Sandbox, "best", side_effect=NoSandbox("none")):
            await browser.unlock()
            for path in ("/inbox", "/reports/1", "/incidents", "/receiving"):
                answer = await browser.open(path)
                assert "apt-get install bubblewrap" in answer.said, path
                # A question about two reports names the words that they share; their texts stay closed.
                assert "La camioneta blanca" not in answer.said, path
                assert "muchachos del mercado" not in answer.said, path
            assert (await browser.open("/reports/3/files/1/see")).status == 422

    visit(folder, story)


def test_receiving_tells_what_shuts_in_what_is_opened(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "bwrap").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "bin" / "bwrap").chmod(0o755)

    async def story(browser: Browser) -> None:
        said = (await browser.open("/receiving")).said
        assert "Lo encierra: bubblewrap, lo más fuerte" in said
        assert "aquí no encierra" not in said
        await browser.send("/lock")
        with mock.patch.dict(os.environ, {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}):
            await browser.unlock()
            said = (await browser.open("/receiving")).said
        assert "bubblewrap está instalado y aquí no encierra" in said
        assert "sin bubblewrap" in said

    visit(folder, story)


def test_a_fault_that_nobody_foresaw_is_a_page_and_only_its_kind_is_told(folder: Path) -> None:
    faults: list[type[BaseException]] = []

    async def run() -> None:
        async with pages(folder, faults=faults) as (house, link), Browser.of(house) as browser:
            await browser.come_in(link)
            await browser.unlock()
            with mock.patch("forwarder.desk.web.receiving_pages._state", side_effect=KeyError("secreto")):
                answer = await browser.open("/receiving")
            assert answer.status == 500
            assert "secreto" not in answer.text
            assert "Algo falló. Antes de intentar otra vez, mire si quedó hecho." in answer.said

    asyncio.run(run())
    assert faults == [KeyError]


def test_the_desk_speaks_another_language_when_asked_and_stays_on_the_page(folder: Path) -> None:
    async def story(browser: Browser) -> None:
        answer = await browser.send("/language", {"language": "en", "back": "/help"})
        assert answer.path == "/help"
        assert "The desk locks itself" in answer.said
        for back in ("//evil.example", "https://evil.example", "/\\evil.example", "/a\nb", ""):
            answer = await browser.send("/language", {"language": "xx", "back": back}, follow=False)
            assert answer.headers["Location"] == f"{browser.house.at}/"

    visit(folder, story)


def test_only_pictures_of_our_own_kind_are_taken_out_of_a_clean_document() -> None:
    from forwarder.desk.findings import CleanCopy, Findings, Outcome

    found = Findings(Outcome.REBUILT)
    picture = b"\xff\xd8\xff123\xff\xd9"
    page = b"/Filter/DCTDecode/Length %d>>\nstream\n%b\nendstream"
    wire = b"%PDF-1.4" + page % (8, picture) + page % (9, picture) + page % (3, b"<b>") + page % (10**8, picture)
    assert pages_of(CleanCopy(found, "application/pdf", "", wire)) == [picture]
    assert pages_of(CleanCopy(found, "text/plain", "", wire)) == []
