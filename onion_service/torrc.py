"""Settings in, torrc lines out; no setting can add a line or change another (docs/adr/0001-two-tors.md).

Three roles: `OnionTor` holds the onion service, and a closed one beside it where there is one, and opens no way out;
`DialTor` opens one SOCKS port that leads to onion addresses only; `OutletTor` one for a desk's channels, which leads
anywhere. Their `data_directory` is a folder on the disk in which guards are kept; whoever starts them puts a folder in
memory in its place (onion_service/control.py). `PrivateNet` points any of them at a private tor network instead of the
public one.
Source of every option: tor(1) of 0.4.9.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

from onion_service.errors import SocketPathTooLong, UnsafeSetting

# sun_path holds 108 bytes with its final zero (unix(7)).
SOCKET_PATH_MAX: Final = 107
PORT_MAX: Final = 65_535
# How many callers a second, and how many at once, each introduction point lets through to a closed service. Its
# clients are a relay's partners, who come once in a round; who holds the key of one may not keep our tor busy.
CLOSED_RATE: Final = 2
CLOSED_BURST: Final = 32

# Nothing about a visit may reach a log or the disk: the heartbeat counts introductions and SafeLogging does
# not touch it (docs/threat-model.md, T9); a coarse clock on error lines says no more than the journal does. The
# statistics are a relay's and off for us already, whatever a later default says.
_QUIET: Final = (
    "HeartbeatPeriod 0",
    "Log err stdout",
    "LogTimeGranularity 3600000",
    "SafeLogging 1",
    "ProtocolWarnings 0",
    "CellStatistics 0",
    "ConnDirectionStatistics 0",
    "DirReqStatistics 0",
    "EntryStatistics 0",
    "ExitPortStatistics 0",
    "ExtraInfoStatistics 0",
    "HiddenServiceStatistics 0",
    "OverloadStatistics 0",
    "PaddingStatistics 0",
    "AccountingMax 0",
    "DisableDebuggerAttachment 1",
    "NoExec 1",
)
_APART: Final = "IsolateSOCKSAuth IsolateClientAddr IsolateClientProtocol IsolateDestAddr IsolateDestPort"
_ONIONS_ONLY: Final = f"OnionTrafficOnly ExtendedErrors {_APART}"
# We are nobody's relay and nobody's exit, whatever a later default says.
_NO_RELAY: Final = ("ClientOnly 1", "ORPort 0", "DirPort 0", "ExitRelay 0")


@dataclass(frozen=True, slots=True)
class UnixSocket:
    """A socket in the file system; its directory decides who may connect."""

    path: Path

    def __post_init__(self) -> None:
        quoted(self.path)
        if len(bytes(self.path)) > SOCKET_PATH_MAX:
            raise SocketPathTooLong(self.path)

    def __str__(self) -> str:
        return f"unix:{self.path}"


@dataclass(frozen=True, slots=True)
class LoopbackPort:
    """A TCP port on this machine's loopback; never a name, because names are looked up in the clear."""

    port: int
    host: str = "127.0.0.1"

    def __post_init__(self) -> None:
        _check_port(self.port)
        if not re.fullmatch(r"[0-9.]{7,15}", self.host) or not _is_loopback(self.host):
            raise UnsafeSetting(f"not a loopback address: {self.host!r}")

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


SocksAddress = UnixSocket | LoopbackPort


def socks_address(text: str) -> SocksAddress:
    """`unix:/path` or `127.0.0.1:9050` as a SOCKS address; raises UnsafeSetting for anything else."""
    if text.startswith("unix:"):
        return UnixSocket(Path(text.removeprefix("unix:")))
    host, colon, port = text.rpartition(":")
    if not colon or not re.fullmatch(r"[0-9]{1,5}", port):
        raise UnsafeSetting(f"not a SOCKS address: {text!r}; write unix:/path or 127.0.0.1:9050")
    return LoopbackPort(int(port), host)


@dataclass(frozen=True, slots=True)
class Authority:
    """A directory authority of a private network, all of it on loopback."""

    nickname: str
    or_port: int
    dir_port: int
    v3_identity: str
    fingerprint: str
    host: str = "127.0.0.1"

    def __post_init__(self) -> None:
        _check_port(self.or_port)
        _check_port(self.dir_port)
        if not _is_loopback(self.host) or not re.fullmatch(r"[A-Za-z0-9]{1,19}", self.nickname):
            raise UnsafeSetting("a private authority has a plain nickname and a loopback address")
        if not all(re.fullmatch(r"[0-9A-F]{40}", digest) for digest in (self.v3_identity, self.fingerprint)):
            raise UnsafeSetting("a private authority has two fingerprints of 40 upper-case hex digits")

    def line(self) -> str:
        return (
            f"DirAuthority {self.nickname} orport={self.or_port} no-v2 v3ident={self.v3_identity}"
            f" {self.host}:{self.dir_port} {self.fingerprint}"
        )


@dataclass(frozen=True, slots=True)
class PrivateNet:
    """A private tor network: a tor with these lines cannot reach the public one."""

    authorities: tuple[Authority, ...]

    def __post_init__(self) -> None:
        if not self.authorities:
            raise UnsafeSetting("a private network has at least one authority")

    def lines(self) -> Iterator[str]:
        yield "TestingTorNetwork 1"
        yield "UseDefaultFallbackDirs 0"
        # With loopback as the only source address, no packet can leave the machine.
        yield "OutboundBindAddress 127.0.0.1"
        # Where an onion's descriptor lies changes every 24 votes, minutes in a private network, and by itself a tor
        # keeps a consensus for longer than that; then a client looks where the service has not put it.
        yield "FetchDirInfoEarly 1"
        yield "FetchDirInfoExtraEarly 1"
        yield from (authority.line() for authority in self.authorities)


@dataclass(frozen=True, slots=True)
class ClosedService:
    """A second onion service of the same tor, which only these clients can find (onion_service/client_auth.py).

    `clients`: pairs of a name and a public key. There is at least one, since tor takes an empty list for "everybody".
    """

    service_directory: Path
    target: UnixSocket
    clients: tuple[tuple[str, str], ...]
    virtual_port: int = 80

    def __post_init__(self) -> None:
        _check_port(self.virtual_port)
        if not self.clients or len(dict(self.clients)) != len(self.clients):
            raise UnsafeSetting("a closed onion service has clients, each with a name of its own")

    def lines(self, max_streams: int) -> Iterator[str]:
        yield f"HiddenServiceDir {quoted(self.service_directory)}"
        yield "HiddenServiceVersion 3"
        yield f"HiddenServicePort {self.virtual_port} unix:{quoted(self.target.path)}"
        yield f"HiddenServiceMaxStreams {max_streams}"
        yield "HiddenServiceMaxStreamsCloseCircuit 0"
        yield "HiddenServiceEnableIntroDoSDefense 1"
        yield f"HiddenServiceEnableIntroDoSRatePerSec {CLOSED_RATE}"
        yield f"HiddenServiceEnableIntroDoSBurstPerSec {CLOSED_BURST}"


@dataclass(frozen=True, slots=True)
class OnionTor:
    """The tor that holds one onion service, and perhaps a closed one, and has no way out for anybody.

    `target` is the unix socket of our server; `service_directory` keeps the onion key and the `hostname`
    file. The proof-of-work queue is slow on purpose: a flood makes callers work instead of filling our door. A flood
    cannot find a closed service, but each of its clients can: its introduction points let few through, whoever calls.
    """

    data_directory: Path
    service_directory: Path
    target: UnixSocket
    control: UnixSocket
    virtual_port: int = 80
    pow_queue_rate: int = 16
    pow_queue_burst: int = 64
    max_streams: int = 16
    lock_memory: bool = False
    private_net: PrivateNet | None = None
    offline: bool = False
    closed: ClosedService | None = None

    def __post_init__(self) -> None:
        _check_port(self.virtual_port)
        for number in (self.pow_queue_rate, self.pow_queue_burst, self.max_streams):
            if not 0 < number <= PORT_MAX:
                raise UnsafeSetting(f"out of range for the onion service: {number}")

    def lines(self) -> tuple[str, ...]:
        """The whole torrc; tor takes the service's options in the order given here."""
        return (
            *_common(self.data_directory, self.control, self.lock_memory, self.private_net),
            "SocksPort 0",
            f"HiddenServiceDir {quoted(self.service_directory)}",
            "HiddenServiceVersion 3",
            f"HiddenServicePort {self.virtual_port} unix:{quoted(self.target.path)}",
            "HiddenServicePoWDefensesEnabled 1",
            f"HiddenServicePoWQueueRate {self.pow_queue_rate}",
            f"HiddenServicePoWQueueBurst {self.pow_queue_burst}",
            f"HiddenServiceMaxStreams {self.max_streams}",
            "HiddenServiceMaxStreamsCloseCircuit 0",
            *(self.closed.lines(self.max_streams) if self.closed else ()),
            *(("DisableNetwork 1",) if self.offline else ()),
        )


@dataclass(frozen=True, slots=True)
class DialTor:
    """The tor that carries our own calls: onion addresses only, and one circuit per SOCKS login."""

    data_directory: Path
    socks: SocksAddress
    control: UnixSocket
    lock_memory: bool = False
    private_net: PrivateNet | None = None

    def lines(self) -> tuple[str, ...]:
        """The whole torrc."""
        socks = f"unix:{quoted(self.socks.path)}" if isinstance(self.socks, UnixSocket) else str(self.socks)
        return (
            *_common(self.data_directory, self.control, self.lock_memory, self.private_net),
            f"SocksPort {socks} {_ONIONS_ONLY}",
            "DNSPort 0",
            "TransPort 0",
            "NATDPort 0",
            "HTTPTunnelPort 0",
        )


@dataclass(frozen=True, slots=True)
class OutletTor:
    """The tor that carries a desk's channels: to services outside of Tor too, and on circuits of their own for each
    login. Nothing else of us goes through it."""

    data_directory: Path
    socks: UnixSocket
    control: UnixSocket
    private_net: PrivateNet | None = None

    def lines(self) -> tuple[str, ...]:
        """The whole torrc."""
        return (
            *_common(self.data_directory, self.control, False, self.private_net),
            f"SocksPort unix:{quoted(self.socks.path)} {_APART}",
            "DNSPort 0",
            "TransPort 0",
            "NATDPort 0",
            "HTTPTunnelPort 0",
        )


def quoted(path: Path) -> str:
    """An absolute path as a torrc string; raises UnsafeSetting for one that a torrc cannot carry."""
    text = str(path)
    if not path.is_absolute() or not text.isprintable():
        raise UnsafeSetting(f"not an absolute path of printable characters: {text!r}")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _common(data: Path, control: UnixSocket, lock_memory: bool, net: PrivateNet | None) -> Iterator[str]:
    yield f"DataDirectory {quoted(data)}"
    yield f"ControlPort unix:{quoted(control.path)}"
    yield "CookieAuthentication 1"
    yield from _NO_RELAY
    yield from _QUIET
    if lock_memory:
        yield "DisableAllSwap 1"
    # A private network has too few relays to choose vanguards from.
    yield f"VanguardsLiteEnabled {0 if net is not None else 1}"
    if net is not None:
        yield from net.lines()


def _check_port(port: int) -> None:
    if not 0 < port <= PORT_MAX:
        raise UnsafeSetting(f"not a port: {port}")


def _is_loopback(host: str) -> bool:
    try:
        return IPv4Address(host).is_loopback
    except ValueError:
        return False
