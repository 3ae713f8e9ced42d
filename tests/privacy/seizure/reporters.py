"""Those who send: reports at secret moments in an order of chance, and bodies that the relay must refuse.

They remember everything: each marker, cell and envelope, and when it was answered.
"""

import asyncio
import base64
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from crypto import directory as directories
from crypto import letter
from crypto.cells import CellClass
from crypto.directory import TrustedDirectory
from crypto.keys import PartnerKey
from crypto.layers import RoundNumber, wrap
from crypto.report import Report
from crypto.suite import SealingKey
from onion_service.dial import Dialler
from onion_service.errors import DialError
from onion_service.torrc import SocksAddress
from tests.privacy.seizure.plans import wait_until
from tests.rig import Rig, ask

_HANDS: Final = 4
_MARK_LEN: Final = 18
_CALL_SECONDS: Final = 30.0
_ANSWER_MAX: Final = 64
_TRIES_SECONDS: Final = 30.0
_BUSY = 503


@dataclass(frozen=True, slots=True)
class Written:
    """A report that somebody has written and sealed: the marker in its text, and the cell that is to leave."""

    marker: bytes
    cell: bytes


@dataclass(frozen=True, slots=True)
class Sent:
    """One body at the door: the round whose key it was wrapped for, when it was answered, and how."""

    written: Written
    envelope: bytes
    round_number: RoundNumber
    moment: float
    status: int


@dataclass(slots=True)
class Told:
    """Everything that the reporters know."""

    sent: list[Sent] = field(default_factory=list)
    refused: list[tuple[float, bytes]] = field(default_factory=list)
    broken: int = 0

    @property
    def accepted(self) -> list[Sent]:
        """What was answered 202, by time."""
        return sorted((one for one in self.sent if one.status == 202), key=lambda one: one.moment)


class Reporters:
    """People at one relay's door. `socks`: where the Tor of those who come through the onion is."""

    def __init__(self, rig: Rig, door: Path, *, socks: SocksAddress | None = None) -> None:
        self._rig: Final = rig
        self._door: Final = door
        self._socks: Final = socks
        self._route: tuple[RoundNumber, list[SealingKey]] | None = None
        self._lock: Final = threading.Lock()
        self._hands: Final = ThreadPoolExecutor(_HANDS, thread_name_prefix="reporter")
        self._far: Final = ThreadPoolExecutor(_HANDS, thread_name_prefix="onion")
        self._waiting: Final[list[Future[None]]] = []
        self.told: Final = Told()

    def at(self, moments: Sequence[float], what: Sequence[Callable[[], None]], *, far: bool = False) -> None:
        """Do each thing at its moment; returns once the last has begun."""
        hands = self._far if far else self._hands
        for moment, one in sorted(zip(moments, what, strict=True), key=lambda pair: pair[0]):
            wait_until(moment)
            self._waiting.append(hands.submit(one))

    def done(self) -> None:
        """Return when everything begun is done. Raises what went wrong."""
        while self._waiting:
            self._waiting.pop().result()

    def leave(self) -> None:
        """Everybody goes home."""
        self._hands.shutdown(wait=False, cancel_futures=True)
        self._far.shutdown(wait=False, cancel_futures=True)

    def send(self, written: Written) -> None:
        """Bring one report to the door; whoever is cut off, or too late for a key, tries again."""
        self._until_taken(written, self._post)

    def send_by_onion(self, written: Written) -> None:
        """The same, over Tor."""
        self._until_taken(written, self._call)

    def send_what_is_no_cell(self, body: bytes) -> None:
        """A body that must be refused."""
        status = self._post(body)
        self.told.refused.append((time.time(), body))
        if status == 202:
            raise AssertionError("the door took what is no cell")

    def wrapped(self, cell: bytes) -> bytes:
        """An envelope for the round key of this moment."""
        return wrap(cell, route=self._keys()[1])

    def _until_taken(self, written: Written, post: Callable[[bytes], int | None]) -> None:
        deadline = time.monotonic() + _TRIES_SECONDS
        number, keys = self._keys()
        envelope = wrap(written.cell, route=keys)
        while time.monotonic() < deadline:
            status = post(envelope)
            if status is None or status == _BUSY:
                self.told.broken += status is None
                time.sleep(0.03)
                continue
            self.told.sent.append(Sent(written, envelope, number, time.time(), status))
            if status == 202:
                return
            if status != 410:
                raise AssertionError(f"the door answered {status} to a report")
            with self._lock:
                self._route = None
            number, keys = self._keys()
            envelope = wrap(written.cell, route=keys)

    def _post(self, body: bytes) -> int | None:
        try:
            return ask(self._door, "POST", "/cells", body).status
        except OSError:
            return None

    def _call(self, body: bytes) -> int | None:
        if self._socks is None:
            raise RuntimeError("nobody here has a Tor")
        url = f"http://{self._rig.onion}/cells"
        dialler = Dialler(socks=self._socks)
        try:
            return asyncio.run(dialler.post(url, body, limit=_ANSWER_MAX, timeout=_CALL_SECONDS)).status
        except DialError:
            return None

    def _keys(self) -> tuple[RoundNumber, list[SealingKey]]:
        with self._lock:
            while self._route is None or self._route[0] < int(time.time() // self._rig.round_seconds):
                if (found := self._announced()) is not None:
                    self._route = found
                    break
                time.sleep(0.03)
            return self._route

    def _announced(self) -> tuple[RoundNumber, list[SealingKey]] | None:
        """The round keys of the relay, checked as a reporter checks them; None while it does not answer."""
        try:
            answer = ask(self._door, "GET", "/directory")
        except OSError:
            return None
        if answer.status != 200:
            return None
        signed, announcements = directories.read_answer(answer.body)
        trusted = TrustedDirectory.read(signed, root=self._rig.root.signing.verifying_key, now=int(time.time()))
        announced = directories.route_keys(trusted.directory, announcements)
        return announced[0].round_number, [one.key for one in announced]


def write(count: int, *, to: PartnerKey, chance: Random, parcels: int = 0) -> list[Written]:
    """Reports, each with a marker in its text, in an order of chance; the last `parcels` are parts of attachments."""
    found = []
    for number in range(count + parcels):
        marker = _marker(chance)
        if number < count:
            report = Report(text=f"Vi una camioneta blanca. {marker.decode()} " * chance.randrange(1, 60))
            cell = letter.seal_report(report, to=[to.opening.sealing_key], relays=1)
        else:
            cell = letter.seal_part(marker * 4_000, to=[to.opening.sealing_key], relays=1)
        found.append(Written(marker, cell))
    return found


def no_cells(count: int, chance: Random) -> list[tuple[bytes, bytes]]:
    """Bodies that must be refused, each with its marker: texts of any length, and ones as long as a cell."""
    found = []
    for number in range(count):
        marker = _marker(chance)
        length = CellClass.LETTER.wire_length if number % 2 else chance.randrange(30, 40_000)
        found.append((marker, (marker + b" soy testigo ") * (length // 30 + 1)))
        if number % 2:
            found[-1] = (marker, found[-1][1][:length].ljust(length, b"."))
    return found


def moments(count: int, start: float, end: float, chance: Random) -> list[float]:
    """Moments of chance between two others."""
    return sorted(chance.uniform(start, end) for _ in range(count))


def _marker(chance: Random) -> bytes:
    return base64.b32encode(chance.randbytes(_MARK_LEN)).strip(b"=")
