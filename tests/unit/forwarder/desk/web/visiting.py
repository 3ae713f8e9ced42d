"""The desk's pages on their real server, and a browser without a screen that visits them as a person's would."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Final, Self

import aiohttp

from forwarder.desk.web.house import House
from forwarder.desk.web.keeper import Keeper, boot_clock
from forwarder.desk.web.server import new_house, serving
from tests.unit.forwarder.desk.given import CHEAP, PASSPHRASE

#: A moment some days after the rounds that tests use, in seconds since 1970.
NOW: Final = 900_000.0
Fields = Mapping[str, str | Sequence[str]]


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


class Ahead:
    """The desk's own clock, which a test can put forward."""

    def __init__(self) -> None:
        self.by = 0.0

    def __call__(self) -> float:
        return boot_clock() + self.by


class Read(HTMLParser):
    """A page as a browser takes it apart: its elements, what they say, and its forms."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.structure: list[str] = []
        self.texts: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.structure.append(f"<{tag} {' '.join(name for name, _ in attrs)}>")
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        self.structure.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        self.structure.append("<!-- -->")

    def handle_decl(self, decl: str) -> None:
        self.structure.append(f"<!{decl}>")

    def handle_pi(self, data: str) -> None:
        self.structure.append("<?>")

    def unknown_decl(self, data: str) -> None:
        self.structure.append("<![>")

    def values(self, tag: str, attribute: str) -> list[str]:
        """The values of an attribute of all such elements."""
        return [value for one, name, value in self.attributes if (one, name) == (tag, attribute)]

    @property
    def said(self) -> str:
        """What a person reads, spaces made single."""
        return " ".join(" ".join(self.texts).split())


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    path: str

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def page(self) -> Read:
        return Read(self.text)

    @property
    def said(self) -> str:
        return self.page.said


@dataclass
class Browser:
    """One browser: it keeps cookies, sends the origin of forms, and knows the last page's token."""

    house: House
    client: aiohttp.ClientSession
    csrf: str = ""
    seen: list[Answer] = field(default_factory=list)

    @classmethod
    @asynccontextmanager
    async def of(cls, house: House) -> AsyncIterator[Self]:
        """A browser that has no cookie yet."""
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar, auto_decompress=False) as client:
            yield cls(house, client)

    async def ask(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
        follow: bool = True,
    ) -> Answer:
        """One request to a path of ours, and after a redirection the page that it leads to."""
        url = f"{self.house.origin}{path}"
        async with self.client.request(
            method, url, headers=headers, data=data, allow_redirects=follow, skip_auto_headers=["User-Agent"]
        ) as response:
            body = await response.read()
            answer = Answer(
                response.status,
                {str(name): value for name, value in response.headers.items()},
                body,
                response.url.path.removeprefix(self.house.at),
            )
        self.seen.append(answer)
        if found := re.search(rb'data-csrf="([0-9a-f]+)"', body):
            self.csrf = found[1].decode()
        return answer

    async def open(self, path: str) -> Answer:
        """A page below the desk's own place."""
        return await self.ask("GET", f"{self.house.at}{path}")

    async def send(self, path: str, fields: Fields | None = None, *, follow: bool = True) -> Answer:
        """A form, as a page of ours would send it."""
        pairs = [("csrf", self.csrf)]
        for name, value in (fields or {}).items():
            pairs += [(name, value)] if isinstance(value, str) else [(name, one) for one in value]
        return await self.ask(
            "POST",
            f"{self.house.at}{path}",
            headers={"Origin": self.house.origin, "Content-Type": "application/x-www-form-urlencoded"},
            data=aiohttp.FormData(pairs)().decode().encode(),
            follow=follow,
        )

    async def come_in(self, link: str) -> Answer:
        """Open the one-time link."""
        return await self.ask("GET", link.removeprefix(self.house.origin))

    async def unlock(self, passphrase: str = PASSPHRASE, *, colleague: str = "") -> Answer:
        """Type the passphrase."""
        await self.open("/unlock")
        return await self.send("/unlock", {"passphrase": passphrase, "colleague": colleague})


@asynccontextmanager
async def pages(
    folder: Path, *, clock: Clock | None = None, faults: list[type[BaseException]] | None = None
) -> AsyncIterator[tuple[House, str]]:
    """The pages of the desk in a folder, which does not go to Tor, and their one-time link."""
    house = new_house(Keeper(folder, clock=clock or Clock(), cost=CHEAP, receives=False))
    house.now = lambda: NOW
    heard = faults if faults is not None else []
    async with serving(house, on_fault=heard.append) as link:
        yield house, link
    assert faults is not None or heard == []


@asynccontextmanager
async def visiting(folder: Path, *, clock: Clock | None = None, colleague: str = "Ana") -> AsyncIterator[Browser]:
    """A browser in an open desk."""
    async with pages(folder, clock=clock) as (house, link), Browser.of(house) as browser:
        await browser.come_in(link)
        opened = await browser.unlock(colleague=colleague)
        assert opened.status == 200, opened.said
        yield browser
