"""T19: the browser keeps nothing of what was written, in Tor Browser's settings nothing at all.

A whole report with a photo, in a Firefox whose every file is read before, while it is written, and when it has ended.
An ordinary Firefox, not private, with form history and a disk cache, keeps of its own that this address was visited:
its history, three tables of the same kind, its session file, and the folder that a file was chosen from. That alone is
left out here (docs/limits.md).
"""

import base64
import io
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

import msgspec
import pytest
from PIL import Image

from crypto.directory import Directory, Place, Topic, Words
from tests.browser import altered
from tests.browser.altered import AlteredRig
from tests.browser.choosing import answer_dialogs
from tests.browser.firefox import Firefox
from tests.browser.fixtures import Reachable, relay_nearby
from tests.browser.page import Page
from tests.browser.remains import Remains, look
from tests.browser.settings import PLAIN, SAFER, Value
from tests.privacy import mutant_node
from tests.privacy.mutants import caught
from tests.rig import ONION
from tests.unit.onion_service.clean.making import segment, with_segments

pytestmark = pytest.mark.slow

TEXT: Final = "De noche vi-la-camioneta-7731.\nSe llevaron a dos."
WHERE: Final = "junto-al-molino-5512"
SEARCHED: Final = "Tlaxi"
PLACE: Final = Place(id="tlaxiaco-9917", name="Tlaxiaco-4402")
TOPIC: Final = Topic(id="secuestro-3318", name=Words(es="Secuestro", en="Kidnapping"))
PARTNERS: Final = ("norte-6650", "sur-6651")
FOLDER, PHOTO, COMMENT = "fotos-de-Juana-8813", "IMG-2207-en-casa.jpg", "comentario-4471"
CHOSEN: Final = (PLACE.id, PLACE.name, TOPIC.id, "when-today", *PARTNERS)
WORDS: Final = ("vi-la-camioneta-7731", WHERE, *CHOSEN, FOLDER, PHOTO, COMMENT, ONION)
PIECE: Final = 24
SEND_SECONDS: Final = 100.0

# Firefox with nothing but its own defaults that matter here, said aloud.
ORDINARY: Final[dict[str, Value]] = {
    **PLAIN,
    "browser.privatebrowsing.autostart": False,
    "browser.formfill.enable": True,
    "browser.cache.disk.enable": True,
    "browser.sessionstore.privacy_level": 0,
    "browser.pagethumbnails.capturing_disabled": False,
    "browser.download.manager.addToRecentDocs": True,
    "browser.download.folderList": 2,
}
SETTINGS: Final[Mapping[str, Mapping[str, Value]]] = {"tor browser's": SAFER, "ordinary": ORDINARY}

_AT: Final = re.escape(ONION)
# What an ordinary Firefox writes down by itself, whichever page it is.
_OF_ITS_OWN: Final[dict[str, str]] = {
    "places.sqlite:moz_places": rf"\d+ \| http://{_AT}/ \| Veladora \| [a-z.]+ \| 1 \| .*",
    "permissions.sqlite:moz_perms": rf"\d+ \| http://{_AT} \| (highValueCOOP|storageAccessAPI) \|[ \d|]+",
    "bounce-tracking-protection.sqlite:sites": rf" \| {_AT} \| 1 \| \d+",
    "content-prefs.sqlite:groups": rf"\d+ \| {_AT}",
}
_OF_ITS_OWN_FILES: Final[dict[str, set[str]]] = {
    ONION: {
        "places.sqlite",
        "permissions.sqlite",
        "bounce-tracking-protection.sqlite",
        "content-prefs.sqlite",
        "sessionstore.jsonlz4",
        "sessionstore-backups/recovery.jsonlz4",
        "sessionstore-backups/recovery.baklz4",
    },
    FOLDER: {"content-prefs.sqlite"},
}


@dataclass(frozen=True, slots=True)
class Road(AlteredRig):
    """A relay whose directory has topics, places and partners that can be told from anything else on a disk."""

    def directory(self, *, version: int = 1, expires_in: int = 86_400) -> Directory:
        made = AlteredRig.directory(self, version=version, expires_in=expires_in)
        named = zip(made.partners, PARTNERS, strict=True)
        partners = [msgspec.structs.replace(partner, id=name) for partner, name in named]
        return msgspec.structs.replace(made, partners=partners, places=[PLACE], topics=[TOPIC])


# What was found, by its kind: where, and what.
Kept = dict[str, list[str]]


def photo() -> bytes:
    """A photo with a comment in it, and pixels that stand nowhere else."""
    out = io.BytesIO()
    Image.frombytes("RGB", (256, 256), Random(19).randbytes(3 * 65_536)).save(out, "JPEG", quality=80)
    return with_segments(out.getvalue(), segment(0xFE, COMMENT.encode()))


def kept_of_a_report(relay: Reachable, folder: Path, settings: str) -> Kept:
    """What a whole report leaves in a Firefox of its own, from the address to *it has left*, or left for a while."""
    home = folder / "firefox"
    picture = folder / FOLDER / PHOTO
    picture.parent.mkdir()
    picture.write_bytes(photo())
    there = {**SETTINGS[settings], "browser.download.dir": str(home / "home" / "Downloads")}
    with Firefox.launch(there, proxy=relay.proxy, folder=home) as firefox:
        firefox.page().open("about:blank")
    before = look(home)
    with Firefox.launch(there, proxy=relay.proxy, folder=home) as firefox:
        answer_dialogs(firefox, [picture])
        page = write(firefox, relay)
        firefox.privileged(_SAVE_THE_SESSION)
        _copy(home, folder / "meanwhile")
        page.click("#send")
        found: Kept = {}
        _find(found, look(folder / "meanwhile"), before=before, settings=settings)
        page.wait_for("document.documentElement.dataset.state === 'sent'", SEND_SECONDS)
        page.click("#ask-round")
        firefox.privileged(_SAVE_THE_SESSION)
    assert len(relay.gate.passed("POST", "/cells")) >= 3
    _find(found, look(home), before=before, settings=settings)
    return found


def write(firefox: Firefox, relay: Reachable) -> Page:
    """Everything that can be said is said, by mouse and keyboard, up to what is shown before it leaves."""
    page = firefox.open(relay.url)
    page.wait_for("document.documentElement.dataset.state === 'write'")
    page.click("label[for=l-en]")
    page.type("#text", TEXT)
    page.click(f"label[for=topic-{TOPIC.id}]")
    page.type("#place", SEARCHED)
    page.click(f"#places button[data-id={PLACE.id}]")
    page.type("#where", WHERE)
    page.click("label[for=when-today]")
    page.click(".pick-files label")
    page.wait_for("document.querySelector('#file-list li strong')")
    page.click(f"label[for=partner-{PARTNERS[1]}]")
    page.click("#to-check")
    page.wait_for("document.documentElement.dataset.state === 'check' && document.querySelector('#review-files img')")
    return page


# It does so by itself every 15 seconds.
_SAVE_THE_SESSION: Final = """async () => {
  const at = "resource:///modules/sessionstore/";
  const { TabStateFlusher } = ChromeUtils.importESModule(`${at}TabStateFlusher.sys.mjs`);
  const { SessionSaver } = ChromeUtils.importESModule(`${at}SessionSaver.sys.mjs`);
  for (const open of Services.wm.getEnumerator("navigator:browser")) await TabStateFlusher.flushWindow(open);
  await SessionSaver.run();
}"""


def _copy(home: Path, copy: Path) -> None:
    """What whoever took the machine at this moment would have; files that go while they are copied are gone."""

    def take(source: str, target: str) -> str:
        if Path(source).is_file():
            shutil.copyfile(source, target)
        return target

    shutil.copytree(home, copy, copy_function=take, symlinks=True, ignore_dangling_symlinks=True)


def _find(found: Kept, now: Remains, *, before: Remains, settings: str) -> None:
    """Add everything that is there because of the report, but for what Firefox wrote down of its own."""
    own, own_files = (_OF_ITS_OWN, _OF_ITS_OWN_FILES) if settings == "ordinary" else ({}, {})
    for entry in now.since(before):
        if not (entry.where in own and re.fullmatch(own[entry.where], entry.what)):
            found.setdefault(entry.kind, []).append(f"{entry.where}: {entry.what}")
    changed = Remains(now.entries, {at: text for at, text in now.texts.items() if before.texts.get(at) != text})
    for one in changed.mentions(WORDS):
        file = one.where.removeprefix("profile/").partition(":")[0].removesuffix("-wal")
        if file not in own_files.get(one.marker, ()):
            found.setdefault("session" if "session" in file else "words", []).append(f"{one.where}: {one.marker}")
    if places := _with_pieces(changed, photo()):
        found.setdefault("photo", []).extend(places)


def _with_pieces(remains: Remains, photo: bytes) -> list[str]:
    """The files with a piece of the photo's picture in them, as it is or in base64."""
    pieces = [photo[at : at + PIECE] for at in range(len(photo) // 4, len(photo) - PIECE, len(photo) // 8)]
    spelled = [*pieces, *(base64.b64encode(bytes(shift) + one)[4:-4] for one in pieces for shift in range(3))]
    return [where for where, content in remains.texts.items() if any(one in content for one in spelled)]


def nothing_is_kept(found: Kept, kind: str = "") -> None:
    """The proof, of one kind of thing or of all."""
    assert (found.get(kind, []) if kind else found) in ([], {})


@contextmanager
def relay_in(folder: Path, **altered_by: Any) -> Iterator[Reachable]:  # noqa: ANN401 - fields of AlteredRig
    """A relay with a round that is longer than a report takes."""
    with relay_nearby(Road(folder / "relay", round_seconds=600, **altered_by), folder) as relay:
        yield relay


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Kept]]]:
    """What the two reports leave: both at once, beside what is tested meanwhile, for a report waits for its minute."""
    with ExitStack() as stack:
        threads = stack.enter_context(ThreadPoolExecutor(len(SETTINGS)))
        folders = [tmp_path_factory.mktemp("kept") for _ in SETTINGS]
        relays = [stack.enter_context(relay_in(folder)) for folder in folders]
        begun = {
            settings: threads.submit(kept_of_a_report, relay, folder, settings)
            for settings, relay, folder in zip(SETTINGS, relays, folders, strict=True)
        }
        for relay, report in zip(relays, begun.values(), strict=True):
            while not (report.done() or relay.gate.passed("POST", "/cells")):
                time.sleep(0.1)
        yield begun
        wait(begun.values())


STORE: Final = """\
    localStorage.setItem("draft", field("text").value);
    document.cookie = "seen=1; max-age=999999";
"""
DOWNLOAD: Final = """\
      const copy = document.createElement("a");
      copy.download = "copia.jpg";
      copy.href = URL.createObjectURL(new Blob([raw]));
      copy.click();
"""
DRAFT: Final = "    return {\n      text:"
TAKEN: Final = "      this.#entries.push(entryOf(file.name, raw));\n"
FIELD: Final = '<input type="text" id="where" autocomplete="off" spellcheck="false" maxlength="400">'
BUTTON: Final = '<button type="button" id="to-check" class="main">'
FORM: Final = '<form id="asks" target="_blank"></form><button form="asks" id="to-check" class="main">'
# One page with a fault of every kind; each must be found for what it is. Its pace is quick, so that none is waited for.
FAULTS: Final = {
    "page/form.js": [(DRAFT, STORE + DRAFT)],
    "page/boxes.js": [("box.defaultChecked = box.checked;", "void box;")],
    "page/files.js": [(TAKEN, TAKEN + DOWNLOAD)],
    "page/page.html": [(FIELD, FIELD.replace('autocomplete="off"', 'name="where" form="asks"')), (BUTTON, FORM)],
    "pacing.js": [("PACE_SECONDS = 60;", "PACE_SECONDS = 4;")],
}
MUTANTS: Final = {
    "an autocomplete field": "typed",
    "a draft in local storage": "storage",
    "a cookie": "cookie",
    "answers that may be kept": "cache",
    "a copy to download": "download",
    "boxes that differ from the first": "session",
}


@pytest.fixture(scope="module")
def left_by_faults(reports: object, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """What a report on the page with all faults leaves in an ordinary Firefox."""
    folder = tmp_path_factory.mktemp("kept")
    faults = (mutant_node.let_browsers_keep_the_page.__name__,)
    with relay_in(folder, site=altered.pages(folder, FAULTS), faults=faults) as relay:
        return kept_of_a_report(relay, folder, "ordinary")


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_page_that_leaves_something_is_caught(left_by_faults: Kept, mutant: str) -> None:
    caught("T19", mutant, nothing_is_kept, left_by_faults, MUTANTS[mutant])


@pytest.mark.parametrize("settings", SETTINGS)
def test_nothing_is_kept(reports: dict[str, Future[Kept]], settings: str) -> None:
    nothing_is_kept(reports[settings].result())
