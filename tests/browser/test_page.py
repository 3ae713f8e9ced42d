"""The page is built from its sources, the same bytes each time, in every language that has a whole catalogue
(docs/spec/page.md)."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from crypto.directory import ANSWER_STEP, DIRECTORY_MAX, PLACES_MAX, Place, sign, write_answer
from crypto.layers import RoundKey, RoundNumber
from deploy import page
from onion_service.site import PAGE_LEN
from tests.browser import client
from tests.rig import Rig

pytestmark = pytest.mark.slow

# A word of the third language for every word; the places for values stay.
WORD = "كلمة"


@pytest.fixture(scope="module", autouse=True)
def _packages() -> None:
    client.node()
    client.install()


def catalogue(path: Path, change: Callable[[Catalog], None]) -> None:
    """The English catalogue, changed, in `path`."""
    with (page.LOCALE / "en.po").open("rb") as file:
        held = read_po(file)
    change(held)
    with path.open("wb") as file:
        write_po(file, held, omit_header=True)


def third_language(folder: Path) -> None:
    """Catalogues of English and of a language that is written from right to left."""
    shutil.copy(page.LOCALE / "en.po", folder / "en.po")

    def translate(held: Catalog) -> None:
        for entry in held:
            entry.string = " ".join("".join(re.findall(r"\{\w+\}", word)) or WORD for word in str(entry.id).split())

    catalogue(folder / "ar.po", translate)


def built(locale: Path) -> dict[str, bytes]:
    """The pages with the catalogues of a folder, written nowhere."""
    return page.pages_from(locale)


def test_the_committed_page_is_what_its_sources_give() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deploy.page", "--check"], capture_output=True, text=True, cwd=page.ROOT
    )
    assert done.returncode == 0, done.stderr
    assert "nothing changed" in done.stdout


def test_a_page_that_was_changed_by_hand_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site"
    shutil.copytree(page.SITE, site)
    with (site / "index.html").open("ab") as file:
        file.write(b"<!-- one more visitor -->")
    monkeypatch.setattr(page, "SITE", site)
    assert page.build(check=True) == ["index.html"]


def test_a_third_language_is_one_file_and_the_page_stays_within_its_length(tmp_path: Path) -> None:
    third_language(tmp_path)
    pages = built(tmp_path)
    html = pages["index.html"].decode()
    assert len(pages["index.html"]) <= PAGE_LEN
    assert '<input type="radio" name="lang" id="l-ar" value="ar" autocomplete="off">' in html
    assert f'<span class="t" lang="ar" dir="rtl">{WORD}' in html
    assert "body:has(#l-ar:checked) .t:not([lang=ar])" in html
    assert 'direction:"rtl"' in html
    assert len(re.findall('class="t" lang="ar"', html)) == len(re.findall('class="t" lang="es"', html))


def test_a_gazetteer_of_the_most_places_fits_into_the_directory_that_goes_with_the_page(tmp_path: Path) -> None:
    """The page carries no place: all of them come with the directory, whose answer has a constant length of its own."""
    rig = Rig(tmp_path)
    names = [f"San Miguel de la Sierra del Norte {number}, San Luis Potosí" for number in range(PLACES_MAX)]
    places = [Place(id=f"san-luis-potosi-san-miguel-{number}", name=name) for number, name in enumerate(names)]
    signed = sign(msgspec.structs.replace(rig.directory(), places=places), rig.root)
    assert len(signed) <= DIRECTORY_MAX
    answer = write_answer(signed, [RoundKey.generate(RoundNumber(1)).announce(rig.relay.signing)])
    assert len(answer) % ANSWER_STEP == 0
    assert (page.SITE / "index.html").stat().st_size <= PAGE_LEN


def _forget_one(held: Catalog) -> None:
    next(entry for entry in held if entry.id == "Mandar").string = ""


def _not_sure(held: Catalog) -> None:
    next(entry for entry in held if entry.id == "Mandar").flags.add("fuzzy")


def _one_more(held: Catalog) -> None:
    held.add("Lo que nadie dice", "What nobody says")


def _lose_a_value(held: Catalog) -> None:
    next(entry for entry in held if entry.id == "Quitar «{name}»").string = "Remove it"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_forget_one, "en.po does not translate 'Mandar'"),
        (_not_sure, "en.po does not translate 'Mandar'"),
        (_one_more, "en.po translates what the page does not say"),
        (_lose_a_value, "en.po has other places for values"),
    ],
)
def test_a_catalogue_that_is_not_whole_stops_the_build(
    tmp_path: Path, change: Callable[[Catalog], None], words: str
) -> None:
    catalogue(tmp_path / "en.po", change)
    with pytest.raises(page.PageNotBuilt, match=re.escape(words)):
        page.languages(tmp_path, page.messages().all)


def test_a_page_that_is_too_long_is_not_built(tmp_path: Path) -> None:
    known = page.languages(page.LOCALE, page.messages().all)
    with pytest.raises(page.PageNotBuilt, match="it may have"):
        page.pages(known, script="x" * PAGE_LEN, style="")


def test_a_script_that_would_end_its_own_element_is_not_built() -> None:
    known = page.languages(page.LOCALE, page.messages().all)
    with pytest.raises(page.PageNotBuilt, match="end its own element"):
        page.pages(known, script='"</script>"', style="")


class _Elements(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def elements() -> list[tuple[str, dict[str, str | None]]]:
    """Every element of the committed page, with its attributes."""
    return _Elements((page.SITE / "index.html").read_text(encoding="utf-8")).found


def test_nothing_that_is_typed_can_be_remembered_or_submitted_by_the_browser() -> None:
    """T19: no field completes itself; T13: the only form is the one for cells, so no key submits what was written."""
    fields = [attrs for tag, attrs in elements() if tag in ("input", "textarea", "select")]
    assert len(fields) >= 10
    assert [attrs for attrs in fields if attrs.get("autocomplete") != "off"] == []
    assert [attrs.get("id") for tag, attrs in elements() if tag == "form"] == ["paste-form"]
    buttons = [attrs for tag, attrs in elements() if tag == "button"]
    assert [attrs.get("id") for attrs in buttons if attrs.get("type") != "button"] == ["paste"]


def test_the_page_names_no_resource_of_its_own_or_others() -> None:
    named = [
        value
        for _, attrs in elements()
        for name, value in attrs.items()
        if name in ("src", "href", "action", "data", "srcset", "poster", "formaction")
    ]
    assert named == ["data:,", "/paste"]


def test_every_message_of_the_page_is_in_every_language_beside_each_other() -> None:
    html = (page.SITE / "index.html").read_text(encoding="utf-8")
    counts = {code: len(re.findall(f'class="t" lang="{code}"', html)) for code in ("es", "en")}
    assert counts["es"] == counts["en"] > 60


def test_an_empty_catalogue_for_translators_holds_every_message(tmp_path: Path) -> None:
    said = page.messages().all
    path = tmp_path / "page.pot"
    path.write_bytes(page.template(said))
    with path.open("rb") as file:
        assert {str(entry.id) for entry in read_po(file) if entry.id} == set(said)
