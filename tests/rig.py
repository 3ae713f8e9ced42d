"""A relay's folder as an operator would have it, and a reporter at its door; made fresh for each test."""

import base64
import hashlib
import http.client
import os
import secrets
import signal
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from crypto import directory as directories
from crypto import keys
from crypto.bundle import Bundle, HashList
from crypto.cells import CellClass
from crypto.directory import BundleSizes, Directory, Partner, Place, Relay, Topic, TrustedDirectory, Words
from crypto.errors import NotForUs
from crypto.keys import KeyKind, PartnerKey, RelayKey, RootKey
from crypto.layers import AnnouncedKey
from crypto.letter import open_letter
from crypto.report import Report, join
from crypto.suite import SealingKey
from forwarder.bundles import BundleStore
from onion_service.site import site_hashes
from relay import config
from relay.config import Settings
from relay.journal import Journal
from relay.supervisor import NodeKeeper

ONION = "a" * 56 + ".onion"
NOBODY = "unix:/nonexistent/socks"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the door said."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


def _root() -> RootKey:
    key = keys.generate(KeyKind.ROOT)
    assert isinstance(key, RootKey)
    return key


def _relay() -> RelayKey:
    key = keys.generate(KeyKind.RELAY)
    assert isinstance(key, RelayKey)
    return key


def partner_key() -> PartnerKey:
    """A fresh partner's key."""
    key = keys.generate(KeyKind.PARTNER)
    assert isinstance(key, PartnerKey)
    return key


def any_cell(cell_class: CellClass = CellClass.LETTER) -> bytes:
    """What a relay takes for a letter or a parcel: it cannot tell one from any other bytes."""
    return secrets.token_bytes(cell_class.length_after(1))


@dataclass(frozen=True, slots=True)
class Rig:
    """One relay: its keys, its partners' keys and its folder."""

    folder: Path
    round_seconds: int = 5
    sizes: BundleSizes = field(default_factory=lambda: BundleSizes(letters=8, parcels=4, parcel_every=2))
    letters: int = 256
    parcels: int = 8
    root: RootKey = field(default_factory=_root)
    relay: RelayKey = field(default_factory=_relay)
    partners: tuple[PartnerKey, ...] = field(default_factory=lambda: (partner_key(), partner_key()))
    onion: str = ONION
    topics: tuple[Topic, ...] = ()
    places: tuple[Place, ...] = ()
    # Who each partner is; without them partners are numbered.
    described: tuple[tuple[str, Words], ...] = ()

    def directory(self, *, version: int = 1, expires_in: int = 86_400) -> Directory:
        """The directory that names this relay and its partners."""
        return Directory(
            expires=int(time.time()) + expires_in,
            version=version,
            round_seconds=self.round_seconds,
            bundle=self.sizes,
            route=[Relay(id=self.relay.public.hex(), name="test", onion=self.onion)],
            partners=[
                Partner(
                    id=f"partner-{number}",
                    name=name,
                    about=about,
                    key=base64.b64encode(partner.public).decode(),
                )
                for number, (partner, (name, about)) in enumerate(zip(self.partners, self._who(), strict=True))
            ],
            topics=list(self.topics),
            places=list(self.places),
            site=site_hashes(self.root.signing.verifying_key),
        )

    def _who(self) -> Sequence[tuple[str, Words]]:
        return self.described or [(f"Partner {number}", Words(es="", en="")) for number in range(len(self.partners))]

    @property
    def card(self) -> str:
        """What a reporter is given: where the relay is, and under which key its directory must be signed."""
        return f"{self.onion}#{self.root.public.hex()}"

    def write(self, *, more_settings: str = "") -> Settings:
        """Write the folder and read the settings back. There is no Tor, so there are no loops unless a test says so."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "directory.signed").write_bytes(directories.sign(self.directory(), self.root))
        (self.folder / "relay.key").write_bytes(keys.lock(self.relay, passphrase=None))
        text = (
            f'[relay]\nroot = "{self.root.public.hex()}"\n[spool]\nletters = {self.letters}\nparcels = {self.parcels}\n'
        )
        loops = "" if "[loops]" in more_settings else "[loops]\nper_round = 0\n"
        (self.folder / "relay.toml").write_text(f"{text}{loops}{more_settings}")
        return config.read(self.folder / "relay.toml")

    def store(self) -> BundleStore:
        """The relay's closed bundles."""
        return BundleStore(self.folder / "state" / "bundles", keep_rounds=100_000)

    def cells(self) -> dict[CellClass, list[bytes]]:
        """Every cell that has left in a closed bundle, by class."""
        store, key = self.store(), self.relay.signing.verifying_key
        return {
            cell_class: [
                cell
                for number in store.rounds(cell_class)
                for cell in Bundle.parse(store.read(cell_class, number), relay=key).cells
            ]
            for cell_class in CellClass
        }

    def opened(self, partner: PartnerKey) -> list[Report | bytes]:
        """What a partner can open of all that has left: reports, and parts of attachments."""
        found = []
        for cells in self.cells().values():
            for cell in cells:
                with suppress(NotForUs):
                    found.append(open_letter(cell, [partner.opening]))
        return found

    def reports(self, partner: PartnerKey) -> list[tuple[Report, list[bytes]]]:
        """The reports that have left for a partner, each with those attachments of which every part has left too."""
        opened = self.opened(partner)
        parts = {hashlib.sha256(part).hexdigest(): part for part in opened if isinstance(part, bytes)}
        return [
            (report, [join(one, parts) for one in report.attachments if set(one.parts) <= parts.keys()])
            for report in opened
            if isinstance(report, Report)
        ]

    @contextmanager
    def running(
        self, settings: Settings | None = None, *, program: str = "relay.node", socks: str = NOBODY
    ) -> Iterator["Running"]:
        """The real node in its own process, under the keeper that holds its memory.

        `program` is the node's module; a planted mutant has one of its own. `socks`: where the tor that dials would be.
        """
        settings = settings or self.write()
        settings.state.mkdir(mode=0o700, exist_ok=True)
        with (settings.folder / "journal").open("a") as stream:
            journal = Journal(stream)
            with NodeKeeper(
                settings, self.relay.signing, socks=socks, journal=journal, program=program, environment=for_tests()
            ) as keeper:
                keeper.start()
                running = Running(self, keeper, settings.door_socket)
                running.wait_open()
                yield running


@dataclass(frozen=True, slots=True)
class Running:
    """A node that runs, and the way to its door."""

    rig: Rig
    keeper: NodeKeeper
    socket: Path

    def wait_open(self, seconds: float = 30.0) -> None:
        """Return when the door answers; starts the node again meanwhile when it has died."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.keeper.look()
            try:
                if self.ask("GET", "/directory").status == 200:
                    return
            except OSError:
                time.sleep(0.02)
        raise TimeoutError("the door does not open")

    def kill(self) -> None:
        """The node dies at once; returns when another is started, which may not answer yet."""
        pid = self.keeper.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        while self.keeper.pid == pid:
            self.keeper.look()

    def ask(self, method: str, path: str, body: bytes | None = None, headers: Sequence[tuple[str, str]] = ()) -> Answer:
        """One request on a connection of its own."""
        return ask(self.socket, method, path, body, headers)

    def route(self) -> list[SealingKey]:
        """The current round key of the relay, checked as a reporter checks it."""
        return [announced.key for announced in self.announced()]

    def announced(self) -> list[AnnouncedKey]:
        """The announced round keys."""
        signed, announcements = directories.read_answer(self.ask("GET", "/directory").body)
        trusted = TrustedDirectory.read(signed, root=self.rig.root.signing.verifying_key, now=int(time.time()))
        return directories.route_keys(trusted.directory, announcements)

    def post(self, envelope: bytes) -> int:
        """The status for one envelope."""
        return self.ask("POST", "/cells", envelope).status

    def hashes(self, number: int) -> set[bytes] | None:
        """The public hashes of a closed round, signature checked; None while there are none."""
        answer = self.ask("GET", f"/rounds/{number}")
        if answer.status != 200:
            return None
        found, rest = set(), answer.body
        while rest:
            listed, rest = HashList.take(rest, relay=self.rig.relay.signing.verifying_key)
            found |= set(listed.hashes)
        return found

    def wait_round(self, number: int, seconds: float = 30.0) -> set[bytes]:
        """The hashes of a round once it is closed."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.keeper.look()
            if (found := self.hashes(number)) is not None:
                return found
            time.sleep(0.05)
        raise TimeoutError(f"round {number} does not close")


def for_tests() -> dict[str, str]:
    """What a node is told that no operator's node is: which promise to break, and whether its lines are counted."""
    return {name: value for name, value in os.environ.items() if name.startswith(("VELADORA_MUTANT", "COVERAGE_"))}


class _Unix(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("door", timeout=30)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        try:
            self.sock.connect(os.fspath(self._path))
        except OSError:
            self.sock.close()
            raise


def ask(
    path: Path, method: str, target: str, body: bytes | None = None, headers: Sequence[tuple[str, str]] = ()
) -> Answer:
    """One HTTP request over a unix socket."""
    connection = _Unix(path)
    try:
        connection.request(method, target, body=body, headers=dict(headers))
        response = connection.getresponse()
        return Answer(response.status, response.read(), tuple(response.getheaders()))
    except http.client.HTTPException as error:
        raise ConnectionError(str(error)) from error
    finally:
        connection.close()
