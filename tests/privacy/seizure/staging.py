"""A complete relay on a disk of its own: its folder, state, journal, tor's folders, and where temporary files would go.

It runs as `veladora run` runs it, in processes of its own that can be killed like a machine without power.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from crypto.directory import BundleSizes
from onion_service.control import make_onion
from onion_service.torrc import PrivateNet
from relay.config import Settings
from relay.examiner import live
from relay.examiner.live import Process, Role
from relay.examiner.spool_memory import SpoolMemory
from relay.supervisor import onion_tor
from tests.architecture_rules import ROOT
from tests.privacy import mutant_node
from tests.privacy.seizure.disk import Disk
from tests.privacy.seizure.plans import READY_SECONDS, Plan
from tests.rig import Rig, ask

PARTNER: Final = "partner-0"
_SIZES: Final = BundleSizes(letters=64, parcels=2, parcel_every=2)
_LETTERS: Final = 1_024
_LOOPS: Final = 6
_AFTER_EDGE: Final = 1


class NotReached(Exception):
    """The relay that was to be seized did not come up; its last lines are in the text."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The private Tor network, and a partner's endpoint in it."""

    net: PrivateNet
    endpoint: str


@dataclass(frozen=True, slots=True)
class Staged:
    """A running relay and its disk."""

    rig: Rig
    settings: Settings
    disk: Disk
    parent: subprocess.Popen[bytes]

    @property
    def journal(self) -> Path:
        """What it says."""
        return self.disk.root / "journal"

    @property
    def door(self) -> Path:
        """Where its door listens."""
        return self.settings.door_socket

    def family(self) -> list[Process]:
        """Its processes, the parent first."""
        return live.family(self.parent.pid)

    def node(self) -> int | None:
        """The node's process id, while it runs."""
        return next((one.pid for one in self.family() if one.role is Role.NODE), None)

    def spool(self) -> SpoolMemory:
        """The spool, as the parent holds it. Raises NotReached when it holds none."""
        found = live.spool_of(Process(self.parent.pid, Role.SUPERVISOR))
        if found is None:
            raise NotReached("the relay holds no spool")
        return found[0]

    def is_open(self) -> bool:
        """Whether the door answers."""
        try:
            return ask(self.door, "GET", "/directory").status == 200
        except OSError:
            return False

    def wait_open(self) -> None:
        """Return when the door answers. Raises NotReached."""
        self._wait(self.is_open, "its door does not open")

    def wait_for_line(self, words: str) -> None:
        """Return when the journal has said that. Raises NotReached."""
        self._wait(lambda: words in self.said(), f"it does not say {words!r}")

    def said(self) -> str:
        """The whole journal, read so that its time of access stays."""
        descriptor = os.open(self.journal, os.O_RDONLY | os.O_NOATIME)
        with open(descriptor, encoding="utf-8") as file:  # noqa: PTH123 - it is a descriptor
            return file.read()

    def freeze(self) -> None:
        """The power fails: nothing of the relay does anything any more, and its memory stays as it is."""
        for one in self.family():
            with suppress(ProcessLookupError):
                os.kill(one.pid, signal.SIGSTOP)

    def kill(self) -> None:
        """End every process of it by its own id. Nothing of theirs runs first."""
        with suppress(OSError):
            for one in self.family():
                with suppress(ProcessLookupError):
                    os.kill(one.pid, signal.SIGKILL)
        self.parent.kill()
        self.parent.wait()

    def _wait(self, until: Callable[[], bool], trouble: str) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not until():
            if self.parent.poll() is not None or time.monotonic() > deadline:
                raise NotReached(f"{trouble}: {' / '.join(self.said().splitlines()[-4:])}")
            time.sleep(0.05)


def prepare(plan: Plan, disk: Disk, around: Surroundings | None) -> tuple[Rig, Settings]:
    """The relay's folder, keys and directory, on the disk."""
    folder = disk.root / "relay"
    for name in ("tmp", "home"):
        (disk.root / name).mkdir(mode=0o700)
    rig = Rig(folder, round_seconds=plan.round_seconds, sizes=_SIZES, letters=_LETTERS)
    if around is None:
        return rig, rig.write()
    more = (
        f"[delivery]\nafter_edge = {_AFTER_EDGE}\n[loops]\nper_round = {_LOOPS}\n"
        f'[[partner]]\nid = "{PARTNER}"\nendpoint = "{around.endpoint}"\n{_authorities(around.net)}'
    )
    settings = rig.write(more_settings=more)
    (settings.state / "run").mkdir(mode=0o700, parents=True)
    rig = replace(rig, onion=str(make_onion(onion_tor(settings))))
    return rig, rig.write(more_settings=more)


@contextmanager
def started(plan: Plan, disk: Disk, rig: Rig, settings: Settings) -> Iterator[Staged]:
    """The relay runs while the block lasts; none of its processes outlives it."""
    with (disk.root / "journal").open("ab") as said:
        # The unit forbids cores to all processes (LimitCORE=0); started by hand, somebody else has to.
        parent = subprocess.Popen(
            ["prlimit", f"--core={plan.core_limit}", *_command(plan, settings)],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            cwd=disk.root,
            env=_environment(plan, disk),
        )
    staged = Staged(rig, settings, disk, parent)
    try:
        yield staged
    finally:
        staged.kill()


def _command(plan: Plan, settings: Settings) -> list[str]:
    folder, program = str(settings.folder), "tests.privacy.seizure.program"
    if plan.tors_defaults:
        return [sys.executable, "-m", program, "--tors-defaults", folder]
    if plan.with_tor:
        return [sys.executable, "-c", "from relay.cli import main; main()", "run", folder]
    return [sys.executable, "-m", program, folder, mutant_node.PROGRAM if plan.mutant else "relay.node"]


def _environment(plan: Plan, disk: Disk) -> dict[str, str]:
    """Nothing of ours but the way to programs; whatever wants to write finds the disk."""
    known = {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "HOME": str(disk.root / "home"),
        "TMPDIR": str(disk.root / "tmp"),
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return {**known, mutant_node.VARIABLE: plan.mutant} if plan.mutant else known


def _authorities(net: PrivateNet) -> str:
    return "".join(
        f'[[tor.authority]]\nnickname = "{one.nickname}"\nor_port = {one.or_port}\ndir_port = {one.dir_port}\n'
        f'v3_identity = "{one.v3_identity}"\nfingerprint = "{one.fingerprint}"\n'
        for one in net.authorities
    )
