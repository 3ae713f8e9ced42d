"""The parent process: it holds what must outlive the node, the spool's memory and tor, and starts the node again when
it ends (promise T11).

It reads no cell and opens no connection, so there is little in it that could fail.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from crypto.signing import SigningKey
from onion_service import control
from onion_service.control import Bootstrap, Tor
from onion_service.errors import TorError
from onion_service.memory import may_lock
from onion_service.private import private_net
from onion_service.torrc import ClosedService, DialTor, OnionTor, UnixSocket, socks_address
from onion_service.unnoticed import keep_no_times_of_access
from relay import spool
from relay.config import Settings
from relay.hygiene import NOWHERE, Pin
from relay.journal import Event, Journal
from relay.start import StartError, geometry, read_directory

STOP_SECONDS: Final = 10.0
TOR_SECONDS: Final = 180.0
_POLL_SECONDS: Final = 0.05
_TOR_LOOK_SECONDS: Final = 15.0
_STEP_SECONDS: Final = 1.0
# Guards are written at an edge or not at all, so that no time of a file tells when tor had need of a new one.
_AT_EDGE_SECONDS: Final = 1.0
# A node that dies at once is not started a thousand times a second.
_BACKOFF_SECONDS: Final = (0.0, 0.0, 0.2, 0.5, 1.0, 2.0, 5.0)
_HEALTHY_SECONDS: Final = 5.0
_CANNOT_START: Final = 2
# All that a node is given of the supervisor's environment: where programs and modules lie, nothing that is secret.
_ENVIRONMENT: Final = ("PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
# What the node frees goes back to the system at once, so that bundles leave neither traces nor weight behind
# (mallopt(3): without a fixed threshold the first large block freed ends this for all later ones). What does not go
# back, a body that was refused among it, is overwritten when it is freed; the door is some 3 % slower for it.
_MEMORY: Final = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "65536",
    "MALLOC_TRIM_THRESHOLD_": "131072",
    "MALLOC_PERTURB_": "165",
}


class NodeKeeper:
    """Holds the spool's memory and keeps one node running in it. Use it as a context; leaving stops the node."""

    def __init__(
        self,
        settings: Settings,
        identity: SigningKey,
        *,
        socks: str,
        journal: Journal,
        program: str = "relay.node",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Take the memory. Raises StartError or SpoolError; nothing runs yet.

        `program`: the node's module; `environment`: what a test tells it beside what every node is told.
        """
        trusted = read_directory(
            settings.directory_file, root=settings.config.root, identity=identity.verifying_key, now=int(time.time())
        )
        self.round_seconds: Final = trusted.directory.round_seconds
        self._settings: Final = settings
        self._identity: Final = identity
        self._socks: Final = socks
        self._journal: Final = journal
        self._program: Final = program
        self._environment: Final = {**_node_environment(), **(environment or {})}
        self._spool_fd: Final = spool.create(geometry(settings, trusted))
        # While a node is ended and started again nobody else keeps the cells off the swap.
        self._pin: Final = Pin(self._spool_fd)
        self._node: subprocess.Popen[bytes] | None = None
        self._life_fd: int | None = None
        self._started_at = 0.0
        self._deaths = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._pin.release()
        os.close(self._spool_fd)

    @property
    def pid(self) -> int | None:
        """The node's process id while it runs."""
        return None if self._node is None else self._node.pid

    @property
    def spool_fd(self) -> int:
        """The descriptor of the shared memory."""
        return self._spool_fd

    def start(self) -> None:
        """Start the node."""
        read_end, write_end = os.pipe()
        try:
            os.write(write_end, self._identity.secret_seed())
            self._node = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    self._program,
                    str(self._settings.path),
                    "--spool-fd",
                    str(self._spool_fd),
                    "--life-fd",
                    str(read_end),
                    "--socks",
                    self._socks,
                ],
                pass_fds=(self._spool_fd, read_end),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=self._environment,
            )
        except BaseException:
            os.close(write_end)
            raise
        finally:
            os.close(read_end)
        self._life_fd = write_end
        self._started_at = time.monotonic()

    def look(self) -> None:
        """Start the node again if it has ended. Raises StartError when it said that it cannot start at all."""
        if self._node is None or (code := self._node.poll()) is None:
            return
        self._let_go()
        if code == _CANNOT_START:
            raise StartError("the node cannot start; its last line says why")
        lived = time.monotonic() - self._started_at
        self._deaths = 0 if lived > _HEALTHY_SECONDS else min(self._deaths + 1, len(_BACKOFF_SECONDS) - 1)
        self._journal.record(Event.NODE_DIED)
        time.sleep(_BACKOFF_SECONDS[self._deaths])
        self.start()

    def stop(self) -> None:
        """End the node: asked first, killed when it does not listen."""
        if self._node is None:
            return
        self._node.terminate()
        try:
            self._node.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._node.kill()
            self._node.wait()
        self._let_go()

    def _let_go(self) -> None:
        if self._life_fd is not None:
            os.close(self._life_fd)
        self._node = self._life_fd = None


class TorKeeper:
    """Keeps one tor at hand: launched by us, or attached to; opened again when it went away. Use it as a context."""

    def __init__(self, what: str, opened: Callable[[], Tor], *, journal: Journal) -> None:
        self._what: Final = what
        self._opened: Final = opened
        self._journal: Final = journal
        self._lost = False
        self.since: Final = time.monotonic()
        self.tor: Tor | None = None

    def __enter__(self) -> Self:
        self._journal.record(Event.TOR_STARTING, detail=self._what)
        self.tor = self._opened()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.tor is not None:
            self.tor.stop()

    def look(self) -> None:
        """Open it again if it does not answer. While that fails nothing is sent or received any other way."""
        if self.tor is not None and self.tor.health().alive:
            return
        if not self._lost:
            self._journal.record(Event.TOR_LOST, detail=self._what)
        self._lost = True
        if self.tor is not None:
            self.tor.stop()
            self.tor = None
        try:
            self.tor = self._opened()
        except TorError:
            return
        self._lost = False
        self._journal.record(Event.TOR_FOUND, detail=self._what)

    def keep_guards(self) -> None:
        """What tor's guards are now is on the disk, when it is a tor of ours."""
        try:
            if self.tor is not None:
                self.tor.keep_guards()
        except TorError as error:
            self._journal.record(Event.UNEXPECTED, detail=type(error).__name__)


def supervise(
    settings: Settings,
    identity: SigningKey,
    *,
    journal: Journal,
    stop: threading.Event,
    progress: Callable[[str, Bootstrap], None],
    published: Callable[[str, str], None],
) -> None:
    """Run a relay until `stop` is set. Raises StartError, SpoolError or TorError when it cannot start.

    `progress` hears how far tor is; `published` hears the onion address once reporters can reach it, and that of the
    partners' onion, which is empty when nobody may come for bundles.
    """
    settings.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings.state.chmod(0o700)
    (settings.state / "run").mkdir(mode=0o700, exist_ok=True)
    keep_no_times_of_access(settings.own_folders)
    with (
        NodeKeeper(settings, identity, socks=socks(settings), journal=journal) as node,
        ExitStack() as stack,
    ):
        node.start()
        keepers = [stack.enter_context(keeper) for keeper in _tors(settings, journal)]
        helpers = [
            threading.Thread(target=_watch_tors, args=(keepers, stop, node.round_seconds)),
            threading.Thread(target=_tell_published, args=(keepers[-1], settings, journal, stop, progress, published)),
        ]
        for helper in helpers:
            helper.start()
        try:
            while not stop.wait(_POLL_SECONDS):
                node.look()
        finally:
            stop.set()
            for helper in helpers:
                helper.join()
    journal.record(Event.STOPPED)


def _node_environment() -> dict[str, str]:
    told = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    return {**told, **_MEMORY, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), NOWHERE)}


def socks(settings: Settings) -> str:
    """Where the tor that dials listens, as `onion_service.torrc.socks_address` reads it."""
    wanted = settings.config.tor
    return wanted.socks if wanted.mode == "attach" else str(UnixSocket(settings.state / "run" / "socks.sock"))


def _tors(settings: Settings, journal: Journal) -> list[TorKeeper]:
    """The tors of these settings, the one that holds the onion service last."""
    wanted = settings.config.tor
    if wanted.mode == "attach":
        place, service = UnixSocket(Path(wanted.control)), Path(wanted.service)
        return [
            TorKeeper("the tor we attach to", lambda: control.attach(place, service_directory=service), journal=journal)
        ]
    dial = DialTor(
        data_directory=settings.state / "tor-dial",
        socks=socks_address(socks(settings)),
        control=UnixSocket(settings.state / "run" / "dial.control"),
        lock_memory=may_lock(),
        private_net=private_net(settings.config.tor.authority),
    )
    onion = onion_tor(settings)
    return [
        TorKeeper("the tor that dials", lambda: control.launch(dial, program=wanted.program), journal=journal),
        TorKeeper(
            "the tor that holds the onion service",
            lambda: control.launch(onion, program=wanted.program),
            journal=journal,
        ),
    ]


def onion_tor(settings: Settings) -> OnionTor:
    """The settings of the tor that holds the onion service."""
    run = settings.state / "run"
    return OnionTor(
        data_directory=settings.state / "tor-onion",
        service_directory=settings.state / "onion",
        target=UnixSocket(settings.door_socket),
        control=UnixSocket(run / "onion.control"),
        lock_memory=may_lock(),
        private_net=private_net(settings.config.tor.authority),
        closed=_closed(settings),
    )


def _closed(settings: Settings) -> ClosedService | None:
    """The partners' onion; none when nobody has a key for it."""
    if not settings.pull_keys:
        return None
    return ClosedService(settings.partners_onion, UnixSocket(settings.partners_socket), settings.pull_keys)


def _partners_onion(settings: Settings) -> str:
    if not settings.pull_keys:
        return ""
    return (settings.partners_onion / "hostname").read_text("ascii").strip()


def _watch_tors(keepers: list[TorKeeper], stop: threading.Event, period: int) -> None:
    while not stop.wait(min(_TOR_LOOK_SECONDS, period - time.time() % period)):
        if time.time() % period < _AT_EDGE_SECONDS:
            for keeper in keepers:
                keeper.keep_guards()
        for keeper in keepers:
            keeper.look()


def _tell_published(
    keeper: TorKeeper,
    settings: Settings,
    journal: Journal,
    stop: threading.Event,
    progress: Callable[[str, Bootstrap], None],
    published: Callable[[str, str], None],
) -> None:
    told = False
    while not stop.is_set():
        tor = keeper.tor
        try:
            if tor is not None:
                tor.wait_bootstrapped(seconds=_STEP_SECONDS, progress=lambda step: progress("onion service", step))
                address = tor.wait_published(seconds=_STEP_SECONDS)
                journal.record(Event.PUBLISHED)
                published(str(address), _partners_onion(settings))
                return
        except TorError as error:
            if not told and time.monotonic() > keeper.since + TOR_SECONDS:
                journal.record(Event.TOR_SLOW, detail=str(error))
                told = True
        stop.wait(_STEP_SECONDS)
