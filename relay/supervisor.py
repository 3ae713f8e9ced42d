"""The parent process: it holds what must outlive the node, the spool's memory and tor, and starts the node again when
it ends (promise T11).

It reads no cell and opens no connection, so there is little in it that could fail.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from crypto.signing import SigningKey
from onion_service import control
from onion_service.control import Bootstrap, Tor
from onion_service.errors import TorError
from onion_service.torrc import Authority, DialTor, OnionTor, PrivateNet, UnixSocket, socks_address
from relay import spool
from relay.config import Settings
from relay.journal import Event, Journal
from relay.node import door_socket, geometry
from relay.public import StartError, read_directory

STOP_SECONDS: Final = 10.0
TOR_SECONDS: Final = 180.0
_POLL_SECONDS: Final = 0.05
_TOR_LOOK_SECONDS: Final = 15.0
# A node that dies at once is not started a thousand times a second.
_BACKOFF_SECONDS: Final = (0.0, 0.0, 0.2, 0.5, 1.0, 2.0, 5.0)
_HEALTHY_SECONDS: Final = 5.0
_CANNOT_START: Final = 2


@dataclass(frozen=True, slots=True)
class Tors:
    """The two tors of a relay: where to dial out, and the one that holds the onion service."""

    socks: str
    onion: Tor | None


class NodeKeeper:
    """Holds the spool's memory and keeps one node running in it. Use it as a context; leaving stops the node."""

    def __init__(self, settings: Settings, identity: SigningKey, *, socks: str, journal: Journal) -> None:
        """Take the memory. Raises StartError or SpoolError; nothing runs yet."""
        trusted = read_directory(
            settings.directory_file, root=settings.config.root, identity=identity.verifying_key, now=int(time.time())
        )
        self._settings: Final = settings
        self._identity: Final = identity
        self._socks: Final = socks
        self._journal: Final = journal
        self._spool_fd: Final = spool.create(geometry(settings, trusted))
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
                    "relay.node",
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


def supervise(
    settings: Settings,
    identity: SigningKey,
    *,
    journal: Journal,
    stop: threading.Event,
    progress: Callable[[str, Bootstrap], None],
    published: Callable[[str], None],
) -> None:
    """Run a relay until `stop` is set. Raises StartError, SpoolError or TorError when it cannot go on.

    `progress` hears how far each tor is; `published` hears the onion address once reporters can reach it.
    """
    settings.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings.state.chmod(0o700)
    with (
        tors(settings, journal=journal) as running,
        NodeKeeper(settings, identity, socks=running.socks, journal=journal) as keeper,
    ):
        keeper.start()
        waiter = threading.Thread(
            target=_wait_published, args=(running.onion, journal, progress, published), daemon=True
        )
        waiter.start()
        _watch(keeper, running.onion, journal, stop)
    journal.record(Event.STOPPED)


@contextmanager
def tors(settings: Settings, *, journal: Journal) -> Iterator[Tors]:
    """The relay's two tors: launched and stopped with the block, or attached to. Raises TorError."""
    wanted = settings.config.tor
    if wanted.mode == "attach":
        socks_address(wanted.socks)
        with control.attach(UnixSocket(Path(wanted.control)), service_directory=Path(wanted.service)) as onion:
            yield Tors(wanted.socks, onion)
        return
    private = private_net(settings)
    run = settings.state / "run"
    run.mkdir(mode=0o700, parents=True, exist_ok=True)
    socks = UnixSocket(run / "socks.sock")
    with ExitStack() as stack:
        journal.record(Event.TOR_STARTING, detail="the one that dials")
        dial = DialTor(
            data_directory=settings.state / "tor-dial",
            socks=socks,
            control=UnixSocket(run / "dial.control"),
            private_net=private,
        )
        stack.enter_context(control.launch(dial, program=wanted.program))
        journal.record(Event.TOR_STARTING, detail="the one that holds the onion service")
        onion = stack.enter_context(control.launch(onion_tor(settings), program=wanted.program))
        yield Tors(str(socks), onion)


def onion_tor(settings: Settings) -> OnionTor:
    """The settings of the tor that holds the onion service."""
    run = settings.state / "run"
    return OnionTor(
        data_directory=settings.state / "tor-onion",
        service_directory=settings.state / "onion",
        target=UnixSocket(door_socket(settings)),
        control=UnixSocket(run / "onion.control"),
        private_net=private_net(settings),
    )


def private_net(settings: Settings) -> PrivateNet | None:
    """The private network that the settings name, or None for the public one."""
    authorities = tuple(
        Authority(
            nickname=authority.nickname,
            or_port=authority.or_port,
            dir_port=authority.dir_port,
            v3_identity=authority.v3_identity,
            fingerprint=authority.fingerprint,
        )
        for authority in settings.config.tor.authority
    )
    return PrivateNet(authorities) if authorities else None


def _wait_published(
    onion: Tor | None,
    journal: Journal,
    progress: Callable[[str, Bootstrap], None],
    published: Callable[[str], None],
) -> None:
    if onion is None:
        return
    while True:
        try:
            onion.wait_bootstrapped(seconds=TOR_SECONDS, progress=lambda step: progress("onion", step))
            journal.record(Event.TOR_READY)
            address = onion.wait_published(seconds=TOR_SECONDS)
        except TorError as error:
            journal.record(Event.TOR_STARTING, detail=str(error))
            if not onion.health().alive:
                return
            continue
        journal.record(Event.PUBLISHED)
        published(str(address))
        return


def _watch(keeper: NodeKeeper, onion: Tor | None, journal: Journal, stop: threading.Event) -> None:
    lost, next_look = False, time.monotonic() + _TOR_LOOK_SECONDS
    while not stop.wait(_POLL_SECONDS):
        keeper.look()
        if onion is None or time.monotonic() < next_look:
            continue
        next_look = time.monotonic() + _TOR_LOOK_SECONDS
        alive = onion.health().alive
        if alive is lost:
            journal.record(Event.TOR_FOUND if alive else Event.TOR_LOST)
        lost = not alive
