"""The desk's settings, read once, whole and strictly: a misspelt setting stops the start, never changes the meaning
(docs/partner.md).
"""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from crypto.bundle import MAX_CELLS
from crypto.cells import CellClass
from crypto.directory import Card
from crypto.errors import Malformed
from crypto.signing import VerifyingKey
from forwarder.desk.errors import BadSettings
from forwarder.desk.publish.alert import LANGUAGES
from forwarder.desk.publish.errors import NotAnAlert
from forwarder.desk.publish.safety import Policy
from onion_service.address import OnionAddress
from onion_service.dial import OnionUrl
from onion_service.errors import NotAnOnion, UnsafeSetting
from onion_service.private import AuthoritySettings, private_net
from onion_service.torrc import DialTor, OnionTor, OutletTor, SocksAddress, UnixSocket, socks_address

SETTINGS_NAME: Final = "desk.toml"
SETTINGS_MAX: Final = 65_536
NAME_MAX: Final = 400
OLDER_KEYS_MAX: Final = 16

_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_HEX32: Final = re.compile(r"[0-9a-f]{64}")
_SPOKEN: Final = frozenset(LANGUAGES)


class PartnerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who this desk is: the id and name in the directory, its key file, and those of earlier periods."""

    id: str
    name: str
    key: str = "partner.key"
    older_keys: list[str] = []

    def __post_init__(self) -> None:
        if not _SLUG.fullmatch(self.id):
            raise ValueError("id: small letters, digits and hyphens")
        if not (0 < len(self.name) <= NAME_MAX and self.name.isprintable()):
            raise ValueError(f"name: 1 to {NAME_MAX} characters")
        if len(self.older_keys) > OLDER_KEYS_MAX:
            raise ValueError(f"older_keys: at most {OLDER_KEYS_MAX}")


class RelaySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The relay whose bundles this desk takes. All of it is in the relay's card and its signed directory.

    `identity`: the last relay's id. `card`: `<onion>#<root key>`. `letters`, `parcels` and `parcel_every`: the sizes
    of its bundles; a longer one is refused unread. `partners_onion`: where this desk may come for what it missed; empty
    where it may not. `keep_rounds`: for how many rounds the relay keeps bundles.
    """

    identity: str
    card: str
    round_seconds: int = 900
    letters: int = 64
    parcels: int = 16
    parcel_every: int = 4
    partners_onion: str = ""
    keep_rounds: int = 672

    def __post_init__(self) -> None:
        if not _HEX32.fullmatch(self.identity):
            raise ValueError("identity: 64 hexadecimal digits; ask the operator of the relay")
        try:
            Card.parse(self.card)
        except Malformed as error:
            raise ValueError(f"card: {error}") from error
        if not (1 <= self.letters <= MAX_CELLS and 1 <= self.parcels <= MAX_CELLS and 1 <= self.parcel_every <= 96):
            raise ValueError(f"letters and parcels: 1 to {MAX_CELLS}; parcel_every: 1 to 96")
        if not 5 <= self.round_seconds <= 86_400:
            raise ValueError("round_seconds: 5 to 86400")
        if not 4 <= self.keep_rounds <= 100_000:
            raise ValueError("keep_rounds: 4 to 100000")
        if self.partners_onion:
            try:
                OnionAddress(self.partners_onion)
            except NotAnOnion as error:
                raise ValueError(f"partners_onion: <56 characters>.onion and nothing else: {error}") from error

    @property
    def verifying_key(self) -> VerifyingKey:
        """The key that signs its bundles and deliveries."""
        return VerifyingKey(bytes.fromhex(self.identity))

    def cells(self, cell_class: CellClass) -> int:
        """How many cells a bundle of this class holds at most."""
        return self.letters if cell_class is CellClass.LETTER else self.parcels

    def step(self, cell_class: CellClass) -> int:
        """After how many rounds the next bundle of this class leaves."""
        return 1 if cell_class is CellClass.LETTER else self.parcel_every


class TorSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`launch`: start a tor of our own. `attach`: use a running one that has our onion service in its torrc.

    `program`: the tor to launch. `control` and `service`: where the running tor answers (`unix:/path` or
    `127.0.0.1:9051`) and its HiddenServiceDir; `socks`: where the same tor dials, without which the desk only waits to
    be called.
    `authority`: a private network instead of the public one.
    """

    mode: str = "launch"
    program: str = "tor"
    control: str = ""
    service: str = ""
    socks: str = ""
    authority: list[AuthoritySettings] = []

    def __post_init__(self) -> None:
        if self.mode not in ("launch", "attach"):
            raise ValueError('mode: "launch" or "attach"')
        if (self.mode == "attach") != bool(self.control and self.service.startswith("/")):
            raise ValueError("control, and service as an absolute path, go with mode attach, and only with it")
        if self.socks:
            if self.mode != "attach":
                raise ValueError("socks goes with mode attach, and only with it")
            try:
                socks_address(self.socks)
            except UnsafeSetting as error:
                raise ValueError(f"socks: {error}") from error


class WebSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The desk's pages. `lock_after_minutes`: how long nobody has to do anything until the desk locks itself."""

    lock_after_minutes: int = 15

    def __post_init__(self) -> None:
        if not 1 <= self.lock_after_minutes <= 240:
            raise ValueError("lock_after_minutes: 1 to 240")


class PublishSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What this desk demands before something leaves, and where it goes (docs/spec/alerts.md, "What may leave").

    `folder`, `key` and `places` are names in the desk's folder. `languages`: in which every alert is written.
    `address`: where readers find the alerts, for posts; empty when nobody serves them yet. `serve`: on an onion of the
    desk's own.
    """

    resolution: int = 7
    coarsest: int = 4
    k: int = 3
    wait_hours: int = 12
    folder: str = "alerts"
    key: str = "alerts.key"
    places: str = "places.json"
    languages: tuple[str, ...] = LANGUAGES
    address: str = ""
    serve: bool = False

    def __post_init__(self) -> None:
        try:
            self.policy  # noqa: B018 - so that nobody can hold settings with a policy that is none
            if self.address:
                OnionUrl.parse(self.address)
        except (NotAnAlert, NotAnOnion) as error:
            raise ValueError(str(error)) from error
        if not self.languages or len(set(self.languages)) < len(self.languages) or not set(self.languages) <= _SPOKEN:
            raise ValueError(f"languages: one or more of {', '.join(LANGUAGES)}, each once")
        if self.address and not self.address.endswith("/"):
            raise ValueError("address: http://<56 characters>.onion/alerts/, with the / at its end")

    @property
    def policy(self) -> Policy:
        """What an incident must fulfil."""
        return Policy(resolution=self.resolution, coarsest=self.coarsest, k=self.k, wait_hours=self.wait_hours)


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything a desk sets. `relay` may be filled in later; until then there is nothing to receive."""

    partner: PartnerSettings
    relay: RelaySettings | None = None
    tor: TorSettings = TorSettings()
    web: WebSettings = WebSettings()
    publish: PublishSettings = PublishSettings()


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings with the folder they are in; every path is made here."""

    config: Config
    folder: Path

    @property
    def relay(self) -> RelaySettings:
        """The relay's settings. Raises BadSettings while they are not filled in."""
        if self.config.relay is None:
            raise BadSettings(self.folder / SETTINGS_NAME, "the [relay] part is not filled in yet")
        return self.config.relay

    @property
    def key_files(self) -> list[Path]:
        """The partner's key files, the current one first, then those of earlier periods."""
        named = [self.folder / name for name in (self.config.partner.key, *self.config.partner.older_keys)]
        return [*named, *sorted(self.older_keys_folder.glob("*.key"))]

    @property
    def older_keys_folder(self) -> Path:
        """Where `veladora desk new-key` puts the keys of earlier periods, each named for its last day."""
        return self.folder / "older-keys"

    @property
    def alerts_folder(self) -> Path:
        """Where the signed feeds lie; `current` in it is what may be copied."""
        return self.folder / self.config.publish.folder

    @property
    def alerts_key_file(self) -> Path:
        """The key that signs what this desk publishes."""
        return self.folder / self.config.publish.key

    @property
    def places_file(self) -> Path:
        """The gazetteer."""
        return self.folder / self.config.publish.places

    @property
    def endpoint_socket(self) -> UnixSocket:
        """Where the endpoint listens and tor connects."""
        return UnixSocket(self.folder / "tor" / "endpoint.socket")

    @property
    def service_directory(self) -> Path:
        """Where tor keeps the key and the name of the endpoint's onion."""
        named = self.config.tor.service
        return Path(named) if named else self.folder / "tor" / "service"

    @property
    def control(self) -> SocksAddress:
        """Where a running tor answers its control protocol."""
        return socks_address(self.config.tor.control)

    @property
    def socks(self) -> SocksAddress | None:
        """Where the tor dials with which this desk calls others; None when it calls nobody."""
        if self.config.tor.mode == "attach":
            return socks_address(self.config.tor.socks) if self.config.tor.socks else None
        return UnixSocket(self.folder / "tor" / "control" / "socks")

    def dial_tor(self) -> DialTor:
        """The tor of our own that calls others, in mode launch."""
        tor = self.folder / "tor"
        return DialTor(
            data_directory=tor / "dial",
            socks=UnixSocket(tor / "control" / "socks"),
            control=UnixSocket(tor / "control" / "dial"),
            private_net=private_net(self.config.tor.authority),
        )

    def outlet_tor(self) -> OutletTor:
        """The tor of our own that channels go through, and nothing else."""
        tor = self.folder / "tor" / "outlet"
        return OutletTor(
            data_directory=tor / "data",
            socks=UnixSocket(tor / "control" / "socks"),
            control=UnixSocket(tor / "control" / "socket"),
            private_net=private_net(self.config.tor.authority),
        )

    def alerts_tor(self) -> OnionTor:
        """The tor of our own that serves what is published, on an onion that is not the endpoint's."""
        tor = self.folder / "tor" / "alerts"
        return OnionTor(
            data_directory=tor / "data",
            service_directory=tor / "service",
            target=UnixSocket(tor / "door.socket"),
            control=UnixSocket(tor / "control" / "socket"),
            private_net=private_net(self.config.tor.authority),
        )

    def onion_tor(self) -> OnionTor:
        """The tor of our own that holds the endpoint's onion. Raises an OnionServiceError on a folder it cannot use."""
        tor = self.folder / "tor"
        return OnionTor(
            data_directory=tor / "data",
            service_directory=self.service_directory,
            target=self.endpoint_socket,
            control=UnixSocket(tor / "control" / "socket"),
            private_net=private_net(self.config.tor.authority),
        )


def read_settings(folder: Path) -> Settings:
    """The settings in `folder`. Raises BadSettings, naming what must be mended."""
    path = folder.absolute() / SETTINGS_NAME
    try:
        with path.open("rb") as file:
            wire = file.read(SETTINGS_MAX + 1)
    except OSError as error:
        raise BadSettings(path, f"cannot be read: {error.strerror}") from error
    return Settings(parse_settings(wire, path=path), path.parent)


def parse_settings(wire: bytes, *, path: Path) -> Config:
    """The settings that `wire` spells; `path` is for the message. Raises BadSettings."""
    if len(wire) > SETTINGS_MAX:
        raise BadSettings(path, f"longer than {SETTINGS_MAX} bytes")
    try:
        return msgspec.convert(tomllib.loads(wire.decode()), Config, strict=True)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError, msgspec.ValidationError) as error:
        raise BadSettings(path, str(error)) from error
