"""Only a person keeps the desk open, and it is locked before anything is answered that comes too late; what a page from
before cannot do any more is said, and nothing that was typed is lost by it.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from forwarder.desk.findings import CleanCopy, Findings, Outcome
from forwarder.desk.program import Desk
from forwarder.desk.web import keeper as module
from forwarder.desk.web import opened as opening
from forwarder.desk.web import server
from forwarder.desk.web.keeper import Keeper, Stage
from forwarder.desk.web.opened import Opened
from tests.unit.forwarder.desk.given import PASSPHRASE
from tests.unit.forwarder.desk.web.a_desk import folder, visit
from tests.unit.forwarder.desk.web.visiting import Browser, Clock, pages, visiting

pytestmark = pytest.mark.slow

__all__ = ["folder"]


@contextmanager
def nobody_watches() -> Iterator[None]:
    """The desk does not look at the clock by itself: what has just woken up has not yet."""

    async def sleeps(_self: Keeper, **_given: object) -> None:
        await asyncio.Event().wait()

    with mock.patch.object(Keeper, "watch", sleeps):
        yield


def test_only_what_a_person_does_puts_off_the_lock(folder: Path) -> None:
    clock = Clock()

    async def story(browser: Browser) -> None:
        keeper, at = browser.house.keeper, browser.house.at
        whole = int(keeper.lock_seconds)
        picture = f"{at}/reports/3/files/1/see"
        clock.seconds += 60
        for by_itself in (
            browser.ask("GET", f"{at}/reports/1?idle=yes", headers={"Sec-Fetch-Dest": "empty"}),
            browser.ask("GET", f"{at}/still?idle=yes", headers={"Sec-Fetch-Dest": "document"}),
            browser.ask("GET", picture, headers={"Sec-Fetch-Dest": "image"}),
            browser.ask("GET", picture, headers={"Sec-Fetch-Dest": "video"}),
            browser.ask("GET", f"{at}/static/desk.js", headers={"Sec-Fetch-Dest": "script"}),
            browser.send("/alive", {"idle": "yes"}),
        ):
            answer = await by_itself
            assert answer.status == 200
            assert keeper.left == whole - 60, answer.path
        assert answer.text == str(whole - 60)
        for deed in (browser.open("/reports/1"), browser.send("/alive"), browser.send("/language")):
            assert (await deed).status == 200
            assert keeper.left == whole
            clock.seconds += 60

    visit(folder, story, clock=clock)


def test_a_request_that_comes_when_the_time_is_over_finds_the_desk_locked(folder: Path) -> None:
    clock = Clock()

    async def story(browser: Browser) -> None:
        keeper = browser.house.keeper
        clock.seconds += keeper.lock_seconds - 1
        assert (await browser.open("/reports/1?idle=yes")).path == "/reports/1"
        clock.seconds += 1
        for late in (browser.open("/reports/1"), browser.send("/alive", {"idle": "yes"})):
            answer = await late
            assert answer.path == "/unlock"
            assert keeper.stage is Stage.LOCKED
            assert keeper.locked_by_itself

    with nobody_watches():
        visit(folder, story, clock=clock)


def test_a_page_that_asks_by_itself_takes_no_sentence_away_from_the_person(folder: Path) -> None:
    async def story(browser: Browser) -> None:
        await browser.send("/who", {"colleague": "Ana"}, follow=False)
        assert "Guardado." not in (await browser.open("/help?idle=yes")).said
        assert "Guardado." in (await browser.open("/help")).said

    visit(folder, story)


def test_a_form_from_before_the_desk_was_unlocked_again_does_nothing_and_gives_back_what_was_written(
    folder: Path,
) -> None:
    async def story(browser: Browser) -> None:
        before = browser.csrf
        await browser.send("/lock")
        await browser.unlock()
        browser.csrf = before
        answer = await browser.send("/reports/1/note", {"note": "lo vio <b>la vecina</b>"})
        assert answer.status == 403
        assert "Esa página es de antes" in answer.said
        assert "lo vio <b>la vecina</b>" in answer.said
        assert "alguien más" not in answer.said
        browser.csrf = before
        secret = await browser.send("/sheet", {"passphrase": PASSPHRASE, "note": "dos palabras"})
        assert (secret.status, PASSPHRASE in secret.text, "dos palabras" in secret.text) == (403, False, False)
        assert "vecina" not in (await browser.open("/reports/1")).text

    visit(folder, story)


def test_what_is_no_form_is_said_in_a_page_of_the_desk_to_whoever_is_in(folder: Path) -> None:
    async def story(browser: Browser) -> None:
        answer = await browser.send("/reports/1/note", {"note": "x" * 70_000})
        assert (answer.status, "no es un formulario de esta mesa" in answer.said) == (400, True)
        answer = await browser.open("/inbox?words=%ff")
        assert (answer.status, "no es un formulario de esta mesa" in answer.said) == (400, True)

    visit(folder, story)


def test_a_link_that_is_clicked_again_leads_the_browser_that_is_in_to_the_desk_and_nobody_else(folder: Path) -> None:
    async def run() -> None:
        async with pages(folder) as (house, link), Browser.of(house) as browser, Browser.of(house) as other:
            await browser.come_in(link)
            assert (await browser.come_in(link)).path == "/unlock"
            await browser.unlock()
            assert (await browser.come_in(link)).path == "/inbox"
            assert house.keeper.stage is Stage.OPEN
            path = link.removeprefix(house.origin)
            for answer in (
                await other.come_in(link),
                await browser.ask("GET", path, headers={"Sec-Fetch-Site": "cross-site"}),
            ):
                assert (answer.status, answer.body) == (403, server.REFUSED)

    asyncio.run(run())


def test_a_browser_whose_cookie_was_replaced_is_told_so_and_gets_in_nowhere(folder: Path) -> None:
    async def run() -> None:
        async with pages(folder) as (house, link), Browser.of(house) as browser, Browser.of(house) as other:
            await browser.come_in(link)
            await other.come_in(house.link(house.sessions.new_link()))
            for answer in (await browser.open("/unlock"), await browser.open("/"), await browser.come_in(link)):
                assert (answer.status, answer.body) == (403, server.ELSEWHERE)
            await other.unlock()
            assert (await browser.open("/unlock")).body == server.REFUSED

    asyncio.run(run())


@contextmanager
def slow_unlocking() -> Iterator[threading.Event]:
    """Unlocking takes until the event is set."""
    go_on, unlocked = threading.Event(), module._unlocked

    def slowly(*given: Any) -> Desk:  # noqa: ANN401
        go_on.wait(10)
        return unlocked(*given)

    with mock.patch.object(module, "_unlocked", slowly):
        yield go_on


def test_who_came_in_by_a_newer_link_while_another_was_unlocking_has_a_locked_desk_for_themselves(folder: Path) -> None:
    async def run() -> None:
        async with pages(folder) as (house, link), Browser.of(house) as first, Browser.of(house) as second:
            await first.come_in(link)
            await first.open("/unlock")
            with slow_unlocking() as go_on:
                opening = asyncio.create_task(first.send("/unlock", {"passphrase": PASSPHRASE}))
                await asyncio.sleep(0.1)
                await second.come_in(house.link(house.sessions.new_link()))
                go_on.set()
                answer = await opening
            assert (answer.status, answer.body) == (403, server.ELSEWHERE)
            assert house.keeper.stage is Stage.LOCKED
            assert (await second.open("/reports/1")).path == "/unlock"

    asyncio.run(run())


def test_enter_pressed_twice_at_the_lock_leads_in(folder: Path) -> None:
    async def run() -> None:
        async with pages(folder) as (house, link), Browser.of(house) as browser:
            await browser.come_in(link)
            await browser.open("/unlock")
            with slow_unlocking() as go_on:
                twice = [asyncio.create_task(browser.send("/unlock", {"passphrase": PASSPHRASE})) for _ in range(2)]
                await asyncio.sleep(0.2)
                go_on.set()
                await asyncio.gather(*twice)
            assert (await browser.open("/inbox")).path == "/inbox"

    asyncio.run(run())


def test_a_cookie_of_before_unlocking_opens_nothing_of_a_desk_that_is_open(folder: Path) -> None:
    async def run() -> None:
        async with pages(folder) as (house, link), Browser.of(house) as browser:
            await browser.come_in(link)
            assert await house.keeper.unlock(PASSPHRASE)
            for path in ("/", "/inbox", "/reports/1", "/card"):
                answer = await browser.open(path)
                assert (answer.path, "Reporte" in answer.said) == ("/unlock", False)
            assert (await browser.unlock("otra frase")).status == 422
            assert (await browser.unlock()).path == "/inbox"

    asyncio.run(run())


def test_an_attachment_that_is_being_opened_while_the_desk_locks_ends_at_the_lock(folder: Path) -> None:
    async def story(browser: Browser) -> None:
        begun, go_on = threading.Event(), threading.Event()

        def clean(*_given: object) -> CleanCopy:
            begun.set()
            go_on.wait(10)
            return CleanCopy(Findings(Outcome.CLEANED), "image/png", "", b"late")

        with mock.patch.object(Opened, "_clean", clean):
            looked = asyncio.create_task(browser.open("/reports/3/files/1"))
            await asyncio.to_thread(begun.wait, 10)
            locking = asyncio.create_task(browser.house.keeper.lock())
            answer = await looked
            go_on.set()
            await locking
        assert answer.path == "/unlock"

    visit(folder, story)


def test_a_copy_for_which_there_is_no_room_is_not_opened_again_by_a_page_that_asks_again(folder: Path) -> None:
    opened: list[object] = []

    def clean(_self: Opened, which: tuple[int, int], _sandbox: object) -> CleanCopy:
        opened.append(which)
        return CleanCopy(Findings(Outcome.REBUILT), "image/png", "", bytes(60))

    async def run() -> None:
        async with visiting(folder) as browser:
            kept = browser.house.keeper.opened
            with mock.patch.object(Opened, "_clean", clean), mock.patch.object(opening, "COPIES_BYTES", 100):
                for _ in range(4):
                    copies = await kept.copies(3, [1, 2, 3], seconds=5)
                assert sorted(opened) == [(3, 1), (3, 2), (3, 3)]  # type: ignore[type-var]
                assert [len(copy.data) for copy in copies.values() if copy] == [0, 0, 60]
                page = (await browser.open("/reports/3")).text
                assert len((await kept.copy(3, 1)).data) == 60
            assert "no cabe en la memoria" in page
            assert re.search("data-pending", page) is None

    asyncio.run(run())
