"""What the public gets to know of an incident, and nothing that could say more (docs/spec/alerts.md, "Alert").

Pure: no clock, no disk, no chance. An alert has no number of reports, no round, no place finer than its cell and no
id of the gazetteer; a later version takes the place of the one before under the same id.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final, Self

from forwarder.desk.escapes import plain
from forwarder.desk.publish.errors import NotAnAlert, NotInThisState
from forwarder.desk.publish.place import COARSEST, Cell
from forwarder.desk.publish.safety import BUCKET_SECONDS, Confidence, Leave

ID_LEN: Final = 16
LANGUAGES: Final = ("es", "en")
TITLE_MAX: Final = 120
TEXT_MAX: Final = 4_000
VERSIONS_MAX: Final = 1_000
# When a version was issued is told by the hour: an alert says when it was written, not who is at their desk.
ISSUE_SECONDS: Final = 3_600
# For so long what an alert says is taken to hold; a correction begins it anew.
CURRENT_SECONDS: Final = 30 * 86_400
# Year 9999 is the last that the formats can write.
SECONDS_MAX: Final = 253_402_300_799

_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_ID: Final = re.compile(r"[0-9a-f]{32}")


class State(Enum):
    """What became of an alert."""

    PUBLISHED = "published"
    CORRECTED = "corrected"
    WITHDRAWN = "withdrawn"


class Change(Enum):
    """What a person can do with an alert that is out."""

    CORRECT = "correct"
    WITHDRAW = "withdraw"


NEXT: Final = {
    (State.PUBLISHED, Change.CORRECT): State.CORRECTED,
    (State.CORRECTED, Change.CORRECT): State.CORRECTED,
    (State.PUBLISHED, Change.WITHDRAW): State.WITHDRAWN,
    (State.CORRECTED, Change.WITHDRAW): State.WITHDRAWN,
}


@dataclass(frozen=True, slots=True)
class Words:
    """An alert in one language: a title of one line, a text, and what to do. Raises NotAnAlert when it is not plain."""

    title: str
    text: str
    advice: str = ""

    def __post_init__(self) -> None:
        if not self.title.strip() or not self.text.strip():
            raise NotAnAlert("an alert has a title and a text")
        if "\n" in self.title or len(self.title) > TITLE_MAX:
            raise NotAnAlert(f"a title is one line of at most {TITLE_MAX} characters")
        if max(len(self.text), len(self.advice)) > TEXT_MAX:
            raise NotAnAlert(f"text and advice have at most {TEXT_MAX} characters each")
        if not all(one == "\n" or one.isprintable() for part in (self.title, self.text, self.advice) for one in part):
            raise NotAnAlert("control or invisible characters in an alert")

    @classmethod
    def cleaned(cls, *, title: str, text: str, advice: str = "") -> Self:
        """What a person typed, by the same rules as a reporter's text; a sign stands for each control character."""
        return cls(*(plain(part).strip() for part in (" ".join(title.split()), text, advice)))


# So that nobody has to find words while something must be taken back.
WITHDRAWN_WORDS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "es": Words("Alerta retirada", "Retiramos esta alerta. Lo que decía ya no vale."),
        "en": Words("Alert withdrawn", "We have withdrawn this alert. What it said no longer holds."),
    }
)


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert as it stands now.

    `when`: the beginning of a bucket of six hours, in seconds since 1970: when the first report came, and not when what
    it tells of happened. `confidence`: None of what is withdrawn, since nobody is sure of that. `issued`: the moment of
    each version, the first one first. `words`: by language.
    """

    id: str
    topic: str
    cell: Cell
    when: int
    confidence: Confidence | None
    state: State
    issued: tuple[int, ...]
    words: Mapping[str, Words]

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id) or not _SLUG.fullmatch(self.topic):
            raise NotAnAlert("the id or the topic of the alert is not one")
        if self.when % BUCKET_SECONDS or not 0 <= self.when <= SECONDS_MAX - BUCKET_SECONDS:
            raise NotAnAlert("the time of an alert is a bucket of six hours")
        if not self.words or not self.words.keys() <= set(LANGUAGES):
            raise NotAnAlert(f"an alert is in one or more of these languages: {', '.join(LANGUAGES)}")
        if not 1 <= len(self.issued) <= VERSIONS_MAX or list(self.issued) != sorted(set(self.issued)):
            raise NotAnAlert("the versions of an alert follow one another")
        if not 0 <= self.issued[0] <= self.issued[-1] <= SECONDS_MAX:
            raise NotAnAlert("a version is of no year that can be written")
        if (self.state is State.PUBLISHED) != (self.version == 1):
            raise NotAnAlert("the first version of an alert is published, the later ones correct or withdraw it")
        if (self.state is State.WITHDRAWN) != (self.confidence is None):
            raise NotAnAlert("an alert says how sure it is until it is withdrawn, and then no more")

    @property
    def version(self) -> int:
        """1, and one more with each correction or withdrawal."""
        return len(self.issued)

    @property
    def how_sure(self) -> str:
        """The confidence as files name it; empty of what is withdrawn."""
        return "" if self.confidence is None else self.confidence.value

    @property
    def current_until(self) -> int:
        """From this moment on nobody should take for granted that it still holds; in seconds since 1970."""
        return min(self.issued[-1] + CURRENT_SECONDS, SECONDS_MAX)

    def in_language(self, language: str) -> Words:
        """The words in this language, or in the first one there is."""
        return self.words.get(language) or next(self.words[one] for one in LANGUAGES if one in self.words)


def alert_id(chance: bytes) -> str:
    """An id that says nothing, from 16 random bytes; drawn when the alert is published and not before."""
    if len(chance) != ID_LEN:
        raise NotAnAlert(f"an id is made of {ID_LEN} random bytes")
    return chance.hex()


def publish(leave: Leave, *, id: str, topic: str, words: Mapping[str, Words], now: int) -> Alert:  # noqa: A002
    """The first version of an alert about what may leave; `now` in seconds since 1970. Raises NotAnAlert."""
    issued = (now - now % ISSUE_SECONDS,)
    return Alert(id, topic, leave.cell, leave.when, leave.confidence, State.PUBLISHED, issued, dict(words))


def correct(alert: Alert, leave: Leave, *, topic: str, words: Mapping[str, Words], now: int) -> Alert:
    """The next version, from what may leave now. Raises NotInThisState on an alert that was withdrawn, or corrected so
    often that only a withdrawal is left."""
    state = _next(alert, Change.CORRECT)
    if alert.version >= VERSIONS_MAX - 1:
        raise NotInThisState("this alert was corrected too often: it can only be withdrawn")
    return Alert(
        alert.id, topic, leave.cell, leave.when, leave.confidence, state, _issued_again(alert, now), dict(words)
    )


def withdraw(alert: Alert, *, words: Mapping[str, Words], now: int) -> Alert:
    """The last version: `words` say why, and what was said before is not repeated, nor how sure it was; of its area the
    largest cell around stays. Raises NotInThisState."""
    state = _next(alert, Change.WITHDRAW)
    return Alert(
        alert.id,
        alert.topic,
        alert.cell.parent(COARSEST),
        alert.when,
        None,
        state,
        _issued_again(alert, now),
        dict(words),
    )


def newest_first(alerts: Iterable[Alert]) -> list[Alert]:
    """By their last version; alerts of one hour by their ids."""
    return sorted(alerts, key=lambda alert: (-alert.issued[-1], alert.id))


def _next(alert: Alert, change: Change) -> State:
    if (alert.state, change) not in NEXT:
        raise NotInThisState(f"this alert is {alert.state.value}")
    return NEXT[alert.state, change]


def _issued_again(alert: Alert, now: int) -> tuple[int, ...]:
    # Two versions within an hour are a second apart, so that every reader sees which one is newer.
    return (*alert.issued, max(now - now % ISSUE_SECONDS, alert.issued[-1] + 1))
