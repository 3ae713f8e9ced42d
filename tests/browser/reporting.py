"""What a reporter does at the page, step by step, and the relay that they meet in these tests."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any, Final

from PIL import Image

from crypto.directory import Place, Topic, Words
from crypto.keys import PartnerKey
from crypto.report import Report
from tests.browser.fixtures import Reachable
from tests.browser.gate import Gate
from tests.browser.page import Page
from tests.rig import Rig

LANGUAGES: Final = ("es", "en")
TEXT: Final = (
    "El martes en la noche se llevaron a dos muchachos del mercado.\n"
    "Eran tres hombres en una camioneta blanca, placas ABC-12-34. Mi hermano lo vio todo.\n"
    "Su teléfono es el 55 1234 5678 y su correo es alguien@example.org. Pasó en la calle Hidalgo 27."
)
TOPICS: Final = (
    Topic(id="disappearance", name=Words(es="Desaparición", en="Disappearance")),
    Topic(id="extortion", name=Words(es="Extorsión", en="Extortion")),
)
PLACES: Final = (
    Place(id="oaxaca", name="Oaxaca de Juárez, Oaxaca"),
    Place(id="san-juan", name="San Juan del Río, Querétaro"),
    Place(id="san-luis", name="San Luis Potosí, San Luis Potosí"),
)
DESCRIBED: Final = (
    ("Red Norte", Words(es="Busca a personas desaparecidas.", en="Looks for people who have disappeared.")),
    ("Casa de la Memoria", Words(es="Da ayuda legal sin costo.", en="Gives legal help at no cost.")),
)
#: Seconds for what needs a few round trips to a relay without tor.
SOON: Final = 30.0
_LATITUDE, _LONGITUDE = ((19.0, 25.0, 57.31), (99.0, 7.0, 59.47))
_GPS_IFD, _EXIF_IFD = 0x8825, 0x8769

Kind = Callable[..., Rig]


def page_rig(folder: Path, kind: Kind = Rig, **more: Any) -> Any:  # noqa: ANN401 - a Rig of that kind
    """A relay whose directory has topics, places, and partners with names."""
    return kind(folder, letters=32, topics=TOPICS, places=PLACES, described=DESCRIBED, **more)


def photo(seed: int = 1) -> bytes:
    """A photo that says where, when and with what it was taken, in more than one way."""
    picture = Image.effect_noise((96, 64), 90).convert("RGB")
    picture.putpixel((seed % 96, 0), (255, 0, 0))
    wire = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "MARCA-DE-CAMARA", "Modelo 7"
    exif.get_ifd(_EXIF_IFD)[0x9003] = "2026:01:02 03:04:05"
    exif.get_ifd(_GPS_IFD).update({1: "N", 2: _LATITUDE, 3: "W", 4: _LONGITUDE})
    picture.save(wire, "JPEG", exif=exif, quality=90, comment=b"de mi telefono")
    return wire.getvalue() + b"tail:" + Random(seed).randbytes(64)


# --- where the page is ---


def state(page: Page) -> str:
    """The page's state (docs/spec/page.md)."""
    found: str = page.evaluate("() => document.documentElement.dataset.state")
    return found


def wait_state(page: Page, *names: str, seconds: float = SOON) -> None:
    """Return when the page is in one of these states."""
    page.wait_for(f"{list(names)}.includes(document.documentElement.dataset.state)", seconds)


def wait_text(page: Page, css: str, words: str, seconds: float = SOON) -> None:
    """Return when a person reads these words there."""
    page.wait_for(f"document.querySelector({css!r})?.innerText.includes({words!r})", seconds)


def value(page: Page, css: str) -> str:
    """What stands in a field."""
    found: str = page.evaluate("element => element.value", page.find(css))
    return found


# --- what a reporter does ---


def write(
    page: Page,
    text: str = TEXT,
    *,
    files: Sequence[Path] = (),
    topic: str = TOPICS[0].id,
    place: tuple[str, str] = ("oaxaca", "oaxaca"),
) -> None:
    """Fill in the form: all that it asks for. `place`: what to look for, and the id to choose."""
    wait_state(page, "write")
    page.type("#text", text)
    page.click(f"label[for=topic-{topic}]")
    page.type("#place", place[0])
    page.click(f"#places button[data-id={place[1]}]")
    page.type("#where", "cerca del mercado")
    page.click("label[for=when-this_week]")
    if files:
        page.set_files("#files", files)
        page.wait_for(f"document.querySelectorAll('#file-list li strong').length === {len(files)}")


def check(page: Page) -> None:
    """Look at what is going to leave."""
    page.click("#to-check")
    wait_state(page, "check")


def send(page: Page, *, seconds: float = SOON) -> None:
    """Send what was looked at, and wait until all of it has left."""
    page.click("#send")
    wait_state(page, "sent", seconds=seconds)


def speak(page: Page, language: str) -> None:
    """Choose a language."""
    page.click(f"label[for=l-{language}]")


def hold_clock(page: Page) -> None:
    """The page's time stands still, and with it its ticks."""
    page.evaluate("() => { const held = Date.now(); globalThis.trueNow ??= Date.now; Date.now = () => held; }")


def release_clock(page: Page) -> None:
    """Time goes on."""
    page.evaluate("() => { Date.now = globalThis.trueNow; }")


def break_script(page: Page) -> None:
    """An error somewhere in the page's script that nobody foresaw."""
    page.evaluate("() => { setTimeout(() => { throw new Error('planted'); }); }")
    wait_state(page, "error")


# --- what others see of it ---


def asked(gate: Gate) -> list[tuple[str, str, int]]:
    """What has passed: method, path and length of the body. Never the bytes themselves."""
    return [(one.method, one.path, len(one.body)) for one in tuple(gate.exchanges)]


def letters(gate: Gate) -> int:
    """How many letter cells the door has been asked to take."""
    return sum(one.method == "POST" and len(one.body) == 32_768 for one in tuple(gate.exchanges))


def arrived(
    relay: Reachable, partner: PartnerKey, *, text: str = "", seconds: float = SOON
) -> list[tuple[Report, list[bytes]]]:
    """The reports with `text` in them that a partner can open, with their attachments, once there is one and all are
    whole."""
    deadline = time.monotonic() + seconds
    while True:
        found = [one for one in relay.rig.reports(partner) if text in one[0].text]
        if found and all(len(report.attachments) == len(files) for report, files in found):
            return found
        if time.monotonic() > deadline:
            raise TimeoutError(f"{len(found)} reports have arrived, not all whole, after {seconds:.0f} s")
        relay.running.keeper.look()
        time.sleep(0.2)
