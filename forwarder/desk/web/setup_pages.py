"""The guided set-up: a desk is made, its sheet printed, its card given to the operator, whose lines come back.

Every step can be left and taken up again; what was made is what `veladora desk init` makes.
"""

import secrets
from typing import Final

from aiohttp import web

from crypto.errors import WrongPassphrase
from forwarder.desk.config import SETTINGS_NAME, RelaySettings
from forwarder.desk.errors import AlreadyThere, TryLater
from forwarder.desk.web import setting_up
from forwarder.desk.web.catalogues import msg
from forwarder.desk.web.house import Faults, Visit
from forwarder.desk.web.lock_pages import admitted
from forwarder.desk.web.setting_up import (
    Checked,
    check_onion,
    check_partner,
    check_pasted,
    check_relay,
    offered_passphrase,
)
from forwarder.errors import ForwarderError
from onion_service.errors import OnionServiceError

DEFAULTS: Final = {
    "round_seconds": "900",
    "letters": "64",
    "parcels": "16",
    "parcel_every": "4",
    "keep_rounds": "672",
}


async def first(visit: Visit) -> web.StreamResponse:
    """Where a new desk begins."""
    return visit.go("/start")


async def start_page(visit: Visit) -> web.StreamResponse:
    """Ask who this desk is, and for a passphrase."""
    return _start(visit, Checked({"name": "", "id": ""}))


async def start(visit: Visit) -> web.StreamResponse:
    """Make the desk and open it."""
    checked = check_partner(visit.form)
    if checked.partner is None:
        return _start(visit, checked, status=422)
    try:
        await visit.keeper.make(checked.partner, passphrase=visit.form.text("passphrase"))
    except AlreadyThere as error:
        return _start(visit, checked, status=422, trouble=_half_a_desk(visit, error))
    except (ForwarderError, OnionServiceError, OSError) as error:
        return _start(visit, checked, status=422, trouble=visit.told(error))
    return admitted(visit, path="/sheet")


async def sheet(visit: Visit) -> web.StreamResponse:
    """The page to print and keep away from the computer."""
    return await _sheet(visit)


async def sheet_with_passphrase(visit: Visit) -> web.StreamResponse:
    """The same with the passphrase, which somebody typed for it; it must be the right one, and is not kept."""
    passphrase = visit.form.text("passphrase")
    try:
        await visit.keeper.check_passphrase(passphrase)
    except (WrongPassphrase, TryLater) as error:
        return await _sheet(visit, fault=" ".join(visit.told(error)), status=422)
    return await _sheet(visit, passphrase=passphrase)


async def card(visit: Visit) -> web.StreamResponse:
    """What the relay's operator must get."""
    found = await visit.keeper.read(lambda desk: desk.card)
    return visit.page("card.html", card=found, step=visit.settings.config.relay is None)


async def card_file(visit: Visit) -> web.StreamResponse:
    """The same as a file to send."""
    found = await visit.keeper.read(lambda desk: desk.card)
    disposition = f'attachment; filename="{found.id}.txt"'
    return web.Response(text=found.text, content_type="text/plain", headers={"Content-Disposition": disposition})


async def relay_page(visit: Visit) -> web.StreamResponse:
    """Ask for the operator's lines, or show those that are there."""
    return _relay(visit, Checked(DEFAULTS))


async def relay(visit: Visit) -> web.StreamResponse:
    """Put pasted lines into their fields, or write the fields down and begin to receive."""
    there = visit.settings.config.relay
    if there is not None and visit.form.has("onion"):
        return await _onion(visit, there)
    if visit.form.has("fill"):
        pasted = check_pasted(visit.form)
        return _relay(visit, pasted, status=422 if pasted.faults else 200, filled=not pasted.faults)
    refused = await _fill_in(visit, check_relay(visit.form))
    return visit.go("/ready") if refused is None else refused


async def _onion(visit: Visit, there: RelaySettings) -> web.StreamResponse:
    """What the operator told later: where the desk may come for what it missed."""
    refused = await _fill_in(visit, check_onion(visit.form, there))
    if refused is not None:
        return refused
    return visit.go("/relay", say=visit.t(msg("Guardado. La mesa recoge ahora sola lo que le faltó.")))


async def _fill_in(visit: Visit, checked: Checked) -> web.StreamResponse | None:
    """Write the relay down; None when it is, else the page that says why it is not."""
    if checked.relay is None:
        return _relay(visit, checked, status=422)
    try:
        await visit.keeper.fill_in(checked.relay)
    except (ForwarderError, OSError) as error:
        return _relay(visit, checked, status=422, trouble=visit.told(error))
    return None


async def ready(visit: Visit) -> web.StreamResponse:
    """What happens now, and what to do each day."""
    return visit.page("ready.html", folder=str(visit.settings.folder))


def _half_a_desk(visit: Visit, error: AlreadyThere) -> tuple[str, str]:
    what = visit.t(msg("En esa carpeta ya hay una parte de una mesa ({name}), y no se tocó."), name=error.path.name)
    then = msg("No la borre: puede tener reportes. Póngale otro nombre a la carpeta, y haga la mesa otra vez.")
    return what, visit.t(then)


def _start(
    visit: Visit, checked: Checked, *, status: int = 200, trouble: tuple[str, str] | None = None
) -> web.StreamResponse:
    # The same words until the desk is made: who writes them down while a fault is mended has the right ones.
    visit.session.offered = visit.session.offered or offered_passphrase(secrets.choice)
    return visit.page(
        "start.html",
        status=status,
        typed=checked.typed,
        faults=_spoken(visit, checked),
        offered=visit.session.offered,
        trouble=trouble,
        folder=str(visit.keeper.folder.absolute()),
    )


def _relay(
    visit: Visit,
    checked: Checked,
    *,
    status: int = 200,
    filled: bool = False,
    trouble: tuple[str, str] | None = None,
) -> web.StreamResponse:
    return visit.page(
        "relay.html",
        status=status,
        there=visit.settings.config.relay,
        typed=dict.fromkeys((*setting_up.RELAY_FIELDS, "pasted"), "") | dict(checked.typed),
        faults=_spoken(visit, checked),
        filled=filled,
        trouble=trouble,
        settings_file=str(visit.settings.folder / SETTINGS_NAME),
    )


async def _sheet(visit: Visit, *, passphrase: str = "", fault: str = "", status: int = 200) -> web.StreamResponse:
    return visit.page(
        "sheet.html",
        status=status,
        card=await visit.keeper.read(lambda desk: desk.card),
        folder=str(visit.settings.folder),
        passphrase=passphrase,
        fault=fault,
        step=visit.settings.config.relay is None,
        today=visit.house.today().isoformat(),
    )


def _spoken(visit: Visit, checked: Checked) -> Faults:
    return Faults({name: visit.t(text) for name, text in checked.faults.items()})


BEFORE: Final = {
    ("GET", "/"): first,
    ("GET", "/start"): start_page,
    ("POST", "/start"): start,
}
AFTER: Final = {
    ("GET", "/sheet"): sheet,
    ("POST", "/sheet"): sheet_with_passphrase,
    ("GET", "/card"): card,
    ("GET", "/card.txt"): card_file,
    ("GET", "/relay"): relay_page,
    ("POST", "/relay"): relay,
    ("GET", "/ready"): ready,
}
