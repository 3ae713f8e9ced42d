"""Who may use the desk's pages: whoever opens the one-time link first, in that browser, until the program ends.

A link is good once. What a browser then holds is good for one level only: the cookie of a locked desk opens nothing
but the lock, the one given at unlocking opens the pages, and locking makes it the cookie of a locked desk again, with
all that was kept beside it forgotten.
"""

import hashlib
import hmac
import math
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

COOKIE: Final = "veladora-desk"
SECRET_LEN: Final = 32
# A second guess waits a second, each further one twice as long, up to a minute.
FREE_TRIES: Final = 2
LONGEST_WAIT: Final = 60.0
LOOKS_MAX: Final = 100
FIRST_LOOK: Final = 2**48

Draw = Callable[[], str]


def draw_secret() -> str:
    """256 bits as hexadecimal digits."""
    return secrets.token_hex(SECRET_LEN)


@dataclass(slots=True)
class Session:
    """What the program keeps of the one browser that uses it; gone when the desk is locked. `entry`: which link's."""

    csrf: str
    entry: int = 0
    colleague: str = ""
    said: str = ""
    offered: str = ""
    looks: dict[int, Mapping[str, str]] = field(default_factory=dict)

    def __repr__(self) -> str:
        return "Session(...)"

    def say(self, text: str) -> None:
        """One sentence for the top of the next page."""
        self.said = text

    def remember(self, look: Mapping[str, str]) -> int:
        """A number for what was looked for: what a browser keeps of a search is that number and no word."""
        # It begins anywhere: the address of a search that was forgotten must not show another one.
        number = max(self.looks, default=secrets.randbelow(FIRST_LOOK)) + 1
        self.looks[number] = look
        self.looks.pop(number - LOOKS_MAX, None)
        return number

    def heard(self) -> str:
        """The sentence for this page, which no other page says again."""
        said, self.said = self.said, ""
        return said


class Sessions:
    """The one-time link, and at most one session. Secrets are kept as hashes only."""

    __slots__ = ("_before", "_cookie", "_draw", "_entries", "_link", "_session", "unlocked")

    def __init__(self, draw: Draw = draw_secret) -> None:
        self._draw: Final = draw
        self._link = b""
        self._cookie = b""
        self._before = b""
        self._entries = 0
        self._session = Session(csrf=draw())
        self.unlocked = False

    def new_link(self) -> str:
        """A link's secret, good once; one that was drawn before is good no more."""
        secret = self._draw()
        self._link = _hash(secret)
        return secret

    @property
    def link_is_open(self) -> bool:
        """Whether a link waits to be used."""
        return bool(self._link)

    def enter(self, secret: str) -> str | None:
        """The cookie of a new session, or None when the secret is not the link's. The session before ends."""
        if not self._link or not hmac.compare_digest(self._link, _hash(secret)):
            return None
        self._link = b""
        self._entries += 1
        self.unlocked = False
        return self._renew()

    def session(self, cookie: str) -> Session | None:
        """The session of that cookie; None when it is nobody's."""
        if not self._cookie or not hmac.compare_digest(self._cookie, _hash(cookie)):
            return None
        return self._session

    def was_here(self, cookie: str) -> bool:
        """Whether it is the cookie before the last. It opens nothing; whoever comes with it is told why."""
        return bool(self._before) and hmac.compare_digest(self._before, _hash(cookie))

    def is_of_last_entry(self, session: Session) -> bool:
        """Whether nobody has come in by a newer link since this session began."""
        return session.entry == self._entries

    def unlock(self) -> str:
        """The desk was unlocked: a new cookie, and the one before is nobody's."""
        cookie = self._renew()
        self.unlocked = True
        return cookie

    def lock(self) -> None:
        """The desk was locked: everything of the session is forgotten, and its cookie opens the lock alone."""
        self._session = Session(csrf=self._draw(), entry=self._entries)
        self.unlocked = False

    def end(self) -> None:
        """Nobody comes in any more, by link or by cookie."""
        self.lock()
        self._link = self._cookie = self._before = b""

    def _renew(self) -> str:
        cookie = self._draw()
        self._before, self._cookie = self._cookie, _hash(cookie)
        self._session = Session(csrf=self._draw(), entry=self._entries)
        return cookie


def same_secret(given: str, kept: str) -> bool:
    """Whether two secrets are equal, in a time that does not say how much of them is."""
    return hmac.compare_digest(given.encode(errors="replace"), kept.encode())


@dataclass(slots=True)
class Guesses:
    """Wrong passphrases make the next try wait longer. `now` is of a clock that never goes back."""

    wrong: int = 0
    again_at: float = 0.0

    def wait(self, *, now: float) -> int:
        """Whole seconds until the next try; 0 when it may be now."""
        return max(0, math.ceil(self.again_at - now))

    def failed(self, *, now: float) -> None:
        """One more was wrong."""
        self.wrong += 1
        if self.wrong >= FREE_TRIES:
            self.again_at = now + min(2.0 ** (self.wrong - FREE_TRIES), LONGEST_WAIT)

    def right(self) -> None:
        """The passphrase was right."""
        self.wrong, self.again_at = 0, 0.0


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode(errors="replace")).digest()
