"""How the tests type a command: as a program would, or as a person at a terminal does."""

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from typer.testing import CliRunner

from relay.cli.app import app

PASSPHRASE = "uno dos tres cuatro cinco seis"
COMMAND: Final = (sys.executable, "-W", "error", "-c", "from relay.cli import main; main()")
# The tree that is tested, whatever else is installed and wherever the command runs.
ENVIRONMENT: Final = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "TERM": "dumb"}


@dataclass(frozen=True, slots=True)
class Ended:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str


def run(*words: str | Path, passphrase: str | None = None, text: str | None = None) -> Ended:
    """Run a command, most in this process; a passphrase is given through a pipe, one line for each question."""
    arguments = [str(word) for word in words]
    reading = None
    if passphrase is not None:
        reading, writing = os.pipe()
        os.write(writing, passphrase.encode() + b"\n")
        os.close(writing)
        arguments += ["--passphrase-fd", str(reading)]
    try:
        if arguments[:1] == ["run"]:
            return _apart(arguments, pass_fds=() if reading is None else (reading,))
        done = CliRunner().invoke(app, arguments, input=text)
    finally:
        if reading is not None:
            os.close(reading)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return Ended(done.exit_code, done.stdout, done.stderr)


def _apart(arguments: list[str], *, pass_fds: tuple[int, ...]) -> Ended:
    """The command that closes its own process to everybody (relay.hygiene), in a process of its own."""
    command = [*COMMAND, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, env=ENVIRONMENT, pass_fds=pass_fds)
    return Ended(done.returncode, done.stdout, done.stderr)


def at_a_terminal(words: Sequence[str | Path], typed: Sequence[tuple[str, str]], *, seconds: float = 60) -> Ended:
    """Run a command on a terminal of its own; each pair is a text to wait for and what is typed then."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        ["setsid", "--ctty", "--wait", *COMMAND, *map(str, words)],
        stdin=slave,
        stdout=subprocess.PIPE,
        stderr=slave,
        env=ENVIRONMENT,
    )
    os.close(slave)
    shown, waiting, deadline = "", list(typed), time.monotonic() + seconds
    try:
        while time.monotonic() < deadline:
            if select.select([master], [], [], 0.05)[0]:
                try:
                    shown += os.read(master, 65_536).decode(errors="replace")
                except OSError:
                    break
            elif process.poll() is not None:
                break
            if waiting and waiting[0][0] in shown:
                expected, answer = waiting.pop(0)
                # What was waited for is not waited for again.
                shown = shown.replace(expected, expected[:-1], 1)
                os.write(master, answer.encode())
        out = process.communicate(timeout=10)[0].decode()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(master)
    assert not waiting, f"never asked {waiting[0][0]!r}; shown: {shown}"
    return Ended(process.returncode, out, shown)
