"""`veladora desk run`: the desk in a browser of this computer. The terminal shows a link that is good once."""

import asyncio
import html
import os
import shutil
import sys
import tempfile
import threading
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from relay.cli.console import answer, say
from relay.cli.unlocking import HERE, FolderOption, explained

if TYPE_CHECKING:
    from forwarder.desk.web.house import House

# Where no window can be opened, a browser in the terminal would cover the link.
_SCREENS: Final = ("DISPLAY", "WAYLAND_DISPLAY")
OPEN_SECONDS: Final = 5.0
ENDING: Final = "Ctrl-C: cerrar la mesa y terminar. / Ctrl-C: lock the desk and end."


def run(
    folder: FolderOption = HERE,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Serve at this port; 0: any that is free.")] = 0,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Try to open the link in a browser.")] = True,
) -> None:
    """Open the desk in a browser on this computer: set it up, read, check. It receives while it is unlocked.

    Only this computer can reach it, with a link that is good once. Enter gives a new link; Ctrl-C locks and ends.
    """
    from forwarder.desk.program import log_to_stderr
    from forwarder.desk.web.keeper import Keeper
    from forwarder.desk.web.server import new_house

    with explained(), log_to_stderr():
        asyncio.run(_run(lambda: new_house(Keeper(folder)), port=port, browser=browser))
    say("Mesa cerrada. Cierre también su pestaña. / Locked and ended. Close its tab too.")


async def _run(make: "Callable[[], House]", *, port: int, browser: bool) -> None:
    from forwarder.desk.program import tell_fault, told_to_stop
    from forwarder.desk.web.server import serving

    house = make()
    with told_to_stop() as stop, _private_folder() as private:
        async with serving(house, port=port, on_fault=tell_fault) as link:
            screen = browser and any(os.environ.get(name) for name in _SCREENS)
            opened = screen and await _opened(link, private)
            if opened:
                say("La mesa se abrió en su navegador. / The desk was opened in your browser.")
            # A link that a browser has used must not be clicked here: it would look as if a stranger had used it.
            if opened and sys.stdin.isatty():
                say("Si no la ve, pulse Entrar: da un enlace. / If you do not see it, press Enter for a link.")
                say(ENDING)
            else:
                _show(link)
            with _enter_gives_a_link(house):
                await stop.wait()
            say("Cerrando; tor tarda unos segundos. / Locking; tor needs some seconds to end.")


def _show(link: str) -> None:
    say("Abra este enlace en Firefox, en esta computadora. Sirve una sola vez.")
    say("Open this link in Firefox on this computer. It is good once.")
    answer(link)
    sys.stdout.flush()
    say("Entrar: otro enlace; al usarlo, la mesa se cierra. / Enter: another link; using it locks the desk.")
    say(ENDING)


async def _opened(link: str, private: Path) -> bool:
    """Whether a browser was started; one that we would have to wait for counts."""
    found: list[bool] = []
    opening = threading.Thread(target=lambda: found.append(_open(link, private)), daemon=True)
    opening.start()
    await asyncio.to_thread(opening.join, OPEN_SECONDS)
    return all(found)


def _open(link: str, private: Path) -> bool:
    """Through a file that only we can read: other users of the computer see what a browser is started with. Whether a
    browser was started."""
    page = private / "veladora.html"
    target = html.escape(link, quote=True)
    page.write_text(
        '<!doctype html><meta charset="utf-8"><title>Veladora</title>'
        f'<meta http-equiv="refresh" content="0;url={target}"><p><a href="{target}">Veladora</a>',
        encoding="utf-8",
    )
    try:
        return webbrowser.open(page.as_uri())
    except (webbrowser.Error, OSError):
        return False


@contextmanager
def _private_folder() -> Iterator[Path]:
    """A folder for the file that leads a browser here; in memory where the system gives each user such a place."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    folder = tempfile.mkdtemp(prefix="veladora-", dir=runtime if runtime and os.access(runtime, os.W_OK) else None)
    try:
        yield Path(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _enter_gives_a_link(house: "House") -> Iterator[None]:
    """Whoever sits at the terminal can have a new link; the browser that used the last one is out then."""
    if not sys.stdin.isatty():
        yield
        return
    loop = asyncio.get_running_loop()

    def pressed() -> None:
        if sys.stdin.readline():
            _show(house.link(house.sessions.new_link()))
        else:
            loop.remove_reader(sys.stdin.fileno())

    loop.add_reader(sys.stdin.fileno(), pressed)
    try:
        yield
    finally:
        loop.remove_reader(sys.stdin.fileno())
