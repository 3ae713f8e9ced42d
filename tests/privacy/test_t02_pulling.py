"""T2, T8, T10: that a partner came for its bundles, when and how often, moves no time of a file, no line of the journal
and no figure. Forty-eight bundles are asked for in the middle of a round; the relay's folder is as it was before."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crypto.cells import CellClass
from crypto.directory import BundleSizes
from crypto.layers import RoundNumber
from forwarder.pulling import path_of
from onion_service.client_auth import ClientKey
from tests.privacy import mutant_node, pull_mutants
from tests.privacy.mutants import caught
from tests.rig import Rig, Running, ask

pytestmark = pytest.mark.slow

PULLS = 48
PARTNER = f'[delivery]\nafter_edge = 0\n[[partner]]\nid = "norte"\npull_key = "{ClientKey(bytes(range(32))).public}"\n'
LONG_AGO = 1_000_000_000


def _left_there(folder: Path) -> dict[str, tuple[Any, ...]]:
    """Everything an inode says, and what is in it, of every file of the relay's folder."""
    found = {}
    for path in (folder, *sorted(folder.rglob("*"))):
        it = path.lstat()
        # What is looked at here is read by us; what a file says of its own readings was taken before.
        wire = b"" if path.is_socket() or path.is_dir() else _peeked(path)
        times = (it.st_atime_ns, it.st_mtime_ns, it.st_ctime_ns)
        # That folders are looked through here moves their times of access.
        found[str(path.relative_to(folder))] = (it.st_ino, it.st_size, times[path.is_dir() :], wire)
    return found


def _peeked(path: Path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOATIME)
    with open(descriptor, "rb") as file:  # noqa: PTH123 - it is a descriptor
        return file.read()


def _settled(running: Running) -> int:
    """A round whose bundle can be had, with most of the round after it still to come."""
    number = running.announced()[0].round_number
    running.wait_round(number)
    socket = running.socket.with_name("partners.sock")
    while ask(socket, "GET", path_of(CellClass.LETTER, number)).status != 200:
        time.sleep(0.05)
    return number


def nothing_keeps_that_a_partner_came(
    folder: Path, capfd: pytest.CaptureFixture[str], *, program: str = "relay.node"
) -> None:
    """The proof."""
    rig = Rig(folder, round_seconds=10, sizes=BundleSizes(letters=8, parcels=2, parcel_every=1))
    settings = rig.write(more_settings=PARTNER)
    with rig.running(settings, program=program) as running:
        number = _settled(running)
        # As if it had been written a while ago: a disk that notes times of access (relatime) would note this one.
        for path in (settings.state / "bundles").iterdir():
            os.utime(path, (LONG_AGO, path.stat().st_mtime))
        # The edge's own work is done by then.
        time.sleep(1.5)
        before = _left_there(rig.folder)
        capfd.readouterr()
        socket = settings.partners_socket
        got = [
            ask(socket, "GET", path_of(cell_class, RoundNumber(one))).status
            for _ in range(PULLS // 4)
            for cell_class in CellClass
            for one in (number, number + 1)
        ]
        after = _left_there(rig.folder)
        # No proof and no finding: a mutant is not caught by a slow machine.
        if got.count(200) < PULLS // 4 * 2 or running.announced()[0].round_number != number + 1:
            raise RuntimeError("an edge came between, or bundles could not be had; the machine is too slow")
        assert after == before
        assert capfd.readouterr() == ("", "")


def test_nothing_keeps_that_a_partner_came(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    nothing_keeps_that_a_partner_came(tmp_path / "relay", capfd)


@pytest.mark.parametrize(("test_id", "mutant"), [
    ("T2", pull_mutants.read_bundles_noticed),
    ("T2", pull_mutants.count_who_comes),
    ("T8", pull_mutants.say_who_comes),
    ("T10", pull_mutants.figure_who_comes),
])  # fmt: skip
def test_what_keeps_it_is_caught(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    test_id: str,
    mutant: Callable[[], None],
) -> None:
    if mutant is pull_mutants.read_bundles_noticed and not _notes_times_of_access(tmp_path):
        pytest.skip("this disk notes no times of access")
    monkeypatch.setenv(mutant_node.VARIABLE, mutant.__name__)
    name = mutant.__name__.replace("_", " ")
    caught(test_id, name, nothing_keeps_that_a_partner_came, tmp_path / "relay", capfd, program=mutant_node.PROGRAM)


def _notes_times_of_access(folder: Path) -> bool:
    path = folder / "file"
    path.write_bytes(b"x")
    os.utime(path, (LONG_AGO, path.stat().st_mtime))
    path.read_bytes()
    return path.stat().st_atime != LONG_AGO
