"""T9: tor's own files say nothing. Of a relay that nobody visited and of one with 40 introductions the same files of
tor's are left, whether the relay was stopped or killed as by a power cut: no log, no counter, no build time; the guards
are kept, and the next life has the same.

Each relay is the real program with its two tors, on a private Tor network. Each tor is asked for a heartbeat, which by
itself it would write every six hours only.
"""

import asyncio
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil
import pytest

from onion_service import memory
from onion_service.control import attach
from onion_service.dial import Dialler
from onion_service.errors import OnionUnreachable
from onion_service.torrc import SocksAddress, UnixSocket
from relay.examiner.examining import Question, examine
from relay.journal import Event
from tests.architecture_rules import ROOT
from tests.privacy import mutant_tor
from tests.privacy.mutants import caught
from tests.rig import Rig
from tests.tor.private_network import PrivateNetwork

pytestmark = [pytest.mark.tor, pytest.mark.slow]

VISITS: Final = 40
SECONDS: Final = 120.0
PAGE_MAX: Final = 4 << 20
PUBLISHED: Final = Event.PUBLISHED.value
TORS: Final = ("dial", "onion")
HONEST: Final = "from relay.cli import main; main()"
_GUARD: Final = re.compile(r"^Guard .*\brsa_id=([0-9A-F]{40}) .*\bsampled_on=(\S+)", re.MULTILINE)
_COOKIE: Final = re.compile(rb'COOKIEFILE="([^"]+)"')
_COUNT: Final = re.compile(r"received (\d+) v3 INTRODUCE2")


@dataclass(frozen=True, slots=True)
class Relay:
    """One relay's folder, and the command that runs it."""

    rig: Rig
    network: PrivateNetwork
    command: tuple[str, ...] = (sys.executable, "-c", HONEST)
    leak: str = ""

    @property
    def state(self) -> Path:
        """What its disk holds."""
        return self.rig.folder / "state"

    @property
    def journal(self) -> Path:
        """What it said."""
        return self.rig.folder / "journal"

    def control(self, name: str) -> UnixSocket:
        return UnixSocket(self.state / "run" / f"{name}.control")

    @contextmanager
    def running(self) -> Iterator[psutil.Process]:
        """The relay from its start to its end, whichever that is."""
        authorities = "".join(
            f'[[tor.authority]]\nnickname = "{one.nickname}"\nor_port = {one.or_port}\ndir_port = {one.dir_port}\n'
            f'v3_identity = "{one.v3_identity}"\nfingerprint = "{one.fingerprint}"\n'
            for one in self.network.net.authorities
        )
        self.rig.write(more_settings=authorities)
        environment = {**os.environ, mutant_tor.VARIABLE: self.leak}
        with self.journal.open("ab") as said:
            process = subprocess.Popen(
                [*self.command, "run", str(self.rig.folder)],
                stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=environment, cwd=ROOT,
            )  # fmt: skip
        try:
            yield psutil.Process(process.pid)
        finally:
            process.kill()
            process.wait()

    def live(self, socks: SocksAddress, *, visits: int, cut: bool) -> None:
        """One life: published, visited, its guards on the disk; then stopped, or killed and its memory gone."""
        lives = self.journal.read_text().count(PUBLISHED) if self.journal.exists() else 0
        with self.running() as process:
            self._wait(process, lambda: self.journal.read_text().count(PUBLISHED) > lives)
            onion = (self.state / "onion" / "hostname").read_text().strip()
            asyncio.run(_visited(f"http://{onion}/directory", socks, visits))
            working = []
            for name in TORS:
                with attach(self.control(name)) as tor:
                    working.append(Path(tor.ask("config-file")).parent)
                _ask_for_heartbeat(self.control(name).path)
            self._wait(process, lambda: all(self.guards().values()))
            family = [process, *process.children(recursive=True)]
            process.send_signal(signal.SIGKILL if cut else signal.SIGTERM)
            _, alive = psutil.wait_procs(family, timeout=30)
            assert alive == []
        for folder in working:
            if memory.place() in folder.parents:
                # What was stopped has cleaned up after itself; of what was killed a power cut leaves nothing.
                assert folder.exists() is cut
                shutil.rmtree(folder, ignore_errors=True)

    def guards(self) -> dict[str, set[tuple[str, str]]]:
        """Of each tor, who its guards are and since when, as they stand on the disk."""
        states = {name: self.state / f"tor-{name}" / "state" for name in TORS}
        return {
            name: set(_GUARD.findall(path.read_text())) if path.exists() else set() for name, path in states.items()
        }

    def files(self) -> set[str]:
        """The files of its tors on the disk."""
        places = [self.state / name for name in ("tor-dial", "tor-onion", "onion")]
        return {str(path.relative_to(self.state)) for place in places for path in place.rglob("*")}

    def findings(self) -> set[str]:
        """What an examination of the disk and of the journal finds in tor's files, and what it could not look at."""
        rows = {row.id: row for row in examine(Question(paths=(str(self.state), str(self.journal))))}
        found = {finding.kind for name in ("T8", "T9") for finding in rows[name].findings}
        return found | {unseen.because for unseen in rows["T9"].unseen}

    def _wait(self, process: psutil.Process, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + SECONDS
        while not holds():
            if time.monotonic() > deadline or process.status() == psutil.STATUS_ZOMBIE:
                raise TimeoutError(self.journal.read_text()[-2_000:])
            time.sleep(0.1)


async def _visited(url: str, socks: SocksAddress, visits: int) -> None:
    """So many visits, each on circuits of its own, so each is an introduction. On a machine with much to do an onion is
    found some seconds after its tor has said that it is published; who does not find it introduces nobody."""
    dialler, deadline = Dialler(socks=socks), time.monotonic() + SECONDS

    async def visit() -> int:
        while True:
            try:
                return (await dialler.get(url, limit=PAGE_MAX, timeout=SECONDS)).status
            except OnionUnreachable:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.5)

    assert await asyncio.gather(*(visit() for _ in range(visits))) == [200] * visits


def _ask_for_heartbeat(control: Path) -> None:
    """What tor's heartbeat says, now instead of in six hours (control-spec, SIGNAL)."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(SECONDS)
        line.connect(str(control))
        line.sendall(b"PROTOCOLINFO 1\r\n")
        cookie = _COOKIE.search(line.recv(4_096))
        assert cookie is not None
        line.sendall(b"AUTHENTICATE %s\r\n" % Path(os.fsdecode(cookie[1])).read_bytes().hex().encode())
        assert line.recv(4_096) == b"250 OK\r\n"
        line.sendall(b"SIGNAL HEARTBEAT\r\n")
        assert line.recv(4_096) == b"250 OK\r\n"


def tors_own_files_say_nothing(quiet: Relay, visited: Relay, socks: SocksAddress) -> None:
    """The proof. Both are killed in their first life and stopped in their second; visits come to one in each."""
    with ThreadPoolExecutor(2) as both:
        lives = [both.submit(quiet.live, socks, visits=0, cut=True)]
        lives.append(both.submit(visited.live, socks, visits=VISITS, cut=True))
        for life in lives:
            life.result()
        assert (quiet.findings(), visited.findings()) == (set(), set())
        assert quiet.files() == visited.files()
        chosen = [relay.guards() for relay in (quiet, visited)]
        lives = [both.submit(quiet.live, socks, visits=VISITS, cut=False)]
        lives.append(both.submit(visited.live, socks, visits=0, cut=False))
        for life in lives:
            life.result()
    assert (quiet.findings(), visited.findings()) == (set(), set())
    assert quiet.files() == visited.files()
    # tor may take more relays into its sample; those it had stay.
    for relay, before in zip((quiet, visited), chosen, strict=True):
        after = relay.guards()
        assert all(before[name] <= after[name] for name in TORS)


@pytest.fixture(scope="module")
def socks(private_network: PrivateNetwork) -> Iterator[SocksAddress]:
    """The way of the visitors."""
    tor, address = private_network.launch_dial("visitor")
    yield address
    private_network.end(tor)


def test_tor_s_own_files_say_nothing(tmp_path: Path, private_network: PrivateNetwork, socks: SocksAddress) -> None:
    quiet, visited = (Relay(Rig(tmp_path / name), private_network) for name in "qv")
    began = time.monotonic()
    tors_own_files_say_nothing(quiet, visited, socks)
    print(f"two relays, two lives each: {time.monotonic() - began:.0f} s; left: {sorted(quiet.files())}")


def test_tors_whose_files_count_are_caught(
    tmp_path: Path, private_network: PrivateNetwork, socks: SocksAddress
) -> None:
    """Each life is mostly waiting, so both mutants live at once."""
    leaks = (mutant_tor.leave_tor_its_defaults, mutant_tor.keep_what_tor_wrote)
    with ThreadPoolExecutor(len(leaks)) as both:
        caughts = [both.submit(_caught, tmp_path / leak.__name__[:1], leak, private_network, socks) for leak in leaks]
        for one in caughts:
            one.result()


def _caught(folder: Path, leak: Callable[[], None], network: PrivateNetwork, socks: SocksAddress) -> None:
    command = (sys.executable, "-m", mutant_tor.PROGRAM)
    quiet, visited = (Relay(Rig(folder / name), network, command, leak.__name__) for name in "qv")
    caught("T9", leak.__name__.replace("_", " "), tors_own_files_say_nothing, quiet, visited, socks)
    assert "count of circuits through a guard" in visited.findings()
    if leak is mutant_tor.leave_tor_its_defaults:
        assert {"heartbeat line", "count of introductions", "circuit build times"} <= visited.findings()
        # What they would have told, and that each visit was an introduction.
        logs = [relay.state / "tor-onion" / mutant_tor.LOG for relay in (quiet, visited)]
        assert [int(_COUNT.findall(log.read_text())[0]) for log in logs] == [0, VISITS]
