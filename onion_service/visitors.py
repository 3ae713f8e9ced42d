"""Pure: what a visitor's browser says of itself to the door: system, language, and whatever else one may send.

None of it may change an answer (docs/spec/door.md), so an auditor is another visitor each time. Most of them are Tor
Browser to the letter, in its order of headers, so that a relay sees no more of an auditor than of a reporter; the rest
send what might tempt a server to answer otherwise. Source: what Firefox ESR 153 with Tor Browser's settings sends.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Final

SYSTEMS: Final = (
    ("X11; Linux x86_64", "20100101"),
    ("Windows NT 10.0; Win64; x64", "20100101"),
    ("Macintosh; Intel Mac OS X 10.15", "20100101"),
    ("Android 10; Mobile", ""),
)
VERSIONS: Final = ("140.0", "153.0")
LANGUAGES: Final = (
    "en-US,en;q=0.9",
    "es-MX,es;q=0.9,en-US;q=0.8,en;q=0.7",
    "es-ES,es;q=0.9,en-US;q=0.8,en;q=0.7",
    "en-US,en;q=0.5",
    "es-ES,es;q=0.8,en-US;q=0.5,en;q=0.3",
    "pt-BR,pt;q=0.9,en-US;q=0.8,en;q=0.7",
    "ar,en-US;q=0.9,en;q=0.8",
    "es",
    "en",
    "",
)
ENCODINGS: Final = ("gzip, deflate", "gzip, deflate, br, zstd")
# What a browser after its first visit, a proxy on the way, a search engine or a curious person would add.
TEMPTATIONS: Final = (
    ("Cookie", "session=0123456789abcdef; lang=es"),
    ("If-None-Match", '"0123456789abcdef"'),
    ("If-None-Match", "*"),
    ("If-Modified-Since", "Sat, 01 Jan 2000 00:00:00 GMT"),
    ("Range", "bytes=0-99"),
    ("Accept", "application/json"),
    ("Accept-Encoding", "identity"),
    ("Accept-Language", "zz"),
    ("Referer", "http://example.onion/"),
    ("X-Forwarded-For", "192.0.2.1"),
    ("DNT", "1"),
    ("Prefer", "safe"),
    ("Save-Data", "on"),
    ("Viewport-Width", "320"),
    ("User-Agent", "curl/8.14.1"),
    ("User-Agent", ""),
)
BARE: Final = 0.1
TEMPTING: Final = 0.25


@dataclass(frozen=True, slots=True)
class Visitor:
    """One visitor's headers, in their order. `one_circuit`: both requests are a browser's, which gives them one."""

    page: Mapping[str, str]
    directory: Mapping[str, str]
    one_circuit: bool


@dataclass(frozen=True, slots=True)
class Browser:
    """What one Tor Browser says when it opens the page, and when the page's script asks."""

    page: Mapping[str, str]
    script: Mapping[str, str]


def browser(chance: Random) -> Browser:
    """A Tor Browser to the letter, chosen by chance."""
    return Browser(*_tor_browser(chance))


def bringing(script: Mapping[str, str], *, onion: str, length: int) -> dict[str, str]:
    """What the script's browser says when it posts a cell of so many bytes: two headers more, in their place."""
    more = {"Content-Length": str(length), "Origin": f"http://{onion}"}
    headers: dict[str, str] = {}
    for name, value in script.items():
        headers[name] = value
        if name == "Accept-Encoding":
            headers |= more
    return headers


def visitor(chance: Random) -> Visitor:
    """A visitor, chosen by chance: Tor Browser, Tor Browser with something more, or a program that says nothing."""
    drawn = chance.random()
    if drawn < BARE:
        return Visitor({}, {}, one_circuit=False)
    page, directory = _tor_browser(chance)
    if drawn < BARE + TEMPTING:
        for name, value in chance.sample(TEMPTATIONS, k=chance.randint(1, 3)):
            page = _with(page, name, value)
            directory = _with(directory, name, value)
    return Visitor(page, directory, one_circuit=True)


def _tor_browser(chance: Random) -> tuple[dict[str, str], dict[str, str]]:
    """The headers of a page that was typed into the address bar, and of what its script then asks for."""
    system, gecko = chance.choice(SYSTEMS)
    version = chance.choice(VERSIONS)
    who = {"User-Agent": f"Mozilla/5.0 ({system}; rv:{version}) Gecko/{gecko or version} Firefox/{version}"}
    language = chance.choice(LANGUAGES)
    common = {
        **({"Accept-Language": language} if language else {}),
        "Accept-Encoding": chance.choice(ENCODINGS),
        "Sec-GPC": "1",
        "Connection": "keep-alive",
    }
    page = {
        **who,
        "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        **common,
        "Upgrade-Insecure-Requests": "1",
        **_fetched("document", "navigate", "none"),
        "Sec-Fetch-User": "?1",
        "Priority": "u=0, i",
    }
    script = {
        **who,
        "Accept": "*/*",
        **common,
        **_fetched("empty", "cors", "same-origin"),
        "Priority": "u=4",
        "Pragma": "no-cache",
        "Cache-Control": "no-cache",
    }
    return page, script


def _fetched(destination: str, mode: str, site: str) -> dict[str, str]:
    return {"Sec-Fetch-Dest": destination, "Sec-Fetch-Mode": mode, "Sec-Fetch-Site": site}


def _with(headers: dict[str, str], name: str, value: str) -> dict[str, str]:
    return {**headers, name: value}
