"""The browser's client in Node: its packages installed once from the lock file, and one question to it at a time."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

CLIENT: Final = Path(__file__).parents[2] / "onion_service" / "client"
OLDEST_NODE: Final = 18


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
    """Exactly the packages of the lock file, unless they are there already."""
    if (CLIENT / "node_modules" / ".package-lock.json").is_file():
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


def ask(do: str, *, timeout: float = 120, **question: object) -> Any:  # noqa: ANN401 - an answer is plain JSON
    """What the client answers to one question (onion_service/client/tests/peer.js)."""
    return json.loads(told("tests/peer.js", {"do": do, **question}, timeout=timeout))


def told(program: str, question: object, *, folder: Path = CLIENT, timeout: float = 120) -> str:
    """What a node program of the client, or of a changed copy of it in `folder`, says to one question."""
    interpreter = node()
    install()
    answered = subprocess.run(
        [interpreter, program],
        cwd=folder,
        input=json.dumps(question),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    if answered.returncode != 0:
        raise ChildProcessError(answered.stderr)
    return answered.stdout


def changed(folder: Path, file: str, written: str, instead: str) -> Path:
    """A copy of the client in `folder` in which one place of one file is written otherwise."""
    shutil.copytree(CLIENT, folder, ignore=shutil.ignore_patterns("node_modules"))
    (folder / "node_modules").symlink_to(CLIENT / "node_modules")
    source = (folder / file).read_text(encoding="utf-8")
    assert source.count(written) == 1, f"{file} says {written!r} elsewhere or not at all"
    (folder / file).write_text(source.replace(written, instead), encoding="utf-8")
    return folder
