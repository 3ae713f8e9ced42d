"""The web desk: pages on 127.0.0.1 for the person who started the program, and for nobody else (docs/partner.md).

Every request passes the same checks in the same order (gate.py); every answer leaves with the same headers, so that no
page, file or refusal is kept, framed, guessed at or sent on.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Final

from aiohttp import web

from crypto.errors import CryptoError
from forwarder.desk.errors import BadForm, DeskLocked, MergedAway, NoSuchAttachment, NoSuchIncident, NoSuchReport
from forwarder.desk.web import (
    file_pages,
    gate,
    inbox_pages,
    incident_pages,
    lock_pages,
    publish_pages,
    receiving_pages,
    report_pages,
    setup_pages,
)
from forwarder.desk.web.catalogues import msg
from forwarder.desk.web.forms import BODY_MAX, CONTENT_TYPE, EMPTY, Form
from forwarder.desk.web.house import TEMPLATES, Handler, House, Visit
from forwarder.desk.web.keeper import Keeper, Stage
from forwarder.desk.web.lock_pages import give
from forwarder.desk.web.session import COOKIE, Session, Sessions, draw_secret
from forwarder.errors import ForwarderError
from onion_service.errors import OnionServiceError
from onion_service.serving import LOOPBACK, Limits, serve_on_loopback

PLACE_LEN: Final = 32
LIMITS: Final = Limits(idle=120.0, request=300.0, linger=2.0, connections=64)

Routes = Mapping[tuple[str, str], Handler]

#: The pages of a desk that is not made yet, that is locked, and that is open; another stage's page leads to its first.
PAGES: Final[Mapping[Stage, Routes]] = {
    Stage.NONE: {**lock_pages.EVERYWHERE, **setup_pages.BEFORE},
    Stage.LOCKED: {**lock_pages.EVERYWHERE, **lock_pages.LOCKED},
    Stage.OPEN: {
        **lock_pages.EVERYWHERE,
        **lock_pages.OPEN,
        **setup_pages.AFTER,
        **receiving_pages.OPEN,
        **inbox_pages.OPEN,
        **report_pages.OPEN,
        **file_pages.OPEN,
        **incident_pages.OPEN,
        **publish_pages.OPEN,
    },
}
REFUSED: Final = (TEMPLATES / "refused.html").read_bytes()
ELSEWHERE: Final = (TEMPLATES / "elsewhere.html").read_bytes()
# Fields that no page shows again.
SECRET: Final = frozenset({"passphrase", "again"})
MISSING: Final = (NoSuchReport, NoSuchIncident, NoSuchAttachment, MergedAway)
FORESEEN: Final = (ForwarderError, OnionServiceError, CryptoError)

Fault = Callable[[type[BaseException]], None]
Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(house: House, *, port: int = 0, on_fault: Fault | None = None) -> AsyncIterator[str]:
    """The pages are served for as long as the block lasts; yields a one-time link. The desk is locked at its end.

    `on_fault` hears the class of an error that nobody foresaw, and nothing of the request.
    """
    told = on_fault or _not_heard
    async with serve_on_loopback(application(house, on_fault=told), port=port, limits=LIMITS, on_fault=told) as taken:
        house.origin = f"http://{LOOPBACK}:{taken}"
        watch = asyncio.create_task(house.keeper.watch(on_fault=told), name="idle watch")
        try:
            yield house.link(house.sessions.new_link())
        finally:
            watch.cancel()
            with suppress(asyncio.CancelledError):
                await watch
            # What is just being opened is waited for, and locked; nobody is answered after that.
            house.sessions.end()
            await house.keeper.end()


def new_house(keeper: Keeper) -> House:
    """A house for this desk, at a path of its own that nobody can guess: a browser gives the cookies of 127.0.0.1 to
    whatever listens on any port of it, but not to any path."""
    sessions = Sessions()
    keeper.when_locked(sessions.lock)
    return House(keeper, sessions, at=f"/{draw_secret()[:PLACE_LEN]}")


def application(house: House, *, on_fault: Fault) -> web.Application:
    """The app: one door before all pages."""
    app = web.Application(client_max_size=BODY_MAX)
    known = dict.fromkeys(route for routes in PAGES.values() for route in routes)
    for method, path in known:
        app.router.add_route(method, f"{house.at}{path}", _door(house, (method, path), on_fault))
    app.router.add_route("GET", f"{house.at}/open/{{secret}}", _entrance(house))
    app.router.add_route("*", "/{anything:.*}", _door(house, None, on_fault))
    return app


def _door(house: House, route: tuple[str, str] | None, on_fault: Fault) -> Answering:
    async def answer(request: web.Request) -> web.StreamResponse:
        visit = await _admit(house, request)
        return _with_headers(await _answer(visit, route, on_fault) if isinstance(visit, Visit) else visit)

    return answer


def _entrance(house: House) -> Answering:
    async def enter(request: web.Request) -> web.StreamResponse:
        if not gate.is_for_us(request.headers.getall("Host", []), origin=house.origin):
            return _with_headers(_refusal(421))
        cookie = house.sessions.enter(request.match_info["secret"])
        if cookie is None:
            # Whoever clicks the link once more in the browser that is in already is led in, and not frightened.
            is_in = _session(house, request) is not None and gate.is_asked_by_us(request.headers)
            return _with_headers(_to_the_first(house) if is_in else _stranger(house, request))
        # Whoever had the desk open has it no more: the new browser has to know the passphrase.
        await house.keeper.lock()
        session = house.sessions.session(cookie)
        if session is None:
            return _with_headers(_refusal(403))
        # A page of its own that goes on by itself: what leads on to the desk must come from the desk, or the browser
        # would not send the cookie with it.
        entered = Visit(house, session, "/", {}, EMPTY, EMPTY).page("entered.html")
        give(entered, cookie, at=house.at)
        return _with_headers(entered)

    return enter


async def _admit(house: House, request: web.Request) -> Visit | web.Response:
    """The visit, when every check is passed; else what is answered instead."""
    headers = request.headers
    if not gate.is_for_us(headers.getall("Host", []), origin=house.origin):
        return _refusal(421)
    # A computer that has just woken up asks before the clock is looked at.
    await house.keeper.lock_if_due()
    session = _session(house, request)
    if session is None:
        return _stranger(house, request)
    visit = Visit(house, session, _here(house, request), request.match_info, EMPTY, EMPTY)
    if request.method == "POST" and not gate.comes_from_us(headers, origin=house.origin):
        return _refusal(403)
    if request.method == "GET" and not gate.is_asked_by_us(headers):
        return _refusal(403)
    if request.method not in ("GET", "POST"):
        return _refusal(405)
    try:
        form = await _form(request) if request.method == "POST" else EMPTY
        query = Form.parse(request.rel_url.raw_query_string.encode(errors="replace"))
    except BadForm as error:
        return _told(visit, error, status=400)
    if request.method == "POST" and not gate.is_of_this_session(form.text("csrf"), session):
        # Most often a page that stayed open while the desk locked itself; nothing of it is done.
        return _outdated(visit, form) if house.stage is Stage.OPEN else _to_the_first(house)
    if gate.is_a_deed(headers, query, form):
        house.keeper.touch()
    return replace(visit, query=query, form=form)


def _session(house: House, request: web.Request) -> Session | None:
    return gate.session_of(request.cookies, house.sessions, name=COOKIE)


def _here(house: House, request: web.Request) -> str:
    """The page that can be asked for again, as a path of ours; after a form that is the first."""
    if request.method != "GET":
        return "/"
    return request.rel_url.raw_path_qs.removeprefix(house.at) or "/"


async def _form(request: web.Request) -> Form:
    if request.content_type != CONTENT_TYPE:
        raise BadForm("not the content of a form")
    try:
        return Form.parse(await request.read())
    except web.HTTPRequestEntityTooLarge as error:
        raise BadForm(f"more than {BODY_MAX} bytes") from error


async def _answer(visit: Visit, route: tuple[str, str] | None, on_fault: Fault) -> web.StreamResponse:
    """The page's answer; what goes wrong is said in a page, and nothing leaves a desk that was locked meanwhile."""
    keeper = visit.keeper
    stage, opening = visit.house.stage, keeper.opening
    if route is None:
        return visit.page("missing.html", status=404)
    handler = PAGES[stage].get(route)
    if handler is None:
        return visit.go("/")
    try:
        response = await handler(visit)
    except DeskLocked:
        return visit.go("/")
    except FORESEEN as error:
        response = _told(visit, error, status=404 if isinstance(error, MISSING) else 422)
    except Exception as error:  # noqa: BLE001 - a person at a desk gets a sentence, and never an empty window
        on_fault(type(error))
        response = _told(visit, error, status=500)
    return response if response.status == 303 or keeper.opening == opening else visit.go("/")


def _told(visit: Visit, error: Exception, *, status: int) -> web.Response:
    what, then = visit.told(error)
    return visit.page("trouble.html", status=status, what=what, then=then, typed=[])


def _outdated(visit: Visit, form: Form) -> web.Response:
    """A form of a page from before the desk was unlocked, or unlocked again: it did nothing, and what was written in it
    can be copied. Nothing of a form that asks for a passphrase is shown."""
    typed = () if form.fields.keys() & SECRET else [text for texts in form.fields.values() for text in texts]
    written = [text for text in typed if len(text.split()) > 1]
    what = visit.t(msg("Esa página es de antes de que se abriera la mesa; no se cambió nada."))
    then = visit.t(msg("Cargue la página de nuevo y hágalo desde ahí."))
    return visit.page("trouble.html", status=403, what=what, then=then, typed=written)


def _refusal(status: int, page: bytes = REFUSED) -> web.Response:
    """The same for everybody who is not let in."""
    return web.Response(body=page, content_type="text/html", charset="utf-8", status=status)


def _stranger(house: House, request: web.Request) -> web.Response:
    """The refusal; whoever holds the cookie before the last hears that another window has the desk."""
    before = house.sessions.was_here(request.cookies.get(COOKIE, ""))
    return _refusal(403, ELSEWHERE if before else REFUSED)


def _to_the_first(house: House) -> web.Response:
    return web.Response(status=303, headers={"Location": f"{house.at}/"})


def _with_headers(response: web.StreamResponse) -> web.StreamResponse:
    for name, value in gate.HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def _not_heard(_kind: type[BaseException]) -> None:
    """For callers who do not watch."""
