"""The desk's program: unlock, put the endpoint on its onion, receive, open at once. The one module of the desk that
logs, from a closed list of sentences, and never how much was for us.
"""

import asyncio
import logging
import signal
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from enum import Enum
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from crypto import keys
from crypto.bundle import Bundle
from crypto.cells import CellClass
from crypto.directory import Card, TrustedDirectory
from crypto.errors import CryptoError, WrongPassphrase
from crypto.keys import AlertsKey, Cost, PartnerKey
from crypto.layers import RoundNumber
from crypto.minisign import PublicKey
from crypto.suite import OpeningKey
from forwarder.desk import rounds
from forwarder.desk.card import card_of
from forwarder.desk.catching_up import Event, News
from forwarder.desk.config import SETTINGS_NAME, Settings
from forwarder.desk.directory import DeskDirectory
from forwarder.desk.endpoint import Refusal, endpoint_app
from forwarder.desk.errors import BadSettings, DeskLocked
from forwarder.desk.going_out import going_out
from forwarder.desk.inbox import Inbox, Receipt
from forwarder.desk.listener import NOBODY, Failure, Listener
from forwarder.desk.making import create as create
from forwarder.desk.opening import open_bundle
from forwarder.desk.periods import keys_in_use
from forwarder.desk.publish.alert import Alert
from forwarder.desk.publish.errors import NoAlertsKey
from forwarder.desk.publish.release import Released, alerts_by_incident, alerts_key, public_line, release
from forwarder.desk.tending import Told, tending
from forwarder.desk.words import Words
from forwarder.durable import remove_unfinished
from forwarder.partner_card import PartnerCard
from forwarder.shelf import FOR_MIRRORS, Shelf, serving
from forwarder.webhook import bundle_id
from onion_service.control import Progress, Tor, attach, launch
from onion_service.serving import Limits, serve_on

LOG: Final = logging.getLogger("veladora.desk")
BOOTSTRAP_SECONDS: Final = 300.0
PUBLISH_SECONDS: Final = 180.0
TOR_LOOK_SECONDS: Final = 30.0
LEVELS: Final[Mapping[Enum, int]] = {
    **dict.fromkeys((Told.STOPPED, Told.NOT_RELEASED, Told.NOT_SERVED, Told.NOT_SAID), logging.WARNING),
    **dict.fromkeys((Event.REFUSED, Event.STOPPED), logging.WARNING),
    Told.LOOKED: logging.DEBUG,
}
# Only relays know the address, and each calls once at a time; a bundle of parcels may take long over a slow circuit.
LIMITS: Final = Limits(idle=60.0, request=1_800.0, linger=2.0, connections=8)


class Desk:
    """An unlocked desk: its keys and its inbox. Leave the block to lock it.

    Its own methods may be called from any thread; whoever reads the inbox beside them holds `alone`.
    """

    __slots__ = ("_alerts_key", "_keys", "alone", "inbox", "settings")

    def __init__(
        self,
        settings: Settings,
        opening_keys: tuple[OpeningKey, ...],
        inbox: Inbox,
        *,
        alerts_key: AlertsKey | None = None,
        alone: "threading.RLock | None" = None,
    ) -> None:
        self.settings: Final = settings
        self._keys, self._alerts_key = opening_keys, alerts_key
        self.inbox: Final = inbox
        self.alone: Final = alone or threading.RLock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.inbox.close()

    def __repr__(self) -> str:
        return "Desk(...)"

    def forget(self) -> None:
        """The keys are dropped, whoever still holds this desk; what would need them raises DeskLocked from now on."""
        self._keys, self._alerts_key = (), None

    def _opening_keys(self) -> tuple[OpeningKey, ...]:
        if not self._keys:
            raise DeskLocked
        return self._keys

    @property
    def card(self) -> PartnerCard:
        """The partner card, of the current key; `alerts` is the line that others pin, once this desk publishes."""
        with self.alone:
            card = card_of(self.settings, self._opening_keys()[0], self.inbox.database)
            return replace(card, alerts=public_line(self.inbox.database))

    @property
    def alerts_public(self) -> PublicKey | None:
        """The public half of the key that signs what it publishes; None when it was unlocked without it."""
        return None if self._alerts_key is None else PublicKey.of(self._alerts_key.signing)

    @property
    def signs(self) -> bool:
        """Whether it was unlocked with the key that signs what it publishes."""
        return self._alerts_key is not None

    def alerts(self) -> list[tuple[int, Alert]]:
        """Every alert as it stands, with the number of its incident."""
        with self.alone:
            return alerts_by_incident(self.inbox.database)

    def release(self, *, now: int) -> Released:
        """The signed folder is what this desk has decided, when this returns; `now` in seconds since 1970.

        Raises NoAlertsKey when it was unlocked without that key; else as publish/release.py's `release`.
        """
        with self.alone:
            self._opening_keys()
            key = self._alerts_key
            if key is None:
                raise NoAlertsKey("this desk was opened without the key that signs alerts")
            return release(self.settings, self.inbox.database, key=key, now=now)

    def check_current(self) -> None:
        """Return when the current key is still the one that this desk was unlocked with. Raises BadSettings."""
        path = self.settings.key_files[0]
        if self.card.key.encode() not in path.read_bytes():
            raise BadSettings(path, "the key was changed while the desk was being started; start it again")

    def under(self, settings: Settings) -> "Desk":
        """The same keys and inbox under other settings of the same folder; this one is not to be used any more."""
        return Desk(settings, self._opening_keys(), self.inbox, alerts_key=self._alerts_key, alone=self.alone)

    def take(self, bundle: Bundle) -> Receipt:
        """Open a verified bundle and store what was for us; see `Inbox.take`."""
        header = bundle.header
        with self.alone:
            standing = self.inbox.standing(bundle)
        if standing is not Receipt.NEW:
            return standing
        name = bundle_id(header.cell_class, header.round_number)
        opened = open_bundle(bundle, self._opening_keys())  # with none, all would look like somebody else's
        with self.alone:
            if opened.words:
                heard = self._words(self.directory.believed(now=time.time()))
                opened = heard.believable(opened, round_number=header.round_number)
            latest = self.inbox.latest(header.cell_class)
            receipt = self.inbox.take(bundle, opened)
        if latest is not None and header.round_number > latest + self.settings.relay.step(header.cell_class):
            LOG.warning("rounds are missing before %s; `veladora desk list` names them", name)
        LOG.info("took %s", name if latest is None or latest < header.round_number else f"{name}, out of order")
        return receipt

    @property
    def directory(self) -> DeskDirectory:
        """Where the relay's directory is kept."""
        card, own = Card.parse(self.settings.relay.card), self.settings.config.partner.id
        return DeskDirectory(self.inbox.database, card, self.alone, own=own)

    def words(self, *, now: float) -> Words:
        """What other desks say; `now` in seconds since 1970."""
        return self._words(self.directory.current(now=now))

    def _words(self, trusted: TrustedDirectory | None) -> Words:
        relay, own = self.settings.relay, self.settings.config.partner.id
        return Words(self.inbox.database, own=own, trusted=trusted, round_seconds=relay.round_seconds)

    def rounds(self, *, now: float) -> tuple[rounds.Standing, ...]:
        """Of which rounds the bundles are here, can still be had, and are lost; `now` in seconds since 1970."""
        with self.alone:
            return rounds.standings(self.inbox.database, relay=self.settings.relay, now=now)

    def wanted(self, *, now: float) -> list[tuple[CellClass, RoundNumber]]:
        """What to come for now; see catching_up.py. Raises DeskError."""
        with self.alone:
            relay = self.settings.relay
            rounds.begin(self.inbox.database, closed=rounds.settled(now, relay=relay))
            return rounds.wanted(self.inbox.database, relay=relay, now=now)

    def note_not_kept(self, cell_class: CellClass, round_number: RoundNumber) -> bool:
        """The relay says that it has no such bundle; whether that tells anything. Raises DeskError."""
        with self.alone:
            return rounds.note_not_kept(self.inbox.database, cell_class, round_number)


def unlock(settings: Settings, *, passphrase: str, signing: bool = False, cost: Cost | None = None) -> Desk:
    """The desk, open; with `signing`, able to sign what it publishes, with a key that is made now if there is none.

    Raises WrongPassphrase, NotOpened, BadSettings or OtherAlertsKey; nothing was changed.
    """
    opening_keys = tuple(_unlock_key(settings, path, passphrase) for path in settings.key_files)
    remove_unfinished(settings.folder)
    inbox = Inbox.open(settings.folder, passphrase=passphrase)
    try:
        key = alerts_key(settings, inbox.database, passphrase=passphrase, cost=cost) if signing else None
    except BaseException:
        inbox.close()
        raise
    return Desk(settings, opening_keys, inbox, alerts_key=key)


@contextmanager
def log_to_stderr() -> Iterator[None]:
    """What the desk logs goes to stderr for as long as the block lasts, one line for each sentence."""
    said = logging.StreamHandler()
    said.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    LOG.addHandler(said)
    LOG.setLevel(logging.INFO)
    try:
        yield
    finally:
        LOG.removeHandler(said)


def tell_fault(kind: type[BaseException]) -> None:
    """A page failed in a way that nobody foresaw; of the error only its kind is told."""
    LOG.error("a page failed: %s", kind.__name__)


async def run(desk: Desk, *, progress: Progress) -> None:
    """Receive until told to stop (SIGINT, SIGTERM). Raises an OnionServiceError when tor cannot be used."""
    with told_to_stop() as stop:
        await receive(desk, stop, progress=progress)
    LOG.info("stopped")


async def receive(
    desk: Desk,
    stop: asyncio.Event,
    *,
    progress: Progress,
    listener: Listener = NOBODY,
) -> None:
    """Receive, come for what was missed and tend what is published, until `stop` is set. Raises an OnionServiceError,
    DeskRuns or BadSettings."""
    told, failed = partial(_tell_coming, listener), partial(_tell_failed, listener)
    async with receiving(desk, listener=listener), going_out(desk, told=told, failed=failed):
        with await asyncio.to_thread(_tor, desk.settings) as tor:
            async with _publishing(desk, listener=listener):
                await _until(stop, tor, progress, listener.reachable)


@contextmanager
def told_to_stop() -> Iterator[asyncio.Event]:
    """An event that SIGINT and SIGTERM set for as long as the block lasts."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


@asynccontextmanager
async def receiving(desk: Desk, *, listener: Listener = NOBODY) -> AsyncIterator[None]:
    """The endpoint is served on its unix socket for as long as the block lasts; yields what is held while the inbox is
    touched. Raises DeskRuns or BadSettings while the desk's keys change, or when they did after it was unlocked."""
    taking = asyncio.Lock()

    async def take(bundle: Bundle) -> Receipt:
        async with taking:
            receipt = await asyncio.to_thread(desk.take, bundle)
        listener.refused(None)
        return receipt

    def tell(refusal: Refusal) -> None:
        LOG.warning("refused a delivery: %s", refusal.value)
        listener.refused(refusal)

    def fault(kind: type[BaseException]) -> None:
        LOG.error("a delivery failed: %s", kind.__name__)

    app = endpoint_app(desk.settings.relay, take=take, tell=tell, now=time.time)
    socket = desk.settings.endpoint_socket
    socket.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with keys_in_use(desk.settings):
        desk.check_current()
        async with serve_on(app, socket.path, limits=LIMITS, on_fault=fault):
            yield


@asynccontextmanager
async def _publishing(desk: Desk, *, listener: Listener = NOBODY) -> AsyncIterator[None]:
    """What is published is tended, and served if the settings say so, for as long as the block lasts. Trouble with
    either is told, and does not end the block."""

    def tell(told: Told, detail: str) -> None:
        LOG.log(LEVELS.get(told, logging.INFO), "%s%s", told.value, f": {detail}" if detail else "")
        listener.tended(told)

    refreshed: Callable[[], None] = _nothing
    work = []
    key = desk.alerts_public
    if key is not None and desk.settings.config.publish.serve:
        shelf = Shelf(desk.settings.alerts_folder, key, now=time.time)
        refreshed = shelf.refresh
        told, failed = (partial(tell, one) for one in (Told.SERVED, Told.NOT_SERVED))
        serves = serving(
            shelf,
            desk.settings.alerts_tor(),
            limits=FOR_MIRRORS,
            program=desk.settings.config.tor.program,
            told=told,
            failed=failed,
        )
        work.append(asyncio.create_task(serves, name="serving alerts"))
    work.append(asyncio.create_task(tending(desk, tell=tell, after=refreshed), name="tending"))
    try:
        yield
    finally:
        for task in work:
            task.cancel()
        await asyncio.wait(work)


def _nothing() -> None:
    """Nothing is served, so nothing is to be refreshed."""


def _tell_coming(listener: Listener, news: News) -> None:
    why = f" ({news.why})" if news.why else ""
    LOG.log(LEVELS.get(news.event, logging.INFO), "%s: %d of %d packets%s", news.event.value, news.done, news.of, why)
    listener.coming(news)


def _tell_failed(listener: Listener, failure: Failure) -> None:
    if failure.error is not None:
        LOG.warning("%s", failure)
    listener.failed(failure)


async def _until(stop: asyncio.Event, tor: Tor, progress: Progress, reachable: Callable[[str], None]) -> None:
    """Wait for tor, then for `stop`; a tor that goes away ends the program with its error."""
    waiting = asyncio.ensure_future(
        asyncio.to_thread(tor.wait_bootstrapped, seconds=BOOTSTRAP_SECONDS, progress=progress)
    )
    # When we are stopped before tor is ready, its complaint about that is nobody's concern.
    waiting.add_done_callback(lambda done: done.cancelled() or done.exception())
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait([waiting, stopping], return_when=asyncio.FIRST_COMPLETED)
    if not stop.is_set():
        await waiting
        address = await asyncio.to_thread(tor.wait_published, seconds=PUBLISH_SECONDS)
        LOG.info("receiving at http://%s/", address)
        reachable(str(address))
    while not stop.is_set():
        await asyncio.wait([stopping], timeout=TOR_LOOK_SECONDS)
        await asyncio.to_thread(tor.bootstrap)
        await asyncio.to_thread(tor.keep_guards)
    stopping.cancel()


def _tor(settings: Settings) -> Tor:
    if settings.config.tor.mode == "attach":
        return attach(settings.control, service_directory=settings.service_directory)
    return launch(settings.onion_tor(), program=settings.config.tor.program)


def _unlock_key(settings: Settings, path: Path, passphrase: str) -> OpeningKey:
    try:
        with path.open("rb") as file:
            key = keys.unlock(file.read(keys.KEY_FILE_MAX + 1), passphrase=passphrase)
    except WrongPassphrase:
        raise
    except (OSError, CryptoError) as error:
        raise BadSettings(settings.folder / SETTINGS_NAME, f"the key file {path.name} is no use: {error}") from error
    if not isinstance(key, PartnerKey):
        raise BadSettings(settings.folder / SETTINGS_NAME, f"{path.name} is not a partner's key")
    return key.opening
