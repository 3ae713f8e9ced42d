"""What the relay makes public, always ready, the same bytes for everybody in a round (docs/spec/door.md; T15)."""

from pathlib import Path
from typing import Final

from crypto.directory import TrustedDirectory, write_answer
from crypto.errors import CryptoError, Expired
from crypto.layers import RoundKey, RoundNumber
from crypto.signing import SigningKey
from onion_service import answers, site
from onion_service.serving import Answer
from relay.alerts import Alerts
from relay.journal import Event, Journal
from relay.start import StartError


class Public:
    """The page, the directory, the hash lists and the published alerts, as answers."""

    def __init__(
        self, trusted: TrustedDirectory, *, identity: SigningKey, journal: Journal, alerts: Alerts | None = None
    ) -> None:
        self._page: Final = answers.page(site.served(trusted.root))
        self._trusted = trusted
        self._alerts: Final = alerts
        self._identity: Final = identity
        self._journal: Final = journal
        self._directory = answers.UNAVAILABLE
        self._rounds: dict[RoundNumber, Answer] = {}

    def page(self) -> Answer:
        """The one page."""
        return self._page

    def directory(self) -> Answer:
        """The signed directory and this round's key."""
        return self._directory

    def round_hashes(self, number: RoundNumber) -> Answer:
        """The hash lists of a closed round, or NOT_FOUND."""
        return self._rounds.get(number, answers.NOT_FOUND)

    def alerts(self, name: str) -> Answer:
        """A published file by its name, or NOT_FOUND."""
        return self._alerts.answer(name) if self._alerts else answers.NOT_FOUND

    def turn(self, key: RoundKey) -> None:
        """Announce the key of a new round."""
        announcement = key.announce(self._identity)
        self._directory = answers.directory(write_answer(self._trusted.signed, [announcement]))

    def add_round(self, number: RoundNumber, lists: bytes) -> None:
        """A round has closed; `lists` is its letters' hash list and, where parcels left, theirs."""
        self._rounds[number] = answers.hash_lists(lists)

    def forget_rounds(self, kept: set[RoundNumber]) -> None:
        """Forget the rounds whose bundles are no longer kept."""
        self._rounds = {number: answer for number, answer in self._rounds.items() if number in kept}

    def refresh(self, path: Path, *, now: int) -> None:
        """Take a newer directory from the file, if there is one that can replace this one while running."""
        try:
            signed = path.read_bytes()
            if signed == self._trusted.signed:
                if now >= self._trusted.directory.expires:
                    self._journal.record(Event.DIRECTORY_EXPIRED)
                return
            newer = self._trusted.updated(signed, now=now)
            _check_same_shape(self._trusted, newer)
        except (OSError, CryptoError, StartError) as error:
            self._journal.record(Event.DIRECTORY_REFUSED, detail=_say(error))
            return
        self._trusted = newer
        self._journal.record(Event.DIRECTORY_TAKEN, detail=str(newer.directory.version))


def _check_same_shape(old: TrustedDirectory, new: TrustedDirectory) -> None:
    before, after = old.directory, new.directory
    if (before.route, before.bundle, before.round_seconds) != (after.route, after.bundle, after.round_seconds):
        raise StartError("it changes the route, the round length or the bundle sizes: restart the relay to take it")
    if before.site.get("/") != after.site.get("/"):
        raise StartError("it names another page than is served: restart the relay with the version that serves it")


def _say(error: Exception) -> str:
    if isinstance(error, Expired):
        return "the new one has expired already"
    return str(error) if not isinstance(error, OSError) else (error.strerror or "unreadable")
