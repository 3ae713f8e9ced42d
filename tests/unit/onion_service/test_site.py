"""What reporters load comes from nowhere else, and is what the directory says."""

import base64
import hashlib
import re
from collections.abc import Iterator
from contextlib import suppress
from importlib import resources
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.signing import SigningKey
from onion_service import answers, site
from onion_service.errors import SiteBroken
from onion_service.site.inline import Inline, inline

ROOT: Final = SigningKey(b"r" * 32).verifying_key
OTHER: Final = SigningKey(b"o" * 32).verifying_key
NAMES: Final = ("index.html", *(f"pasted-{status}.html" for status in site.PASTED))
SHIPPED: Final = {name: resources.files(site).joinpath(name).read_bytes() for name in NAMES}


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the files that are served, to be spoiled."""
    for name, html in SHIPPED.items():
        (tmp_path / name).write_bytes(html)
    monkeypatch.setattr(site.resources, "files", lambda _: tmp_path)  # type: ignore[attr-defined]
    site.policy.cache_clear()
    yield tmp_path
    site.policy.cache_clear()


def _spoil(files: Path, name: str, before: bytes, after: bytes) -> None:
    html = (files / name).read_bytes()
    assert before in html
    (files / name).write_bytes(html.replace(before, after))


def test_the_page_has_its_root_in_the_one_place_and_nothing_else_changes() -> None:
    built, page = SHIPPED["index.html"], site.page(ROOT)
    assert page.count(b'data-root="%s"' % ROOT.wire.hex().encode()) == 1
    assert page.replace(ROOT.wire.hex().encode(), b"0" * 64) == built
    assert site.page(OTHER) != page


def test_the_page_is_served_at_its_constant_length_and_hashed_as_served() -> None:
    served = site.served(ROOT)
    assert len(served) == site.PAGE_LEN == 262_144
    assert served.rstrip(b"\n") == site.page(ROOT).rstrip(b"\n")
    assert site.site_hashes(ROOT) == {"/": hashlib.sha256(served).hexdigest()}
    assert site.site_hashes(OTHER) != site.site_hashes(ROOT)


@pytest.mark.parametrize(
    ("before", "after"),
    [(b"data-root", b"data-toor"), (b"0000", b"0001"), (b"<main", b'<b data-root="' + b"0" * 64 + b'"></b><main')],
)
def test_a_page_without_its_one_place_for_the_root_is_not_served(files: Path, before: bytes, after: bytes) -> None:
    _spoil(files, "index.html", before, after)
    with pytest.raises(SiteBroken, match="places for the root key"):
        site.served(ROOT)


def test_a_page_that_is_too_long_or_missing_is_not_served(files: Path) -> None:
    assert site.site_hashes(ROOT)
    with (files / "index.html").open("ab") as page:
        page.write(b" " * site.PAGE_LEN)
    with pytest.raises(SiteBroken, match="it may have 262144"):
        site.site_hashes(ROOT)
    (files / "pasted-410.html").write_bytes(b" " * (site.PASTED_LEN + 1))
    with pytest.raises(SiteBroken, match="it may have 16384"):
        site.pasted(410)
    for name in NAMES:
        (files / name).unlink()
    site.policy.cache_clear()
    for call in (lambda: site.page(ROOT), lambda: site.pasted(202), site.policy):
        with pytest.raises(SiteBroken, match="No such file"):
            call()


@pytest.mark.parametrize("name", NAMES)
def test_a_relay_that_asks_for_its_page_hears_that_a_file_is_broken(files: Path, name: str) -> None:
    assert site.site_hashes(ROOT)
    site.policy.cache_clear()
    _spoil(files, name, b"<main>", b'<main style="color: red">')
    with pytest.raises(SiteBroken, match=name):
        site.site_hashes(ROOT)


def test_the_four_answers_to_a_paste_are_pages_of_one_length_in_both_languages() -> None:
    pages = [site.pasted(status) for status in site.PASTED]
    assert len(set(pages)) == 4
    assert {len(page) for page in pages} == {site.PASTED_LEN}
    for page in pages:
        assert b'lang="es"' in page
        assert b'lang="en"' in page
    assert {verdict.value for verdict in answers.Verdict} == set(site.PASTED)


def _hashed(tag: str) -> set[str]:
    """Read from the files in another way than the policy reads them."""
    texts = {
        text for html in SHIPPED.values() for text in re.findall(rf"<{tag}[^>]*>(.*?)</{tag}>", html.decode(), re.S)
    }
    return {f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in texts}


def test_the_policy_names_every_style_and_script_and_allows_nothing_else() -> None:
    directives = dict(part.split(" ", 1) for part in site.policy().split("; "))
    scripts, styles = directives.pop("script-src").split(), directives.pop("style-src").split()
    assert directives == {
        "default-src": "'none'",
        "img-src": "data:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    assert scripts == sorted(_hashed("script"))
    assert styles == sorted(_hashed("style"))
    assert scripts
    assert styles
    line = f"\r\nContent-Security-Policy: {site.policy()}\r\n".encode("ascii")
    for answer in (answers.NOT_FOUND, answers.CUT_OFF, *answers.CELLS.values(), *answers.PASTED.values()):
        assert line in answer._kept[0]
        assert line in answer._last[0]


def test_a_change_of_style_changes_the_policy_and_a_pasted_page_with_a_script_is_refused(files: Path) -> None:
    before = site.policy()
    site.policy.cache_clear()
    _spoil(files, "pasted-400.html", b"</style>", b"/**/</style>")
    assert site.policy() != before
    site.policy.cache_clear()
    _spoil(files, "pasted-400.html", b"</body>", b'<script type="module"></script></body>')
    with pytest.raises(SiteBroken, match="scripts off"):
        site.policy()


@pytest.mark.parametrize("script", ["1</script>", 'import "./a.js";', "await import(`a`)", "<!--", "1\r", "\0"])
def test_a_map_script_that_would_fetch_or_end_itself_is_not_served(files: Path, script: str) -> None:
    (files / "map.js").write_text("alert(1);\n", newline="")
    assert site.map_script() == "alert(1);\n"
    (files / "map.js").write_text(script, newline="")
    with pytest.raises(SiteBroken, match=r"map\.js"):
        site.map_script()


def test_published_files_may_run_the_map_s_script_only() -> None:
    directives = dict(part.split(" ", 1) for part in site.alerts_policy().split("; "))
    digest = base64.b64encode(hashlib.sha256(site.map_script().encode()).digest()).decode()
    assert directives == {
        "default-src": "'none'",
        "script-src": f"'sha256-{digest}'",
        "style-src": "'self'",
        "img-src": "data:",
        "connect-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }


STYLE: Final = "a { color: red } b::before { content: '\\2713 <b>&amp;' }"
SCRIPT: Final = "const a = 1 < 2 && '<p onclick=x>&amp;'; import.meta; text('import what you saw from here');"


def test_styles_and_scripts_are_taken_as_a_browser_hashes_them() -> None:
    html = (
        f'<!doctype html><!-- <script src="x"> --><link rel="icon" href="data:,"><style>{STYLE}</style>'
        f'<noscript><style>i{{}}</style><form action="/paste" method="post"></form></noscript><a href="/">&lt;</a>'
        f'<a href="#x"></a><img src="data:image/png;base64,AA==" alt=""><script type="module">\n{SCRIPT}</script>'
    )
    assert inline("x", html.encode()) == Inline((STYLE, "i{}"), (f"\n{SCRIPT}",))


@pytest.mark.parametrize(
    "html",
    [
        '<script src="https://x.example/a.js"></script>',
        '<script src="/a.js" type="module"></script>',
        "<script>alert()</script>",
        '<script type="importmap">{}</script>',
        '<script type="module" nonce="x"></script>',
        '<script type="module">import "./a.js"</script>',
        '<script type="module">let a=1;import{b}from"./a.js"</script>',
        '<script type="module">export * from "./a.js"</script>',
        '<script type="module">await import("./a.js")</script>',
        '<script type="module">await import(`a`)</script>',
        '<script type="module">"<!--<script>"</script>',
        '<script type="module">never ends',
        '<script type="module">1</script >',
        '<script type="module">1</ script></script>',
        '<script type="module">1</SCRIPT>',
        '<SCRIPT SRC="//x"></SCRIPT>',
        '<script type="module"/>1',
        '<link rel="stylesheet" href="/a.css">',
        '<link rel="icon" href="/favicon.ico">',
        '<link rel="preload" href="data:,">',
        '<link rel="icon" href="data:image/svg+xml,<svg/>">',
        '<style>@import "a.css";</style>',
        "<style>a { background: url(https://x.example/a.png) }</style>",
        "<style>a { background: URL( '/a.png') }</style>",
        "<style/>a",
        "<style>a",
        '<img src="https://x.example/a.png">',
        '<img src="a.png">',
        '<img src="//x">',
        '<img srcset="a.png 2x">',
        '<input type="image" src="data:image/png;base64,AA==">',
        '<video poster="a.png">',
        '<a href="https://x.example/">',
        '<a href="//x.example/">',
        '<a href="/\\x.example/">',
        '<a href="javascript:x()">',
        '<a href=" javascript:x()">',
        '<a href="&#106;avascript:x()">',
        '<a href="/" ping="/x">',
        '<a href="/?x">',
        '<form action="https://x.example/">',
        '<button formaction="/x">',
        '<svg><use xlink:href="a.svg#x"></svg>',
        '<p onclick="x()">',
        "<p ONCLICK=x>",
        '<p style="color: red">',
        '<p class="a" class="b">',
        '<meta http-equiv="refresh" content="0;url=https://x.example/">',
        '<base href="https://x.example/">',
        '<iframe srcdoc="x"></iframe>',
        '<object data="x"></object>',
        "<?xml version='1'?>",
        "<![CDATA[x]]>",
        "<p>a\r\n</p>",
        "\ufeff<p>",
        "<p>\0",
    ],
)
def test_what_would_load_or_run_something_is_refused(html: str) -> None:
    with pytest.raises(SiteBroken, match=r"x\.html cannot be served"):
        inline("x.html", html.encode())


def test_what_is_not_text_is_refused() -> None:
    with pytest.raises(SiteBroken, match="UTF-8"):
        inline("x.html", b"<p>\xff")


PIECES: Final = st.sampled_from(
    [
        *(
            "<script ",
            'type="module">',
            "</script>",
            "<style>",
            "</style>",
            "<p ",
            "<a ",
            "href=",
            "//",
            "on",
            "x=",
            ">",
        ),
        *('"', "'", "<!--", "-->", "<!", "<?", "<![", "</", "/>", "&#", "url("),
    ]
)


@given(st.text(max_size=200) | st.lists(PIECES | st.text(max_size=3), max_size=20).map("".join))
def test_any_text_is_read_or_refused(html: str) -> None:
    with suppress(SiteBroken):
        found = inline("x.html", html.encode("utf-8", "surrogatepass"))
        assert all(f">{text}</style>" in html for text in found.styles)
        assert all(f">{text}</script>" in html for text in found.scripts)
