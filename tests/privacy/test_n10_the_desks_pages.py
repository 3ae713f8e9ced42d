"""N10: the desk's pages answer the browser that opened the one-time link, from its own pages, and nobody else. The
real server is asked by others: without a cookie, by another name, from another page, with one link twice, elsewhere.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from unittest import mock

import pytest
from yarl import URL

from crypto.report import Report
from forwarder.desk.casework import Casework, Kind, Subject
from forwarder.desk.web import gate, server
from forwarder.desk.web.house import House
from forwarder.desk.web.keeper import Stage
from forwarder.desk.web.session import COOKIE, Sessions
from onion_service import serving as listening
from tests.privacy.mutants import caught
from tests.unit.forwarder.desk.given import key_of, letters, new_desk, open_desk
from tests.unit.forwarder.desk.web.visiting import Answer, Browser, pages, visiting

pytestmark = pytest.mark.slow

SECRET: Final = "lo que sólo la mesa sabe"
SUBJECT: Final = Subject(Kind.REPORT, 1)
FORM: Final = "application/x-www-form-urlencoded"
#: Every page, with numbers in its path.
PATHS: Final = sorted(
    {
        (method, re.sub(r"\{\w+(?::[^{}]*(?:\{[^{}]*\})?[^{}]*)?\}", "1", path))
        for routes in server.PAGES.values()
        for method, path in routes
    }
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    with new_desk(folder) as desk:
        desk.take(letters(1, Report(text=SECRET), to=[key_of(desk)]))
    return folder


def refused(answer: Answer, status: int = 403) -> bool:
    return answer.status == status and answer.body == server.REFUSED


# --- who has no cookie ---------------------------------------------------------------------------------------------


def proof_that_a_stranger_sees_one_refusal(folder: Path) -> None:
    async def story() -> None:
        async with visiting(folder) as owner, Browser.of(owner.house) as stranger:
            for method, path in PATHS:
                asked = {"Origin": owner.house.origin, "Content-Type": FORM} if method == "POST" else {}
                answer = await stranger.ask(
                    method, f"{owner.house.at}{path}", headers=asked, data=b"" if asked else None, follow=False
                )
                assert refused(answer), (method, path, answer.status)
            for elsewhere in ("/", "/inbox", "/favicon.ico", f"{owner.house.at}x/inbox"):
                assert refused(await stranger.ask("GET", elsewhere))
            stranger.client.cookie_jar.update_cookies({COOKIE: "0" * 64}, URL(owner.house.origin))
            assert refused(await stranger.open("/inbox"))

    asyncio.run(story())


def test_who_has_no_cookie_sees_the_same_refusal_everywhere(folder: Path) -> None:
    proof_that_a_stranger_sees_one_refusal(folder)


def test_pages_that_answer_anybody_are_noticed(folder: Path) -> None:
    with planted("session_of", lambda _cookies, sessions, **_: sessions._session):
        caught("N10", "no cookie is asked for", proof_that_a_stranger_sees_one_refusal, folder)


# --- the link ------------------------------------------------------------------------------------------------------


def proof_that_a_link_is_good_once(folder: Path) -> None:
    async def story() -> None:
        async with pages(folder) as (house, link), Browser.of(house) as first, Browser.of(house) as second:
            entered = await first.come_in(link)
            assert entered.status == 200
            cookie = first.client.cookie_jar.filter_cookies(URL(f"{house.origin}{house.at}/"))
            assert set(cookie) == {COOKIE}
            assert refused(await second.come_in(link))
            assert refused(await second.open("/unlock"))
            await first.unlock()
            assert SECRET in (await first.open("/reports/1")).said
            again = house.link(house.sessions.new_link())
            await second.come_in(again)
            assert house.keeper.stage is Stage.LOCKED
            out = await first.open("/reports/1")
            assert (out.status, out.body) == (403, server.ELSEWHERE)
            assert SECRET not in (await second.open("/reports/1")).text

    asyncio.run(story())


def test_a_link_is_good_once_and_a_new_one_locks_the_desk(folder: Path) -> None:
    proof_that_a_link_is_good_once(folder)


def test_a_link_that_is_good_twice_is_noticed(folder: Path) -> None:
    def enter(self: Sessions, _secret: str) -> str | None:
        return self._renew()

    with mock.patch.object(Sessions, "enter", enter):
        caught("N10", "a link is good twice", proof_that_a_link_is_good_once, folder)


# --- by another name -----------------------------------------------------------------------------------------------


def proof_that_another_name_is_refused(folder: Path) -> None:
    async def story() -> None:
        async with visiting(folder) as browser:
            house = browser.house
            port = house.origin.rpartition(":")[2]
            names = (
                f"localhost:{port}",
                "127.0.0.1",
                f"evil.example:{port}",
                f"127.0.0.1:{port}.",
                f"127.1:{port}",
                "",
            )
            for name in names:
                answer = await browser.ask("GET", f"{house.at}/reports/1", headers={"Host": name})
                assert answer.status in (400, 421), name
                assert SECRET not in answer.text, name
            link = house.link(house.sessions.new_link()).removeprefix(house.origin)
            assert refused(await browser.ask("GET", link, headers={"Host": f"evil.example:{port}"}), 421)
            assert house.sessions.link_is_open
            assert SECRET in (await browser.open("/reports/1")).said

    asyncio.run(story())


def test_a_request_by_another_name_is_refused(folder: Path) -> None:
    proof_that_another_name_is_refused(folder)


def test_pages_that_answer_to_any_name_are_noticed(folder: Path) -> None:
    with planted("is_for_us", lambda _hosts, **_: True):
        caught("N10", "any name is answered", proof_that_another_name_is_refused, folder)


# --- from another page ---------------------------------------------------------------------------------------------


def foreign(house: House) -> list[Mapping[str, str]]:
    """What a browser says of a form that another page has sent."""
    port = int(house.origin.rpartition(":")[2])
    ours = {"Content-Type": FORM, "Origin": house.origin}
    return [
        {"Content-Type": FORM},
        {**ours, "Origin": "null"},
        {**ours, "Origin": "http://evil.example"},
        {**ours, "Origin": f"http://127.0.0.1:{port - 1}"},
        {**ours, "Origin": f"https://127.0.0.1:{port}"},
        {**ours, "Origin": f"http://localhost:{port}"},
        {**ours, "Sec-Fetch-Site": "cross-site"},
        {**ours, "Sec-Fetch-Site": "same-site"},
    ]


def changed(folder: Path) -> bool:
    with open_desk(folder) as desk:
        return bool(Casework(desk.inbox.database).history(SUBJECT))


def proof_that_other_pages_change_nothing(folder: Path) -> None:
    async def story() -> None:
        async with visiting(folder) as browser:
            house = browser.house
            good = f"csrf={browser.csrf}&note=de+otra+pagina".encode()
            for headers in foreign(house):
                answer = await browser.ask(
                    "POST", f"{house.at}/reports/1/note", headers=headers, data=good, follow=False
                )
                assert refused(answer), headers
            ours = {"Content-Type": FORM, "Origin": house.origin}
            for body in (b"note=x", b"csrf=&note=x", b"csrf=" + b"0" * 64 + b"&note=x", b"csrf=%ff&note=x"):
                answer = await browser.ask("POST", f"{house.at}/reports/1/note", headers=ours, data=body, follow=False)
                assert answer.status in (400, 403), body
            for kind in ("application/json", "text/plain", "multipart/form-data; boundary=x"):
                answer = await browser.ask(
                    "POST", f"{house.at}/reports/1/note", headers={**ours, "Content-Type": kind}, data=good
                )
                assert answer.status == 400, kind
            for site in ("cross-site", "same-site"):
                answer = await browser.ask("GET", f"{house.at}/reports/1", headers={"Sec-Fetch-Site": site})
                assert refused(answer), site
            for method in ("PUT", "DELETE", "OPTIONS", "HEAD"):
                assert (await browser.ask(method, f"{house.at}/reports/1")).status == 405

    asyncio.run(story())
    assert not changed(folder)


def a_desk(folder: Path) -> Path:
    """A desk of its own with one report: what a mutant lets through changes no other."""
    with new_desk(folder) as desk:
        desk.take(letters(1, Report(text=SECRET), to=[key_of(desk)]))
    return folder


def test_a_form_of_another_page_changes_nothing(tmp_path: Path) -> None:
    proof_that_other_pages_change_nothing(a_desk(tmp_path / "real"))
    for mutant, name, instead in (
        ("the origin of a form is not looked at", "comes_from_us", lambda _headers, **_: True),
        ("the token of a form is not looked at", "is_of_this_session", lambda _csrf, _session: True),
        ("pages are given to other sites", "is_asked_by_us", lambda _headers: True),
    ):
        with planted(name, instead):
            caught("N10", mutant, proof_that_other_pages_change_nothing, a_desk(tmp_path / name[:8]))


# --- at another address --------------------------------------------------------------------------------------------


def proof_that_only_loopback_listens(folder: Path) -> None:
    async def story() -> None:
        async with pages(folder) as (house, _):
            port = int(house.origin.rpartition(":")[2])
            assert await asyncio.to_thread(reachable, "127.0.0.1", port)
            others = {"127.0.0.2", "::1", *own_addresses()}
            for address in others:
                assert not await asyncio.to_thread(reachable, address, port), address

    asyncio.run(story())


def own_addresses() -> set[str]:
    """The addresses of this machine that others could reach."""
    found = {str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), None)}
    return {one for one in found if one != "127.0.0.1"}


def reachable(address: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        knock = socket.socket(family)
    except OSError:
        # A kernel without that family has no such address.
        return False
    with knock:
        knock.settimeout(2)
        return knock.connect_ex((address, port)) == 0


def test_nothing_but_loopback_listens(folder: Path) -> None:
    proof_that_only_loopback_listens(folder)
    with mock.patch.object(listening, "LOOPBACK", "0.0.0.0"):  # noqa: S104
        caught("N10", "every address listens", proof_that_only_loopback_listens, folder)


# --- what answers say ----------------------------------------------------------------------------------------------


def proof_that_every_answer_is_shut_in(folder: Path, paths: Sequence[tuple[str, str]] = PATHS) -> None:
    async def story() -> None:
        async with visiting(folder) as browser, Browser.of(browser.house) as stranger:
            answers = [await browser.open(path) for method, path in paths if method == "GET"]
            sent = sorted((path for method, path in paths if method == "POST"), key=lambda path: path == "/lock")
            answers += [await browser.send(path, follow=False) for path in sent]
            answers += [await stranger.open("/"), await stranger.ask("GET", "/"), await browser.open("/no/such/page")]
            for answer in (*answers, *browser.seen):
                headers = dict(answer.headers)
                assert headers.get("Cache-Control") == "no-store", answer.path
                assert headers.get("X-Content-Type-Options") == "nosniff", answer.path
                assert headers.get("Referrer-Policy") == "same-origin", answer.path
                assert headers.get("Cross-Origin-Resource-Policy") == "same-origin", answer.path
                policy = headers["Content-Security-Policy"]
                assert policy.startswith("default-src 'none'"), answer.path
                assert "frame-ancestors 'none'" in policy, answer.path
                assert "unsafe" not in policy, answer.path
                assert "http" not in policy, answer.path
                assert not {"Server", "Date", "ETag", "Last-Modified"} & set(headers), answer.path

    asyncio.run(story())


#: One answer's headers made loose, in each way that is looked at; an empty one is not sent.
LOOSE: Final[Mapping[str, Mapping[str, str]]] = {
    "pages may be kept": {"Cache-Control": ""},
    "kinds may be guessed": {"X-Content-Type-Options": ""},
    "addresses are sent on": {"Referrer-Policy": "unsafe-url"},
    "other sites may use what is here": {"Cross-Origin-Resource-Policy": "cross-origin"},
    "pages may load from elsewhere": {"Content-Security-Policy": gate.POLICY.replace("'none'", "http:", 1)},
    "pages may be framed": {"Content-Security-Policy": gate.POLICY.replace("frame-ancestors 'none'", "")},
    "any script in a page runs": {
        "Content-Security-Policy": gate.POLICY.replace("script-src 'self'", "script-src 'self' 'unsafe-inline'")
    },
}


def test_every_answer_is_shut_in_and_says_nothing_of_itself(tmp_path: Path) -> None:
    proof_that_every_answer_is_shut_in(a_desk(tmp_path / "real"))
    loose = a_desk(tmp_path / "loose")
    for mutant, instead in LOOSE.items():
        headers = {name: instead.get(name, value) for name, value in gate.HEADERS.items()}
        with mock.patch.object(gate, "HEADERS", {name: value for name, value in headers.items() if value}):
            caught("N10", mutant, proof_that_every_answer_is_shut_in, loose, [("GET", "/help"), ("POST", "/lock")])


def test_the_cookie_is_for_our_pages_alone_and_no_script(folder: Path) -> None:
    async def story() -> None:
        async with pages(folder) as (house, link), Browser.of(house) as browser:
            entered = await browser.come_in(link)
            said = entered.headers["Set-Cookie"]
            parts = [part.strip() for part in said.split(";")]
            assert re.fullmatch(rf"{COOKIE}=[0-9a-f]{{64}}", parts[0])
            assert sorted(parts[1:]) == sorted(["HttpOnly", f"Path={house.at}", "SameSite=Strict"])

    asyncio.run(story())


@contextmanager
def planted(name: str, instead: object) -> Iterator[None]:
    """The gate with one of its checks replaced."""
    with mock.patch.object(gate, name, instead):
        yield
