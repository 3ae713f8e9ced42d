"""A relay on this machine's loopback: the real formats and answers behind a SOCKS port that leads nowhere else.

The dialler under test is the real one; only tor is missing. What goes wrong is chosen by each test, one fault for each
cell that comes.
"""

import asyncio
import base64
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import Final

import msgspec
from aiohttp import web

from crypto.bundle import Bundle
from crypto.cells import CellClass, class_and_depth
from crypto.directory import BundleSizes, Card, Directory, Partner, Place, Relay, Topic, Words, sign, write_answer
from crypto.errors import CryptoError, NotForUs
from crypto.keys import KeyKind, PartnerKey, RelayKey, RootKey, generate
from crypto.layers import RoundKey, RoundNumber, peel
from crypto.letter import open_letter, top_up
from crypto.report import Report
from onion_service.address import OnionAddress
from onion_service.answers import UNAVAILABLE
from onion_service.site import PAGE_LEN, site_hashes
from onion_service.torrc import UnixSocket
from tests.both_ways import both_ways

ROUND_SECONDS: Final = 5
SIZES: Final = BundleSizes(letters=4, parcel_every=2, parcels=4)
FAR: Final = 4_000_000_000


class Fault(Enum):
    """What goes wrong with one cell."""

    FULL = auto()
    ANSWER_LOST = auto()
    REFUSED = auto()
    BROKEN = auto()


def root_key() -> RootKey:
    """A fresh root key."""
    key = generate(KeyKind.ROOT)
    assert isinstance(key, RootKey)
    return key


def relay_key() -> RelayKey:
    """A fresh relay identity."""
    key = generate(KeyKind.RELAY)
    assert isinstance(key, RelayKey)
    return key


def partner_key() -> PartnerKey:
    """A fresh partner's key."""
    key = generate(KeyKind.PARTNER)
    assert isinstance(key, PartnerKey)
    return key


def partner(partner_id: str, key: PartnerKey) -> Partner:
    """A partner as a directory lists it."""
    text = base64.b64encode(key.public).decode()
    return Partner(about=Words(en="Reads", es="Lee"), id=partner_id, key=text, name=partner_id.title())


@dataclass
class World:
    """Keys, a directory of one or two relays and two partners, and the relay's open rounds."""

    now: Callable[[], float]
    route_length: int = 1
    onion: str = ""
    round_seconds: int = ROUND_SECONDS
    root: RootKey = field(default_factory=root_key)
    identities: list[RelayKey] = field(default_factory=list)
    norte: PartnerKey = field(default_factory=partner_key)
    sur: PartnerKey = field(default_factory=partner_key)
    faults: deque[Fault] = field(default_factory=deque)
    fetches: int = 0
    posts: list[bytes] = field(default_factory=list)
    accepted: dict[int, set[bytes]] = field(default_factory=dict)
    missing_rounds: set[int] = field(default_factory=set)
    lost_rounds: set[int] = field(default_factory=set)
    clock_error: int = 0
    directory_faults: int = 0
    on_fetch: Callable[[], None] = lambda: None
    page: bytes = b"<!doctype html>\n<title>Veladora</title>\n".ljust(PAGE_LEN, b"\n")
    on_page: Callable[[web.Request], web.Response | None] = lambda _request: None

    def __post_init__(self) -> None:
        self.identities = [relay_key() for _ in range(self.route_length)]
        self.onions = [str(OnionAddress.of_public_key(key.public)) for key in self.identities]
        if self.onion:
            self.onions[0] = self.onion
        self.directory = Directory(
            expires=FAR,
            partners=[partner("norte", self.norte), partner("sur", self.sur)],
            route=[
                Relay(id=key.public.hex(), name=f"Relay {number}", onion=onion)
                for number, (key, onion) in enumerate(zip(self.identities, self.onions, strict=True))
            ],
            version=7,
            attachments_max=3_000_000,
            bundle=SIZES,
            places=[Place(id="sonora", name="Sonora")],
            round_seconds=self.round_seconds,
            site=site_hashes(self.root.signing.verifying_key),
            topics=[Topic(id="desaparicion", name=Words(en="Disappearance", es="Desaparición"))],
        )
        self.signed = sign(self.directory, self.root)
        self._keys: dict[tuple[int, int], RoundKey] = {}
        self._retired: set[bytes] = set()
        self._seen: set[bytes] = set()
        self._bundles: dict[tuple[int, CellClass], Bundle] = {}

    @property
    def card(self) -> Card:
        """The card of the first relay."""
        return Card(self.onions[0], self.root.signing.verifying_key)

    @property
    def round(self) -> RoundNumber:
        """The relay's round."""
        return RoundNumber(int(self.now() + self.clock_error) // self.round_seconds)

    def key(self, position: int, number: int) -> RoundKey:
        """The key of a relay for a round."""
        return self._keys.setdefault((position, number), RoundKey.generate(RoundNumber(number)))

    def publish(self, site: dict[str, str]) -> None:
        """The directory lists these hashes of what the door serves."""
        self.directory = msgspec.structs.replace(self.directory, site=site)
        self.signed = sign(self.directory, self.root)

    def retire_keys(self, *, remembered: bool = True) -> None:
        """The round keys in use are gone; `remembered` False: so is the memory that they were ours."""
        mine = [place for place in self._keys if place[0] == 0]
        for place in mine:
            retired = self._keys.pop(place)
            if remembered:
                self._retired.add(retired.tag)

    def answer(self) -> bytes:
        """What GET /directory answers."""
        keys = [self.key(position, self.round) for position in range(self.route_length)]
        announced = [key.announce(identity.signing) for key, identity in zip(keys, self.identities, strict=True)]
        return write_answer(self.signed, announced)

    def take(self, envelope: bytes) -> int:
        """The status for one envelope; a good one is peeled by every relay of the route at once."""
        try:
            if class_and_depth(len(envelope))[1] != 0:
                return 400
        except CryptoError:
            return 400
        usable = {self.key(0, number).tag: self.key(0, number) for number in (self.round, self.round - 1)}
        tag = envelope[:16]
        if tag in self._retired:
            return 410
        if tag not in usable:
            old = {key.tag for (position, _), key in self._keys.items() if position == 0}
            return 410 if tag in old else 400
        if envelope in self._seen:
            return 202
        cell = peel(envelope, usable[tag]).inner
        for position in range(1, self.route_length):
            cell = self._peel_inner(cell, position)
        self._seen.add(envelope)
        self.accepted.setdefault(self.round, set()).add(cell)
        return 202

    def _peel_inner(self, cell: bytes, position: int) -> bytes:
        """A relay that is not first keeps its keys, and tries them."""
        for (place, _), key in self._keys.items():
            if place == position:
                try:
                    return peel(cell, key).inner
                except NotForUs:
                    continue
        raise AssertionError("sealed to no key of the inner relay")

    def bundle(self, number: int, cell_class: CellClass) -> Bundle:
        """The bundle that the last relay made of a round."""
        if (number, cell_class) not in self._bundles:
            rounds = [number] if cell_class is CellClass.LETTER else range(number - SIZES.parcel_every + 1, number + 1)
            cells = {
                cell
                for each in rounds
                if each not in self.lost_rounds
                for cell in self.accepted.get(each, ())
                if class_and_depth(len(cell))[0] is cell_class
            }
            while len(cells) < SIZES.letters:
                cells.add(top_up(cell_class, relays=self.route_length))
            self._bundles[number, cell_class] = Bundle.sign(
                cells, cell_class=cell_class, round_number=RoundNumber(number), relay=self.identities[-1].signing
            )
        return self._bundles[number, cell_class]

    def lists(self, number: int) -> bytes:
        """What GET /rounds/<n> answers."""
        wire = self.bundle(number, CellClass.LETTER).hash_list.wire
        if number % SIZES.parcel_every == SIZES.parcel_every - 1:
            wire += self.bundle(number, CellClass.PARCEL).hash_list.wire
        return wire

    def opened(self, key: PartnerKey) -> list[Report | bytes]:
        """What a partner can open of everything that was accepted, each cell once."""
        found = []
        for cells in self.accepted.values():
            for cell in cells:
                try:
                    found.append(open_letter(cell, [key.opening]))
                except CryptoError:
                    continue
        return found

    def reports(self, key: PartnerKey) -> list[Report]:
        """The reports among them."""
        return [content for content in self.opened(key) if isinstance(content, Report)]

    def app(self) -> web.Application:
        """The door."""
        app = web.Application(client_max_size=2**21)
        app.add_routes(
            [
                web.get("/", self._page),
                web.get("/directory", self._directory),
                web.post("/cells", self._cells),
                web.get("/rounds/{number}", self._rounds),
            ]
        )
        app.on_response_prepare.append(_undated)
        return app

    async def _page(self, request: web.Request) -> web.Response:
        return self.on_page(request) or web.Response(body=self.page, content_type="text/html")

    async def _directory(self, _request: web.Request) -> web.Response:
        self.fetches += 1
        self.on_fetch()
        if self.directory_faults:
            self.directory_faults -= 1
            return web.Response(status=503, text=UNAVAILABLE.content.decode())
        return web.Response(body=self.answer())

    async def _cells(self, request: web.Request) -> web.Response:
        body = await request.read()
        assert request.content_length == len(body), "the door reads nothing of a body that does not say its length"
        self.posts.append(body)
        fault = self.faults.popleft() if self.faults else None
        if fault is Fault.FULL:
            return web.Response(status=503)
        if fault is Fault.REFUSED:
            return web.Response(status=400)
        if fault is Fault.BROKEN:
            return web.Response(status=418)
        status = self.take(body)
        if fault is Fault.ANSWER_LOST and request.transport is not None:
            request.transport.abort()
        return web.Response(status=status)

    async def _rounds(self, request: web.Request) -> web.Response:
        number = int(request.match_info["number"])
        if number in self.missing_rounds or (number + 1) * self.round_seconds > self.now() + self.clock_error:
            return web.Response(status=404)
        return web.Response(body=self.lists(number))


async def _undated(_request: web.Request, response: web.StreamResponse) -> None:
    """A door tells neither time nor program."""
    for name in ("Date", "Server"):
        response.headers.pop(name, None)


@dataclass
class Road:
    """The SOCKS port that leads to the relays of a world, and the logins it was given."""

    socks: UnixSocket
    logins: list[bytes]
    hosts: list[str]


@contextmanager
def road(world: World, folder: Path) -> Iterator[Road]:
    """A world's relays behind a SOCKS port, in a thread of their own until the block is left."""
    with way(world.onions, folder / "door", folder / "socks", app=world.app()) as built:
        yield built


@contextmanager
def way(onions: Sequence[str], door: Path, socks: Path, *, app: web.Application | None = None) -> Iterator[Road]:
    """A SOCKS port through which `onions` are the door at a unix socket, which `app` serves if somebody must."""
    built = Road(UnixSocket(socks), [], [])
    started: Future[Callable[[], object]] = Future()

    async def serve() -> None:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        runner = web.AppRunner(app or web.Application(), access_log=None)
        await runner.setup()
        if app is not None:
            await web.UnixSite(runner, str(door)).start()
        proxy = await asyncio.start_unix_server(
            lambda reader, writer: _socks(reader, writer, built, onions, door), str(built.socks.path)
        )
        started.set_result(lambda: loop.call_soon_threadsafe(stop.set))
        await stop.wait()
        proxy.close()
        await runner.cleanup()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="loopback relay")
    thread.start()
    end = started.result(10)
    try:
        yield built
    finally:
        end()
        thread.join(10)


async def _socks(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, built: Road, onions: Sequence[str], door: Path
) -> None:
    """RFC 1928 and 1929, as far as one client needs them."""
    try:
        _, methods = await reader.readexactly(2)
        await reader.readexactly(methods)
        writer.write(b"\x05\x02")
        name_length = (await reader.readexactly(2))[1]
        login = await reader.readexactly(name_length)
        password = await reader.readexactly((await reader.readexactly(1))[0])
        built.logins.append(login + b":" + password)
        writer.write(b"\x01\x00")
        host = (await reader.readexactly((await reader.readexactly(5))[4])).decode()
        await reader.readexactly(2)
        built.hosts.append(host)
        known = host in onions
        writer.write(bytes([5, 0 if known else 0xF0, 0, 1, 0, 0, 0, 0, 0, 0]))
        await writer.drain()
        if known:
            await both_ways(reader, writer, await asyncio.open_unix_connection(str(door)))
    except (OSError, asyncio.IncompleteReadError):
        return
    finally:
        writer.close()
