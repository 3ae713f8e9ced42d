"""`veladora desk run` shows a link that is good once, gives a new one for Enter, and ends by a signal; what it starts a
browser with tells other users of the computer nothing.
"""

import asyncio
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.unit.forwarder.desk.given import new_desk

pytestmark = pytest.mark.slow

READY_SECONDS = 30.0


@contextmanager
def running(
    *arguments: str, stdin: int = subprocess.DEVNULL, environment: Mapping[str, str] | None = None
) -> "Iterator[subprocess.Popen[str]]":
    """The command; ended by its own process id when the block is left."""
    process = subprocess.Popen(
        [sys.executable, "-c", "from relay.cli import main; main()", "desk", "run", *arguments],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {})},
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def link_of(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def status(link: str) -> int:
    async def ask() -> int:
        async with aiohttp.ClientSession() as client, client.get(link) as answer:
            return answer.status

    return asyncio.run(ask())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_shows_a_link_that_is_good_once_and_ends_by_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    new_desk(tmp_path).inbox.close()
    with running("--folder", str(tmp_path), "--no-browser") as process:
        link = link_of(process)
        assert link.startswith("http://127.0.0.1:")
        assert (status(link), status(link)) == (200, 403)
        process.send_signal(number)
        said = process.communicate(timeout=READY_SECONDS)[1]
    assert process.returncode == 0
    assert "good once" in said
    assert said.rstrip().endswith("Locked and ended. Close its tab too.")


def test_enter_gives_a_new_link_and_the_one_before_is_good_no_more(tmp_path: Path) -> None:
    terminal, theirs = pty.openpty()
    try:
        with running("--folder", str(tmp_path / "new"), "--no-browser", stdin=theirs) as process:
            first = link_of(process)
            os.write(terminal, b"\n")
            second = link_of(process)
            assert first != second
            assert (status(first), status(second)) == (403, 200)
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=READY_SECONDS)
    finally:
        os.close(terminal)
        os.close(theirs)
    assert not (tmp_path / "new").exists()


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        with running("--folder", str(tmp_path), "--no-browser", "--port", port) as process:
            said = process.communicate(timeout=READY_SECONDS)[1]
    assert process.returncode == 1
    assert f"port {port} of this machine cannot be used" in said


def test_a_link_that_a_browser_was_given_is_not_shown_beside_it_and_enter_gives_another(tmp_path: Path) -> None:
    used = tmp_path / "used"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\ncp "${{1#file://}}" {used}\n')
    browser.chmod(0o700)
    terminal, theirs = pty.openpty()
    try:
        environment = {"DISPLAY": ":99", "BROWSER": str(browser)}
        with running("--folder", str(tmp_path / "new"), stdin=theirs, environment=environment) as process:
            assert process.stderr is not None
            assert "opened in your browser" in process.stderr.readline()
            assert "press Enter for a link" in process.stderr.readline()
            given = re.findall(r'href="([^"]+)"', used.read_text())[0]
            os.write(terminal, b"\n")
            asked = link_of(process)
            assert asked.startswith("http://127.0.0.1:")
            assert asked != given
            assert (status(given), status(asked)) == (403, 200)
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=READY_SECONDS)
    finally:
        os.close(terminal)
        os.close(theirs)


def test_a_browser_is_started_with_nothing_that_lets_others_in(tmp_path: Path) -> None:
    told = tmp_path / "told"
    browser = tmp_path / "browser"
    browser.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" > {told}.part; cp "${{1#file://}}" {told}.page; mv {told}.part {told}\n'
    )
    browser.chmod(0o700)
    runtime = tmp_path / "runtime"
    runtime.mkdir(mode=0o700)
    environment = {"DISPLAY": ":99", "BROWSER": str(browser), "XDG_RUNTIME_DIR": str(runtime)}
    with running("--folder", str(tmp_path / "new"), environment=environment) as process:
        link = link_of(process)
        deadline = time.monotonic() + READY_SECONDS
        while not told.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        (argument,) = told.read_text().split()
        assert argument.startswith(f"file://{runtime}/")
        assert link.rpartition("/")[2] not in argument
        page = Path(argument.removeprefix("file://"))
        assert page.parent.stat().st_mode & 0o777 == 0o700
        assert link in Path(f"{told}.page").read_text()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=READY_SECONDS)
    assert list(runtime.iterdir()) == []
