"""What every page of the desk is made from: the keeper, the session, the language, and one way to write HTML.

Nothing reaches a page but through a template that escapes it.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import Enum
from pathlib import Path
from typing import Any, Final

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from forwarder.desk.casework import By
from forwarder.desk.config import Settings
from forwarder.desk.triage import State
from forwarder.desk.web.catalogues import SOURCE_LANGUAGE, Language, languages
from forwarder.desk.web.forms import Form
from forwarder.desk.web.gate import BY_ITSELF
from forwarder.desk.web.keeper import Keeper, Stage
from forwarder.desk.web.names import Names, names_now
from forwarder.desk.web.session import Session, Sessions
from forwarder.desk.web.texts import SAID, STEP, trouble

Handler = Callable[["Visit"], Awaitable[web.StreamResponse]]

FOLDER: Final = Path(__file__).parent
TEMPLATES: Final = FOLDER / "templates"
MINUTE: Final = 60


def _environment() -> Environment:
    """Templates that escape all that they are given, and stop at a name that nobody gave."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["as_state"] = State
    made.globals["Stage"] = Stage
    made.globals["STEP"] = STEP
    return made


class Faults(dict[str, str]):
    """What is wrong with each field, in words; nothing with a field that is not in it."""

    def __missing__(self, name: str) -> str:
        return ""


@dataclass(slots=True)
class House:
    """The one program behind the pages. `at`: the path that all of them begin with; `origin`: what browsers say of us;
    `now`: seconds since 1970."""

    keeper: Keeper
    sessions: Sessions
    at: str
    origin: str = ""
    language: str = SOURCE_LANGUAGE
    shortcuts: bool = True
    now: Callable[[], float] = time.time
    templates: Environment = field(default_factory=_environment)

    @property
    def stage(self) -> Stage:
        """Where the desk stands for the browser that comes: an open one is locked to a cookie of before unlocking."""
        stage = self.keeper.stage
        return Stage.LOCKED if stage is Stage.OPEN and not self.sessions.unlocked else stage

    def today(self) -> date:
        """The day (UTC) that a line of history gets."""
        return datetime.fromtimestamp(self.now(), UTC).date()

    @property
    def spoken(self) -> Language:
        """The language of the pages."""
        return languages().get(self.language) or languages()[SOURCE_LANGUAGE]

    def link(self, secret: str) -> str:
        """The one-time link with this secret."""
        return f"{self.origin}{self.at}/open/{secret}"


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of the person at the desk, checked already."""

    house: House
    session: Session
    path: str
    values: Mapping[str, str]
    query: Form
    form: Form

    @property
    def keeper(self) -> Keeper:
        """The desk's keeper."""
        return self.house.keeper

    @property
    def settings(self) -> Settings:
        """The open desk's settings. Raises DeskLocked."""
        return self.keeper.desk.settings

    def number(self, name: str) -> int:
        """A number in the path; the router lets digits only through."""
        return int(self.values[name])

    def by(self) -> By:
        """Who does it, and on which day."""
        return By(self.house.today(), self.session.colleague)

    def t(self, text: str, **values: object) -> str:
        """A message in the language of the pages."""
        return self.house.spoken.say(text, **values)

    async def names(self) -> Names:
        """What topics and places are called, by the directory that the desk has now. Raises DeskLocked."""
        keeper = self.keeper
        held = keeper.names
        found = await keeper.read(lambda desk: names_now(desk, held))
        if keeper.names is held:
            keeper.names = found
        return found

    def page(self, template: str, *, status: int = 200, **facts: object) -> web.Response:
        """A page of ours."""
        return web.Response(text=render(self, template, **facts), content_type="text/html", status=status)

    def go(self, path: str, *, say: str = "") -> web.Response:
        """To another page of ours, which says `say` at its top."""
        if say:
            self.session.say(say)
        return web.Response(status=303, headers={"Location": f"{self.house.at}{path}"})

    def told(self, error: Exception) -> tuple[str, str]:
        """What went wrong and what to do next, in the language of the pages."""
        what, then = trouble(error)
        return self.t(what), self.t(then)


def render(visit: Visit, template: str, **facts: object) -> str:
    """The page as text."""
    house, keeper, spoken = visit.house, visit.keeper, visit.house.spoken
    is_open = house.stage is Stage.OPEN

    def said(one: Enum) -> str:
        return spoken.say(SAID[one])

    frame: dict[str, Any] = {
        "at": house.at,
        "csrf": visit.session.csrf,
        "here": visit.path,
        "colleague": visit.session.colleague,
        "flash": "" if visit.query.has(BY_ITSELF) else visit.session.heard(),
        "language": spoken,
        "languages": list(languages().values()),
        "shortcuts": house.shortcuts,
        "stage": house.stage,
        "receiving": keeper.receiver.standing if is_open else None,
        "minutes": int(keeper.lock_seconds // MINUTE) if is_open else 0,
        "left": keeper.left if is_open else 0,
        "t": spoken.say,
        "said": said,
        "told": visit.told,
    }
    return house.templates.get_template(template).render(frame | facts)
