"""Opening a desk for a command: its folder, its passphrase, and every error as one sentence with the next step."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from relay.cli.console import ask_passphrase, fail, say

if TYPE_CHECKING:
    from forwarder.desk.config import Settings
    from forwarder.desk.program import Desk
    from forwarder.desk.sandbox import Sandbox

FolderOption = Annotated[
    Path, typer.Option("--folder", "-C", envvar="VELADORA_DESK", help="The desk's folder.", show_default=True)
]
PassphraseFd = Annotated[
    int | None, typer.Option("--passphrase-fd", help="Read the passphrase from this open file descriptor.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
HERE: Final = Path("desk")


@contextmanager
def explained() -> Iterator[None]:
    """Every error we foresee becomes one sentence and one next step."""
    from crypto.errors import WrongPassphrase
    from forwarder.errors import ForwarderError
    from onion_service.errors import OnionServiceError

    try:
        yield
    except WrongPassphrase as error:
        fail(str(error), hint="type the passphrase again; nothing was changed")
    except (ForwarderError, OnionServiceError) as error:
        fail(str(error), hint=error.hint)


@contextmanager
def unlocked(folder: Path, passphrase_fd: int | None, *, signing: bool = False) -> "Iterator[Desk]":
    """The desk in `folder`, open for as long as the block lasts; with `signing`, able to sign what it publishes."""
    from forwarder.desk.program import unlock

    with explained():
        settings = settings_of(folder)
        passphrase = ask_passphrase("Passphrase of this desk", fd=passphrase_fd)
        with unlock(settings, passphrase=passphrase, signing=signing) as desk:
            yield desk


def safe_opening() -> "Sandbox":
    """The strongest sandbox that holds here; it says so when that is a weaker one than what is installed.

    Raises NoSandbox or NotOpenedSafely.
    """
    from forwarder.desk.sandbox import Sandbox

    sandbox = Sandbox.best()
    if sandbox.fell_short:
        say(f"Warning: bubblewrap is installed and does not hold here. What came is opened by: {sandbox.way.value}.")
        say("Next: docs/partner.md, 'Open what came', says what may forbid it.")
    return sandbox


def settings_of(folder: Path) -> "Settings":
    """The settings of the desk in `folder`; ends the command when there is none."""
    from forwarder.desk.config import SETTINGS_NAME, read_settings

    if not (folder / SETTINGS_NAME).is_file():
        fail(f"there is no desk in {folder}", hint="make one with `veladora desk init`, or name its folder: --folder")
    return read_settings(folder)
