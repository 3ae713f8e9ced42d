"""The browser's client in Node: its packages installed once from the lock file, and one question to it at a time."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

CLIENT: Final = Path(__file__).parents[2] / "onion_service" / "client"
OLDEST_NODE: Final = 18

# For each module the texts that go, each with what stands there instead.
Changes = Mapping[str, Sequence[tuple[str, str]]]


def node() -> str:
    """The path of node. Skips the test, with the reason, where there is none that is new enough."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("node is not installed, so the browser's client cannot run (Debian: apt install nodejs npm)")
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.removeprefix("v").partition(".")[0]) < OLDEST_NODE:
        pytest.skip(f"node {version.strip()} is older than {OLDEST_NODE}")
    return found


def install() -> None:
    """Exactly the packages of the lock file, unless they have been put there since it was last changed."""
    installed, lock = CLIENT / "node_modules" / ".package-lock.json", CLIENT / "package-lock.json"
    if installed.is_file() and installed.stat().st_mtime >= lock.stat().st_mtime:
        return
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed, so the client's packages cannot be (Debian: apt install npm)")
    subprocess.run([npm, "ci"], cwd=CLIENT, check=True, capture_output=True, timeout=300)


def run(*arguments: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
    """A node program of the client, to its end."""
    program = node()
    install()
    environment = {name: value for name, value in os.environ.items() if name != "NODE_OPTIONS"}
    return subprocess.run(
        [program, *arguments], cwd=CLIENT, capture_output=True, text=True, timeout=timeout, check=False, env=environment
    )


def told(program: str, question: object, *, at: Path = CLIENT, timeout: float = 120) -> str:
    """What a node program of the client, or of an altered copy of it in the folder `at`, says to one question."""
    interpreter = node()
    install()
    answered = subprocess.run(
        [interpreter, program],
        cwd=at,
        input=json.dumps(question),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    if answered.returncode != 0:
        raise ChildProcessError(answered.stderr)
    return answered.stdout


def ask(do: str, *, timeout: float = 120, at: Path = CLIENT, **question: object) -> Any:  # noqa: ANN401 - plain JSON
    """What the client in the folder `at` answers to one question (onion_service/client/tests/peer.js)."""
    return json.loads(told("tests/peer.js", {"do": do, **question}, at=at, timeout=timeout))


def altered(folder: Path, changes: Changes) -> Path:
    """A copy of the client in `folder` with a fault planted in it. Each text that goes must stand there once."""
    install()
    copy = folder / "client"
    shutil.copytree(CLIENT, copy, ignore=shutil.ignore_patterns("node_modules"))
    (copy / "node_modules").symlink_to(CLIENT / "node_modules")
    for module, edits in changes.items():
        text = (copy / module).read_text(encoding="utf-8")
        for before, after in edits:
            assert text.count(before) == 1, f"{module} does not have {before!r} once"
            text = text.replace(before, after)
        (copy / module).write_text(text, encoding="utf-8")
    return copy
