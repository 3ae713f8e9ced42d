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


def ask(do: str, *, timeout: float = 120, **question: object) -> Any:  # noqa: ANN401 - an answer is plain JSON
    """What the client answers to one question (onion_service/client/tests/peer.js)."""
    program = node()
    install()
    answered = subprocess.run(
        [program, "tests/peer.js"],
        cwd=CLIENT,
        input=json.dumps({"do": do, **question}),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert answered.returncode == 0, answered.stderr
    return json.loads(answered.stdout)
