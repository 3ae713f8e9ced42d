"""How every command speaks: the answer on stdout, everything else on stderr, and an end that says what to do next.

Exit codes: 0 done, 1 failed (with a hint), 2 the command was typed wrongly. A passphrase is asked for on the terminal
or read from a file descriptor; it is never an argument, because arguments can be read by every user of the machine.
"""

import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NoReturn

import typer

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

FAILED: Final = 1
MISUSED: Final = 2
PASSPHRASE_MAX: Final = 1_024
EMPTY: Final = ("an empty passphrase locks nothing", "choose one of six or more random words")


def fail(message: str, *, hint: str, code: int = FAILED) -> NoReturn:
    """End the command: what went wrong, then what to do about it, on stderr."""
    typer.echo(f"error: {plain(message)}", err=True)
    if hint:
        typer.echo(f"  → {plain(hint)}", err=True)
    raise typer.Exit(code)


def say(text: str = "") -> None:
    """One line for the person, on stderr."""
    typer.echo(plain(text), err=True)


def answer(text: str) -> None:
    """What was asked for, on stdout."""
    typer.echo(text)


def plain(text: str) -> str:
    """`text` without control characters: names in a directory or a file must not move the cursor."""
    return "".join(character if character == "\n" or character.isprintable() else "�" for character in text)


def interactive() -> bool:
    """Whether a person sits at both ends: they type on stdin and read stderr."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def confirm(question: str) -> bool:
    """Yes or no, on the terminal; whatever is not a yes is a no."""
    return ask(f"{question} [y/N]").lower() in ("y", "yes", "s", "si", "sí")


def ask(question: str) -> str:
    """One line, typed on the terminal; empty when there is none. The question is on stderr to the last space."""
    typer.echo(f"{plain(question)}: ", err=True, nl=False)
    return sys.stdin.readline().strip()


def ask_passphrase(prompt: str, *, confirm: bool = False, fd: int | None = None, empty: tuple[str, str] = EMPTY) -> str:
    """A passphrase that is not empty, from the terminal, or the next line of the open file descriptor `fd`.

    `confirm` asks twice on the terminal; `empty`: what is said of an empty one, and what to do. Ends the command when
    there is neither, when it is empty or when the two differ.
    """
    passphrase = _typed(f"{prompt}: ") if fd is None else _next_line(fd)
    if not passphrase:
        fail(empty[0], hint=empty[1])
    if confirm and fd is None and _typed(f"{prompt} (again): ") != passphrase:
        fail("the two passphrases differ", hint="type it again; nothing was written")
    return passphrase


@contextmanager
def progress() -> Iterator["Bar"]:
    """A progress bar on stderr; on anything but a terminal each new step is one plain line."""
    if not sys.stderr.isatty():
        yield Bar(None)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

    columns = (SpinnerColumn(), BarColumn(bar_width=24), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        yield Bar(shown)


class Bar:
    """What `progress` yields."""

    __slots__ = ("_last", "_shown", "_task")

    def __init__(self, shown: "Progress | None") -> None:
        self._shown = shown
        self._task: TaskID | None = None if shown is None else shown.add_task("", total=None)
        self._last = ""

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Out of the way while a person is asked."""
        if self._shown is None:
            yield
            return
        self._shown.stop()
        try:
            yield
        finally:
            self._shown.start()

    def step(self, text: str, *, done: float = 0, of: float | None = None) -> None:
        """Show what is being done, and how much of it; `of` None when nobody can know."""
        if self._shown is not None and self._task is not None:
            self._shown.update(self._task, description=plain(text), completed=done, total=of)
        elif text != self._last:
            say(text)
        self._last = text


def _typed(prompt: str) -> str:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        fail(
            "there is no terminal to ask for the passphrase on",
            hint="give it through an open file descriptor: --passphrase-fd 3 3< <(your password manager)",
        )
    try:
        return getpass.getpass(prompt)
    except (EOFError, KeyboardInterrupt):
        fail("no passphrase was given", hint="run the command again; nothing was changed", code=130)


def _next_line(fd: int) -> str:
    """Byte by byte, so that a second question finds its own line still there."""
    line = b""
    try:
        while (byte := os.read(fd, 1)) not in (b"", b"\n"):
            line += byte
            if len(line) > PASSPHRASE_MAX:
                fail(f"a passphrase has at most {PASSPHRASE_MAX} bytes", hint="give one line, ended by a line end")
        return line.removesuffix(b"\r").decode()
    except OSError as error:
        fail(f"cannot read the passphrase from file descriptor {fd}: {error.strerror}", hint="open it: 3< FILE")
    except UnicodeDecodeError:
        fail("the passphrase is not UTF-8 text", hint="save the file as UTF-8")
