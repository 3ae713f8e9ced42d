"""Unlocking and locking, and what stands at the top of every page: language, colleague, shortcuts, the lock."""

from typing import Final

from aiohttp import web

from crypto.errors import WrongPassphrase
from forwarder.desk.casework import colleague_name
from forwarder.desk.errors import BadWords, NotOpened, TryLater
from forwarder.desk.passphrases import SIGNS_MAX
from forwarder.desk.web.catalogues import languages, msg
from forwarder.desk.web.house import FOLDER, Visit
from forwarder.desk.web.session import COOKIE

STATIC: Final = {
    name: ((FOLDER / "static" / name).read_bytes(), media)
    for name, media in (("desk.css", "text/css"), ("desk.js", "text/javascript"), ("icon.svg", "image/svg+xml"))
}


def give(response: web.StreamResponse, cookie: str, *, at: str) -> None:
    """The browser keeps this cookie until it is closed, sends it to our pages alone, and shows it to no script."""
    response.set_cookie(COOKIE, cookie, path=at, httponly=True, samesite="Strict")


async def static(visit: Visit) -> web.StreamResponse:
    """A style or script of ours."""
    found = STATIC.get(visit.values["name"])
    if found is None:
        return visit.page("missing.html", status=404)
    return web.Response(body=found[0], content_type=found[1], charset="utf-8")


async def first_of_locked(visit: Visit) -> web.StreamResponse:
    """Where a locked desk begins."""
    return visit.go("/unlock")


async def lock_page(visit: Visit) -> web.StreamResponse:
    """Ask for the passphrase."""
    return _ask(visit)


async def unlock(visit: Visit) -> web.StreamResponse:
    """Open the desk with the passphrase that was typed."""
    keeper, passphrase, name = visit.keeper, visit.form.text("passphrase"), visit.form.word("colleague")
    if wait := keeper.wait():
        return _ask(visit, status=429, wait=wait, name=name)
    fault = _fault(visit, passphrase, name)
    if not fault:
        try:
            opened = await keeper.unlock(passphrase)
        except TryLater as error:
            return _ask(visit, status=429, wait=error.seconds, name=name)
        except (WrongPassphrase, NotOpened) as error:
            fault = " ".join(visit.told(error))
        else:
            if not visit.house.sessions.is_of_last_entry(visit.session):
                # Somebody came in by a newer link meanwhile: the desk is theirs, and they have to unlock it.
                if opened:
                    await keeper.lock()
                return visit.go("/")
    if fault:
        return _ask(visit, status=422, fault=fault, wait=keeper.wait(), name=name)
    return admitted(visit, colleague=colleague_name(name) if name else "")


def admitted(visit: Visit, *, colleague: str = "", path: str = "/") -> web.StreamResponse:
    """On into the desk that has just been opened, with a cookie that was not known while it was locked."""
    cookie = visit.house.sessions.unlock()
    session = visit.house.sessions.session(cookie)
    if session is not None:
        session.colleague = colleague
    response = visit.go(path)
    give(response, cookie, at=visit.house.at)
    return response


async def lock(visit: Visit) -> web.StreamResponse:
    """Lock the desk now."""
    await visit.keeper.lock()
    return visit.go("/unlock")


async def alive(visit: Visit) -> web.StreamResponse:
    """How many seconds are left. Somebody types or moves, and that it was asked is all there is to it; or a page asks
    by itself (gate.py), and then it changes nothing."""
    return web.Response(text=str(visit.keeper.left))


async def still(visit: Visit) -> web.StreamResponse:
    """Where a page goes by itself when its time is over, and the desk is still open because of another one."""
    return visit.page("still.html")


async def language(visit: Visit) -> web.StreamResponse:
    """Speak another language from now on."""
    if visit.form.text("language") in languages():
        visit.house.language = visit.form.text("language")
    return visit.go(back(visit))


async def who(visit: Visit) -> web.StreamResponse:
    """Say who sits at the desk, for colleagues' eyes only."""
    name = visit.form.word("colleague")
    try:
        visit.session.colleague = colleague_name(name) if name else ""
    except BadWords as error:
        return visit.page("help.html", status=422, fault=" ".join(visit.told(error)), colleague_typed=name)
    return visit.go("/help", say=visit.t(msg("Guardado.")))


async def help_page(visit: Visit) -> web.StreamResponse:
    """Keys, words, and what the person here can set."""
    return visit.page("help.html", fault="", colleague_typed=visit.session.colleague)


async def shortcuts(visit: Visit) -> web.StreamResponse:
    """Single keys do something, or nothing."""
    visit.house.shortcuts = visit.form.has("on")
    return visit.go("/help", say=visit.t(msg("Guardado.")))


def back(visit: Visit) -> str:
    """The page that a form at the top of every page was sent from; a path of ours, or the first."""
    path = visit.form.text("back")
    plain = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isascii()
    return path if plain and path.isprintable() else "/"


def _ask(visit: Visit, *, status: int = 200, fault: str = "", wait: int | None = None, name: str = "") -> web.Response:
    return visit.page(
        "unlock.html",
        status=status,
        fault=fault,
        wait=visit.keeper.wait() if wait is None else wait,
        colleague_typed=name,
        by_itself=visit.keeper.locked_by_itself,
    )


def _fault(visit: Visit, passphrase: str, name: str) -> str:
    if not passphrase:
        return visit.t(msg("Escriba la frase."))
    if len(passphrase) > SIGNS_MAX:
        return visit.t(msg("La frase es demasiado larga."))
    try:
        if name:
            colleague_name(name)
    except BadWords as error:
        return " ".join(visit.told(error))
    return ""


EVERYWHERE: Final = {
    ("GET", "/static/{name}"): static,
    ("POST", "/language"): language,
}
LOCKED: Final = {
    ("GET", "/"): first_of_locked,
    ("GET", "/unlock"): lock_page,
    ("POST", "/unlock"): unlock,
}
OPEN: Final = {
    ("POST", "/lock"): lock,
    ("POST", "/alive"): alive,
    ("GET", "/still"): still,
    ("POST", "/who"): who,
    ("GET", "/help"): help_page,
    ("POST", "/shortcuts"): shortcuts,
}
