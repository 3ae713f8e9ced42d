"""The way of a new user through the desk, step by step, and what is looked at on it."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from PIL import Image

from crypto.report import Report, When
from forwarder.desk import pixels
from forwarder.desk.web.house import House
from forwarder.desk.web.keeper import Keeper, Stage
from forwarder.desk.web.server import new_house, serving
from onion_service.clean.photo import clean_photo
from tests.browser import client
from tests.browser.background import Background
from tests.browser.firefox import Firefox
from tests.browser.page import WAIT_SECONDS, Page
from tests.browser.proxy import proxying
from tests.browser.reporting import photo
from tests.browser.settings import PLAIN, Value
from tests.unit.forwarder.desk.given import CHEAP, RELAY_SETTINGS, attached, key_of, letters, parcels
from tests.unit.forwarder.desk.web.visiting import Ahead

SCREENSHOTS: Final = Path(__file__).parents[2] / "build" / "screenshots" / "desk"
NARROW: Final = 320
HEIGHT: Final = 900
TABS: Final = 60
STEPS: Final = (
    "start", "start-fault", "sheet", "card", "relay", "relay-filled", "ready", "inbox-empty", "locked", "locked-fault",
    "inbox", "report", "attachment", "original", "question", "incident", "incident-confirmed", "publish", "preview",
    "published", "correct", "preview-correction", "corrected", "must-wait", "waiting", "receiving", "help",
    "search-fault",
)  # fmt: skip
TEXT: Final = (
    "Se llevaron a dos muchachos del mercado en una camioneta blanca con placas tapadas. <b>Hay</b> más testigos."
)
SOUGHT: Final = "zuquelumbre"
LISTED: Final = ("cada página es ahora una imagen", "Nadie pudo revisar")
NOTE: Final = "Llamé al mercado; lo confirman."
ALIKE: Final = "Vi la camioneta blanca con placas tapadas cuando se llevaron a los dos muchachos del mercado."
LINES: Final = "\n".join(
    f'{name} = "{value}"' if isinstance(value := getattr(RELAY_SETTINGS, name), str) else f"{name} = {value}"
    for name in ("identity", "card", "round_seconds", "letters", "parcels", "parcel_every", "keep_rounds")
)
#: A round of weeks ago, so that nothing waits.
ROUND: Final = int(time.time()) // RELAY_SETTINGS.round_seconds // 4 * 4 - 2_001


@dataclass
class Tour:
    """A page on its way through the desk, and what was found at each step."""

    page: Page
    house: House
    background: Background
    firefox: Firefox
    clock: Ahead
    pictures: Path = SCREENSHOTS
    objections: dict[str, list[str]] = field(default_factory=dict)
    overflows: dict[str, list[str]] = field(default_factory=dict)

    def look(self, name: str) -> None:
        """Take pictures of the step, ask axe, and make the window narrow."""
        for width, dark in ((1280, False), (360, True)):
            path = self.pictures / f"{len(self.objections):02}-{name}-{width}.png"
            self.page.screenshot(path, width, HEIGHT, dark=dark)
        self.page.set_viewport(1280, HEIGHT)
        self.objections[name] = self.page.axe()
        self.overflows[name] = self.narrow()

    def narrow(self) -> list[str]:
        """What does not fit a window of 320 pixels."""
        self.page.set_viewport(NARROW, HEIGHT)
        found = self.page.overflows()
        self.page.set_viewport(1280, HEIGHT)
        return found

    def wait_at(self, ending: str) -> None:
        """Return when the page is there."""
        self.page.wait_for(f"location.pathname.match(/{ending}$/) && document.readyState === 'complete'")

    def wait_until(self, holds: Callable[[], bool]) -> None:
        """Return when something is so at the desk, which a page has to bring about."""
        deadline = time.monotonic() + WAIT_SECONDS
        while not holds():
            assert time.monotonic() < deadline, "the desk was not told"
            time.sleep(0.05)

    def press(self, css: str, ending: str) -> None:
        """Click, and wait for the page that it leads to."""
        self.page.evaluate("() => { document.body.dataset.left = 'yes'; }")
        self.page.click(css)
        self.page.wait_for("document.body && !document.body.dataset.left")
        self.wait_at(ending)

    def tab_to(self, css: str) -> None:
        """Press Tab until the focus is there, where a person sees it."""
        for _ in range(TABS):
            self.page.press("Tab")
            if self.page.evaluate("css => document.activeElement.matches(css)", css):
                width = self.page.evaluate("() => getComputedStyle(document.activeElement).outlineWidth")
                assert width == "3px", f"the focus on {css} cannot be seen"
                return
        raise AssertionError(f"no Tab leads to {css}")

    def go(self, path: str) -> None:
        """Open a page of the desk by its path."""
        self.page.open(f"{self.house.origin}{self.house.at}{path}")


@contextmanager
def desk_in_firefox(
    folder: Path,
    at: Path,
    settings: Mapping[str, Value] = PLAIN,
    *,
    receives: bool = False,
    pictures: Path = SCREENSHOTS,
) -> Iterator[Tour]:
    """The pages of a desk, and a Firefox that has come in by the one-time link. `receives`: with tors of its own."""
    client.node()
    clock = Ahead()
    house = new_house(Keeper(folder, clock=clock, cost=CHEAP, receives=receives))
    with Background("desk") as background, proxying(at) as proxy:
        stack = AsyncExitStack()
        link = background.do(stack.enter_async_context(serving(house)))
        proxy.lead_to_port("127.0.0.1", int(house.origin.rpartition(":")[2]))
        try:
            with Firefox.launch(settings, proxy=proxy, folder=at / "firefox") as firefox:
                page = firefox.open(link)
                tour = Tour(page, house, background, firefox, clock, pictures)
                yield tour
                assert proxy.hosts == {house.origin.removeprefix("http://")}
        finally:
            background.do(stack.aclose(), seconds=60)


def pdf() -> bytes:
    pages = [Image.new("RGB", (300, 400), colour) for colour in ("white", "#ffe9c9")]
    made = []
    for page in pages:
        wire = io.BytesIO()
        page.save(wire, "JPEG")
        made.append(clean_photo(wire.getvalue()).data)
    return pixels.document(made)


def bring(tour: Tour, report: Report, parts: list[bytes], *, round_number: int) -> None:
    """A report and its parts, as the endpoint would have taken them from the relay."""

    def take(desk: object) -> None:
        key = key_of(desk)  # type: ignore[arg-type]
        desk.take(letters(round_number, report, to=[key]))  # type: ignore[attr-defined]
        if parts:
            desk.take(parcels(round_number // 4 * 4 + 3, *parts, to=[key]))  # type: ignore[attr-defined]

    tour.background.do(tour.house.keeper.read(take))


def set_up(tour: Tour, passphrase: list[str]) -> None:
    """From nothing to an empty inbox."""
    make(tour, passphrase)
    give_relay(tour, LINES, identity=RELAY_SETTINGS.identity)


def make(tour: Tour, passphrase: list[str]) -> None:
    """A name and a passphrase become a desk, its sheet for bad times, and its card."""
    page = tour.page
    tour.wait_at("start")
    tour.look("start")
    offered = page.text("#offered")
    assert len(offered.split()) == 6
    page.type("#name", "Red Norte")
    page.type("#passphrase", offered)
    page.type("#again", "otra cosa")
    tour.press("button.main", "start")
    tour.look("start-fault")
    assert page.text("#again-fault")
    assert page.evaluate("() => document.querySelector('#name').value") == "Red Norte"
    assert page.text("#offered") == offered
    passphrase.append(offered)
    page.type("#passphrase", offered)
    page.type("#again", offered)
    tour.press("button.main", "sheet")
    tour.look("sheet")
    assert offered not in page.text()
    tour.press("a.button.main", "card")
    tour.look("card")
    assert len(page.text("dd[lang=es]").split()) == 12


def give_relay(tour: Tour, lines: str, *, identity: str) -> None:
    """What the operator of the relay sent is put into the desk's settings."""
    page = tour.page
    tour.press("a.button.main", "relay")
    tour.look("relay")
    page.evaluate("(box, text) => { box.value = text; }", page.find("#pasted"), lines)
    tour.press("button[name=fill]", "relay")
    tour.look("relay-filled")
    assert page.evaluate("() => document.querySelector('#identity').value") == identity
    tour.press("button[name=save]", "ready")
    tour.look("ready")
    tour.press("a.button.main", "inbox")
    tour.look("inbox-empty")


def lock_and_unlock(tour: Tour, passphrase: str) -> None:
    page = tour.page
    tour.press("button.lock", "unlock")
    tour.look("locked")
    assert tour.house.keeper.stage is Stage.LOCKED
    page.back()
    tour.wait_at("unlock")
    page.type("#passphrase", "no es la frase")
    page.type("#colleague", "Ana")
    tour.press("button.main", "unlock")
    tour.look("locked-fault")
    assert page.evaluate("() => document.querySelector('#colleague').value") == "Ana"
    page.type("#passphrase", passphrase)
    tour.press("button.main", "inbox")


def read(tour: Tour) -> None:
    """The list with the keyboard, the report with its attachments, and the way to the original."""
    picture, first = attached(photo(), media="image/jpeg")
    paper, second = attached(pdf(), media="application/pdf")
    told = Report(
        text=TEXT,
        topic="disappearance",
        place="mx-oaxaca-de-juarez",
        where="mercado",
        when=When.TODAY,
        attachments=[picture, paper],
    )
    bring(tour, told, [*first, *second], round_number=ROUND)
    bring(
        tour,
        Report(text=ALIKE, topic="disappearance", place="mx-oaxaca-de-juarez", when=When.TODAY),
        [],
        round_number=ROUND + 1,
    )
    look_at_it(tour, listed=("Exif", *LISTED))


def look_at_it(tour: Tour, *, listed: tuple[str, ...]) -> None:
    """Of two reports the first is read, checked and written about. `listed`: what its attachments' lists must say."""
    page = tour.page
    tour.go("/inbox")
    page.press("j")
    page.press("j")
    tour.look("inbox")
    page.press("Enter")
    tour.wait_at(r"reports\/1")
    page.wait_for(
        "document.images.length === 2 && [...document.images].every((one) => one.complete && one.naturalWidth)",
        seconds=90,
    )
    tour.look("report")
    assert TEXT in page.text("[aria-labelledby=text]")
    told = page.text("ol.files")
    assert [words for words in listed if words not in told] == []
    page.press("c")
    page.wait_for("document.querySelector('h1 .state')?.dataset.state === 'checking'")
    tour.wait_at(r"reports\/1")
    page.press("n")
    page.write(NOTE)
    tour.press("form[action$='/note'] button", r"reports\/1")
    assert "Ana: anotó: Llamé al mercado" in page.text(".history")
    tour.go("/reports/1/files/2")
    page.wait_for("document.images.length === 2")
    tour.look("attachment")
    tour.go("/reports/1/files/1/original")
    tour.look("original")


def merge_and_confirm(tour: Tour) -> None:
    page = tour.page
    tour.go("/incidents")
    tour.look("question")
    assert "palabras en común" in page.text(".reasons")
    tour.press("button[name=merge]", r"incidents\/1")
    tour.look("incident")
    tour.press("[data-step=confirmed]", r"incidents\/1")
    page.press("c")
    assert page.evaluate("() => document.activeElement.id") == "reason-checking"
    page.evaluate("() => { document.activeElement.closest('details').open = false; }")
    tour.look("incident-confirmed")


def words(page: Page, *, title: str) -> None:
    for language, spoken in (("es", title), ("en", f"{title} (en)")):
        page.evaluate("box => { box.value = ''; }", page.find(f"#title_{language}"))
        page.type(f"#title_{language}", spoken)
        page.evaluate("box => { box.value = ''; }", page.find(f"#text_{language}"))
        page.type(f"#text_{language}", "Eviten el mercado.")


def publish_and_correct(tour: Tour, *, hurry: str = "") -> None:
    """`hurry`: why what would have to wait leaves at once."""
    page = tour.page
    tour.press("a[href$='/publish']", "publish")
    words(page, title="Personas desaparecidas en el mercado")
    tour.look("publish")
    tour.press("button.main", "publish")
    if hurry:
        tour.look("must-wait")
        page.evaluate("box => { box.closest('details').open = true; }", page.find("#hurry"))
        page.type("#hurry", hurry)
        tour.press("button[name=preview]", "publish")
    tour.look("preview")
    assert "Personas desaparecidas en el mercado" in page.text()
    assert TEXT not in page.text()
    tour.press("button[name=leave]", "published")
    tour.look("published")
    tour.press("a[href$='/correct']", "correct")
    words(page, title="Personas desaparecidas cerca del mercado")
    page.type("#note", "No fue dentro del mercado.")
    tour.look("correct")
    tour.press("button.main", "correct")
    tour.look("preview-correction")
    tour.press("button[name=leave]", "published")
    tour.look("corrected")
    assert page.text(".state") == "corregido"


def wait_for_its_time(tour: Tour) -> None:
    """What comes from one source and came just now leaves later, by itself."""
    page = tour.page
    now = int(time.time()) // RELAY_SETTINGS.round_seconds
    bring(
        tour,
        Report(text="Otra cosa muy distinta, en la noche.", topic="extortion", place="mx-oaxaca-de-juarez"),
        [],
        round_number=now - 2,
    )
    tour.go("/reports/3")
    tour.press("form[action$='/together'] button", r"incidents\/2")
    tour.press("[data-step=checking]", r"incidents\/2")
    tour.press("[data-step=confirmed]", r"incidents\/2")
    tour.press("a[href$='/publish']", "publish")
    words(page, title="Extorsión")
    tour.press("button.main", "publish")
    tour.look("must-wait")
    tour.press("button[name=wait]", "published")
    tour.look("waiting")


def look_around(tour: Tour) -> None:
    for name in ("receiving", "help"):
        tour.go(f"/{name}")
        tour.look(name)
    tour.go("/inbox")
    tour.page.type("#words", SOUGHT)
    tour.press("form.search button.main", "inbox")
    tour.page.evaluate("box => { box.value = '??'; }", tour.page.find("#words"))
    tour.press("form.search button.main", "inbox")
    tour.look("search-fault")
    assert tour.page.text("#words-fault")


def in_english(tour: Tour) -> dict[str, list[str]]:
    """What axe objects to, and what is too wide, in the other language."""
    tour.go("/inbox")
    tour.press("button[name=language]", "inbox")
    found = {}
    for path in (
        "/inbox", "/reports/1", "/reports/1/files/1", "/reports/1/files/1/original", "/incidents", "/incidents/1",
        "/incidents/1/correct", "/incidents/1/withdraw", "/published", "/receiving", "/help", "/sheet", "/card",
        "/relay", "/ready", "/no/such/page", "/reports/99",
    ):  # fmt: skip
        tour.go(path)
        assert tour.page.evaluate("() => document.documentElement.lang") == "en"
        found[path] = [*tour.page.axe(), *tour.narrow()]
    return found


def lock_by_itself(tour: Tour) -> None:
    """Nobody is there for a quarter of an hour: it is said a minute before, and then the desk is locked."""
    page = tour.page
    tour.go("/reports/1")
    tour.clock.by += tour.house.keeper.left - 40
    page.wait_for("!document.querySelector('#locking').hidden")
    page.press("Shift")
    page.wait_for("document.querySelector('#locking').hidden")
    assert tour.house.keeper.left > 60
    tour.clock.by += tour.house.keeper.left
    tour.wait_at("unlock")
    assert tour.house.keeper.stage is Stage.LOCKED
    page.back()
    tour.wait_at("unlock")
    assert "mercado" not in page.text()
