"""The node says clearly why it cannot start, and loses nothing when there is no space for bundles."""

import io
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from crypto import directory as directories
from crypto import letter
from crypto.cells import CellClass, cell_hash
from crypto.layers import wrap
from relay import spool, telemetry
from relay.config import Settings
from relay.journal import Journal
from relay.node import Given, Node
from relay.spool import Geometry, Spool
from relay.start import StartError, geometry, read_directory
from tests.rig import NOBODY, Rig, Running


def _geometry(rig: Rig, settings: Settings) -> Geometry:
    trusted = read_directory(
        settings.directory_file,
        root=settings.config.root,
        identity=rig.relay.signing.verifying_key,
        now=int(time.time()),
    )
    return geometry(settings, trusted)


def _run(rig: Rig, settings: Settings, wanted: Geometry, *, parent_lives: bool) -> tuple[int, str]:
    """The exit code of the node and what it said."""
    fd = spool.create(wanted)
    read_end, write_end = os.pipe()
    os.write(write_end, rig.relay.signing.secret_seed())
    if not parent_lives:
        os.close(write_end)
    command = [sys.executable, "-m", "relay.node", str(settings.path), "--spool-fd", str(fd), "--life-fd"]
    try:
        done = subprocess.run(
            [*command, str(read_end), "--socks", NOBODY],
            pass_fds=(fd, read_end),
            capture_output=True,
            text=True,
            timeout=60,
        )
    finally:
        for held in (fd, read_end, *([write_end] if parent_lives else [])):
            os.close(held)
    assert done.stdout == ""
    return done.returncode, done.stderr


def _expired(rig: Rig) -> None:
    (rig.folder / "directory.signed").write_bytes(directories.sign(rig.directory(expires_in=-5), rig.root))


def _unsigned(rig: Rig) -> None:
    path = rig.folder / "directory.signed"
    path.write_bytes(path.read_bytes()[len(directories.FIRST_LINE) :])


def _forged(rig: Rig) -> None:
    path = rig.folder / "directory.signed"
    path.write_bytes(path.read_bytes().replace(b'"round_seconds":5', b'"round_seconds":6'))


def _missing(rig: Rig) -> None:
    (rig.folder / "directory.signed").unlink()


def _other_settings(rig: Rig) -> None:
    path = rig.folder / "relay.toml"
    path.write_text(path.read_text().replace(f"letters = {rig.letters}", f"letters = {rig.letters + 1}"))


def _misspelt(rig: Rig) -> None:
    with (rig.folder / "relay.toml").open("a") as file:
        file.write("\n[bundels]\nkeep_rounds = 9\n")


def _door_taken(rig: Rig) -> None:
    socket = rig.folder / "state" / "run" / "door.sock"
    socket.parent.mkdir(parents=True)
    socket.write_text("not a socket")


def _too_small(rig: Rig) -> None:
    sizes = msgspec.structs.replace(rig.sizes, letters=1_000)
    changed = msgspec.structs.replace(rig.directory(), bundle=sizes)
    (rig.folder / "directory.signed").write_bytes(directories.sign(changed, rig.root))


def _other_page(rig: Rig) -> None:
    changed = msgspec.structs.replace(rig.directory(), site={"/": "0" * 64})
    (rig.folder / "directory.signed").write_bytes(directories.sign(changed, rig.root))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_other_page, "`veladora directory site "),
        (_expired, "the directory has expired"),
        (_unsigned, "not a signed directory"),
        (_forged, "signature does not hold"),
        (_missing, "veladora directory sign"),
        (_other_settings, "made for other settings; stop the supervisor"),
        (_misspelt, "bundels"),
        (_door_taken, "is not a socket"),
        (_too_small, "letters >= 1000"),
    ],
)
def test_a_node_that_cannot_start_says_why_in_one_line_and_ends_with_2(
    tmp_path: Path, spoil: Callable[[Rig], None], said: str
) -> None:
    rig = Rig(tmp_path / "relay")
    settings = rig.write()
    wanted = _geometry(rig, settings)
    spoil(rig)
    code, stderr = _run(rig, settings, wanted, parent_lives=True)
    assert code == 2
    assert stderr.count("\n") == 1
    assert stderr.startswith("veladora: cannot start: ")
    assert said in stderr


def test_a_node_whose_parent_is_gone_ends_at_once(tmp_path: Path) -> None:
    rig = Rig(tmp_path / "relay")
    settings = rig.write()
    code, stderr = _run(rig, settings, _geometry(rig, settings), parent_lives=False)
    assert code == 0
    assert "cannot start" not in stderr
    assert not (settings.state / "run" / "door.sock").exists()


def test_a_node_in_this_process_fails_the_same(tmp_path: Path) -> None:
    rig = Rig(tmp_path / "relay")
    settings = rig.write()
    fd = spool.create(wanted := _geometry(rig, settings))
    _expired(rig)
    given = Given(fd, rig.relay.signing, NOBODY)
    try:
        with pytest.raises(StartError, match="expired"):
            Node(settings, given, journal=None)  # type: ignore[arg-type]
        Spool(fd, wanted).close()
    finally:
        os.close(fd)


@contextmanager
def _full_filesystem(running: Running) -> Iterator[None]:
    filler = running.rig.folder / "state" / "bundles" / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(65_536)) == 65_536:
                pass
        except OSError:
            pass
    yield
    filler.unlink()


@contextmanager
def _no_file_may_grow(running: Running) -> Iterator[None]:
    pid = running.keeper.pid
    assert pid is not None
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (10_000, hard))
    yield
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))


@contextmanager
def _own_filesystem(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, mode=0o700)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "bundles", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting needs CAP_SYS_ADMIN; the test beside this one limits the size of files instead")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def _wait(reached: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _without_space(
    running: Running, shortage: Callable[[Running], AbstractContextManager[None]], capfd: pytest.CaptureFixture[str]
) -> None:
    rig, said = running.rig, ""
    letters = [letter.top_up(CellClass.LETTER, relays=1) for _ in range(3)]
    figures = rig.folder / "state" / "figures.json"

    def heard(text: str) -> bool:
        nonlocal said
        said += capfd.readouterr().err
        return text in said

    with shortage(running):
        # On a busy machine an edge may have passed before.
        before = rig.store().rounds(CellClass.LETTER)
        assert [running.post(wrap(cell, route=running.route())) for cell in letters] == [202] * 3
        _wait(lambda: heard("no space for the bundle of round"))
        assert running.post(wrap(letters[0], route=running.route())) == 503
        assert rig.store().rounds(CellClass.LETTER) == before
        _wait(lambda: figures.exists() and telemetry.read(figures).no_space)
    _wait(lambda: heard("there is space for bundles again"))
    assert running.post(wrap(letter.top_up(CellClass.LETTER, relays=1), route=running.route())) == 202
    assert not telemetry.read(figures).no_space
    store = rig.store()
    left = [store.cell_hashes(CellClass.LETTER, number) for number in store.rounds(CellClass.LETTER)]
    assert [sum(cell_hash(cell) in hashes for hashes in left) for cell in letters] == [1, 1, 1]
    assert said.count("no space") >= 1
    assert said.count("space for bundles again") == 1


@pytest.mark.slow
def test_without_space_cells_wait_in_memory_and_leave_once_there_is_some(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    rig = Rig(tmp_path / "relay")
    with _own_filesystem(rig.folder / "state" / "bundles"), rig.running() as running:
        _without_space(running, _full_filesystem, capfd)


@pytest.mark.slow
def test_when_no_file_may_grow_cells_wait_in_memory_too(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with Rig(tmp_path / "relay").running() as running:
        _without_space(running, _no_file_may_grow, capfd)


def test_a_release_is_taken_once_and_one_that_cannot_be_taken_does_not_count(tmp_path: Path) -> None:
    stream, path = io.StringIO(), tmp_path / "release"
    node = SimpleNamespace(_settings=SimpleNamespace(release_file=path), _journal=Journal(stream))
    asked = [Node._is_released(node)]  # type: ignore[arg-type]
    path.touch()
    asked += [Node._is_released(node) for _ in range(2)]  # type: ignore[arg-type]
    assert asked == [False, True, False]
    path.mkdir()
    assert not Node._is_released(node)  # type: ignore[arg-type]
    assert "does not count" in stream.getvalue()
