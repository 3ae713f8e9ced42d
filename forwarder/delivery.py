"""The same bundles to every partner, oldest first, until each has acknowledged them (docs/spec/delivery.md).

Every partner has a task of its own, so none waits for another. What is remembered of a partner is one round number.
"""

import asyncio
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Final, Protocol
from weakref import WeakValueDictionary

from crypto.cells import CellClass
from crypto.layers import ROUND_MAX, RoundNumber
from crypto.signing import SigningKey
from forwarder.bundles import BundleStore
from forwarder.durable import remove_unfinished, write_durably
from forwarder.errors import Damaged, NotDelivered, NotWritten, Refused, Unreachable
from forwarder.retry import Patience, due
from forwarder.webhook import webhook_headers
from onion_service.errors import DialError

ANSWER_MAX: Final = 4_096
# A bundle may take this long, and as much longer as it takes at a slow onion circuit's pace.
TIMEOUT_SECONDS: Final = 60.0
SLOWEST_BYTES_PER_SECOND: Final = 16_384
CONFLICT: Final = 409

_PARTNER_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_ROUND: Final = re.compile(rb"(0|[1-9][0-9]{0,15})\n")


class Event(Enum):
    """Everything that is ever said about delivery."""

    DELIVERED = "delivered"  # up to this round, whole
    UNREACHABLE = "unreachable"  # nobody answered when this round was offered
    REFUSED = "refused"  # the endpoint answered, but did not take this round
    CONFLICT = "conflict"  # the partner has another bundle for this round; it keeps that one
    DAMAGED = "damaged"  # our copy of this round is unreadable; it is left out
    NOT_RECORDED = "not recorded"  # up to this round all was acknowledged, but the disk did not take the note


class Journal(Protocol):
    """Who is told: which event, which partner, which round. There is nothing else to tell."""

    def __call__(self, event: Event, *, partner: str, round_number: RoundNumber) -> None: ...


class Answer(Protocol):
    """What came back from an endpoint."""

    @property
    def status(self) -> int: ...


class Post(Protocol):
    """One POST over Tor, on a circuit of its own: `onion_service.dial.Dialler.post`. Raises DialError."""

    async def __call__(
        self,
        url: str,
        body: bytes,
        *,
        headers: Mapping[str, str],
        limit: int,
        timeout: float,  # noqa: ASYNC109 - the dialler counts the time of one call itself
    ) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Partner:
    """To whom bundles go: the id in the directory, and the endpoint's address."""

    id: str
    endpoint: str

    def __post_init__(self) -> None:
        if not _PARTNER_ID.fullmatch(self.id):
            raise ValueError("a partner's id has small letters, digits and hyphens")


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Dispatch:
    """A bundle and its headers: the same for every partner."""

    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class _Line:
    """One partner, and how far it has come."""

    partner: Partner
    acknowledged: RoundNumber | None
    noted: RoundNumber | None
    patience: Patience = field(default_factory=Patience)
    wake: asyncio.Event = field(default_factory=asyncio.Event)


async def deliver(dispatch: Dispatch, *, to: Partner, post: Post) -> None:
    """Return when the partner has acknowledged the bundle. Raises Unreachable or Refused; offer it again later."""
    timeout = TIMEOUT_SECONDS + len(dispatch.body) / SLOWEST_BYTES_PER_SECOND
    try:
        answer = await post(to.endpoint, dispatch.body, headers=dispatch.headers, limit=ANSWER_MAX, timeout=timeout)
    except DialError as error:
        raise Unreachable(str(error)) from error
    if not 200 <= answer.status < 300:
        raise Refused(answer.status)


class Deliveries:
    """Every partner's deliveries. `note` and `closed` at each edge; run it in a task until it is cancelled."""

    def __init__(
        self,
        partners: Iterable[Partner],
        *,
        store: BundleStore,
        folder: Path,
        relay: SigningKey,
        round_seconds: int,
        post: Post,
        journal: Journal,
    ) -> None:
        """`folder` keeps one file with one number for each partner. Raises Damaged when one of them is not that."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        remove_unfinished(folder)
        self._folder: Final = folder
        beginnings = [(partner, _begin(_note(folder, partner), store)) for partner in partners]
        self._lines: Final = [_Line(partner, start, noted=start) for partner, start in beginnings]
        if len({line.partner.id for line in self._lines}) != len(self._lines):
            raise ValueError("two partners have one id")
        self._store: Final = store
        self._relay: Final = relay
        self._seconds: Final = round_seconds
        self._post: Final = post
        self._journal: Final = journal
        self._closed: RoundNumber | None = None
        self._loading: Final = asyncio.Lock()
        # Who pushes the same bundle at the same time shares its one copy in memory.
        self._ready: Final[WeakValueDictionary[tuple[CellClass, RoundNumber], Dispatch]] = WeakValueDictionary()

    async def note(self) -> None:
        """Write down how far each partner is. At the edge only, so that no file keeps when a partner answered.

        What was acknowledged since and not noted when the relay stops is offered again; a partner takes it once.
        """
        for line in self._lines:
            known = line.acknowledged
            if known is None or known == line.noted:
                continue
            try:
                await asyncio.to_thread(write_durably, _note(self._folder, line.partner), [b"%d\n" % known])
            except NotWritten:
                self._tell(Event.NOT_RECORDED, line, known)
            else:
                line.noted = known

    def closed(self, round_number: RoundNumber, *, push_in: float) -> None:
        """The bundles of this round, and of all before it, are in the store; push them in `push_in` seconds.

        The caller has the clock: `push_in` is what is left until the fixed moment after the edge. What is stored after
        a later round was acknowledged is not pushed.
        """
        asyncio.get_running_loop().call_later(max(push_in, 0.0), self._release, round_number)

    def acknowledged(self, partner_id: str) -> RoundNumber | None:
        """The last round this partner has whole. Raises KeyError for a partner we do not have."""
        return {line.partner.id: line.acknowledged for line in self._lines}[partner_id]

    async def run(self) -> None:
        """Push until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for line in self._lines:
                tasks.create_task(self._serve(line), name=f"delivery to {line.partner.id}")

    def _release(self, round_number: RoundNumber) -> None:
        self._closed = round_number
        for line in self._lines:
            line.wake.set()

    async def _serve(self, line: _Line) -> None:
        while True:
            await line.wake.wait()
            line.wake.clear()
            before = line.acknowledged
            while rounds := await self._due(line):
                await self._push(line, rounds)
            if line.acknowledged is not None and line.acknowledged != before:
                self._tell(Event.DELIVERED, line, line.acknowledged)

    async def _due(self, line: _Line) -> list[RoundNumber]:
        if self._closed is None:
            return []
        letters, parcels = await asyncio.to_thread(
            lambda: (self._store.rounds(CellClass.LETTER), self._store.rounds(CellClass.PARCEL))
        )
        return due(
            kept=[*letters, *parcels], acknowledged=line.acknowledged, closed=self._closed, patience=line.patience
        )

    async def _push(self, line: _Line, rounds: list[RoundNumber]) -> None:
        """Push these rounds in order, up to the first that is not acknowledged."""
        for round_number in rounds:
            try:
                for cell_class in CellClass:
                    await self._push_bundle(line, cell_class, round_number)
            except NotDelivered as error:
                event = Event.REFUSED if isinstance(error, Refused) else Event.UNREACHABLE
                self._tell(event, line, round_number)
                line.patience = line.patience.after_failure(self._closed or round_number)
                return
            line.patience = Patience()
            line.acknowledged = round_number

    async def _push_bundle(self, line: _Line, cell_class: CellClass, round_number: RoundNumber) -> None:
        try:
            dispatch = await self._dispatch(cell_class, round_number)
        except KeyError:
            return  # none of this class left in this round, or it is no longer kept
        except Damaged:
            self._tell(Event.DAMAGED, line, round_number)
            return
        try:
            await deliver(dispatch, to=line.partner, post=self._post)
        except Refused as error:
            # The partner has another bundle under this name already; offering ours again would only hold up the rest.
            if error.status != CONFLICT:
                raise
            self._tell(Event.CONFLICT, line, round_number)

    async def _dispatch(self, cell_class: CellClass, round_number: RoundNumber) -> Dispatch:
        async with self._loading:
            ready = self._ready.get((cell_class, round_number))
            if ready is None:
                ready = await asyncio.to_thread(self._load, cell_class, round_number)
                self._ready[cell_class, round_number] = ready
            return ready

    def _load(self, cell_class: CellClass, round_number: RoundNumber) -> Dispatch:
        body = self._store.read(cell_class, round_number)
        headers = webhook_headers(
            body, cell_class=cell_class, round_number=round_number, round_seconds=self._seconds, relay=self._relay
        )
        return Dispatch(headers, body)

    def _tell(self, event: Event, line: _Line, round_number: RoundNumber) -> None:
        self._journal(event, partner=line.partner.id, round_number=round_number)


def _note(folder: Path, partner: Partner) -> Path:
    return folder / f"{partner.id}.acknowledged"


def _begin(path: Path, store: BundleStore) -> RoundNumber | None:
    """Where to go on with a partner. Who is new gets what leaves from now on: it could open nothing older."""
    known = _recall(path)
    if known is not None:
        return known
    latest = store.latest() or RoundNumber(0)
    try:
        write_durably(path, [b"%d\n" % latest])
    except NotWritten:
        return None
    return latest


def _recall(path: Path) -> RoundNumber | None:
    try:
        match = _ROUND.fullmatch(path.read_bytes()[:32])
    except FileNotFoundError:
        return None
    if match is None or int(match[1]) > ROUND_MAX:
        raise Damaged(path, "not one round number; remove it, and the partner is offered every kept round again")
    return RoundNumber(int(match[1]))
