"""An installed desk (docs/partner.md) is shut in by the same walls as the tree is, and nothing of it is missing."""

import os
import resource
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import pytest

from forwarder.desk.errors import NotOpenedSafely
from forwarder.desk.findings import Reason
from forwarder.desk.sandbox import Sandbox, Way
from forwarder.desk.walls import OURS, NotInstalled, Packages
from tests.architecture_rules import PACKAGES, ROOT

# Large, and no part of a desk.
_LEFT_OUT: Final = shutil.ignore_patterns(
    *("matplotlib", "numpy", "numpy.libs", "fontTools", "mypy", "*mypyc*", "*veladora*", "__pycache__")
)
_NOT_SHIPPED: Final = ("onion_service/client/",)
_WAYS: Final = """
import sys
sys.path.insert(0, sys.argv[1])
from forwarder.desk.sandbox import Sandbox
found = Sandbox.best()
print(found.way.name, found.fell_short, found.texts(["Vi\\u202e algo"]))
"""
_SERVICE: Final = """
import sys
sys.path.insert(0, sys.argv[1])
from forwarder.desk.channels.outlet import Outlet
print(Outlet(None).describe("json://" + "a" * 56 + ".onion/alerts").name)
"""


def _linked(source: str, target: str) -> None:
    with suppress(OSError):
        os.link(source, target)
        return
    shutil.copy2(source, target)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What pip makes of this tree."""
    tree, made = tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("wheel")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    pip = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", str(made)]
    subprocess.run([*pip, str(tree)], check=True, capture_output=True, cwd=tree)
    (found,) = made.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder with our packages and those of others, as after `pip install .`."""
    folder = tmp_path_factory.mktemp("installed") / "site-packages"
    site = next(Path(path) for path in sys.path if path.endswith("site-packages"))
    shutil.copytree(site, folder, ignore=_LEFT_OUT, copy_function=_linked)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def ran(program: str, folder: Path) -> str:
    """What an installed desk's program says; nothing but that folder and Python's own is there."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, str(folder)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    return done.stdout.strip()


@pytest.mark.slow
def test_an_installed_desk_opens_what_came_inside_of_bubblewrap(installed: Path) -> None:
    assert ran(_WAYS, installed) == "BUBBLEWRAP False ['Vi algo']"


@pytest.mark.slow
def test_an_installed_desk_can_speak_to_services(installed: Path) -> None:
    assert ran(_SERVICE, installed) == "JSON"


@pytest.mark.slow
def test_everything_that_the_packages_need_is_in_the_wheel(wheel: Path) -> None:
    tracked = {
        path.relative_to(ROOT).as_posix()
        for name in PACKAGES
        for path in (ROOT / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and "node_modules" not in path.parts
    }
    needed = {path for path in tracked if not path.startswith(_NOT_SHIPPED)}
    with zipfile.ZipFile(wheel) as archive:
        there = set(archive.namelist())
    assert {path for path in there if not path.split("/")[0].endswith(".dist-info")} >= needed
    assert {"forwarder/places/mexico.json", "forwarder/desk/web/locale/en.po"} <= needed


def test_packages_in_one_folder_and_in_two_are_told_apart_and_all_are_readable() -> None:
    apart, together = Packages("/a", ("/b", "/b")), Packages("/a", ("/a",))
    assert (apart.folders, together.folders) == (["/a", "/b"], ["/a"])
    assert {f"/a/{name}" for name in OURS} | {"/b"} <= set(apart.readable())
    assert "/a" not in apart.readable(), "what else lies beside our packages is not shown"
    assert "/a" in together.readable()
    with pytest.raises(NotInstalled, match="no_such_package"):
        Packages.found("no_such_package")


@contextmanager
def no_room() -> Iterator[None]:
    """This process gets no further pipe, as when too much is open at once."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.dup(0)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free + 1, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_bubblewrap_that_does_not_hold_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not Sandbox.best().fell_short
    (tmp_path / "bwrap").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "bwrap").chmod(0o755)
    with monkeypatch.context() as broken:
        broken.setenv("PATH", str(tmp_path))
        found = Sandbox.best()
    assert (found.way is Way.BUBBLEWRAP, found.fell_short) == (False, True)
    with monkeypatch.context() as gone:
        gone.setenv("PATH", str(tmp_path / "nothing"))
        assert not Sandbox.best().fell_short, "what is not installed cannot fall short"


def test_a_moment_without_room_lowers_no_wall_and_is_a_finding() -> None:
    sandbox = Sandbox.best()
    with no_room():
        with pytest.raises(NotOpenedSafely):
            Sandbox.best()
        copy = sandbox.attachment(b"Vi algo", media="text/plain")
    assert copy.findings.reason is Reason.LIMIT
    assert Sandbox.best().way is sandbox.way
