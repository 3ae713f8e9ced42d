"""A private tor network on loopback: three directory authorities, three relays, and our own tors beside them.

Nothing here can reach the public network: every tor may only speak from 127.0.0.1 to the authorities made
here. Every tor is a child that ends when our control connection to it closes, so even `kill -9` of the test
run leaves none.

    with PrivateNetwork(progress=print) as network:
        onion = network.launch_onion("relay", target=UnixSocket(door))
        dial = network.launch_dial("reporter")

Or from a shell, until interrupted: python -m tests.tor.private_network
"""

from __future__ import annotations

import atexit
import os
import random
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from onion_service.control import Bootstrap, Settings, Tor, launch, start
from onion_service.errors import TorError, TorMissing
from onion_service.program import usable_tor
from onion_service.torrc import Authority, DialTor, OnionTor, PrivateNet, SocksAddress, UnixSocket, quoted

AUTHORITIES: Final = 3
RELAYS: Final = 3
# Below the range from which the kernel hands out ports by itself, so that nobody takes one between our look
# and tor's.
PORTS: Final = range(12_000, 32_000)
BOOTSTRAP_SECONDS: Final = 120.0
PUBLISH_SECONDS: Final = 120.0

# The shortest intervals tor allows in a test network (src/feature/dirauth/dirvote.h), with a little room for
# a slow machine; the regular interval also sets the length of an onion service's time period, so it is not
# the shortest.
_VOTING: Final = (
    "AuthoritativeDirectory 1",
    "V3AuthoritativeDirectory 1",
    "TestingV3AuthInitialVotingInterval 10",
    "TestingV3AuthInitialVoteDelay 2",
    "TestingV3AuthInitialDistDelay 2",
    "V3AuthVotingInterval 20",
    "V3AuthVoteDelay 4",
    "V3AuthDistDelay 4",
    "V3AuthNIntervalsValid 30",
    "TestingDirAuthVoteExit *",
    "TestingDirAuthVoteHSDir *",
    "TestingDirAuthVoteGuard *",
    "TestingMinExitFlagThreshold 0",
    "TestingAuthDirTimeToLearnReachability 0",
    "ContactInfo nobody@localhost",
)


class PrivateNetworkError(Exception):
    """The private network did not come up."""


@dataclass(frozen=True, slots=True)
class _Relay:
    """A tor that carries cells for the others; with `voting` lines it is a directory authority too."""

    nickname: str
    data_directory: Path
    or_port: int
    dir_port: int
    net: PrivateNet
    voting: tuple[str, ...] = ()

    @property
    def control(self) -> UnixSocket:
        return UnixSocket(self.data_directory / "control")

    def lines(self) -> tuple[str, ...]:
        return (
            f"DataDirectory {quoted(self.data_directory)}",
            f"ControlPort unix:{quoted(self.control.path)}",
            "CookieAuthentication 1",
            f"Nickname {self.nickname}",
            "Address 127.0.0.1",
            f"ORPort 127.0.0.1:{self.or_port} IPv4Only",
            f"DirPort 127.0.0.1:{self.dir_port}" if self.voting else "DirPort 0",
            "SocksPort 0",
            "AssumeReachable 1",
            "ExitRelay 0",
            "ExitPolicy reject *:*",
            "AddressDisableIPv6 1",
            "ShutdownWaitLength 0",
            "AvoidDiskWrites 1",
            "Log err stdout",
            *self.voting,
            *self.net.lines(),
        )


class PrivateNetwork:
    """Starts on entering the block (an onion answers in 15 to 60 s), ends every process on leaving it."""

    def __init__(
        self,
        *,
        directory: Path | None = None,
        progress: Callable[[str], None] = lambda _step: None,
        tor: str = "tor",
        gencert: str = "tor-gencert",
    ) -> None:
        self._own_directory = directory is None
        self.directory = directory or Path(tempfile.mkdtemp(prefix="veladora-tor-"))
        self._progress = progress
        self._program = tor
        self._gencert = gencert
        self._ports = _free_ports()
        self._tors: list[Tor] = []
        self._net: PrivateNet | None = None

    def __enter__(self) -> Self:
        atexit.register(self.stop)
        _leave_on_sigterm()
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def net(self) -> PrivateNet:
        """The lines that bind a tor to this network."""
        if self._net is None:
            raise PrivateNetworkError("the private network was not started")
        return self._net

    @property
    def pids(self) -> tuple[int, ...]:
        """The process ids of every tor started here."""
        return tuple(tor.pid for tor in self._tors if tor.pid is not None)

    def start(self) -> None:
        """Make keys, start all tors and return when every one of them knows all the others."""
        began = time.monotonic()
        program = usable_tor(self._program)
        self._progress("making keys for three directory authorities")
        names = [f"authority{number}" for number in range(AUTHORITIES)]
        or_ports = [next(self._ports) for _ in names]
        dir_ports = [next(self._ports) for _ in names]
        with ThreadPoolExecutor(AUTHORITIES) as pool:
            authorities = tuple(pool.map(partial(self._new_authority, program), names, or_ports, dir_ports))
        self._net = PrivateNet(authorities)
        settings = [
            _Relay(a.nickname, self.directory / a.nickname, a.or_port, a.dir_port, self._net, _VOTING)
            for a in authorities
        ]
        for number in range(RELAYS):
            name = f"relay{number}"
            settings.append(_Relay(name, self.directory / name, next(self._ports), next(self._ports), self._net))
        self._progress(f"starting {len(settings)} tors on 127.0.0.1")
        with ThreadPoolExecutor(len(settings)) as pool:
            tors = list(pool.map(partial(self._start, program), settings))
        # A descriptor offered before an authority listened is not offered again for long; a change makes a
        # new one.
        for tor in tors:
            tor.set("ContactInfo", "nobody@private.invalid")
        self._wait_for_consensus(tors[:AUTHORITIES], "the authorities agree on")
        # A relay that asked too early waits longer and longer before it asks again; a reload makes it ask
        # now.
        for tor in tors[AUTHORITIES:]:
            if tor.pid is not None and not _listed(tor):
                os.kill(tor.pid, signal.SIGHUP)
        self._wait_for_consensus(tors, "all tors have heard of")
        self._progress(f"the private network is up after {time.monotonic() - began:.0f} s")

    def launch_onion(self, name: str, *, target: UnixSocket, publish: bool = True, virtual_port: int = 80) -> Tor:
        """A tor with an onion service that leads to `target`; returns when its descriptor is published."""
        settings = OnionTor(
            data_directory=self.directory / name,
            service_directory=self.directory / name / "service",
            target=target,
            control=UnixSocket(self.directory / name / "control"),
            virtual_port=virtual_port,
            private_net=self.net,
        )
        tor = self._launch(name, settings)
        if publish:
            address = tor.wait_published(seconds=PUBLISH_SECONDS)
            self._progress(f"{name}: {address} is published")
        return tor

    def launch_dial(self, name: str) -> tuple[Tor, SocksAddress]:
        """A tor for outbound calls, and its SOCKS address; returns when it has bootstrapped."""
        socks = UnixSocket(self.directory / name / "socks")
        settings = DialTor(
            data_directory=self.directory / name,
            socks=socks,
            control=UnixSocket(self.directory / name / "control"),
            private_net=self.net,
        )
        return self._launch(name, settings), socks

    def end(self, tor: Tor) -> None:
        """End one tor that was launched here."""
        tor.stop()
        if tor in self._tors:
            self._tors.remove(tor)

    def stop(self) -> None:
        """End every tor started here, each by its own process; remove our directory. Safe to call twice."""
        atexit.unregister(self.stop)
        tors, self._tors = self._tors, []
        with ExitStack() as stopping:
            for tor in tors:
                stopping.callback(tor.stop)
        if self._own_directory:
            shutil.rmtree(self.directory, ignore_errors=True)

    def _start(self, program: str, settings: Settings) -> Tor:
        tor = start(program, settings)
        # Kept as soon as it runs: when another fails to start, this one still has to be ended.
        self._tors.append(tor)
        return tor

    def _wait_for_consensus(self, tors: list[Tor], what: str) -> None:
        deadline = time.monotonic() + BOOTSTRAP_SECONDS
        everybody = AUTHORITIES + RELAYS
        told = -1
        while told < everybody:
            listed = min(map(_listed, tors))
            if listed != told:
                self._progress(f"{what} {listed} of {everybody} relays")
            told = listed
            if time.monotonic() >= deadline:
                raise PrivateNetworkError(f"{what} {listed} of {everybody} relays only")
            time.sleep(0.2)

    def _launch(self, name: str, settings: OnionTor | DialTor) -> Tor:
        tor = launch(settings, program=self._program)
        self._tors.append(tor)
        tor.wait_bootstrapped(seconds=BOOTSTRAP_SECONDS, progress=self._steps(name))
        return tor

    def _steps(self, name: str) -> Callable[[Bootstrap], None]:
        return lambda step: self._progress(f"{name}: {step.percent} % {step.summary}")

    def _new_authority(self, program: str, nickname: str, or_port: int, dir_port: int) -> Authority:
        data = self.directory / nickname
        keys = data / "keys"
        keys.mkdir(mode=0o700, parents=True)
        data.chmod(0o700)
        return Authority(
            nickname=nickname,
            or_port=or_port,
            dir_port=dir_port,
            v3_identity=_make_certificate(self._gencert, keys, f"127.0.0.1:{dir_port}"),
            fingerprint=_make_fingerprint(program, data, nickname, or_port),
        )


def _make_certificate(gencert: str, keys: Path, address: str) -> str:
    """An authority's voting key and certificate under `keys`; returns the fingerprint of its identity."""
    passphrase = secrets.token_hex(16).encode()
    read, write = os.pipe()
    os.write(write, passphrase + b"\n")
    os.close(write)
    command = [gencert, "--create-identity-key", "--passphrase-fd", str(read), "-m", "12", "-a", address]
    try:
        subprocess.run(command, cwd=keys, pass_fds=(read,), check=True, capture_output=True, timeout=60)
    except FileNotFoundError as error:
        raise TorMissing(gencert) from error
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise PrivateNetworkError(f"tor-gencert failed: {error.stderr!r}") from error
    finally:
        os.close(read)
    found = re.search(r"^fingerprint ([0-9A-F]{40})$", (keys / "authority_certificate").read_text(), re.MULTILINE)
    if found is None:
        raise PrivateNetworkError("tor-gencert wrote a certificate without a fingerprint")
    return found[1]


def _make_fingerprint(program: str, data: Path, nickname: str, or_port: int) -> str:
    """A relay's identity keys under `data`; returns their fingerprint."""
    # An authority line of its own keeps this first run from looking at the public network's.
    placeholder = Authority(nickname, or_port, or_port, "F" * 40, "F" * 40)
    first = _Relay(nickname, data, or_port, or_port, PrivateNet((placeholder,)))
    torrc = data / "torrc"
    torrc.write_text("\n".join(first.lines()))
    command = [program, "--quiet", "--defaults-torrc", os.devnull, "-f", str(torrc), "--list-fingerprint"]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    found = re.search(rf"^{nickname} ([0-9A-F ]+)$", done.stdout.decode(), re.MULTILINE)
    if done.returncode or found is None:
        raise PrivateNetworkError(f"tor --list-fingerprint failed: {done.stdout!r} {done.stderr!r}")
    return found[1].replace(" ", "")


def _free_ports() -> Iterator[int]:
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        yield port
    raise PrivateNetworkError("no free port on 127.0.0.1")


def _listed(tor: Tor) -> int:
    """How many relays the consensus that this tor holds lists; 0 while it holds none."""
    return len(re.findall(r"^r ", tor.ask("ns/all"), re.MULTILINE))


def _leave_on_sigterm() -> None:
    """Make SIGTERM end this program the way an interrupt does, unless it has its own idea about that."""
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))


def main() -> None:
    """Run the network until interrupted."""
    with PrivateNetwork(progress=partial(print, flush=True)) as network:
        print(f"running in {network.directory}; end with Ctrl-C", flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            print("stopping")


if __name__ == "__main__":
    try:
        main()
    except TorError as error:
        raise SystemExit(f"{error}\nWhat to do: {error.hint}") from error
