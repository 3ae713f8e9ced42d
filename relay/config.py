"""The settings, read once, whole and strictly: a misspelt setting stops the start, never changes the meaning
(deploy/relay.toml.example).

What the public must know (round length, bundle sizes, partners' keys) is not here: it is in the signed directory.
"""

import re
import tomllib
from pathlib import Path
from typing import Any, Final

import msgspec

from crypto.errors import Malformed
from crypto.minisign import PublicKey
from crypto.signing import VerifyingKey
from onion_service.client_auth import check_public
from onion_service.errors import UnsafeSetting
from onion_service.private import AuthoritySettings

CONFIG_MAX: Final = 65_536
_ROOT: Final = re.compile(r"[0-9a-f]{64}")
_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_ENDPOINT: Final = re.compile(r"http://[a-z2-7]{56}\.onion(:[0-9]{1,5})?/[!-~]{0,200}")
_SOCKS: Final = re.compile(r"127\.0\.0\.1:[0-9]{1,5}|unix:/.+")


class ConfigError(Exception):
    """The settings cannot be used; the operator must mend the file. The text names the setting."""


class RelaySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where this relay's things are. Relative paths start at the folder of the settings file."""

    root: str
    identity: str = "relay.key"
    directory: str = "directory.signed"
    state: str = "state"

    def __post_init__(self) -> None:
        if not _ROOT.fullmatch(self.root):
            raise ValueError("root is the root public key: 64 hexadecimal digits (`veladora keys show root.key`)")


class SpoolSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many cells can wait in memory. A letter takes 32 KiB, a parcel 1 MiB, all of it from the start."""

    letters: int = 2_048
    parcels: int = 64

    def __post_init__(self) -> None:
        if not (16 <= self.letters <= 65_536 and 4 <= self.parcels <= 4_096):
            raise ValueError("letters: 16 to 65536; parcels: 4 to 4096")


class BundleSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For how many rounds closed bundles are kept, for partners who were away."""

    keep_rounds: int = 672

    def __post_init__(self) -> None:
        if not 4 <= self.keep_rounds <= 100_000:
            raise ValueError("keep_rounds: 4 to 100000")


class TorSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`launch`: start two tors of our own. `attach`: use running ones (docs/operate.md says how to set them up).

    `program`: the tor to launch. `socks`: where the running tor that dials answers. `control`: the control
    socket of the tor that holds the onion service, and `service` its HiddenServiceDir. `authority`: a private network
    instead of the public one.
    """

    mode: str = "launch"
    program: str = "tor"
    socks: str = ""
    control: str = ""
    service: str = ""
    authority: list[AuthoritySettings] = []

    def __post_init__(self) -> None:
        if self.mode not in ("launch", "attach"):
            raise ValueError('mode: "launch" or "attach"')
        if self.mode == "attach" and not (
            _SOCKS.fullmatch(self.socks) and self.control.startswith("/") and self.service.startswith("/")
        ):
            raise ValueError('attach needs socks = "127.0.0.1:<port>", and control and service as absolute paths')
        if self.mode == "launch" and (self.socks or self.control or self.service):
            raise ValueError("socks, control and service are for mode attach only")


class DeliverySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`after_edge`: seconds from a round's edge to the moment its bundle is pushed, the same every round."""

    after_edge: int = 20

    def __post_init__(self) -> None:
        if not 0 <= self.after_edge <= 3_600:
            raise ValueError("after_edge: 0 to 3600 seconds")


class LoopSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`per_round`: how many cells the relay sends to itself in a round, to notice who holds others back; 0: none, and
    then nobody notices."""

    per_round: int = 48

    def __post_init__(self) -> None:
        if self.per_round and not 4 <= self.per_round <= 480:
            raise ValueError("per_round: 4 to 480, or 0 for a relay that does not notice who holds others back")


class AlertsSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is served under /alerts/: a `folder` as `veladora mirror` keeps it, and the publisher's minisign `key`."""

    folder: str
    key: str

    def __post_init__(self) -> None:
        if not self.folder:
            raise ValueError("folder: where `veladora mirror`, or the desk, keeps the copy")
        try:
            PublicKey.parse(self.key)
        except Malformed as error:
            raise ValueError(f"key: the publisher's minisign key, which begins with RW: {error}") from error


class PartnerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one partner gets bundles; its id is the one in the directory.

    `endpoint`: where they are pushed to. `pull_key`: with it the partner may come for them itself. One of the two, or
    both.
    """

    id: str
    endpoint: str = ""
    pull_key: str = ""

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise ValueError("id: small letters, digits and hyphens")
        if not (self.endpoint or self.pull_key):
            raise ValueError("a partner has an endpoint, a pull_key, or both")
        if self.endpoint and not _ENDPOINT.fullmatch(self.endpoint):
            raise ValueError("endpoint: http://<56 characters>.onion/ and nothing else; no clear web")
        if self.pull_key:
            try:
                check_public(self.pull_key)
            except UnsafeSetting as error:
                raise ValueError(f"pull_key: {error}") from error


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything an operator sets."""

    relay: RelaySettings
    alerts: AlertsSettings | None = None
    bundles: BundleSettings = BundleSettings()
    delivery: DeliverySettings = DeliverySettings()
    loops: LoopSettings = LoopSettings()
    partner: list[PartnerSettings] = []
    spool: SpoolSettings = SpoolSettings()
    tor: TorSettings = TorSettings()

    def __post_init__(self) -> None:
        if len({partner.id for partner in self.partner}) != len(self.partner):
            raise ValueError("two partners have one id")
        pulling = [partner.pull_key for partner in self.partner if partner.pull_key]
        if len(set(pulling)) != len(pulling):
            raise ValueError("two partners have one pull_key")
        if pulling and self.tor.mode == "attach":
            raise ValueError('pull_key needs [tor] mode = "launch": the list of who may pull is for a tor of our own')

    @property
    def root(self) -> VerifyingKey:
        """The key that must have signed the directory."""
        return VerifyingKey(bytes.fromhex(self.relay.root))


class Settings(msgspec.Struct, frozen=True):
    """The settings with the file they were read from; every path is made here."""

    config: Config
    path: Path

    @property
    def folder(self) -> Path:
        """Where relative paths start."""
        return self.path.parent

    @property
    def identity_file(self) -> Path:
        """The relay's key file."""
        return self.folder / self.config.relay.identity

    @property
    def directory_file(self) -> Path:
        """The signed directory."""
        return self.folder / self.config.relay.directory

    @property
    def state(self) -> Path:
        """The folder that the relay writes to."""
        return self.folder / self.config.relay.state

    @property
    def own_folders(self) -> tuple[Path, ...]:
        """The folder of state and those in it, whether they are there yet or not."""
        return (self.state, *(self.state / name for name in ("run", "bundles", "partners")))

    @property
    def door_socket(self) -> Path:
        """Where the door listens for the onion's tor."""
        return self.state / "run" / "door.sock"

    @property
    def partners_socket(self) -> Path:
        """Where bundles are given to partners who come for them, through the partners' onion."""
        return self.state / "run" / "partners.sock"

    @property
    def pull_keys(self) -> tuple[tuple[str, str], ...]:
        """The partners who may come, each with its key."""
        return tuple((partner.id, partner.pull_key) for partner in self.config.partner if partner.pull_key)

    @property
    def partners_onion(self) -> Path:
        """Where tor keeps the key and the name of the partners' onion."""
        return self.state / "partners-onion"

    @property
    def release_file(self) -> Path:
        """What an operator puts down, by `veladora release`, to let go a relay that is frozen."""
        return self.state / "run" / "release"


def parse(text: str) -> Config:
    """The settings in a TOML text. Raises ConfigError that names what is wrong; nothing is guessed."""
    try:
        plain: dict[str, Any] = tomllib.loads(text)
    except RecursionError:
        raise ConfigError("not TOML: nested too deep") from None
    except ValueError as error:
        # TOMLDecodeError is one; a number of thousands of digits is another.
        raise ConfigError(f"not TOML: {error}") from error
    try:
        return msgspec.convert(plain, Config, strict=True)
    except msgspec.ValidationError as error:
        raise ConfigError(str(error)) from error


def read(path: Path) -> Settings:
    """The settings in a file. Raises ConfigError when it is missing, too long, not text or not right."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}; `veladora init` makes a first one") from error
    if len(raw) > CONFIG_MAX:
        raise ConfigError(f"{path} is longer than {CONFIG_MAX} bytes")
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text") from error
    try:
        return Settings(config=parse(text), path=path.resolve())
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error
