"""A `Tor` is a tor process we can ask, launched by us or running already.

A launched tor never outlives us: it is told to watch our process, and it ends at once when our control
connection closes (control-spec, TAKEOWNERSHIP). It works in memory, and only its guards reach a disk
(onion_service/tor_folder.py). Everything here blocks; from asyncio call it through
`asyncio.to_thread`.
"""

from __future__ import annotations

import re
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

import stem
import stem.connection
from stem.control import Controller, EventType
from stem.response.events import HSDescEvent

from onion_service.address import HOST_LEN, SUFFIX, OnionAddress
from onion_service.client_auth import ClientKey, admit
from onion_service.control_socket import open_controller
from onion_service.errors import (
    ClientKeyRefused,
    NotAnOnion,
    OnionNotPublished,
    TorError,
    TorNotBootstrapped,
    TorUnreachable,
)
from onion_service.program import check_version, usable_tor
from onion_service.tor_folder import TorFolder
from onion_service.tor_process import Child
from onion_service.torrc import DialTor, LoopbackPort, OnionTor, OutletTor, UnixSocket

CONTROL_SECONDS: Final = 20.0
DYING_SECONDS: Final = 2.0
_POLL_SECONDS: Final = 0.1
_BOOTSTRAP: Final = re.compile(r'BOOTSTRAP PROGRESS=(\d{1,3}) TAG=(\S+) SUMMARY="([^"]*)"')
# stem 1.8 starts its threads in a way Python calls deprecated; the filter is global, hence the lock.
_STEM_START: Final = threading.Lock()


class Settings(Protocol):
    """What a launch needs to know: `OnionTor`, `DialTor`, or a test's own kind of tor."""

    @property
    def data_directory(self) -> Path: ...
    @property
    def control(self) -> UnixSocket: ...
    def lines(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """How far tor has come: 0 to 100 percent, a tag for programs, a text for people."""

    percent: int
    tag: str
    summary: str


@dataclass(frozen=True, slots=True)
class Health:
    """One look at a tor. `published` counts uploads of our descriptor since this connection was made."""

    alive: bool
    bootstrap: Bootstrap
    circuits: bool
    published: int


Progress = Callable[[Bootstrap], None]
_STARTING: Final = Bootstrap(0, "starting", "Starting")


class Tor:
    """A control connection to one tor, and the process itself when it is ours. Leave the block to stop it."""

    __slots__ = ("_child", "_controller", "_folder", "_published", "_service_directory")

    def __init__(
        self,
        controller: Controller,
        *,
        child: Child | None,
        service_directory: Path | None,
        folder: TorFolder | None = None,
    ) -> None:
        self._controller = controller
        self._child = child
        self._folder = folder
        self._service_directory = service_directory
        self._published = _Published()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """The process id of a tor of our own; None for an attached one."""
        return None if self._child is None else self._child.pid

    def wait_bootstrapped(self, *, seconds: float, progress: Progress | None = None) -> None:
        """Return when tor can build circuits; tells `progress` each step once.

        Raises TorNotBootstrapped with the last step when `seconds` have passed (the operator must look at the
        network and the clock), TorStopped or TorUnreachable when tor went away.
        """
        deadline = time.monotonic() + seconds
        told = None
        while True:
            now = self.bootstrap()
            if now != told and progress is not None:
                progress(now)
            told = now
            if now.percent >= 100:
                return
            if time.monotonic() >= deadline:
                raise TorNotBootstrapped(progress=now.percent, tag=now.tag, summary=now.summary)
            time.sleep(_POLL_SECONDS)

    def bootstrap(self) -> Bootstrap:
        """How far tor is now."""
        found = _BOOTSTRAP.search(self.ask("status/bootstrap-phase"))
        return _STARTING if found is None else Bootstrap(int(found[1]), found[2], found[3])

    def onion_address(self, *, seconds: float = CONTROL_SECONDS) -> OnionAddress:
        """The address of the service, from its `hostname` file; waits for tor to write it."""
        if self._service_directory is None:
            raise TorError("this tor was given no onion service directory")
        deadline = time.monotonic() + seconds
        while True:
            try:
                return OnionAddress((self._service_directory / "hostname").read_text("ascii").strip())
            except (FileNotFoundError, NotAnOnion, UnicodeDecodeError) as error:
                if time.monotonic() >= deadline:
                    raise OnionNotPublished("the onion service") from error
            self._check_alive()
            time.sleep(_POLL_SECONDS)

    def wait_published(self, *, seconds: float) -> OnionAddress:
        """The address, once at least one directory has taken the descriptor; raises OnionNotPublished.

        Of a tor that ran before we attached we hear only its next upload, so there a descriptor that tor
        holds for this service counts as well.
        """
        deadline = time.monotonic() + seconds
        address = self.onion_address(seconds=seconds)
        while not self._published.count(address) and not (self._child is None and self._holds(address)):
            if time.monotonic() >= deadline:
                raise OnionNotPublished(str(address))
            self._check_alive()
            time.sleep(_POLL_SECONDS)
        return address

    def health(self) -> Health:
        """One look; a tor that went away is an answer here, not an error."""
        try:
            bootstrap = self.bootstrap()
            circuits = self.ask("status/circuit-established") == "1"
        except TorError:
            return Health(alive=False, bootstrap=_STARTING, circuits=False, published=0)
        return Health(alive=True, bootstrap=bootstrap, circuits=circuits, published=self._published.total())

    def ask(self, question: str) -> str:
        """The answer to GETINFO; raises TorStopped or TorUnreachable when nobody answers."""
        try:
            return str(self._controller.get_info(question))
        except stem.ControllerError as error:
            self._check_alive(error)
            raise TorUnreachable("its control socket", f"{question}: {error}") from error

    def set(self, option: str, value: str) -> None:
        """Change one option of the running tor (SETCONF); raises TorStopped or TorUnreachable."""
        try:
            self._controller.set_conf(option, value)
        except stem.ControllerError as error:
            self._check_alive(error)
            raise TorUnreachable("its control socket", f"{option}: {error}") from error

    def let_in_by(self, service: OnionAddress, key: ClientKey) -> None:
        """From now on this tor can find a closed service, by our key with it, which it keeps in memory only.

        Raises ClientKeyRefused, TorStopped or TorUnreachable.
        """
        label = service.host.removesuffix(SUFFIX)
        code = self._about_keys(f"ONION_CLIENT_AUTH_ADD {label} x25519:{key.secret_for_tor()}", doing="taking")
        # 251: in the place of one that was there; 252: a descriptor that waited opens with it (control-spec).
        if code not in ("250", "251", "252"):
            raise ClientKeyRefused("tor did not take the key for the partners' onion service")

    def forget_key(self, service: OnionAddress) -> None:
        """This tor holds no key of ours for a closed service any more. Raises ClientKeyRefused, TorStopped or
        TorUnreachable."""
        code = self._about_keys(f"ONION_CLIENT_AUTH_REMOVE {service.host.removesuffix(SUFFIX)}", doing="forgetting")
        # 251: there was none (control-spec).
        if code not in ("250", "251"):
            raise ClientKeyRefused("tor did not forget the key for the partners' onion service")

    def _about_keys(self, command: str, *, doing: str) -> str:
        """The code of tor's answer. Nothing of the command is in an error: it may hold a key."""
        try:
            answer = self._controller.msg(command)
        except stem.ControllerError as error:
            self._check_alive(error)
            raise TorUnreachable("its control socket", f"it broke off while {doing} a client's key") from error
        return str(answer.content()[0][0])

    def listen(self) -> None:
        """Ask tor to tell about descriptor uploads from now on."""
        self._controller.add_event_listener(self._published.heard, EventType.HS_DESC)

    def keep_guards(self) -> None:
        """The guards of a tor of our own, as they are now, are on the disk; of another tor nothing is.

        Raises StrangeState or FolderNotUsable; then those of the last time are.
        """
        if self._folder is not None:
            self._folder.keep()

    def stop(self) -> None:
        """Close the control connection and, when the tor is ours, end its process. Safe to call twice."""
        with ExitStack() as ending:
            if self._folder is not None:
                ending.callback(self._folder.close)
            if self._child is not None:
                ending.callback(self._child.stop)
            self._controller.close()

    def _holds(self, address: OnionAddress) -> bool:
        try:
            return bool(self._controller.get_info(f"hs/service/desc/id/{address.host.removesuffix(SUFFIX)}"))
        except stem.ControllerError:
            return False

    def _check_alive(self, error: stem.ControllerError | None = None) -> None:
        if self._child is not None:
            # A dying tor closes its socket a moment before its process has ended.
            self._child.check_running(within=DYING_SECONDS if isinstance(error, stem.SocketClosed) else 0.0)


def launch(settings: Settings, *, program: str = "tor", seconds: float = CONTROL_SECONDS) -> Tor:
    """Start a tor of our own and return once it answers on its control socket, before it has bootstrapped.

    `seconds` is how long it may take to answer. Raises TorMissing, TorTooOld, TorWithoutPow, TorStopped, TorInUse,
    NoMemoryFolder, FolderNotUsable, StrangeState (the operator must act) or TorUnreachable. The caller must `stop()`
    it, or use it as a context.
    """
    return start(usable_tor(program), settings, seconds=seconds)


def start(path: str, settings: Settings, *, seconds: float = CONTROL_SECONDS) -> Tor:
    """As `launch`, for a program that `usable_tor` has already found good."""
    settings.control.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not isinstance(settings, OnionTor | DialTor | OutletTor):
        return _start(path, settings, seconds=seconds, folder=None)
    # What they call their data directory is where guards are kept; tor itself works in memory.
    folder = TorFolder(settings.data_directory)
    try:
        return _start(path, replace(settings, data_directory=folder.path), seconds=seconds, folder=folder)
    except BaseException:
        folder.close()
        raise


def _start(path: str, settings: Settings, *, seconds: float, folder: TorFolder | None) -> Tor:
    directory = settings.data_directory
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory.chmod(0o700)
    if isinstance(settings, OnionTor) and settings.closed is not None:
        admit(settings.closed.service_directory, dict(settings.closed.clients))
    torrc = directory / "torrc"
    torrc.write_text("".join(f"{line}\n" for line in settings.lines()), encoding="utf-8")
    child = Child(path, torrc)
    try:
        controller = _connect_to_child(child, settings.control, seconds)
    except BaseException:
        child.stop()
        raise
    service_directory = settings.service_directory if isinstance(settings, OnionTor) else None
    tor = Tor(controller, child=child, service_directory=service_directory, folder=folder)
    try:
        controller.msg("TAKEOWNERSHIP")
        tor.listen()
    except stem.ControllerError as error:
        tor.stop()
        raise TorUnreachable(str(settings.control), str(error)) from error
    return tor


def make_onion(settings: OnionTor, *, program: str = "tor") -> OnionAddress:
    """The address of a service, whose key tor makes now if there is none; nothing leaves the machine.

    Raises as `launch` does.
    """
    with launch(replace(settings, offline=True), program=program) as tor:
        return tor.onion_address()


def attach(control: UnixSocket | LoopbackPort, *, service_directory: Path | None = None) -> Tor:
    """Talk to a tor that runs already, as somebody else's process; stopping only closes the connection.

    Raises TorUnreachable when nobody answers or our login is refused, TorTooOld for a tor before 0.4.8.
    """
    controller = _connect(control)
    tor = Tor(controller, child=None, service_directory=service_directory)
    try:
        check_version(f"Tor version {tor.ask('version')}")
        tor.listen()
    except stem.ControllerError as error:
        tor.stop()
        raise TorUnreachable(str(control), str(error)) from error
    except TorError:
        tor.stop()
        raise
    return tor


class _Published:
    """How many directories took the descriptor of which service; filled by stem's thread."""

    __slots__ = ("_counts", "_lock")

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._lock = threading.Lock()

    def heard(self, event: HSDescEvent) -> None:
        if event.action == "UPLOADED":
            host = f"{event.address}{SUFFIX}"[:HOST_LEN]
            with self._lock:
                self._counts[host] = self._counts.get(host, 0) + 1

    def count(self, address: OnionAddress) -> int:
        with self._lock:
            return self._counts.get(address.host, 0)

    def total(self) -> int:
        with self._lock:
            return sum(self._counts.values())


def _connect_to_child(child: Child, control: UnixSocket, seconds: float) -> Controller:
    deadline = time.monotonic() + seconds
    while True:
        try:
            return _connect(control)
        except TorUnreachable:
            child.check_running()
            if time.monotonic() >= deadline:
                raise
        time.sleep(_POLL_SECONDS)


def _connect(control: UnixSocket | LoopbackPort) -> Controller:
    """An authenticated controller, or TorUnreachable."""
    try:
        with _STEM_START, warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=DeprecationWarning, message="setDaemon")
            controller = open_controller(control)
    except (stem.SocketError, OSError) as error:
        raise TorUnreachable(str(control), str(error)) from error
    try:
        controller.authenticate()
    except (stem.connection.AuthenticationFailure, stem.ControllerError, OSError) as error:
        controller.close()
        raise TorUnreachable(str(control), f"it refused our login: {error}") from error
    return controller
